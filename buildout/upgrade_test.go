package buildout

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gobuild/buildout/event"
	"gobuild/parts"
	"gobuild/parts/disk"
	"gobuild/parts/state"
)

// upgradeStand is a directory with two versions of its parts.
type upgradeStand struct {
	*testing.T
	dir string
}

func newUpgrade(t *testing.T) *upgradeStand {
	s := &upgradeStand{t, lockedDir(t)}
	if err := s.install(crashFirst, nil); err != nil {
		t.Fatal(err)
	}
	return s
}

// install runs a profile, with faults if fault is set.
func (s *upgradeStand) install(profile string, fault func(op, path string) error) error {
	s.Helper()
	if err := os.WriteFile(s.dir+"/buildout.cfg", []byte(profile), 0o666); err != nil {
		s.Fatal(err)
	}
	e, err := Open(s.Context(), Config{Profile: "buildout.cfg", Dir: s.dir, Dialect: "auto", Recipes: crashTable{}, Events: event.Discard, Jobs: 1})
	if err == nil {
		err = e.Start(s.Context(), true, false)
	}
	if err != nil {
		s.Fatal(err)
	}
	if fault != nil {
		e.disk = &disk.Disk{Fault: fault}
	}
	return e.Install(s.Context(), InstallOptions{})
}

