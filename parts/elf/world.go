package elf

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// object is an ELF file at one of its paths.
type object struct {
	*image
	path string
	id   fileID
	part int // where it is when links are followed; -1 is the host
}

// world is all files that loaders can find: those of the parts, and those of
// the host. It is used by one goroutine.
type world struct {
	*disk
	parts   []*Part
	needs   []map[int]bool // the parts of the closure of each part
	objects map[string]*object
	images  map[fileID]*image
	loaders map[string]*loader
	dirs    map[string][]string // what a loader searches for a directory
	shelves []*shelf
	reader  reader
}

func newWorld(in *Input) *world {
	w := &world{objects: map[string]*object{}, images: map[fileID]*image{}, loaders: map[string]*loader{}, dirs: map[string][]string{}}
	for _, list := range [][]Part{in.Parts, in.Known} {
		for i := range list {
			w.parts = append(w.parts, &list[i])
		}
	}
	w.disk = newDisk(in.Root, w.parts)
	w.shelves = make([]*shelf, len(w.parts))
	numbers := map[string]int{}
	for i := len(w.parts) - 1; i >= 0; i-- {
		numbers[w.parts[i].Name] = i
	}
	for i, p := range w.parts {
		needs := map[int]bool{i: true}
		w.mayUse(needs, i)
		for _, name := range p.Needs {
			if n, ok := numbers[name]; ok {
				w.mayUse(needs, n)
			}
		}
		w.needs = append(w.needs, needs)
	}
	return w
}

// mayUse adds a part to a closure, and those that own a path together with it.
func (w *world) mayUse(needs map[int]bool, part int) {
	needs[part] = true
	for _, root := range w.parts[part].Roots {
		if owner, ok := w.owners[filepath.Clean(root)]; ok {
			needs[owner] = true
		}
	}
}

// place says what a path is to a part.
type place int

const (
	placeOwn   place = iota // in the closure
	placeOther              // in a part that the part does not need
	placeHost               // of the host, or of no part
)

// placeOf says where a path is for a part, links followed; other is the part
// that has it, or -1.
func (w *world) placeOf(part int, path string) (p place, other int) {
	other = w.owner(w.follow(path))
	switch {
	case other < 0:
		return placeHost, other
	case w.needs[part][other]:
		return placeOwn, other
	}
	return placeOther, other
}

// open returns the ELF file at a path, or nil when there is no file. A file
// that is no ELF file has a problem.
func (w *world) open(path string) *object {
	if o, ok := w.objects[path]; ok {
		return o
	}
	o := w.load(path)
	w.objects[path] = o
	return o
}

func (w *world) load(path string) *object {
	f, err := openRegular(w.real(path))
	if err != nil && !errors.Is(err, errIrregular) {
		return nil // the loader goes on, too
	}
	o := &object{path: path, part: w.owner(w.follow(path))}
	if err != nil {
		o.image = &image{problem: pathless(err)}
		return o
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		o.image = &image{problem: pathless(err)}
		return o
	}
	o.id, _ = identity(info)
	if o.image = w.images[o.id]; o.image == nil || o.id == (fileID{}) {
		o.image = w.reader.read(f, info.Size(), o.part >= 0, version{})
		w.images[o.id] = o.image
	}
	return o
}

// pathless is the text of an error without the path that it is about.
func pathless(err error) string {
	if inner, ok := errors.AsType[*os.PathError](err); ok {
		return inner.Err.Error()
	}
	return err.Error()
}

// loaderOf returns the loader that would load a file: the interpreter that it
// names when that is in a part, and else that of its machine on this host.
func (w *world) loaderOf(m *image) *loader {
	kind, ok := machineOf(m)
	if !ok {
		kind = machine{arch: m.machine.String(), loaders: []string{""}}
	}
	path := kind.loaders[0]
	for _, other := range kind.loaders {
		if w.exists(other) {
			path = other
			break
		}
	}
	if filepath.IsAbs(m.interp) && w.owner(m.interp) >= 0 && w.exists(m.interp) {
		path = m.interp
	}
	key := kind.arch + path
	if w.loaders[key] == nil {
		w.loaders[key] = newLoader(w.disk, kind, path)
	}
	return w.loaders[key]
}

// searched returns the directories that a loader searches for one directory.
func (w *world) searched(l *loader, dir string) []string {
	key := l.machine.arch + l.path + ":" + dir
	found, ok := w.dirs[key]
	if ok {
		return found
	}
	if w.exists(dir) {
		for _, name := range l.before {
			if sub := dir + "/" + name; w.exists(sub) {
				found = append(found, sub)
			}
		}
		found = append(found, dir)
	}
	w.dirs[key] = found
	return found
}

// expand replaces $ORIGIN, $LIB and $PLATFORM.
func expand(text, origin string, l *loader) string {
	if !strings.Contains(text, "$") {
		return text
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		value, rest, ok := token(after, origin, l)
		if !ok {
			value, rest = "$", after
		}
		b.WriteString(value)
		text = rest
	}
}

// token reads the name behind a dollar sign, as ld.so does: it may be in
// braces, and no letter, digit or underscore follows it.
func token(text, origin string, l *loader) (value, rest string, ok bool) {
	inner, braces := strings.CutPrefix(text, "{")
	for _, t := range [...]struct{ name, value string }{{"ORIGIN", origin}, {"LIB", l.lib}, {"PLATFORM", l.platform}} {
		rest, ok := strings.CutPrefix(inner, t.name)
		switch {
		case !ok || braces && !strings.HasPrefix(rest, "}"):
			continue
		case braces:
			return t.value, rest[1:], true
		case rest == "" || !inWord(rest[0]):
			return t.value, rest, true
		}
	}
	return "", text, false
}

func inWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// sameMachine reports whether a loader would take b for a process of a.
func sameMachine(a, b *image) bool {
	return a.class == b.class && a.machine == b.machine && a.little == b.little
}
