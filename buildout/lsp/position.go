package lsp

import (
	"sort"
	"unicode/utf8"
)

// encoding says what the character of a position counts.
type encoding string

// The encodings of LSP 3.17. UTF-16 is what a client without the capability
// uses.
const (
	utf8Encoding  encoding = "utf-8"
	utf16Encoding encoding = "utf-16"
	utf32Encoding encoding = "utf-32"
)

// chooseEncoding returns the first encoding of the client's list that is
// known.
func chooseEncoding(offered []encoding) encoding {
	for _, e := range offered {
		switch e {
		case utf8Encoding, utf16Encoding, utf32Encoding:
			return e
		}
	}
	return utf16Encoding
}

// units returns how many characters of a position a rune is, given its bytes.
func (e encoding) units(r rune, size int) int {
	switch {
	case e == utf8Encoding:
		return size
	case e == utf16Encoding && r > 0xffff:
		return 2 // a surrogate pair
	}
	return 1
}

// lineTable knows where the lines of a text begin and end. A line ends at LF,
// CR LF or CR, as the protocol and the scanner say.
type lineTable struct {
	text  []byte
	start []int
	end   []int // without the line end
}

func newLineTable(text []byte) *lineTable {
	t := &lineTable{text: text, start: []int{0}}
	for i := 0; i < len(text); i++ {
		if text[i] != '\n' && text[i] != '\r' {
			continue
		}
		t.end = append(t.end, i)
		if text[i] == '\r' && i+1 < len(text) && text[i+1] == '\n' {
			i++
		}
		t.start = append(t.start, i+1)
	}
	t.end = append(t.end, len(text))
	return t
}

// line returns the number of the line, from 0, that holds offset.
func (t *lineTable) line(offset int) int {
	return sort.SearchInts(t.start, offset+1) - 1
}

// offset returns the place of p in bytes. A place outside of the text is the
// nearest one inside; one within a character is the begin of it.
func (t *lineTable) offset(p position, e encoding) int {
	if p.Line < 0 {
		return 0
	}
	if p.Line >= len(t.start) {
		return len(t.text)
	}
	at, end := t.start[p.Line], t.end[p.Line]
	for count := 0; at < end; {
		r, size := utf8.DecodeRune(t.text[at:end])
		count += e.units(r, size)
		if count > p.Character {
			break
		}
		at += size
	}
	return at
}

// position returns the place of an offset. One within a line end is the end of
// the line.
func (t *lineTable) position(offset int, e encoding) position {
	offset = min(max(offset, 0), len(t.text))
	line := t.line(offset)
	count := 0
	for at := t.start[line]; at < min(offset, t.end[line]); {
		r, size := utf8.DecodeRune(t.text[at:t.end[line]])
		count += e.units(r, size)
		at += size
	}
	return position{line, count}
}

// extent returns the range of the bytes from..to.
func (t *lineTable) extent(from, to int, e encoding) extent {
	return extent{t.position(from, e), t.position(to, e)}
}
