package pack

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/manifest"
	"gobuild/parts/relocate"
)

// Source is a directory with installed parts.
type Source struct {
	Dir            string // where it is; absolute and clean
	PartsDirectory string
	StateDir       string // .gobuild
	// Records are those of all installed parts, in the order of their
	// installation, with absolute paths.
	Records []parts.Record
	// Named are the parts that are wanted; they are installed.
	Named []string
	// FileName is the name of a part as that of a file.
	FileName func(part string) string
	// Facts are those that the tree was unpacked with; nil: it is scanned.
	Facts *relocate.Facts
}

// filesOf returns what was noted of the files of a part, or nil.
func (s *Source) filesOf(r parts.Record) *manifest.Files {
	f, ok := manifest.LoadFiles(manifest.FilesPath(s.StateDir, s.FileName(r.Part)))
	if !ok || f.Digest != manifest.Digest(r) {
		return nil
	}
	return f
}

// owned is a path that a part owns.
type owned struct {
	Root
	path string // where it is
}

// roots returns what a part owns, as far as it exists, and the first error of
// what no tree can have.
func (s *Source) roots(r parts.Record) (all []owned, wrong error) {
	for _, p := range r.Paths {
		p = filepath.Clean(p)
		_, err := os.Lstat(p)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			err = unreadable(r.Part, err)
		default:
			var place string
			if place, err = s.place(r, p); err == nil {
				all = append(all, owned{Root{r.Part, place}, p})
			}
		}
		if wrong == nil {
			wrong = err
		}
	}
	return all, wrong
}

// place returns where something that a part owns is in an unpacked tree.
func (s *Source) place(r parts.Record, p string) (string, error) {
	switch {
	case within(p, s.PartsDirectory) && p != s.PartsDirectory:
		return "parts" + p[len(s.PartsDirectory):], nil
	case p == s.Dir || within(s.Dir, p):
		return "", unsupported(r.Part, p, "it holds the buildout directory")
	case within(p, s.Dir):
		place := p[len(s.Dir)+1:]
		if reserved(place) {
			return "", unsupported(r.Part, p, "it is gobuild's own")
		}
		return place, nil
	case p == r.Options["location"] && validPlace("parts/"+r.Part):
		return "parts/" + r.Part, nil // a shared part
	}
	return "", unsupported(r.Part, p, "it is outside of the buildout directory").
		WithHint("only what is in the buildout directory, in parts-directory or in a directory of shared parts can be packed")
}

// unsupported is the error of something that no archive can hold.
func unsupported(part, file, why string) *diag.Diagnostic {
	return diag.At(diag.Span{}, "pack-unsupported", "%s cannot be packed: %s", file, why).WithPath(part)
}

func unreadable(part string, err error) error {
	return diag.At(diag.Span{}, "pack-unsupported", "cannot read what is to be packed: %v", err).WithPath(part).WithCause(err).
		WithHint("make it readable, or install the part again")
}

// prefixes returns the directories that files of the tree may name, those of the
// roots first and the more special ones before those that hold them.
func (s *Source) prefixes(all []owned) []relocate.Prefix {
	var list []relocate.Prefix
	seen := map[string]bool{}
	add := func(p string, role relocate.Role, name string) {
		if !seen[p] && p != "/" {
			seen[p] = true
			list = append(list, relocate.Prefix{Path: p, Role: role, Name: name})
		}
	}
	for _, o := range all {
		add(o.path, relocate.RolePart, rootName(o.Root))
	}
	add(s.PartsDirectory, relocate.RoleParts, "parts")
	stores := 0
	for _, o := range all {
		if !within(o.path, s.Dir) && !within(o.path, s.PartsDirectory) {
			stores++
			add(filepath.Dir(filepath.Dir(o.path)), relocate.RoleStore, "store"+strings.Repeat("'", stores-1))
		}
	}
	add(s.Dir, relocate.RoleBuildout, "buildout")
	return list
}

// rootName is the name of a root among the prefixes: that of its part, or its
// place if it is not where parts are.
func rootName(r Root) string {
	if r.Place == "parts/"+r.Part {
		return r.Part
	}
	return r.Place
}

// member is something to pack.
type member struct {
	File
	root   int    // index
	at     string // where it is
	known  string // SHA-256 that was noted; "" when it is not known
	fact   *relocate.Fact
	source *member // of a .pyc file
	// stripped is where the canonical content is, if that is not made of at.
	stripped     string
	strippedFact *relocate.Fact
}

// walker lists the members of one root.
type walker struct {
	root    owned
	index   int
	noted   map[string]*manifest.Installed // nil: everything counts
	list    []member
	added   []string // files that are not the part's
	changed []string
}

// inode is the identity of a file with more than one name.
type inode struct{ device, number uint64 }

