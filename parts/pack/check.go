package pack

import (
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"gobuild/parts/relocate"
)

// Limits of an archive. The largest trees that profiles build are far below.
const (
	maxMembers  = 4 << 20
	maxSize     = 128 << 30
	maxManifest = 512 << 20
	maxPath     = 4096
	maxName     = 255
	// An archive may grow by maxRatio, and by freeSize on top.
	maxRatio = 200
	freeSize = 512 << 20
)

const (
	stateName      = ".gobuild"
	installedName  = ".installed.cfg"
	provenanceName = stateName + "/provenance"
	licensesName   = stateName + "/licenses"
	patchesName    = stateName + "/patches"
)

// check says what no manifest of gobuild pack has. Whatever passes can be
// unpacked without leaving the directory.
func (m *Manifest) check() error {
	c := &checker{m: m, parts: map[string]bool{}, kinds: make(map[string]Type, len(m.Files)), places: map[string]int{}}
	for _, step := range []func() error{c.checkParts, c.checkRoots, c.checkFiles, c.checkRelocation} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

type checker struct {
	m      *Manifest
	parts  map[string]bool
	places map[string]int  // index of the root
	kinds  map[string]Type // of members, by path
	size   int64
}

// validPlace reports whether name is a path below the tree that parts may own.
func validPlace(name string) bool {
	if name == "" || name == "." || len(name) > maxPath || path.Clean(name) != name || path.IsAbs(name) || strings.IndexByte(name, 0) >= 0 {
		return false
	}
	for element := range strings.SplitSeq(name, "/") {
		if element == ".." || len(element) > maxName {
			return false
		}
	}
	return true
}

// reserved reports whether a place belongs to gobuild itself.
func reserved(place string) bool {
	return place == installedName || place == ManifestName || within(place, stateName)
}

// within reports whether a place is dir or below it.
func within(place, dir string) bool {
	return place == dir || len(place) > len(dir) && place[len(dir)] == '/' && place[:len(dir)] == dir
}

func (c *checker) checkParts() error {
	for _, p := range c.m.Parts {
		if p.Name == "" || len(p.Name) > maxPath || !utf8.ValidString(p.Name) || strings.ContainsAny(p.Name, "\n\r\x00") {
			return hostile("a part with the name %q", p.Name)
		}
		if c.parts[p.Name] {
			return hostile("part %s twice", p.Name)
		}
		c.parts[p.Name] = true
		for _, place := range p.Paths {
			if !validPlace(place) || reserved(place) {
				return hostile("part %s owns %q", p.Name, place)
			}
		}
	}
	for _, name := range c.m.Named {
		if !c.parts[name] {
			return hostile("part %q is named, and not there", name)
		}
	}
	return nil
}

func (c *checker) checkRoots() error {
	for i, r := range c.m.Roots {
		if !validPlace(r.Place) || reserved(r.Place) {
			return hostile("a tree at %q", r.Place)
		}
		if !c.parts[r.Part] {
			return hostile("%s belongs to part %q, which is not there", r.Place, r.Part)
		}
		if _, double := c.places[r.Place]; double {
			return hostile("%s twice", r.Place)
		}
		c.places[r.Place] = i
	}
	for _, r := range c.m.Roots {
		for dir := path.Dir(r.Place); dir != "."; dir = path.Dir(dir) {
			if _, ok := c.places[dir]; ok {
				return hostile("%s is within %s", r.Place, dir)
			}
		}
	}
	return nil
}

// rootOf returns the index of the root that holds a place; -1 for files of
// gobuild that are not of a root.
func (c *checker) rootOf(place string) (int, bool) {
	for dir := place; dir != "."; dir = path.Dir(dir) {
		if i, ok := c.places[dir]; ok {
			return i, true
		}
	}
	return -1, isKept(place)
}

// isKept reports whether a place is that of a text that belongs to what was noted
// when parts were built, under the name of its sum.
func isKept(place string) bool {
	dir, name := path.Split(place)
	return (dir == licensesName+"/" || dir == patchesName+"/") && isSum(name)
}

// isSum reports whether a text is a SHA-256 in hexadecimal.
func isSum(text string) bool { return len(text) == 64 && strings.Trim(text, "0123456789abcdef") == "" }

func (c *checker) checkFiles() error {
	if len(c.m.Files) > maxMembers {
		return hostile("%d members", len(c.m.Files))
	}
	for i := range c.m.Files {
		if err := c.checkFile(&c.m.Files[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) checkFile(f *File) error {
	if !validPlace(f.Path) {
		return hostile("a member with the name %q", f.Path)
	}
	root, ok := c.rootOf(f.Path)
	if !ok || root < 0 && f.Type != TypeFile {
		return hostile("%q belongs to no part", f.Path)
	}
	if _, double := c.kinds[f.Path]; double {
		return hostile("%q twice", f.Path)
	}
	if parent := path.Dir(f.Path); root >= 0 && f.Path != c.m.Roots[root].Place && c.kinds[parent] != TypeDir {
		return hostile("%q is below %q, which is no directory", f.Path, parent)
	}
	if f.Mode&^0o777 != 0 {
		return hostile("%q has mode %04o", f.Path, uint32(f.Mode))
	}
	c.kinds[f.Path] = f.Type
	return c.checkType(f)
}

func (c *checker) checkType(f *File) error {
	switch f.Type {
	case TypeFile:
		if f.Size < 0 || f.Size > maxSize || c.size+f.Size > maxSize {
			return hostile("%q has %d bytes", f.Path, f.Size)
		}
		c.size += f.Size
		if !isSum(f.Sum) || f.Target != "" {
			return hostile("%q has the SHA-256 %q", f.Path, f.Sum)
		}
		return nil
	case TypeDir:
		if f.Size == 0 && f.Sum == "" && f.Target == "" {
			return nil
		}
	case TypeLink:
		if f.Target != "" && len(f.Target) < maxPath && strings.IndexByte(f.Target, 0) < 0 {
			return nil
		}
	case TypeHard:
		if c.kinds[f.Target] == TypeFile {
			return nil
		}
	}
	return hostile("%q is of type %q and leads to %q", f.Path, f.Type, f.Target)
}

func (c *checker) checkRelocation() error {
	r := c.m.Relocation
	if r == nil || r.Version != relocate.Version {
		return damaged("its manifest does not tell how to move the files")
	}
	if r.Roots != len(c.m.Roots) || len(r.Prefixes) < r.Roots {
		return hostile("%d of %d prefixes for %d trees", r.Roots, len(r.Prefixes), len(c.m.Roots))
	}
	seen := map[string]bool{}
	for _, p := range r.Prefixes {
		if !path.IsAbs(p.Path) || !validPlace(strings.TrimPrefix(p.Path, "/")) || seen[p.Path] {
			return hostile("the prefix %q", p.Path)
		}
		seen[p.Path] = true
	}
	if !slices.IsSortedFunc(r.Files, func(a, b relocate.Fact) int {
		if a.Root != b.Root {
			return a.Root - b.Root
		}
		return strings.Compare(a.Path, b.Path)
	}) {
		return hostile("facts that are not sorted")
	}
	for i := range r.Files {
		if err := c.checkFact(r, &r.Files[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) checkFact(r *relocate.Facts, f *relocate.Fact) error {
	if f.Root < 0 || f.Root >= r.Roots {
		return hostile("a fact about %q of no tree", f.Path)
	}
	place := placeOf(c.m.Roots[f.Root], f.Path)
	kind := c.kinds[place]
	if f.Kind == relocate.KindSymlink && kind != TypeLink || f.Kind != relocate.KindSymlink && kind != TypeFile && kind != TypeHard {
		return hostile("a fact of kind %s about %q", f.Kind, place)
	}
	for _, n := range f.Needs {
		if n < 0 || n >= len(r.Prefixes) {
			return hostile("a fact about %q that speaks of no prefix", place)
		}
	}
	end := int64(0)
	for _, s := range f.Sites {
		if s.Prefix >= len(r.Prefixes) || s.Offset < end {
			return hostile("a fact about %q with sites that cannot be", place)
		}
		end = s.Offset + int64(s.Width)
	}
	return nil
}

// placeOf is the place of a file of a root.
func placeOf(r Root, file string) string {
	if file == "" {
		return r.Place
	}
	return r.Place + "/" + file
}
