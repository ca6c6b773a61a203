package recipes

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// newZccmmi returns a stand whose temporary files are in tmp.
func newZccmmi(t *testing.T) *stand {
	t.Helper()
	s := newCmmi(t)
	s.write("tmp/.keep", "", 0o644)
	s.Runner.Env = append(s.Runner.Env, "TMPDIR="+s.at("tmp"))
	return s
}

// left returns what builds left in tmp.
func (s *stand) left() []string {
	s.t.Helper()
	found, err := filepath.Glob(s.at("tmp/gobuild-foo-*/source"))
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

func TestZccmmiCommandLines(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		want        []string
	}{
		{"defaults", "", []string{`./configure --prefix="@ROOT@/parts/foo"`, "make", "make install"}},
		{"extra_options", "extra_options = -a\n  -b  c", []string{`./configure --prefix="@ROOT@/parts/foo" -a -b c`, "make", "make install"}},
		{"configure-options", "configure-options =\n  --bindir=bin\n  -x\nextra_options = y", []string{"./configure --bindir=bin -x y", "make", "make install"}},
		{"blank configure-options", "configure-options =", []string{"./configure ", "make", "make install"}},
		{"configure-command", "configure-command = ./c.py\nsource-directory-contains = README", []string{
			`./c.py --prefix="@ROOT@/parts/foo"`, "make", "make install",
		}},
		{"patch", "patch = README\npatch_options = -p1", []string{"patch -p1 < README", `./configure --prefix="@ROOT@/parts/foo"`, "make", "make install"}},
		{"autogen", "autogen = auto.sh", []string{"./auto.sh", `./configure --prefix="@ROOT@/parts/foo"`, "make", "make install"}},
		{"location", "location = @ROOT@/other", []string{`./configure --prefix="@ROOT@/other/foo"`, "make", "make install"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, got := cmmiLinesOf(t, zccmmi{}, c.lines)
			for i, line := range got { // patches are in the temporary directory
				if before, path, ok := strings.Cut(line, " < "); ok {
					got[i] = before + " < " + filepath.Base(path)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("\n got %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestZccmmiBuild(t *testing.T) {
	s := newCmmi(t)
	s.write("tmp/.keep", "", 0o644)
	s.real("TMPDIR=" + s.at("tmp"))
	s.write("parts/foo/old", "", 0o644)
	s.install(zccmmi{}, "url = @ROOT@/foo.tgz")
	s.check("parts/foo", append(cmmiBuilt(s.fill(`arg:<--prefix=@ROOT@/parts/foo>\n`)), `parts/foo/old file 0644 ""`)...)
	s.checkOwned("@ROOT@/parts/foo")
	if entries, err := os.ReadDir(s.at("tmp")); len(entries) != 1 {
		t.Errorf("left in the temporary directory: %v, %v", entries, err)
	}
}

func TestZccmmiEnvironment(t *testing.T) {
	s := newZccmmi(t)
	s.install(zccmmi{}, "url = @ROOT@/foo.tgz\nenvironment =\n  CFLAGS=-I/yyy -I/xxx --x=y 2=1+1 a=b")
	want := []string{"CFLAGS=-I/yyy -I/xxx --x=y 2=1+1", "HOME=/home/user", "PATH=/usr/bin:/bin", "TMPDIR=" + s.at("tmp"), "a=b"}
	if got := s.Runner.Commands()[0].Env; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	messages := []string{"info: Updating environment: CFLAGS=-I/yyy -I/xxx --x=y 2=1+1", "info: Updating environment: a=b"}
	if got := s.Events.Messages(); !slices.Equal(got, messages) {
		t.Errorf("messages: got %q, want %q", got, messages)
	}
}

func TestZccmmiRefuses(t *testing.T) {
	checkRefused(t, zccmmi{}, []prepareCase{
		{"no url", "recipe = x", "", "Missing option: foo:url"},
		{"environment", "url = x\nenvironment = 2=1 A=1", "environment", "Bad environment setting '2=1'"},
		{"shared", "url = x\nshared = True", "shared", "Set the 'shared' option of zc.recipe.cmmi to an existing directory, or set ${buildout:download-cache}"},
		{"sha256sum", "url = x\nsha256sum = 1", "sha256sum", `"1" is not an SHA256 checksum: it must be 64 hexadecimal digits`},
	})
}

func TestZccmmiFails(t *testing.T) {
	s := newZccmmi(t)
	s.Runner.Fail("install", 2)
	o := s.section("url = @ROOT@/foo.tgz")
	err := s.prepare(zccmmi{}, o).Run(t.Context(), s.Work)
	s.checkFails(err, o, "", "System error: the command returned non-zero exit status 2")
	left := s.left()
	if len(left) != 1 || !isMissing(s.at("parts/foo")) {
		t.Fatalf("left %q; the location is there: %t", left, !isMissing(s.at("parts/foo")))
	}
	var d *diag.Diagnostic
	errors.As(err, &d)
	if want := "The sources are left in " + left[0] + ". To run it again: cd " + left[0] + "/foo-1 && /bin/sh -c 'make install'"; d.Hint != want {
		t.Errorf("hint:\n got %s\nwant %s", d.Hint, want)
	}
	if !strings.Contains(s.Log.String(), "foo: cmmi failed: "+left[0]+"\n") {
		t.Errorf("log: %s", s.Log)
	}
}

// What cannot be fetched leaves nothing.
func TestZccmmiFetchFails(t *testing.T) {
	zeros := strings.Repeat("0", 32)
	for _, c := range []struct{ lines, key string }{
		{"url = @ROOT@/none", "url"},
		{"url = @ROOT@/foo.tgz\nmd5sum = " + zeros, "md5sum"},
		{"url = @ROOT@/foo.tgz\npatch = @ROOT@/foo.tgz\npatch-md5sum = " + zeros, "patch-md5sum"},
		{"url = @ROOT@/foo.tgz\npatch = none", "patch"},
	} {
		s := newZccmmi(t)
		o := s.section(c.lines)
		err := s.prepare(zccmmi{}, o).Run(t.Context(), s.Work)
		var d *diag.Diagnostic
		if _, at, _ := o.Lookup(c.key); !errors.As(err, &d) || d.At != at {
			t.Errorf("%s: got %v", c.lines, err)
		}
		if left := s.left(); len(left) != 0 || !isMissing(s.at("parts/foo")) || len(s.Runner.Commands()) != 0 {
			t.Errorf("%s: left %q", c.lines, left)
		}
	}
}

func TestZccmmiFindsSource(t *testing.T) {
	for _, c := range []struct{ name, archive, lines, want string }{
		{"in one directory", "-- a/configure --\n", "", "a"},
		{"at the top", "-- configure --\n", "", "."},
		{"other mark", "-- a/x.py --\n", "source-directory-contains = x.py", "a"},
		{"autogen at the top", "-- auto --\n-- a/configure --\n", "autogen = auto", ""},
		{"autogen below", "-- a/auto --\n", "autogen = auto", ""},
		{"none", "-- a/b --\n", "", ""},
		{"none in two", "-- a/configure --\n-- b/configure --\n", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newZccmmi(t)
			s.write("foo.tgz", c.archive, 0o644)
			o := s.section("url = @ROOT@/foo.tgz\n" + c.lines)
			err := s.prepare(zccmmi{}, o).Run(t.Context(), s.Work)
			if c.want == "" {
				s.checkFails(err, o, "source-directory-contains", "Couldn't find configure")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			dir := s.Runner.Commands()[0].Dir
			if got := filepath.Base(dir); got != c.want && !(c.want == "." && got == "source") {
				t.Errorf("configured in %s", dir)
			}
		})
	}
}

// Autogen may make the file that marks the sources.
func TestZccmmiAutogen(t *testing.T) {
	s := newZccmmi(t)
	s.write("foo.tgz", "-- a/auto --\n", 0o644)
	s.Runner.On("autogen", func(c parts.Command) error {
		return os.WriteFile(filepath.Join(c.Dir, "configure"), nil, 0o755)
	})
	s.install(zccmmi{}, "url = @ROOT@/foo.tgz\nautogen = auto")
	if got := strings.Join(s.Events.Steps(), " "); got != "fetch unpack autogen configure make install" {
		t.Errorf("steps: %s", got)
	}
}

func TestZccmmiSharedDirectory(t *testing.T) {
	s := newZccmmi(t)
	s.write("shared/.keep", "", 0o644)
	const lines = "url = @ROOT@/foo.tgz\nshared = shared"
	a := s.install(zccmmi{}, lines)
	o := s.section(lines)
	s.prepare(zccmmi{}, o)
	s.checkSet(o, map[string]string{"location": "@ROOT@/shared/cmmi"})
	s.checkOwned()
	commands := len(s.Runner.Commands())
	s.install(zccmmi{}, lines)
	if got := s.Events.Messages(); !slices.Equal(got, []string{"info: using existing shared build"}) || len(s.Runner.Commands()) != commands {
		t.Errorf("messages %q, %d commands", got, len(s.Runner.Commands()))
	}
	// An update builds what has vanished, and what was killed.
	for _, change := range []func() error{
		func() error { return os.RemoveAll(s.at("shared/cmmi")) },
		func() error { return os.WriteFile(zccmmiUnfinished(s.at("shared/cmmi")), nil, 0o600) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if err := s.update(a); err != nil || isMissing(s.at("shared/cmmi")) || !isMissing(zccmmiUnfinished(s.at("shared/cmmi"))) {
			t.Errorf("update: %v", err)
		}
		if n := len(s.Runner.Commands()); n != commands+3 {
			t.Errorf("%d commands more, want 3", n-commands)
		}
		commands += 3
	}
	if err := s.update(a); err != nil || len(s.Runner.Commands()) != commands {
		t.Errorf("updating a good part did something: %v", err)
	}
}

func TestZccmmiSharedFails(t *testing.T) {
	s := newZccmmi(t)
	s.write("shared/.keep", "", 0o644)
	s.Runner.Fail("make", 1)
	if err := s.prepare(zccmmi{}, s.section("url = @ROOT@/foo.tgz\nshared = shared")).Run(t.Context(), s.Work); err == nil {
		t.Fatal("no error")
	}
	if !isMissing(s.at("shared/cmmi")) || !isMissing(zccmmiUnfinished(s.at("shared/cmmi"))) {
		t.Error("the failed build counts as a good one")
	}
}

// The digest is that of zc.recipe.cmmi 5.1 for the same options.
func TestZccmmiSharedInCache(t *testing.T) {
	for _, c := range []struct{ lines, digest string }{
		{"url = http://h/x", "41c5298ce151064c8f7dcac9be033c4c5127594f"},
		{"url = http://h/x\nextra_options = -a\n  -b\nautogen = g\npatch = p\npatch_options = -p1\nenvironment = B=2 A=1", "f2a7b7dd56f11eb865bc4f83748d5447e978c94c"},
	} {
		s := newStand(t)
		o := s.section(c.lines + "\nshared = True")
		o.Sections["buildout"] = map[string]string{"download-cache": "cache"}
		s.prepare(zccmmi{}, o)
		s.checkSet(o, map[string]string{"location": "@ROOT@/cache/cmmi/build/" + c.digest})
	}
}

func TestZccmmiUpdatePrivate(t *testing.T) {
	s := newZccmmi(t)
	a := s.install(zccmmi{}, "url = @ROOT@/foo.tgz")
	if err := s.update(a); err != nil || len(s.Runner.Commands()) != 3 {
		t.Errorf("kept: %v", err)
	}
	if err := os.RemoveAll(s.at("parts/foo")); err != nil {
		t.Fatal(err)
	}
	if err := s.update(a); err != nil || len(s.Runner.Commands()) != 6 {
		t.Errorf("vanished: %v", err)
	}
}

// A location that holds the buildout directory is not deleted.
func TestZccmmiFailsAboveBuildout(t *testing.T) {
	s := newZccmmi(t)
	s.Runner.Fail("make", 1)
	base, name := filepath.Split(s.Work.Dir)
	o := s.Options(name, map[string]map[string]string{name: {"url": s.at("foo.tgz"), "location": base}})
	if err := s.prepare(zccmmi{}, o).Run(t.Context(), s.Work); err == nil || isMissing(s.at("foo.tgz")) {
		t.Errorf("got %v", err)
	}
}
