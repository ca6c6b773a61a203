package pure

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
)

// Config says what a view is made for.
type Config struct {
	Path      string   // PATH of the run
	Compilers []string // words of CC and CXX of the run
	Tools     []string // programs of the host beyond the basic ones, by name or path
	Keep      []string // what stays visible: directories and files, absolute
	Parts     []string // directories of parts: those in PATH are not of the host
	Root      string   // instead of the root directory, for tests
}

// View is what processes of a part see of the host. It does not change.
type View struct {
	// Path is PATH inside.
	Path string
	// Programs are the programs that can be run by their names, with their paths.
	Programs map[string]string
	// Missing are those of Config.Tools that the host does not have.
	Missing []string

	layers []*layer
	root   string
}

// layer covers a directory.
type layer struct {
	dir     string // without links
	host    bool   // what is covered is mounted at .host
	entries []entry
	seen    map[string]bool
}

// kind is what an entry of a layer is.
type kind byte

const (
	directory kind = 'd'
	link      kind = 'l'
	bound     kind = 'b' // the covered file or directory of that name
)

// entry is a name in a layer.
type entry struct {
	kind kind
	path string // below the layer
	text string // of a link
}

// hostName is the name in a layer where what it covers is mounted.
const hostName = ".host"

// add puts an entry into the layer, with the directories above it.
func (l *layer) add(k kind, path, text string) {
	if l.seen[path] {
		return
	}
	if dir := filepath.Dir(path); dir != "." && !l.seen[dir] {
		l.add(directory, dir, "")
	}
	l.seen[path] = true
	l.entries = append(l.entries, entry{k, path, text})
}

// show makes what is covered at a path visible: a link of the host as it is,
// anything else as a link to it.
func (l *layer) show(h host, path string) {
	text := h.link(l.dir + "/" + path)
	if text == "" {
		text = strings.Repeat("../", strings.Count(path, "/")) + hostName + "/" + path
	}
	l.add(link, path, text)
}

// The directories of the host that views know, with and without /usr merged.
var (
	includeDirs = []string{"/usr/include"}
	libraryDirs = []string{"/usr/lib", "/usr/lib64", "/usr/lib32", "/usr/libx32", "/lib", "/lib64", "/lib32", "/libx32"}
	programDirs = []string{"/usr/sbin", "/usr/bin", "/sbin", "/bin"}
	// ownDirs are what an administrator has installed.
	ownDirs = []string{"/usr/local", "/opt"}
	// emptyDirs are where packages are found by name.
	emptyDirs = []string{"pkgconfig", "aclocal", "aclocal-*", "cmake", "cmake-*", "*/cmake"}
)

// builder makes one view.
type builder struct {
	host
	Config
	view   *View
	layers map[string]*layer // by directory
	bins   map[string]*layer // of layers, those of programs
	keep   []string          // without links
	homes  []string          // installations of compilers and tools below ownDirs
}

// Look makes a view of the host. The error says that the host is none of which
// views are known.
func Look(c Config) (*View, error) {
	b := &builder{host: host{c.Root}, Config: c, layers: map[string]*layer{}, bins: map[string]*layer{}, view: &View{Programs: map[string]string{}, root: c.Root}}
	if !b.hasGlibc() {
		return nil, errNotGlibc
	}
	for _, path := range c.Keep {
		if real, err := b.resolve(path); err == nil {
			b.keep = append(b.keep, real)
		}
	}
	b.programs()
	for _, dir := range includeDirs {
		b.cover(dir, b.headers)
	}
	needed := b.needed()
	for _, dir := range libraryDirs {
		b.cover(dir, func(l *layer) { b.libraries(l, "", needed) })
	}
	b.packages()
	b.own(needed)
	b.finish()
	return b.view, nil
}

// hasGlibc reports whether the headers of glibc are where they are expected.
func (b *builder) hasGlibc() bool {
	for _, dir := range includeDirs {
		if b.names(dir)["features.h"] {
			for name := range b.names(dir) {
				if name == "gnu" || isMachine(name) && b.names(dir + "/" + name)["gnu"] {
					return true
				}
			}
		}
	}
	return false
}

// cover makes a layer over a directory, unless it is covered or kept.
func (b *builder) cover(dir string, fill func(*layer)) *layer {
	real, err := b.resolve(dir)
	if err != nil || b.layers[real] != nil || slices.Contains(b.keep, real) || !b.isDirectory(real) {
		return nil
	}
	l := &layer{dir: real, seen: map[string]bool{hostName: true}}
	b.layers[real] = l
	fill(l)
	return l
}

// headers shows the headers of glibc, the kernel and compilers.
func (b *builder) headers(l *layer) {
	l.host = true
	b.headersIn(l, "")
}

