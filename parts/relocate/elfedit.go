package relocate

import (
	"bytes"
	"slices"
)

// A shift says that what was in size bytes at start is now by bytes further on.
type shift struct{ start, size, by int64 }

// setRunPaths gives each search path of an ELF file the text that change makes
// of it. It returns the content, which is longer if a text had no room, and
// where .dynstr went then.
func setRunPaths(content []byte, change func(string) string) ([]byte, shift, error) {
	e, err := parseELF(content)
	if err != nil {
		return nil, shift{}, err
	}
	d, err := e.dynamic()
	if err != nil || d == nil {
		return content, shift{}, err
	}
	texts, todo := newPaths(d, change)
	if len(todo) == 0 {
		return content, shift{}, nil
	}
	references, known := e.references(d)
	if known && fitsInPlace(d, todo, texts, references) {
		for _, entry := range todo {
			d.replace(entry, texts[entry.value], references)
		}
		return content, shift{}, nil
	}
	return e.grow(d, todo, texts, references, known)
}

// newPaths returns the new text for the place of each search path, and the
// entries whose text changes.
func newPaths(d *dynamic, change func(string) string) (map[uint64]string, []dynamicEntry) {
	texts := map[uint64]string{}
	var todo []dynamicEntry
	for _, entry := range d.runPaths() {
		old := stringAt(d.strings, entry.value)
		if text := change(old); text != old {
			texts[entry.value] = text
			todo = append(todo, entry)
		}
	}
	return texts, todo
}

// fitsInPlace reports whether all texts fit where the old ones are. Search
// paths that share a tail do not.
func fitsInPlace(d *dynamic, todo []dynamicEntry, texts map[uint64]string, references []uint64) bool {
	others := slices.Clone(references)
	for _, entry := range d.runPaths() {
		others = append(others, entry.value)
	}
	for _, entry := range todo {
		own := slices.DeleteFunc(slices.Clone(others), func(r uint64) bool { return r == entry.value })
		if slices.Contains(references, entry.value) || len(texts[entry.value])+1 > d.room(entry.value, own) {
			return false
		}
	}
	return true
}

// replace writes a text over the old one and clears what is left of it, up to
// what belongs to others.
func (d *dynamic) replace(entry dynamicEntry, text string, references []uint64) {
	room := d.strings[entry.value:][:d.room(entry.value, references)]
	clear(room[copy(room, text):])
}

// grow appends a segment with a longer copy of .dynstr. The old one is
// cleared: nothing refers to it any more.
func (e *elfFile) grow(d *dynamic, todo []dynamicEntry, texts map[uint64]string, references []uint64, known bool) ([]byte, shift, error) {
	table := slices.Clone(d.strings)
	copied := &dynamic{strings: table}
	places := map[uint64]uint64{}
	for _, entry := range todo {
		if _, done := places[entry.value]; done {
			continue
		}
		places[entry.value] = uint64(len(copied.strings))
		copied.strings = append(append(copied.strings, texts[entry.value]...), 0)
	}
	if known {
		copied.forget(d, places, references)
	}
	off, addr, err := e.appendSegment(copied.strings, e.extensible(d))
	if err != nil {
		return nil, shift{}, err
	}
	for _, entry := range todo {
		e.putWord(entry.at+e.pick(4, 8), places[entry.value])
	}
	e.moveStrings(d, off, addr, uint64(len(copied.strings)))
	clear(e.content[d.off : d.off+uint64(len(d.strings))])
	return e.content, shift{start: int64(d.off), size: int64(len(d.strings)), by: int64(off) - int64(d.off)}, nil
}

// forget clears the old search paths in the copy of .dynstr as far as nothing
// else needs them, so that no old name stays in the file.
func (d *dynamic) forget(old *dynamic, places map[uint64]uint64, references []uint64) {
	for _, entry := range old.runPaths() {
		if _, replaced := places[entry.value]; !replaced {
			references = append(slices.Clone(references), entry.value)
		}
	}
	for at := range places {
		clear(d.strings[at:][:d.room(at, references)])
	}
}

// moveStrings makes everything that says where .dynstr is say the new place.
func (e *elfFile) moveStrings(d *dynamic, off, addr, size uint64) {
	w := e.pick(4, 8)
	var old uint64
	for _, entry := range d.entries {
		switch entry.tag {
		case dtStrtab:
			old = entry.value
			e.putWord(entry.at+w, addr)
		case dtStrsz:
			e.putWord(entry.at+w, size)
		}
	}
	for _, s := range e.sections {
		if s.kind == shtStrtab && s.addr == old && s.flags&shfAlloc != 0 {
			e.putWord(s.entry+8+w, addr)
			e.putWord(s.entry+8+2*w, off)
			e.putWord(s.entry+8+3*w, size)
		}
	}
}

// interpreted reports whether the kernel starts the file with a loader.
func (e *elfFile) interpreted() bool {
	return slices.ContainsFunc(e.segments, func(s segment) bool { return s.kind == ptInterp })
}

// spare returns the index of a program header that can be given up, or -1: an
// empty one, a note that says what PT_GNU_PROPERTY says as well, another note
// than the build-id, or that of the build-id. Debuggers and strip read notes
// from the sections, which stay.
func (e *elfFile) spare() int {
	properties := slices.IndexFunc(e.segments, func(s segment) bool { return s.kind == ptGNUProperty })
	best, rank := -1, 0
	for i, s := range e.segments {
		r := 0
		switch {
		case s.kind == ptNull:
			r = 4
		case s.kind == ptNote && properties >= 0 && e.segments[properties].off == s.off && e.segments[properties].filesz == s.filesz:
			r = 3
		case s.kind == ptNote && !e.namesBuild(s):
			r = 2
		case s.kind == ptNote:
			r = 1
		}
		if r > rank {
			best, rank = i, r
		}
	}
	return best
}

// namesBuild reports whether a note segment has a build-id, or cannot be read.
func (e *elfFile) namesBuild(s segment) bool {
	notes, ok := e.slice(s.off, s.filesz)
	return !ok || bytes.Contains(notes, []byte("GNU\x00")) && e.buildIDIn(notes, s.aligns) != nil
}

func alignUp(v, align uint64) uint64 { return (v + align - 1) / align * align }
