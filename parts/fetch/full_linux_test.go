package fetch

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gobuild/parts"
)

// TestPrefetchFullDisk: when the disk is full Prefetch gives up, and gives back
// what no part has taken.
func TestPrefetchFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("no file system of its own: %v", err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	large := strings.Repeat(payload, 512<<10/len(payload))
	s := static(t, map[string]string{"/a": payload, "/b": large, "/c": payload})
	k := newCrew(t, Config{})
	k.hold = filepath.Join(dir, "hold")
	k.announce("foo", parts.FetchRequest{URL: s.URL + "/a"})
	k.landed()
	k.announce("foo", parts.FetchRequest{URL: s.URL + "/b"})
	k.landed()
	k.announce("foo", parts.FetchRequest{URL: s.URL + "/c"})
	k.landed()
	if names := files(t, dir); len(names) > 0 || len(s.requests()) != 2 {
		t.Errorf("left %q, asked %q", names, s.requests())
	}
	k.takes("foo", parts.FetchRequest{URL: s.URL + "/a"})
	got, err := k.part("foo").Fetch(t.Context(), parts.FetchRequest{URL: s.URL + "/b"})
	if err != nil || sizeOf(got.Path) != int64(len(large)) {
		t.Errorf("got %+v, %v", got, err)
	}
}
