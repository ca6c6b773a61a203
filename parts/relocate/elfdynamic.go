package relocate

import (
	"bytes"
	"errors"
	"strings"
)

// dynamic is the dynamic section of an ELF file and its strings.
type dynamic struct {
	entries []dynamicEntry
	off     uint64 // of .dynstr
	strings []byte // .dynstr, a part of the file
}

type dynamicEntry struct {
	tag, value uint64
	at         int // where the entry is in the file
}

// dynamic reads the dynamic section; nil if there is none.
func (e *elfFile) dynamic() (*dynamic, error) {
	for _, s := range e.segments {
		if s.kind != ptDynamic {
			continue
		}
		if _, ok := e.slice(s.off, s.filesz); !ok {
			return nil, errShort
		}
		d := &dynamic{entries: e.dynamicEntries(int(s.off), int(s.filesz))}
		return d, e.dynamicStrings(d)
	}
	return nil, nil
}

func (e *elfFile) dynamicEntries(off, size int) []dynamicEntry {
	w := e.pick(4, 8)
	var all []dynamicEntry
	for at := off; at+2*w <= off+size; at += 2 * w {
		entry := dynamicEntry{tag: e.word(at), value: e.word(at + w), at: at}
		if entry.tag == dtNull {
			break
		}
		all = append(all, entry)
	}
	return all
}

func (e *elfFile) dynamicStrings(d *dynamic) error {
	addr, ok := d.value(dtStrtab)
	size, sized := d.value(dtStrsz)
	if !ok || !sized {
		return errors.New("the dynamic section names no string table")
	}
	off, ok := e.offset(addr)
	if !ok {
		return errors.New("the dynamic string table is in no segment")
	}
	d.off = off
	if d.strings, ok = e.slice(off, size); !ok {
		return errShort
	}
	for _, entry := range d.runPaths() {
		if entry.value >= size || bytes.IndexByte(d.strings[entry.value:], 0) < 0 {
			return errors.New("the search path of libraries is not in the dynamic string table")
		}
	}
	return nil
}

func (d *dynamic) value(tag uint64) (uint64, bool) {
	for _, e := range d.entries {
		if e.tag == tag {
			return e.value, true
		}
	}
	return 0, false
}

// runPaths returns the entries that hold a search path.
func (d *dynamic) runPaths() []dynamicEntry {
	var all []dynamicEntry
	for _, e := range d.entries {
		if e.tag == dtRpath || e.tag == dtRunpath {
			all = append(all, e)
		}
	}
	return all
}

// searchPath returns the directories of all search paths.
func (d *dynamic) searchPath() []string {
	var all []string
	for _, e := range d.runPaths() {
		all = append(all, strings.Split(stringAt(d.strings, e.value), ":")...)
	}
	return all
}

// holdsRunPath reports whether a place of the file is in a search path.
func (d *dynamic) holdsRunPath(at uint64) bool {
	for _, e := range d.runPaths() {
		start := d.off + e.value
		if at >= start && at < start+uint64(len(stringAt(d.strings, e.value))) {
			return true
		}
	}
	return false
}

// references returns the places of .dynstr that something but a search path
// refers to. It reports false if it cannot know all of them.
func (e *elfFile) references(d *dynamic) ([]uint64, bool) {
	var all []uint64
	for _, entry := range d.entries {
		switch entry.tag {
		case dtNeeded, dtSoname, dtConfig, dtDepaudit, dtAudit, dtAuxiliary, dtFilter:
			all = append(all, entry.value)
		}
	}
	all, known := e.symbolNames(all, d)
	if !known {
		return all, false
	}
	all = e.versionNeeds(all, d)
	return e.versionDefinitions(all, d), e.knownUsers(d)
}

