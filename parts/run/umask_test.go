package run

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"gobuild/parts"
)

// A command has its umask, and files that gobuild makes meanwhile do not.
func TestRunUmask(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(plain)
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for n, umask := range []int{0o27, 0o77, 0, 0o22} {
		wait.Go(func() {
			log := &bytes.Buffer{}
			r := New(Config{Dir: t.TempDir(), Env: []string{"PATH=/usr/bin:/bin"}, Log: log, Umask: &umask})
			if err := r.Run(t.Context(), parts.Command{Argv: Shell("umask; echo it; exit 3"), Show: "x"}); err == nil {
				t.Error("the exit status is lost")
			}
			want := "$ x\n" + []string{"0027", "0077", "0000", "0022"}[n] + "\nit\n"
			if got := log.String(); got != want {
				t.Errorf("%o: got %q, want %q", umask, got, want)
			}
			after := filepath.Join(r.config.Dir, "after")
			if err := os.WriteFile(after, nil, 0o666); err != nil {
				t.Error(err)
				return
			}
			if info, err := os.Stat(after); err != nil || info.Mode() != before.Mode() {
				t.Errorf("gobuild's own file has mode %v, %v", info.Mode(), err)
			}
		})
	}
	wait.Wait()
}

// Where a thread cannot have a umask, a shell sets it.
func TestUnderUmask(t *testing.T) {
	r, log := runner(t)
	c := parts.Command{Argv: underUmask(0o31, []string{"sh", "-c", `umask; echo "$1"`, "x", "a b"}), Show: "x"}
	if err := r.Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if got, want := log.String(), "$ x\n0031\na b\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := underUmask(0o22, nil); !slices.Equal(got, nil) {
		t.Errorf("an empty command becomes %q", got)
	}
}
