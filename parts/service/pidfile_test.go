package service

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestPidfileHoldsTheProcess(t *testing.T) {
	for name, l := range variants(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "pid", "999999999")
			l.Pidfile = "pid"
			p := start(t, dir, l, sh("cat pid; echo; echo $$")...)
			p.end("status 0")
			words := strings.Fields(p.out.String())
			want := words[1]
			if l.Redirect.wanted() {
				want = strconv.Itoa(p.Process.Pid)
				absent(t, dir, "pid")
			}
			if words[0] != want {
				t.Errorf("pid file holds %s, want %s", words[0], want)
			}
		})
	}
}

// TestPidfileRefuses starts a program twice, by all ways.
func TestPidfileRefuses(t *testing.T) {
	for name, l := range variants(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			fifo(t, dir, "ready")
			l.Pidfile = "pid"
			argv := sh("echo >ready; read x <ready", "one")
			start(t, dir, l, argv...)
			read(t, dir, "ready")
			pid := read(t, dir, "pid")
			second := start(t, dir, l, argv...)
			second.end("status 121")
			if got, want := second.stderr.String(), "Already running with pid "+pid+".\n"; got != want {
				t.Errorf("stderr: got %q, want %q", got, want)
			}
			if got := read(t, dir, "pid"); got != pid {
				t.Errorf("pid file holds %s, want %s", got, pid)
			}
			start(t, dir, l, sh("exit 0", "one")...).end("status 0")
		})
	}
}

// TestPidfileOwnNumber: after a restart of the machine a process can have the
// number that its forerunner had.
func TestPidfileOwnNumber(t *testing.T) {
	dir := t.TempDir()
	for _, pid := range []int{os.Getpid(), os.Getppid()} {
		argv := commandLine(pid)
		path := dir + "/pid"
		write(t, dir, "pid", fmt.Sprint(pid))
		p, err := claim(path, argv[len(argv)-1:])
		if err != nil {
			t.Fatal(err)
		}
		if got, want := read(t, dir, "pid"), fmt.Sprint(os.Getpid()); got != want {
			t.Errorf("pid file holds %s, want %s", got, want)
		}
		p.remove()
		absent(t, dir, "pid")
	}
}

func TestPidfileNotOurs(t *testing.T) {
	dir := t.TempDir()
	p, err := claim(dir+"/pid", []string{"/x"})
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "pid", "1")
	p.remove()
	if got := read(t, dir, "pid"); got != "1" {
		t.Errorf("pid file holds %s", got)
	}
}

func TestPidfileUnwritable(t *testing.T) {
	p := start(t, t.TempDir(), Launch{Pidfile: "no/pid"}, "/bin/true")
	p.end("status 121")
	if got, want := p.stderr.String(), "write pid file no/pid: no such file or directory\n"; got != want {
		t.Errorf("stderr: got %q, want %q", got, want)
	}
}