func (b *builder) headersIn(l *layer, at string) {
	for _, e := range b.entries(l.dir + "/" + at) {
		name := e.Name()
		path := filepath.Join(at, name)
		switch {
		case at == "" && isMachine(name):
			l.add(directory, path, "")
			b.headersIn(l, path)
		case !headerNames()[""][name]:
		case isSharedHeaders(name):
			for _, inner := range b.entries(l.dir + "/" + path) {
				if headerNames()[name][inner.Name()] {
					l.show(b.host, path+"/"+inner.Name())
				}
			}
		default:
			l.show(b.host, path)
		}
	}
}

// libraries shows run-time libraries, and of what programs are linked with that
// of glibc and compilers.
func (b *builder) libraries(l *layer, at string, needed map[string]bool) {
	l.host = true
	for _, e := range b.entries(l.dir + "/" + at) {
		path := filepath.Join(at, e.Name())
		if e.IsDir() {
			b.libraryDirectory(l, path, needed)
		} else if showsFile(e.Name()) || needed[e.Name()] {
			b.showWithTargets(l, path)
		}
	}
}

func (b *builder) libraryDirectory(l *layer, path string, needed map[string]bool) {
	name := filepath.Base(path)
	switch {
	case name == path && isMachine(name):
		l.add(directory, path, "")
		b.libraries(l, path, needed)
	case !showsDirectory(name):
	case matches(compiling, name):
		l.add(bound, path, "")
	default:
		l.show(b.host, path)
	}
}

// showWithTargets shows a file of the layer and those of the same directory that
// its link leads to.
func (b *builder) showWithTargets(l *layer, path string) {
	for range maxLinks {
		l.show(b.host, path)
		target := b.link(l.dir + "/" + path)
		if target == "" || strings.Contains(target, "/") {
			return
		}
		path = filepath.Join(filepath.Dir(path), target)
	}
}

// packages empties the directories by which packages are found.
func (b *builder) packages() {
	for _, pattern := range emptyDirs {
		found, _ := filepath.Glob(b.root + "/usr/share/" + pattern)
		for _, dir := range found {
			if dir = strings.TrimPrefix(dir, b.root); !below(dir, "/usr/share/doc") {
				b.cover(dir, func(*layer) {})
			}
		}
	}
}

// own covers what an administrator has installed, but for compilers and tools.
func (b *builder) own(needed map[string]bool) {
	for _, dir := range ownDirs {
		b.cover(dir, func(l *layer) {
			for _, home := range b.homes {
				if home == l.dir {
					b.prefix(l, needed)
				} else if below(home, l.dir) {
					l.add(bound, strings.TrimPrefix(home, l.dir+"/"), "")
				}
			}
		})
	}
}

// prefix shows an installation of programs as the directories of the system are
// shown.
func (b *builder) prefix(l *layer, needed map[string]bool) {
	l.host = true
	for _, e := range b.entries(l.dir) {
		name := e.Name()
		sub := &layer{dir: l.dir + "/" + name, seen: map[string]bool{}}
		switch name {
		case "include":
			b.headersIn(sub, "")
		case "lib", "lib64", "lib32":
			b.libraries(sub, "", needed)
		case "libexec":
			l.add(bound, name, "")
		} // those of programs have layers of their own
		for _, e := range sub.entries {
			if e.kind == link && strings.HasSuffix(e.text, hostName+"/"+e.path) {
				e.text = strings.Repeat("../", strings.Count(e.path, "/")+1) + hostName + "/" + name + "/" + e.path
			}
			l.add(e.kind, name+"/"+e.path, e.text)
		}
	}
}

// finish puts what is kept into the layers, and the layers in the order in which
// they are laid: outer ones first.
func (b *builder) finish() {
	for _, l := range b.layers {
		for _, path := range b.keep {
			if rest, ok := strings.CutPrefix(path, l.dir+"/"); ok {
				b.keepIn(l, rest)
			}
		}
		b.view.layers = append(b.view.layers, l)
	}
	slices.SortFunc(b.view.layers, func(a, b *layer) int {
		return cmp.Or(cmp.Compare(strings.Count(a.dir, "/"), strings.Count(b.dir, "/")), cmp.Compare(a.dir, b.dir))
	})
	// A layer inside another one needs the directory that it covers.
	for _, outer := range b.view.layers {
		for _, inner := range b.view.layers {
			if rest, ok := strings.CutPrefix(inner.dir, outer.dir+"/"); ok {
				b.keepIn(outer, rest)
			}
		}
	}
}

// keepIn shows a path of a layer as it is, unless it lies in what is shown.
func (b *builder) keepIn(l *layer, path string) {
	for i, e := range l.entries {
		switch {
		case e.path == path && e.kind != directory:
			l.entries[i] = entry{bound, path, ""}
			return
		case e.path == path:
			l.entries = slices.DeleteFunc(l.entries, func(e entry) bool { return below(e.path, path) })
		case e.kind == bound && below(path, e.path):
			return
		case e.kind == link && below(path, e.path):
			l.entries[i] = entry{bound, e.path, ""} // a directory with all that is in it
			return
		default:
			continue
		}
		break
	}
	delete(l.seen, path)
	l.add(bound, path, "")
}
