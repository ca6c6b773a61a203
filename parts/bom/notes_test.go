package bom

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gobuild/parts"
	"gobuild/parts/manifest"
)

// fakeFetcher gives files of a directory, and unpacks by a function.
type fakeFetcher struct {
	dir    string
	unpack func(dest string)
}

func (f fakeFetcher) Fetch(_ context.Context, r parts.FetchRequest) (parts.Fetched, error) {
	path := filepath.Join(f.dir, filepath.Base(r.URL))
	if _, err := os.Stat(path); err != nil {
		return parts.Fetched{}, err
	}
	return parts.Fetched{Path: path, From: "https://mirror.example/" + filepath.Base(r.URL)}, nil
}

func (f fakeFetcher) Unpack(_ context.Context, _, dest string, _ parts.Strip) error {
	if f.unpack == nil {
		return errors.New("no archive")
	}
	f.unpack(dest)
	return nil
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
		t.Fatal(err)
	}
}

// gather runs a part that fetches and unpacks, and returns its notes.
func gather(t *testing.T, options map[string]string, urls []string, unpack func(dest string)) *Notes {
	t.Helper()
	dir := t.TempDir()
	for _, url := range urls {
		write(t, filepath.Join(dir, filepath.Base(url)), "content of "+filepath.Base(url))
	}
	n := NewNotes("p", options)
	f := n.Fetcher(fakeFetcher{dir, unpack})
	for i, url := range urls {
		got, err := f.Fetch(t.Context(), parts.FetchRequest{URL: url, Sums: []parts.Checksum{{Algorithm: "MD5", Hex: "AB"}}})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 && unpack != nil {
			if err := f.Unpack(t.Context(), got.Path, t.TempDir(), parts.StripAuto); err != nil {
				t.Fatal(err)
			}
		}
	}
	return n
}

