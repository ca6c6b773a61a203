package elf

import (
	"path/filepath"
	"strings"
)

// process is what a loader makes of a program, or of a library as if it were
// one.
type process struct {
	world *world
	ld    *loader
	list  []*mapped // in the order of loading; the first is what was started
	// self stands for the loader, which is there before all others.
	self *mapped
}

// mapped is an object in a process.
type mapped struct {
	*object
	by    *mapped // who asked for it first
	names []string
	finds []found
}

// found is what became of one name that an object needs.
type found struct {
	name     string
	to       *object // nil: nothing
	problem  string  // why nothing
	optional bool
}

// start loads an object with all that it needs, breadth first.
func (w *world) start(o *object) *process {
	p := &process{world: w, ld: w.loaderOf(o.image)}
	p.self = &mapped{object: &object{image: &image{}, path: p.ld.path, part: w.owner(w.follow(p.ld.path))},
		names: []string{p.ld.path, filepath.Base(p.ld.path)}}
	p.list = []*mapped{{object: o}}
	p.follow(0)
	return p
}

// follow looks up what the objects of the list need, from one of them on.
func (p *process) follow(from int) {
	for i := from; i < len(p.list); i++ {
		m := p.list[i]
		for _, name := range m.needed {
			m.finds = append(m.finds, p.find(name, m, false))
		}
		for _, name := range m.optional {
			m.finds = append(m.finds, p.find(name, m, true))
		}
	}
}

// withPlugin returns a process in which the program has loaded an object by
// dlopen, and that object.
func (p *process) withPlugin(o *object) (*process, *mapped) {
	q := &process{world: p.world, ld: p.ld, self: p.self, list: append([]*mapped(nil), p.list...)}
	if m := q.byID(o); m != nil {
		return q, m
	}
	m := &mapped{object: o, by: q.list[0], names: []string{o.path}}
	q.list = append(q.list, m)
	q.follow(len(q.list) - 1)
	return q, m
}

// byID returns what stands for an object in the process, or nil.
func (p *process) byID(o *object) *mapped {
	for _, m := range p.list {
		if m.object == o || m.id == o.id && o.id != (fileID{}) {
			return m
		}
	}
	return nil
}

// find looks up one name for an object and loads what it finds.
func (p *process) find(name string, by *mapped, optional bool) found {
	f := found{name: name, optional: optional}
	name = expand(name, p.origin(by), p.ld)
	if m := p.loaded(name); m != nil {
		f.to = m.object
		return f
	}
	o, problem := p.search(name, by)
	if o == nil {
		f.problem = problem
		return f
	}
	f.to = o
	if m := p.byID(o); m != nil {
		m.names = append(m.names, name)
		return f
	}
	p.list = append(p.list, &mapped{object: o, by: by, names: []string{name, o.path}})
	return f
}

// loaded returns the object that has a name already.
func (p *process) loaded(name string) *mapped {
	for _, n := range p.self.names {
		if n == name {
			return p.self
		}
	}
	for _, m := range p.list {
		for _, n := range m.names {
			if n == name {
				return m
			}
		}
		if m.soname == name {
			return m
		}
	}
	return nil
}

// origin is what $ORIGIN stands for in an object: a program is known by the path
// without links.
func (p *process) origin(m *mapped) string {
	if m == p.list[0] && m.program() {
		return filepath.Dir(p.world.disk.follow(m.path))
	}
	return filepath.Dir(m.path)
}

// search looks for a name as _dl_map_object of glibc does, LD_LIBRARY_PATH left
// out. problem says why there is nothing.
func (p *process) search(name string, by *mapped) (o *object, problem string) {
	if strings.Contains(name, "/") {
		return p.byPath(name)
	}
	for _, dir := range p.ownDirs(by) {
		if o, problem := p.try(dir, name); o != nil || problem != "" {
			return o, problem
		}
	}
	if path := p.ld.cache.lookup(name, p.ld.before); path != "" && !(by.noDefLib && p.isDefault(path)) {
		if o, problem := p.take(path); o != nil || problem != "" {
			return o, problem
		}
	}
	dirs := p.ld.cache.dirs
	if !by.noDefLib {
		dirs = append(dirs[:len(dirs):len(dirs)], p.ld.dirs...)
	}
	for _, dir := range dirs {
		if o, problem := p.try(dir, name); o != nil || problem != "" {
			return o, problem
		}
	}
	return nil, "it is in no directory that the loader searches"
}

// byPath opens a name with a slash, which is not searched for.
func (p *process) byPath(name string) (*object, string) {
	if !filepath.IsAbs(name) {
		return nil, "it is relative to the directory in which a program is started"
	}
	o, problem := p.take(name)
	if o == nil && problem == "" {
		problem = "there is no such file, or it is for another machine"
	}
	return o, problem
}

// ownDirs returns the directories that objects ask for: the DT_RPATH of an
// object without DT_RUNPATH and of those that have loaded it, or the
// DT_RUNPATH of the object alone.
func (p *process) ownDirs(by *mapped) []string {
	if by.hasRun {
		return p.pathList(by.runpath, by)
	}
	var dirs []string
	for m := by; m != nil; m = m.by { // the last one is the program
		dirs = append(dirs, p.pathList(m.rpath, m)...)
	}
	return dirs
}

// pathList returns the directories of a DT_RPATH or DT_RUNPATH. Relative ones
// depend on where a program is started; they are left out.
func (p *process) pathList(text string, m *mapped) []string {
	if text == "" {
		return nil
	}
	var dirs []string
	for _, dir := range strings.Split(text, ":") {
		if dir = expand(dir, p.origin(m), p.ld); filepath.IsAbs(dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// try looks for a name in a directory.
func (p *process) try(dir, name string) (*object, string) {
	for _, d := range p.world.searched(p.ld, dir) {
		if o, problem := p.take(d + "/" + name); o != nil || problem != "" {
			return o, problem
		}
	}
	return nil, ""
}

// take opens a path. What is for another machine is passed over; what is no
// library ends the search with a problem.
func (p *process) take(path string) (*object, string) {
	switch o := p.world.open(path); {
	case o == nil:
		return nil, ""
	case o.problem != "" && o.class == 0:
		return nil, path + ": " + o.problem
	case !sameMachine(p.list[0].image, o.image):
		return nil, ""
	case o.problem != "":
		return nil, path + ": " + o.problem
	case !o.loadable():
		return nil, path + ": it is an ELF file, but no library"
	default:
		return o, ""
	}
}

// isDefault reports whether a path lies in a directory that is searched by
// default.
func (p *process) isDefault(path string) bool {
	for _, dir := range p.ld.dirs {
		if strings.HasPrefix(path, dir+"/") {
			return true
		}
	}
	return false
}
