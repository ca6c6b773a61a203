package recipes

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// cmmiBuilt is the tree of the archive, installed.
func cmmiBuilt(args string) []string {
	return []string{
		"parts/foo dir 0755", "parts/foo/bin dir 0755", `parts/foo/bin/hello file 0644 "built\n"`,
		`parts/foo/cfg.args file 0644 "` + args + `"`, `parts/foo/mk file 0644 "MK=\n"`,
	}
}

func TestCmmiBuild(t *testing.T) {
	s := newCmmi(t)
	s.real()
	s.write("parts/foo/old", "", 0o644)
	s.install(cmmi{}, "url = @ROOT@/foo.tgz\nconfigure-options =\n  --a=\"b   c\"\n  --d='e f'")
	s.check("parts/foo", cmmiBuilt(s.fill(`arg:<--prefix=@ROOT@/parts/foo>\narg:<--a=b c>\narg:<--d=e f>\n`))...)
	s.checkOwned("@ROOT@/parts/foo")
}

func TestCmmiPath(t *testing.T) {
	s := newStand(t)
	s.real()
	configure, _, _ := strings.Cut(strings.TrimPrefix(cmmiArchive, "-- foo-1/configure --\n"), "-- ")
	s.write("tree/configure", configure, 0o755)
	s.install(cmmi{}, "path = tree")
	s.check("parts/foo", cmmiBuilt(s.fill(`arg:<--prefix=@ROOT@/parts/foo>\n`))...)
	entries, err := os.ReadDir(s.at("tree"))
	if err != nil || len(entries) != 4 {
		t.Errorf("tree has %v, %v", entries, err)
	}
	if got := s.Events.Messages()[0]; got != s.fill("info: Using local source directory: @ROOT@/tree") {
		t.Errorf("message: %s", got)
	}
}

func TestCmmiPathFails(t *testing.T) {
	s := newStand(t)
	o := s.section("path = none")
	err := s.prepare(cmmi{}, o).Run(t.Context(), s.Work)
	s.checkFails(err, o, "path", "open @ROOT@/none: no such file or directory")
}

// The steps run in the single directory of the sources.
func TestCmmiSourceDirectory(t *testing.T) {
	for _, c := range []struct{ name, archive, lines, want string }{
		{"single", "-- a/x --\n", "", "parts/foo/.build/a"},
		{"stripped", "-- a/x --\n", "strip-top-level-dir = true", "parts/foo/.build"},
		{"several", "-- a/x --\n-- b --\n", "", "parts/foo/.build"},
		{"single file", "-- a --\n", "", "parts/foo/.build"},
	} {
		s := newStand(t)
		s.write("foo.tgz", c.archive, 0o644)
		s.install(cmmi{}, "url = @ROOT@/foo.tgz\n"+c.lines)
		if got := s.Runner.Commands()[0].Dir; got != s.at(c.want) {
			t.Errorf("%s: got %s", c.name, got)
		}
	}
}

// A link in an archive does not lead the build elsewhere; one of the user does.
func TestSingleDirectoryLink(t *testing.T) {
	s := newStand(t)
	s.write("outside/x", "", 0o644)
	s.write("tree/x", "", 0o644)
	if err := errors.Join(os.Remove(s.at("tree/x")), os.Symlink(s.at("outside"), s.at("tree/link"))); err != nil {
		t.Fatal(err)
	}
	for links, want := range map[bool]string{false: "tree", true: "tree/link"} {
		if got, err := singleDirectory(s.at("tree"), links); got != s.at(want) || err != nil {
			t.Errorf("links %t: got %s, %v", links, got, err)
		}
	}
}