func TestNotesSources(t *testing.T) {
	options := map[string]string{"patches": "https://u:pw@x.example/a.patch#0123 ${x}/sub/b.patch", "other-patches": "c.diff"}
	n := gather(t, options, []string{"https://x.example/p-1.tar.gz?token=secret", "https://u:pw@x.example/a.patch", "/src/p/c.diff", "hook.sh", "hook.sh"}, func(string) {})
	var got []string
	for _, s := range n.p.Sources {
		got = append(got, fmt.Sprint(s.Role, " ", s.URL, " ", s.Local, " ", s.Kept, " ", len(s.SHA256), " ", s.Sums))
	}
	want := []string{
		"archive https://x.example/p-1.tar.gz?token=*** false false 64 [{md5 ab}]",
		"patch https://***@x.example/a.patch false true 64 [{md5 ab}]",
		"patch /src/p/c.diff true true 64 [{md5 ab}]",
		"file hook.sh true false 64 [{md5 ab}]",
	}
	for i := range want {
		want[i] = strings.Replace(want[i], "https://***@", "https://u:***@", 1)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(n.diffs) != 2 {
		t.Errorf("%d patches kept", len(n.diffs))
	}
}

func TestNotesLicenses(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret")
	write(t, outside, "secret")
	n := gather(t, nil, []string{"p-1.tar.gz"}, func(dest string) {
		top := filepath.Join(dest, "p-1")
		for _, name := range []string{"COPYING", "COPYING3", "COPYING.LIB", "COPYINGv2", "LICENSE.md", "licence-mit.txt", "Copyright", "NOTICE", "NOTICES",
			"LICENSES/MIT.txt", "debian/copyright", "sub/LICENSE", "deps/lua/COPYRIGHT", "lib/LICENSE",
			"license.c", "copyright.py", "licensed", "copyist", "README", "deep/er/LICENSE", "tests/COPYING", "doc/LICENSE", ".git/LICENSE"} {
			write(t, filepath.Join(top, name), "text of "+name)
		}
		write(t, filepath.Join(top, "NOTICE.big"), strings.Repeat("x", maxText+1))
		write(t, filepath.Join(top, "LICENSE.empty"), "")
		os.Symlink(outside, filepath.Join(top, "LICENSE.link"))
		os.Symlink(filepath.Dir(outside), filepath.Join(top, "linked"))
		os.Mkdir(filepath.Join(top, "LICENSE.d"), 0o777)
	})
	var got []string
	for _, l := range n.p.Licenses {
		got = append(got, fmt.Sprint(l.Path, " ", l.Bundled))
	}
	want := []string{"COPYING false", "COPYING.LIB false", "COPYING3 false", "COPYINGv2 false", "Copyright false", "LICENSE.md false", "NOTICE false",
		"NOTICES false", "licence-mit.txt false", "LICENSES/MIT.txt false", "debian/copyright false", "deps/lua/COPYRIGHT true", "lib/LICENSE true", "sub/LICENSE true"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if !n.p.Truncated {
		t.Error("nothing tells that a text was too long")
	}
	for _, text := range n.texts {
		if strings.Contains(string(text), "secret") {
			t.Error("a link was followed")
		}
	}
}

func TestNotesLimits(t *testing.T) {
	n := gather(t, nil, []string{"p-1.tar.gz"}, func(dest string) {
		write(t, filepath.Join(dest, "README"), "")
		for i := range 3 * maxFiles {
			write(t, filepath.Join(dest, "LICENSES", fmt.Sprintf("L-%d.txt", i)), fmt.Sprint(i))
		}
	})
	if len(n.p.Licenses) != maxFiles || !n.p.Truncated {
		t.Errorf("%d files, truncated %v", len(n.p.Licenses), n.p.Truncated)
	}
}

// TestNotesNeverFail checks that what cannot be looked at changes nothing for
// the recipe.
func TestNotesNeverFail(t *testing.T) {
	n := NewNotes("p", nil)
	f := n.Fetcher(fakeFetcher{dir: t.TempDir()})
	if _, err := f.Fetch(t.Context(), parts.FetchRequest{URL: "none"}); err == nil {
		t.Error("the error of the fetcher is lost")
	}
	if err := f.Unpack(t.Context(), "none", "/none", parts.StripAuto); err == nil || err.Error() != "no archive" {
		t.Errorf("got %v", err)
	}
	n.Done("repository", "/none")
	if !n.IsEmpty() {
		t.Errorf("noted %+v", n.p)
	}
}

func TestGitRevision(t *testing.T) {
	const hash = "0123456789abcdef0123456789abcdef01234567"
	for name, files := range map[string]map[string]string{
		"detached": {"HEAD": hash + "\n"},
		"branch":   {"HEAD": "ref: refs/heads/main\n", "refs/heads/main": hash + "\n"},
		"packed":   {"HEAD": "ref: refs/heads/main\n", "packed-refs": "# pack-refs\n" + strings.Repeat("1", 40) + " refs/heads/mainly\n" + hash + " refs/heads/main\n"},
		"none":     {"HEAD": "ref: refs/heads/main\n"},
		"hostile":  {"HEAD": "ref: ../../secret\n"},
		"garbage":  {"HEAD": "\x00\x01"},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "secret"), hash)
		for path, text := range files {
			write(t, filepath.Join(dir, "clone", ".git", path), text)
		}
		want := hash
		if name == "none" || name == "hostile" || name == "garbage" {
			want = ""
		}
		if got, ok := gitRevision(filepath.Join(dir, "clone")); got != want || !ok {
			t.Errorf("%s: got %q, %v", name, got, ok)
		}
	}
	if _, ok := gitRevision(t.TempDir()); ok {
		t.Error("a directory without .git is no clone")
	}
}

