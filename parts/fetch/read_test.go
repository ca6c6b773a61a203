package fetch

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"gobuild/buildout/event"
)

func TestRead(t *testing.T) {
	content := "[buildout]\n"
	srv := static(t, map[string]string{"/p.cfg": content})
	url := srv.URL + "/p.cfg"
	cache := t.TempDir()
	read := func(c *Client, o ReadOptions) string {
		t.Helper()
		data, err := c.Read(context.Background(), url, o)
		if err != nil {
			return "error: " + err.Error()
		}
		return string(data)
	}
	c := New(Config{Backoff: time.Microsecond})
	if got := read(c, ReadOptions{}); got != content {
		t.Fatalf("got %q", got)
	}
	if got := read(c, ReadOptions{Cache: cache, Newest: true}); got != content || readFile(t, filepath.Join(cache, md5Name(url))) != content {
		t.Fatalf("got %q", got)
	}
	write(t, filepath.Join(cache, md5Name(url)), "cached")
	for _, step := range []struct {
		what string
		c    *Client
		o    ReadOptions
		want string
	}{
		{"newest, second time in the run", c, ReadOptions{Cache: cache, Newest: true}, "cached"},
		{"not newest", New(Config{}), ReadOptions{Cache: cache}, "cached"},
		{"offline", New(Config{Offline: true}), ReadOptions{Cache: cache, Newest: true}, "cached"},
		{"good sum", New(Config{}), ReadOptions{Cache: cache, MD5: sum("md5", "cached").Hex}, "cached"},
		{"bad sum of the cached file", New(Config{}), ReadOptions{Cache: cache, MD5: sum("md5", "x").Hex},
			"error: MD5 checksum mismatch for cached download from '" + url + "' at '" + filepath.Join(cache, md5Name(url)) + "'"},
		{"bad sum of the new file, in spite of the cache", New(Config{}), ReadOptions{Cache: cache, Newest: true, MD5: sum("md5", "cached").Hex},
			"error: MD5 checksum mismatch downloading '" + url + "'"},
		{"offline without cache", New(Config{}), ReadOptions{Offline: true}, "error: Couldn't download '" + url + "' in offline mode."},
		{"offline, not cached", New(Config{Offline: true}), ReadOptions{Cache: t.TempDir()}, "error: Couldn't download '" + url + "' in offline mode."},
		{"newest, new run", New(Config{}), ReadOptions{Cache: cache, Newest: true}, content},
	} {
		if got := read(step.c, step.o); got != step.want {
			t.Errorf("%s: got %q, want %q", step.what, got, step.want)
		}
	}
}

// When the network fails the copy in the cache is used, with a warning.
func TestReadFallback(t *testing.T) {
	srv := static(t, nil)
	url := srv.URL + "/p.cfg"
	cache := t.TempDir()
	write(t, filepath.Join(cache, md5Name(url)), "cached")
	sink := &events{}
	got, err := New(Config{}).Read(context.Background(), url, ReadOptions{Cache: cache, Newest: true, Events: sink})
	if err != nil || string(got) != "cached" || len(srv.requests()) != 1 {
		t.Errorf("got %q, %v after %q", got, err, srv.requests())
	}
	if m := sink.of(event.Message); len(m) == 0 || m[len(m)-1].Level != event.Warning {
		t.Errorf("messages %+v", m)
	}
	for cache, want := range map[string]string{
		"":              "Error downloading extends for URL " + url + ": HTTP Error 404: Not Found",
		t.TempDir():     "Error downloading extends for URL " + url + ": HTTP Error 404: Not Found",
		cache + "/none": "The directory: '" + cache + "/none' to be used as a download cache doesn't exist.",
	} {
		if _, err := New(Config{}).Read(context.Background(), url, ReadOptions{Cache: cache}); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestReadLocal(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir+"/p.cfg", payload)
	c := New(Config{Offline: true})
	for _, url := range []string{"file://" + path, path, "p.cfg"} {
		if got, err := c.Read(context.Background(), url, ReadOptions{Dir: dir}); err != nil || string(got) != payload {
			t.Errorf("%s: got %q, %v", url, got, err)
		}
	}
	for url, want := range map[string]string{
		"file://" + path + "x": "Couldn't open " + path + "x: no such file or directory",
		"file://h/x":           "cannot fetch 'file://h/x': a file URL cannot name the host 'h'; write file:///PATH",
		dir:                    "Couldn't open " + dir + ": is a directory",
	} {
		if _, err := c.Read(context.Background(), url, ReadOptions{}); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", url, err, want)
		}
	}
	_, err := c.Read(context.Background(), path, ReadOptions{MD5: sum("md5", "x").Hex})
	if want := "MD5 checksum mismatch for local resource at '" + path + "'."; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
