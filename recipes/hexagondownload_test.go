package recipes

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"testing"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// hexagondownloadSet are the options that the recipe sets.
func hexagondownloadSet(more map[string]string) map[string]string {
	set := map[string]string{
		"destination": "@ROOT@/parts/foo", "location": "@ROOT@/parts/foo", "strip-top-level-dir": "false",
		"ignore-existing": "false", "download-only": "false", "hash-name": "true", "on-update": "false", "filename": "",
	}
	maps.Copy(set, more)
	maps.DeleteFunc(set, func(_, value string) bool { return value == "-" })
	return set
}

func TestHexagondownload(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		set         map[string]string
		owned, want []string
	}{
		{"plain", "", nil, []string{"@ROOT@/parts/foo", "@ROOT@/parts/foo/top"},
			[]string{"top dir 0755", `top/x file 0755 "X\n"`, "top/d dir 0755", `top/d/y file 0755 "Y\n"`}},
		{"strip", "strip-top-level-dir = Yes", map[string]string{"strip-top-level-dir": "-"},
			[]string{"@ROOT@/parts/foo", "@ROOT@/parts/foo/d", "@ROOT@/parts/foo/x"},
			[]string{`x file 0755 "X\n"`, "d dir 0755", `d/y file 0755 "Y\n"`}},
		{"exclude", "strip-top-level-dir = on\nexcludes =\n  *y\n  top/d", map[string]string{"strip-top-level-dir": "-"},
			[]string{"@ROOT@/parts/foo", "@ROOT@/parts/foo/x"}, []string{`x file 0755 "X\n"`}},
		{"exclude a directory with files", "excludes = top/d", nil,
			[]string{"@ROOT@/parts/foo", "@ROOT@/parts/foo/top"},
			[]string{"top dir 0755", `top/x file 0755 "X\n"`, "top/d dir 0755", `top/d/y file 0755 "Y\n"`}},
		{"download only", "download-only = true", map[string]string{"download-only": "-"},
			[]string{"@ROOT@/parts/foo"}, []string{`p.tgz file 0640 "-- top/x --\nX\n-- top/d/y --\nY\n"`}},
		{"filename and mode", "download-only = 1\nfilename = a.b\nmode = 0751", map[string]string{"download-only": "-", "filename": "-"},
			[]string{"@ROOT@/parts/foo"}, []string{`a.b file 0751 "-- top/x --\nX\n-- top/d/y --\nY\n"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t)
			s.write("src/p.tgz", unpackedArchive, 0o640)
			o := s.section("url = @ROOT@/src/p.tgz\n" + c.lines)
			a := s.prepare(hexagondownloadRecipe{}, o)
			s.checkSet(o, hexagondownloadSet(c.set))
			if err := a.Run(t.Context(), s.Work); err != nil {
				t.Fatal(err)
			}
			want := []string{"parts/foo dir 0755"}
			for _, line := range c.want {
				want = append(want, "parts/foo/"+line)
			}
			s.check("parts/foo", want...)
			s.checkOwned(c.owned...)
		})
	}
}

func TestHexagondownloadExisting(t *testing.T) {
	for _, keep := range []bool{false, true} {
		s := newStand(t)
		s.write("p.tgz", "-- a --\nA\n-- top --\nT\n", 0o644)
		s.write("out/top", "mine", 0o644)
		lines := "url = @ROOT@/p.tgz\ndestination = @ROOT@/out\n"
		if keep {
			s.install(hexagondownloadRecipe{}, lines+"ignore-existing = true")
			s.check("out", "out dir 0755", `out/a file 0755 "A\n"`, `out/top file 0644 "mine"`)
			s.checkOwned("@ROOT@/out/a")
			continue
		}
		o := s.section(lines)
		err := s.prepare(hexagondownloadRecipe{}, o).Run(t.Context(), s.Work)
		s.checkFails(err, o, "url", "File or directory already exists.")
		s.check("out", "out dir 0755", `out/top file 0644 "mine"`)
		s.checkOwned()
	}
}

func TestHexagondownloadUpdate(t *testing.T) {
	for lines, requests := range map[string]int{"": 1, "on-update = yes\ndownload-only = yes": 2} {
		s := newStand(t)
		s.write("p.tgz", unpackedArchive, 0o644)
		a := s.install(hexagondownloadRecipe{}, "url = @ROOT@/p.tgz\n"+lines)
		if err := s.update(a); err != nil || len(s.Fetcher.Requests()) != requests {
			t.Errorf("%q: %d requests, %v", lines, len(s.Fetcher.Requests()), err)
		}
		if lines != "" {
			s.checkOwned("@ROOT@/parts/foo")
		}
	}
}

// brokenFetcher cannot unpack anything.
type brokenFetcher struct{ parts.Fetcher }

func (brokenFetcher) Unpack(context.Context, string, string, parts.Strip) error {
	return diag.At(diag.Span{}, "archive-kind", "Not a recognized archive type: x")
}

func TestHexagondownloadNoPackage(t *testing.T) {
	s := newStand(t)
	s.write("p.tgz", "x", 0o644)
	s.Work.Fetch = brokenFetcher{s.Work.Fetch}
	o := s.section("url = @ROOT@/p.tgz")
	s.checkFails(s.prepare(hexagondownloadRecipe{}, o).Run(t.Context(), s.Work), o, "url", "Package extraction error: Not a recognized archive type: x")
}

func TestHexagondownloadFails(t *testing.T) {
	s := newStand(t)
	s.write("p.tgz", "-- a --\nA\n-- b --\nB\n", 0o644)
	o := s.section("url = @ROOT@/p.tgz\nstrip-top-level-dir = true")
	s.checkFails(s.prepare(hexagondownloadRecipe{}, o).Run(t.Context(), s.Work), o, "url", "Invalid package contents")
	s.check("parts/foo", "parts/foo dir 0755")
	s.checkOwned()
	o = s.section("url = @ROOT@/parts\ndownload-only = true")
	s.checkFails(s.prepare(hexagondownloadRecipe{}, o).Run(t.Context(), s.Work), o, "url", "'@ROOT@/parts' is a directory")
}

// TestHexagondownloadCopy: what is moved to another file system is the same.
func TestHexagondownloadCopy(t *testing.T) {
	s := newStand(t)
	s.write("from/d/f", "x", 0o644)
	s.write("from/f", "y", 0o750)
	if err := errors.Join(os.Chmod(s.at("from/d"), 0o700), os.Symlink("no/where", s.at("from/l"))); err != nil {
		t.Fatal(err)
	}
	s.write("to/.k", "", 0o644)
	for _, name := range []string{"d", "f", "l"} {
		if err := hexagondownloadCopy(t.Context(), s.Work, s.at("from/"+name), s.at("to/"+name)); err != nil {
			t.Error(err)
		}
	}
	s.check("to", "to dir 0755", `to/.k file 0644 ""`, "to/d dir 0700", `to/d/f file 0644 "x"`, `to/f file 0750 "y"`, "to/l link no/where")
	if err := hexagondownloadCopy(t.Context(), s.Work, s.at("none"), s.at("to/none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestHexagondownloadRefused(t *testing.T) {
	checkRefused(t, hexagondownloadRecipe{}, []prepareCase{
		{"no url", "a = b", "url", "Missing option: foo:url"},
		{"no name", "url = http://h/d/\ndownload-only = yes", "filename", "'http://h/d/' does not name a file: set filename"},
		{"mode", "url = u\ndownload-only = on\nmode = x", "mode", `"x" is not a file mode: it must be octal digits such as 0644`},
		{"blank destination", "url = u\ndestination =", "destination", "the path is blank"},
		{"sha256sum", "url = u\nsha256sum = 12", "sha256sum", `"12" is not an SHA256 checksum: it must be 64 hexadecimal digits`},
	})
}

func TestHexagondownloadName(t *testing.T) {
	for lines, want := range map[string]string{
		"url = http://h/a/b.tgz?x=/y": "b.tgz", "url = /a/b": "b", "url = u\nfilename = f": "f",
	} {
		if got, err := hexagondownloadName(newStand(t).section(lines)); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", lines, got, err, want)
		}
	}
}

// TestHexagondownloadPattern has results of Python's fnmatch.fnmatchcase.
func TestHexagondownloadPattern(t *testing.T) {
	for _, c := range []struct {
		pattern string
		yes, no []string
	}{
		{"*y", []string{"y", "top/d/y", "\ny"}, []string{"top/yx"}},
		{"a?c", []string{"abc", "a/c", "a\u00e9c"}, []string{"ac", "abbc"}},
		{"[ab]*", []string{"a", "bx"}, []string{"c", ""}},
		{"[!ab]", []string{"c", "^"}, []string{"a", ""}},
		{"[]x]", []string{"]", "x"}, []string{"[", ""}},
		{"[!]x]", []string{"y"}, []string{"]", "x"}},
		{"[^a]", []string{"^", "a"}, []string{"b"}},
		{"a[", []string{"a["}, []string{"a"}},
		{"a[!", []string{"a[!"}, []string{"a"}},
		{"a[b", []string{"a[b"}, []string{"ab"}},
		{`\[.(`, []string{`\[.(`}, []string{`[.(`}},
		{"[z-a]", nil, []string{"a", "z", "-"}},
		{"", []string{""}, []string{"a"}},
		{"\u00e9*", []string{"\u00e9t"}, []string{"e"}},
	} {
		p := hexagondownloadCompile(c.pattern)
		for _, name := range c.yes {
			if !p.matches(name) {
				t.Errorf("%q does not match %q", c.pattern, name)
			}
		}
		if i := slices.IndexFunc(c.no, p.matches); i >= 0 {
			t.Errorf("%q matches %q", c.pattern, c.no[i])
		}
	}
}

func FuzzHexagondownloadPattern(f *testing.F) {
	for _, seed := range []string{"*", "[", "[!]", "[]a-]", `\`, "[z-a]", "[[:alpha:]]"} {
		f.Add(seed, "name")
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		p := hexagondownloadCompile(pattern)
		p.matches(name)
		if all := hexagondownloadCompile("*"); !all.matches(name) {
			t.Errorf("* does not match %q", name)
		}
	})
}
