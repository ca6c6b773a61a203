package pack

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/state"
)

// Open returns what is installed in a directory, without a profile. All parts
// are named. The paths of the records are as they are recorded: where the tree
// was, if it has been moved.
func Open(dir string, fileName func(string) string) (*Source, *Relocation, error) {
	installed := filepath.Join(dir, installedName)
	if _, err := os.Stat(installed); err != nil {
		return nil, nil, unknownTree(dir, err)
	}
	db, err := state.Open(installed, state.Options{})
	if err != nil {
		return nil, nil, err
	}
	s := &Source{Dir: dir, StateDir: filepath.Join(dir, stateName), FileName: fileName}
	for _, name := range db.Parts() {
		r, _ := db.Get(name)
		s.Records, s.Named = append(s.Records, r), append(s.Named, name)
	}
	if len(s.Records) == 0 {
		return nil, nil, unknownTree(dir, nil)
	}
	r, err := LoadRelocation(dir)
	if err != nil {
		return nil, nil, err
	}
	if r != nil {
		s.Named = keepInstalled(r.Named, s.Records)
		if r.Fits(s.Records) {
			s.Facts = r.Facts
		}
	}
	return s, r, nil
}

func unknownTree(dir string, err error) error {
	why := "no part is installed there"
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		why = reason(err)
	}
	return diag.At(diag.Span{}, "relocate-unknown", "%s is no tree with installed parts: %s", dir, why).WithCause(err).
		WithHint("name a directory that gobuild has built or unpacked: it has %s", installedName)
}

// keepInstalled returns those of names that are installed; all parts, if none is.
func keepInstalled(names []string, records []parts.Record) []string {
	var kept, all []string
	for _, r := range records {
		all = append(all, r.Part)
	}
	for _, name := range names {
		for _, r := range records {
			if r.Part == name {
				kept = append(kept, name)
			}
		}
	}
	if len(kept) == 0 {
		return all
	}
	return kept
}

// At sets where the source is: in directory dir, as its records have it. The
// directory of parts is guessed from where parts are.
func (s *Source) At(dir string) {
	s.Dir = dir
	votes := map[string]int{}
	best := dir + "/parts"
	for _, r := range s.Records {
		for _, p := range r.Paths {
			if filepath.Base(p) != r.Part {
				continue
			}
			above := filepath.Dir(p)
			if within(above, dir) && above != dir {
				votes[above]++
			}
		}
	}
	for above, n := range votes {
		if n > votes[best] || n == votes[best] && above < best {
			best = above
		}
	}
	s.PartsDirectory = best
}

// OldDirectory finds where a tree was that is at dir now, by the paths of its
// records; "" when they do not tell.
func OldDirectory(dir string, records []parts.Record) string {
	var old string
	for _, r := range records {
		for _, p := range r.Paths {
			found := ancestorOf(dir, p)
			if found == "" {
				continue
			}
			if old != "" && old != found {
				return ""
			}
			old = found
		}
	}
	return old
}

// ancestorOf returns the ancestor of p in whose place dir is: what is below it
// is below dir.
func ancestorOf(dir, p string) string {
	if _, err := os.Lstat(p); err == nil && within(p, dir) {
		return dir
	}
	for above := filepath.Dir(p); above != "/" && above != "."; above = filepath.Dir(above) {
		if _, err := os.Lstat(dir + strings.TrimPrefix(p, above)); err == nil {
			return above
		}
	}
	return ""
}