// text is the content of a file.
func (s *upgradeStand) text(name string) string {
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// record is that of a part, or nil.
func (s *upgradeStand) record(part string) map[string]string {
	s.Helper()
	db, err := state.Open(s.dir+"/.installed.cfg", state.Options{})
	if err != nil {
		s.Fatal(err)
	}
	r, _ := db.Get(part)
	return r.Options
}

// clean checks that nothing of the journal and of old versions is left.
func (s *upgradeStand) clean() {
	s.Helper()
	if text := snapshot(s.T, s.dir); strings.Contains(text, "gobuild-") || strings.Contains(text, "journal") {
		s.Errorf("something is left:\n%s", text)
	}
}

// TestUpgradeFails has an upgrade in which one part fails: it keeps its old
// version, as those that were not reached, and those before it have the new one.
func TestUpgradeFails(t *testing.T) {
	s := newUpgrade(t)
	err := s.install(strings.Replace(crashSecond, "text = 2\n[c]", "text = 2\nfail = b is bad\n[c]", 1), nil)
	var failed *FailedError
	if !errors.As(err, &failed) || !slices.Equal(failed.Parts, []string{"b"}) {
		t.Fatalf("error %v", err)
	}
	if s.text("parts/b/lib/file") != "1" || s.record("b")["text"] != "1" || s.text("parts/c/lib/file") != "1" || s.record("c")["text"] != "1" {
		t.Error("b and c are not as they were")
	}
	if s.record("a")["new"] != "option" || !exists(s.dir+"/bin/a2") || s.record("d") != nil || s.record("f") == nil {
		t.Error("a, d and f are not as they should be")
	}
	if s.text("parts/.b.gobuild-failed/lib/file") != "2" {
		t.Error("what b has left is gone")
	}
	if err := s.install(crashSecond, nil); err != nil {
		t.Fatal(err)
	}
	s.clean()
	if s.text("parts/b/lib/file") != "2" {
		t.Error("b is not installed")
	}
}

// TestCannotBeRecorded has the record on a full disk: what cannot be recorded
// does not count, and the old version is back.
func TestCannotBeRecorded(t *testing.T) {
	for _, name := range []string{".installed.cfg", ".installed.cfg.tmp"} {
		for _, op := range []string{"write", "sync"} {
			t.Run(name+" "+op, func(t *testing.T) {
				s := newUpgrade(t)
				var hit atomic.Bool
				err := s.install(strings.Replace(crashSecond, "f a", "a d", 1)+"[d]\nrecipe = fake\nown = bin/d bin/d2\n", func(o, path string) error {
					if o == op && filepath.Base(path) == name {
						hit.Store(true)
						return syscall.ENOSPC
					}
					return nil
				})
				var lost *StateError
				if !hit.Load() || !errors.As(err, &lost) || !errors.Is(err, syscall.ENOSPC) {
					t.Fatalf("error %v", err)
				}
				for _, part := range []string{"b", "c"} {
					if recorded := s.record(part)["text"]; recorded != s.text("parts/"+part+"/lib/file") || name == ".installed.cfg" && recorded != "1" {
						t.Errorf("%s: version %s is recorded\n%s", part, recorded, snapshot(t, s.dir))
					}
				}
				if err := s.install(crashSecond, nil); err != nil {
					t.Fatal(err)
				}
				s.clean()
			})
		}
	}
}

// TestCannotBeNoted has no room for the journal: nothing is changed.
func TestCannotBeNoted(t *testing.T) {
	s := newUpgrade(t)
	before := snapshot(t, s.dir)
	err := s.install(crashSecond, func(op, path string) error {
		if filepath.Base(path) == "journal" {
			return syscall.EIO
		}
		return nil
	})
	var lost *StateError
	if !errors.As(err, &lost) || !errors.Is(err, syscall.EIO) {
		t.Fatalf("error %v", err)
	}
	profile := fmt.Sprintf("%q", crashFirst)
	if after := strings.Replace(snapshot(t, s.dir), fmt.Sprintf("%q", crashSecond), profile, 1); after != before {
		t.Errorf("changed:\n%s\nbefore:\n%s", after, before)
	}
}

// TestOtherFileSystem has old versions that cannot be renamed, as in lower
// layers of containers: they are deleted, as zc.buildout does.
func TestOtherFileSystem(t *testing.T) {
	crossing := func(op, path string) error {
		if op == "rename" && !strings.Contains(path, ".installed") && !strings.Contains(path, ".gobuild") {
			return syscall.EXDEV
		}
		return nil
	}
	s := newUpgrade(t)
	if err := s.install(crashSecond, crossing); err != nil {
		t.Fatal(err)
	}
	s.clean()
	if s.text("parts/b/lib/file") != "2" || exists(s.dir+"/bin/d2") || s.record("d") != nil {
		t.Error("not upgraded")
	}
	err := s.install(strings.Replace(crashFirst, "text = 1", "text = 3\nfail = bad", 1), crossing)
	if err == nil || s.record("b") != nil {
		t.Errorf("error %v, record %v", err, s.record("b"))
	}
	if err := s.install(crashFirst, crossing); err != nil {
		t.Fatal(err)
	}
	if s.text("parts/b/lib/file") != "1" {
		t.Error("not installed anew")
	}
}

func TestSibling(t *testing.T) {
	dir := t.TempDir() + "/"
	long := strings.Repeat("n", 255)
	for _, c := range []struct{ path, want string }{
		{dir + "p", dir + ".p.gobuild-old"}, {dir + ".p", dir + "..p.gobuild-old"}, {dir + long, ""},
	} {
		got := sibling(c.path, ".gobuild-old")
		if len(filepath.Base(got)) > 255 || !strings.HasSuffix(got, ".gobuild-old") || len(c.path) < 200 && got != c.want {
			t.Errorf("%s: %s", c.path, got)
		}
		write(t, got)
		if again := sibling(c.path, ".gobuild-old"); exists(again) || !strings.HasSuffix(again, ".gobuild-old-2") || len(filepath.Base(again)) > 255 {
			t.Errorf("%s, the second time: %s", c.path, again)
		}
	}
}

func TestIsIn(t *testing.T) {
	for _, c := range []struct {
		path, dir string
		want      bool
	}{{"/a", "/a", true}, {"/a/b", "/a", true}, {"/ab", "/a", false}, {"/a", "/a/b", false}, {"/a", "/", true}, {"/", "/", true}} {
		if isIn(c.path, c.dir) != c.want {
			t.Errorf("%s in %s: not %v", c.path, c.dir, c.want)
		}
	}
}

func TestOwnedPaths(t *testing.T) {
	o := ownedPaths{{"/a", "p"}, {"/a/b", "q"}, {"/a-b", "r"}, {"/a.c/d", "s"}}
	slices.SortFunc(o, comparePaths)
	for path, want := range map[string]bool{"/a": true, "/a/b": true, "/a/b/c": false, "/a.c": true, "/a.c/d": true, "/": true, "/x": false, "/a-": false} {
		if got := o.below(path, ""); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
	if o.below("/a/b", "q") || !o.below("/a", "p") || !o.below("/a", "q") || o.below("/a-b", "r") {
		t.Error("except is not heeded")
	}
}

// TestCommitter hands over parts while a commit is going on: they are recorded
// together, in their order, and what follows is called afterwards.
func TestCommitter(t *testing.T) {
	path := t.TempDir() + "/.installed.cfg"
	db, err := state.Open(path, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	first, rest := make(chan bool), make(chan bool)
	var mu sync.Mutex
	var groups []string
	k := &committer{db: db, paths: func(parts.Record) []string { return nil }, prepare: func(list []parts.Record) error {
		mu.Lock()
		defer mu.Unlock()
		var names []string
		for _, r := range list {
			names = append(names, r.Part)
		}
		if groups = append(groups, strings.Join(names, " ")); len(groups) == 1 {
			close(first)
			<-rest
		}
		return nil
	}}
	k.start()
	var after []string
	put := func(name string) {
		if err := k.put(parts.Record{Part: name}, func() {
			if _, ok := db.Get(name); !ok {
				t.Errorf("%s is not recorded", name)
			}
			after = append(after, name)
		}); err != nil {
			t.Error(err)
		}
	}
	put("a")
	<-first
	put("c")
	put("b")
	close(rest)
	if err := k.close(); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(groups, after, db.Parts()); got != "[a c b] [a c b] [a c b]" {
		t.Errorf("%s", got)
	}
}

func TestCommitterFails(t *testing.T) {
	db, err := state.Open(t.TempDir()+"/.installed.cfg", state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	bad := errors.New("bad")
	told := make(chan error, 1)
	k := &committer{db: db, paths: func(parts.Record) []string { return nil }, prepare: func([]parts.Record) error { return bad }, stop: func(err error) { told <- err }}
	k.start()
	k.put(parts.Record{Part: "a"}, func() { t.Error("what was to follow is called") })
	if err := <-told; err != bad {
		t.Error(err)
	}
	if err := k.put(parts.Record{Part: "b"}, nil); err != bad {
		t.Errorf("later: %v", err)
	}
	if err := k.close(); err != bad || len(db.Parts()) != 0 {
		t.Errorf("%v, %v", err, db.Parts())
	}
}

func TestRuns(t *testing.T) {
	s := newUpgrade(t)
	e := &Engine{Config: Config{Dir: s.dir}}
	e.Base = testJob(t).Base
	c, err := e.beginChanges(emptyRecord(t, s.dir))
	if err != nil {
		t.Fatal(err)
	}
	os.MkdirAll(e.stateDir(), 0o777)
	now := time.Now()
	for n := range 4000 {
		if err := c.noteRun(span{now.Add(time.Duration(n) * time.Hour), now.Add(time.Duration(n)*time.Hour + time.Minute)}); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(c.runsPath())
	if err != nil || info.Size() > 2*maxRuns {
		t.Fatalf("%v, %v", info, err)
	}
	runs := readRuns(c.runsPath())
	last := now.Add(3999 * time.Hour)
	for add, want := range map[time.Duration]bool{0: true, time.Second: true, -time.Second: false, time.Hour: false, -10*time.Hour + time.Second: true} {
		if runs.hold(last.Add(add)) != want {
			t.Errorf("%v: not %v", add, want)
		}
	}
}

// emptyRecord is a record without parts.
func emptyRecord(t *testing.T, dir string) *state.DB {
	db, err := state.Open(dir+"/none", state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return db
}
