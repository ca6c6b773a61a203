package fetch

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"gobuild/parts"
)

// A folder of the download cache holds what was fetched for it, and only that.
func TestCacheFolder(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Write([]byte("x"))
	}))
	defer server.Close()
	cache, local := t.TempDir(), filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(local, []byte("y"), 0o644); err != nil {
		t.Fatal(err)
	}
	k := newKit(t, Config{DownloadCache: cache})
	for _, url := range []string{server.URL + "/a", server.URL + "/a", local} {
		got, err := k.Fetch(t.Context(), parts.FetchRequest{URL: url, CacheFolder: "cmmi"})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(cache, "cmmi", md5Name(url))
		if _, err := os.Stat(path); err != nil || !got.Local && got.Path != path {
			t.Errorf("%s: got %s, %v", url, got.Path, err)
		}
	}
	if entries, _ := os.ReadDir(cache); len(entries) != 1 || asked != 1 {
		t.Errorf("asked %d times; the cache holds %v", asked, entries)
	}
}
