package disk

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// file makes a file with its directories.
func file(t *testing.T, path string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o777))
	must(t, os.WriteFile(path, []byte(path), 0o666))
}

func TestFindMounts(t *testing.T) {
	table := []byte("22 1 254:0 / / rw - ext4 /dev/root rw\n" +
		"30 22 0:26 / /a rw - tmpfs none rw\n" +
		"31 22 254:0 /x/.p.gobuild-new /a/b/p rw - ext4 /dev/root rw\n" +
		"32 22 254:0 / /a/bc rw - ext4 /dev/root rw\n" +
		`33 22 254:0 / /a/b/with\040blank\134and\011tab rw - ext4 /dev/root rw` + "\n" +
		"34 22 short\n\n")
	for path, want := range map[string]string{
		"/a/b": "p, with blank\\and\ttab", "/a/b/p": ".", "/a": "., b/p, bc, b/with blank\\and\ttab", "/b": "", "/a/b/p/q": "",
	} {
		var got []string
		for _, m := range findMounts(table, path) {
			got = append(got, m.below)
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{"": "", "a": "a", `\040`: " ", `\`: `\`, `\04`: `\04`, `\0400`: " 0", `\999`: `\999`, `a\134b`: `a\b`, `\377`: "\xff", `\400`: `\400`} {
		if got := unescape(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestRemoveTree(t *testing.T) {
	dir := t.TempDir()
	file(t, dir+"/outside/file")
	for _, d := range []*Disk{nil, {}, {Fault: func(string, string) error { return nil }}} {
		file(t, dir+"/tree/a/b")
		file(t, dir+"/tree/locked/file")
		must(t, os.Symlink("../outside", dir+"/tree/link"))
		must(t, os.Chmod(dir+"/tree/locked", 0o500))
		must(t, os.Symlink("outside", dir+"/link"))
		for _, name := range []string{"tree/", "link/", "never", "outside/file/below"} {
			must(t, d.RemoveTree(dir+"/"+name))
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 1 || !Exists(dir+"/outside/file") {
			t.Errorf("%v is there", entries)
		}
	}
}

// TestFaults checks that every change can be stopped, and is then not made.
func TestFaults(t *testing.T) {
	dir := t.TempDir()
	var asked []string
	fault := errors.New("fault")
	d := &Disk{Fault: func(op, path string) error { asked = append(asked, op); return fault }}
	file(t, dir+"/tree/file")
	f, err := os.OpenFile(dir+"/file", os.O_RDWR|os.O_CREATE, 0o666)
	must(t, err)
	defer f.Close()
	_, err = f.WriteString("text")
	must(t, err)
	_, openErr := d.Open(dir+"/other", os.O_CREATE|os.O_WRONLY, 0o666)
	for _, err := range []error{
		d.Rename(dir+"/file", dir+"/renamed"), d.Exchange(dir+"/file", dir+"/tree"), d.Mkdir(dir+"/made", 0o777), d.Remove(dir + "/file"), d.RemoveTree(dir + "/tree"),
		d.WriteAt(f, "x", 0), d.Truncate(f, 0), d.Sync(f), d.SyncDir(dir), d.SyncAll([]string{dir}), openErr,
	} {
		if !errors.Is(err, fault) {
			t.Errorf("error %v", err)
		}
	}
	if text, _ := os.ReadFile(dir + "/file"); string(text) != "text" || !Exists(dir+"/tree/file") || Exists(dir+"/made") || Exists(dir+"/other") {
		t.Error("something was changed")
	}
	if slices.Sort(asked); strings.Join(slices.Compact(asked), " ") != "create exchange mkdir remove rename sync syncfs truncate write" {
		t.Errorf("asked about %q", asked)
	}
	torn := &Disk{Fault: func(op, _ string) error {
		if op == "write" {
			return ErrTorn
		}
		return nil
	}}
	if err := torn.WriteAt(f, "abcdef", 0); !errors.Is(err, ErrTorn) {
		t.Error(err)
	}
	if text, _ := os.ReadFile(dir + "/file"); string(text) != "abct" {
		t.Errorf("half of the write makes %q", text)
	}
}

func TestNoSync(t *testing.T) {
	d := &Disk{NoSync: true, Fault: func(op, _ string) error { return errors.New(op) }}
	f, err := os.Create(t.TempDir() + "/file")
	must(t, err)
	defer f.Close()
	must(t, errors.Join(d.Sync(f), d.SyncDir("/nosuch"), d.SyncAll([]string{"/nosuch"})))
}

// TestSyncAll asks for one call for each file system, and takes paths that are
// gone or are no directories.
func TestSyncAll(t *testing.T) {
	dir := t.TempDir()
	file(t, dir+"/a/file")
	must(t, os.Symlink("/nosuch", dir+"/dead"))
	calls := 0
	d := &Disk{Fault: func(string, string) error { calls++; return nil }}
	must(t, d.SyncAll([]string{dir, dir + "/a/file", dir + "/gone/deep", dir + "/dead", dir + "/a"}))
	if calls != 1 {
		t.Errorf("%d calls", calls)
	}
}

func TestExchange(t *testing.T) {
	dir := t.TempDir()
	file(t, dir+"/a/first")
	file(t, dir+"/b/second")
	a, b := Inode(dir+"/a"), Inode(dir+"/b")
	err := (*Disk)(nil).Exchange(dir+"/a", dir+"/b")
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	must(t, err)
	if !Exists(dir+"/a/second") || !Exists(dir+"/b/first") || Inode(dir+"/a") != b || Inode(dir+"/b") != a || a == b || a == 0 {
		t.Error("the directories are not exchanged")
	}
	if Inode(dir+"/nosuch") != 0 {
		t.Error("a missing file has an inode")
	}
}

func TestChanged(t *testing.T) {
	path := t.TempDir() + "/file"
	file(t, path)
	must(t, os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour)))
	info, err := os.Lstat(path)
	must(t, err)
	if time.Since(Changed(info)) > time.Minute {
		t.Errorf("changed %v", Changed(info))
	}
}
