package compare

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"
)

// shownBytes is how much of a difference is told.
const shownBytes = 24

// places returns where two contents differ that are not equal; none when they
// differ only in what is computed from names.
func (c *comparison) places(path string, a, b []byte) []Place {
	const deepest = 4 // archives in archives
	c.depth++
	defer func() { c.depth-- }()
	switch {
	case c.depth > deepest:
	case both(a, b, "\x7fELF"):
		return elfPlaces(a, b)
	case both(a, b, "!<arch>\n"):
		return c.archivePlaces(a, b)
	case both(a, b, "\x1f\x8b"):
		return c.gzipPlaces(path, a, b)
	case both(a, b, "PK\x03\x04"):
		return c.zipPlaces(a, b)
	case strings.HasSuffix(path, ".pyc"):
		return pycPlaces(a, b)
	case isText(a) && isText(b):
		return linePlaces(a, b)
	}
	return []Place{first("", a, b)}
}

func both(a, b []byte, magic string) bool {
	return bytes.HasPrefix(a, []byte(magic)) && bytes.HasPrefix(b, []byte(magic))
}

// first returns the first place in which two contents differ.
func first(where string, a, b []byte) Place {
	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}
	p := Place{Where: where, Offset: int64(at), First: cut(a[at:]), Second: cut(b[at:])}
	if len(a) != len(b) {
		p.Sizes = []int64{int64(len(a)), int64(len(b))}
	}
	return p
}

func cut(b []byte) Bytes { return bytes.Clone(b[:min(len(b), shownBytes)]) }

// differing returns the place of two stretches, none if they are equal.
func differing(where string, a, b []byte) []Place {
	if bytes.Equal(a, b) {
		return nil
	}
	return []Place{first(where, a, b)}
}

// isText reports whether content is text, by its beginning.
func isText(b []byte) bool {
	const head = 8192
	b = b[:min(len(b), head)]
	for range utf8.UTFMax { // the end may be within a character
		if utf8.Valid(b) {
			break
		}
		b = b[:max(len(b)-1, 0)]
	}
	return utf8.Valid(b) && bytes.IndexByte(b, 0) < 0
}

// linePlaces returns the first line in which two texts differ: the line from
// near the difference on.
func linePlaces(a, b []byte) []Place {
	p := first("", a, b)
	at := int(p.Offset)
	start := bytes.LastIndexByte(a[:at], '\n') + 1
	p.Where = fmt.Sprintf("line %d", 1+bytes.Count(a[:start], []byte("\n")))
	p.Offset = int64(at - start)
	from := max(start, at-shownLine/2)
	p.First, p.Second = line(a[from:]), line(b[from:])
	return []Place{p}
}

const shownLine = 100

// line returns the first line of text, cut off.
func line(text []byte) Bytes {
	text, _, _ = bytes.Cut(text, []byte("\n"))
	return bytes.Clone(text[:min(len(text), shownLine)])
}

// pycHead is the length of the head of a .pyc file: magic number, flags, and the
// checksum of the source, or its time and size.
const pycHead = 16

func pycPlaces(a, b []byte) []Place {
	if len(a) < pycHead || len(b) < pycHead || !bytes.Equal(a[:8], b[:8]) {
		return []Place{first("", a, b)}
	}
	var places []Place
	if hashed := binary.LittleEndian.Uint32(a[4:])&1 != 0; !hashed {
		places = append(places, differing("time of the source", a[8:12], b[8:12])...)
		places = append(places, differing("size of the source", a[12:16], b[12:16])...)
	}
	return append(places, differing("code", a[pycHead:], b[pycHead:])...)
}
