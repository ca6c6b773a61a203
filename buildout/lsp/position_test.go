package lsp

import (
	"testing"
	"unicode/utf8"
)

func TestPosition(t *testing.T) {
	// ä is 2 bytes and 1 unit, € 3 and 1, 😀 4 and 2.
	const text = "a\r\nä€😀x\n\rlast"
	for _, c := range []struct {
		offset int
		enc    encoding
		want   position
	}{
		{0, utf16Encoding, position{0, 0}},
		{1, utf16Encoding, position{0, 1}},
		{2, utf16Encoding, position{0, 1}}, // between CR and LF
		{3, utf16Encoding, position{1, 0}},
		{5, utf16Encoding, position{1, 1}},
		{8, utf16Encoding, position{1, 2}},
		{12, utf16Encoding, position{1, 4}},
		{13, utf16Encoding, position{1, 5}},
		{12, utf8Encoding, position{1, 9}},
		{12, utf32Encoding, position{1, 3}},
		{14, utf16Encoding, position{2, 0}},
		{15, utf16Encoding, position{3, 0}},
		{19, utf16Encoding, position{3, 4}},
		{99, utf16Encoding, position{3, 4}},
		{-1, utf16Encoding, position{0, 0}},
	} {
		if got := newLineTable([]byte(text)).position(c.offset, c.enc); got != c.want {
			t.Errorf("position of %d in %s: got %v, want %v", c.offset, c.enc, got, c.want)
		}
	}
}

func TestOffset(t *testing.T) {
	const text = "a\r\nä€😀x\n\rlast"
	for _, c := range []struct {
		at   position
		enc  encoding
		want int
	}{
		{position{0, 0}, utf16Encoding, 0},
		{position{0, 9}, utf16Encoding, 1}, // behind the end of the line
		{position{1, 2}, utf16Encoding, 8},
		{position{1, 3}, utf16Encoding, 8}, // within the surrogate pair
		{position{1, 4}, utf16Encoding, 12},
		{position{1, 5}, utf8Encoding, 8},
		{position{1, 6}, utf8Encoding, 8}, // within the bytes of 😀
		{position{1, 3}, utf32Encoding, 12},
		{position{2, 7}, utf16Encoding, 14},
		{position{9, 0}, utf16Encoding, 19},
		{position{-1, 5}, utf16Encoding, 0},
		{position{1, -5}, utf16Encoding, 3},
	} {
		if got := newLineTable([]byte(text)).offset(c.at, c.enc); got != c.want {
			t.Errorf("offset of %v in %s: got %d, want %d", c.at, c.enc, got, c.want)
		}
	}
}

// FuzzPosition checks that an offset at the begin of a character survives the
// way to a position and back, in every encoding.
func FuzzPosition(f *testing.F) {
	f.Add([]byte("a\r\n\u00e4\U0001f600\n\rx"), 3)
	f.Add([]byte("\xff\xfe\r"), 1)
	f.Fuzz(func(t *testing.T, text []byte, offset int) {
		table := newLineTable(text)
		for _, enc := range []encoding{utf8Encoding, utf16Encoding, utf32Encoding} {
			p := table.position(offset, enc)
			back := table.offset(p, enc)
			if table.position(back, enc) != p {
				t.Fatalf("%q at %d in %s: %v is offset %d, whose position is %v", text, offset, enc, p, back, table.position(back, enc))
			}
			inside := offset >= 0 && offset < len(text) && utf8.Valid(text) && utf8.RuneStart(text[offset])
			if inside && text[offset] != '\n' && back != offset {
				t.Fatalf("%q in %s: offset %d came back as %d", text, enc, offset, back)
			}
		}
	})
}
