package elf

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// image is what a file says of itself to the loader, and what the audit wants
// to know besides.
type image struct {
	class   elf.Class
	machine elf.Machine
	kind    elf.Type
	flags   uint32 // of the processor
	little  bool

	interp  string
	dynamic bool // there is something for a loader to do
	detail  bool // symbols were read

	soname   string
	needed   []string // DT_NEEDED, and DT_FILTER behind it
	optional []string // DT_AUXILIARY
	rpath    string   // DT_RPATH, unless there is a DT_RUNPATH
	runpath  string
	hasRun   bool // there is a DT_RUNPATH
	noDefLib bool
	marked   bool // DF_1_PIE

	textrel   bool
	relro     bool
	execStack bool
	symbolInfo

	problem string // why nothing more of it could be read
}

// symbolInfo is what the symbols of a file tell.
type symbolInfo struct {
	versions []versionNeed
	dlopen   bool
	protects bool     // calls __stack_chk_fail
	buffers  bool     // calls functions that fill buffers
	names    []string // names of libraries among its constants, when it calls dlopen
}

// program reports whether the file is started, and not loaded by others.
// libc.so.6 has an interpreter and is a library: it has a soname.
func (m *image) program() bool {
	return m.kind == elf.ET_EXEC || m.marked || m.interp != "" && m.soname == ""
}

// loadable reports whether the loader would take the file.
func (m *image) loadable() bool {
	return m.problem == "" && (m.kind == elf.ET_DYN || m.kind == elf.ET_EXEC)
}

var errTruncated = errors.New("the file ends before what its headers promise")

// maxTable is the largest table of a file that is read: larger ones are
// mistakes or traps.
const maxTable = 32 << 20

// reader reads ELF files one after the other. It is used by one goroutine, and
// keeps its buffers.
type reader struct {
	r    io.ReaderAt
	size int64
	// order and wide are those of the file.
	order binary.ByteOrder
	wide  bool
	loads []segment
	table table

	head    []byte // program and section headers, dynamic section, chunks
	strings []byte // the string table of the dynamic section
	more    []byte // what is read beside these
}

// segment is a part of the file that is mapped.
type segment struct {
	kind          elf.ProgType
	flags         elf.ProgFlag
	offset, vaddr uint64
	size          uint64 // in the file
}

// section is a section header, as far as it matters.
type section struct {
	kind         elf.SectionType
	flags        elf.SectionFlag
	offset, size uint64
	addr         uint64
}

// fill reads n bytes at an offset into *buffer, which grows as needed.
func (r *reader) fill(buffer *[]byte, offset, n uint64) ([]byte, error) {
	switch {
	case offset > uint64(r.size) || n > uint64(r.size)-offset:
		return nil, errTruncated
	case n > maxTable:
		return nil, fmt.Errorf("a table of %d bytes is larger than %d", n, maxTable)
	}
	if uint64(cap(*buffer)) < n {
		*buffer = make([]byte, n+n/4)
	}
	b := (*buffer)[:n]
	if k, err := r.r.ReadAt(b, int64(offset)); k < len(b) {
		if err == nil || err == io.EOF {
			err = errTruncated
		}
		return nil, err
	}
	return b, nil
}

// word reads an address or size at b[at:] in the width of the file.
func (r *reader) word(b []byte, at int) uint64 {
	if r.wide {
		return r.order.Uint64(b[at:])
	}
	return uint64(r.order.Uint32(b[at:]))
}

// isELF reports whether a file begins as ELF files do.
func isELF(head []byte) bool { return len(head) >= 4 && string(head[:4]) == elf.ELFMAG }

// read reads an ELF file. A file that is not as it should be has a problem in
// the image, and what was read until then. With detail, symbols and constants
// are looked at too; ceiling is the newest glibc whose symbols have no need to
// be named.
func (r *reader) read(from io.ReaderAt, size int64, detail bool, ceiling version) *image {
	m := &image{detail: detail}
	r.r, r.size, r.loads, r.table = from, size, r.loads[:0], table{}
	if err := r.readAll(m, detail, ceiling); err != nil {
		m.problem = err.Error()
	}
	r.r = nil
	return m
}

func (r *reader) readAll(m *image, detail bool, ceiling version) error {
	h, err := r.header(m)
	if err != nil {
		return err
	}
	if m.kind != elf.ET_EXEC && m.kind != elf.ET_DYN {
		return nil
	}
	dynamic, err := r.programs(m, h)
	if err != nil {
		return err
	}
	sections, err := r.sections(h)
	if err != nil {
		return err
	}
	if dynamic == nil || debugOnly(sections) {
		return nil
	}
	m.dynamic = true
	if err := r.dynamic(m, *dynamic); err != nil || !detail {
		return err
	}
	if err := r.symbols(m, sections, ceiling); err != nil {
		return err
	}
	if m.dlopen {
		return r.constants(m, sections)
	}
	return nil
}

// headers is where the tables of a file are.
type headers struct {
	programs, sections uint64
	programSize, count int
	sectionSize, total int
}

// header reads the first bytes of a file.
func (r *reader) header(m *image) (headers, error) {
	b, err := r.fill(&r.head, 0, 16)
	if err != nil {
		return headers{}, err
	}
	if !isELF(b) {
		return headers{}, errors.New("it is not an ELF file")
	}
	m.class = elf.Class(b[elf.EI_CLASS])
	r.wide = m.class == elf.ELFCLASS64
	if !r.wide && m.class != elf.ELFCLASS32 {
		return headers{}, fmt.Errorf("its class is %d: neither 32 nor 64 bits", b[elf.EI_CLASS])
	}
	switch elf.Data(b[elf.EI_DATA]) {
	case elf.ELFDATA2LSB:
		r.order, m.little = binary.LittleEndian, true
	case elf.ELFDATA2MSB:
		r.order = binary.BigEndian
	default:
		return headers{}, fmt.Errorf("its byte order is %d: neither of the two that there are", b[elf.EI_DATA])
	}
	return r.places(m)
}

