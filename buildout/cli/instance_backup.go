package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"gobuild/buildout/ui"
	"gobuild/parts/run"
)

// instanceBackup is the document of backup.
type instanceBackup struct {
	Version int    `json:"version"`
	Name    string `json:"name"`
	File    string `json:"file"`
}

// backup writes a dump and shows its path.
func (i *instances) backup(ctx context.Context, name string) error {
	return i.change(ctx, name, func() error {
		if _, err := i.ready(name); err != nil {
			return err
		}
		file, err := i.dump(ctx, name)
		if err != nil {
			return err
		}
		return i.writeResult(instanceBackup{1, name, file}, func(p *printer) { p.line("%s", file) })
	})
}

// dump runs bin/backup of an instance, which prints the path of what it has
// written.
func (i *instances) dump(ctx context.Context, name string) (string, error) {
	output, err := i.runProgram(ctx, name, "backup")
	if err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimSpace(output), "\n")
	path := strings.TrimSpace(lines[len(lines)-1])
	if path != "" && !filepath.IsAbs(path) {
		path = filepath.Join(i.dir(name), path)
	}
	below := filepath.Join(i.dir(name), "srv", "backup") + "/"
	info, err := os.Stat(path)
	switch {
	case path == "" || !strings.HasPrefix(filepath.Clean(path), below):
		return "", refuse("instance-backup", "bin/backup of %s does not print the path of a dump below %s", name, below)
	case err != nil:
		return "", refuse("instance-backup", "the dump that bin/backup of %s speaks of is not there: %v", name, err)
	case info.Mode().IsRegular() && info.Size() == 0:
		return "", refuse("instance-backup", "the dump %s is empty", path)
	}
	return filepath.Clean(path), nil
}

// restore reads a dump.
func (i *instances) restore(ctx context.Context, name, file string) error {
	file = i.path(file)
	if _, err := os.Stat(file); err != nil {
		return usage("%v", err)
	}
	return i.change(ctx, name, func() error {
		if _, err := i.ready(name); err != nil {
			return err
		}
		if _, err := i.runProgram(ctx, name, "restore", file); err != nil {
			return err
		}
		return i.writeResult(instanceBackup{1, name, file}, func(p *printer) { p.line("%s: restored from %s", name, file) })
	})
}

// hasProgram reports whether an instance has a program in bin.
func (i *instances) hasProgram(name, program string) bool {
	info, err := os.Stat(filepath.Join(i.dir(name), "bin", program))
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// runProgram runs a program in bin of an instance and returns its output. It has
// the environment that services have.
func (i *instances) runProgram(ctx context.Context, name, program string, args ...string) (string, error) {
	if !i.hasProgram(name, program) {
		return "", refuse("instance-backup", "the instance %s has no bin/%s", name, program).
			WithHint("the software does not provide it")
	}
	path := filepath.Join(i.dir(name), "bin", program)
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = i.dir(name)
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin"}
	for _, variable := range []string{"HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ"} {
		if value, ok := run.LookupEnv(i.Environ, variable); ok {
			cmd.Env = append(cmd.Env, variable+"="+value)
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	var out bytes.Buffer
	tail := run.NewTail(excerpt)
	cmd.Stdout, cmd.Stderr = &out, tail
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		text := strings.TrimSpace(strings.Join(tail.Lines(), "\n"))
		return "", refuse("instance-backup", "%s", ui.Mask(strings.TrimSpace(fmt.Sprintf("bin/%s of %s: %v\n%s", program, name, err, text)))).WithCause(err)
	}
	return out.String(), nil
}

// excerpt is how many lines of a program's messages are shown.
const excerpt = 20

// lastDump takes the last dump of an instance that is to be removed. Programs that
// do not run are started for it.
func (i *instances) lastDump(ctx context.Context, name string) (string, error) {
	file, err := i.dump(ctx, name)
	if err == nil || ctx.Err() != nil || i.supervisor.Check() != nil {
		return file, err
	}
	found, problem := i.found(name)
	if problem != nil {
		return "", err
	}
	if problem := i.supervisor.Apply(ctx, found, true); problem != nil {
		return "", errors.Join(err, problem)
	}
	for end := time.Now().Add(startPatience); time.Now().Before(end) && err != nil; {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(time.Second):
		}
		file, err = i.dump(ctx, name)
	}
	return file, err
}
