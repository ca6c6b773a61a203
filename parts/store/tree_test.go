package store

import (
	"os"
	"path/filepath"
	"testing"
)

func TestHolds(t *testing.T) {
	for _, c := range []struct {
		path, dir string
		want      bool
	}{
		{"/a/b", "/a/b", true},
		{"/a/b/", "/a/b", true},
		{"/a", "/a/b", true},
		{"/", "/a/b", true},
		{"/a/b/c", "/a/b", false},
		{"/a/bc", "/a/b", false},
		{"/a/b/..c", "/a/b", false},
		{"/x", "/a/b", false},
	} {
		if got := Holds(c.path, c.dir); got != c.want {
			t.Errorf("%s holds %s: %v", c.path, c.dir, got)
		}
	}
}

// TestHoldsByLinks has root/real/b, the directory, and root/alias -> real,
// root/direct -> real/b, root/deep -> real/b/sub.
func TestHoldsByLinks(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(root+"/real/b/sub", 0o777); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"alias": "real", "direct": "real/b", "deep": "real/b/sub"} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		path, dir string
		want      bool
	}{
		{"/alias/b", "/real/b", true},
		{"/alias/b/", "/real/b", true},
		{"/real/b", "/alias/b", true},
		{"/real", "/direct", true},
		{"/deep/..", "/real/b", true},
		{"/alias", "/real/b", false}, // a link: only it goes
		{"/alias/", "/real/b", false},
		{"/direct", "/real/b", false},
		{"/alias/b/sub", "/real/b", false},
		{"/alias/other", "/real/b", false},
	} {
		if got := Holds(root+c.path, root+c.dir); got != c.want {
			t.Errorf("%s holds %s: %v", c.path, c.dir, got)
		}
	}
}

func TestRemoveLinkWithSlash(t *testing.T) {
	root := t.TempDir()
	outside := root + "/outside"
	if err := os.MkdirAll(outside+"/kept", 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(outside, 0o555); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("outside", root+"/link"); err != nil {
		t.Fatal(err)
	}
	if err := Remove(root + "/link/"); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(outside)
	if err != nil || info.Mode().Perm() != 0o555 || !exists(outside+"/kept") || exists(root+"/link") {
		t.Errorf("the directory behind the link: %v %v, the link is there: %v", info, err, exists(root+"/link"))
	}
}

func TestRemoveBelowAFile(t *testing.T) {
	file := t.TempDir() + "/file"
	write(t, file, "")
	if err := Remove(file + "/out"); err != nil || !exists(file) {
		t.Errorf("got %v, the file is there: %v", err, exists(file))
	}
}
