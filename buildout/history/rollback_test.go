package history

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gobuild/buildout/plan"
	"gobuild/parts"
	"gobuild/parts/manifest"
	"gobuild/parts/state"
)

// site is a buildout directory in which runs are played.
type site struct {
	*testing.T
	dir  string
	now  time.Time
	runs []string // IDs
}

func newSite(t *testing.T) *site {
	t.Helper()
	return &site{T: t, dir: t.TempDir(), now: epoch}
}

func (s *site) path(elements ...string) string {
	return filepath.Join(append([]string{s.dir}, elements...)...)
}

func (s *site) db() *state.DB {
	s.Helper()
	db, err := state.Open(s.path(".installed.cfg"), state.Options{})
	if err != nil {
		s.Fatal(err)
	}
	return db
}

// step is what a run does to a part: version "" removes it. What was there is
// kept unless drop is set.
type step struct {
	part, version string
	drop          bool
	paths         []string // of the part; nil means parts/PART and bin/PART
	location      string   // of a shared part
}

// run plays a run.
func (s *site) run(steps ...step) string {
	s.Helper()
	s.now = s.now.Add(time.Hour)
	r := record(s.T, s.dir, s.now)
	db := s.db()
	var nodes []*plan.Node
	for _, st := range steps {
		decision := plan.Install
		if _, installed := db.Get(st.part); installed && st.version == "" {
			decision = plan.Remove
		} else if installed {
			decision = plan.Reinstall
		}
		nodes = append(nodes, node(st.part, decision))
	}
	r.Planned(graph(nodes...), Site{s.dir, s.path(".installed.cfg"), 2})
	for _, st := range steps {
		s.play(r, db, st)
	}
	if err := db.Close(); err != nil {
		s.Fatal(err)
	}
	put(s.T, manifest.Path(s.path(".gobuild")), "manifest of "+r.ID())
	r.finished(s.T, 3*second, nil)
	s.runs = append(s.runs, r.ID())
	return r.ID()
}

func (s *site) play(r *recording, db *state.DB, st step) {
	s.Helper()
	if old, installed := db.Get(st.part); installed {
		r.started(second, Uninstalling, st.part)
		s.leave(r.ID(), st, old)
		if err := db.Drop(st.part); err != nil {
			s.Fatal(err)
		}
		r.done(second, st.part, nil)
	}
	if st.version == "" {
		return
	}
	r.started(2*second, Installing, st.part)
	record := parts.Record{Part: st.part, Options: map[string]string{"version": st.version}, Paths: st.paths}
	if st.location != "" {
		record.Options["location"] = st.location
	} else if st.paths == nil {
		record.Paths = []string{"parts/" + st.part, s.path("bin", st.part)}
		put(s.T, s.path("parts", st.part, "file"), st.version)
		put(s.T, s.path("bin", st.part), st.version)
	}
	for _, p := range st.paths {
		put(s.T, absolute(s.dir, p), st.version)
	}
	if err := db.Put(record); err != nil {
		s.Fatal(err)
	}
	r.done(2*second, st.part, nil)
}

// leave keeps or deletes what a part was.
func (s *site) leave(id string, st step, old parts.Record) {
	s.Helper()
	if !st.drop {
		if err := Keep(s.dir, id, st.part, old.Paths); err != nil {
			s.Fatal(err)
		}
		return
	}
	for _, p := range old.Paths {
		os.RemoveAll(absolute(s.dir, p))
	}
}

func (s *site) rollBack(id string) (*Rollback, error) {
	s.now = s.now.Add(time.Hour)
	return RollBack(context.Background(), s.dir, RollbackOptions{ID: id, Config: Config{Keep: 50, Now: func() time.Time { return s.now }}})
}

// look describes the directory: versions of files, and records in order.
func (s *site) look() string {
	s.Helper()
	var list []string
	for _, top := range []string{"parts", "bin", "etc"} {
		filepath.WalkDir(s.path(top), func(path string, d os.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				name, _ := filepath.Rel(s.dir, path)
				list = append(list, name+"="+get(s.T, path))
			}
			return nil
		})
	}
	db := s.db()
	for _, name := range db.Parts() {
		r, _ := db.Get(name)
		list = append(list, "["+name+"]="+r.Options["version"])
	}
	return strings.Join(list, " ")
}

