package recipes

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/run"
)

// real makes the part run real processes with the variables of env.
func (s *stand) real(env ...string) {
	s.Work.Proc = run.New(run.Config{
		Part: "foo", Dir: s.Work.Dir, Log: s.Log, Env: append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.Work.Dir}, env...),
	})
}

// newTestBuilder returns a builder in the buildout directory.
func newTestBuilder(s *stand, lines string, set map[string]string) *builder {
	b := newBuilder(s.Work, snapshotOptions(s.section(lines)), set)
	b.dir = s.Work.Dir
	return b
}

func TestShell(t *testing.T) {
	s := newStand(t)
	s.Runner.Env = []string{"A=outer", "HOME=/home"}
	b := newTestBuilder(s, "make-options = x", map[string]string{"A": "inner", "B": "b c"})
	b.strict = true
	if err := b.shell(t.Context(), "make", "make -j\ntrue", b.options.place("make-options")); err != nil {
		t.Fatal(err)
	}
	c := s.Runner.Commands()[0]
	if got, want := strings.Join(c.Argv, "|"), "/bin/sh|-c|set -e;make -j\ntrue"; got != want {
		t.Errorf("argv: got %q, want %q", got, want)
	}
	if !slices.Equal(c.Env, []string{"A=inner", "B=b c", "HOME=/home"}) || c.Dir != s.Work.Dir || c.Step != "make" {
		t.Errorf("command: %+v", c)
	}
	if got := s.Events.Steps(); !slices.Equal(got, []string{"make"}) {
		t.Errorf("steps: %q", got)
	}
}

func TestShellFails(t *testing.T) {
	for _, c := range []struct {
		name string
		exit parts.ExitError
		msg  string
	}{
		{"status", parts.ExitError{Code: 3}, "System error: the command returned non-zero exit status 3"},
		{"signal", parts.ExitError{Code: -1, Signal: "SIGKILL"}, "System error: the command was killed by SIGKILL"},
		{"not started", parts.ExitError{Code: -1, Err: errors.New("no such shell")}, "System error: the command could not be started: no such shell"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t)
			s.Runner.On("make", func(parts.Command) error { return &c.exit })
			o := s.section("make-options = x")
			b := newBuilder(s.Work, snapshotOptions(o), map[string]string{"B": "b c"})
			b.dir = "/a b"
			err := b.left(b.shell(t.Context(), "make", "make x", b.options.place("make-options")))
			s.checkFails(err, o, "make-options", c.msg)
			var d *diag.Diagnostic
			if !errors.As(err, &d) || !slices.Equal(d.Path, []string{"foo", "make"}) || d.Code != "step-failed" {
				t.Fatalf("got %+v", d)
			}
			want := "The package is left as is at /a b where you can inspect what went wrong. To run it again: cd '/a b' && env 'B=b c' /bin/sh -c 'make x'"
			if d.Hint != want {
				t.Errorf("hint:\n got %s\nwant %s", d.Hint, want)
			}
			if exit := (*parts.ExitError)(nil); !errors.As(err, &exit) || exit != &c.exit {
				t.Error("the cause is lost")
			}
			if log := s.Log.String(); !strings.Contains(log, "foo: Command 'make x' ") ||
				!strings.Contains(log, "foo: Compilation error. The package is left as is at /a b where you can inspect what went wrong.\n") {
				t.Errorf("log: %s", log)
			}
		})
	}
}

