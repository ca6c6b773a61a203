package relocate

import (
	"bytes"
	"context"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// compile runs the C compiler, or skips the test.
func compile(t *testing.T, dir, source string, args ...string) {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler")
	}
	file := filepath.Join(dir, "source.c")
	write(t, file, source)
	cmd := exec.Command(cc, append([]string{file}, args...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cc %v: %v\n%s", args, err, out)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// move scans the parts of a directory, writes them to another and removes the
// first.
func move(t *testing.T, from, to string, names ...string) {
	t.Helper()
	in := Input{Prefixes: []Prefix{{from, RoleParts, "parts"}}}
	moves := []Move{{from, to}}
	for _, n := range names {
		in.Roots = append(in.Roots, Root{from + "/" + n, n})
		moves = append(moves, Move{from + "/" + n, to + "/" + n})
	}
	facts, err := Scan(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range facts.Check(moves) {
		if p.Level == Error {
			t.Fatal(p)
		}
	}
	m, err := NewMover(facts, moves)
	if err != nil {
		t.Fatal(err)
	}
	moveTree(t, facts, m, from, to)
	if err := os.RemoveAll(from); err != nil {
		t.Fatal(err)
	}
}

func moveTree(t *testing.T, facts *Facts, m *Mover, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	for i := range facts.Files {
		f := &facts.Files[i]
		place := m.file(f)
		if f.Kind == KindSymlink {
			r, err := m.Rewrite(f, []byte(f.Link))
			if err != nil {
				t.Fatal(err)
			}
			os.Remove(place)
			if err := os.Symlink(string(r.Content), place); err != nil {
				t.Fatal(err)
			}
			continue
		}
		content, err := os.ReadFile(place)
		if err != nil {
			t.Fatal(err)
		}
		r, err := m.Rewrite(f, content)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(place, r.Content, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

const (
	librarySource = `const char *answer(void) { return "forty-two"; }`
	programSource = `#include <stdio.h>
const char *answer(void);
static int big[100000];
int main(int argc, char **argv) { big[argc] = 1; puts(answer()); return big[0]; }`
)

// stage makes two parts, a library and a program that needs it by a search
// path. More options go to the link of the program.
func stage(t *testing.T, dir string, options ...string) {
	t.Helper()
	lib, bin := dir+"/lib42/lib", dir+"/prog/bin"
	for _, d := range []string{lib, bin} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	work := t.TempDir()
	compile(t, work, librarySource, "-shared", "-fPIC", "-Wl,-soname,lib42.so", "-o", lib+"/lib42.so")
	compile(t, work, programSource, append([]string{"-o", bin + "/prog", "-L" + lib, "-l42"}, options...)...)
}

// shortDirectory returns a new directory with a very short name.
func shortDirectory(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		dir := "/tmp/" + name
		if os.Mkdir(dir, 0o755) == nil {
			t.Cleanup(func() { os.RemoveAll(dir) })
			return dir
		}
	}
	t.Skip("no short directory is free")
	return ""
}

// TestELFMoves moves programs of all shapes and runs them. In a short
// directory the search path has no room for its new text, and the file grows.
func TestELFMoves(t *testing.T) {
	for _, c := range []struct {
		name    string
		options []string
	}{
		{"pie", nil},
		{"fixed", []string{"-no-pie"}},
		{"old search path", []string{"-Wl,--disable-new-dtags"}},
		{"hash", []string{"-Wl,--hash-style=sysv"}},
		{"64k pages", []string{"-Wl,-z,max-page-size=65536"}},
		{"no notes", []string{"-Wl,--build-id=none", "-Wl,-z,noseparate-code"}},
		{"large pages", []string{"-no-pie", "-Wl,-z,max-page-size=0x200000"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, short := range []bool{false, true} {
				from := filepath.Join(t.TempDir(), "a long directory", "so that the path has room")
				from = strings.ReplaceAll(from, " ", "_")
				if short {
					from = shortDirectory(t)
				}
				stage(t, from, append(c.options, "-Wl,-rpath,"+from+"/lib42/lib")...)
				before, _ := os.ReadFile(from + "/prog/bin/prog")
				to := filepath.Join(t.TempDir(), "elsewhere with spaces")
				move(t, from, to, "lib42", "prog")
				prog := to + "/prog/bin/prog"
				if got := output(t, prog); got != "forty-two\n" {
					t.Errorf("the moved program prints %q", got)
				}
				after, _ := os.ReadFile(prog)
				if short != (len(after) > len(before)) {
					t.Errorf("short %v: %d bytes became %d", short, len(before), len(after))
				}
				if bytes.Contains(after, []byte(from+"/")) {
					t.Error("the old path is still in the program")
				}
				checkELF(t, prog, "$ORIGIN/../../lib42/lib")
			}
		})
	}
}

// checkELF lets other programs read an ELF file, and compares its search path.
// They may say what is allowed.
func checkELF(t *testing.T, file, path string, allowed ...string) {
	t.Helper()
	f, err := elf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	run, _ := f.DynString(elf.DT_RUNPATH)
	old, _ := f.DynString(elf.DT_RPATH)
	if got := strings.Join(append(run, old...), " "); got != path {
		t.Errorf("search path %q, want %q", got, path)
	}
	if _, err := exec.LookPath("readelf"); err != nil {
		return
	}
	if got := output(t, "readelf", "-aW", file); strings.Contains(got, "readelf: ") {
		t.Errorf("readelf warns:\n%s", got)
	}
	for _, tool := range []string{"strip", "objcopy"} {
		other := filepath.Join(t.TempDir(), "bin", filepath.Base(file))
		if err := os.MkdirAll(filepath.Dir(other), 0o755); err != nil {
			t.Fatal(err)
		}
		if got := output(t, tool, map[string][]string{"strip": {"-o", other, file}, "objcopy": {file, other}}[tool]...); got != "" && !slices.ContainsFunc(allowed, func(a string) bool { return strings.Contains(got, a) }) {
			t.Errorf("%s says %s", tool, got)
		}
		cmd := exec.Command(other)
		cmd.Env = []string{"LD_LIBRARY_PATH=" + filepath.Join(filepath.Dir(file), "../../lib42/lib")}
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != "forty-two\n" {
			t.Errorf("after %s: %q, %v", tool, out, err)
		}
	}
}
