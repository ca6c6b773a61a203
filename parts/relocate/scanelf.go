package relocate

import (
	"bytes"
	"cmp"
	"debug/elf"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// elf fills the fact of an ELF file.
func (s *scanner) elf(f *Fact, content []byte, mode fs.FileMode) {
	e, err := parseELF(content)
	if err != nil {
		return
	}
	f.BuildID = e.hashesContent()
	d, err := e.dynamic()
	if err != nil {
		f.note(CodeELF, Error, "the dynamic section cannot be read: "+err.Error(), "build the file again")
	}
	if d != nil && err == nil {
		s.searchPath(f, e, d, mode)
	}
	s.elfSites(f, e, d, s.matcher.find(content, formBinary))
	s.compressedSections(f, e)
	s.noteEncoded(f, content)
}

// searchPath notes what the search path names and how it can be changed.
func (s *scanner) searchPath(f *Fact, e *elfFile, d *dynamic, mode fs.FileMode) {
	entries := d.searchPath()
	dir := path.Dir(s.facts.File(f))
	moves := false
	for _, entry := range entries {
		abs, ok := originPath(entry, dir)
		if !ok {
			continue
		}
		if i := s.facts.prefixOf(abs); i >= 0 {
			f.Needs = append(f.Needs, i)
			moves = moves || i != f.Root || path.IsAbs(entry)
		}
	}
	if !moves && len(slices.Compact(slices.Sorted(slices.Values(entries)))) == len(entries) {
		f.noteOutsiders(s.facts, entries, dir)
		return
	}
	f.RunPath = entries
	f.Room = e.pathRoom(d)
	f.Rigid = e.rigid(d)
	if mode&fs.ModeSetuid != 0 || mode&fs.ModeSetgid != 0 {
		f.note(CodeRunPath, Warning, "the loader ignores $ORIGIN in setuid and setgid programs", "link the program statically, or drop the bit")
	}
	f.noteOutsiders(s.facts, entries, dir)
}

// noteOutsiders notes directories of a search path that are in no prefix.
func (f *Fact) noteOutsiders(facts *Facts, entries []string, dir string) {
	for _, entry := range entries {
		if entry == "" {
			f.note(CodeRunPath, Warning, "the search path of libraries has an empty entry, which is the current directory", "")
			continue
		}
		if abs, ok := originPath(entry, dir); !ok || facts.prefixOf(abs) < 0 {
			f.note(CodeRunPath, Warning, fmt.Sprintf("the search path of libraries names %s, which is not part of what moves", entry), "leave -rpath="+entry+" out of the link options")
		}
	}
}

// originPath returns the directory that an entry of a search path stands for
// in a file of a directory. It reports false where only the loader knows.
func originPath(entry, dir string) (string, bool) {
	for _, token := range []string{"$ORIGIN", "${ORIGIN}"} {
		if rest, ok := strings.CutPrefix(entry, token); ok && (rest == "" || rest[0] == '/') {
			entry = dir + rest
			break
		}
	}
	return path.Clean(entry), path.IsAbs(entry) && !strings.Contains(entry, "$")
}

// pathRoom returns how many bytes each search path has without growing.
func (e *elfFile) pathRoom(d *dynamic) int {
	references, known := e.references(d)
	if !known {
		return 0
	}
	least := maxWidth
	for _, entry := range d.runPaths() {
		if slices.Contains(references, entry.value) {
			return 0
		}
		least = min(least, d.room(entry.value, references))
	}
	return least
}

// rigid says why the file cannot get another segment, "" if it can.
func (e *elfFile) rigid(d *dynamic) string {
	first, last, align, err := e.loads()
	if err != nil {
		return err.Error()
	}
	if e.extensible(d) >= 0 || e.spare() >= 0 || !e.interpreted() {
		return ""
	}
	start := alignUp(last.vaddr+last.memsz, align)
	if _, err := e.hole(first, &start, align); err != nil {
		return err.Error()
	}
	return ""
}

// elfSites keeps the sites that can be rewritten and notes the others.
func (s *scanner) elfSites(f *Fact, e *elfFile, d *dynamic, sites []Site) {
	ranges := e.ranges()
	lost := map[string]int{}
	for _, site := range sites {
		if d != nil && d.holdsRunPath(uint64(site.Offset)) {
			continue
		}
		switch r := rangeAt(ranges, uint64(site.Offset)); {
		case r == nil:
			lost[CodeSection]++
		case r.code:
			lost[CodeText]++
		default:
			site.Quiet = r.quiet
			f.Sites = append(f.Sites, site)
		}
	}
	quietNames(e.content, f.Sites)
	s.addPieces(f, s.pieces(f.Sites, e.content, 0, e))
	if n := lost[CodeSection]; n > 0 {
		f.note(CodeSection, Warning, "a prefix stands behind or between the sections of the file "+times(n), "data that is appended to a program may have a checksum; it is left as it is")
	}
	if n := lost[CodeText]; n > 0 {
		f.note(CodeText, Warning, "a prefix stands among the instructions of the file "+times(n), "it is left as it is: instructions are not edited")
	}
}

// addPieces adds the pieces of paths to the sites of a file.
func (s *scanner) addPieces(f *Fact, pieces []Site) {
	f.Sites = merged(f.Sites, pieces)
	plain := func(p Site) bool {
		return slices.ContainsFunc(s.paddings, func(d padding) bool { return d.prefix == p.Prefix && d.windows == nil })
	}
	if slices.ContainsFunc(pieces, plain) {
		f.note(CodePieces, Warning, "the compiler has cut paths in the file into pieces; those that hold the end of a path are rewritten, but there may be others", "build with `relocatable = true`, which makes all pieces known")
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return strconv.Itoa(n) + " times"
}

// A fileRange is a part of a file whose use is known.
type fileRange struct {
	start, end  uint64
	code, quiet bool
	data        bool // made by a compiler, not a table of the linker
}

// ranges returns the sections, or the segments of a file without sections.
func (e *elfFile) ranges() []fileRange {
	var all []fileRange
	for _, s := range e.sections {
		if s.kind == shtNobits || s.kind == 0 || s.len == 0 || s.flags&shfCompressed != 0 {
			continue
		}
		all = append(all, fileRange{start: s.off, end: s.off + s.len, code: s.flags&shfExec != 0, quiet: s.flags&shfAlloc == 0, data: s.kind == shtProgbits})
	}
	if len(all) == 0 {
		for _, s := range e.segments {
			if s.kind == ptLoad {
				all = append(all, fileRange{start: s.off, end: s.off + s.filesz, code: s.flags&pfExec != 0})
			}
		}
	}
	slices.SortFunc(all, func(a, b fileRange) int { return cmp.Compare(a.start, b.start) })
	return all
}

// rangeAt returns the range that holds an offset.
func rangeAt(ranges []fileRange, at uint64) *fileRange {
	i, ok := slices.BinarySearchFunc(ranges, at, func(r fileRange, at uint64) int { return cmp.Compare(r.start, at) })
	if !ok {
		i--
	}
	if i < 0 || at >= ranges[i].end {
		return nil
	}
	return &ranges[i]
}

// compressedSections looks into compressed debug information.
func (s *scanner) compressedSections(f *Fact, e *elfFile) {
	if !slices.ContainsFunc(e.sections, func(s section) bool { return s.flags&shfCompressed != 0 }) {
		return
	}
	file, err := elf.NewFile(bytes.NewReader(e.content))
	if err != nil {
		return
	}
	for _, section := range file.Sections {
		if section.Flags&elf.SHF_COMPRESSED == 0 || section.Size > maxInflated {
			continue
		}
		if n, _ := s.countIn(section.Open()); n > 0 {
			f.note(CodeCompressed, Hint, fmt.Sprintf("the compressed section %s names a prefix", section.Name), "only debuggers see it; build with -gz=none to have it rewritten")
		}
	}
}