func TestCmmiFailingStep(t *testing.T) {
	s := newCmmi(t)
	s.real("TMPDIR=/outer")
	o := s.section("url = @ROOT@/foo.tgz\nenvironment =\n  B=it's\n  A=1\n  TMPDIR=/x\n  bad-name=1\nmake-binary = sh -c \"touch made; exit 2\"")
	err := s.prepare(cmmi{}, o).Run(t.Context(), s.Work)
	s.checkFails(err, o, "make-binary", "System error: the command returned non-zero exit status 2")
	var d *diag.Diagnostic
	errors.As(err, &d)
	dir := s.at("parts/foo/.build/foo-1")
	if !slices.Equal(d.Path, []string{"foo", "make"}) ||
		!strings.HasPrefix(d.Hint, "The package is left as is at "+dir+" where you can inspect what went wrong. To run it again: cd "+dir+" && . ./slapos.recipe.build.env.sh >/dev/null && /bin/sh -c 'set -e;sh -c ") {
		t.Errorf("path %q, hint %q", d.Path, d.Hint)
	}
	if isMissing(filepath.Join(dir, "made")) {
		t.Error("the sources are gone")
	}
	s.checkOwned()
	script, err := os.ReadFile(filepath.Join(dir, cmmiEnvScript))
	want := "export A=1\nexport B='it'\"'\"'s'\n#export TMPDIR=/x\n#export bad-name=1\n" +
		"echo 'Commands of this build, without its scripts and hooks:'\necho '  ./configure --prefix=\"" + s.at("parts/foo") + "\"'\n" +
		"echo '  sh -c \"touch made; exit 2\"'\necho '  sh -c \"touch made; exit 2\"  install'\n"
	if string(script) != want || err != nil {
		t.Errorf("script, %v:\n got %s\nwant %s", err, script, want)
	}
	for _, line := range []string{
		"foo: Command 'set -e;sh -c \"touch made; exit 2\" ' returned non-zero exit status 2.\n",
		"foo: Compilation error. The package is left as is at " + dir + " where you can inspect what went wrong.\n",
		"A shell script slapos.recipe.build.env.sh has been generated. You can source it in your shell to reproduce build environment.\n",
	} {
		if !strings.Contains(s.Log.String(), line) {
			t.Errorf("the log lacks %q:\n%s", line, s.Log)
		}
	}
	source := exec.CommandContext(t.Context(), "/bin/sh", "-e", "-c", ". ./"+cmmiEnvScript+" >/dev/null; echo $A $B")
	source.Dir = dir
	if got, err := source.CombinedOutput(); string(got) != "1 it's\n" {
		t.Errorf("sourced: %q, %v", got, err)
	}
	// The next run starts anew.
	s.install(cmmi{}, "url = @ROOT@/foo.tgz")
	s.check("parts/foo", cmmiBuilt(s.fill(`arg:<--prefix=@ROOT@/parts/foo>\n`))...)
}

// The place of a failed command is the option that it comes from.
func TestCmmiFailingPlace(t *testing.T) {
	for _, c := range []struct{ step, lines, key string }{
		{"configure", "", ""},
		{"configure", "configure-options = --x", "configure-options"},
		{"configure", "configure-options = --x\nconfigure-command = c", "configure-command"},
		{"make", "make-options = x", "make-options"},
		{"install", "make-options = x\nmake-targets = y", "make-targets"},
		{"pre-build", "pre-build = x", "pre-build"},
		{"patch", "patches = README", "patches"},
	} {
		s := newCmmi(t)
		s.Runner.Fail(c.step, 1)
		o := s.section("url = @ROOT@/foo.tgz\n" + c.lines)
		err := s.prepare(cmmi{}, o).Run(t.Context(), s.Work)
		s.checkFails(err, o, c.key, "System error: the command returned non-zero exit status 1")
	}
}

func TestCmmiFailingLine(t *testing.T) {
	s := newCmmi(t)
	s.real()
	o := s.section("url = @ROOT@/foo.tgz\npre-configure = false\n  touch @ROOT@/reached")
	s.checkFails(s.prepare(cmmi{}, o).Run(t.Context(), s.Work), o, "pre-configure", "System error: the command returned non-zero exit status 1")
	if !isMissing(s.at("reached")) {
		t.Error("the script went on")
	}
}

// A bad patch comes after the sources, which stay; a bad archive leaves an
// empty location.
func TestCmmiFailingFiles(t *testing.T) {
	zeros := strings.Repeat("0", 32)
	for _, c := range []struct {
		lines, key string
		stays      bool
	}{
		{"url = @ROOT@/foo.tgz\nmd5sum = " + zeros, "md5sum", false},
		{"url = @ROOT@/none", "url", false},
		{"url = @ROOT@/foo.tgz\npatches = @ROOT@/foo.tgz#" + zeros, "patches", true},
		{"url = @ROOT@/foo.tgz\npre-make-hook = @ROOT@/foo.tgz#" + zeros + ":f", "pre-make-hook", true},
	} {
		s := newCmmi(t)
		o := s.section(c.lines)
		err := s.prepare(cmmi{}, o).Run(t.Context(), s.Work)
		var d *diag.Diagnostic
		_, at, _ := o.Lookup(c.key)
		if !errors.As(err, &d) || d.At != at || d.Path[0] != "foo" {
			t.Errorf("%s: got %v", c.lines, err)
		}
		if stays := !isMissing(s.at("parts/foo/.build/foo-1/" + cmmiEnvScript)); stays != c.stays {
			t.Errorf("%s: the sources stay: %t", c.lines, stays)
		}
		if !c.stays {
			s.check("parts", "parts dir 0755", "parts/foo dir 0755")
		} else if !strings.HasPrefix(d.Hint, "The package is left as is at ") {
			t.Errorf("hint: %q", d.Hint)
		}
	}
}

