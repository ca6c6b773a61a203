package relocate

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// tree makes files below a directory; a text that begins with "->" is a link.
func tree(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if target, ok := strings.CutPrefix(text, "->"); ok {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(target, file); err != nil {
				t.Fatal(err)
			}
			continue
		}
		write(t, file, text)
	}
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("x")
	if err != nil {
		t.Fatal(err)
	}
	f.Write([]byte(text))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Name = "named"
	w.Write([]byte(text))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestScan checks kinds, references, notes and the order of facts.
func TestScan(t *testing.T) {
	dir := t.TempDir()
	a, b := dir+"/parts/a", dir+"/parts/b"
	tree(t, a, map[string]string{
		"bin/script":             "#!" + b + "/bin/x -f\n",
		"bin/away":               "->/usr/bin/true",
		"bin/own":                "->script",
		"bin/far":                "->../../b/bin/x",
		"lib/data":               "\x00" + a + "/share\x00" + dir + "/etc\x00",
		"lib/pkgconfig/a.pc":     "prefix=" + a + "\n",
		"lib/a.la":               "libdir='" + a + "/lib'\n",
		"lib/nothing":            "nothing",
		"lib/skipped":            a,
		"share/man/man1/a.1.gz":  gzipped(t, "see "+a+"/etc"),
		"share/doc/b.tgz":        gzipped(t, "\x00see "+a+"/etc"),
		"lib/c.jar":              zipped(t, "see "+a+"/etc"),
		"lib/d.jar":              zipped(t, "see nothing"),
		"share/terminfo/x/xterm": "\x1a\x01" + a + "\x00",
	})
	tree(t, b, map[string]string{"bin/x": "#!/bin/sh\n"})
	in := Input{
		Roots:    []Root{{a, "a"}, {b, "b"}},
		Prefixes: []Prefix{{dir + "/parts", RoleParts, "parts"}, {dir, RoleBuildout, "buildout"}},
		Skip:     func(_ Root, path string) bool { return path == "lib/skipped" },
	}
	facts, err := Scan(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]Kind{}
	notes := map[string]Level{}
	for _, f := range facts.Files {
		kinds[f.Path] = f.Kind
		for _, n := range f.Notes {
			notes[f.Path] = n.Level
		}
	}
	if want := map[string]Kind{
		"bin/script": KindText, "bin/away": KindSymlink, "bin/far": KindSymlink, "lib/data": KindBinary, "lib/pkgconfig/a.pc": KindPkgConfig, "lib/a.la": KindLibtool,
		"share/man/man1/a.1.gz": KindGzip, "share/doc/b.tgz": KindCompressed, "lib/c.jar": KindCompressed, "share/terminfo/x/xterm": KindBinary,
	}; !reflect.DeepEqual(kinds, want) {
		t.Errorf("kinds %v\nwant  %v", kinds, want)
	}
	if want := map[string]Level{"bin/away": Warning, "share/doc/b.tgz": Hint, "lib/c.jar": Warning}; !reflect.DeepEqual(notes, want) {
		t.Errorf("notes %v, want %v", notes, want)
	}
	if got := facts.References(0); !slices.Equal(got, []int{1, 3}) {
		t.Errorf("references %v", got)
	}
	if f := facts.Find(0, "share/terminfo/x/xterm"); f == nil || !f.Sites[0].Quiet {
		t.Errorf("the entry of terminfo: %+v", f)
	}
}

// TestGzip moves a packed page twice: the same bytes each time.
func TestGzip(t *testing.T) {
	var before string
	for range 2 {
		r, _ := rewritten(t, testFacts("/b/dir"), "share/man/man1/x.1.gz", gzipped(t, "see /b/dir/parts/tool/etc"), "/new place")
		text, err := gunzip(r.Content)
		if err != nil || string(text) != "see /new place/parts/tool/etc" {
			t.Errorf("%q, %v", text, err)
		}
		if before != "" && before != string(r.Content) {
			t.Error("packed differently")
		}
		before = string(r.Content)
	}
}

func TestScanRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, roots := range [][]Root{{{"relative", "x"}}, {{dir + "/missing", "x"}}, {{dir, "x"}, {dir, "y"}}, {{dir, "x"}, {dir + "/y", "y"}}, {{"/", "x"}}} {
		if _, err := Scan(context.Background(), Input{Roots: roots}); err == nil {
			t.Errorf("%v: no error", roots)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for i := range 100 {
		write(t, dir+"/f"+strings.Repeat("x", i), "")
	}
	if _, err := Scan(ctx, Input{Roots: []Root{{dir, "x"}}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestLinkedLibrary notes a library that is reached by a link elsewhere.
func TestLinkedLibrary(t *testing.T) {
	dir := t.TempDir()
	stage(t, dir, "-Wl,-rpath,"+dir+"/lib42/lib")
	compile(t, t.TempDir(), librarySource, "-shared", "-fPIC", "-Wl,-rpath,"+dir+"/lib42/lib", "-o", dir+"/prog/bin/lib.so")
	for name, target := range map[string]string{"plugins/lib.so": "../bin/lib.so", "bin/lib.so.1": "lib.so"} {
		tree(t, dir+"/prog", map[string]string{name: "->" + target})
	}
	facts, err := Scan(context.Background(), Input{Roots: []Root{{dir + "/prog", "prog"}, {dir + "/lib42", "lib42"}}})
	if err != nil {
		t.Fatal(err)
	}
	if f := facts.Find(0, "plugins/lib.so"); f == nil || len(f.Notes) != 1 {
		t.Errorf("the link from another directory: %+v", f)
	}
	if f := facts.Find(0, "bin/lib.so.1"); f != nil {
		t.Errorf("the link in the same directory: %+v", f)
	}
}

const tailSource = `#include <stdio.h>
#include <string.h>
static const char dir[] = PREFIX "/share/locale";
int main(void) { const char *full = PREFIX "/share/locale", *tail = "locale", *share = "share/locale";
printf("%s %s %s %d %d\n", full, tail, share, (int)strlen(dir), full + strlen(full) - 6 == tail); return 0; }`

// TestTailMerged moves a program whose strings the linker has merged: the
// literal "locale" is the end of the path.
func TestTailMerged(t *testing.T) {
	from := t.TempDir() + "/with_some_room"
	if err := os.MkdirAll(from+"/prog/bin", 0o755); err != nil {
		t.Fatal(err)
	}
	prefix := from + "/prog"
	compile(t, t.TempDir(), tailSource, "-O2", "-DPREFIX=\""+prefix+"\"", "-o", prefix+"/bin/prog")
	before := strings.Fields(output(t, prefix+"/bin/prog"))
	to := filepath.Dir(from) + "/x"
	move(t, from, to, "prog")
	after := strings.Fields(output(t, to+"/prog/bin/prog"))
	if before[4] != "1" {
		t.Log("this linker does not merge tails")
	}
	if filepath.Clean(after[0]) != to+"/prog/share/locale" || len(after[0]) != len(before[0]) || !slices.Equal(after[1:], before[1:]) {
		t.Errorf("before %v\nafter  %v", before, after)
	}
}

// TestBuildID builds the same program in two directories: the canonical files
// are equal, build-id included.
func TestBuildID(t *testing.T) {
	var all [][]byte
	for _, name := range []string{"one", "two"} {
		dir := t.TempDir() + "/" + name
		if err := os.MkdirAll(dir+"/prog/bin", 0o755); err != nil {
			t.Fatal(err)
		}
		compile(t, t.TempDir(), `const char *p = PREFIX "/share"; int main(void) { return !p; }`, "-Wl,--build-id", "-DPREFIX=\""+dir+"/prog\"", "-o", dir+"/prog/bin/prog")
		facts, err := Scan(context.Background(), Input{Roots: []Root{{dir + "/prog", "prog"}}})
		if err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(dir + "/prog/bin/prog")
		if err != nil {
			t.Fatal(err)
		}
		r, _ := through(t, facts, &facts.Files[0], content, facts.Canonical())
		all = append(all, r.Content)
		if name == "one" {
			continue
		}
		if !bytes.Equal(all[0], all[1]) {
			t.Error("the canonical files differ")
		}
	}
}

// TestCompressedDebug notes a prefix in compressed debug information.
func TestCompressedDebug(t *testing.T) {
	dir := t.TempDir()
	if _, err := exec.LookPath("cc"); err != nil {
		t.Skip("no C compiler")
	}
	write(t, dir+"/prog/x.c", "int main(void) { return 0; }"+strings.Repeat("\nint dummy;", 100))
	cmd := exec.Command("cc", "-g", "-gz=zlib", "-o", dir+"/prog/bin", dir+"/prog/x.c")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("no compressed debug information: %s", out)
	}
	facts, err := Scan(context.Background(), Input{Roots: []Root{{dir + "/prog", "prog"}}})
	if err != nil {
		t.Fatal(err)
	}
	f := facts.Find(0, "bin")
	if f == nil || len(f.Notes) == 0 || f.Notes[0].Code != CodeCompressed || f.Notes[0].Level != Hint {
		t.Errorf("%+v", f)
	}
}
