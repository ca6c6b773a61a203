package manifest

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

// old gives a file a time that tells.
func old(t *testing.T, path string) {
	t.Helper()
	then := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, then, then); err != nil {
		t.Fatal(err)
	}
}

const (
	sumOfOne = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"
	sumOfTwo = "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35"
)

func TestStatFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, "1")
	fresh, err := StatFile(path)
	if err != nil || fresh.Inode != 0 || fresh.Same(fresh) {
		t.Errorf("%+v, %v: a file that has just changed counts as unchanged", fresh, err)
	}
	old(t, path)
	before, _ := StatFile(path)
	if !before.Same(before) {
		t.Errorf("%+v is not the same as itself", before)
	}
	copied := path + "2"
	write(t, copied, "1")
	info, _ := os.Stat(path)
	os.Chtimes(copied, info.ModTime(), info.ModTime())
	os.Rename(copied, path)
	if after, _ := StatFile(path); before.Same(after) {
		t.Error("another file of the same size and time counts as unchanged")
	}
	for _, bad := range []string{path + "/none", filepath.Dir(path)} {
		if _, err := StatFile(bad); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

func TestTracker(t *testing.T) {
	dir := t.TempDir()
	name := func(n string) string { return filepath.Join(dir, n) }
	for _, n := range []string{"a", "gone", "changed", "known", "part/own", "partly"} {
		os.MkdirAll(filepath.Dir(name(n)), 0o777)
		write(t, name(n), "1")
		old(t, name(n))
	}
	s, _ := StatFile(name("known"))
	tracker := Tracker{Known: []Input{{name("known"), s, "as before"}, {name("a"), Stat{1, 2, 3}, "of an older file"}}}
	for _, n := range []string{"a", "gone", "a", "changed", "known", "part/own", "partly", "none", "part"} {
		tracker.Used(name(n))
	}
	os.Remove(name("gone"))
	write(t, name("changed"), "2")
	got := map[string]string{}
	inputs := tracker.Inputs(name("part") + "/")
	for _, i := range inputs {
		got[i.Path] = i.Sum
	}
	want := map[string]string{name("a"): sumOfOne, name("changed"): "", name("known"): "as before", name("partly"): sumOfOne}
	if !reflect.DeepEqual(got, want) || len(inputs) != len(want) {
		t.Errorf("got %v\nwant %v", inputs, want)
	}
}

func TestSumFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, "2")
	if sum, err := SumFile(path); sum != sumOfTwo || err != nil {
		t.Errorf("%s, %v", sum, err)
	}
	if _, err := SumFile(path + "x"); err == nil {
		t.Error("no error")
	}
}
