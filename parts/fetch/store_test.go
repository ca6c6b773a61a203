package fetch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gobuild/buildout/event"
	"gobuild/parts"
)

func TestLocalFileIsUsedInPlace(t *testing.T) {
	cache := t.TempDir()
	k := newKit(t, Config{Cache: cache})
	path := write(t, k.dir+"/sub/a b", payload)
	for _, url := range []string{"sub/a b", path, "file://" + path, "file:" + path, "file://localhost" + path, strings.ReplaceAll("file://"+path, " ", "%20")} {
		if got := k.get(t, parts.FetchRequest{URL: url, Sums: md5sums(payload)}); got != (parts.Fetched{Path: path, Local: true, From: url}) {
			t.Errorf("%s: got %+v", url, got)
		}
	}
	if names := files(t, cache); len(names) > 0 {
		t.Errorf("cached %q", names)
	}
}

func TestLocalChecksum(t *testing.T) {
	k := newKit(t, Config{})
	path := write(t, k.dir+"/a", payload)
	at := spanOf("md5sum = 0", "0")
	for _, hex := range []string{strings.Repeat("0", 32), "0"} {
		d := k.fail(t, parts.FetchRequest{URL: path, Sums: []parts.Checksum{{Algorithm: "md5", Hex: hex, At: at}}})
		if want := "MD5 checksum mismatch for local resource at '" + path + "'."; d.Msg != want || d.At != at {
			t.Errorf("got %q at %v, want %q", d.Msg, d.At, want)
		}
		if !strings.Contains(d.Hint, sum("md5", payload).Hex) {
			t.Errorf("hint is %q", d.Hint)
		}
	}
	upper := parts.Checksum{Algorithm: "SHA1", Hex: strings.ToUpper(sum("sha1", payload).Hex)}
	k.get(t, parts.FetchRequest{URL: path, Sums: []parts.Checksum{upper}})
}

