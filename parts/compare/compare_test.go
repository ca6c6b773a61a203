package compare

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// pair makes two trees of files, in which @ is the name of the tree's directory,
// and compares them.
func pair(t *testing.T, first, second map[string]string) *Result {
	t.Helper()
	dir := t.TempDir()
	var trees [2]Tree
	for i, files := range []map[string]string{first, second} {
		root := filepath.Join(dir, []string{"first_", "second"}[i])
		for name, text := range files {
			path := filepath.Join(root, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "@", root)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		trees[i] = Tree{root, []string{root}}
	}
	r, err := Trees(t.Context(), trees[0], trees[1])
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// told writes differences in short lines.
func told(r *Result) []string {
	lines := []string{}
	for _, d := range r.Differences {
		line := string(d.Kind) + " " + d.Path
		for _, p := range d.Places {
			line += fmt.Sprintf(" [%s %d %q %q]", p.Where, p.Offset, p.First, p.Second)
		}
		lines = append(lines, strings.TrimSpace(line+" "+d.First+" "+d.Second))
	}
	return lines
}

func check(t *testing.T, r *Result, derived []string, want ...string) {
	t.Helper()
	if got := told(r); !slices.Equal(got, want) {
		t.Errorf("differences:\n got %q\nwant %q", got, want)
	}
	if !slices.Equal(r.Derived, derived) {
		t.Errorf("derived: got %q, want %q", r.Derived, derived)
	}
	if r.Equal() != (len(want) == 0) {
		t.Errorf("Equal is %t", r.Equal())
	}
}

func TestTreesText(t *testing.T) {
	r := pair(t,
		map[string]string{"same": "prefix=@/x\n", "text": "a\nb 1 c\n", "gone": "", "bin": "x\x00@\x00yz", "longer": "ab", "new/x": "1"},
		map[string]string{"same": "prefix=@/x\n", "text": "a\nb 2 c\n", "bin": "x\x00@\x00yq", "longer": "abc", "new": ""})
	check(t, r, []string{},
		`content bin [ `+fmt.Sprint(len("x\x00"+r2(t, r)+"\x00y"))+` "z" "q"]`,
		"only-first gone file",
		`content longer [line 1 2 "ab" "abc"]`,
		"type new directory file",
		"only-first new/x file",
		`content text [line 2 2 "b 1 c" "b 2 c"]`)
	if r.Files != 4 {
		t.Errorf("%d files", r.Files)
	}
}

// r2 returns a text as long as the root of the first tree: what is before the
// difference in the file bin.
func r2(t *testing.T, r *Result) string {
	t.Helper()
	for _, d := range r.Differences {
		if d.Path == "bin" {
			return strings.Repeat("x", int(d.Places[0].Offset)-4)
		}
	}
	t.Fatal("bin does not differ")
	return ""
}

func TestTreesModesAndLinks(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"a", "b"} {
		root := filepath.Join(dir, name)
		if err := os.Mkdir(root, fs.FileMode(0o755-i*0o5)); err != nil {
			t.Fatal(err)
		}
		for file, mode := range map[string]fs.FileMode{"same": 0o640, "mode": []fs.FileMode{0o644, 0o600}[i], "set": []fs.FileMode{0o755, 0o755 | fs.ModeSetuid}[i]} {
			path := filepath.Join(root, file)
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
		for link, to := range map[string]string{"own": root + "/same", "other": "/" + name, "none": "same"} {
			if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
				t.Fatal(err)
			}
		}
	}
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	r, err := Trees(t.Context(), Tree{a, []string{a}}, Tree{b, []string{b}})
	if err != nil {
		t.Fatal(err)
	}
	check(t, r, []string{}, "mode mode 0644 0600", "target other /a /b", "mode set 0755 4755")
}

func TestTreesMissing(t *testing.T) {
	dir := t.TempDir()
	if _, err := Trees(t.Context(), Tree{Root: dir}, Tree{Root: dir + "/none"}); err == nil {
		t.Error("a tree that is not there is compared")
	}
}

// pyc returns the content of a .pyc file.
func pyc(flags byte, check, code string) string {
	return "\x0f\x0d\x0d\x0a" + string([]byte{flags, 0, 0, 0}) + check + code
}

func TestPyc(t *testing.T) {
	first := map[string]string{
		"hash.pyc": pyc(3, "AAAAAAAA", "@"), "time.pyc": pyc(0, "TTTTSSSS", "@"), "code.pyc": pyc(1, "AAAAAAAA", "x"), "short.pyc": "\x00a"}
	second := map[string]string{
		"hash.pyc": pyc(3, "BBBBBBBB", "@"), "time.pyc": pyc(0, "UTTTSSSS", "@"), "code.pyc": pyc(1, "BBBBBBBB", "y"), "short.pyc": "\x00b"}
	check(t, pair(t, first, second), []string{"hash.pyc"},
		`content code.pyc [code 0 "x" "y"]`, `content short.pyc [ 1 "a" "b"]`, `content time.pyc [time of the source 0 "TTTT" "UTTT"]`)
}

func gzipped(t *testing.T, text string, at time.Time) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.ModTime = at
	if _, err := w.Write([]byte(text)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGzip(t *testing.T) {
	at := time.Unix(1e9, 0)
	dir := t.TempDir()
	named := func(name string) string { return "see " + filepath.Join(dir, name) + "/man" }
	var trees [2]Tree
	for i, name := range []string{"aa", "bb"} {
		root := filepath.Join(dir, name)
		os.Mkdir(root, 0o755)
		for file, text := range map[string]string{
			"named.gz": gzipped(t, named(name), at), "time.gz": gzipped(t, "text", at.Add(time.Duration(i)*time.Second)),
			"text.gz": gzipped(t, "line\nof "+name, at), "broken.gz": "\x1f\x8b" + name} {
			if err := os.WriteFile(filepath.Join(root, file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		trees[i] = Tree{root, []string{root}}
	}
	r, err := Trees(t.Context(), trees[0], trees[1])
	if err != nil {
		t.Fatal(err)
	}
	check(t, r, []string{"named.gz"},
		`content broken.gz [ 2 "aa" "bb"]`, `content text.gz [unpacked, line 2 3 "of aa" "of bb"]`,
		`content time.gz [time in the head 0 "\x00ʚ;" "\x01ʚ;"]`)
}

func zipped(t *testing.T, at time.Time, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		f, err := w.CreateHeader(&zip.FileHeader{Name: files[i], Modified: at})
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(files[i+1]))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestZip(t *testing.T) {
	at := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	first := map[string]string{"time.jar": zipped(t, at, "x", "1"), "text.jar": zipped(t, at, "x", "1", "y", "2"), "list.jar": zipped(t, at, "x", "1")}
	second := map[string]string{"time.jar": zipped(t, at.Add(time.Minute), "x", "1"), "text.jar": zipped(t, at, "x", "1", "y", "3"), "list.jar": zipped(t, at, "z", "1")}
	check(t, pair(t, first, second), []string{},
		`content list.jar [list of members 0 "x" "z"]`, `content text.jar [member y, line 1 0 "2" "3"]`,
		`content time.jar [member x, time 0 "2001-02-03 04:05:06" "2001-02-03 04:06:06"]`)
}

// ar returns an archive as ar(1) writes it.
func ar(members ...string) string {
	text := "!<arch>\n"
	for i := 0; i < len(members); i += 3 {
		text += fmt.Sprintf("%-16s%-12s0     0     100644  %-10d`\n%s", members[i], members[i+1], len(members[i+2]), members[i+2])
		if len(members[i+2])%2 == 1 {
			text += "\n"
		}
	}
	return text
}

func TestArchive(t *testing.T) {
	long := "a-very-long-name.o/\nanother-long-name.o/\n"
	first := map[string]string{"time.a": ar("x.o/", "0", "abc", "y.o/", "0", "d"), "text.a": ar("//", "", long, "/0", "0", "a\x00", "/20", "0", "b\x00"),
		"list.a": ar("x.o/", "0", "a"), "more.a": ar("x.o/", "0", "a"), "broken.a": "!<arch>\nxxx"}
	second := map[string]string{"time.a": ar("x.o/", "7", "abc", "y.o/", "0", "d"), "text.a": ar("//", "", long, "/0", "0", "a\x00", "/20", "0", "c\x00"),
		"list.a": ar("z.o/", "0", "a"), "more.a": ar("x.o/", "0", "a", "y.o/", "0", "b"), "broken.a": "!<arch>\nxxy"}
	check(t, pair(t, first, second), []string{},
		`content broken.a [ 10 "x" "y"]`, `content list.a [list of members 0 "x.o" "z.o"]`, `content more.a [list of members 1 "" "y.o"]`,
		`content text.a [member another-long-name.o 0 "b\x00" "c\x00"]`,
		`content time.a [member x.o, time, owner and mode 0 "0           0     0     " "7           0     0     "]`)
}

// compile makes a program whose text is what is given.
func compile(t *testing.T, path, text, buildID string) {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("this machine has no C compiler")
	}
	c := exec.Command(cc, "-x", "c", "-shared", "-fPIC", "-Wl,--build-id="+buildID, "-o", path, "-")
	c.Stdin = strings.NewReader(fmt.Sprintf("const char text[] = %q; const int table[] = {1, 2};", text))
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func TestELF(t *testing.T) {
	dir := t.TempDir()
	var trees [2]Tree
	for i, name := range []string{"aa", "bb"} {
		root := filepath.Join(dir, name)
		os.Mkdir(root, 0o755)
		compile(t, filepath.Join(root, "named.so"), root, "sha1")
		compile(t, filepath.Join(root, "text.so"), "built at "+name, "none")
		trees[i] = Tree{root, []string{root}}
	}
	r, err := Trees(t.Context(), trees[0], trees[1])
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Differences) != 1 || !slices.Equal(r.Derived, []string{"named.so"}) {
		t.Fatalf("%q, derived %q", told(r), r.Derived)
	}
	p := r.Differences[0].Places
	if len(p) != 1 || p[0].Where != "section .rodata" || !strings.HasPrefix(string(p[0].First), "aa\x00") || !strings.HasPrefix(string(p[0].Second), "bb\x00") {
		t.Errorf("%q", told(r))
	}
}

func TestPlaceJSON(t *testing.T) {
	text, err := json.Marshal(Place{Where: "x", First: Bytes("\x00a")})
	if want := `{"where":"x","offset":0,"first":"0061","second":""}`; string(text) != want || err != nil {
		t.Errorf("got %s, %v", text, err)
	}
}

// Whatever the content is, something is told, and nothing crashes.
func FuzzPlaces(f *testing.F) {
	for _, seed := range []string{"", "text", ar("x.o/", "0", "a"), "\x7fELF\x02\x01\x01", "\x1f\x8b\x08", "PK\x03\x04", pyc(0, "TTTTSSSS", "x")} {
		f.Add("x.pyc", []byte(seed), []byte(seed+"y"))
	}
	f.Fuzz(func(t *testing.T, path string, a, b []byte) {
		c := &comparison{}
		if bytes.Equal(a, b) {
			return
		}
		for _, p := range c.places(path, a, b) {
			if p.Where == "" && p.Offset < int64(min(len(a), len(b))) && a[p.Offset] == b[p.Offset] {
				t.Errorf("no difference at %d", p.Offset)
			}
		}
	})
}
