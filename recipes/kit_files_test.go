package recipes

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"gobuild/buildout/diag"
)

func TestPlaceFile(t *testing.T) {
	s := newStand(t)
	s.write("target", "old", 0o600)
	if err := os.Symlink(s.at("target"), s.at("link")); err != nil {
		t.Fatal(err)
	}
	s.write("same", "new", 0o600)
	s.write("readonly", "old", 0o444)
	before, _ := os.Stat(s.at("same"))
	for _, name := range []string{"link", "same", "readonly", "fresh"} {
		if err := placeFile(s.at(name), []byte("new"), 0o751); err != nil {
			t.Error(err)
		}
	}
	s.check("target", `target file 0600 "old"`)
	for _, name := range []string{"link", "same", "readonly", "fresh"} {
		s.check(name, name+` file 0751 "new"`)
	}
	if after, _ := os.Stat(s.at("same")); !os.SameFile(before, after) {
		t.Error("a file with the right content was written again")
	}
	if entries, _ := os.ReadDir(s.Work.Dir); len(entries) != 5 {
		t.Errorf("left over: %v", entries)
	}
}

func TestWriteFileNamesThePath(t *testing.T) {
	s := newStand(t)
	err := writeFile(s.at("no/file"), nil, 0o644)
	if want := "write " + s.at("no/file") + ": no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := os.MkdirAll(s.at("dir/in"), 0o755); err != nil {
		t.Fatal(err)
	}
	err = writeFile(s.at("dir"), nil, 0o644)
	if err == nil || strings.Contains(err.Error(), "dir/.") || !strings.Contains(err.Error(), s.at("dir")) {
		t.Errorf("got %v", err)
	}
	if entries, _ := os.ReadDir(s.Work.Dir); len(entries) != 1 {
		t.Errorf("left over: %v", entries)
	}
}

func TestCopyFileEndsWithContext(t *testing.T) {
	s := newStand(t)
	s.write("from", "text", 0o644)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := copyFile(ctx, s.at("from"), s.at("to"), 0o644); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	s.check("to")
}

func TestMakeDirs(t *testing.T) {
	s := newStand(t)
	s.Work.Umask = 0o027
	var made []string
	if err := makeDirsMode(s.Work, s.at("a/b/c"), 0o700, func(dir string) { made = append(made, dir) }); err != nil {
		t.Fatal(err)
	}
	s.check("a", "a dir 0750", "a/b dir 0750", "a/b/c dir 0700")
	if want := s.fill("@ROOT@/a @ROOT@/a/b @ROOT@/a/b/c"); strings.Join(made, " ") != want {
		t.Errorf("made %q, want %q", made, want)
	}
	s.write("file", "", 0o644)
	err := makeDirs(s.Work, s.at("file"), nil)
	if want := s.fill("File exists: '@ROOT@/file' is not a directory"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := os.Symlink("nowhere", s.at("link")); err != nil {
		t.Fatal(err)
	}
	if err := makeDirs(s.Work, s.at("link"), nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a link to nothing gives %v", err)
	}
	if err := makeDirs(s.Work, s.at("file/x"), nil); err == nil {
		t.Error("a directory in a file was made")
	}
}

func TestRemoveTree(t *testing.T) {
	s := newStand(t)
	s.write("a/b/c", "", 0o444)
	os.Chmod(s.at("a/b"), 0o555)
	for _, path := range []string{s.Work.Dir, "/", s.Work.Dir + "/../" + s.at("")[strings.LastIndex(s.Work.Dir, "/")+1:]} {
		var d *diag.Diagnostic
		if err := removeTree(s.Work, path); !errors.As(err, &d) || !strings.HasSuffix(d.Msg, "holds the buildout directory and is not deleted") {
			t.Errorf("%s: got %v", path, err)
		}
	}
	if err := removeTree(s.Work, s.at("a")); err != nil {
		t.Error(err)
	}
	s.check("a")
}

func TestPlaceWrap(t *testing.T) {
	s := newStand(t)
	o := s.section("key = value")
	at := optionPlace(o, "key")
	if at.wrap(nil) != nil {
		t.Error("no error became one")
	}
	if err := at.wrap(context.Canceled); err != context.Canceled {
		t.Errorf("a cancellation became %v", err)
	}
	cause := errors.New("disk on fire")
	err := at.wrap(cause)
	s.checkFails(err, o, "key", "disk on fire")
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
	s.checkFails(at.wrap(diag.At(diag.Span{}, "x", "no place")), o, "key", "no place")
	elsewhere := diag.At(o.Header(), "x", "placed").WithPath("foo", "other")
	s.checkFails(at.wrap(elsewhere), o, "other", "placed")
}