// symbolNames takes the names of .dynsym.
func (e *elfFile) symbolNames(all []uint64, d *dynamic) ([]uint64, bool) {
	addr, ok := d.value(dtSymtab)
	if !ok {
		return all, true
	}
	off, ok := e.offset(addr)
	if !ok {
		return all, false
	}
	for _, s := range e.sections {
		if s.kind != shtDynsym || s.addr != addr {
			continue
		}
		table, ok := e.slice(off, s.len)
		if !ok {
			return all, false
		}
		size := e.pick(16, 24)
		for at := 0; at+size <= len(table); at += size {
			all = append(all, uint64(e.order.Uint32(table[at:])))
		}
		return all, true
	}
	return all, false // without section headers nothing says how many there are
}

// versionNeeds takes the names of .gnu.version_r. A chain that is broken ends.
func (e *elfFile) versionNeeds(all []uint64, d *dynamic) []uint64 {
	return e.versions(all, d, dtVerneed, dtVerneednum, func(all []uint64, at uint64) ([]uint64, uint64) {
		count, file, aux, next := e.u16(int(at)+2), e.u32(int(at)+4), e.u32(int(at)+8), e.u32(int(at)+12)
		all = append(all, uint64(file))
		for sub := at + uint64(aux); count > 0 && e.fits(sub, 16); count-- {
			all = append(all, uint64(e.u32(int(sub)+8)))
			step := uint64(e.u32(int(sub) + 12))
			if step == 0 {
				break
			}
			sub += step
		}
		return all, uint64(next)
	}, 16)
}

// versionDefinitions takes the names of .gnu.version_d.
func (e *elfFile) versionDefinitions(all []uint64, d *dynamic) []uint64 {
	return e.versions(all, d, dtVerdef, dtVerdefnum, func(all []uint64, at uint64) ([]uint64, uint64) {
		count, aux, next := e.u16(int(at)+6), e.u32(int(at)+12), e.u32(int(at)+16)
		for sub := at + uint64(aux); count > 0 && e.fits(sub, 8); count-- {
			all = append(all, uint64(e.u32(int(sub))))
			step := uint64(e.u32(int(sub) + 4))
			if step == 0 {
				break
			}
			sub += step
		}
		return all, uint64(next)
	}, 20)
}

// maxReferences keeps broken chains from growing without end.
const maxReferences = 1 << 22

// versions walks a chain of version records.
func (e *elfFile) versions(all []uint64, d *dynamic, start, number uint64, record func([]uint64, uint64) ([]uint64, uint64), size uint64) []uint64 {
	addr, ok := d.value(start)
	count, counted := d.value(number)
	if !ok || !counted {
		return all
	}
	at, ok := e.offset(addr)
	for ; ok && count > 0 && e.fits(at, size) && len(all) < maxReferences; count-- {
		var next uint64
		if all, next = record(all, at); next == 0 {
			break
		}
		at += next
	}
	return all
}

func (e *elfFile) fits(at, size uint64) bool {
	_, ok := e.slice(at, size)
	return ok
}

// knownUsers reports whether all sections that use .dynstr are of kinds whose
// references are known.
func (e *elfFile) knownUsers(d *dynamic) bool {
	for _, s := range e.sections {
		if int(s.link) >= len(e.sections) || e.sections[s.link].kind != shtStrtab || e.sections[s.link].off != d.off {
			continue
		}
		switch s.kind {
		case shtDynsym, shtDynamic, shtGNUVerdef, shtGNUVerneed:
		default:
			return false
		}
	}
	return true
}

// room returns how many bytes of the string at a place of .dynstr belong to
// it alone: all and its NUL, or those in front of the first that something
// else refers to. It is 0 if the string is the tail of another.
func (d *dynamic) room(at uint64, references []uint64) int {
	end := -1
	if at < uint64(len(d.strings)) {
		end = bytes.IndexByte(d.strings[at:], 0)
	}
	if end < 0 || at > 0 && d.strings[at-1] != 0 {
		return 0
	}
	room := uint64(end) + 1
	for _, r := range references {
		if r >= at && r-at < room {
			room = r - at
		}
	}
	return int(room)
}