func TestCmmiUnpackFails(t *testing.T) {
	s := newCmmi(t)
	s.Fetcher.UnpackFunc = func(archive, dest string, _ parts.Strip) error {
		return errors.Join(os.WriteFile(filepath.Join(dest, "half"), nil, 0o600), errors.New("Not a recognized archive type: "+archive))
	}
	o := s.section("url = @ROOT@/foo.tgz")
	s.checkFails(s.prepare(cmmi{}, o).Run(t.Context(), s.Work), o, "url", "Not a recognized archive type: @ROOT@/foo.tgz")
	s.check("parts", "parts dir 0755", "parts/foo dir 0755")
}

func TestCmmiInterrupted(t *testing.T) {
	s := newCmmi(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.Runner.On("configure", func(parts.Command) error {
		cancel()
		return context.Canceled
	})
	err := s.prepare(cmmi{}, s.section("url = @ROOT@/foo.tgz")).Run(ctx, s.Work)
	if err != context.Canceled {
		t.Errorf("got %v", err)
	}
	if strings.Contains(s.Log.String(), "Compilation error") {
		t.Error("an interruption is told as an error")
	}
}

func TestCmmiKeepCompileDir(t *testing.T) {
	s := newCmmi(t)
	s.install(cmmi{}, "url = @ROOT@/foo.tgz\nkeep-compile-dir = true")
	if isMissing(s.at("parts/foo/.build/foo-1/" + cmmiEnvScript)) {
		t.Error("there is no script")
	}
	if got := s.Events.Messages(); !slices.Equal(got, []string{"info: A shell script slapos.recipe.build.env.sh has been generated."}) {
		t.Errorf("messages: %q", got)
	}
}

func TestCmmiPromises(t *testing.T) {
	s := newCmmi(t)
	s.install(cmmi{}, "url = @ROOT@/foo.tgz\npromises = @ROOT@/foo.tgz\n  foo.tgz\n  @ROOT@/none\n\n  parts/foo/none")
	want := []string{s.fill("warning: could not find promise '@ROOT@/none'"), "warning: could not find promise 'parts/foo/none'"}
	if got := s.Events.Messages(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCmmiShebang(t *testing.T) {
	s := newCmmi(t)
	script := "#!/" + strings.Repeat("x", 200) + "\n"
	s.Runner.On("install", func(parts.Command) error {
		s.write("parts/foo/bin/x", script, 0o755)
		return nil
	})
	s.install(cmmi{}, "url = @ROOT@/foo.tgz")
	if text, err := os.ReadFile(s.at("parts/foo/bin/x.shebang")); err != nil || string(text) != script {
		t.Errorf("got %q, %v", text, err)
	}
}

// Hooks see the part and the sections that they name, and change what follows.
func TestCmmiHooks(t *testing.T) {
	s := newCmmi(t)
	s.real()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("this machine has no python3")
	}
	s.write("hook.py", `import os
def before(options, buildout, environ):
    environ['MK'] = environ['A'] + options['version'] + buildout['sec']['x']
    options['said'] = 'by the hook'
def after(options, buildout):
    with open(os.path.join(options['location'], 'hook'), 'w') as f:
        f.write(os.path.basename(os.getcwd()))
`, 0o644)
	s.install(cmmi{}, `url = @ROOT@/foo.tgz
version = 5
environment = A=hk
pre-configure-hook = @ROOT@/hook.py:before
make-options = MK=$MK
post-make-hook = @ROOT@/hook.py:after
post-install = echo %(said)s > %(location)s/said`)
	for name, want := range map[string]string{"mk": "MK=hk5X\n", "hook": "foo-1", "said": "by the hook\n"} {
		if got, err := os.ReadFile(s.at("parts/foo/" + name)); string(got) != want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
	want := []string{"fetch", "unpack", "pre-configure-hook", "configure", "make", "install", "post-make-hook", "post-install"}
	if got := s.Events.Steps(); !slices.Equal(got, want) {
		t.Errorf("steps: got %q, want %q", got, want)
	}
}