// walk lists what is in a root, in the order of the archive: sorted, .pyc files
// behind all that they may be made from.
func (w *walker) walk() error {
	err := filepath.WalkDir(w.root.path, func(p string, d fs.DirEntry, err error) error {
		if err == nil {
			err = w.add(p, d)
		}
		if err == nil || errors.Is(err, fs.SkipDir) {
			return err
		}
		var known *diag.Diagnostic
		if errors.As(err, &known) {
			return err
		}
		return unreadable(w.root.Part, err)
	})
	slices.SortStableFunc(w.list, func(a, b member) int {
		return cmp.Or(cmp.Compare(late(&a.File), late(&b.File)), cmp.Compare(a.Path, b.Path))
	})
	return err
}

// late sorts .pyc files behind others.
func late(f *File) int {
	if f.Type == TypeFile && strings.HasSuffix(f.Path, ".pyc") {
		return 1
	}
	return 0
}

func (w *walker) add(p string, d fs.DirEntry) error {
	noted := w.noted[p]
	if w.noted != nil && noted == nil {
		w.added = append(w.added, p)
		if d.IsDir() {
			return fs.SkipDir
		}
		return nil
	}
	info, err := d.Info()
	if err != nil {
		return err
	}
	m := member{File: File{Path: w.root.Place, Mode: Mode(info.Mode().Perm() & keptBits)}, root: w.index, at: p}
	if p != w.root.path {
		m.Path += "/" + filepath.ToSlash(p[len(w.root.path)+1:])
	}
	if !validPlace(m.Path) {
		return unsupported(w.root.Part, p, "its name is too long")
	}
	if err := w.classify(&m, info); err != nil {
		return err
	}
	if noted != nil {
		if w.differs(&m, noted, info) {
			w.changed = append(w.changed, p)
		}
		m.known = noted.Value
	}
	w.list = append(w.list, m)
	return nil
}

// differs reports whether a member is surely not what was installed.
func (w *walker) differs(m *member, noted *manifest.Installed, info fs.FileInfo) bool {
	switch m.Type {
	case TypeFile:
		return noted.Kind != manifest.KindFile || noted.Size != m.Size || noted.Mode != info.Mode().Perm()
	case TypeDir:
		return noted.Kind != manifest.KindDir
	}
	return noted.Kind != manifest.KindLink || noted.Value != m.Target
}

// missing returns what was installed and is not there.
func missing(f *manifest.Files) []string {
	var list []string
	for _, i := range f.All {
		if _, err := os.Lstat(i.Path); errors.Is(err, fs.ErrNotExist) {
			list = append(list, i.Path)
		}
	}
	return list
}

// keptBits are those of a mode that do not depend on the umask of whoever
// installed the part, as long as it lets all read.
const keptBits = 0o755

func (w *walker) classify(m *member, info fs.FileInfo) (err error) {
	switch mode := info.Mode(); {
	case mode.IsDir():
		m.Type = TypeDir
	case mode&fs.ModeSymlink != 0:
		m.Type, m.Mode = TypeLink, 0
		m.Target, err = os.Readlink(m.at)
	case mode&(fs.ModeSetuid|fs.ModeSetgid) != 0:
		return unsupported(w.root.Part, m.at, "it is setuid or setgid").
			WithHint("take the bit away in the part, and set it where the tree is installed")
	case mode.IsRegular():
		m.Type, m.Size = TypeFile, info.Size()
	default:
		return unsupported(w.root.Part, m.at, "it is a socket, a pipe or a device").
			WithHint("delete it, or keep it out of the part")
	}
	return err
}

// linkHard turns further names of files into hard links, in the order of the
// archive.
func linkHard(list []member) {
	seen := map[inode]string{}
	for i := range list {
		m := &list[i]
		if m.Type != TypeFile {
			continue
		}
		info, err := os.Lstat(m.at)
		if err != nil {
			continue // reading it tells why
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok || stat.Nlink < 2 {
			continue
		}
		id := inode{uint64(stat.Dev), stat.Ino}
		if first, again := seen[id]; again {
			m.Type, m.Target, m.Size, m.Mode = TypeHard, first, 0, 0
		} else {
			seen[id] = m.Path
		}
	}
}

// findSources gives .pyc files what they were made from.
func findSources(list []member) {
	byPath := make(map[string]*member, len(list))
	for i := range list {
		byPath[list[i].Path] = &list[i]
	}
	for i := range list {
		if m := &list[i]; m.Type == TypeFile && strings.HasSuffix(m.Path, ".pyc") {
			if source := byPath[relocate.PycSource(m.Path)]; source != nil && source.Type == TypeFile {
				m.source = source
			}
		}
	}
}

// insideName is the path of a member below its root.
func insideName(place string, r Root) string {
	return strings.TrimPrefix(strings.TrimPrefix(place, r.Place), "/")
}

// programs returns the places of the programs in the directories for programs
// of a part.
func programs(files []File, roots []Root, part string) []string {
	var list []string
	for _, f := range files {
		dir := path.Dir(f.Path)
		if base := path.Base(dir); base != "bin" && base != "sbin" || f.Type != TypeFile && f.Type != TypeLink && f.Type != TypeHard {
			continue
		}
		if f.Type == TypeFile && f.Mode&0o100 == 0 {
			continue
		}
		for _, r := range roots {
			if r.Part == part && path.Dir(dir) == r.Place {
				list = append(list, f.Path)
			}
		}
	}
	return list
}
