package buildout

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts"
)

// hostile is a directory b with one installed part, which is removed. The files
// outside of b, and those named foreign, must survive.
type hostile struct {
	name  string
	paths string // what the part owns
	make  string // "PATH" is a file, "PATH/" a directory, "PATH>TARGET" a link
	// after is what is changed once the part is installed: "-PATH" deletes,
	// "@PATH" puts PATH in place of parts/p in the record.
	after string
	gone  string // what must be gone
	stays string // what must be there
	code  string // the error, if any; then nothing of the part is touched
}

// hostiles are the layouts. o stands for a directory beside b.
var hostiles = []hostile{
	{name: "a tree", paths: "parts/p", make: "parts/p/x parts/q/x", gone: "parts/p", stays: "parts/q/x"},
	{name: "slash at the end", paths: "parts/p/", make: "parts/p/x", gone: "parts/p"},
	{name: "files", paths: "bin/p etc/p", make: "bin/p etc/p bin/q", gone: "bin/p etc/p", stays: "bin/q etc/"},
	{name: "nothing there", paths: "parts/p", make: "parts/q/x", stays: "parts/q/x"},
	{name: "no paths", paths: "", make: "parts/q/x", stays: "parts/q/x"},
	{name: "twice", paths: "parts/p parts/p", make: "parts/p/x", gone: "parts/p"},
	{name: "one in another", paths: "parts/p/x parts/p", make: "parts/p/x parts/p/y", gone: "parts/p"},
	{name: "one in another, after it", paths: "parts/p parts/p/x", make: "parts/p/x parts/p/y", gone: "parts/p"},
	{name: "a name that begins alike", paths: "parts/p", make: "parts/p/x parts/pq/x", gone: "parts/p", stays: "parts/pq/x"},
	{name: "hidden", paths: "parts/.p", make: "parts/.p/x", gone: "parts/.p"},
	{name: "dots", paths: "parts/./p/../p", make: "parts/p/x", gone: "parts/p"},
	{name: "out of the directory", paths: "../o/p", make: "../o/p/x ../o/q", gone: "../o/p", stays: "../o/q"},
	{name: "absolute", paths: "DIR/parts/p", make: "parts/p/x", gone: "parts/p"},
	{name: "line of spaces in a name", paths: "parts/a\tb", make: "parts/a\tb/x", gone: "parts/a\tb"},
	{name: "not text", paths: "parts/\xff", make: "parts/\xff/x", gone: "parts/\xff"},
	{name: "long name", paths: "parts/" + strings.Repeat("n", 255), make: "parts/" + strings.Repeat("n", 255) + "/x", gone: "parts/" + strings.Repeat("n", 255)},

	{name: "link as it was made", paths: "bin/p", make: "bin/p>DIR/../o/x ../o/x", gone: "bin/p", stays: "../o/x"},
	{name: "link to a directory", paths: "bin/p", make: "bin/p>DIR/../o ../o/x", gone: "bin/p", stays: "../o/x"},
	{name: "link with a slash", paths: "bin/p/", make: "bin/p>DIR/../o ../o/x", gone: "bin/p", stays: "../o/x"},
	{name: "dead link", paths: "bin/p", make: "bin/p>nowhere", gone: "bin/p"},
	{name: "link to itself", paths: "bin/p", make: "bin/p>p", gone: "bin/p"},
	{name: "links out of a tree", paths: "parts/p", make: "parts/p/l>DIR/../o parts/p/m>../../../o/x ../o/x", gone: "parts/p", stays: "../o/x"},
	{name: "link to the directory itself", paths: "parts/p", make: "parts/p/l>DIR keep", gone: "parts/p", stays: "keep"},
	{name: "link to the root", paths: "parts/p", make: "parts/p/l>/", gone: "parts/p"},
	{name: "links in a circle", paths: "parts/p", make: "parts/p/a>b parts/p/b>a", gone: "parts/p"},
	{name: "link into another part", paths: "parts/p", make: "parts/p/l>../q parts/q/x", gone: "parts/p", stays: "parts/q/x"},

	{name: "directory became a link", paths: "parts/p", make: "parts/p/x ../o/x", after: "-parts/p parts/p>DIR/../o", gone: "parts/p", stays: "../o/x"},
	{name: "directory became a link to the buildout", paths: "parts/p", make: "parts/p/x keep", after: "-parts/p parts/p>DIR", gone: "parts/p", stays: "keep"},
	{name: "directory became a file", paths: "parts/p", make: "parts/p/x", after: "-parts/p parts/p", gone: "parts/p"},
	{name: "file became a directory", paths: "bin/p", make: "bin/p", after: "-bin/p bin/p/x", gone: "bin/p"},
	{name: "link became a directory", paths: "bin/p", make: "bin/p>x", after: "-bin/p bin/p/x", gone: "bin/p"},
	{name: "links came into a tree", paths: "parts/p", make: "parts/p/d/x ../o/x", after: "-parts/p/d parts/p/d>DIR/../o", gone: "parts/p", stays: "../o/x"},
	{name: "parent became a link", paths: "parts/p/x", make: "parts/p/x ../o/x", after: "-parts/p parts/p>DIR/../o", stays: "../o/x", code: "uninstall-link"},
	{name: "parent became a relative link", paths: "parts/p/x", make: "parts/p/x parts/q/x", after: "-parts/p parts/p>q", stays: "parts/q/x", code: "uninstall-link"},
	{name: "far parent became a link", paths: "var/p/d/x", make: "var/p/d/x ../o/d/x", after: "-var/p var/p>DIR/../o", stays: "../o/d/x", code: "uninstall-link"},
	{name: "one of two behind a link", paths: "bin/p parts/p/x", make: "bin/p parts/p/x ../o/x", after: "-parts/p parts/p>DIR/../o", stays: "../o/x bin/p", code: "uninstall-link"},
	{name: "parent outside became a link", paths: "../o/p/x", make: "../o/p/x ../o2/x", after: "-../o/p ../o/p>DIR/../o2", stays: "../o2/x", code: "uninstall-link"},
	{name: "parent became a dead link", paths: "parts/p/x", make: "parts/p/x", after: "-parts/p parts/p>nowhere", stays: "parts/p"},
	{name: "parent became a file", paths: "parts/p/x", make: "parts/p/x", after: "-parts/p parts/p", stays: "parts/p"},
	{name: "parent was a link before", paths: "var/p/x", make: "../o/p/x var>DIR/../o", gone: "../o/p/x", stays: "../o/p/"},
	{name: "link before leads elsewhere now", paths: "var/p/x", make: "../o/p/x ../o2/p/x var>DIR/../o", after: "-var var>DIR/../o2", stays: "../o2/p/x ../o/p/x", code: "uninstall-link"},
	{name: "parts directory became a link", paths: "parts/p", make: "parts/p/x ../o/p/x", after: "-parts parts>DIR/../o", stays: "../o/p/x", code: "uninstall-link"},
	{name: "parts directory was a link before", paths: "parts/p", make: "../o/p/x -parts parts>DIR/../o", gone: "../o/p"},
	{name: "foreign path in the record", paths: "parts/p", make: "parts/p/x ../o/x", after: "@../o", stays: "../o/x", code: "uninstall-refused"},
	{name: "foreign path in the record, by dots", paths: "parts/p", make: "parts/p/x ../o/x", after: "@parts/../../o", stays: "../o/x", code: "uninstall-refused"},
	{name: "foreign absolute path in the record", paths: "parts/p", make: "parts/p/x ../o/x", after: "@DIR/../o", stays: "../o/x", code: "uninstall-refused"},

	{name: "the directory", paths: ".", make: "keep", stays: "keep", code: "uninstall-refused"},
	{name: "above the directory", paths: "..", make: "../o/x", stays: "../o/x", code: "uninstall-refused"},
	{name: "the root", paths: "/", make: "keep", stays: "keep", code: "uninstall-refused"},
	{name: "the directory by dots", paths: "parts/..", make: "keep parts/", stays: "keep", code: "uninstall-refused"},
	{name: "the directory by another link", paths: "../alias/b", make: "keep ../alias>DIR/..", stays: "keep", code: "uninstall-refused"},
	{name: "good and bad paths", paths: "bin/p .", make: "bin/p keep", stays: "bin/p keep", code: "uninstall-refused"},

	{name: "name for set aside is taken", paths: "parts/p", make: "parts/p/x parts/.p.gobuild-old/mine", gone: "parts/p", stays: "parts/.p.gobuild-old/mine"},
	{name: "that name is a link", paths: "parts/p", make: "parts/p/x ../o/x parts/.p.gobuild-old>DIR/../o", gone: "parts/p", stays: "../o/x parts/.p.gobuild-old"},
	{name: "no write bits", paths: "parts/p", make: "parts/p/d/x", after: "!parts/p/d", gone: "parts/p"},
	{name: "hard link", paths: "parts/p", make: "../o/x parts/p/h=../o/x", gone: "parts/p", stays: "../o/x"},
	{name: "other part's file beside", paths: "etc/p", make: "etc/p etc/user.cfg", gone: "etc/p", stays: "etc/user.cfg"},
}

