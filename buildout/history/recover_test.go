package history

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRollbackUndo makes a rollback fail in its middle.
func TestRollbackUndo(t *testing.T) {
	s := newSite(t)
	one := s.run(step{part: "a", version: "1"})
	two := s.run(step{part: "a", version: "2"})
	j := &journal{Version: 1, Run: newID(s.now.Add(time.Hour), 1)}
	place := keptDir(s.dir, two, "a")
	before, tree := s.look(), s.tree()
	j.Moves = []move{{"a", s.path("parts/a"), filepath.Join(keptDir(s.dir, j.Run, "a"), "0")}, {"a", filepath.Join(place, "0"), s.path("parts/a")},
		{"a", filepath.Join(place, "missing"), s.path("bin/other")}}
	if err := j.write(s.dir); err != nil {
		t.Fatal(err)
	}
	if err := j.carryOut(); err == nil {
		t.Fatal("a move of nothing succeeds")
	}
	if s.look() == before {
		t.Fatal("nothing was done that could be undone")
	}
	if err := Recover(s.dir); err != nil {
		t.Fatal(err)
	}
	if s.look() != before || s.tree() != tree {
		t.Errorf("there is\n%s\n%s\nwant\n%s\n%s", s.look(), s.tree(), before, tree)
	}
	s.wants(one, "parts/a/file=1 bin/a=1 [a]=1")
}

// TestRollbackKilled stops a rollback behind each of its stages; the next one
// finishes it or undoes it.
func TestRollbackKilled(t *testing.T) {
	for stage := range 9 {
		s := newSite(t)
		one := s.run(step{part: "a", version: "1"}, step{part: "b", version: "1"})
		first := s.look()
		s.run(step{part: "a", version: "2"}, step{part: "b", version: "2"})
		second := s.look()
		b := s.stop(one, stage)
		if err := Recover(s.dir); err != nil {
			t.Fatal(err)
		}
		want := second
		if stage >= 8 { // the record was written
			want = first
		}
		if got := s.look(); got != want || exists(journalPath(s.dir)) {
			t.Errorf("stage %d: there is\n%s\nwant\n%s", stage, got, want)
		}
		run, err := read(s.dir, b.run.ID)
		if (err == nil) != (want == first) || err == nil && run.Result != Done {
			t.Errorf("stage %d: entry %v %v", stage, run, err)
		}
		s.wants(one, first)
	}
}

// stop carries a rollback out up to a stage: moves, then the record.
func (s *site) stop(id string, stage int) *rollback {
	s.Helper()
	s.now = s.now.Add(time.Hour)
	o := RollbackOptions{ID: id, Config: Config{Keep: 50, Now: func() time.Time { return s.now }}.filled()}
	b, err := newRollback(s.dir, o)
	if err == nil {
		err = b.plan()
	}
	if err != nil {
		s.Fatal(err)
	}
	b.run.Parts = b.parts()
	j := &journal{Version: 1, Run: b.run.ID, Moves: slices.Concat(b.out, b.in)}
	if len(j.Moves) != 8 {
		s.Fatalf("%d moves", len(j.Moves))
	}
	done := *j
	done.Moves = j.Moves[:min(stage, 8)]
	if err := errors.Join(b.run.begin(), b.prepare(j), done.carryOut()); err != nil {
		s.Fatal(err)
	}
	if stage >= 8 {
		if err := b.is.Restore(b.was); err != nil {
			s.Fatal(err)
		}
	}
	return b
}

// TestRecoverLate checks that moves are not undone after another run.
func TestRecoverLate(t *testing.T) {
	s := newSite(t)
	one := s.run(step{part: "a", version: "1"}, step{part: "b", version: "1"})
	s.run(step{part: "a", version: "2"}, step{part: "b", version: "2"})
	s.stop(one, 6)
	s.run(step{part: "a", version: "3"}, step{part: "b", version: "3"})
	last := s.look()
	if err := Recover(s.dir); err != nil || s.look() != last || exists(journalPath(s.dir)) {
		t.Errorf("%v: there is\n%s\nwant\n%s", err, s.look(), last)
	}
}

// TestRecoverNothing checks that there is nothing to recover as a rule, and
// what is said about a damaged journal.
func TestRecoverNothing(t *testing.T) {
	s := newSite(t)
	if err := Recover(s.dir); err != nil {
		t.Error(err)
	}
	put(t, journalPath(s.dir), "{")
	if err := Recover(s.dir); err == nil || !strings.Contains(err.Error(), "cannot be undone") {
		t.Errorf("rollback-failed: %v", err)
	}
}
