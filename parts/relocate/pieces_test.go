package relocate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// paddedDirectory is a directory of parts of 220 bytes whose last name has no
// stretch of 8 bytes twice.
func paddedDirectory(dir string) string {
	path, filling := dir+"/parts/re10catable", ""
	for n := range 70 {
		filling += fmt.Sprintf("_%02d", n)
	}
	return path + filling[len(filling)-(220-len(path)):]
}

// piecesSource copies paths of several parts, which share their beginning, and
// prints them. The tails are of all lengths.
func piecesSource(dir string, starts ...string) string {
	var b strings.Builder
	b.WriteString("#include <stdlib.h>\n#include <stdio.h>\n#include <string.h>\n")
	var calls string
	n := 0
	for _, start := range starts {
		for _, name := range []string{"a", "zlib", "a-long-name-of-a-part"} {
			for length := range 17 {
				fmt.Fprintf(&b, "char *f%d(void) { char *p = malloc(1000); strcpy(p, \"%s%s/%s%s\"); return p; }\n", n, start, dir, name, ("/share/locale/and/more")[:length])
				calls += fmt.Sprintf("puts(f%d());", n)
				n++
			}
		}
	}
	b.WriteString("int main(void) {" + calls + " return 0; }\n")
	return b.String()
}

// TestPieces moves programs whose paths the compiler has cut into pieces, as
// constants (-O2) or as operands (-O1): three times, and back.
func TestPieces(t *testing.T) {
	for _, option := range []string{"-O1", "-O2", "-O3"} {
		t.Run(option, func(t *testing.T) {
			movePieces(t, option, paddedDirectory(t.TempDir()), "/n/parts", "/@gobuild@/parts", "/"+strings.Repeat("x/", 90)+"parts")
		})
	}
}

// TestPlainPieces moves a program from directories that are not padded. Only
// pieces of strings that begin with the path are known then.
func TestPlainPieces(t *testing.T) {
	for _, length := range []int{20, 33, 47, 60} {
		const name = "it_has_no_16_equal_bytes_in_a_place_where_they_could_be_cut_off"
		dir := t.TempDir() + "/" + name[:length] + "/parts"
		t.Run(fmt.Sprint(len(dir)), func(t *testing.T) { movePieces(t, "-O2", dir, "/n/p") })
	}
}

func movePieces(t *testing.T, option, from string, places ...string) {
	starts := []string{""}
	if strings.Contains(from, "re10catable") {
		starts = append(starts, "-L", "x=1234567", "a longer start of a string")
	}
	names := []string{"a", "zlib", "a-long-name-of-a-part"}
	for _, n := range names {
		if err := os.MkdirAll(from+"/"+n+"/bin", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	compile(t, t.TempDir(), piecesSource(from, starts...), option, "-Wl,--build-id=none", "-o", from+"/a/bin/prog")
	before := output(t, from+"/a/bin/prog")
	in := Input{Prefixes: []Prefix{{from, RoleParts, "parts"}}}
	for _, n := range names {
		in.Roots = append(in.Roots, Root{from + "/" + n, n})
	}
	facts, err := Scan(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(from + "/a/bin/prog")
	if err != nil {
		t.Fatal(err)
	}
	f := facts.Find(0, "bin/prog")
	pieces := 0
	for _, s := range f.Sites {
		if s.Whole > 0 {
			pieces++
		}
	}
	if plain := !strings.Contains(from, "re10catable"); plain != (len(f.Notes) == 1) && pieces > 0 {
		t.Errorf("notes %v", f.Notes)
	}
	if pieces == 0 {
		t.Skip("this compiler does not cut strings")
	}
	place := from
	r := &Rewritten{Content: content, Fact: *f}
	for _, to := range append(places, from) {
		r, facts = through(t, facts, &r.Fact, r.Content, []Move{{place, to}})
		place = to
		prog := filepath.Join(t.TempDir(), "prog")
		if err := os.WriteFile(prog, r.Content, 0o755); err != nil {
			t.Fatal(err)
		}
		want := strings.Split(strings.ReplaceAll(before, from, to), "\n")
		for i, got := range strings.Split(output(t, prog), "\n") {
			start, path, _ := strings.Cut(got, "/")
			wantStart, wantPath, _ := strings.Cut(want[i], "/")
			if start != wantStart || filepath.Clean(path) != filepath.Clean(wantPath) {
				t.Errorf("to %s: %s, want %s", to, got, want[i])
			}
		}
	}
	if string(r.Content) != string(content) {
		t.Error("it came back different")
	}
}
