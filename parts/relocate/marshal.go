package relocate

import (
	"encoding/binary"
	"errors"
	"slices"
	"unicode/utf8"
)

// maxMarshalDepth is how deep objects of a .pyc file may be nested: what
// Python allows.
const maxMarshalDepth = 2000

var errMarshal = errors.New("the code is not of a version of Python that is known")

// A marshalString is where a string of a .pyc file is: its type byte, its
// first byte and its end.
type marshalString struct{ kind, start, end int }

// marshalReader walks the objects of a .pyc file and notes its strings. The
// layout of the format is that of Python/marshal.c.
type marshalReader struct {
	data    []byte
	at      int
	magic   uint16
	strings []marshalString
}

// marshalStrings returns all strings of a .pyc file, in order.
func marshalStrings(content []byte) ([]marshalString, error) {
	if !isPyc(".pyc", content) {
		return nil, errMarshal
	}
	r := &marshalReader{data: content, at: pycHeader, magic: binary.LittleEndian.Uint16(content)}
	if !r.object(0) || r.at != len(content) {
		return nil, errMarshal
	}
	return r.strings, nil
}

// skip takes n bytes.
func (r *marshalReader) skip(n int) bool {
	if n < 0 || n > len(r.data)-r.at {
		return false
	}
	r.at += n
	return true
}

// size takes a length of one or four bytes.
func (r *marshalReader) size(width int) (int, bool) {
	at := r.at
	if !r.skip(width) {
		return 0, false
	}
	if width == 1 {
		return int(r.data[at]), true
	}
	n := int32(binary.LittleEndian.Uint32(r.data[at:]))
	return int(n), true
}

// object takes an object. It reports false where the format is not followed.
func (r *marshalReader) object(depth int) bool {
	at := r.at
	if depth > maxMarshalDepth || !r.skip(1) {
		return false
	}
	switch r.data[at] &^ 0x80 {
	case '0', 'N', 'F', 'T', 'S', '.':
		return true
	case 'i', 'r':
		return r.skip(4)
	case 'I', 'g':
		return r.skip(8)
	case 'y':
		return r.skip(16)
	case 'f':
		return r.text()
	case 'x':
		real := r.text()
		return real && r.text() // the imaginary part
	case 'l':
		n, ok := r.size(4)
		return ok && r.skip(2*max(n, -n))
	case 's', 't', 'u', 'a', 'A':
		return r.string(at, 4)
	case 'z', 'Z':
		return r.string(at, 1)
	case ')':
		return r.objects(1, depth)
	case '(', '[', '<', '>':
		return r.objects(4, depth)
	case '{':
		return r.dictionary(depth)
	case ':':
		return r.several(3, depth)
	case 'c':
		return r.code(depth)
	}
	return false
}

// text takes a number that is written as text.
func (r *marshalReader) text() bool {
	n, ok := r.size(1)
	return ok && r.skip(n)
}

func (r *marshalReader) string(kind, width int) bool {
	n, ok := r.size(width)
	start := r.at
	if !ok || !r.skip(n) {
		return false
	}
	r.strings = append(r.strings, marshalString{kind: kind, start: start, end: r.at})
	return true
}

func (r *marshalReader) objects(width, depth int) bool {
	n, ok := r.size(width)
	return ok && n >= 0 && r.several(n, depth)
}

func (r *marshalReader) several(n, depth int) bool {
	for range n {
		if !r.object(depth + 1) {
			return false
		}
	}
	return true
}

// dictionary takes keys and values up to the null object.
func (r *marshalReader) dictionary(depth int) bool {
	for {
		if r.at >= len(r.data) {
			return false
		}
		if r.data[r.at]&^0x80 == '0' {
			return r.skip(1)
		}
		if !r.several(2, depth) {
			return false
		}
	}
}

// The first magic numbers of versions whose code objects have another layout.
const (
	pyc38  = 3400
	pyc311 = 3480
)

// code takes a code object: numbers, objects, the first line, tables.
func (r *marshalReader) code(depth int) bool {
	numbers, tables := 5, 1
	switch {
	case r.magic >= pyc311:
		tables = 2
	case r.magic >= pyc38:
		numbers = 6
	}
	return r.skip(4*numbers) && r.several(8, depth) && r.skip(4) && r.several(tables, depth)
}

// rewritePyc gives the strings of a .pyc file their new text and length. Where
// the format is not known sites are replaced at the same length.
func (m *Mover) rewritePyc(r *Rewritten) error {
	if r.Fact.Rigid != "" {
		return m.rewriteSites(r)
	}
	content, sites, err := m.remarshal(r.Content, r.Fact.Sites)
	if err != nil {
		return m.problem(&r.Fact, CodeChanged, Error, "", "%v", err)
	}
	r.Content, r.Fact.Sites = content, sites
	return nil
}

// remarshal replaces sites exactly, and writes the new lengths of the strings
// that they are in.
func (m *Mover) remarshal(content []byte, sites []Site) ([]byte, []Site, error) {
	if !slices.ContainsFunc(sites, func(s Site) bool { return m.moves(s.Prefix) }) {
		return content, sites, nil
	}
	all, err := marshalStrings(content)
	if err != nil {
		return nil, nil, err
	}
	out := make([]byte, 0, len(content)+len(content)/8)
	var moved []Site
	at := 0 // what is copied
	for _, s := range all {
		n := 0
		for n < len(sites) && sites[n].end() <= int64(s.end) {
			n++
		}
		if n == 0 {
			continue
		}
		if sites[0].Offset < int64(s.start) {
			return nil, nil, errMarshal
		}
		text, inner := m.replaceText(content[s.start:s.end], within64(sites[:n], s.start))
		out = appendString(append(out, content[at:s.kind]...), content[s.kind], text)
		for _, i := range inner {
			i.Offset += int64(len(out) - len(text))
			moved = append(moved, i)
		}
		at, sites = s.end, sites[n:]
	}
	if len(sites) > 0 {
		return nil, nil, errMarshal
	}
	return append(out, content[at:]...), moved, nil
}

// within64 returns sites with their offsets from a start.
func within64(sites []Site, start int) []Site {
	inner := slices.Clone(sites)
	for i := range inner {
		inner[i].Offset -= int64(start)
	}
	return inner
}

// appendString writes a string object with the type that Python gives to the
// text: a short one, a long one, or UTF-8. Interned strings stay interned.
func appendString(out []byte, kind byte, text []byte) []byte {
	flag, interned := kind&0x80, false
	switch kind &^ 0x80 {
	case 's':
		return appendLong(out, kind, text)
	case 't', 'A', 'Z':
		interned = true
	}
	types := [3]byte{'z', 'a', 'u'}
	if interned {
		types = [3]byte{'Z', 'A', 't'}
	}
	switch {
	case slices.ContainsFunc(text, func(c byte) bool { return c >= utf8.RuneSelf }):
		return appendLong(out, flag|types[2], text)
	case len(text) > 255:
		return appendLong(out, flag|types[1], text)
	}
	return append(append(out, flag|types[0], byte(len(text))), text...)
}

func appendLong(out []byte, kind byte, text []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(append(out, kind), uint32(len(text))), text...)
}