// wants rolls back and checks what the directory is then.
func (s *site) wants(id, want string) {
	s.Helper()
	if _, err := s.rollBack(id); err != nil {
		s.Fatalf("back to %s: %v", id, err)
	}
	if got := s.look(); got != want {
		s.Errorf("after the way back to %s there is\n%s\nwant\n%s", id, got, want)
	}
}

// refuses checks that a rollback is impossible for a reason, and changes
// nothing.
func (s *site) refuses(id, reason string) {
	s.Helper()
	before, tree := s.look(), s.tree()
	_, err := s.rollBack(id)
	if err == nil || !strings.Contains(err.Error(), reason) {
		s.Errorf("back to %s: %v, want %q", id, err, reason)
	}
	if after := s.look(); after != before || s.tree() != tree {
		s.Errorf("changed from\n%s\nto\n%s", before, after)
	}
}

// tree lists all that is in the state directory but the lock.
func (s *site) tree() string {
	var list []string
	filepath.WalkDir(s.path(".gobuild"), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Name() != "lock" {
			list = append(list, path)
		}
		return nil
	})
	return strings.Join(list, "\n")
}

// TestRollback goes to and fro between the states of five runs.
func TestRollback(t *testing.T) {
	s := newSite(t)
	one := s.run(step{part: "a", version: "1"}, step{part: "b", version: "1"})
	first := s.look()
	two := s.run(step{part: "a", version: "2"})
	second := s.look()
	three := s.run(step{part: "b"}, step{part: "c", version: "1"}, step{part: "a", version: "3"})
	third := s.look()
	s.wants("", second)
	s.wants("", third) // the way back is taken back
	s.wants(one, first)
	s.wants(three, third)
	s.wants(two, second)
	s.wants(one, first)
	four := s.run(step{part: "a", version: "4"})
	fourth := s.look()
	s.wants(three, third)
	s.wants(four, fourth)
	s.wants(two, second)
	if got := get(t, manifest.Path(s.path(".gobuild"))); got != "manifest of "+two {
		t.Errorf("the manifest is %q", got)
	}
	result, err := s.rollBack(two)
	if err != nil || len(result.Changes) != 0 || result.ID != "" {
		t.Errorf("a rollback to where it is: %+v, %v", result, err)
	}
}

// TestRollbackTells checks the entry of a rollback.
func TestRollbackTells(t *testing.T) {
	s := newSite(t)
	one := s.run(step{part: "a", version: "1"})
	two := s.run(step{part: "a", version: "2"}, step{part: "b", version: "1"})
	result, err := s.rollBack("")
	if err != nil {
		t.Fatal(err)
	}
	want := []Change{{"b", SetAside, ""}, {"a", Restore, two}}
	if result.Target != one || !slices.Equal(result.Changes, want) {
		t.Errorf("target %s, changes %+v", result.Target, result.Changes)
	}
	run, err := Load(s.dir, Last)
	if err != nil {
		t.Fatal(err)
	}
	if run.ID != result.ID || run.Target != one || run.Result != Done || run.Counts.Restored != 1 || run.Counts.Removed != 1 {
		t.Errorf("run %+v", run)
	}
	if exists(journalPath(s.dir)) || exists(keptDir(s.dir, two, "a")) || !exists(filepath.Join(keptDir(s.dir, run.ID, "b"), "kept.json")) {
		t.Errorf("left are\n%s", s.tree())
	}
}

// TestRollbackDryRun checks that a dry run changes nothing.
func TestRollbackDryRun(t *testing.T) {
	s := newSite(t)
	s.run(step{part: "a", version: "1"})
	s.run(step{part: "a", version: "2"})
	before, tree := s.look(), s.tree()
	result, err := RollBack(context.Background(), s.dir, RollbackOptions{DryRun: true})
	if err != nil || len(result.Changes) != 1 || s.look() != before || s.tree() != tree || exists(s.path(".gobuild/lock")) {
		t.Errorf("%+v, %v\n%s", result, err, s.tree())
	}
}