func TestShellInterrupted(t *testing.T) {
	s := newStand(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.Runner.On("make", func(c parts.Command) error {
		cancel()
		return &parts.ExitError{Code: -1, Signal: "SIGTERM"}
	})
	b := newTestBuilder(s, "", nil)
	err := b.shell(ctx, "make", "make", b.options.firstPlace())
	var d *diag.Diagnostic
	if err == nil || errors.As(err, &d) {
		t.Errorf("got %v: an interruption is no failure of the part", err)
	}
}

func TestPatches(t *testing.T) {
	s := newStand(t)
	s.write("a b.patch", "A", 0o644)
	s.write("src/local.patch", "L", 0o644)
	s.Fetcher.Files["http://host/p"] = "B"
	o := s.section("patches =\n  file://@ROOT@/a-b.patch#7fc56270e7a70fa81a5935b72eacbe29 http://host/p local.patch")
	s.write("a-b.patch", "A", 0o644)
	patches, err := patchOption(o, "patches")
	if err != nil {
		t.Fatal(err)
	}
	patches = append(patches, sourceFile{url: s.at("a b.patch")})
	b := newBuilder(s.Work, snapshotOptions(o), nil)
	b.dir = s.at("src")
	var got []string
	s.Runner.On("patch", func(c parts.Command) error {
		words, err := run.Split(c.Argv[2])
		if err != nil || len(words) != 4 {
			t.Fatalf("%q: %q, %v", c.Argv[2], words, err)
		}
		text, err := os.ReadFile(words[3])
		got = append(got, strings.Join(words[:3], " ")+" "+string(text))
		return err
	})
	if err := b.patch(t.Context(), "patch -p1", patches); err != nil {
		t.Fatal(err)
	}
	if want := []string{"patch -p1 < A", "patch -p1 < B", "patch -p1 < L", "patch -p1 < A"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPatchTemporaryIsRemoved(t *testing.T) {
	s := newStand(t)
	s.write("got", "x", 0o600)
	s.Work.Fetch = temporaryFetcher{s.Fetcher, s.at("got")}
	if err := newTestBuilder(s, "", nil).patch(t.Context(), "patch", []sourceFile{{url: "http://host/p"}}); err != nil {
		t.Fatal(err)
	}
	if !isMissing(s.at("got")) {
		t.Error("the temporary file is still there")
	}
}

// Without a checksum it is the shell that misses a patch; with one it is the
// download.
func TestPatchMissing(t *testing.T) {
	for sum, msg := range map[string]string{
		"":    "System error: No such file or directory: '@ROOT@/none'",
		"#12": "No such file or directory: '@ROOT@/none'",
	} {
		s := newStand(t)
		o := s.section("patches = @ROOT@/none" + sum)
		patches, err := patchOption(o, "patches")
		if err != nil {
			t.Fatal(err)
		}
		s.Work.Fetch = missingFetcher{}
		s.checkFails(newTestBuilder(s, "", nil).patch(t.Context(), "patch", patches), o, "patches", msg)
	}
}

// missingFetcher finds no local file.
type missingFetcher struct{ parts.Fetcher }

func (missingFetcher) Fetch(_ context.Context, r parts.FetchRequest) (parts.Fetched, error) {
	return parts.Fetched{}, diag.At(r.At, "fetch-local", "No such file or directory: '%s'", r.URL).WithCause(fs.ErrNotExist)
}

func TestPatchOptionFails(t *testing.T) {
	for value, msg := range map[string]string{
		"#" + strings.Repeat("0", 32): `"#` + strings.Repeat("0", 32) + `" names no file`,
	} {
		s := newStand(t)
		o := s.section("patches = " + value)
		_, err := patchOption(o, "patches")
		s.checkFails(err, o, "patches", msg)
	}
}

func TestHookOptions(t *testing.T) {
	s := newStand(t)
	sum := strings.Repeat("A", 32)
	o := s.section("a = http://host:80/h.py#" + sum + ": post \nb =\nc = h.py:f")
	hooks, err := hookOptions(o, "a", "b", "c", "d")
	if err != nil || len(hooks) != 2 {
		t.Fatalf("got %v, %v", hooks, err)
	}
	if h := hooks["a"]; h.file.url != "http://host:80/h.py" || h.function != "post" || h.file.sums[0].Hex != strings.ToLower(sum) {
		t.Errorf("a: %+v", h)
	}
	for value, msg := range map[string]string{
		"h.py":           `"h.py" names no function`,
		"http://host/h":  `"http://host/h" names no function`,
		"h.py:":          `"h.py:" names no function`,
		"h.py:os.remove": `"h.py:os.remove" names no function`,
		":f":             `"" names no file`,
	} {
		o := s.section("hook = " + value)
		_, err := hookOptions(o, "hook")
		s.checkFails(err, o, "hook", msg)
	}
}

func TestHookSections(t *testing.T) {
	s := newStand(t)
	s.write("h.py", "buildout['sec']['x']; buildout.get( \"other\" ); buildout[ 'none' ]; buildout['foo']; mybuildout['unused']\n", 0o644)
	sections := map[string]map[string]string{
		"foo": {"hook": "file://" + s.at("h.py") + ":f"}, "sec": {"x": "X"}, "other": {"y": "Y"}, "unused": {},
	}
	o := s.Options("foo", sections)
	hooks, err := hookOptions(o, "hook")
	if err != nil {
		t.Fatal(err)
	}
	got := hookSections(t.Context(), o, hooks)
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, []string{"buildout", "other", "sec"}) || got["sec"]["x"] != "X" {
		t.Errorf("got %q", got)
	}
	if got := hookSections(t.Context(), o, nil); got != nil {
		t.Errorf("without hooks: got %q", got)
	}
}

// hookTest runs a hook with a real Python in the directory src.
func hookTest(t *testing.T, code string) (*stand, *builder, error) {
	t.Helper()
	s := newStand(t)
	s.real("OUTER=o", "BYTES=\xff\xfe")
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("this machine has no python3")
	}
	s.write("hook.py", code, 0o644)
	s.write("src/json.py", "raise Exception('a module of the sources')", 0o644)
	b := newTestBuilder(s, "version = 5\nhook = @ROOT@/hook.py:post", map[string]string{"A": "hk"})
	b.dir = s.at("src")
	h := hook{"hook", sourceFile{url: s.at("hook.py"), place: b.options.place("hook")}, "post"}
	return s, b, b.hook(t.Context(), h, map[string]map[string]string{"buildout": {"executable": "/none"}, "sec": {"x": "X"}})
}

func TestHook(t *testing.T) {
	s, b, err := hookTest(t, `
import os
def post(options, buildout, environ):
    assert options['version'] == '5' and options.get('none') is None and options.name == 'foo'
    assert buildout['sec']['x'] == 'X' and buildout['foo'] is options and 'none' not in buildout
    assert environ['A'] == 'hk' and os.environ.get('A') is None and os.environ['OUTER'] == 'o'
    assert os.path.basename(os.getcwd()) == 'src'
    import zc.buildout
    zc.buildout.UserError
    options['version'] = '6'
    environ['NEW'] = 'n\xe9' + os.fsdecode(b'\xff')
    del environ['A']
    print('said')
`)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.Log)
	}
	if b.options.values["version"] != "6" || b.env["NEW"] != "n\u00e9\xff" || b.env["BYTES"] != "\xff\xfe" {
		t.Errorf("got %q, %q", b.options.values, b.env)
	}
	if _, ok := b.env["A"]; ok {
		t.Error("A is still set")
	}
	if !strings.Contains(s.Log.String(), "\nsaid\n") || !isMissing(s.at("__pycache__")) {
		t.Errorf("log: %s", s.Log)
	}
}

