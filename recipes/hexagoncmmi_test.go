package recipes

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/diag"
)

func TestHexagoncmmiCommandLines(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		want        []string
	}{
		{"defaults", "", []string{`./configure --prefix="@ROOT@/parts/foo"`, "make ", "make  install"}},
		{"no percent, no mark", "configure-options = 100% %(x)s @@LOCATION@@", []string{
			`./configure --prefix="@ROOT@/parts/foo" 100% %(x)s @@LOCATION@@`, "make ", "make  install",
		}},
		{"own prefix option", "configure-options = --prefix=/x", []string{"./configure --prefix=/x", "make ", "make  install"}},
		{"prefix", "prefix = /usr", []string{`./configure --prefix="/usr"`, "make ", "make  install"}},
		{"commands", "configure-command = c\nmake-binary = gmake\nmake-options = a\n  b\nmake-targets = x\n  y", []string{"c ", "gmake a b", "gmake a b x y"}},
		{"patches", "configure-command = c\npatch-binary = gpatch\npatch-options = -p1\npatches =\n  a.patch\n  /b.patch", []string{
			"gpatch -p1 < a.patch", "gpatch -p1 < /b.patch", "c ", "make ", "make  install",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, got := cmmiLinesOf(t, hexagoncmmi{}, c.lines)
			if !slices.Equal(got, c.want) {
				t.Errorf("\n got %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestHexagoncmmiSets(t *testing.T) {
	s := newStand(t)
	o := s.section("url = x")
	s.prepare(hexagoncmmi{}, o)
	s.checkSet(o, map[string]string{
		"location": "@ROOT@/parts/foo", "prefix": "@ROOT@/parts/foo", "compile-directory": "@ROOT@/parts/foo__compile__", "path": "",
	})
	o = s.section("path = @ROOT@/src\nprefix = /usr\nlocation = /x")
	s.prepare(hexagoncmmi{}, o)
	s.checkSet(o, map[string]string{"location": "@ROOT@/parts/foo", "compile-directory": "@ROOT@/src", "url": ""})
}

func TestHexagoncmmiRefuses(t *testing.T) {
	checkRefused(t, hexagoncmmi{}, []prepareCase{
		{"url and path", "url = x\npath = y", "path", `You must use either "url" or "path", not both!`},
		{"neither", "recipe = x", "", `You must provide either "url" or "path".`},
		{"environment", "url = x\nenvironment = junk", "environment", "Invalid environment variable definition: junk"},
		{"percent", "url = x\nenvironment = A=%", "environment", "incomplete format"},
		{"hook", "url = x\npost-make-hook = x", "post-make-hook", `"x" names no function`},
		{"sha256sum", "url = x\nsha256sum = 1", "sha256sum", `"1" is not an SHA256 checksum: it must be 64 hexadecimal digits`},
	})
}

func TestHexagoncmmiEnvironment(t *testing.T) {
	s := newCmmi(t)
	a := s.prepare(hexagoncmmi{}, s.Options("foo", map[string]map[string]string{
		"foo": {"url": s.at("foo.tgz"), "environment-section": " e ", "environment": "A=inline\nB = %(PATH)s"},
		"e":   {"A": "sec", "C": "sec"},
	}))
	if err := a.Run(t.Context(), s.Work); err != nil {
		t.Fatal(err)
	}
	if got, want := s.Runner.Commands()[0].Env, []string{"A=inline", "B= /usr/bin:/bin", "C=sec", "HOME=/home/user", "PATH=/usr/bin:/bin"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	// A section that does not exist is no error.
	s.install(hexagoncmmi{}, "url = @ROOT@/foo.tgz\nenvironment-section = none")
	s.Runner.Env = nil
	o := s.section("url = @ROOT@/foo.tgz\nenvironment = A=%(PATH)s")
	err := s.prepare(hexagoncmmi{}, o).Run(t.Context(), s.Work)
	s.checkFails(err, o, "environment", "the value of A needs the environment variable PATH, which is not set")
}

func TestHexagoncmmiBuild(t *testing.T) {
	s := newCmmi(t)
	s.real()
	s.write("parts/foo/old", "", 0o644)
	s.write("parts/foo__compile__/old", "", 0o644)
	s.install(hexagoncmmi{}, "url = @ROOT@/foo.tgz")
	s.check("parts", append(cmmiBuilt(s.fill(`arg:<--prefix=@ROOT@/parts/foo>\n`)), "parts dir 0755", `parts/foo/old file 0644 ""`)...)
	s.checkOwned("@ROOT@/parts/foo")
	want := []string{s.fill("warning: Removing already existing directory @ROOT@/parts/foo__compile__"), s.fill("info: Extracting package to @ROOT@/parts/foo__compile__")}
	if got := s.Events.Messages(); !slices.Equal(got, want) {
		t.Errorf("messages: got %q, want %q", got, want)
	}
}

func TestHexagoncmmiKeepsCompileDir(t *testing.T) {
	for value, keep := range map[string]bool{"true": true, "YES": true, "1": true, "on": true, "false": false, "y": false} {
		s := newCmmi(t)
		s.install(hexagoncmmi{}, "url = @ROOT@/foo.tgz\nkeep-compile-dir = "+value)
		if isMissing(s.at("parts/foo__compile__")) == keep {
			t.Errorf("%s: kept is %t", value, !keep)
		}
		if keep {
			s.checkOwned("@ROOT@/parts/foo", "@ROOT@/parts/foo__compile__")
		}
	}
}

func TestHexagoncmmiPath(t *testing.T) {
	s := newStand(t)
	s.write("src/only/configure", "", 0o755)
	s.install(hexagoncmmi{}, "path = @ROOT@/src\nkeep-compile-dir = true")
	s.checkOwned("@ROOT@/parts/foo")
	if got := s.Runner.Commands()[0].Dir; got != s.at("src/only") {
		t.Errorf("runs in %s", got)
	}
	if got := s.Events.Messages(); !slices.Equal(got, []string{s.fill("info: Using local source directory: @ROOT@/src")}) {
		t.Errorf("messages: %q", got)
	}
}

func TestHexagoncmmiArchiveOptions(t *testing.T) {
	s := newCmmi(t)
	s.Runner.Fail("configure", 1)
	o := s.section("url = @ROOT@/foo.tgz\nexcludes = */README\nstrip-top-level-dir = yes")
	s.checkFails(s.prepare(hexagoncmmi{}, o).Run(t.Context(), s.Work), o, "", "System error: the command returned non-zero exit status 1")
	entries, err := os.ReadDir(s.at("parts/foo__compile__"))
	if err != nil || len(entries) != 1 || entries[0].Name() != "configure" {
		t.Errorf("sources: %v, %v", entries, err)
	}
}

func TestHexagoncmmiFails(t *testing.T) {
	s := newCmmi(t)
	s.Runner.Fail("make", 1)
	o := s.section("url = @ROOT@/foo.tgz\nmake-binary = make")
	err := s.prepare(hexagoncmmi{}, o).Run(t.Context(), s.Work)
	s.checkFails(err, o, "make-binary", "System error: the command returned non-zero exit status 1")
	var d *diag.Diagnostic
	errors.As(err, &d)
	if want := s.fill("The package is left as is at @ROOT@/parts/foo__compile__/foo-1 where you can inspect what went wrong. To run it again: cd @ROOT@/parts/foo__compile__/foo-1 && /bin/sh -c 'make '"); d.Hint != want {
		t.Errorf("hint: %q", d.Hint)
	}
	if isMissing(s.at("parts/foo__compile__/foo-1/configure")) || isMissing(s.at("parts/foo")) {
		t.Error("the sources or the location are gone")
	}
	s.checkOwned()
}

func TestHexagoncmmiFetchFails(t *testing.T) {
	s := newStand(t)
	o := s.section("url = @ROOT@/none")
	err := s.prepare(hexagoncmmi{}, o).Run(t.Context(), s.Work)
	s.checkFails(err, o, "url", "cannot fetch @ROOT@/none")
	if !isMissing(s.at("parts/foo__compile__")) || !isMissing(s.at("parts/foo")) {
		t.Error("something is left")
	}
}

// A hook gets a copy of the environment.
func TestHexagoncmmiHook(t *testing.T) {
	s := newCmmi(t)
	s.real()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("this machine has no python3")
	}
	s.write("h.py", "def f(options, buildout, environ):\n    environ['MK'] = 'changed'\n    open('seen', 'w').write(environ['A'])\n", 0o644)
	s.install(hexagoncmmi{}, "url = @ROOT@/foo.tgz\nenvironment = A=1\npre-make-hook = @ROOT@/h.py:f\nmake-targets = install && cp seen @ROOT@/seen")
	s.check("seen", `seen file 0644 "1"`)
	s.check("parts/foo/mk", `parts/foo/mk file 0644 "MK=\n"`)
	if got := strings.Join(s.Events.Steps(), " "); got != "fetch unpack configure pre-make-hook make install" {
		t.Errorf("steps: %s", got)
	}
}
