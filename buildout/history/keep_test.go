package history

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gobuild/buildout/diag"
)

// TestKeep checks where trees go, and what the note says.
func TestKeep(t *testing.T) {
	dir := t.TempDir()
	id := newID(epoch, 1)
	put(t, filepath.Join(dir, "parts/a/file"), "1")
	put(t, filepath.Join(dir, "bin/a"), "1")
	if err := os.Symlink("/etc", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := Keep(dir, id, "x/y", []string{"parts/a", "", "parts/a/file", "missing", filepath.Join(dir, "bin/a"), "link"}); err != nil {
		t.Fatal(err)
	}
	place := filepath.Join(dir, ".gobuild/previous", id, "x%2Fy")
	if get(t, filepath.Join(place, "0/file")) != "1" || get(t, filepath.Join(place, "1")) != "1" {
		t.Error("the trees are not where they should be")
	}
	if target, err := os.Readlink(filepath.Join(place, "2")); err != nil || target != "/etc" {
		t.Errorf("the link leads to %q, %v", target, err)
	}
	// What is set aside is kept as what it was.
	put(t, filepath.Join(dir, "aside"), "2")
	if err := KeepTrees(dir, id, "x/y", []Tree{{Path: "bin/b", At: filepath.Join(dir, "aside")}}); err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(`{
  "version": 1,
  "part": "x/y",
  "paths": [
    {
      "path": "DIR/parts/a",
      "name": "0"
    },
    {
      "path": "DIR/bin/a",
      "name": "1"
    },
    {
      "path": "DIR/link",
      "name": "2"
    },
    {
      "path": "DIR/bin/b",
      "name": "3"
    }
  ]
}
`, "DIR", dir)
	if got := get(t, filepath.Join(place, "kept.json")); got != want {
		t.Errorf("the note is\n%s\nwant\n%s", got, want)
	}
}

// TestKeepNothing checks that nothing is made when there is nothing to keep.
func TestKeepNothing(t *testing.T) {
	dir := t.TempDir()
	if err := Keep(dir, newID(epoch, 1), "a", []string{"missing"}); err != nil {
		t.Error(err)
	}
	if list, _ := os.ReadDir(dir); len(list) != 0 {
		t.Errorf("made: %v", list)
	}
}

// TestKeepFails checks that what cannot be moved is deleted, with a warning.
func TestKeepFails(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, ".gobuild/previous"), "in the way")
	put(t, filepath.Join(dir, "parts/a/file"), "1")
	err := Keep(dir, newID(epoch, 1), "a", []string{"parts/a"})
	var d *diag.Diagnostic
	if !errors.As(err, &d) || d.Code != "not-kept" || d.Severity != diag.Warning || exists(filepath.Join(dir, "parts/a")) {
		t.Errorf("error %v, still there: %v", err, exists(filepath.Join(dir, "parts/a")))
	}
}

// TestKeepRefuses checks that nothing that holds the buildout is deleted.
func TestKeepRefuses(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "file"), "1")
	err := Keep(dir, newID(epoch, 1), "a", []string{"."})
	if err == nil || !strings.Contains(err.Error(), "holds the buildout directory") || !exists(filepath.Join(dir, "file")) {
		t.Errorf("error %v", err)
	}
}
