package buildout

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSplitMD5(t *testing.T) {
	const sum = "0123456789abcdef0123456789ABCDEF"
	for _, c := range []struct{ name, url, md5 string }{
		{"http://x/a.cfg", "http://x/a.cfg", ""},
		{"http://x/a.cfg#" + sum, "http://x/a.cfg", strings.ToLower(sum)},
		{"http://x/a.cfg#md5=" + sum, "http://x/a.cfg", strings.ToLower(sum)},
		{"http://x/a.cfg#" + sum[1:], "http://x/a.cfg#" + sum[1:], ""},
		{"http://x/a.cfg#top", "http://x/a.cfg#top", ""},
		{"http://x/" + sum, "http://x/" + sum, ""},
	} {
		if url, md5 := splitMD5(c.name); url != c.url || md5 != c.md5 {
			t.Errorf("%s: got %q, %q, want %q, %q", c.name, url, md5, c.url, c.md5)
		}
	}
}

func TestOpenLocal(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a b.cfg")
	if err := os.WriteFile(path, []byte("text"), 0o666); err != nil {
		t.Fatal(err)
	}
	o := &opener{}
	none := func(string) string { return "" }
	for _, name := range []string{path, "file://" + path, "file://" + strings.ReplaceAll(path, " ", "%20")} {
		src, err := o.Open(t.Context(), name, none)
		if err != nil || string(src.Text) != "text" || src.Name != name {
			t.Errorf("%s: got %v, %v", name, src, err)
		}
	}
	if _, err := o.Open(t.Context(), dir+"/none", none); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := o.Open(t.Context(), dir, none); err == nil || !strings.HasSuffix(err.Error(), ": it is a directory") {
		t.Errorf("a directory: %v", err)
	}
}

// TestClean checks that a path without .. leads where the path with it leads.
func TestClean(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.MkdirAll(root+"/real/deep", 0o777), os.Mkdir(root+"/b", 0o777),
		os.Symlink(root+"/real/deep", root+"/b/link"), os.WriteFile(root+"/file", nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	o := &opener{}
	for path, want := range map[string]string{
		"/":                     "/",
		"/b//./link/x.cfg":      "/b/link/x.cfg",
		"/b/../b/x":             "/b/x",
		"/b/link/../x":          "/real/x",
		"/b/link/../../x":       "/x",
		"/b/nosuch/x":           "/b/nosuch/x",
		"/real/deep/../../b/..": "/",
	} {
		got, err := o.Clean(root + path)
		if err != nil || got != filepath.Clean(root+want) {
			t.Errorf("%s: got %s, %v, want %s", path, strings.TrimPrefix(got, root), err, want)
		}
	}
	if _, err := o.Clean(root + "/nosuch/../x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that is missing: %v", err)
	}
	if got, err := o.Clean(root + "/file/../x"); err == nil {
		t.Errorf("a file as a directory: %s", got)
	}
}

func TestLines(t *testing.T) {
	if got, want := lines("\n a \n\n\tb c\n"), []string{"a", "b c"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
