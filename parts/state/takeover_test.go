package state

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"gobuild/parts"
)

// takeoverParts are records that zc.buildout can hold.
func takeoverParts() []parts.Record {
	var all []parts.Record
	for i, value := range []string{"1", "", "one\n  two\n\nthree", "%(x)s 100%", "\nz", "z\n", " \r\f\v x", "#a\n;b\n[c]\nd = e\nf += g", "é €", "a\rb"} {
		r := part("part-"+string(rune('a'+i)), "value", value, "Upper", "U", "x-", value, "<part-dependencies>", "part-a")
		r.Paths = append(r.Paths, "relative/ path")
		all = append(all, r)
	}
	return all
}

// writeTakeover makes a file with the history of two runs: the first is done,
// the second was killed after an installation, a removal and an update.
func writeTakeover(t *testing.T) (done, killed string) {
	t.Helper()
	path := newPath(t)
	db := open(t, path)
	for _, r := range takeoverParts() {
		must(t, db.Put(r))
	}
	must(t, db.Close())
	done = content(t, path)
	db = open(t, path)
	must(t, db.Drop("part-c"))
	must(t, db.Put(part("new", "text", "line\n\nline")))
	must(t, db.Put(part("part-a", "value", "changed", "Upper", "", "<part-dependencies>", "b", "x", "y")))
	must(t, db.Put(part("new", "text", "other", "more", "1")))
	must(t, db.Touch("part-b"))
	must(t, db.Drop("part-d"))
	return done, content(t, path)
}

// TestTakeover compares files of ours with those that zc.buildout 6.0.1 has
// read (testdata/takeover-*.cfg), and with what it found in them (.json).
func TestTakeover(t *testing.T) {
	done, killed := writeTakeover(t)
	for name, text := range map[string]string{"done": done, "killed": killed} {
		if os.Getenv("GOBUILD_UPDATE_TAKEOVER") != "" {
			write(t, "testdata/takeover-"+name+".cfg", text)
			continue
		}
		if want := content(t, "testdata/takeover-"+name+".cfg"); text != want {
			t.Errorf("%s: the file is\n%s\nwant\n%s", name, text, want)
		}
		var found map[string]map[string]string
		must(t, json.Unmarshal([]byte(content(t, "testdata/takeover-"+name+".json")), &found))
		path := newPath(t)
		write(t, path, text)
		db := open(t, path)
		if got, want := strings.Join(db.Parts(), " "), found["buildout"]["parts"]; got != want {
			t.Errorf("%s: parts %q, zc.buildout finds %q", name, got, want)
		}
		for part, r := range db.All() {
			if got, want := section(r), found[part]; !reflect.DeepEqual(got, want) {
				t.Errorf("%s: part %s is %q, zc.buildout finds %q", name, part, got, want)
			}
		}
	}
}

// TestReferenceFile reads a file that zc.buildout 6.0.1 wrote over three runs
// (install, update, removal), and writes the same when it is asked to.
func TestReferenceFile(t *testing.T) {
	text := content(t, "testdata/reference.cfg")
	path := newPath(t)
	write(t, path, text)
	db := open(t, path)
	if got := strings.Join(db.Parts(), " "); got != "a c" {
		t.Fatalf("parts %q, want a c", got)
	}
	a, _ := db.Get("a")
	if a.Options["multi"] != "one\n  two\n\nthree" || a.Options["b"] != "\nz" || !strings.Contains(a.Signature, " zc-buildout-") || a.Paths != nil {
		t.Errorf("part a: %+v", a)
	}
	must(t, db.Close())
	if content(t, path) != text {
		t.Error("a run that changes nothing wrote")
	}
	// The canonical form is the first block of the reference's own history.
	must(t, db.save())
	canonical, _, _ := strings.Cut(text, "\n[buildout]\n")
	b, c := strings.Index(canonical, "\n[b]\n"), strings.Index(canonical, "\n[c]\n")
	want := strings.Replace(canonical[:b]+canonical[c:], "parts = a b c\n", "parts = a c\n", 1)
	if got := content(t, path); got != want {
		t.Errorf("canonical form:\n%s\nwant:\n%s", got, want)
	}
}