// places reads the rest of the header.
func (r *reader) places(m *image) (headers, error) {
	size, pointer := uint64(52), 4
	if r.wide {
		size, pointer = 64, 8
	}
	b, err := r.fill(&r.head, 0, size)
	if err != nil {
		return headers{}, err
	}
	m.kind, m.machine = elf.Type(r.order.Uint16(b[16:])), elf.Machine(r.order.Uint16(b[18:]))
	tail := b[24+3*pointer:] // e_flags and what follows
	m.flags = r.order.Uint32(tail)
	half := func(at int) int { return int(r.order.Uint16(tail[at:])) }
	return headers{
		programs: r.word(b, 24+pointer), sections: r.word(b, 24+2*pointer),
		programSize: half(6), count: half(8), sectionSize: half(10), total: half(12),
	}, nil
}

// programs reads the program headers, and returns the one of the dynamic
// section.
func (r *reader) programs(m *image, h headers) (*segment, error) {
	least := 32
	if r.wide {
		least = 56
	}
	if h.count > 0 && h.programSize < least {
		return nil, fmt.Errorf("its program headers have %d bytes each, not %d", h.programSize, least)
	}
	b, err := r.fill(&r.head, h.programs, uint64(h.count)*uint64(h.programSize))
	if err != nil {
		return nil, err
	}
	var dynamic, interp *segment
	for i := range h.count {
		s := r.segment(b[i*h.programSize:])
		switch s.kind {
		case elf.PT_LOAD:
			r.loads = append(r.loads, s)
			if s.offset > uint64(r.size) || s.size > uint64(r.size)-s.offset {
				return nil, errTruncated
			}
		case elf.PT_DYNAMIC:
			dynamic = &s
		case elf.PT_INTERP:
			interp = &s
		case elf.PT_GNU_RELRO:
			m.relro = true
		case elf.PT_GNU_STACK:
			m.execStack = s.flags&elf.PF_X != 0
		}
	}
	if interp != nil {
		return dynamic, r.interpreter(m, *interp)
	}
	return dynamic, nil
}

// segment reads one program header.
func (r *reader) segment(b []byte) segment {
	if r.wide {
		return segment{kind: elf.ProgType(r.order.Uint32(b)), flags: elf.ProgFlag(r.order.Uint32(b[4:])), offset: r.order.Uint64(b[8:]),
			vaddr: r.order.Uint64(b[16:]), size: r.order.Uint64(b[32:])}
	}
	return segment{kind: elf.ProgType(r.order.Uint32(b)), flags: elf.ProgFlag(r.order.Uint32(b[24:])), offset: uint64(r.order.Uint32(b[4:])),
		vaddr: uint64(r.order.Uint32(b[8:])), size: uint64(r.order.Uint32(b[16:]))}
}

const maxPath = 4096 // of a file, for the kernel

func (r *reader) interpreter(m *image, s segment) error {
	if s.size > maxPath {
		return fmt.Errorf("the name of its interpreter has %d bytes", s.size)
	}
	b, err := r.fill(&r.more, s.offset, s.size)
	if err == nil {
		m.interp = cString(b, 0)
	}
	return err
}

// sections reads the section headers. A file needs none.
func (r *reader) sections(h headers) ([]section, error) {
	least := 40
	if r.wide {
		least = 64
	}
	if h.sections == 0 || h.total == 0 || h.sectionSize < least {
		return nil, nil
	}
	b, err := r.fill(&r.head, h.sections, uint64(h.total)*uint64(h.sectionSize))
	if err != nil {
		return nil, err
	}
	all := make([]section, h.total)
	for i := range all {
		all[i] = r.section(b[i*h.sectionSize:])
	}
	return all, nil
}

// section reads one section header.
func (r *reader) section(b []byte) section {
	if r.wide {
		return section{kind: elf.SectionType(r.order.Uint32(b[4:])), flags: elf.SectionFlag(r.order.Uint64(b[8:])),
			addr: r.order.Uint64(b[16:]), offset: r.order.Uint64(b[24:]), size: r.order.Uint64(b[32:])}
	}
	return section{kind: elf.SectionType(r.order.Uint32(b[4:])), flags: elf.SectionFlag(r.order.Uint32(b[8:])),
		addr: uint64(r.order.Uint32(b[12:])), offset: uint64(r.order.Uint32(b[16:])), size: uint64(r.order.Uint32(b[20:]))}
}

// debugOnly reports whether a file holds nothing but the debug information of
// another one: its headers are those of the other, without the content.
func debugOnly(sections []section) bool {
	loaded := false
	for _, s := range sections {
		if s.flags&elf.SHF_ALLOC == 0 || s.kind == elf.SHT_NOTE || s.kind == elf.SHT_NULL {
			continue
		}
		if s.kind != elf.SHT_NOBITS {
			return false
		}
		loaded = true
	}
	return loaded
}

// offset returns where in the file an address is.
func (r *reader) offset(address uint64) (uint64, bool) {
	for _, s := range r.loads {
		if address >= s.vaddr && address-s.vaddr < s.size {
			return s.offset + address - s.vaddr, true
		}
	}
	return 0, false
}

// cString returns the text at b[at:] up to the next zero byte; "" when there is
// none.
func cString(b []byte, at uint64) string { return string(cBytes(b, at)) }

func cBytes(b []byte, at uint64) []byte {
	if at >= uint64(len(b)) {
		return nil
	}
	for i := at; i < uint64(len(b)); i++ {
		if b[i] == 0 {
			return b[at:i]
		}
	}
	return nil
}
