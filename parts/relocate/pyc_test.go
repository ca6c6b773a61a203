package relocate

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// pythons are the interpreters on PATH, one for each version.
func pythons(t *testing.T) []string {
	t.Helper()
	var all []string
	for minor := 7; minor < 20; minor++ {
		name := fmt.Sprintf("python3.%d", minor)
		if exec.Command(name, "-c", "").Run() == nil {
			all = append(all, name)
		}
	}
	if len(all) == 0 {
		t.Skip("no Python")
	}
	return all
}

const moduleSource = `"""Docs of /b/dir/parts/tool."""
PREFIX = "/b/dir/parts/tool"
DATA = (b"/b/dir/parts/tool/share", {"/b/dir": "/b/dir/parts/other/x" * 1, 1.5: 10 ** 40, 2j: frozenset({None, ...})})
def where(x="/b/dir/parts/tool/lib", *, y=["/b/dir"]):
    class C:
        name = "/b/dir/parts/tool"
    return [lambda: C.name + x for _ in y][0]()
`

// TestPycMoves moves modules to shorter and longer directories, with and
// without other characters, runs them, and moves them back.
func TestPycMoves(t *testing.T) {
	for _, python := range pythons(t) {
		t.Run(python, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir+"/m.py", moduleSource)
			output(t, python, "-c", "import py_compile, sys; py_compile.compile(sys.argv[1], cfile=sys.argv[2], dfile='/b/dir/parts/tool/m.py', doraise=True)", dir+"/m.py", dir+"/m.pyc")
			content, err := os.ReadFile(dir + "/m.pyc")
			if err != nil {
				t.Fatal(err)
			}
			for _, to := range []string{"/n", "/new/dir/ectory", "/" + strings.Repeat("long", 70), "/ünï"} {
				r, problems := rewritten(t, testFacts("/b/dir"), "lib/m.pyc", string(content), to)
				if r.Fact.Kind != KindPyc || r.Fact.Rigid != "" || len(problems) > 0 {
					t.Fatalf("%+v, problems %v", r.Fact, problems)
				}
				write(t, dir+"/out/m.pyc", string(r.Content))
				got := output(t, python, "-B", "-c", "import sys; sys.path[:0] = [sys.argv[1]]; import m; print(ascii([m.PREFIX, m.DATA[0], m.where(), m.where.__code__.co_consts[0:0], m.__doc__]))", dir+"/out")
				want := output(t, python, "-B", "-c", "import sys; p = sys.argv[1]; print(ascii([p + '/parts/tool', (p + '/parts/tool/share').encode(), p + '/parts/tool' + p + '/parts/tool/lib', (), 'Docs of ' + p + '/parts/tool.']))", to)
				if got != want {
					t.Errorf("to %s: %s, want %s", to, got, want)
				}
				if bytes.Contains(r.Content, []byte("/b/dir")) {
					t.Errorf("to %s: the old path is still there", to)
				}
				facts := testFacts(to)
				facts.Files = []Fact{r.Fact}
				back, _ := through(t, facts, &r.Fact, r.Content, []Move{{to, "/b/dir"}})
				if !bytes.Equal(back.Content, content) {
					t.Errorf("from %s it came back different", to)
				}
			}
		})
	}
}

// TestPycStamp checks headers against those that Python writes.
func TestPycStamp(t *testing.T) {
	for _, python := range pythons(t) {
		for _, mode := range []string{"TIMESTAMP", "CHECKED_HASH", "UNCHECKED_HASH"} {
			dir := t.TempDir()
			write(t, dir+"/m.py", "x = 1\n")
			output(t, python, "-c", "import py_compile as p, sys; p.compile(sys.argv[1], cfile=sys.argv[2], doraise=True, invalidation_mode=p.PycInvalidationMode."+mode+")", dir+"/m.py", dir+"/m.pyc")
			content, err := os.ReadFile(dir + "/m.pyc")
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(dir + "/m.py")
			if err != nil {
				t.Fatal(err)
			}
			source := func() ([]byte, error) { return []byte("x = 1\n"), nil }
			if changed, err := StampPyc(content, info.ModTime().Unix(), info.Size(), source); changed || err != nil {
				t.Errorf("%s %s: the header of Python itself does not fit: %v", python, mode, err)
			}
			longer := func() ([]byte, error) { return []byte("x = 1 # and more\n"), nil }
			changed, err := StampPyc(content, 1, 17, longer)
			if changed != (mode != "UNCHECKED_HASH") || err != nil {
				t.Errorf("%s %s: changed %v, %v", python, mode, changed, err)
			}
			if mode == "TIMESTAMP" && (binary.LittleEndian.Uint32(content[8:]) != 1 || binary.LittleEndian.Uint32(content[12:]) != 17) {
				t.Errorf("header % x", content[:16])
			}
		}
	}
}

func TestPycSource(t *testing.T) {
	for name, want := range map[string]string{
		"lib/__pycache__/m.cpython-311.pyc":     "lib/m.py",
		"__pycache__/m.cpython-311.opt-1.pyc":   "m.py",
		"lib/m.pyc":                             "lib/m.py",
		"/abs/__pycache__/a.b.cpython-311.pyc":  "/abs/a.py",
		"lib/x/__pycache__/__init__.pypy39.pyc": "lib/x/__init__.py",
	} {
		if got := PycSource(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// TestPycUnknown moves code of an unknown version: at the same length.
func TestPycUnknown(t *testing.T) {
	content := "\xff\xff\r\n" + strings.Repeat("\x00", 12) + "?z\x11/b/dir/parts/tool?"
	r, problems := rewritten(t, testFacts("/b/dir"), "m.pyc", content, "/n")
	if len(problems) > 0 || !strings.HasSuffix(string(r.Content), "?z\x11/n/parts/////tool?") {
		t.Errorf("%q, problems %v", r.Content, problems)
	}
	facts := testFacts("/b/dir")
	facts.Files = []Fact{*facts.ScanContent(0, "m.pyc", []byte(content), 0o644)}
	for to, code := range map[string]string{"/longer/dir": CodeWidth, "/é": CodeCharacter} {
		if problems := facts.Check([]Move{{"/b/dir", to}}); len(problems) != 1 || problems[0].Code != code {
			t.Errorf("to %s: %v", to, problems)
		}
	}
}