func TestSaveAndLoad(t *testing.T) {
	state := filepath.Join(t.TempDir(), ".gobuild")
	n := gather(t, map[string]string{"patches": "a.patch"}, []string{"p-1.tar.gz", "a.patch"}, func(dest string) { write(t, dest+"/COPYING", "terms") })
	if err := n.Save(state, "one"); err != nil {
		t.Fatal(err)
	}
	p := Load(state, "p", "one")
	if !p.Known || len(p.Sources) != 2 || len(p.Licenses) != 1 {
		t.Fatalf("got %+v", p)
	}
	if text, err := ReadText(state, p.Licenses[0].SHA256); string(text) != "terms" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
	if text, err := ReadPatch(state, p.Sources[1].SHA256); string(text) != "content of a.patch" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
	for _, c := range []struct{ part, digest string }{{"p", "two"}, {"q", "one"}} {
		if p := Load(state, c.part, c.digest); p.Known || len(p.Sources) != 0 {
			t.Errorf("%+v: got %+v", c, p)
		}
	}
	write(t, filepath.Join(state, "licenses", p.Licenses[0].SHA256), "other terms")
	if text, err := ReadText(state, p.Licenses[0].SHA256); err == nil {
		t.Errorf("a changed text counts: %q", text)
	}
	for _, sum := range []string{"", "..", "../provenance/p.json", strings.Repeat("z", 64)} {
		if _, err := ReadText(state, sum); err == nil || !strings.Contains(err.Error(), "not a sha256") {
			t.Errorf("%q: %v", sum, err)
		}
	}
}

