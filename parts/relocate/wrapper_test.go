package relocate

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWrappers moves a library that is known to take its directory from a
// variable to where it does not fit, and runs a program of another part.
func TestWrappers(t *testing.T) {
	from := shortDirectory(t)
	lib, bin := from+"/nc/lib", from+"/prog/bin"
	for _, d := range []string{lib, bin} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	compile(t, t.TempDir(), `#include <stdlib.h>
const char *where(void) { const char *p = getenv("TERMINFO_DIRS"); return p ? p : "`+from+`/nc/share/terminfo"; }`, "-shared", "-fPIC", "-Wl,-soname,libtinfo.so", "-o", lib+"/libtinfo.so")
	compile(t, t.TempDir(), `#include <stdio.h>
const char *where(void); int main(int argc, char **argv) { printf("%s|%s\n", where(), argc > 1 ? argv[1] : ""); return 3; }`, "-L"+lib, "-ltinfo", "-Wl,-rpath,"+lib, "-o", bin+"/prog")
	to := filepath.Join(t.TempDir(), "a longer directory")
	facts, err := Scan(context.Background(), Input{Roots: []Root{{from + "/nc", "nc"}, {from + "/prog", "prog"}}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewMover(facts, []Move{{from, to}})
	if err != nil {
		t.Fatal(err)
	}
	if problems := m.Check(); len(problems) == 0 || problems[0].Level != Error {
		t.Fatalf("problems %v", problems)
	}
	wrappers, problems := m.Wrappers()
	if len(wrappers) != 1 || wrappers[0].Path != "bin/prog" || wrappers[0].Program != "bin/.prog-wrapped" {
		t.Fatalf("wrappers %+v", wrappers)
	}
	for _, p := range problems {
		if p.Level == Error {
			t.Errorf("problem %v", p)
		}
	}
	moveTree(t, facts, m, from, to)
	w := wrappers[0]
	if err := os.Rename(to+"/prog/"+w.Path, to+"/prog/"+w.Program); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to+"/prog/"+w.Path, w.Script, 0o755); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(to+"/prog/bin/prog", link); err != nil {
		t.Fatal(err)
	}
	for _, call := range []string{to + "/prog/bin/prog", link} {
		got := output(t, "/bin/sh", "-c", `"$0" "a b"; [ $? = 3 ]`, call)
		dir, argument, _ := strings.Cut(strings.TrimSpace(got), "|")
		if first, _, _ := strings.Cut(dir, ":"); filepath.Clean(first) != to+"/nc/share/terminfo" || argument != "a b" {
			t.Errorf("%s prints %q", call, got)
		}
	}
	if got := output(t, "/bin/sh", "-c", `TERMINFO_DIRS=mine "$0"; :`, link); got != "mine|\n" {
		t.Errorf("a variable that is set becomes %q", got)
	}
}
