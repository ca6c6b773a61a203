package pack

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"gobuild/parts/disk"
)

var errKilled = errors.New("killed")

// dying is a disk that fails at a change, and at all after it.
func dying(at int) *disk.Disk {
	var n atomic.Int64
	return &disk.Disk{Fault: func(op, path string) error {
		if n.Add(1) >= int64(at) {
			return errKilled
		}
		return nil
	}}
}

func moveOptions(dir string, d *disk.Disk) MoveOptions {
	return MoveOptions{Dir: dir, Umask: 0o022, Jobs: 1, Disk: d, FileName: same, Padded: func(string) (string, bool) { return "", false }}
}

// TestMoveKilled ends moves at each change of the disk: the next run makes the
// tree right, and nothing of the old place or of the work is left.
func TestMoveKilled(t *testing.T) {
	for _, unpacked := range []bool{true, false} {
		for at, killed := 1, true; killed; at++ {
			killed = moveKilled(t, unpacked, at)
			if at > 500 {
				t.Fatal("the move never ends")
			}
		}
	}
}

// moveKilled reports whether the move ended before its time.
func moveKilled(t *testing.T, unpacked bool, at int) bool {
	t.Helper()
	dir := t.TempDir()
	s := install(t, dir+"/old")
	if unpacked {
		name := archived(t, s, 1)
		if err := os.RemoveAll(dir + "/old"); err != nil {
			t.Fatal(err)
		}
		if _, err := Unpack(context.Background(), name, "", to(dir+"/old")); err != nil {
			t.Fatal(err)
		}
	}
	now := dir + "/new"
	if err := os.Rename(dir+"/old", now); err != nil {
		t.Fatal(err)
	}
	_, first := Move(context.Background(), moveOptions(now, dying(at)))
	if first == nil {
		t.Logf("a move has %d changes", at-1)
	}
	if _, err := Move(context.Background(), moveOptions(now, quiet())); err != nil {
		t.Fatalf("after a kill at %d: %v", at, err)
	}
	checkMoved(t, now, dir+"/old", at)
	return first != nil
}

func checkMoved(t *testing.T, now, old string, at int) {
	t.Helper()
	if got, want := read(t, now+"/parts/lib/data"), "data of "+now+"/parts/lib\n"; got != want {
		t.Fatalf("after a kill at %d: %q, want %q", at, got, want)
	}
	err := filepath.WalkDir(now, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.HasSuffix(path, newSuffix) || filepath.Base(path) == moveName {
			t.Errorf("after a kill at %d: %s is left", at, path)
		}
		if d.Type().IsRegular() && !strings.HasSuffix(path, "/large") && strings.Contains(read(t, path), old) {
			t.Errorf("after a kill at %d: %s names the old place", at, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := Open(now, same)
	if err != nil {
		t.Fatal(err)
	}
	s.At(now)
	if _, err := Read(context.Background(), s, Selection{Jobs: 1}); err != nil {
		t.Fatalf("after a kill at %d: %v", at, err)
	}
}

// TestUnpackKilled ends unpacking at each change of the disk: nothing is left.
func TestUnpackKilled(t *testing.T) {
	name := archived(t, install(t, t.TempDir()+"/built"), 1)
	out := t.TempDir() + "/out"
	for at := 1; ; at++ {
		d := to(out)
		d.Disk = dying(at)
		fault := d.Disk.Fault
		d.Disk.Fault = func(op, path string) error {
			if op == "remove" { // what a failure does; a kill leaves it to the next run
				return nil
			}
			return fault(op, path)
		}
		_, err := Unpack(context.Background(), name, "", d)
		if err == nil {
			return
		}
		if names := beside(t, out); len(names) > 0 && strings.Join(names, " ") != "out" {
			t.Fatalf("a failure at %d leaves %q", at, names)
		}
		if err := os.RemoveAll(out); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCopy makes a copy of a tree that was built.
func TestCopy(t *testing.T) {
	s := install(t, t.TempDir()+"/built")
	tree, err := Read(context.Background(), s, Selection{Jobs: 2})
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir() + "/out"
	if _, err := tree.Copy(context.Background(), CopyOptions{Gobuild: "test", Architecture: "none", Time: FixedTime}, to(out)); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, out+"/parts/app/link"), "data of "+out+"/parts/lib\n"; got != want {
		t.Errorf("the link leads to %q, want %q", got, want)
	}
	copied, _, err := Open(out, same)
	if err != nil {
		t.Fatal(err)
	}
	copied.At(out)
	if read(t, archived(t, copied, 1)) != read(t, archived(t, s, 1)) {
		t.Error("the archive of the copy is another one")
	}
}

func TestOldDirectory(t *testing.T) {
	s := install(t, t.TempDir()+"/old")
	now := filepath.Dir(s.Dir) + "/now"
	if err := os.Rename(s.Dir, now); err != nil {
		t.Fatal(err)
	}
	if got := OldDirectory(now, s.Records); got != s.Dir {
		t.Errorf("it was at %q, want %q", got, s.Dir)
	}
}

func TestReplacer(t *testing.T) {
	r := &replacer{from: []string{"/a/parts/x", "/a/parts", "/a"}, to: []string{"/N/x", "/N", "/M"}}
	for text, want := range map[string]string{
		"/a":                        "/M",
		"/a/b":                      "/M/b",
		"/ab":                       "/ab",
		"x/a":                       "x/a",
		"/b/a /b-c/a":               "/b/a /b-c/a",
		"-L/a/parts/x/lib -I/a/y":   "-L/N/x/lib -I/M/y",
		"--prefix=/a/parts/x":       "--prefix=/N/x",
		"/a/parts/xy:/a/parts/x:/a": "/N/xy:/N/x:/M",
		"(/a/parts/x)":              "(/N/x)",
		"no path":                   "no path",
		"":                          "",
	} {
		if got := r.replace(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