// change makes or deletes what the words of text say.
func (h hostile) change(t *testing.T, dir, text string) {
	t.Helper()
	for word := range strings.SplitSeq(strings.ReplaceAll(text, "DIR", dir), " ") {
		if word == "" {
			continue
		}
		var err error
		from, to, isLink := strings.Cut(word, ">")
		hard, old, isHard := strings.Cut(word, "=")
		path := dir + "/" + strings.TrimRight(from, "/")
		switch {
		case word[0] == '-':
			err = os.RemoveAll(dir + "/" + word[1:])
		case word[0] == '@':
			text, reading := os.ReadFile(dir + "/.installed.cfg")
			changed := strings.Replace(string(text), "= parts/p\n", "= "+word[1:]+"\n", 1)
			err = errors.Join(reading, os.WriteFile(dir+"/.installed.cfg", []byte(changed), 0o666))
		case word[0] == '!':
			err = os.Chmod(dir+"/"+word[1:], 0o555)
		case isLink:
			err = errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.Symlink(to, path))
		case isHard:
			err = errors.Join(os.MkdirAll(filepath.Dir(dir+"/"+hard), 0o777), os.Link(dir+"/"+old, dir+"/"+hard))
		case strings.HasSuffix(word, "/"):
			err = os.MkdirAll(path, 0o777)
		default:
			err = errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(word), 0o666))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestHostileLayouts removes a part from each layout.
