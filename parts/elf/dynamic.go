package elf

import (
	"debug/elf"
	"errors"
	"fmt"
)

// table is what the dynamic section says about other tables.
type table struct {
	strings, stringSize uint64
	symbols, hash, gnu  uint64
	versym, verneed     uint64
	verneedCount        uint64
	mipsSymbols         uint64
}

// maxDynamic is the largest dynamic section that is read. That of a large
// program has some hundred entries of 16 bytes.
const maxDynamic = 1 << 20

// dynamic reads the dynamic section of a file.
func (r *reader) dynamic(m *image, s segment) error {
	if s.size > maxDynamic {
		return fmt.Errorf("its dynamic section has %d bytes", s.size)
	}
	b, err := r.fill(&r.head, s.offset, s.size)
	if err != nil {
		return err
	}
	width := 8
	if r.wide {
		width = 16
	}
	// Offsets of strings wait until the place of the string table is known.
	var named [][2]uint64
	for at := 0; at+width <= len(b); at += width {
		tag, value := r.word(b, at), r.word(b, at+width/2)
		if !r.wide {
			tag = uint64(int64(int32(tag)))
		}
		if elf.DynTag(int64(tag)) == elf.DT_NULL {
			break
		}
		if !r.entry(m, elf.DynTag(int64(tag)), value) {
			named = append(named, [2]uint64{tag, value})
		}
	}
	return r.names(m, named)
}

// The values of DT_FLAGS_1 that matter.
const (
	flag1NoDefLib = 0x800
	flag1PIE      = 0x8000000
)

const dtMIPSSymTabNo = elf.DynTag(0x70000011)

// entry takes an entry whose value is a number. taken is false when it may be
// the offset of a string.
func (r *reader) entry(m *image, tag elf.DynTag, value uint64) (taken bool) {
	t := &r.table
	switch tag {
	case elf.DT_NEEDED, elf.DT_SONAME, elf.DT_RPATH, elf.DT_RUNPATH, elf.DT_FILTER, elf.DT_AUXILIARY:
		return false
	case elf.DT_STRTAB:
		t.strings = value
	case elf.DT_STRSZ:
		t.stringSize = value
	case elf.DT_SYMTAB:
		t.symbols = value
	case elf.DT_HASH:
		t.hash = value
	case elf.DT_GNU_HASH:
		t.gnu = value
	case elf.DT_VERSYM:
		t.versym = value
	case elf.DT_VERNEED:
		t.verneed = value
	case elf.DT_VERNEEDNUM:
		t.verneedCount = value
	case dtMIPSSymTabNo:
		if m.machine == elf.EM_MIPS {
			t.mipsSymbols = value
		}
	case elf.DT_TEXTREL:
		m.textrel = true
	case elf.DT_FLAGS:
		m.textrel = m.textrel || value&uint64(elf.DF_TEXTREL) != 0
	case elf.DT_FLAGS_1:
		m.noDefLib, m.marked = value&flag1NoDefLib != 0, value&flag1PIE != 0
	}
	return true
}

// names reads the string table and looks up what entries name.
func (r *reader) names(m *image, named [][2]uint64) error {
	t := &r.table
	if t.stringSize == 0 && len(named) == 0 {
		return nil
	}
	at, ok := r.offset(t.strings)
	if !ok {
		return errors.New("its dynamic section has no string table")
	}
	b, err := r.fill(&r.strings, at, t.stringSize)
	if err != nil {
		return err
	}
	r.strings = b
	var filters []string
	for _, n := range named {
		if n[1] >= uint64(len(b)) {
			return errors.New("its dynamic section names a string beyond the string table")
		}
		switch text := cString(b, n[1]); elf.DynTag(int64(n[0])) {
		case elf.DT_NEEDED:
			m.needed = append(m.needed, text)
		case elf.DT_SONAME:
			m.soname = text
		case elf.DT_RPATH:
			m.rpath = text
		case elf.DT_RUNPATH:
			m.runpath, m.hasRun = text, true
		case elf.DT_FILTER:
			filters = append(filters, text)
		case elf.DT_AUXILIARY:
			m.optional = append(m.optional, text)
		}
	}
	m.needed = append(m.needed, filters...)
	if m.hasRun {
		m.rpath = "" // as the loader does
	}
	return nil
}