// TestTornRecord checks that a record that is cut anywhere is unknown.
func TestTornRecord(t *testing.T) {
	state := t.TempDir()
	n := gather(t, nil, []string{"p-1.tar.gz"}, nil)
	if err := n.Save(state, "one"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(state, "provenance", "p.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(text) - 2 {
		write(t, path, string(text[:cut]))
		if Load(state, "p", "one").Known {
			t.Fatalf("a record cut at %d counts", cut)
		}
	}
}

func TestSuspendAndResume(t *testing.T) {
	state := t.TempDir()
	if err := gather(t, nil, []string{"p-1.tar.gz"}, func(dest string) { write(t, dest+"/COPYING", "terms") }).Suspend(state); err != nil {
		t.Fatal(err)
	}
	if Load(state, "p", "").Known {
		t.Error("what failed counts as installed")
	}
	n := NewNotes("p", nil)
	n.Resume(state)
	if err := n.Save(state, "one"); err != nil {
		t.Fatal(err)
	}
	if p := Load(state, "p", "one"); len(p.Sources) != 1 || len(p.Licenses) != 1 {
		t.Errorf("got %+v", p)
	}
	if entries := namesIn(filepath.Join(state, "provenance", "pending")); len(entries) > 0 {
		t.Errorf("left %q", entries)
	}
}

func TestSweep(t *testing.T) {
	state := t.TempDir()
	for _, part := range []string{"a", "b/c", ".d"} {
		n := gather(t, nil, []string{"p-1.tar.gz"}, func(dest string) {
			write(t, dest+"/COPYING", "terms of all")
			write(t, dest+"/LICENSE", "terms of "+part)
		})
		n.p.Part = part
		if err := n.Save(state, "one"); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(state, "patches", strings.Repeat("0", 64)), "nobody has it")
	if err := Sweep(state, []string{"b/c", ".d"}, nil); err != nil {
		t.Fatal(err)
	}
	if got := namesIn(filepath.Join(state, "provenance")); !slices.Equal(got, []string{"%2Ed.json", "b%2Fc.json"}) {
		t.Errorf("records %q", got)
	}
	if got := namesIn(filepath.Join(state, "licenses")); len(got) != 3 {
		t.Errorf("texts %q", got)
	}
	if got := namesIn(filepath.Join(state, "patches")); len(got) != 0 {
		t.Errorf("patches %q", got)
	}
	if err := Sweep(filepath.Join(state, "none"), nil, nil); err != nil {
		t.Error(err)
	}
}

func TestComponent(t *testing.T) {
	for _, c := range []struct {
		options         map[string]string
		version, purl   string
		basis, upstream string
	}{
		{map[string]string{"url": "https://x.example/zlib-1.3.1.tar.gz", "sha256sum": strings.Repeat("a", 64)}, "1.3.1",
			"pkg:generic/zlib@1.3.1?checksum=sha256:" + strings.Repeat("a", 64) + "&download_url=https:%2F%2Fx.example%2Fzlib-1.3.1.tar.gz", "its sources were not seen", "zlib"},
		{map[string]string{"url": "https://x.example/latest.tar.gz", "version": "5"}, "5", "pkg:generic/latest@5?download_url=https:%2F%2Fx.example%2Flatest.tar.gz", "its sources were not seen", "latest"},
		{map[string]string{"url": "/home/user/zlib-1.0.tar.gz", "version": "1.2.13.dfsg"}, "1.2.13", "pkg:generic/zlib@1.2.13", "its sources were not seen", "zlib"},
		{map[string]string{"url": "https://github.com/Madler/Zlib/archive/refs/tags/v1.3.1.tar.gz"}, "1.3.1", "pkg:github/madler/zlib@v1.3.1", "its sources were not seen", "Zlib"},
		{map[string]string{"repository": "https://github.com/o/r.git", "revision": "v2"}, "2", "pkg:github/o/r@v2", "its sources were not seen", "r"},
		{map[string]string{"repository": "https://u:pw@git.example/r.git", "revision": "abc"}, "abc", "pkg:generic/r@abc?vcs_url=git%2Bhttps:%2F%2Fu:%2A%2A%2A%40git.example%2Fr.git%40abc", "its sources were not seen", "r"},
		{map[string]string{"recipe": "x"}, "", "", "it was made from no source", ""},
	} {
		got, err := Open(t.TempDir()).Component(parts.Record{Part: "p", Options: c.options})
		if err != nil {
			t.Fatal(err)
		}
		if got.Version != c.version || got.PURL != c.purl || !strings.HasPrefix(got.License.Basis, c.basis) || got.Upstream != c.upstream || got.Known {
			t.Errorf("%v:\ngot %+v", c.options, got)
		}
	}
}

func TestComponentOfNotes(t *testing.T) {
	state := t.TempDir()
	r := parts.Record{Part: "p", Options: map[string]string{"url": "https://x.example/p-1.tar.gz", "license": ""}}
	n := gather(t, nil, []string{"https://x.example/p-1.tar.gz"}, func(dest string) { write(t, dest+"/LICENSE", zlibText) })
	if err := n.Save(state, manifest.Digest(r)); err != nil {
		t.Fatal(err)
	}
	shelf := Open(state)
	c, err := shelf.Component(r)
	if err != nil || !c.Known || c.License.Expression != "Zlib" || c.Kind != Data {
		t.Errorf("got %+v, %v", c, err)
	}
	shelf.Said = map[string]string{"p": "MIT"}
	if c, _ = shelf.Component(r); c.License.Expression != "MIT" || c.License.Declared != "Zlib" {
		t.Errorf("got %+v", c.License)
	}
}

// TestLearn: what a text is found to be is kept until no part has the text, and
// counts for the corpus that found it only.
func TestLearn(t *testing.T) {
	state := t.TempDir()
	path := filepath.Join(state, identifiedFile)
	n := gather(t, nil, []string{"p-1.tar.gz"}, func(dest string) { write(t, dest+"/LICENSE", zlibText) })
	if err := n.Save(state, "one"); err != nil {
		t.Fatal(err)
	}
	shelf := Open(state)
	if err := errors.Join(shelf.Save(), shelf.Learn("p", "other")); err != nil || exists(path) {
		t.Fatalf("%v; a file without need: %v", err, exists(path))
	}
	if err := errors.Join(shelf.Learn("p", "one"), shelf.Save()); err != nil {
		t.Fatal(err)
	}
	sum := n.p.Licenses[0].SHA256
	if got := readIdentified(state)[sum]; !slices.Equal(got.IDs, []string{"Zlib"}) {
		t.Errorf("kept %+v", got)
	}
	again := Open(state)
	if _, err := again.identify(sum); err != nil || again.corpus != nil {
		t.Errorf("the text is read again: %v", err)
	}
	if err := Sweep(state, []string{"p"}, nil); err != nil || !exists(path) {
		t.Errorf("%v; the file is there: %v", err, exists(path))
	}
	text, _ := os.ReadFile(path)
	write(t, path, strings.Replace(string(text), corpusSum(), "another", 1))
	if got := readIdentified(state); len(got) != 0 {
		t.Errorf("of another corpus: %v", got)
	}
	write(t, path, string(text))
	if err := Sweep(state, nil, nil); err != nil || exists(path) {
		t.Errorf("%v; the file is left: %v", err, exists(path))
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
