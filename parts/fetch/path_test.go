package fetch

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gobuild/parts"
)

// A path is read as zc.buildout reads it, as a URL: what follows a # or ? is no
// part of it, unless a file is called so.
func TestPathWithFragment(t *testing.T) {
	k := newKit(t, Config{})
	dir := t.TempDir()
	for _, name := range []string{"a", "b#c"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for url, want := range map[string]string{
		dir + "/a#frag":           "a",
		dir + "/a?q=1":            "a",
		"file://" + dir + "/a#b?": "a",
		dir + "/b#c":              "b#c",
	} {
		got, err := k.Fetch(t.Context(), parts.FetchRequest{URL: url})
		if err != nil || got.Path != filepath.Join(dir, want) {
			t.Errorf("%s: got %q, %v", url, got.Path, err)
		}
	}
	k.fail(t, parts.FetchRequest{URL: dir + "/absent#x"})
	k.fail(t, parts.FetchRequest{URL: "#x"})
}

// TestUsed checks that a part is told of the local files that it is made from:
// not of directories, of what a checksum fixes, or of what comes from elsewhere.
func TestUsed(t *testing.T) {
	s := static(t, map[string]string{"/remote": payload})
	k := newKit(t, Config{})
	local := write(t, k.dir+"/local", payload)
	var used []string
	k.Fetcher = k.client.For(Part{Name: "foo", Dir: k.dir, Temp: k.temp, Used: func(path string) { used = append(used, path) }})
	k.get(t, parts.FetchRequest{URL: "local"})
	k.get(t, parts.FetchRequest{URL: s.URL + "/missing", Alternates: []string{"file://" + local}})
	k.get(t, parts.FetchRequest{URL: "local", Sums: md5sums(payload)})
	k.get(t, parts.FetchRequest{URL: s.URL + "/remote"})
	k.Fetch(t.Context(), parts.FetchRequest{URL: k.dir, Directory: true})
	k.Fetch(t.Context(), parts.FetchRequest{URL: "none"})
	if want := []string{local, local}; !slices.Equal(used, want) {
		t.Errorf("told of %q, want %q", used, want)
	}
}
