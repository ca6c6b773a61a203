package state

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

func part(name string, options ...string) parts.Record {
	r := parts.Record{Part: name, Options: map[string]string{"recipe": "r"}, Paths: []string{"/p/" + name}, Signature: "sig"}
	for i := 0; i+1 < len(options); i += 2 {
		r.Options[options[i]] = options[i+1]
	}
	return r
}

func open(t testing.TB, path string) *DB {
	t.Helper()
	db, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func content(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return "<absent>"
	}
	must(t, err)
	return string(text)
}

func write(t testing.TB, path, text string) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(text), 0o666))
}

// state is what a DB tells, for comparison.
type told struct {
	Order   string
	Records map[string]parts.Record
}

func tell(db *DB) told { return told{strings.Join(db.Parts(), " "), db.All()} }

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), ".installed.cfg") }

func TestInstallUpdateRemove(t *testing.T) {
	path := newPath(t)
	db := open(t, path)
	if len(db.Parts()) != 0 || content(t, path) != "<absent>" {
		t.Fatal("a new directory has parts or a file")
	}
	must(t, db.Put(part("a", "x", "1")))
	must(t, db.Put(part("b")))
	for _, want := range []string{"[a]\n", "x = 1\n", "[b]\n", "parts = a b\n"} {
		if !strings.Contains(content(t, path), want) {
			t.Errorf("before Close the file lacks %q", want)
		}
	}
	must(t, db.Close())
	canonical := "[buildout]\ninstalled_develop_eggs = \nparts = a b\n\n" +
		"[a]\n__buildout_installed__ = /p/a\n__buildout_signature__ = sig\nrecipe = r\nx = 1\n\n" +
		"[b]\n__buildout_installed__ = /p/b\n__buildout_signature__ = sig\nrecipe = r\n"
	if got := content(t, path); got != canonical {
		t.Fatalf("after Close:\n%s\nwant:\n%s", got, canonical)
	}

	db = open(t, path)
	if r, ok := db.Get("a"); !ok || !reflect.DeepEqual(r, part("a", "x", "1")) {
		t.Errorf("Get(a) = %+v, %v", r, ok)
	}
	must(t, db.Touch("a"))
	must(t, db.Touch("b"))
	must(t, db.Close())
	if got := content(t, path); got != canonical {
		t.Errorf("a run that changes nothing wrote:\n%s", got)
	}

	must(t, db.Touch("a"))
	must(t, db.Close())
	if got, want := content(t, path), canonical+"\n[buildout]\nparts = b a\n"; got != want {
		t.Errorf("after an update:\n%s\nwant:\n%s", got, want)
	}
	db = open(t, path)
	must(t, db.Drop("b"))
	if got, want := content(t, path), canonical+"\n[buildout]\nparts = b a\n\n[buildout]\nparts = a\n"; got != want {
		t.Errorf("after a removal:\n%s\nwant:\n%s", got, want)
	}
	must(t, db.Close())
	if got := open(t, path); !slices.Equal(got.Parts(), []string{"a"}) {
		t.Errorf("parts %v, want a", got.Parts())
	}
	if _, ok := open(t, path).Get("b"); ok {
		t.Error("a removed part is still told")
	}
	must(t, db.Drop("a"))
	must(t, db.Close())
	if got := content(t, path); got != "<absent>" {
		t.Errorf("no part is left, but the file is there:\n%s", got)
	}
	must(t, db.Put(part("c")))
	must(t, db.Close())
	if got := open(t, path).Parts(); !slices.Equal(got, []string{"c"}) {
		t.Errorf("after the deletion: %v", got)
	}
}

