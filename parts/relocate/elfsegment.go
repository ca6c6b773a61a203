package relocate

import (
	"errors"
	"math/bits"
	"slices"
)

// Limits of the editor.
const (
	minAlign = 0x1000
	maxAlign = 1 << 24 // of segments
	maxHole  = 8 << 20 // bytes of nothing in front of moved program headers
)

// loads returns the loaded segments and checks what the editor relies on.
func (e *elfFile) loads() (first, last segment, align uint64, err error) {
	align = minAlign
	var count int
	for _, s := range e.segments {
		if s.kind != ptLoad {
			continue
		}
		if s.aligns > maxAlign || s.aligns > 1 && bits.OnesCount64(s.aligns) != 1 || s.vaddr+s.memsz < s.vaddr || s.vaddr+s.memsz > 1<<62 {
			return first, last, 0, errors.New("the loaded segments are not as they should be")
		}
		if count == 0 {
			first = s
		} else if s.vaddr < last.vaddr+last.memsz {
			return first, last, 0, errors.New("the loaded segments are not sorted")
		}
		last, align = s, max(align, s.aligns)
		count++
	}
	if count == 0 {
		return first, last, 0, errors.New("no segment is loaded")
	}
	return first, last, align, nil
}

// extensible returns the index of the last loaded segment if it is one that
// appendSegment made for d, at the end of the file; otherwise -1.
func (e *elfFile) extensible(d *dynamic) int {
	end := uint64(len(e.content))
	for i, s := range slices.Backward(e.segments) {
		if s.kind != ptLoad {
			continue
		}
		if s.flags == pfRead && s.filesz == s.memsz && s.off+s.filesz == end && d.off+uint64(len(d.strings)) == end && d.off >= s.off {
			return i
		}
		break
	}
	return -1
}

// appendSegment adds data to the end of the file so that it is loaded, and
// returns where it is in the file and in memory. If the segment of an index
// can be extended it is; -1 makes a new one.
func (e *elfFile) appendSegment(data []byte, extend int) (off, addr uint64, err error) {
	_, last, align, err := e.loads()
	if err != nil {
		return 0, 0, err
	}
	if extend >= 0 {
		return e.extend(extend, data)
	}
	if i := e.spare(); i >= 0 {
		e.pad(8)
		off = uint64(len(e.content))
		addr = alignUp(last.vaddr+last.memsz, align) + off%align
		e.content = append(e.content, data...)
		return off, addr, e.replaceSegment(i, loadOf(off, addr, len(data), align))
	}
	return e.moveHeaders(data)
}

func loadOf(off, addr uint64, size int, align uint64) segment {
	return segment{
		kind: ptLoad, flags: pfRead, off: off, vaddr: addr, paddr: addr,
		filesz: uint64(size), memsz: uint64(size), aligns: align,
	}
}

// pad makes the length of the file a multiple of align.
func (e *elfFile) pad(align uint64) {
	e.content = append(e.content, make([]byte, alignUp(uint64(len(e.content)), align)-uint64(len(e.content)))...)
}

// extend makes the last segment, which ends with the file, longer.
func (e *elfFile) extend(i int, data []byte) (off, addr uint64, err error) {
	e.pad(8)
	s := e.segments[i]
	off = uint64(len(e.content))
	addr = s.vaddr + off - s.off
	e.content = append(e.content, data...)
	s.filesz = uint64(len(e.content)) - s.off
	s.memsz = s.filesz
	if err := e.checkAddress(s); err != nil {
		return 0, 0, err
	}
	e.putSegment(int(e.phoff)+i*e.phentsize, s)
	return off, addr, nil
}

func (e *elfFile) checkAddress(s segment) error {
	if !e.wide && (s.vaddr+s.memsz > 1<<32 || s.off+s.filesz > 1<<32) {
		return errors.New("no address is left for another segment")
	}
	return nil
}

// replaceSegment gives up the program header of an index for a new last
// loaded segment. Loaded segments stay sorted.
func (e *elfFile) replaceSegment(i int, s segment) error {
	if err := e.checkAddress(s); err != nil {
		return err
	}
	e.writeSegments(int(e.phoff), withLoad(slices.Delete(slices.Clone(e.segments), i, i+1), s))
	return nil
}

// withLoad puts a segment behind the last loaded one.
func withLoad(segments []segment, s segment) []segment {
	for i, old := range slices.Backward(segments) {
		if old.kind == ptLoad {
			return slices.Insert(segments, i+1, s)
		}
	}
	return append(segments, s)
}

func (e *elfFile) writeSegments(at int, segments []segment) {
	for i, s := range segments {
		e.putSegment(at+i*e.phentsize, s)
	}
}

// moveHeaders puts a longer table of program headers and the data into a new
// segment. Kernels before 5.18 tell the loader of a program that its headers
// are where the first segment would have them, so the new segment of a program
// keeps the difference of address and offset of the first. strip and objcopy
// accept the result, but say that they adjust the address of .dynstr.
func (e *elfFile) moveHeaders(data []byte) (off, addr uint64, err error) {
	first, last, align, err := e.loads()
	if err != nil {
		return 0, 0, err
	}
	start := alignUp(last.vaddr+last.memsz, align)
	if e.interpreted() {
		if err := e.padTo(first, &start, align); err != nil {
			return 0, 0, err
		}
	} else {
		e.pad(8)
		start += uint64(len(e.content)) % align
	}
	table := uint64(len(e.content))
	size := alignUp(uint64((len(e.segments)+1)*e.phentsize), 8)
	off, addr = table+size, start+size
	s := loadOf(table, start, int(size)+len(data), align)
	if err := e.checkAddress(s); err != nil {
		return 0, 0, err
	}
	e.content = append(append(e.content, make([]byte, size)...), data...)
	e.useHeaders(table, start, withLoad(slices.Clone(e.segments), s))
	return off, addr, nil
}

// padTo makes the file as long as a segment at start needs it that keeps the
// difference of address and offset of the first one; start may grow.
func (e *elfFile) padTo(first segment, start *uint64, align uint64) error {
	hole, err := e.hole(first, start, align)
	if err == nil {
		e.content = append(e.content, make([]byte, hole)...)
	}
	return err
}

// hole returns how much is missing for padTo.
func (e *elfFile) hole(first segment, start *uint64, align uint64) (uint64, error) {
	if first.vaddr < first.off {
		return 0, errors.New("the first segment is in front of its place in the file")
	}
	bias := first.vaddr - first.off
	*start = alignUp(max(*start, bias+uint64(len(e.content))), align)
	hole := *start - bias - uint64(len(e.content))
	if hole > maxHole {
		return 0, errors.New("no program header can be spared, and moving them would leave a large hole in the file")
	}
	return hole, nil
}

// useHeaders writes the table of program headers to a new place, clears the
// old one, and makes the header and PT_PHDR name the new place.
func (e *elfFile) useHeaders(off, addr uint64, segments []segment) {
	clear(e.content[e.phoff : e.phoff+uint64(len(e.segments)*e.phentsize)])
	size := uint64(len(segments) * e.phentsize)
	for i := range segments {
		if s := &segments[i]; s.kind == ptPhdr {
			s.off, s.vaddr, s.paddr, s.filesz, s.memsz = off, addr, addr, size, size
		}
	}
	e.phoff = off
	e.putWord(e.pick(28, 32), off)
	e.order.PutUint16(e.content[e.pick(44, 56):], uint16(len(segments)))
	e.segments = segments
	e.writeSegments(int(off), segments)
}
