package recipes

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/partstest"
)

// cmmiArchive is a source archive, as the stand-in of the unpacker reads it.
const cmmiArchive = `-- foo-1/configure --
#!/bin/sh
for a; do echo "arg:<$a>"; case $a in --prefix=*) prefix=${a#--prefix=};; esac; done > cfg.args
cat > Makefile <<EOF
prefix = $prefix
all:
	echo built > hello
install: all
	mkdir -p \$(prefix)/bin
	cp hello \$(prefix)/bin/hello
	cp cfg.args \$(prefix)/cfg.args
	echo "MK=\$(MK)" > \$(prefix)/mk
EOF
-- foo-1/README --
hello
`

// newCmmi returns a stand with the archive foo.tgz.
func newCmmi(t *testing.T) *stand {
	t.Helper()
	s := newStand(t)
	s.write("foo.tgz", cmmiArchive, 0o644)
	return s
}

// cmmiLinesOf returns the shell text of the commands that a part runs.
func cmmiLinesOf(t *testing.T, r parts.Recipe, lines string) (s *stand, got []string) {
	t.Helper()
	s = newCmmi(t)
	s.install(r, "url = @ROOT@/foo.tgz\n"+lines)
	for _, c := range s.Runner.Commands() {
		got = append(got, strings.ReplaceAll(c.Argv[len(c.Argv)-1], s.Work.Dir, "@ROOT@"))
	}
	return s, got
}

