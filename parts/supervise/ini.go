package supervise

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
)

// How supervisord deals with programs.
const (
	// stopSeconds is how long a program has between SIGTERM and SIGKILL.
	stopSeconds = 60
	// upSeconds is how long a daemon has to stay up to count as running.
	upSeconds = 1
	// retries is how often a daemon is tried again that does not stay up: always,
	// with pauses that grow by a second.
	retries = 1_000_000
	// againSeconds is the pause before a program of etc/run that has failed is
	// run again.
	againSeconds = 5
)

// value writes a text as the value of an option: % has a meaning there.
func value(text string) string { return strings.ReplaceAll(text, "%", "%%") }

// checkPath refuses what the files of supervisord cannot express.
func checkPath(path string) error {
	if strings.ContainsAny(path, "\n\r\x00*?[") || strings.Contains(path, " ;") || strings.Contains(path, " #") {
		return fail("supervisord cannot read files below a directory with this name: %q", path)
	}
	return nil
}

// mainText is supervisord.conf.
func (s *supervisord) mainText() string {
	dir := value(s.state())
	return fmt.Sprintf(`; Written by gobuild instance.
[supervisord]
logfile = %[1]s/supervisord.log
logfile_maxbytes = 10MB
logfile_backups = 2
pidfile = %[1]s/supervisord.pid
childlogdir = %[1]s
directory = %[3]s
umask = 027

[unix_http_server]
file = %[2]s
chmod = 0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl = unix://%[2]s

[include]
files = conf.d/*.conf
`, dir, value(s.socket()), value(s.Root))
}

// instanceText is what is included for an instance.
func instanceText(i Instance, started bool) string {
	var b strings.Builder
	b.WriteString("; Written by gobuild instance.\n")
	for _, u := range i.Units {
		b.WriteString(unitText(i, u, started))
	}
	return b.String()
}

// unitText is the section of a program. The options are those of slapgrid, but
// that supervisord itself restarts what ends.
func unitText(i Instance, u Unit, started bool) string {
	command, again := quote(u.Path), "autorestart = true\nstartsecs = %d\nstartretries = %d\n"
	if u.Daemon {
		again = fmt.Sprintf(again, upSeconds, retries)
	} else {
		command = "/bin/sh -c " + quote(fmt.Sprintf(`"$0" || { s=$?; sleep %d; exit $s; }`, againSeconds)) + " " + command
		again = "autorestart = unexpected\nexitcodes = 0\nstartsecs = 0\nstartretries = 0\n"
	}
	log := value(LogOf(i.Dir, u.Name))
	return fmt.Sprintf(`
[program:%s]
command = %s
directory = %s
environment = %s="%s",GOBUILD_SUM="%s"
autostart = %t
%sstopsignal = TERM
stopwaitsecs = %d
stopasgroup = true
killasgroup = true
redirect_stderr = true
stdout_logfile = %s
stdout_logfile_maxbytes = 1MB
stdout_logfile_backups = 1
`, id(i.Name, u.Name), value(command), value(i.Dir), rootVariable, rootMark(filepath.Dir(i.Dir)), u.Sum, started, again, stopSeconds, log)
}

// rootVariable marks the programs of a root, so that those are found which have
// outlived their supervisord.
const rootVariable = "GOBUILD_INSTANCES_MARK"

func rootMark(root string) string {
	sum := sha256.Sum256([]byte(root))
	return hex.EncodeToString(sum[:8])
}

// quote makes a text one word of a command.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'"'"'`) + "'" }

// confOf is the file that is included for an instance.
func (s *supervisord) confOf(name string) string {
	return filepath.Join(s.state(), "conf.d", name+".conf")
}
