package state

import (
	"os"
	"slices"
	"strings"
	"testing"

	"gobuild/parts"
	"gobuild/parts/disk"
)

// PutAll is one write: cut anywhere, all of it counts or nothing.
func TestPutAll(t *testing.T) {
	path := newPath(t)
	db := open(t, path)
	must(t, db.PutAll([]parts.Record{part("a"), part("b")}))
	before := content(t, path)
	must(t, db.PutAll([]parts.Record{part("b"), part("c"), part("a", "x", "y"), part("d")}))
	if got := strings.Join(open(t, path).Parts(), " "); got != "b c a d" {
		t.Errorf("order %s", got)
	}
	after := content(t, path)
	if !strings.HasPrefix(after, before) || strings.Count(after[len(before):], segmentMark) != 1 {
		t.Fatalf("not one append:\n%s", after)
	}
	for n := len(before); n < len(after); n++ {
		write(t, path, after[:n])
		if got := strings.Join(open(t, path).Parts(), " "); got != "a b" {
			t.Fatalf("cut at %d: %s", n, got)
		}
	}
}

// A failed PutAll leaves records and order as they were.
func TestPutAllFails(t *testing.T) {
	path := newPath(t)
	broken := false
	db, err := Open(path, Options{Disk: &disk.Disk{Fault: func(string, string) error {
		if broken {
			return os.ErrInvalid
		}
		return nil
	}}})
	must(t, err)
	must(t, db.PutAll([]parts.Record{part("a"), part("b")}))
	broken = true
	if db.PutAll([]parts.Record{part("c"), part("a", "x", "y")}) == nil || db.Drop("a", "b") == nil {
		t.Fatal("no error")
	}
	if r, _ := db.Get("a"); !slices.Equal(db.Parts(), []string{"a", "b"}) || r.Options["x"] != "" {
		t.Errorf("%v, a is %+v", db.Parts(), r)
	}
	broken = false
	must(t, db.Drop("b", "nosuch"))
	if got := open(t, path).Parts(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("%v", got)
	}
}

// SetOrder sorts what the run has touched behind the rest.
func TestSetOrder(t *testing.T) {
	path := newPath(t)
	db := open(t, path)
	must(t, db.PutAll([]parts.Record{part("old"), part("a"), part("b"), part("c")}))
	must(t, db.Close())
	db = open(t, path)
	must(t, db.Put(part("c", "x", "y")))
	must(t, db.Put(part("d")))
	must(t, db.Touch("b"))
	db.SetOrder([]string{"nosuch", "b", "d", "a", "c"})
	must(t, db.Close())
	if got := strings.Join(open(t, path).Parts(), " "); got != "old a b d c" {
		t.Errorf("order %s", got)
	}
	if text := content(t, path); strings.Count(text, "[buildout]") != 1 {
		t.Errorf("not in its final form:\n%s", text)
	}
}

// Compact and Tidy finish what a killed run has left.
func TestCompact(t *testing.T) {
	path := newPath(t)
	db := open(t, path)
	must(t, db.Put(part("a")))
	must(t, db.Put(part("b")))
	write(t, path+".tmp", "half")
	db = open(t, path)
	must(t, db.Tidy())
	must(t, db.Compact())
	want := "[buildout]\ninstalled_develop_eggs = \nparts = a b\n"
	if _, err := os.Stat(path + ".tmp"); !os.IsNotExist(err) || !strings.HasPrefix(content(t, path), want) || strings.Contains(content(t, path), segmentMark) {
		t.Errorf("%v\n%s", err, content(t, path))
	}
	must(t, os.Mkdir(path+".tmp", 0o777))
	must(t, db.Tidy()) // not ours
	must(t, os.Remove(path+".tmp"))
	must(t, db.Drop("a", "b"))
	must(t, db.Compact())
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Error("a file without parts stays")
	}
}

func TestDigest(t *testing.T) {
	a := part("a", "x", "1")
	if Digest(a) != Digest(part("a", "x", "1")) {
		t.Error("the same record has two digests")
	}
	for _, other := range []parts.Record{part("b", "x", "1"), part("a", "x", "2"), part("a"), {Part: "a", Options: a.Options, Paths: a.Paths, Signature: "other"}} {
		if Digest(a) == Digest(other) {
			t.Errorf("%+v has the digest of %+v", other, a)
		}
	}
	path := newPath(t)
	odd := part("a", "x", " \ta\u00a0\n\n b\x00\xff%(__buildout_space__)s")
	must(t, open(t, path).Put(odd))
	if r, _ := open(t, path).Get("a"); Digest(r) != Digest(odd) {
		t.Error("the digest changes when the record is read again")
	}
}

// TestLockInherited takes a lock over that this process holds already.
func TestLockInherited(t *testing.T) {
	dir := t.TempDir()
	held, err := Lock(t.Context(), dir, LockOptions{})
	must(t, err)
	again, err := Lock(t.Context(), dir, LockOptions{NoWait: true, Inherited: held.File()})
	must(t, err)
	if again.File() != held.File() {
		t.Error("another file")
	}
	other, err := os.Open(os.DevNull)
	must(t, err)
	defer other.Close()
	if _, err := Lock(t.Context(), dir, LockOptions{NoWait: true, Inherited: other}); err == nil {
		t.Error("any file counts as the lock")
	}
	must(t, again.Release())
}