func TestHookOfTwoArguments(t *testing.T) {
	s, b, err := hookTest(t, "def post(options, buildout):\n    options['two'] = buildout['sec']['x']\n")
	if err != nil || b.options.values["two"] != "X" {
		t.Errorf("got %v, %s", err, s.Log)
	}
}

func TestHookFails(t *testing.T) {
	for code, msg := range map[string]string{
		"def post(o, b, e): raise ValueError('bad é')":                               "ValueError: bad é",
		"import zc.buildout\ndef post(o, b, e): raise zc.buildout.UserError('mine')": "UserError: mine",
		"def post(o, b, e): o['x'] = 1":                                              "TypeError: the hook left 1 in options: values must be text",
		"def post(o, b, e): e['x'] = None":                                           "TypeError: the hook left None in environ: values must be text",
		"def post(o, b, e): o['none']":                                               "KeyError: 'Missing option: foo:none'",
		"def post(o, b, e): b['no']['x']":                                            `KeyError: "section [no] is not known to hooks: the hook must name it as buildout['no'], in a local file"`,
		"def post(o, b, e): exit(0)":                                                 "SystemExit: 0",
		"def other(): pass":                                                          "AttributeError: module '<script>' has no attribute 'post'",
	} {
		_, b, err := hookTest(t, code)
		var d *diag.Diagnostic
		if !errors.As(err, &d) || d.Msg != "System error: the hook post failed: "+msg || d.At != b.options.spans["hook"] {
			t.Errorf("%s:\n got %v\nwant %s", code, err, msg)
		}
	}
}

func TestHookPython(t *testing.T) {
	s := newStand(t)
	for _, name := range []string{"py/python3.9", "own/python3", "outer/python3"} {
		s.write(name, "#!/bin/sh\n", 0o755)
	}
	s.write("plain/python3", "", 0o644)
	s.Runner.Env = []string{"PATH=" + s.at("outer")}
	for _, c := range []struct{ executable, path, want string }{
		{"py/python3.9", "own", "py/python3.9"},
		{"py/none/python3", "own", "own/python3"},
		{"py", "plain", "outer/python3"},
	} {
		b := newTestBuilder(s, "hook = h.py:f", map[string]string{"PATH": ":" + s.at(c.path)})
		if got, err := b.python(hook{}, s.at(c.executable)); got != s.at(c.want) || err != nil {
			t.Errorf("%+v: got %s, %v", c, got, err)
		}
	}
	s.Runner.Env = []string{"PATH=" + s.at("plain")}
	o := s.section("hook = h.py:f")
	b := newBuilder(s.Work, snapshotOptions(o), nil)
	_, err := b.python(hook{file: sourceFile{place: b.options.place("hook")}}, "")
	s.checkFails(err, o, "hook", "System error: the hook needs Python 3, and PATH has no python3")
}

// A hook may end without a word, by os._exit.
func TestHookWithoutResult(t *testing.T) {
	s := newStand(t)
	s.write("h.py", "", 0o644)
	s.write("bin/python3", "", 0o755)
	o := s.section("hook = @ROOT@/h.py:f")
	b := newBuilder(s.Work, snapshotOptions(o), map[string]string{"PATH": s.at("bin")})
	b.dir = s.Work.Dir
	hooks, err := hookOptions(o, "hook")
	if err != nil {
		t.Fatal(err)
	}
	s.checkFails(b.hook(t.Context(), hooks["hook"], nil), o, "hook", "System error: the hook f left no result")
	s.Runner.Fail("hook", 1)
	s.checkFails(b.hook(t.Context(), hooks["hook"], nil), o, "hook", "System error: the command returned non-zero exit status 1")
	if got, want := s.Runner.Lines()[0], s.at("bin/python3")+" "+s.at("h.py")+" f"; got != want {
		t.Errorf("shown as %q, want %q", got, want)
	}
}

func FuzzHookJob(f *testing.F) {
	f.Add("k", "v\xff\x00é")
	f.Fuzz(func(t *testing.T, key, value string) {
		if got := fromLatin1(toLatin1(value)); got != value {
			t.Errorf("got %q, want %q", got, value)
		}
		if _, err := encodeHookJob(hookJob{Options: map[string]string{key: value}}); err != nil {
			t.Error(err)
		}
	})
}
