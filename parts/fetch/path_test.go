package fetch

import (
	"os"
	"path/filepath"
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
