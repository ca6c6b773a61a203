package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/partstest"
)

const signature = "{\n  \"recipe\": \"x\"\n}"

var errBuild = errors.New("it does not compile")

// shared returns the frame of a shared location in a new directory.
func shared(t *testing.T) Frame {
	t.Helper()
	return Frame{Location: parts.Location{Path: filepath.Join(t.TempDir(), "foo", Digest(signature)), Signature: signature}}
}

// filler returns a build function that makes a file and a link in location.
func filler(t *testing.T, location string) func(context.Context) error {
	return func(context.Context) error {
		write(t, filepath.Join(location, "bin", "hello"), "built")
		return os.Symlink("/nowhere", filepath.Join(location, "link"))
	}
}

func failing(context.Context) error { return errBuild }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func TestInstallPrivate(t *testing.T) {
	k := partstest.New(t)
	f := Frame{Location: parts.Location{Path: filepath.Join(k.Work.Dir, "parts", "foo")}}
	write(t, filepath.Join(f.Location.Path, "old"), "")
	err := Install(t.Context(), k.Work, f, func(ctx context.Context) error {
		if exists(filepath.Join(f.Location.Path, "old")) || !exists(f.Location.Path) {
			t.Error("the location is not a new directory")
		}
		if !slices.Equal(k.Owned(), []string{f.Location.Path}) {
			t.Errorf("owned while building: %q", k.Owned())
		}
		return filler(t, f.Location.Path)(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
	if exists(filepath.Join(f.Location.Path, SignatureFile)) {
		t.Error("a private location has a signature file")
	}
	if info, _ := os.Stat(f.Location.Path); info.Mode().Perm()&0o200 == 0 {
		t.Error("a private location is read-only")
	}
	if m := k.Events.Messages(); len(m) != 0 {
		t.Errorf("messages: %q", m)
	}
}

func TestInstallParentOnly(t *testing.T) {
	k := partstest.New(t)
	f := Frame{Location: parts.Location{Path: filepath.Join(k.Work.Dir, "a", "b", "file")}, ParentOnly: true}
	err := Install(t.Context(), k.Work, f, func(context.Context) error {
		return os.WriteFile(f.Location.Path, []byte("x"), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	err = Install(t.Context(), k.Work, f, func(context.Context) error { return nil })
	if want := fmt.Sprintf("'%s' was not created", f.Location.Path); err == nil || err.Error() != want {
		t.Errorf("nothing made: got %v, want %s", err, want)
	}
	if list := diag.All(err); list[0].Code != "location-not-made" {
		t.Errorf("nothing made: the code is %s", list[0].Code)
	}
}

func TestInstallFails(t *testing.T) {
	for _, keep := range []bool{false, true} {
		for _, f := range []Frame{{Location: parts.Location{Path: filepath.Join(t.TempDir(), "foo")}}, shared(t)} {
			f.KeepOnError = keep
			k := partstest.New(t)
			err := Install(t.Context(), k.Work, f, failing)
			if !errors.Is(err, errBuild) {
				t.Errorf("got %v, want %v", err, errBuild)
			}
			if exists(f.Location.Path) != keep {
				t.Errorf("keep %t, shared %t: exists is %t", keep, f.Location.Shared(), exists(f.Location.Path))
			}
			if keep && len(k.Owned()) != 0 {
				t.Errorf("a kept failure is owned: %q", k.Owned())
			}
			// The next run starts over.
			if err := Install(t.Context(), k.Work, f, filler(t, f.Location.Path)); err != nil {
				t.Error(err)
			}
			if owned := len(k.Owned()) > 0; owned == f.Location.Shared() {
				t.Errorf("shared %t: owned %q", f.Location.Shared(), k.Owned())
			}
		}
	}
}

func TestInstallReplacesLink(t *testing.T) {
	k := partstest.New(t)
	outside := t.TempDir()
	write(t, filepath.Join(outside, "precious"), "")
	f := Frame{Location: parts.Location{Path: filepath.Join(k.Work.Dir, "foo")}}
	if err := os.Symlink(outside, f.Location.Path); err != nil {
		t.Fatal(err)
	}
	if err := Install(t.Context(), k.Work, f, filler(t, f.Location.Path)); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(outside); len(entries) != 1 {
		t.Errorf("the target of the link changed: %v", entries)
	}
}

func TestInstallRefuses(t *testing.T) {
	k := partstest.New(t)
	write(t, filepath.Join(k.Work.Dir, "buildout.cfg"), "")
	for _, path := range []string{k.Work.Dir, filepath.Dir(k.Work.Dir), "/"} {
		err := Install(t.Context(), k.Work, Frame{Location: parts.Location{Path: path}}, failing)
		want := fmt.Sprintf("part: the location %q holds the buildout directory %q", path, k.Work.Dir)
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if !exists(filepath.Join(k.Work.Dir, "buildout.cfg")) || len(k.Owned()) != 0 {
		t.Errorf("the buildout directory was touched; owned %q", k.Owned())
	}
}

func TestInstallShared(t *testing.T) {
	k, f := partstest.New(t), shared(t)
	location := f.Location.Path
	if err := Install(t.Context(), k.Work, f, filler(t, location)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{
		"": fs.ModeDir | 0o555, "bin": fs.ModeDir | 0o555, "bin/hello": 0o444, SignatureFile: 0o444,
	} {
		info, err := os.Lstat(filepath.Join(location, path))
		if err != nil || info.Mode() != want {
			t.Errorf("%q: got %v, %v, want %v", path, info, err, want)
		}
	}
	if text, _ := os.ReadFile(filepath.Join(location, SignatureFile)); string(text) != signature {
		t.Errorf("signature file: %q", text)
	}
	if err := Install(t.Context(), k.Work, f, failing); err != nil {
		t.Errorf("built twice: %v", err)
	}
	if len(k.Owned()) != 0 {
		t.Errorf("owned %q", k.Owned())
	}
	want := []string{
		"info: will be shared at " + location + " (needs to build)",
		"info: shared at " + location + " (already built)",
		"info: shared part is already installed",
	}
	if got := k.Events.Messages(); !slices.Equal(got, want) {
		t.Errorf("messages: got %q, want %q", got, want)
	}
	entries, err := os.ReadDir(filepath.Dir(location))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the part: %v, %v", entries, err)
	}
}

func TestInstallSharedFile(t *testing.T) {
	k, f := partstest.New(t), shared(t)
	f.ParentOnly = true
	err := Install(t.Context(), k.Work, f, func(context.Context) error {
		return os.WriteFile(f.Location.Path, nil, 0o600)
	})
	if want := fmt.Sprintf("'%s' is not a directory", f.Location.Path); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestUpdate(t *testing.T) {
	k, f := partstest.New(t), shared(t)
	if err := Update(t.Context(), k.Work, Frame{Location: parts.Location{Path: "/private"}}, failing); err != nil {
		t.Errorf("private: %v", err)
	}
	if err := Update(t.Context(), k.Work, f, filler(t, f.Location.Path)); err != nil {
		t.Fatal(err)
	}
	if err := Update(t.Context(), k.Work, f, failing); err != nil {
		t.Errorf("complete: %v", err)
	}
	if got, want := k.Events.Messages(), []string{"info: shared part must be rebuilt"}; !slices.Equal(got, want) {
		t.Errorf("messages: got %q, want %q", got, want)
	}
}

func TestInstallSharedOnceInOneProcess(t *testing.T) {
	f := shared(t)
	var group sync.WaitGroup
	var mu sync.Mutex
	built := 0
	for range 4 {
		k := partstest.New(t)
		group.Go(func() {
			err := Install(t.Context(), k.Work, f, func(context.Context) error {
				mu.Lock()
				defer mu.Unlock()
				built++
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if built != 1 {
		t.Errorf("built %d times, want once", built)
	}
}

// childLocation names the shared location that a child process installs.
const childLocation = "GOBUILD_TEST_SHARED_LOCATION"

// TestInstallSharedChild is the child process of the next test.
func TestInstallSharedChild(t *testing.T) {
	location := os.Getenv(childLocation)
	if location == "" {
		return // the test itself, not the child
	}
	k := partstest.New(t)
	k.Work.Log = os.Stderr
	f := Frame{Location: parts.Location{Path: location, Signature: signature}}
	err := Install(t.Context(), k.Work, f, func(context.Context) error {
		_, err := fmt.Fprintln(os.Stderr, "building")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestInstallSharedOnceAmongProcesses(t *testing.T) {
	f, k := shared(t), partstest.New(t)
	unlock, err := Lock(t.Context(), k.Work, lockPath(f.Location.Path), f.Location.Path)
	if err != nil {
		t.Fatal(err)
	}
	var children []*exec.Cmd
	var output []*bufio.Scanner
	for range 2 {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestInstallSharedChild$")
		child.Env = append(os.Environ(), childLocation+"="+f.Location.Path)
		stderr, err := child.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		children, output = append(children, child), append(output, bufio.NewScanner(stderr))
	}
	for _, lines := range output {
		for lines.Scan() && !strings.Contains(lines.Text(), "waiting for the process that builds") {
		}
	}
	unlock()
	built := 0
	for i, lines := range output {
		for lines.Scan() {
			if lines.Text() == "building" {
				built++
			}
		}
		if err := children[i].Wait(); err != nil {
			t.Error(err)
		}
	}
	if built != 1 {
		t.Errorf("built %d times, want once", built)
	}
}

func TestLockEndsWithContext(t *testing.T) {
	f, k := shared(t), partstest.New(t)
	unlock, err := Lock(t.Context(), k.Work, lockPath(f.Location.Path), f.Location.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Install(ctx, k.Work, f, failing); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the end of the context", err)
	}
}

func TestRemove(t *testing.T) {
	dir := t.TempDir()
	tree := filepath.Join(dir, "tree")
	write(t, filepath.Join(tree, "a", "b", "c"), "")
	outside := t.TempDir()
	write(t, filepath.Join(outside, "x"), "")
	if err := os.Symlink(outside, filepath.Join(tree, "a", "link")); err != nil {
		t.Fatal(err)
	}
	if err := makeReadOnly(tree); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(tree, "a", "b"), 0); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "file"), "")
	for _, path := range []string{tree, filepath.Join(dir, "file"), filepath.Join(dir, "missing")} {
		if err := Remove(path); err != nil {
			t.Error(err)
		}
		if exists(path) {
			t.Errorf("%s is still there", path)
		}
	}
	if info, err := os.Stat(filepath.Join(outside, "x")); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the target of a link changed: %v, %v", info, err)
	}
}