func TestLocalDirectory(t *testing.T) {
	k := newKit(t, Config{DownloadCache: t.TempDir()})
	dir := filepath.Dir(write(t, k.dir+"/d/x", payload))
	got, err := k.Fetch(context.Background(), parts.FetchRequest{URL: "d", Directory: true})
	if err != nil || got != (parts.Fetched{Path: dir, Local: true, From: "d"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, r := range []parts.FetchRequest{{URL: "d"}, {URL: "d", Directory: true, Sums: md5sums("")}} {
		if d := k.fail(t, r); d.Msg != "'d' is a directory" {
			t.Errorf("got %q", d.Msg)
		}
	}
	if d := k.fail(t, parts.FetchRequest{URL: "/dev/null"}); d.Msg != "'/dev/null' is not a regular file" {
		t.Errorf("got %q", d.Msg)
	}
}

func TestDownloadCache(t *testing.T) {
	s := static(t, map[string]string{"/a": payload, "/b": payload})
	cache, downloads := t.TempDir(), t.TempDir()
	k := newKit(t, Config{Cache: cache, DownloadCache: downloads})
	plain := parts.FetchRequest{URL: s.URL + "/a"}
	path := filepath.Join(downloads, md5Name(plain.URL))
	if got := k.get(t, plain); got != (parts.Fetched{Path: path, From: plain.URL}) {
		t.Errorf("got %+v, want %s", got, path)
	}
	k.get(t, plain)
	k.get(t, parts.FetchRequest{URL: s.URL + "/b", Sums: md5sums(payload)})
	if asked := s.requests(); len(asked) != 2 {
		t.Errorf("asked %q", asked)
	}
	names := []string{md5Name(s.URL + "/a"), md5Name(s.URL + "/b")}
	slices.Sort(names)
	if got := files(t, downloads); !slices.Equal(got, names) {
		t.Errorf("the download cache holds %q, want %q", got, names)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o, want 0600", info.Mode().Perm())
	}
	offline := newKit(t, Config{DownloadCache: downloads, Offline: true})
	offline.get(t, plain)
}

func TestDownloadCacheMismatch(t *testing.T) {
	s := static(t, map[string]string{"/a": payload})
	downloads := t.TempDir()
	path := write(t, filepath.Join(downloads, md5Name(s.URL+"/a")), "old")
	d := newKit(t, Config{DownloadCache: downloads}).fail(t, parts.FetchRequest{URL: s.URL + "/a", Sums: md5sums(payload)})
	if want := "MD5 checksum mismatch for cached download from '" + s.URL + "/a' at '" + path + "'"; d.Msg != want {
		t.Errorf("got %q, want %q", d.Msg, want)
	}
	if readFile(t, path) != "old" || len(s.requests()) > 0 {
		t.Error("the cached file was replaced")
	}
}

// TestUnreadableSourceCache checks that a file of the source cache that cannot
// be read is not taken for a damaged one: another user may be able to.
func TestUnreadableSourceCache(t *testing.T) {
	const unreadable = "/proc/self/mem" // a regular file whose first byte is an I/O error
	if !isFile(unreadable) {
		t.Skip("no " + unreadable)
	}
	s := static(t, map[string]string{"/a": payload})
	cache := t.TempDir()
	link := filepath.Join(cache, "md5", sum("md5", payload).Hex)
	if err := os.MkdirAll(filepath.Dir(link), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(unreadable, link); err != nil {
		t.Fatal(err)
	}
	k := newKit(t, Config{Cache: cache, Offline: true})
	k.fail(t, parts.FetchRequest{URL: s.URL + "/a", Sums: md5sums(payload)})
	if !exists(link) || !strings.Contains(k.log.String(), "cannot use "+link) {
		t.Errorf("the file is there: %v; log:\n%s", exists(link), k.log)
	}
}

func TestDownloadCacheMissing(t *testing.T) {
	dir := t.TempDir() + "/none"
	for _, url := range []string{"http://h.invalid/a", "a"} {
		k := newKit(t, Config{DownloadCache: dir})
		write(t, k.dir+"/a", payload)
		d := k.fail(t, parts.FetchRequest{URL: url})
		if want := "The directory: '" + dir + "' to be used as a download cache doesn't exist."; d.Msg != want {
			t.Errorf("%s: got %q, want %q", url, d.Msg, want)
		}
	}
}

// A local file goes into the download cache too, but the file that is there is
// the one that counts; the copy answers when it is gone.
func TestDownloadCacheOfLocalFile(t *testing.T) {
	downloads := t.TempDir()
	k := newKit(t, Config{DownloadCache: downloads})
	path := write(t, k.dir+"/a", "old")
	os.Chmod(path, 0o755)
	if _, err := k.Fetch(context.Background(), parts.FetchRequest{URL: path}); err != nil {
		t.Fatal(err)
	}
	wantTree(t, downloads, md5Name(path)+` 755 "old"`)
	write(t, path, payload)
	if got := k.get(t, parts.FetchRequest{URL: path}); got.Path != path {
		t.Errorf("got %+v", got)
	}
	os.Remove(path)
	if got := k.get(t, parts.FetchRequest{URL: path, Sums: md5sums(payload)}); !got.Local || got.Path != filepath.Join(downloads, md5Name(path)) {
		t.Errorf("got %+v", got)
	}
	k.fail(t, parts.FetchRequest{URL: path, Sums: md5sums("other")})
}

func TestDamagedCacheIsRepaired(t *testing.T) {
	s := static(t, map[string]string{"/a": payload})
	cache := t.TempDir()
	path := write(t, filepath.Join(cache, "md5", sum("md5", payload).Hex), "damaged")
	newKit(t, Config{Cache: cache}).get(t, parts.FetchRequest{URL: s.URL + "/a", Sums: md5sums(payload)})
	if readFile(t, path) != payload {
		t.Error("the cache is still damaged")
	}
}

// What a killed run left is never an answer, and goes away after a day.
func TestStaleTemporaryFile(t *testing.T) {
	s := static(t, map[string]string{"/a": payload})
	cache := t.TempDir()
	old := write(t, cache+"/tmp/.fetch-old", payload)
	long := time.Now().Add(-2 * staleAfter)
	os.Chtimes(old, long, long)
	write(t, cache+"/tmp/.fetch-new", payload)
	newKit(t, Config{Cache: cache, Offline: true}).fail(t, parts.FetchRequest{URL: s.URL + "/a", Sums: md5sums(payload)})
	newKit(t, Config{Cache: cache}).get(t, parts.FetchRequest{URL: s.URL + "/a", Sums: md5sums(payload)})
	if got := files(t, cache+"/tmp"); !slices.Equal(got, []string{".fetch-new"}) {
		t.Errorf("left %q", got)
	}
}

func TestCacheCannotBeWritten(t *testing.T) {
	s := static(t, map[string]string{"/a": payload})
	file := write(t, t.TempDir()+"/file", "")
	d := newKit(t, Config{Cache: file + "/cache"}).fail(t, parts.FetchRequest{URL: s.URL + "/a", Sums: md5sums(payload)})
	if d.Code != "fetch-cache" || !strings.HasPrefix(d.Msg, "cannot store the file: ") {
		t.Errorf("got %q", d.Msg)
	}
}

func TestLocalMirror(t *testing.T) {
	m := sum("md5", payload)
	entry := func(name, md5, sha256 string, size int) string {
		return fmt.Sprintf(`[{"filename": %q, "package": "p", "md5": %q, "sha256": %q, "size": %d, "homepage": null}]`, name, md5, sha256, size)
	}
	good := entry("p_1.orig.tar.gz", m.Hex, sum("sha256", payload).Hex, len(payload))
	for _, test := range []struct {
		name  string
		files map[string]string
		base  string // below the directory
		want  string // "" for not found
		sums  []parts.Checksum
	}{
		{"manifest, files in mirror/", map[string]string{"manifest.json": good, "mirror/p_1.orig.tar.gz": payload}, "", "mirror/p_1.orig.tar.gz", nil},
		{"manifest in the folder above", map[string]string{"manifest.json": good, "mirror/p_1.orig.tar.gz": payload}, "mirror", "mirror/p_1.orig.tar.gz", nil},
		{"manifest, files beside it", map[string]string{"manifest.json": good, "p_1.orig.tar.gz": payload}, "", "p_1.orig.tar.gz", nil},
		{"by sha256", map[string]string{"manifest.json": good, "p_1.orig.tar.gz": payload}, "", "p_1.orig.tar.gz", []parts.Checksum{sum("sha256", payload)}},
		{"algorithm and digest", map[string]string{"md5/" + m.Hex: payload}, "", "md5/" + m.Hex, nil},
		{"name of the URL", map[string]string{"p-1.tar.gz": payload}, "", "p-1.tar.gz", nil},
		{"name of the URL in mirror/", map[string]string{"mirror/p-1.tar.gz": payload}, "", "mirror/p-1.tar.gz", nil},
		{"name, manifest knows another", map[string]string{"manifest.json": "[]", "mirror/p-1.tar.gz": payload}, "", "mirror/p-1.tar.gz", nil},
		{"wrong content", map[string]string{"manifest.json": good, "p_1.orig.tar.gz": "x", "p-1.tar.gz": "y"}, "", "", nil},
		{"damaged manifest", map[string]string{"manifest.json": "{", "p-1.tar.gz": payload}, "", "p-1.tar.gz", nil},
		{"manifest that leads outside", map[string]string{"d/manifest.json": entry("../x", m.Hex, "", len(payload)), "x": payload}, "d", "", nil},
		{"no directory", nil, "none", "", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, content := range test.files {
				write(t, filepath.Join(dir, name), content)
			}
			if test.sums == nil {
				test.sums = []parts.Checksum{m}
			}
			k := newKit(t, Config{Offline: true, Mirrors: []string{"file://" + filepath.Join(dir, test.base)}})
			r := parts.FetchRequest{URL: "ftp://upstream.invalid/dl/p-1.tar.gz", Sums: test.sums}
			if test.want == "" {
				k.fail(t, r)
				return
			}
			path := filepath.Join(dir, test.want)
			if got := k.get(t, r); got != (parts.Fetched{Path: path, From: path}) {
				t.Errorf("got %+v, want %s", got, test.want)
			}
			if bad := strings.Contains(test.name, "damaged"); bad != (len(k.events.of(event.Message)) == 1) {
				t.Errorf("messages: %+v", k.events.all)
			}
			k.fail(t, parts.FetchRequest{URL: r.URL})
		})
	}
}

func TestLocalMirrorFillsDownloadCache(t *testing.T) {
	dir, downloads := t.TempDir(), t.TempDir()
	write(t, dir+"/a", payload)
	k := newKit(t, Config{Offline: true, Mirrors: []string{dir}, DownloadCache: downloads})
	k.get(t, parts.FetchRequest{URL: "http://h.invalid/a", Sums: md5sums(payload)})
	wantTree(t, downloads, md5Name("http://h.invalid/a")+fmt.Sprintf(" 600 %q", payload))
}

func TestRemoteMirror(t *testing.T) {
	m := sum("md5", payload)
	for name, path := range map[string]string{"by digest": "/m/md5/" + m.Hex, "by name": "/m/a%2B1.tgz"} {
		t.Run(name, func(t *testing.T) {
			origin := static(t, map[string]string{"/a+1.tgz": "not the payload"})
			decoded := strings.ReplaceAll(path, "%2B", "+")
			s := static(t, map[string]string{decoded: payload})
			k := newKit(t, Config{Cache: t.TempDir(), Mirrors: []string{s.URL + "/m/"}})
			k.get(t, parts.FetchRequest{URL: origin.URL + "/a+1.tgz", Sums: []parts.Checksum{m}})
			if asked := s.requests(); len(asked) == 0 || len(origin.requests()) != 1 {
				t.Errorf("asked %q and %q", origin.requests(), asked)
			}
		})
	}
	s := static(t, nil)
	k := newKit(t, Config{Mirrors: []string{s.URL}})
	k.fail(t, parts.FetchRequest{URL: s.URL + "/a"})
	if asked := s.requests(); len(asked) != 1 {
		t.Errorf("without a checksum %q were asked", asked)
	}
}
