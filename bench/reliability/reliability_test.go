//go:build linux && amd64

package main

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The commands find faults of gobuild; these tests see that they would.

func TestRecord(t *testing.T) {
	text := "[buildout]\nparts = a\n\n[a]\nrecipe = x\n__buildout_installed__ = /one\n\t/two\n\n[b]\nrecipe = y\n" +
		"[buildout]\nparts = a b\n[a]\nrecipe = z\n[buildout]\nparts = a b c"
	r := parseRecord(text)
	if got := r.parts(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("parts: %q: a line without an end does not count", got)
	}
	if r["a"]["recipe"] != "z" || len(r["a"]) != 1 {
		t.Errorf("a block does not begin anew: %q", r["a"])
	}
	if got := parseRecord(text[:strings.Index(text, "[b]")]).paths("a"); !slices.Equal(got, []string{"/one", "/two"}) {
		t.Errorf("paths: %q", got)
	}
}

func TestRecordDifferences(t *testing.T) {
	a := parseRecord("[buildout]\nparts = a b\n[a]\nk = 1\n[b]\nk = 1\n")
	for text, want := range map[string]bool{
		"[buildout]\nparts = b a\n[b]\nk = 1\n[a]\nk = 1\n":        false,
		"[buildout]\nparts = b\n[b]\nk = 1\n":                      true,
		"[buildout]\nparts = a b\n[a]\nk = 2\n[b]\nk = 1\n":        true,
		"[buildout]\nparts = a b\n[a]\nk = 1\nl = 1\n[b]\nk = 1\n": true,
	} {
		if got := a.differences(parseRecord(text)); (len(got) > 0) != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// site makes a directory with one file, its hard link, a link and a record.
func testSite(t *testing.T) *site {
	t.Helper()
	s := &site{bench: &bench{}, dir: t.TempDir()}
	must(t, os.MkdirAll(filepath.Join(s.dir, "parts/a/empty"), 0o755))
	must(t, os.WriteFile(filepath.Join(s.dir, "parts/a/file"), []byte("text"), 0o644))
	must(t, os.Link(filepath.Join(s.dir, "parts/a/file"), filepath.Join(s.dir, "parts/a/twin")))
	must(t, os.Symlink("file", filepath.Join(s.dir, "parts/a/link")))
	text := "[buildout]\nparts = a\n[a]\n__buildout_installed__ = " + filepath.Join(s.dir, "parts/a") + "\n"
	must(t, os.WriteFile(filepath.Join(s.dir, ".installed.cfg"), []byte(text), 0o644))
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestCompare sees that each way of being wrong is found, in the tree and in
// what is recorded.
func TestCompare(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(dir string) error
		sound bool // the record is still right
	}{
		"nothing":     {func(string) error { return nil }, true},
		"short":       {func(d string) error { return os.Truncate(d+"/parts/a/file", 3) }, false},
		"other text":  {func(d string) error { return os.WriteFile(d+"/parts/a/file", []byte("tent"), 0o644) }, false},
		"mode":        {func(d string) error { return os.Chmod(d+"/parts/a/file", 0o600) }, false},
		"mode of dir": {func(d string) error { return os.Chmod(d+"/parts/a/empty", 0o700) }, false},
		"missing":     {func(d string) error { return os.Remove(d + "/parts/a/empty") }, false},
		"link":        {func(d string) error { os.Remove(d + "/parts/a/link"); return os.Symlink("twin", d+"/parts/a/link") }, false},
		"no hard link": {func(d string) error {
			os.Remove(d + "/parts/a/twin")
			return os.WriteFile(d+"/parts/a/twin", []byte("text"), 0o644)
		}, true},
		"hidden": {func(d string) error { return os.WriteFile(d+"/parts/.a.gobuild-1", nil, 0o644) }, true},
		"in gobuild's": {func(d string) error {
			os.Mkdir(d+"/.gobuild", 0o755)
			return os.WriteFile(d+"/.gobuild/tmp", nil, 0o644)
		}, true},
		"record": {func(d string) error { return os.Remove(d + "/.installed.cfg") }, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := testSite(t)
			want, err := s.condition()
			must(t, err)
			must(t, c.spoil(s.dir))
			if err := s.compare(want); (err == nil) != (name == "nothing") {
				t.Errorf("compare: %v", err)
			}
			if torn, err := s.sound(condition{}, want); (err == nil) != c.sound || torn.of["tree"] != 0 {
				t.Errorf("sound: %v torn, %v", torn, err)
			}
		})
	}
}

// TestTorn sees that a part may lack files while it is replaced, and no more.
func TestTorn(t *testing.T) {
	s := testSite(t)
	from, err := s.condition()
	must(t, err)
	must(t, os.Remove(filepath.Join(s.dir, "parts/a/file")))
	if torn, err := s.sound(from, condition{}); torn.of["tree"] != 1 || err != nil {
		t.Errorf("a part that goes lacks a file: %v torn, %v", torn, err)
	}
	if torn, err := s.sound(from, from); torn.of["tree"] != 0 || err == nil {
		t.Errorf("a part that stays lacks a file: %v torn, %v", torn, err)
	}
	to, err := s.condition()
	must(t, err)
	to.record["a"]["option"] = "new"
	if torn, err := s.sound(from, to); torn.of["tree"] != 0 || err != nil {
		t.Errorf("a part has its new files, but not yet its new record: %v torn, %v", torn, err)
	}
	must(t, os.WriteFile(filepath.Join(s.dir, "parts/a/file"), nil, 0o644))
	if torn, err := s.sound(from, condition{}); torn.of["tree"] != 0 || err == nil {
		t.Errorf("a part that goes has an empty file: %v torn, %v", torn, err)
	}
}

func TestJudgeBuilds(t *testing.T) {
	dead := map[string]bool{"x": true}
	for name, c := range map[string]struct {
		log         []buildLine
		violations  int
		interrupted int
		longest     time.Duration
	}{
		"once":           {[]buildLine{{"start", "p", "a", 1}, {"step", "p", "a", 2}, {"end", "p", "a", 3}}, 0, 0, 0},
		"twice":          {[]buildLine{{"start", "p", "a", 1}, {"end", "p", "a", 3}, {"start", "p", "b", 4}, {"end", "p", "b", 5}}, 1, 0, 0},
		"two builders":   {[]buildLine{{"start", "p", "a", 1}, {"start", "p", "b", 2}, {"end", "p", "b", 3}}, 1, 0, 0},
		"handed over":    {[]buildLine{{"start", "p", "x", 1}, {"killed", "-", "x", 2}, {"start", "p", "b", 5}, {"end", "p", "b", 6}}, 0, 1, 3},
		"slowly":         {[]buildLine{{"start", "p", "x", 1}, {"killed", "-", "x", 2}, {"start", "p", "b", 3 + handOver}, {"end", "p", "b", 4 + handOver}}, 1, 1, 1 + handOver},
		"a ghost writes": {[]buildLine{{"start", "p", "x", 1}, {"killed", "-", "x", 2}, {"start", "p", "b", 3}, {"step", "p", "x", 4}, {"end", "p", "b", 6}}, 1, 1, 1},
		"never ended":    {[]buildLine{{"start", "p", "a", 1}}, 1, 0, 0},
	} {
		j := judgeBuilds(c.log, dead)
		if len(j.violations) != c.violations || j.interrupted != c.interrupted || j.longest != c.longest {
			t.Errorf("%s: %+v", name, j)
		}
	}
}

// TestTrace traces a program that changes files: each call is counted, can be
// made to fail, and can be the last.
func TestTrace(t *testing.T) {
	sh := "/bin/sh"
	for _, c := range []struct {
		name  string
		at    int
		errno syscall.Errno
		files []string
	}{
		{"all", 0, 0, []string{"a", "b"}},
		{"killed at the second", 2, 0, []string{"a"}},
		{"the first fails", 1, syscall.EIO, []string{"b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			tr := tracer{tracing: tracing{
				Binary: sh, Dir: dir, Env: []string{"PATH=/bin:/usr/bin"}, Argv: []string{sh, "-c", "true > a; true > b; exit 7"},
				Mark: "test-" + c.name, At: c.at, Errno: c.errno,
			}}
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			must(t, tr.follow())
			var files []string
			entries, err := os.ReadDir(dir)
			must(t, err)
			for _, e := range entries {
				files = append(files, e.Name())
			}
			if !slices.Equal(files, c.files) {
				t.Errorf("files %q, want %q", files, c.files)
			}
			if killed := tr.done.Status.Signaled(); killed != (c.name == "killed at the second") {
				t.Errorf("status %v", tr.done.Status)
			}
			if c.at == 0 && (tr.done.Count != 2 || tr.done.Status.ExitStatus() != 7) {
				t.Errorf("%d calls, status %v", tr.done.Count, tr.done.Status)
			}
		})
	}
}