// A block of an older form of a part must not show through.
func TestOptionDisappears(t *testing.T) {
	for name, run := range map[string]func(*DB) error{
		"reinstalled": func(db *DB) error { return errors.Join(db.Drop("a"), db.Put(part("a", "y", "2"))) },
		"updated":     func(db *DB) error { return db.Put(part("a", "y", "2")) },
	} {
		path := newPath(t)
		db := open(t, path)
		must(t, db.Put(part("a", "x", "1", "z +", "add")))
		must(t, db.Put(part("b")))
		must(t, db.Close())
		db = open(t, path)
		must(t, run(db))
		if r, _ := open(t, path).Get("a"); !reflect.DeepEqual(r, part("a", "y", "2")) {
			t.Errorf("%s, before Close: %+v", name, r)
		}
		must(t, db.Close())
		if r, _ := open(t, path).Get("a"); !reflect.DeepEqual(r, part("a", "y", "2")) {
			t.Errorf("%s: %+v", name, r)
		}
		if got := open(t, path).Parts(); !slices.Equal(got, []string{"b", "a"}) {
			t.Errorf("%s: order %v", name, got)
		}
	}
}

// Options whose names end in a sign add up when they are read twice.
func TestSignedNames(t *testing.T) {
	path := newPath(t)
	r := part("a", "x", "0", "x +", "1", "x -", "2", "c++", "3", "y+", "4")
	db := open(t, path)
	must(t, db.Put(part("first")))
	must(t, db.Put(r))
	must(t, db.Drop("a"))
	must(t, db.Put(r))
	if got, _ := open(t, path).Get("a"); !reflect.DeepEqual(got, r) {
		t.Errorf("before Close: %v", got.Options)
	}
	must(t, db.Close())
	if got, _ := open(t, path).Get("a"); !reflect.DeepEqual(got, r) {
		t.Errorf("after Close: %v", got.Options)
	}
}

func TestReadForeign(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		order string
		want  map[string]parts.Record
	}{
		"merged": {"[buildout]\nparts = a\n\n[a]\nrecipe = r\nx = 1\n__buildout_installed__ = /a\n\t/b\n__buildout_signature__ = s\n[a]\nx = 2\n[buildout]\nparts = a b\n", "a",
			map[string]parts.Record{"a": {Part: "a", Options: map[string]string{"recipe": "r", "x": "2"}, Paths: []string{"/a", "/b"}, Signature: "s"}}},
		"comments": {"# c\n; d\n\n[ buildout ] # e\nparts=\n\ta\n\n\t a\n# x\n\tz\n[a]\nx =\n    one\n\n      two\n=> dep\n", "a",
			map[string]parts.Record{"a": {Part: "a", Options: map[string]string{"x": "one\n\n  two", "<part-dependencies>": "dep"}}}},
		"windows":    {"[buildout]\r\nparts = a\r\n[a]\r\nx = 1\r\n", "a", map[string]parts.Record{"a": {Part: "a", Options: map[string]string{"x": "1"}}}},
		"no newline": {"[buildout]\nparts = a\n[a]\nx = 1", "a", map[string]parts.Record{"a": {Part: "a", Options: map[string]string{"x": "1"}}}},
		"only parts": {"[buildout]\nparts = a", "", map[string]parts.Record{}},
		"additions":  {"[buildout]\nparts = a\n[a]\nx += 1\nx += 2\ny += 1\ny = 2\n", "a", map[string]parts.Record{"a": {Part: "a", Options: map[string]string{"x +": "1\n2", "y": "2"}}}},
		"empty":      {"", "", map[string]parts.Record{}},
		"own name":   {"[buildout]\nparts = buildout\n", "", map[string]parts.Record{}},
	} {
		path := newPath(t)
		write(t, path, c.text)
		db, err := Open(path, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := strings.Join(db.Parts(), " "); got != c.order || !reflect.DeepEqual(db.All(), c.want) {
			t.Errorf("%s: %q %+v, want %q %+v", name, got, db.All(), c.order, c.want)
		}
	}
}

// A file without a last line end is appended to correctly.
func TestAppendToOpenLine(t *testing.T) {
	path := newPath(t)
	write(t, path, "[buildout]\nparts = a\n[a]\nx = 1")
	db := open(t, path)
	must(t, db.Put(part("b")))
	db = open(t, path)
	if r, _ := db.Get("a"); r.Options["x"] != "1" || !slices.Equal(db.Parts(), []string{"a", "b"}) {
		t.Errorf("%v %+v", db.Parts(), r)
	}
}

