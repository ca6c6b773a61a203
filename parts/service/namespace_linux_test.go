package service

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestTmpfs: the file system is the program's alone, of the right size, made by
// the same user, and without capabilities left.
func TestTmpfs(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "there"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "there/old", "")
	script := `ls there; echo x >there/new && ls -n there | wc -l; stat -f -c '%T %b' made there; id -u; grep -E 'Cap(Inh|Amb)' /proc/self/status`
	p := start(t, dir, Launch{Tmpfs: []Tmpfs{{"1m", "there"}, {"64k", filepath.Join(dir, "made")}}}, sh(script)...)
	<-p.ended
	if p.ProcessState.ExitCode() == 121 {
		if got := p.stderr.String(); !strings.HasPrefix(got, "private-tmpfs needs a user name space, and this system does not permit one: ") {
			t.Errorf("stderr: %q", got)
		}
		return
	}
	page := os.Getpagesize()
	want := strings.Join([]string{"2", "tmpfs " + strconv.Itoa(65536/page), "tmpfs " + strconv.Itoa(1<<20/page), strconv.Itoa(os.Getuid()),
		"CapInh:\t0000000000000000", "CapAmb:\t0000000000000000", ""}, "\n")
	if got := p.out.String(); got != want {
		t.Errorf("output: got %q, want %q; stderr %q", got, want, p.stderr.String())
	}
	if _, err := os.Stat(filepath.Join(dir, "there", "old")); err != nil {
		t.Error(err)
	}
	absent(t, dir, "there/new")
}

// TestTmpfsRefused: the message is clear where name spaces are not permitted.
func TestTmpfsRefused(t *testing.T) {
	outer := exec.Command("/bin/sh", append([]string{"-c", `echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"`, "sh"},
		relaunch(t, Launch{Tmpfs: []Tmpfs{{"1m", "x"}}}, "/bin/true")...)...)
	outer.Dir = t.TempDir()
	outer.SysProcAttr = attributes(true)
	outer.SysProcAttr.UidMappings[0].ContainerID, outer.SysProcAttr.GidMappings[0].ContainerID = 0, 0
	var stderr strings.Builder
	outer.Stderr = &stderr
	err := outer.Run()
	if err == nil || outer.ProcessState == nil || outer.ProcessState.ExitCode() != 121 {
		t.Skipf("no name space in which there are none: %v: %s", err, stderr.String())
	}
	want := "private-tmpfs needs a user name space, and this system does not permit one: "
	if got := stderr.String(); !strings.HasPrefix(got, want) {
		t.Errorf("stderr: got %q, want %q", got, want)
	}
	checkMistake(t, mountError(Tmpfs{"1m", "/x"}, syscall.EINVAL), "mount a private tmpfs of size 1m at /x: invalid argument", "")
}