func TestHostileLayouts(t *testing.T) {
	if len(hostiles) < 50 {
		t.Errorf("%d layouts, want 50", len(hostiles))
	}
	for _, h := range hostiles {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir() + "/b"
			if err := errors.Join(os.MkdirAll(dir+"/bin", 0o777), os.Mkdir(dir+"/parts", 0o777), os.Mkdir(dir+"/develop-eggs", 0o777)); err != nil {
				t.Fatal(err)
			}
			h.change(t, dir, h.make)
			if err := h.run(t, dir, "p\n[p]\nrecipe = owner"); err != nil {
				t.Fatal(err)
			}
			h.change(t, dir, h.after)
			h.check(t, dir, h.run(t, dir, ""))
		})
	}
}

// run installs these parts, by a recipe that only tells what it owns.
func (h hostile) run(t *testing.T, dir, list string) error {
	t.Helper()
	if err := os.WriteFile(dir+"/buildout.cfg", []byte("[buildout]\nparts = "+list+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	e, err := Open(t.Context(), Config{Profile: "buildout.cfg", Dir: dir, Dialect: "auto", Events: event.Discard,
		Recipes: ownerTable(strings.Split(strings.ReplaceAll(h.paths, "DIR", dir), " "))})
	if err == nil {
		err = e.Start(t.Context(), true, false)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e.Install(t.Context(), InstallOptions{})
}

// ownerTable is the recipe "owner" for a part that owns these paths.
type ownerTable []string

func (o ownerTable) Find(string) (parts.Spec, bool) {
	return parts.Spec{Names: []string{"owner"}, Recipe: o, Open: true}, true
}

func (ownerTable) Suggest(string) string { return "" }

func (o ownerTable) Prepare(context.Context, parts.Options) (parts.Action, error) { return o, nil }

func (o ownerTable) Run(_ context.Context, w *parts.Work) error {
	for _, path := range o {
		w.Own(path)
	}
	return nil
}

func (h hostile) check(t *testing.T, dir string, err error) {
	t.Helper()
	code := ""
	var d *diag.Diagnostic
	if errors.As(err, &d) {
		code = d.Code
	}
	if code != h.code || err != nil && code == "" {
		t.Errorf("error %v, want code %q", err, h.code)
	}
	for word := range strings.FieldsSeq(h.stays) {
		if !exists(dir + "/" + strings.TrimSuffix(word, "/")) {
			t.Errorf("%s is gone", word)
		}
	}
	for word := range strings.SplitSeq(h.gone, " ") {
		if word != "" && exists(dir+"/"+word) {
			t.Errorf("%s is still there", word)
		}
	}
	err = filepath.WalkDir(filepath.Dir(dir), func(path string, _ os.DirEntry, err error) error {
		if name := filepath.Base(path); strings.Contains(name, ".gobuild-") && !slices.Contains(strings.Fields(h.stays), "parts/"+name) && !strings.Contains(h.make, name) {
			t.Errorf("%s is left", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
