package relocate

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// content fills the fact of a file. It returns nil if there is nothing to do.
func (s *scanner) content(f *Fact, content []byte, mode fs.FileMode) *Fact {
	f.Kind = kindOf(f.Path, content)
	switch f.Kind {
	case KindELF:
		s.elf(f, content, mode)
	case KindGzip, KindCompressed:
		s.compressed(f, content, mode)
	case KindText, KindPkgConfig, KindLibtool:
		s.text(f, content)
	default:
		s.binary(f, content)
	}
	f.Needs = s.needs(f)
	if f.idle() {
		return nil
	}
	return f
}

// idle reports whether nothing has to be done with a file, and nothing said.
func (f *Fact) idle() bool {
	return len(f.Sites) == 0 && len(f.Needs) == 0 && len(f.Notes) == 0 && !f.BuildID && f.Kind != KindPyc && f.Kind != KindSymlink && !f.searches()
}

// searches reports whether the search path of an ELF file has something to rewrite.
func (f *Fact) searches() bool { return len(f.RunPath) > 0 }

// kindOf tells the kind of a file from its path and content.
func kindOf(name string, content []byte) Kind {
	switch {
	case isELF(content):
		if _, err := parseELF(content); err != nil {
			return KindBinary
		}
		return KindELF
	case bytes.HasPrefix(content, []byte("\x1f\x8b")):
		return KindGzip
	case isCompressed(name, content):
		return KindCompressed
	case isPyc(name, content):
		return KindPyc
	case bytes.IndexByte(content, 0) >= 0, bytes.HasPrefix(content, []byte("!<arch>\n")), bytes.HasPrefix(content, []byte("%PDF-")):
		return KindBinary
	case strings.HasSuffix(name, ".pc") && inPkgConfig(name):
		return KindPkgConfig
	case strings.HasSuffix(name, ".la") && bytes.Contains(content, []byte("libdir=")):
		return KindLibtool
	}
	return KindText
}

// inPkgConfig reports whether a file is where pkg-config looks, so that
// ${pcfiledir} is a fixed place of the part.
func inPkgConfig(name string) bool {
	dir := path.Dir(name)
	return path.Base(dir) == "pkgconfig" && path.Dir(dir) != "."
}

func (s *scanner) text(f *Fact, content []byte) {
	f.Sites = s.matcher.find(content, formText)
	f.readScript(content)
	if f.Kind == KindPkgConfig {
		f.Needs = s.facts.relativeNeeds(f, content)
	}
	s.noteEscaped(f, content)
}

func (s *scanner) binary(f *Fact, content []byte) {
	form := formBinary
	if strings.HasSuffix(f.Path, ".pyc") {
		form = formPyc
	}
	f.Sites = s.matcher.find(content, form)
	if f.Kind == KindPyc && len(f.Sites) > 0 {
		if _, err := marshalStrings(content); err != nil {
			f.Rigid = err.Error()
		}
	}
	if bytes.HasPrefix(content, []byte("!<arch>\n")) {
		quietNames(content, f.Sites)
		f.Sites = s.members(content, f.Sites)
	}
	quietTerminfo(f.Path, content, f.Sites)
	f.readScript(content)
	s.noteEncoded(f, content)
}

// readScript notes the first line of a script.
func (f *Fact) readScript(content []byte) {
	if !bytes.HasPrefix(content, []byte("#!")) {
		return
	}
	plain, _ := unwrap(content, slices.Clone(f.Sites))
	f.Strict = strictPython(plain)
	line, _, _ := bytes.Cut(content[2:], []byte("\n"))
	f.Script = strings.TrimSpace(string(line[:min(len(line), maxWidth)]))
}

// needs returns the prefixes that a file names, without its own root.
func (s *scanner) needs(f *Fact) []int {
	all := slices.Clone(f.Needs)
	for _, site := range f.Sites {
		all = append(all, site.Prefix)
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(i int) bool { return i == f.Root })
}

// prefixOf returns the index of the deepest prefix that a clean absolute path
// is within, or -1.
func (fs *Facts) prefixOf(path string) int {
	best := -1
	for i, p := range fs.Prefixes {
		if within(path, p.Path) && (best < 0 || len(p.Path) > len(fs.Prefixes[best].Path)) {
			best = i
		}
	}
	return best
}

// link fills the fact of a symlink. Relative ones within their root need
// nothing.
func (s *scanner) link(f *Fact, target string) *Fact {
	f.Kind = KindSymlink
	abs := target
	if !path.IsAbs(target) {
		abs = path.Join(path.Dir(s.facts.File(f)), target)
	}
	to := s.facts.prefixOf(path.Clean(abs))
	switch {
	case to == f.Root && !path.IsAbs(target) && (!namesLibrary(f.Path) || !strings.Contains(target, "/")):
		return nil
	case to >= 0 && to != f.Root:
		f.Needs = []int{to}
	case to < 0:
		f.note(CodeSymlink, Warning, fmt.Sprintf("the link leads to %s, which is not part of what moves", target), "let the part link to a file of its own or of another part")
	}
	f.Link = target
	return f
}

func (f *Fact) note(code string, level Level, message, hint string) {
	f.Notes = append(f.Notes, Note{Code: code, Level: level, Message: message, Hint: hint})
}

// noteLinkedLibraries notes libraries that are reached by a link in another
// directory: the loader then takes the directory of the link for $ORIGIN. It
// drops the links that were only kept to find out.
func (fs *Facts) noteLinkedLibraries() {
	for i := range fs.Files {
		f := &fs.Files[i]
		if f.Kind == KindSymlink && namesLibrary(f.Path) && fs.leadsAside(f) {
			f.note(CodeSymlink, Warning, "the link leads to a library in another directory; if the library is loaded by this name, the loader reads the $ORIGIN of its search path as the directory of the link", "link the directory instead of the file, or copy the library")
		}
	}
	fs.Files = slices.DeleteFunc(fs.Files, func(f Fact) bool {
		return f.Kind == KindSymlink && !path.IsAbs(f.Link) && len(f.Needs) == 0 && len(f.Notes) == 0
	})
}

func namesLibrary(name string) bool { return strings.Contains(path.Base(name), ".so") }

// leadsAside reports whether a link leads to a library in another directory
// whose search path is rewritten.
func (fs *Facts) leadsAside(f *Fact) bool {
	dir := path.Dir(fs.File(f))
	target := f.Link
	if !path.IsAbs(target) {
		target = path.Join(dir, target)
	}
	library := fs.at(path.Clean(target))
	return library != nil && library.Kind == KindELF && library.searches() && path.Dir(path.Clean(target)) != dir
}

// at returns the fact of the file with an absolute path, or nil.
func (fs *Facts) at(file string) *Fact {
	root := slices.IndexFunc(fs.Prefixes[:fs.Roots], func(p Prefix) bool { return within(file, p.Path) })
	if root < 0 {
		return nil
	}
	return fs.Find(root, strings.TrimPrefix(strings.TrimPrefix(file, fs.Prefixes[root].Path), "/"))
}
