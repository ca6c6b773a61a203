package service

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestRedirectAppends(t *testing.T) {
	for _, c := range []struct {
		name          string
		r             Redirect
		out, err, log string
	}{
		{"both", Redirect{Stdout: "log", Stderr: "log"}, "", "", "old\n1\n2\n3\n"},
		{"stdout", Redirect{Stdout: "log"}, "", "2\n", "old\n1\n3\n"},
		{"stderr", Redirect{Stderr: "log"}, "1\n3\n", "", "old\n2\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "log", "old\n")
			p := start(t, dir, Launch{Redirect: c.r}, sh("echo 1; echo 2 >&2; echo 3")...)
			p.end("status 0")
			log := read(t, dir, "log") + "\n"
			if p.out.String() != c.out || p.stderr.String() != c.err || log != c.log {
				t.Errorf("got %q, %q, %q", p.out.String(), p.stderr.String(), log)
			}
		})
	}
}

// TestRedirectReopens rotates a log. The program starts with the signal ignored
// that it gets then.
func TestRedirectReopens(t *testing.T) {
	for name, c := range map[string]struct{ trigger, passed string }{
		"default": {"", ""}, "passed": {"", "HUP"}, "own": {"USR2", ""}, "own and passed": {"HUP", "USR2"}, "same": {"", "USR1"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			fifo(t, dir, "go")
			l := Launch{Redirect: Redirect{Stdout: "log"}, Pidfile: "pid"}
			l.Ignore, _ = ParseSignal(c.trigger)
			l.Redirect.Signal, _ = ParseSignal(c.passed)
			p := start(t, dir, l, sh("echo before; while ! read x <go; do :; done; echo after")...)
			eventually(func() bool { return len(content(dir, "log")) > 0 })
			if err := os.Rename(filepath.Join(dir, "log"), filepath.Join(dir, "log.1")); err != nil {
				t.Fatal(err)
			}
			p.Process.Signal(l.reopen())
			eventually(func() bool { return exists(dir, "log") })
			write(t, dir, "go", "x\n")
			p.end("status 0")
			if got := read(t, dir, "log.1"); got != "before" {
				t.Errorf("old log: %q", got)
			}
			if got := read(t, dir, "log"); got != "after" {
				t.Errorf("new log: %q", got)
			}
		})
	}
}

// TestRedirectSignal: the program gets redirect-signal, and not the one that
// the launcher got.
func TestRedirectSignal(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, Launch{Redirect: Redirect{Stdout: "log", Signal: syscall.SIGUSR2}}, catcher(t)...)
	eventually(func() bool { return strings.HasSuffix(content(dir, "log"), "\n") })
	p.Process.Signal(syscall.SIGUSR1)
	eventually(func() bool { return strings.HasSuffix(content(dir, "log"), "2\n") })
	p.Process.Signal(syscall.SIGTERM)
	p.end("status 0")
	if _, got, _ := strings.Cut(content(dir, "log"), "\n"); got != "user defined signal 2\nterminated\n" {
		t.Errorf("log: %q", got)
	}
}

func TestRedirectKeepsTheOldFile(t *testing.T) {
	dir := t.TempDir()
	var told []string
	warn := func(err error) { told = append(told, err.Error()) }
	o := &outputs{}
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := o.open(filepath.Join(dir, "d", "log"), warn); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "d"), filepath.Join(dir, "e")); err != nil {
		t.Fatal(err)
	}
	o.reopen()
	o.all[0].write([]byte("kept"))
	if got := read(t, dir, "e/log"); got != "kept" {
		t.Errorf("log: %q", got)
	}
	o.all[0].f.Close()
	o.all[0].write([]byte("lost"))
	o.all[0].write([]byte("lost"))
	want := []string{"open redirected output again: open " + dir + "/d/log: no such file or directory",
		"output of the program is lost: write " + dir + "/d/log: file already closed"}
	if strings.Join(told, "\n") != strings.Join(want, "\n") {
		t.Errorf("told %q, want %q", told, want)
	}
}

func TestRedirectNoFile(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, Launch{Pidfile: "pid", Redirect: Redirect{Stdout: "no/log"}}, sh("echo >started")...)
	p.end("status 121")
	if got, want := p.stderr.String(), "redirect output: open no/log: no such file or directory\n"; got != want {
		t.Errorf("stderr: got %q, want %q", got, want)
	}
	absent(t, dir, "started")
	absent(t, dir, "pid")
}

// TestRedirectOutlived: output of a process that the program left behind is
// copied too; a signal ends the wait for it.
func TestRedirectOutlived(t *testing.T) {
	dir := t.TempDir()
	fifo(t, dir, "ready")
	p := start(t, dir, Launch{Redirect: Redirect{Stdout: "log"}}, sh(`(read x <ready; echo late) & exit 3`)...)
	write(t, dir, "ready", "x\n")
	p.end("status 3")
	if got := read(t, dir, "log"); got != "late" {
		t.Errorf("log: %q", got)
	}
	var gone error = syscall.Kill(p.Process.Pid, 0)
	if !errors.Is(gone, syscall.ESRCH) {
		t.Errorf("the launcher is still there: %v", gone)
	}
}
