package relocate

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// The numbers of the ELF format that are used here.
const (
	ptNull, ptLoad, ptDynamic, ptInterp, ptNote, ptPhdr = 0, 1, 2, 3, 4, 6
	ptGNUProperty                                       = 0x6474e553

	shtProgbits, shtStrtab, shtNote, shtNobits, shtDynsym = 1, 3, 7, 8, 11
	shtGNUVerdef, shtGNUVerneed, shtGNUVersym             = 0x6ffffffd, 0x6ffffffe, 0x6fffffff
	shtHash, shtDynamic, shtGNUHash                       = 5, 6, 0x6ffffff6

	shfAlloc, shfExec, shfCompressed = 2, 4, 0x800
	pfExec, pfRead                   = 1, 4

	dtNull, dtNeeded, dtStrtab, dtSymtab, dtStrsz, dtSoname = 0, 1, 5, 6, 10, 14
	dtRpath, dtRunpath                                      = 15, 29
	dtConfig, dtDepaudit, dtAudit                           = 0x6ffffefa, 0x6ffffefb, 0x6ffffefc
	dtVerdef, dtVerdefnum, dtVerneed, dtVerneednum          = 0x6ffffffc, 0x6ffffffd, 0x6ffffffe, 0x6fffffff
	dtAuxiliary, dtFilter                                   = 0x7ffffffd, 0x7fffffff
)

var errShort = errors.New("a table or a section is not within the file")

// elfFile is a parsed ELF file. Content is the whole file.
type elfFile struct {
	content   []byte
	order     binary.ByteOrder
	wide      bool // 64 bits
	kind      uint16
	phoff     uint64
	shoff     uint64
	phentsize int
	shentsize int
	segments  []segment
	sections  []section
}

type segment struct {
	kind, flags                              uint32
	off, vaddr, paddr, filesz, memsz, aligns uint64
}

type section struct {
	name           string
	kind, link     uint32
	flags          uint64
	addr, off, len uint64
	entry          int // where its header is
}

func isELF(content []byte) bool { return bytes.HasPrefix(content, []byte("\x7fELF")) }

// parseELF reads the header and both tables. What they say about places in the
// file is checked where it is used.
func parseELF(content []byte) (*elfFile, error) {
	if !isELF(content) || len(content) < 52 {
		return nil, errors.New("not an ELF file")
	}
	e := &elfFile{content: content, wide: content[4] == 2}
	switch {
	case content[4] != 1 && content[4] != 2:
		return nil, fmt.Errorf("unknown ELF class %d", content[4])
	case content[5] == 1:
		e.order = binary.LittleEndian
	case content[5] == 2:
		e.order = binary.BigEndian
	default:
		return nil, fmt.Errorf("unknown ELF byte order %d", content[5])
	}
	if e.wide && len(content) < 64 {
		return nil, errShort
	}
	e.kind = e.u16(16)
	e.phoff, e.shoff = e.word(e.pick(28, 32)), e.word(e.pick(32, 40))
	e.phentsize, e.shentsize = int(e.u16(e.pick(42, 54))), int(e.u16(e.pick(46, 58)))
	if err := e.parseSegments(int(e.u16(e.pick(44, 56)))); err != nil {
		return nil, err
	}
	return e, e.parseSections(int(e.u16(e.pick(48, 60))), int(e.u16(e.pick(50, 62))))
}

// machine returns the number of the processor.
func (e *elfFile) machine() uint16 { return e.u16(18) }

// pick returns the place of a field in 32-bit and in 64-bit files.
func (e *elfFile) pick(narrow, wide int) int {
	if e.wide {
		return wide
	}
	return narrow
}

func (e *elfFile) u16(at int) uint16 { return e.order.Uint16(e.content[at:]) }
func (e *elfFile) u32(at int) uint32 { return e.order.Uint32(e.content[at:]) }

// word reads an address, an offset or a size.
func (e *elfFile) word(at int) uint64 {
	if e.wide {
		return e.order.Uint64(e.content[at:])
	}
	return uint64(e.u32(at))
}

func (e *elfFile) putWord(at int, v uint64) {
	if e.wide {
		e.order.PutUint64(e.content[at:], v)
		return
	}
	e.order.PutUint32(e.content[at:], uint32(v))
}