// TestRollbackOverLinks checks that a link which was there all the time is no
// obstacle.
func TestRollbackOverLinks(t *testing.T) {
	s := newSite(t)
	if err := errors.Join(os.Mkdir(s.path("real"), 0o777), os.Symlink("real", s.path("parts"))); err != nil {
		t.Fatal(err)
	}
	one := s.run(step{part: "a", version: "1"})
	s.run(step{part: "a", version: "2"})
	s.wants(one, "bin/a=1 [a]=1")
	if got := get(t, s.path("real/a/file")); got != "1" {
		t.Errorf("behind the link is version %s", got)
	}
}

// TestRollbackShared checks parts without files of their own: their place is
// shared, and nothing of it is moved.
func TestRollbackShared(t *testing.T) {
	s := newSite(t)
	shared := t.TempDir()
	old, recent := filepath.Join(shared, "a", strings.Repeat("0a", 16)), filepath.Join(shared, "a", strings.Repeat("1b", 16))
	put(t, filepath.Join(old, "file"), "1")
	put(t, filepath.Join(recent, "file"), "2")
	one := s.run(step{part: "a", version: "1", location: old})
	s.run(step{part: "a", version: "2", location: recent})
	two := s.run(step{part: "a", version: "3"})
	s.wants(one, "[a]=1")
	s.wants(two, "parts/a/file=3 bin/a=3 [a]=3")
	if err := os.RemoveAll(old); err != nil {
		t.Fatal(err)
	}
	s.refuses(one, "a: "+old+" is not there any more")
}

// TestRollbackImpossible checks what stands against a rollback, and that
// nothing is changed then.
func TestRollbackImpossible(t *testing.T) {
	tests := []struct {
		name   string
		spoil  func(s *site, one, two string)
		reason string
	}{
		{"not kept", func(s *site, one, two string) { os.RemoveAll(keptDir(s.dir, two, "a")) }, "a: run TWO replaced it and did not keep it"},
		{"partly kept", func(s *site, one, two string) { os.RemoveAll(filepath.Join(keptDir(s.dir, two, "a"), "1")) }, "bin/a is not among what run TWO kept of it"},
		{"note is broken", func(s *site, one, two string) { put(s.T, filepath.Join(keptDir(s.dir, two, "a"), noteName), "{") }, "is not known: kept.json: unexpected end"},
		{"note leads out", func(s *site, one, two string) {
			put(s.T, filepath.Join(keptDir(s.dir, two, "a"), noteName), `{"version":1,"paths":[{"path":"/x","name":"../../.."}]}`)
		}, "kept.json is damaged"},
		{"in the way", func(s *site, one, two string) {
			os.RemoveAll(s.path("bin/a"))
			put(s.T, s.path("bin/a/users"), "file")
			s.record(two, "a", "parts/a")
		}, "bin/a is in the way: no part that is installed owns it"},
		{"another tool", func(s *site, one, two string) {
			put(s.T, s.path(".installed.cfg"), strings.Replace(get(s.T, s.path(".installed.cfg")), "version = 2", "version = 9", 1))
		}, ".installed.cfg has changed since the last run that the history knows: part a"},
		{"damaged copy", func(s *site, one, two string) {
			put(s.T, s.path(".gobuild/history", one, "installed.cfg"), "[buildout]\nparts =\n")
		}, "its copy of what was installed is damaged"},
		{"lost copy", func(s *site, one, two string) { os.Remove(s.path(".gobuild/history", one, "installed.cfg")) }, "the entry of run ONE cannot be used"},
		{"broken entry between", func(s *site, one, two string) {
			put(s.T, s.path(".gobuild/history", strings.Replace(one, ".000Z", ".001Z", 1), "run.json"), "")
		}, ".001Z-4242 cannot be read, so what it replaced is not known"},
		{"link for a directory", func(s *site, one, two string) {
			if err := errors.Join(os.Rename(s.path("bin"), s.path("other")), os.Symlink("other", s.path("bin"))); err != nil {
				s.Fatal(err)
			}
		}, "bin leads to another place than after run TWO"},
		{"open journal", func(s *site, one, two string) {
			put(s.T, s.path(".gobuild/journal"), "gobuild journal 1\n0badc0de state \"x\"\n")
		}, "did not end"},
		{"killed run", func(s *site, one, two string) { s.killed("b") }, "the last run, 20260102T060405.000Z-4242, did not end"},
		{"unknown run", func(s *site, one, two string) { os.RemoveAll(s.path(".gobuild/history", one)) }, "there is no run"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			one := s.run(step{part: "a", version: "1"})
			two := s.run(step{part: "a", version: "2"})
			test.spoil(s, one, two)
			s.refuses(one, strings.NewReplacer("ONE", one, "TWO", two).Replace(test.reason))
		})
	}
}

