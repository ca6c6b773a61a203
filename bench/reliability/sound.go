//go:build linux && amd64

package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A recorded part is sound when its files are those that it has in a condition
// where it has the same options. One that a step was going to replace or remove
// may lack files: it is torn. It may also have all of its new files already:
// the journal tells the next run.

// sound looks at all recorded parts of a site that was stopped in a step
// between two conditions. It counts torn parts, by whether they are trees or
// single files; anything else that is not sound is an error.
func (s *site) sound(from, to condition) (torn tally, err error) {
	r, err := readRecord(filepath.Join(s.dir, ".installed.cfg"))
	if err != nil {
		return torn, err
	}
	var lines []string
	for _, part := range r.parts() {
		wrong := s.unsound(r, part, from, to)
		leaves := sameOptions(from.record[part], r[part]) && !sameOptions(to.record[part], r[part])
		switch {
		case len(wrong) > 0 && leaves && s.isAhead(part, to):
		case len(wrong) > 0 && leaves && !slices.ContainsFunc(wrong, func(line string) bool { return !strings.Contains(line, missing) }):
			torn.add(s.kind(from, part), 1)
			s.say("torn: %s", strings.Join(wrong, "; "))
		default:
			lines = append(lines, wrong...)
		}
	}
	if len(lines) > 0 {
		return torn, errors.New(strings.Join(shorten(lines), "\n"))
	}
	return torn, nil
}

// kind tells whether a part was a tree or a single file.
func (s *site) kind(c condition, part string) string {
	rel, err := filepath.Rel(s.dir, c.record.paths(part)[0])
	if err == nil && c.files[rel].Mode.IsDir() {
		return "tree"
	}
	return "file"
}

// isAhead reports whether a part has all of its new files.
func (s *site) isAhead(part string, to condition) bool {
	return to.record[part] != nil && len(s.unsound(to.record, part, to)) == 0
}

// unsound tells what is wrong with the files of a recorded part.
func (s *site) unsound(r record, part string, conditions ...condition) []string {
	lines := []string{"record of " + part + " is that of no run"}
	for _, c := range conditions {
		if !sameOptions(c.record[part], r[part]) {
			continue
		}
		lines = nil
		for _, path := range r.paths(part) {
			rel, err := filepath.Rel(s.dir, path)
			if err != nil || path == "" {
				continue
			}
			lines = append(lines, s.unlike(c.files.below(rel), part, rel)...)
		}
		if len(lines) == 0 {
			return nil
		}
	}
	return lines
}

// unlike compares what is at a path with what should be.
func (s *site) unlike(want tree, part, rel string) []string {
	got := tree{}
	if _, err := os.Lstat(filepath.Join(s.dir, rel)); err == nil {
		all, err := snapshot(filepath.Join(s.dir, rel), nil)
		if err != nil {
			return []string{err.Error()}
		}
		for p, e := range all {
			e.Twin = "" // the other name may be gone already
			got[filepath.Join(rel, p)] = e
		}
	}
	for p, e := range want {
		e.Twin = ""
		want[p] = e
	}
	lines := want.differences(got)
	for i := range lines {
		lines[i] = "recorded part " + part + ": " + lines[i]
	}
	return lines
}

// sameOptions compares records of a part. A part that is not recorded has no
// options, and is like none.
func sameOptions(a, b map[string]string) bool {
	if a == nil || len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}