// table checks that count entries of a size at an offset are in the file.
func (e *elfFile) table(off uint64, count, size, least int) error {
	if count == 0 {
		return nil
	}
	if size < least || off > uint64(len(e.content)) || uint64(count)*uint64(size) > uint64(len(e.content))-off {
		return errShort
	}
	return nil
}

func (e *elfFile) parseSegments(count int) error {
	if count == 0xffff {
		return errors.New("more than 65534 program headers")
	}
	if err := e.table(e.phoff, count, e.phentsize, e.pick(32, 56)); err != nil {
		return err
	}
	for i := range count {
		e.segments = append(e.segments, e.segment(int(e.phoff)+i*e.phentsize))
	}
	return nil
}

func (e *elfFile) segment(at int) segment {
	w := e.pick(4, 8)
	if e.wide {
		return segment{
			kind: e.u32(at), flags: e.u32(at + 4), off: e.word(at + 8), vaddr: e.word(at + 16), paddr: e.word(at + 24),
			filesz: e.word(at + 32), memsz: e.word(at + 40), aligns: e.word(at + 48),
		}
	}
	return segment{
		kind: e.u32(at), off: e.word(at + w), vaddr: e.word(at + 2*w), paddr: e.word(at + 3*w),
		filesz: e.word(at + 4*w), memsz: e.word(at + 5*w), flags: e.u32(at + 24), aligns: e.word(at + 28),
	}
}

func (e *elfFile) putSegment(at int, s segment) {
	e.order.PutUint32(e.content[at:], s.kind)
	fields := []uint64{s.off, s.vaddr, s.paddr, s.filesz, s.memsz}
	if e.wide {
		e.order.PutUint32(e.content[at+4:], s.flags)
		for i, v := range append(fields, s.aligns) {
			e.putWord(at+8+8*i, v)
		}
		return
	}
	for i, v := range fields {
		e.putWord(at+4+4*i, v)
	}
	e.order.PutUint32(e.content[at+24:], s.flags)
	e.putWord(at+28, s.aligns)
}

func (e *elfFile) parseSections(count, names int) error {
	if e.shoff == 0 {
		return nil
	}
	if err := e.table(e.shoff, 1, e.shentsize, e.pick(40, 64)); err != nil {
		return err
	}
	first := e.section(int(e.shoff))
	if count == 0 { // more than fit into the header
		count = int(min(first.len, uint64(len(e.content))))
	}
	if names == 0xffff {
		names = int(first.link)
	}
	if err := e.table(e.shoff, count, e.shentsize, e.pick(40, 64)); err != nil {
		return err
	}
	for i := range count {
		e.sections = append(e.sections, e.section(int(e.shoff)+i*e.shentsize))
	}
	if names < len(e.sections) {
		e.nameSections(e.sections[names])
	}
	return nil
}

func (e *elfFile) section(at int) section {
	w := e.pick(4, 8)
	return section{
		kind: e.u32(at + 4), flags: e.word(at + 8), addr: e.word(at + 8 + w), off: e.word(at + 8 + 2*w),
		len: e.word(at + 8 + 3*w), link: e.u32(at + 8 + 4*w), entry: at,
	}
}

func (e *elfFile) nameSections(table section) {
	names, ok := e.slice(table.off, table.len)
	if !ok || table.kind == shtNobits {
		return
	}
	for i := range e.sections {
		s := &e.sections[i]
		s.name = stringAt(names, uint64(e.u32(s.entry)))
	}
}

// slice returns bytes of the file, if they are there.
func (e *elfFile) slice(off, size uint64) ([]byte, bool) {
	if off > uint64(len(e.content)) || size > uint64(len(e.content))-off {
		return nil, false
	}
	return e.content[off : off+size], true
}

// stringAt returns the text at a place of a string table.
func stringAt(table []byte, at uint64) string {
	if at >= uint64(len(table)) {
		return ""
	}
	if end := bytes.IndexByte(table[at:], 0); end >= 0 {
		return string(table[at : at+uint64(end)])
	}
	return ""
}

// offset returns the place in the file of an address.
func (e *elfFile) offset(addr uint64) (uint64, bool) {
	for _, s := range e.segments {
		if s.kind == ptLoad && addr >= s.vaddr && addr-s.vaddr < s.filesz {
			return s.off + addr - s.vaddr, true
		}
	}
	return 0, false
}