// record writes another record of a part, and has the history know it.
func (s *site) record(id, part string, paths ...string) {
	s.Helper()
	db := s.db()
	r, _ := db.Get(part)
	r.Paths = paths
	if err := errors.Join(db.Put(r), db.Close()); err != nil {
		s.Fatal(err)
	}
	run, err := read(s.dir, id)
	if err != nil {
		s.Fatal(err)
	}
	if err := errors.Join(run.copyState(), run.write()); err != nil {
		s.Fatal(err)
	}
}

// killed plays a run that is killed before it has done anything.
func (s *site) killed(part string) {
	s.Helper()
	s.now = s.now.Add(time.Hour)
	record(s.T, s.dir, s.now).Planned(graph(node(part, plan.Reinstall)), Site{s.dir, s.path(".installed.cfg"), 2})
}

// TestRollbackOverKilled checks that a run that was killed on the way makes
// only the parts unsure that it was to change.
func TestRollbackOverKilled(t *testing.T) {
	s := newSite(t)
	one := s.run(step{part: "a", version: "1"}, step{part: "b", version: "1"})
	first := s.look()
	s.killed("c")
	s.run(step{part: "a", version: "2"})
	s.wants(one, first)
	s.killed("b")
	s.run(step{part: "c", version: "1"})
	s.refuses(one, "did not end, and may have replaced the part")
}

// TestRollbackOverFailure checks that a failed run which put the old tree back
// is no obstacle, and one that lost it is.
func TestRollbackOverFailure(t *testing.T) {
	s := newSite(t)
	one := s.run(step{part: "a", version: "1"})
	first := s.look()
	fail := func(lose bool) {
		s.now = s.now.Add(time.Hour)
		r := record(t, s.dir, s.now)
		r.Planned(graph(node("a", plan.Reinstall), node("b", plan.Install)), Site{s.dir, s.path(".installed.cfg"), 2})
		r.started(second, Uninstalling, "a")
		r.done(second, "a", nil)
		r.started(second, Installing, "a")
		r.done(second, "a", errors.New("no"))
		if lose {
			db := s.db()
			if err := errors.Join(db.Drop("a"), db.Close()); err != nil {
				t.Fatal(err)
			}
			os.RemoveAll(s.path("parts/a"))
			os.RemoveAll(s.path("bin/a"))
		}
		r.finished(t, 2*second, errors.New("1 part failed"))
	}
	fail(false)
	s.run(step{part: "b", version: "1"})
	s.wants(one, first)
	fail(true)
	s.refuses(one, "replaced it and did not keep it")
}

// TestNested checks paths of a part that lie in each other, and a part whose
// paths lie in those of another.
func TestNested(t *testing.T) {
	s := newSite(t)
	for _, paths := range [][]string{{"etc/x/inner", "etc/x/inner2"}, {"etc/x/deep/er", "etc/x/deep"}} {
		for i, p := range paths {
			if i == 0 || !strings.HasPrefix(paths[0], p) {
				put(t, s.path(p), "old")
			}
		}
		id := newID(s.now, len(paths[0]))
		if err := Keep(s.dir, id, "a", paths); err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			if exists(s.path(p)) {
				t.Errorf("%s is still there", p)
			}
		}
	}
	one := s.run(step{part: "outer", version: "1", paths: []string{"etc/outer/file"}}, step{part: "a", version: "1"})
	s.record(one, "outer", "etc/outer")
	s.run(step{part: "inside", version: "1", paths: []string{"etc/outer/inside"}})
	s.run(step{part: "a", version: "2"})
	if _, err := s.rollBack(one); err != nil {
		t.Error(err)
	}
}
