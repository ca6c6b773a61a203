package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gobuild/parts"
)

// tree makes a part of some files.
func tree(t *testing.T) (dir string, files *Files, list string) {
	t.Helper()
	dir = t.TempDir()
	os.MkdirAll(dir+"/part/sub/empty", 0o777)
	for _, name := range []string{"part/a", "part/b", "part/sub/c\td", "bin"} {
		write(t, filepath.Join(dir, name), "1")
		old(t, filepath.Join(dir, name))
	}
	os.Symlink("a", dir+"/part/link")
	list = filepath.Join(dir, "state", "files", "part")
	files, err := Hash(t.Context(), []string{dir + "/part/sub", dir + "/part/", dir + "/bin", dir + "/none", "", dir + "/part"})
	if err != nil {
		t.Fatal(err)
	}
	if err := files.Save(list); err != nil {
		t.Fatal(err)
	}
	return dir, files, list
}

func TestHash(t *testing.T) {
	dir, files, list := tree(t)
	var got []string
	for _, i := range files.All {
		got = append(got, fmt.Sprint(strings.TrimPrefix(i.Path, dir), " ", i.Kind, " ", i.Size, " ", i.Value))
	}
	want := []string{"/bin f 1 " + sumOfOne, "/part d 0 ", "/part/a f 1 " + sumOfOne, "/part/b f 1 " + sumOfOne, "/part/link l 0 a",
		"/part/sub d 0 ", "/part/sub/c\td f 1 " + sumOfOne, "/part/sub/empty d 0 "}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if roots := []string{dir + "/bin", dir + "/none", dir + "/part"}; !slices.Equal(files.Roots, roots) {
		t.Errorf("roots %q, want %q", files.Roots, roots)
	}
	loaded, ok := LoadFiles(list)
	if !ok || !reflect.DeepEqual(loaded, files) {
		t.Errorf("read back %v %+v\nwant %+v", ok, loaded, files)
	}
}

func TestVerify(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(dir string)
		content bool
		want    string
	}{
		{"nothing", func(string) {}, true, ""},
		{"content", func(dir string) { os.WriteFile(dir+"/part/a", []byte("22"), 0) }, false, "file part/a was changed"},
		{"content of the same size", func(dir string) { os.WriteFile(dir+"/part/a", []byte("2"), 0) }, false, "file part/a was changed"},
		{"time only", func(dir string) { os.WriteFile(dir+"/part/a", []byte("1"), 0) }, false, ""},
		{"mode", func(dir string) { os.Chmod(dir+"/part/sub", 0o700) }, false, "file part/sub was changed"},
		{"link", func(dir string) { os.Remove(dir + "/part/link"); os.Symlink("b", dir+"/part/link") }, false, "file part/link was changed"},
		{"kind", func(dir string) { os.Remove(dir + "/bin"); os.Mkdir(dir+"/bin", 0o777) }, false, "file bin was changed"},
		{"missing", func(dir string) { os.RemoveAll(dir + "/part/sub"); os.Remove(dir + "/bin") }, true,
			"file bin is missing, file part/sub is missing, file part/sub/c\td is missing, file part/sub/empty is missing"},
		{"several", func(dir string) {
			os.WriteFile(dir+"/part/b", []byte("2"), 0)
			os.WriteFile(dir+"/part/a", []byte("2"), 0)
			os.Chmod(dir+"/part/sub/empty", 0o700)
		}, true, "file part/a was changed, file part/b was changed, file part/sub/empty was changed"},
		{"added", func(dir string) { os.WriteFile(dir+"/part/new", nil, 0o666) }, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, _, list := tree(t)
			files, _ := LoadFiles(list)
			c.change(dir)
			d, err := files.Verify(t.Context(), c.content)
			got := strings.ReplaceAll(strings.Join(d.Messages(), ", "), dir+"/", "")
			if got != c.want || err != nil {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
			if c.name == "added" && !slices.Equal(d.Added, []string{dir + "/part/new"}) {
				t.Errorf("added %q", d.Added)
			}
		})
	}
}

// TestContent checks that a change that hides its traces is found when the
// content is asked for, and not before.
func TestContent(t *testing.T) {
	dir, files, _ := tree(t)
	info, _ := os.Stat(dir + "/part/a")
	write(t, dir+"/part/a", "2")
	os.Chtimes(dir+"/part/a", info.ModTime(), info.ModTime())
	for content, want := range map[bool]int{false: 0, true: 1} {
		if d, _ := files.Verify(t.Context(), content); len(d.Changed) != want {
			t.Errorf("content %v: %v", content, d.Changed)
		}
	}
}

// TestCheck checks that a list of an older installation does not count.
func TestCheck(t *testing.T) {
	dir, _, list := tree(t)
	r := parts.Record{Part: "p", Options: map[string]string{"a": "1"}, Paths: []string{dir + "/part"}}
	if err := Note(t.Context(), list, r, r.Paths); err != nil {
		t.Fatal(err)
	}
	if got := Check(t.Context(), list, r); got != nil {
		t.Errorf("%q of what has not changed", got)
	}
	write(t, dir+"/part/a", "2")
	if got := Check(t.Context(), list, r); !slices.Equal(got, []string{"file " + dir + "/part/a was changed"}) {
		t.Errorf("got %q", got)
	}
	other := r
	other.Signature = "other"
	for _, got := range [][]string{Check(t.Context(), list, other), Check(t.Context(), list+"x", r)} {
		if got != nil {
			t.Errorf("%q of what is not known", got)
		}
	}
}

func TestTornFiles(t *testing.T) {
	_, _, list := tree(t)
	text := read(t, list)
	for cut := range len(text) {
		write(t, list, text[:cut])
		if _, ok := LoadFiles(list); ok {
			t.Fatalf("a list cut at %d counts", cut)
		}
	}
}

func TestTimes(t *testing.T) {
	path := TimesPath(filepath.Join(t.TempDir(), "state"))
	times := LoadTimes(path)
	if err := times.Save(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file without times was written")
	}
	a, b := Time{"cmmi", 12345, 6, 1 << 40}, Time{"odd\trecipe\n", 0, 0, 0}
	times.Put("a", Time{})
	times.Put("a", a)
	times.Put("b\n", b)
	if err := times.Save(); err != nil {
		t.Fatal(err)
	}
	times = LoadTimes(path)
	for part, want := range map[string]Time{"a": a, "b\n": b} {
		if got, ok := times.Get(part); !ok || got != want {
			t.Errorf("%q: %+v, %v", part, got, ok)
		}
	}
	if _, ok := times.Get("c"); ok {
		t.Error("a part that nobody has put")
	}
	write(t, path, timesHead+line("a", "cmmi", "x", "1", "1"))
	if _, ok := LoadTimes(path).Get("a"); ok {
		t.Error("a damaged file counts")
	}
}
