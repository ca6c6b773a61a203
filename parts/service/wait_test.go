package service

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestAwaitAll(t *testing.T) {
	for name, appear := range map[string]func(dir string) error{
		"created": func(dir string) error { return os.WriteFile(dir+"/d/f", nil, 0o600) },
		"moved": func(dir string) error {
			return os.Rename(dir+"/g", dir+"/d/f")
		},
		"a link to nothing": func(dir string) error { return os.Symlink("none", dir+"/d/f") },
		"directory replaced": func(dir string) error {
			return errors.Join(os.Rename(dir+"/d", dir+"/old"), os.Rename(dir+"/h", dir+"/d"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, d := range []string{"/d", "/h"} {
				if err := os.Mkdir(dir+d, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			write(t, dir, "g", "")
			write(t, dir, "h/f", "")
			done := awaitInBackground(t, dir+"/d/f", dir+"/g2")
			if err := appear(dir); err != nil {
				t.Fatal(err)
			}
			select {
			case <-done:
				t.Fatal("the wait ended before the last file")
			default:
			}
			write(t, dir, "g2", "")
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

// awaitInBackground waits for files in the background.
func awaitInBackground(t *testing.T, files ...string) <-chan error {
	done := make(chan error, 1)
	go func() { done <- awaitAll(t.Context(), files) }()
	return done
}

func TestAwaitAllMissingDirectory(t *testing.T) {
	dir := t.TempDir()
	done := awaitInBackground(t, dir+"/a/b/f")
	if err := os.MkdirAll(dir+"/a/b", 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "a/b/f", "")
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestAwaitAllWithoutWatcher(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	watcher{}.wait(ctx, 1<<40)
	newWatcher().wait(ctx, 1<<40)
	if err := awaitAll(ctx, []string{t.TempDir() + "/none"}); err != context.Canceled {
		t.Errorf("got %v", err)
	}
}

func TestRunWaits(t *testing.T) {
	for name, l := range variants(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l.WaitFor = []string{"one", filepath.Join(dir, "two")}
			p := start(t, dir, l, sh("ls one two")...)
			write(t, dir, "one", "")
			write(t, dir, "two", "")
			p.end("status 0")
			if got := p.out.String(); got != "one\ntwo\n" {
				t.Errorf("output: got %q", got)
			}
		})
	}
}

// TestRunInterrupted: a signal that comes while the launcher waits ends it, and
// the pid file goes.
func TestRunInterrupted(t *testing.T) {
	for name, l := range variants(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l.WaitFor, l.Pidfile = []string{"none"}, "pid"
			p := start(t, dir, l, "/bin/true")
			eventually(func() bool { return exists(dir, "pid") })
			p.Process.Signal(syscall.SIGTERM)
			p.end("signal TERM")
			absent(t, dir, "pid")
		})
	}
}
