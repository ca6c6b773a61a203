package elf

import (
	"context"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// shelf is what a part has to offer, by names of files.
type shelf struct {
	links    map[string]string   // z: a libz.so or libz.a
	sonames  map[string][]string // libz.so.1: files of that name
	packages map[string]string   // zlib: a zlib.pc
	programs map[string]string   // in bin and sbin
}

// newShelf looks at the names of all files below some paths. A path that cannot
// be read has nothing to offer.
func newShelf(roots []string) *shelf {
	s := &shelf{links: map[string]string{}, sonames: map[string][]string{}, packages: map[string]string{}, programs: map[string]string{}}
	for _, root := range roots {
		filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				s.add(path, d.Name())
			}
			return nil
		})
	}
	return s
}

// add takes one file.
func (s *shelf) add(path, name string) {
	if parent := filepath.Base(filepath.Dir(path)); parent == "bin" || parent == "sbin" {
		s.programs[name] = path
	}
	if stem, ok := strings.CutSuffix(name, ".pc"); ok {
		s.packages[stem] = path
	}
	stem, rest, shared := strings.Cut(name, ".so")
	switch library, ok := strings.CutPrefix(stem, "lib"); {
	case shared && (rest == "" || rest[0] == '.'):
		s.sonames[name] = append(s.sonames[name], path)
		if ok && rest == "" {
			s.links[library] = path
		}
	case strings.HasPrefix(name, "lib") && strings.HasSuffix(name, ".a"):
		s.links[name[len("lib"):len(name)-len(".a")]] = path
	}
}

// shelf returns what a part has to offer. It is looked up when it is first
// asked for.
func (w *world) shelf(part int) *shelf {
	if w.shelves[part] == nil {
		w.shelves[part] = newShelf(w.parts[part].Roots)
	}
	return w.shelves[part]
}

// inClosure asks the shelves of a part and of those that it needs.
func (w *world) inClosure(part int, ask func(*shelf) bool) bool {
	if ask(w.shelf(part)) {
		return true
	}
	for n := range w.needs[part] {
		if ask(w.shelf(n)) {
			return true
		}
	}
	return false
}

// providers returns the parts whose shelves have something, but for one.
func (w *world) providers(but int, ask func(*shelf) bool) (names []string) {
	for i, p := range w.parts {
		if i != but && ask(w.shelf(i)) {
			names = append(names, p.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Index knows which parts provide which libraries.
type Index struct{ parts map[string][]string }

// NewIndex looks for shared libraries in the roots of parts. Only names of
// files are read, and of libraries without a number their soname.
func NewIndex(ctx context.Context, parts []Part) (*Index, error) {
	x := &Index{parts: map[string][]string{}}
	var r reader
	for i := range parts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for name, paths := range newShelf(parts[i].Roots).sonames {
			x.add(name, parts[i].Name)
			if strings.HasSuffix(name, ".so") {
				x.add(r.soname(paths[0]), parts[i].Name)
			}
		}
	}
	for _, names := range x.parts {
		slices.Sort(names)
	}
	return x, nil
}

func (x *Index) add(soname, part string) {
	if soname != "" && !slices.Contains(x.parts[soname], part) {
		x.parts[soname] = append(x.parts[soname], part)
	}
}

// soname returns the soname of a library, or "".
func (r *reader) soname(path string) string {
	f, err := openRegular(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	return r.read(f, info.Size(), false, version{}).soname
}

// Providers returns the names of the parts that provide a soname, sorted.
func (x *Index) Providers(soname string) []string { return x.parts[soname] }
