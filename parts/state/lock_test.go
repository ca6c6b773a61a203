package state

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gobuild/buildout/diag"
)

// holderVariable makes the test binary a process that holds a lock until it is
// killed or its standard input ends.
const holderVariable = "GOBUILD_TEST_HOLD_LOCK"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holderVariable); dir != "" {
		held, err := Lock(context.Background(), dir, LockOptions{Command: "gobuild -c held.cfg"})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("held")
		io.Copy(io.Discard, os.Stdin)
		held.Release()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// hold starts a process that holds the lock of dir.
func hold(t *testing.T, dir string) (*exec.Cmd, io.Closer) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holderVariable+"="+dir)
	stdin, err := cmd.StdinPipe()
	must(t, err)
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	if line, _ := bufio.NewReader(stdout).ReadString('\n'); line != "held\n" {
		t.Fatalf("the holder says %q", line)
	}
	return cmd, stdin
}

func TestLockNoWait(t *testing.T) {
	dir := t.TempDir()
	held, err := Lock(t.Context(), dir, LockOptions{Command: "gobuild install"})
	must(t, err)
	_, err = Lock(t.Context(), dir, LockOptions{NoWait: true})
	var d *diag.Diagnostic
	if !errors.As(err, &d) || d.Code != "locked" || !errors.Is(err, ErrLocked) {
		t.Fatalf("second lock: %v", err)
	}
	for _, want := range []string{dir, fmt.Sprintf("process %d on ", os.Getpid()), " since 2", "(gobuild install)"} {
		if !strings.Contains(d.Msg, want) {
			t.Errorf("message %q lacks %q", d.Msg, want)
		}
	}
	must(t, held.Release())
	held, err = Lock(t.Context(), dir, LockOptions{NoWait: true})
	must(t, err)
	must(t, held.Release())
}

// A waiting run is told who holds the lock, and gets it when that run is done.
func TestLockWaits(t *testing.T) {
	dir := t.TempDir()
	cmd, stdin := hold(t, dir)
	told := make(chan Owner, 1)
	got := make(chan error, 1)
	go func() {
		held, err := Lock(context.Background(), dir, LockOptions{Waiting: func(o Owner) { told <- o }})
		if err == nil {
			err = held.Release()
		}
		got <- err
	}()
	owner := <-told
	if owner.PID != cmd.Process.Pid || owner.Command != "gobuild -c held.cfg" || owner.Host == "" || time.Since(owner.Since) > time.Hour {
		t.Errorf("told %+v, want process %d", owner, cmd.Process.Pid)
	}
	select {
	case err := <-got:
		t.Fatalf("lock while another run holds it: %v", err)
	default:
	}
	must(t, stdin.Close())
	must(t, <-got)
}

// The lock of a killed run is free.
func TestLockOfTheDead(t *testing.T) {
	dir := t.TempDir()
	cmd, _ := hold(t, dir)
	if _, err := Lock(t.Context(), dir, LockOptions{NoWait: true}); !errors.Is(err, ErrLocked) {
		t.Fatalf("lock while another run holds it: %v", err)
	}
	must(t, cmd.Process.Kill())
	cmd.Wait()
	held, err := Lock(t.Context(), dir, LockOptions{NoWait: true})
	must(t, err)
	must(t, held.Release())
}

func TestLockCancelled(t *testing.T) {
	dir := t.TempDir()
	held, err := Lock(t.Context(), dir, LockOptions{})
	must(t, err)
	defer held.Release()
	ctx, cancel := context.WithCancel(t.Context())
	_, err = Lock(ctx, dir, LockOptions{Waiting: func(Owner) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want cancelled", err)
	}
}

// The second owner while a run waits is told as well.
func TestLockOwnerChanges(t *testing.T) {
	dir := t.TempDir()
	held, err := Lock(t.Context(), dir, LockOptions{})
	must(t, err)
	defer held.Release()
	told := make(chan Owner, 3)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := Lock(ctx, dir, LockOptions{Waiting: func(o Owner) { told <- o }})
		done <- err
	}()
	<-told
	must(t, sign(filepath.Join(dir, ".gobuild", "lock"), "the next run"))
	if o := <-told; o.Command != "the next run" {
		t.Errorf("told %+v", o)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestLockFails(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, ".gobuild"), "")
	var d *diag.Diagnostic
	if _, err := Lock(t.Context(), dir, LockOptions{}); !errors.As(err, &d) || !strings.HasPrefix(d.Msg, "cannot lock "+dir+": ") {
		t.Errorf("error %v", err)
	}
}

func TestOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	for _, text := range []string{"", "{", "[]", `{"pid": 1}`} {
		write(t, path, text)
		if o := readOwner(path); o != (Owner{}) || o.String() != "a run that has just started" {
			t.Errorf("%q: %+v", text, o)
		}
	}
	if o := readOwner(path + "absent"); o != (Owner{}) {
		t.Errorf("absent: %+v", o)
	}
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)
	if got, want := (Owner{1, 7, "h", since, ""}).String(), "process 7 on h since 2026-01-02 03:04:05"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// BenchmarkNoOp is what a run that changes nothing pays for its state.
func BenchmarkNoOp(b *testing.B) {
	dir := b.TempDir()
	path := filepath.Join(dir, ".installed.cfg")
	db := open(b, path)
	for i := range 1000 {
		e := &entry{Record: part(fmt.Sprint("part-", i), "environment", "A = 1\nB = 2", "location", "/some/where", "url", "https://example.org/a.tar.gz")}
		db.records[e.Part] = e
		db.moveLast(e)
	}
	must(b, db.save())
	for b.Loop() {
		held, err := Lock(context.Background(), dir, LockOptions{})
		must(b, err)
		db := open(b, path)
		for _, name := range db.Parts() {
			must(b, db.Touch(name))
		}
		must(b, db.Close())
		must(b, held.Release())
	}
}
