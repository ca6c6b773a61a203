package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// Any append cut anywhere leaves the state before or after it, and the file
// can be written again.
func TestTornAppend(t *testing.T) {
	long := part("new", "text", "é\n\n  x = y\n[z]\n€ %(__buildout_space__)s", "recipe", "other")
	for name, change := range map[string]func(*DB) error{
		"install": func(db *DB) error { return db.Put(long) },
		"update":  func(db *DB) error { return db.Put(part("a", "x", "changed", "y", "é")) },
		"remove":  func(db *DB) error { return db.Drop("a") },
		"last":    func(db *DB) error { return errors.Join(db.Drop("a"), db.Drop("b")) },
		"touch":   func(db *DB) error { return errors.Join(db.Touch(db.Parts()[0]), db.Close()) },
	} {
		for _, tail := range []string{"", "\n[buildout]\nparts = b a\n"} {
			path := newPath(t)
			db := open(t, path)
			must(t, db.Put(part("a", "x", "1")))
			must(t, db.Put(part("b")))
			must(t, db.Close())
			write(t, path, content(t, path)+tail)
			db = open(t, path)
			states := []told{tell(db)}
			before := content(t, path)
			must(t, change(db))
			states = append(states, tell(db))
			if name == "last" {
				states = append(states, told{"b", map[string]parts.Record{"b": part("b")}})
				if tail == "" {
					continue
				}
			}
			after := content(t, path)
			if !strings.HasPrefix(after, before) || len(after) == len(before) {
				t.Fatalf("%s: the file was not appended to", name)
			}
			for n := len(before); n <= len(after); n++ {
				checkTorn(t, fmt.Sprintf("%s cut at %d of %d", name, n, len(after)), after[:n], states)
			}
		}
	}
}

func checkTorn(t *testing.T, name, text string, states []told) {
	t.Helper()
	path := newPath(t)
	write(t, path, text)
	db, err := Open(path, Options{})
	if err != nil {
		t.Errorf("%s: %v\n%s", name, err, text)
		return
	}
	got := tell(db)
	if !slices.ContainsFunc(states, func(s told) bool { return reflect.DeepEqual(s, got) }) {
		t.Errorf("%s: neither the state before nor after: %+v\n%s", name, got, text)
		return
	}
	must(t, db.Close())
	if got.Order != "" && content(t, path) != text {
		t.Errorf("%s: a run that changes nothing wrote", name)
	}
	must(t, db.Put(part("more")))
	got.Order = strings.TrimSpace(got.Order + " more")
	got.Records["more"] = part("more")
	if again := tell(open(t, path)); !reflect.DeepEqual(again, got) {
		t.Errorf("%s: after the next install: %+v, want %+v\n%s", name, again, got, content(t, path))
	}
}

// A block that the disk has lost although its length is there.
func TestDamagedAppend(t *testing.T) {
	path := newPath(t)
	db := open(t, path)
	must(t, db.Put(part("a")))
	before := content(t, path)
	must(t, db.Put(part("b")))
	after := content(t, path)
	write(t, path, after[:len(after)-20]+strings.Repeat("\x00", 20))
	if got := open(t, path).Parts(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("zeros at the end: %v, want a", got)
	}
	// Text behind it means that it was complete, and was edited since.
	write(t, path, strings.Replace(after, "/p/b", "/p/changed", 1)+"\n[buildout]\nparts = b a\n")
	db = open(t, path)
	if r, _ := db.Get("b"); !slices.Equal(db.Parts(), []string{"b", "a"}) || !slices.Equal(r.Paths, []string{"/p/changed"}) {
		t.Errorf("edited: %v, %+v", db.Parts(), r)
	}
	write(t, path, before+"\n# gobuild append 1 x y\n\n[buildout]\nparts =\n")
	if got := open(t, path).Parts(); len(got) != 0 {
		t.Errorf("a comment that only looks like a mark: %v", got)
	}
}

// A failed write tells why, and changes nothing.
func TestWriteFails(t *testing.T) {
	path := newPath(t)
	db := open(t, path)
	must(t, db.Put(part("a")))
	must(t, db.Close())
	before := content(t, path)

	must(t, os.Mkdir(path+".tmp", 0o777))
	must(t, db.Put(part("b")))
	appended := content(t, path)
	var d *diag.Diagnostic
	if err := db.Close(); !errors.As(err, &d) || d.Code != "state-write" || !strings.Contains(d.Msg, path) {
		t.Errorf("Close without a temporary file: %v", err)
	}
	if content(t, path) != appended {
		t.Error("the file was changed by a failed Close")
	}
	if got := open(t, path).Parts(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("after a failed Close: %v", got)
	}

	write(t, path, before+"# by another program\n")
	for name, change := range map[string]func() error{
		"install": func() error { return db.Put(part("c")) },
		"remove":  func() error { return db.Drop("a") },
	} {
		if err := change(); err == nil || !strings.Contains(err.Error(), "another program has changed it") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !slices.Equal(db.Parts(), []string{"a", "b"}) || content(t, path) != before+"# by another program\n" {
		t.Error("a failed write was recorded")
	}
}

func TestExplain(t *testing.T) {
	for errno, hint := range map[syscall.Errno]string{
		syscall.ENOSPC: "free some space", syscall.EDQUOT: "free some space",
		syscall.EACCES: "make /d writable", syscall.EROFS: "make /d writable", syscall.EIO: "",
	} {
		err := explain("state-write", "cannot record", "/d", &os.PathError{Op: "write", Path: "/d/f", Err: errno})
		var d *diag.Diagnostic
		if !errors.As(err, &d) || d.Msg != "cannot record: "+errno.Error() || !strings.HasPrefix(d.Hint, hint) || (hint == "") != (d.Hint == "") || !errors.Is(err, errno) {
			t.Errorf("%v: %#v", errno, err)
		}
	}
}

func TestReadOnlyDirectory(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("permissions do not hold for root")
	}
	path := newPath(t)
	must(t, os.Chmod(filepath.Dir(path), 0o555))
	defer os.Chmod(filepath.Dir(path), 0o777)
	var d *diag.Diagnostic
	if err := open(t, path).Put(part("a")); !errors.As(err, &d) || d.Hint == "" {
		t.Errorf("Put in a read-only directory: %v", err)
	}
}
