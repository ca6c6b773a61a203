package fetch

import (
	"os"
	"path/filepath"
	"testing"

	"gobuild/parts"
)

// TestReadOnly checks that caches are read but never changed.
func TestReadOnly(t *testing.T) {
	s := static(t, map[string]string{"/a": payload, "/base.cfg": "[buildout]\n"})
	cache, downloads := t.TempDir(), t.TempDir()
	k := newKit(t, Config{Cache: cache, DownloadCache: downloads, ReadOnly: true})
	damaged := write(t, filepath.Join(cache, "md5", sum("md5", payload).Hex), "damaged")
	got := k.get(t, parts.FetchRequest{URL: s.URL + "/a", Sums: md5sums(payload)})
	if !got.Temp {
		t.Errorf("got %+v, want a temporary file", got)
	}
	os.Remove(got.Path)
	k.get(t, parts.FetchRequest{URL: write(t, filepath.Join(t.TempDir(), "local"), payload)})
	if _, err := k.client.Read(t.Context(), s.URL+"/base.cfg", ReadOptions{Cache: downloads, Newest: true}); err != nil {
		t.Error(err)
	}
	if names := files(t, downloads); len(names) > 0 || readFile(t, damaged) != "damaged" {
		t.Errorf("the download cache holds %q, the damaged file %q", names, readFile(t, damaged))
	}
	write(t, damaged, payload)
	if got := k.get(t, parts.FetchRequest{URL: s.URL + "/a", Sums: md5sums(payload)}); got.Path != damaged {
		t.Errorf("got %+v, want the file of the cache", got)
	}
}

// TestReadOnlyWithoutDirectory checks that a cache that a run would make first
// is no error.
func TestReadOnlyWithoutDirectory(t *testing.T) {
	s := static(t, map[string]string{"/a": payload})
	absent := filepath.Join(t.TempDir(), "absent")
	k := newKit(t, Config{DownloadCache: absent, ReadOnly: true})
	os.Remove(k.get(t, parts.FetchRequest{URL: s.URL + "/a"}).Path)
	if text, err := k.client.Read(t.Context(), s.URL+"/a", ReadOptions{Cache: absent}); err != nil || string(text) != payload {
		t.Errorf("got %q, %v", text, err)
	}
	if exists(absent) {
		t.Error("the cache was made")
	}
}
