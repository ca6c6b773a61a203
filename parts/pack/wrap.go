package pack

import (
	"os"
	"path/filepath"
)

// wrapAll lets scripts stand for the programs that cannot be moved otherwise.
func (s *stage) wrapAll() error {
	for _, w := range s.wrappers {
		root := s.manifest.Roots[w.Root]
		from, to := placeOf(root, w.Path), placeOf(root, w.Program)
		if !validPlace(to) || !within(to, root.Place) {
			return hostile("a program that is to be at %q", to)
		}
		if err := os.MkdirAll(filepath.Dir(s.placer.path(to)), 0o777); err != nil {
			return err
		}
		if err := s.Disk.Rename(s.placer.path(from), s.placer.path(to)); err != nil {
			return err
		}
		if err := s.placer.write(from, 0o755, w.Script); err != nil {
			return err
		}
		s.rename(from, to, w.Root, w.Program)
		s.placed = append(s.placed, placed{File: File{Path: from, Type: TypeFile, Mode: 0o755, Size: int64(len(w.Script)), Sum: sumOf(w.Script)}})
		s.wrapped = append(s.wrapped, from)
	}
	return nil
}

// rename notes that a member has another place.
func (s *stage) rename(from, to string, root int, name string) {
	for i := range s.placed {
		p := &s.placed[i]
		if p.Type == TypeHard && p.Target == from {
			p.Target = to
		}
		if p.Path != from {
			continue
		}
		p.Path = to
		if p.fact != nil {
			fact := *p.fact
			fact.Root, fact.Path = root, name
			p.fact = &fact
		}
	}
}