func TestDamaged(t *testing.T) {
	for text, want := range map[string]string{
		"x = 1\n":                             ":1:1: what is installed cannot be read: expected a section header",
		"[buildout]\nparts = a\ngarbage\n":    ":3:1: what is installed cannot be read: expected `name = value`",
		"[buildout:linux]\nparts = a\n":       ":1:1: what is installed cannot be read: expected a section header",
		"[buildout]\nparts = a\n[a b]\nx=1\n": ":3:1: what is installed cannot be read: expected `name = value`",
		"[buildout]\na b = 1\n":               ":2:1: what is installed cannot be read: expected `name = value`",
	} {
		path := newPath(t)
		write(t, path, text)
		_, err := Open(path, Options{})
		var d *diag.Diagnostic
		if !errors.As(err, &d) || d.Code != "state-damaged" || d.Error() != path+want || d.Hint == "" {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
		if content(t, path) != text {
			t.Errorf("%q: the file was changed", text)
		}
	}
}

// Develop eggs and other options of zc.buildout stay; the file then stays too.
func TestBuildoutOptionsStay(t *testing.T) {
	path := newPath(t)
	write(t, path, "[buildout]\ninstalled_develop_eggs = /e/a.egg-link\n\t/e/b.egg-link\nparts = a\nzz = 1\n\n[a]\nx = 1\n")
	db := open(t, path)
	must(t, db.Put(part("b")))
	must(t, db.Drop("a"))
	must(t, db.Drop("b"))
	must(t, db.Close())
	want := "[buildout]\ninstalled_develop_eggs = /e/a.egg-link\n\t/e/b.egg-link\nparts = \nzz = 1\n"
	if got := content(t, path); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestDisabled(t *testing.T) {
	path := newPath(t)
	db, err := Open(path, Options{Disabled: true})
	must(t, err)
	must(t, db.Put(part("a")))
	must(t, db.Touch("a"))
	must(t, db.Close())
	if r, ok := db.Get("a"); !ok || r.Part != "a" {
		t.Error("the run does not know its own part")
	}
	must(t, db.Drop("a"))
	must(t, db.Close())
	if got := content(t, path); got != "<absent>" {
		t.Errorf("wrote %q", got)
	}
	write(t, path, "garbage\n")
	if db, err := Open(path, Options{Disabled: true}); err != nil || len(db.Parts()) != 0 {
		t.Errorf("%v, %v", db, err)
	}
}

func TestRefused(t *testing.T) {
	path := newPath(t)
	db := open(t, path)
	must(t, db.Put(part("a")))
	before := content(t, path)
	for _, r := range []parts.Record{
		part(""), part("buildout"), part("a b"), part("a]"), part("a:b"), part("\xff"), part("é\u00a0"),
		part("b", "a b", "1"), part("b", "", "1"), part("b", "#a", "1"), part("b", ";a", "1"), part("b", "a=b", "1"),
		part("b", "a ", "1"), part("b", "[a", "1"), part("b", "\xff", "1"), part("b", "x + +", "1"),
		{Part: "b", Paths: []string{"/a\nb"}},
	} {
		var d *diag.Diagnostic
		if err := db.Put(r); !errors.As(err, &d) || d.Code != "state-unwritable" {
			t.Errorf("Put(%+v): %v", r, err)
		}
	}
	if content(t, path) != before || !slices.Equal(db.Parts(), []string{"a"}) {
		t.Error("a refused part was recorded")
	}
	if err := db.Touch("b"); err == nil {
		t.Error("Touch of a part that is not installed: no error")
	}
	must(t, db.Drop("b"))
	if content(t, path) != before {
		t.Error("Drop of a part that is not installed wrote")
	}
}

// Odd but legal names and paths come back.
func TestOddRecords(t *testing.T) {
	path := newPath(t)
	r := part("part.é-(x)/y,z", "<part-dependencies>", "a", "é", " \t\xff\x00", "+", "1", "a%b", "\r\n\v")
	r.Paths = []string{" /a b ", "/\xff", "/c\r", "", "relative/p", "\t/t"}
	db := open(t, path)
	must(t, db.Put(part("first")))
	must(t, db.Put(r))
	want := clone(r)
	if got, _ := open(t, path).Get(r.Part); !reflect.DeepEqual(got, want) {
		t.Errorf("appended: %+v, want %+v", got, want)
	}
	must(t, db.Close())
	if got, _ := open(t, path).Get(r.Part); !reflect.DeepEqual(got, want) {
		t.Errorf("rewritten: %+v, want %+v", got, want)
	}
}

// The mode of the file and a symbolic link to it stay.
func TestModeAndLink(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real"), filepath.Join(dir, ".installed.cfg")
	write(t, real, "[buildout]\nparts =\n")
	must(t, os.Chmod(real, 0o640))
	must(t, os.Symlink("real", link))
	db := open(t, link)
	must(t, db.Put(part("a")))
	must(t, db.Close())
	info, err := os.Stat(real)
	must(t, err)
	target, err := os.Readlink(link)
	if err != nil || target != "real" || info.Mode().Perm() != 0o640 || !strings.Contains(content(t, real), "parts = a\n") {
		t.Errorf("link %q, %v, mode %v", target, err, info.Mode())
	}
	entries, err := os.ReadDir(dir)
	if must(t, err); len(entries) != 2 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestManyParts(t *testing.T) {
	const n = 1000
	path := newPath(t)
	db := open(t, path)
	for i := range n {
		must(t, db.Put(part(fmt.Sprintf("part-%d", i), "x", strings.Repeat("line\n", i%7))))
	}
	want := tell(db)
	if got := tell(open(t, path)); !reflect.DeepEqual(got, want) {
		t.Error("appended: the file tells something else")
	}
	must(t, db.Close())
	if got := tell(open(t, path)); !reflect.DeepEqual(got, want) {
		t.Error("rewritten: the file tells something else")
	}
	db = open(t, path)
	for _, name := range slices.Backward(db.Parts()) {
		if strings.HasSuffix(name, "7") {
			must(t, db.Drop(name))
		}
	}
	must(t, db.Close())
	if got := open(t, path).Parts(); len(got) != 900 || !maps.EqualFunc(db.All(), open(t, path).All(), equal) {
		t.Errorf("%d parts left", len(got))
	}
}

func TestConcurrentUse(t *testing.T) {
	path := newPath(t)
	db := open(t, path)
	done := make(chan error)
	for i := range 20 {
		go func() {
			name := fmt.Sprint("p", i)
			_, _ = db.Get(name)
			err := db.Put(part(name))
			db.All()
			done <- err
		}()
	}
	for range 20 {
		must(t, <-done)
	}
	must(t, db.Close())
	if got := open(t, path).Parts(); len(got) != 20 {
		t.Errorf("%d parts", len(got))
	}
}

func FuzzOpen(f *testing.F) {
	for _, s := range []string{"", "[buildout]\nparts = a\n[a]\nx = 1\n", "[buildout]\nparts = a\n[a]\nx =\n  1\n\n 2\r\n", segment("[a]\nx = 1\n\n[buildout]\nparts = a\n"),
		"[a] ; c\nx += 1\nx -= 2\n=> a\n", "[buildout]\n\nparts =  a  b\n[b]\n__buildout_installed__ = \n\ta\n", "# gobuild append 1 5 0", "[buildout]\nparts = a\n[buildout]\nparts = b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path := newPath(t)
		write(t, path, text)
		db, err := Open(path, Options{})
		if err != nil {
			return
		}
		must(t, db.Put(part("fuzz-new")))
		must(t, db.Close())
		if got, want := tell(open(t, path)), tell(db); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: written %+v, read %+v", text, want, got)
		}
	})
}