func TestCmmiCommandLines(t *testing.T) {
	const prefix = `"@ROOT@/parts/foo"`
	for _, c := range []struct {
		name, lines string
		want        []string
	}{
		{"defaults", "", []string{"set -e;./configure --prefix=" + prefix + " ", "set -e;make ", "set -e;make  install"}},
		{"options split", "configure-options =\n  --a=\"b   c\"\n  --d=$HOME", []string{
			"set -e;./configure --prefix=" + prefix + ` --a="b c" --d=$HOME`, "set -e;make ", "set -e;make  install",
		}},
		{"own prefix option", "configure-options = --prefix=%(location)s/usr", []string{
			"set -e;./configure --prefix=@ROOT@/parts/foo/usr", "set -e;make ", "set -e;make  install",
		}},
		{"prefix", "prefix = %(location)s/usr", []string{
			`set -e;./configure --prefix="@ROOT@/parts/foo/usr" `, "set -e;make ", "set -e;make  install",
		}},
		{"configure-command", "configure-command =\n  ./x --y", []string{
			"set -e;./x --y ", "set -e;make ", "set -e;make  install prefix=" + prefix,
		}},
		{"explicit target", "configure-command = ./x\nmake-targets =\n  install", []string{
			"set -e;./x ", "set -e;make ", "set -e;make  install prefix=" + prefix,
		}},
		{"other target", "configure-command = ./x\nmake-targets = a\n  b", []string{"set -e;./x ", "set -e;make ", "set -e;make  a b"}},
		{"other make", "configure-command = :\nmake-binary = ninja -C x", []string{"set -e;: ", "set -e;ninja -C x ", "set -e;ninja -C x  install"}},
		{"blank configure-command", "configure-command =", []string{"set -e;./configure --prefix=" + prefix + " ", "set -e;make ", "set -e;make  install"}},
		{"blank make-binary", "configure-command = true\nmake-binary =\nmake-targets = cp README %(location)s/README", []string{
			"set -e;true ", "set -e;  cp README @ROOT@/parts/foo/README",
		}},
		{"blank make-targets", "make-targets =", []string{"set -e;./configure --prefix=" + prefix + " ", "set -e;make ", "set -e;make  "}},
		{"make-options", "version = 7\nmake-options =\n  MK=%(version)s\n  R=100%%", []string{
			"set -e;./configure --prefix=" + prefix + " ", "set -e;make MK=7 R=100%", "set -e;make MK=7 R=100% install",
		}},
		{"scripts", "configure-command = c\nmake-binary = m\nversion = 7\npre-configure = 1\n  %(version)s\npre-build = 3\npre-install = 5\npost-install = 7%%\n", []string{
			"set -e;1\n7", "set -e;c ", "set -e;3", "set -e;m ", "set -e;5", "set -e;m  install", "set -e;7%",
		}},
		{"patches", "configure-command = c\nmake-binary =\nmake-targets =\npatch-binary = gpatch\npatch-options = -p1\n  -N\npatches = README", []string{
			"set -e;gpatch -p1 -N < @ROOT@/parts/foo/.build/foo-1/README", "set -e;c ",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, got := cmmiLinesOf(t, cmmi{}, c.lines)
			if !slices.Equal(got, c.want) {
				t.Errorf("\n got %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestCmmiSteps(t *testing.T) {
	s, _ := cmmiLinesOf(t, cmmi{}, "patches = README\npre-configure = x\npre-build = x\npre-install = x\npost-install = x")
	want := []string{"fetch", "unpack", "patch", "pre-configure", "configure", "pre-build", "make", "pre-install", "install", "post-install"}
	if got := s.Events.Steps(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCmmiSets(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		want        map[string]string
	}{
		{"url", "url = x", map[string]string{
			"location": "@ROOT@/parts/foo", "prefix": "@ROOT@/parts/foo", "compile-directory": "@ROOT@/parts/foo/.build",
		}},
		{"path", "path = @ROOT@/src\nprefix = /usr", map[string]string{"location": "@ROOT@/parts/foo", "compile-directory": "@ROOT@/src"}},
		{"location mark", "url = x\nlocation = @@LOCATION@@\nextra = a@@LOCATION@@b\nprefix = @@LOCATION@@/usr", map[string]string{
			"location": "@ROOT@/parts/foo", "prefix": "@ROOT@/parts/foo/usr", "compile-directory": "@ROOT@/parts/foo/.build", "extra": "a@ROOT@/parts/foob",
		}},
		{"location as computed", "url = x\nlocation = @ROOT@/parts/foo", map[string]string{
			"prefix": "@ROOT@/parts/foo", "compile-directory": "@ROOT@/parts/foo/.build",
		}},
		{"blank prefix", "url = x\nprefix =", map[string]string{
			"location": "@ROOT@/parts/foo", "prefix": "@ROOT@/parts/foo", "compile-directory": "@ROOT@/parts/foo/.build",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t)
			o := s.section(c.lines)
			s.prepare(cmmi{}, o)
			s.checkSet(o, c.want)
		})
	}
}

func TestCmmiRefuses(t *testing.T) {
	sum := strings.Repeat("0", 32)
	checkRefused(t, cmmi{}, []prepareCase{
		{"url and path", "url = x\npath = y", "path", `You must use either "url" or "path", not both!`},
		{"neither", "urll = x", "url", `You must provide either "url" or "path".`},
		{"blank url", "url =", "", `You must provide either "url" or "path".`},
		{"location", "url = x\nlocation = /other", "location", "invalid 'location' value"},
		{"shared", "url = x\nshared = True", "shared", `"True" is not a boolean: it must be true or false`},
		{"shared prefix", "url = x\nshared = true\nprefix = /usr", "prefix", "When shared=true, 'prefix' can't be outside location"},
		{"shared prefix beside", "url = x\nshared = true\nprefix = @ROOT@/parts/foobar", "prefix", "When shared=true, 'prefix' can't be outside location"},
		{"path in location", "path = @@LOCATION@@/src", "path", "the sources in '@ROOT@/parts/foo/src' lie in the location of the part, which is deleted before it is built"},
		{"relative path in location", "path = parts/foo", "path", "the sources in 'parts/foo' lie in the location of the part, which is deleted before it is built"},
		{"keep", "url = x\nkeep-compile-dir = yes", "keep-compile-dir", `"yes" is not a boolean: it must be true or false`},
		{"strip", "url = x\nstrip-top-level-dir = 1", "strip-top-level-dir", `"1" is not a boolean: it must be true or false`},
		{"offline", "url = x\noffline = 1", "offline", `"1" is not a boolean: it must be true or false`},
		{"sha256sum", "url = x\nsha256sum = 12", "sha256sum", `"12" is not an SHA256 checksum: it must be 64 hexadecimal digits`},
		{"environment", "url = x\nenvironment = A=1\n  A=2", "environment", "Key 'A' is repeated"},
		{"environment section", "url = x\nenvironment = none", "environment", "The referenced section, 'none', was not defined."},
		{"patch", "url = x\npatches = #1", "patches", `"#1" names no file`},
		{"hook", "url = x\npre-make-hook = h.py#" + sum, "pre-make-hook", `"h.py#` + sum + `" names no function`},
	})
}

// All that is wrong with a section is told at once.
func TestCmmiRefusesSeveral(t *testing.T) {
	s := newStand(t)
	o := s.section("shared = 1\npath = x\nurl = y\noffline = 1\npatches = #\nenvironment =\n  A=1\n  j\nkeep-compile-dir = 2\npre-make-hook = x\nlocation = z\nmd5sum = 1")
	_, err := cmmi{}.Prepare(t.Context(), o)
	var got []string
	for _, d := range diag.All(err) {
		got = append(got, d.At.Text())
	}
	if want := []string{"1", "2", "x", "z", "x", "1", "j", "#"}; !slices.Equal(got, want) {
		t.Errorf("got %q in\n%v\nwant %q", got, err, want)
	}
}

func TestCmmiKeepOfBuildout(t *testing.T) {
	for value, want := range map[string]bool{"true": true, "false": false, "": false} {
		s := newStand(t)
		o := s.Options("foo", map[string]map[string]string{"foo": {"url": "x", "keep-compile-dir": ""}, "buildout": {"keep-compile-dir": value}})
		if a := s.prepare(cmmi{}, o).(*cmmiAction); a.keep != want {
			t.Errorf("%q: got %t", value, a.keep)
		}
	}
	s := newStand(t)
	o := s.Options("foo", map[string]map[string]string{"foo": {"url": "x"}, "buildout": {"keep-compile-dir": "1"}})
	_, err := cmmi{}.Prepare(t.Context(), o)
	var d *diag.Diagnostic
	if !errors.As(err, &d) || !slices.Equal(d.Path, []string{"buildout", "keep-compile-dir"}) {
		t.Errorf("got %v", err)
	}
}

func TestCmmiRequest(t *testing.T) {
	s := newCmmi(t)
	o := s.section("url = @ROOT@/none\nalternate-url = @ROOT@/foo.tgz\noffline = false\nmd5sum =\nsha256sum = " + strings.Repeat("a", 64))
	a := s.prepare(cmmi{}, o)
	err := a.(*cmmiAction).Run(t.Context(), s.Work)
	if err == nil {
		t.Fatal("a wrong sha256sum was not noticed")
	}
	r := s.Fetcher.Requests()[0]
	_, at, _ := o.Lookup("url")
	if r.URL != s.at("none") || !slices.Equal(r.Alternates, []string{s.at("foo.tgz")}) || r.Offline == nil || *r.Offline || r.At != at ||
		len(r.Sums) != 1 || r.Sums[0].Algorithm != "sha256" {
		t.Errorf("request: %+v", r)
	}
	s.check("parts", "parts dir 0755", "parts/foo dir 0755")
	s.checkOwned()
}

// cmmiShared prepares a part that can be shared in the directory shared.
func cmmiShared(s *stand, lines string) (*partstest.Options, parts.Action) {
	o := s.section("url = @ROOT@/foo.tgz\nshared = true\nenvironment = sec\n" + lines)
	o.SharedDirs = []string{s.at("shared")}
	return o, s.prepare(cmmi{}, o)
}

func TestCmmiShared(t *testing.T) {
	s := newCmmi(t)
	s.write("shared/.keep", "", 0o644)
	o, a := cmmiShared(s, "prefix = @@LOCATION@@/usr")
	location, _, _ := o.Lookup("location")
	if !strings.HasPrefix(location, s.at("shared/foo")+"/") {
		t.Fatalf("location is %s", location)
	}
	if err := a.Run(t.Context(), s.Work); err != nil {
		t.Fatal(err)
	}
	s.checkOwned()
	text, err := os.ReadFile(filepath.Join(location, ".buildout-shared.json"))
	if err != nil || strings.Contains(string(text), "compile-directory") || !strings.Contains(string(text), `"prefix": "@@LOCATION@@/usr"`) {
		t.Errorf("signature: %s, %v", text, err)
	}
	commands := len(s.Runner.Commands())
	// Built already: the same is not built again, and updating does nothing.
	_, again := cmmiShared(s, "prefix = @@LOCATION@@/usr")
	if err := again.Run(t.Context(), s.Work); err != nil {
		t.Fatal(err)
	}
	if err := s.update(again); err != nil {
		t.Fatal(err)
	}
	if n := len(s.Runner.Commands()); n != commands {
		t.Errorf("%d commands, then %d", commands, n)
	}
	// Vanished: updating builds it.
	if err := os.RemoveAll(location); err != nil {
		t.Fatal(err)
	}
	if err := s.update(again); err != nil || isMissing(location) {
		t.Errorf("update: %v", err)
	}
}

func TestCmmiUpdatePrivate(t *testing.T) {
	s := newCmmi(t)
	a := s.install(cmmi{}, "url = @ROOT@/foo.tgz")
	if err := os.RemoveAll(s.at("parts/foo")); err != nil {
		t.Fatal(err)
	}
	commands := len(s.Runner.Commands())
	if err := s.update(a); err != nil || len(s.Runner.Commands()) != commands {
		t.Errorf("an update did something: %v", err)
	}
}

func TestCmmiEnvironment(t *testing.T) {
	s, _ := cmmiLinesOf(t, cmmi{}, "environment =\n  PATH=/opt:%(PATH)s\n  L = -L@@LOCATION@@/lib\n  A=${:version}\nversion = 9")
	env := map[string]bool{}
	for _, v := range s.Runner.Commands()[0].Env {
		env[v] = true
	}
	want := map[string]bool{"A=9": true, "HOME=/home/user": true, "PATH=/opt:/usr/bin:/bin": true, s.fill("L=-L@ROOT@/parts/foo/lib"): true}
	if !maps.Equal(env, want) {
		t.Errorf("got %v, want %v", env, want)
	}
	messages := s.Events.Messages()
	if want := []string{"info: [ENV] A = 9", s.fill("info: [ENV] L = -L@ROOT@/parts/foo/lib"), "info: [ENV] PATH = /opt:/usr/bin:/bin"}; !slices.Equal(messages, want) {
		t.Errorf("messages: got %q, want %q", messages, want)
	}
}

// Command lines that cannot be formatted are told before anything is fetched.
func TestCmmiPercentFails(t *testing.T) {
	for _, c := range []struct{ lines, key, msg string }{
		{"configure-options = --rate=100%", "configure-options", "incomplete format"},
		{"configure-options = --rate=%(nokey)s", "configure-options", "Missing option: foo:nokey"},
		{"make-options = %d", "make-options", "%d names no value: it must be %(name)s"},
		{"make-targets = %(x", "make-targets", "incomplete format key"},
		{"configure-command = date +%Y", "configure-command", "unsupported format character 'Y' (0x59) at index 7"},
	} {
		s := newCmmi(t)
		o := s.section("url = @ROOT@/foo.tgz\n" + c.lines)
		a := s.prepare(cmmi{}, o)
		s.checkFails(a.Run(t.Context(), s.Work), o, c.key, c.msg)
		s.check("parts", "parts dir 0755", "parts/foo dir 0755")
		if n := len(s.Fetcher.Requests()); n != 0 {
			t.Errorf("%s: fetched %d files", c.lines, n)
		}
	}
}

// A script or a variable that cannot be formatted is told where it is needed:
// what was built so far stays, with the script that sets its environment.
func TestCmmiPercentFailsLate(t *testing.T) {
	for _, c := range []struct {
		lines, key, msg string
		commands        int
	}{
		{"pre-configure = echo 5%", "pre-configure", "incomplete format", 0},
		{"post-install = %", "post-install", "incomplete format", 3},
		{"post-install = %(none)s", "post-install", "Missing option: foo:none", 3},
		{"environment = A=%(NONE)s", "environment", "the value of A needs the environment variable NONE, which is not set", 0},
		{"environment = A=100%", "environment", "incomplete format", 0},
	} {
		s := newCmmi(t)
		o := s.section("url = @ROOT@/foo.tgz\n" + c.lines)
		a := s.prepare(cmmi{}, o)
		s.checkFails(a.Run(t.Context(), s.Work), o, c.key, c.msg)
		if isMissing(s.at("parts/foo/.build/foo-1/" + cmmiEnvScript)) {
			t.Errorf("%s: there is no %s", c.lines, cmmiEnvScript)
		}
		if n := len(s.Runner.Commands()); n != c.commands {
			t.Errorf("%s: %d commands, want %d", c.lines, n, c.commands)
		}
	}
}

func TestCmmiPercentHint(t *testing.T) {
	s := newCmmi(t)
	err := s.prepare(cmmi{}, s.section("url = @ROOT@/foo.tgz\nversion = 1\npre-build = %(verson)s")).Run(t.Context(), s.Work)
	var d *diag.Diagnostic
	if !errors.As(err, &d) || !strings.HasSuffix(d.Hint, `did you mean "version"?`) {
		t.Errorf("got %+v", d)
	}
	err = s.prepare(cmmi{}, s.section("url = @ROOT@/foo.tgz\npre-build = date +%s")).Run(t.Context(), s.Work)
	if !errors.As(err, &d) || !strings.HasSuffix(d.Hint, "the text is formatted with %(name)s; a percent sign is written as %%") {
		t.Errorf("got %+v", d)
	}
}
