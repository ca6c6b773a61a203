package ui

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// cell is one character of a text as it is shown.
type cell struct {
	text  string
	width int // columns; 0 for a tab, whose width depends on its place
	size  int // bytes that it stands for
}

// nextCell returns the first character of the non-empty text s. What could
// steer a terminal or hide from the eye is written as an escape.
func nextCell(s string) cell {
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case r == utf8.RuneError && size == 1:
		return escape(`\x%02x`, rune(s[0]), size)
	case r == '\t':
		return cell{"\t", 0, size}
	case unicode.IsControl(r) && r < 0x80:
		return escape(`\x%02x`, r, size)
	case unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp), unicode.Is(unicode.Cf, r) && r != zeroWidthJoiner:
		return escape(`\u%04x`, r, size)
	}
	return cell{s[:size], runeWidth(r), size}
}

func escape(format string, r rune, size int) cell {
	text := fmt.Sprintf(format, r)
	return cell{text, len(text), size}
}

const zeroWidthJoiner = '\u200d'

// runeWidth returns the columns that a printable character takes.
func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me), r == zeroWidthJoiner, r >= 0x1160 && r <= 0x11ff:
		return 0 // combining marks; vowels and finals of Hangul join the initial
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

// wide holds the characters that take two columns: East_Asian_Width W and F.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x1100, 0x115f, 1}, {0x231a, 0x231b, 1}, {0x2329, 0x232a, 1}, {0x23e9, 0x23ec, 1}, {0x23f0, 0x23f0, 1},
		{0x23f3, 0x23f3, 1}, {0x25fd, 0x25fe, 1}, {0x2614, 0x2615, 1}, {0x2648, 0x2653, 1}, {0x267f, 0x267f, 1},
		{0x2693, 0x2693, 1}, {0x26a1, 0x26a1, 1}, {0x26aa, 0x26ab, 1}, {0x26bd, 0x26be, 1}, {0x26c4, 0x26c5, 1},
		{0x26ce, 0x26ce, 1}, {0x26d4, 0x26d4, 1}, {0x26ea, 0x26ea, 1}, {0x26f2, 0x26f3, 1}, {0x26f5, 0x26f5, 1},
		{0x26fa, 0x26fa, 1}, {0x26fd, 0x26fd, 1}, {0x2705, 0x2705, 1}, {0x270a, 0x270b, 1}, {0x2728, 0x2728, 1},
		{0x274c, 0x274c, 1}, {0x274e, 0x274e, 1}, {0x2753, 0x2755, 1}, {0x2757, 0x2757, 1}, {0x2795, 0x2797, 1},
		{0x27b0, 0x27b0, 1}, {0x27bf, 0x27bf, 1}, {0x2b1b, 0x2b1c, 1}, {0x2b50, 0x2b50, 1}, {0x2b55, 0x2b55, 1},
		{0x2e80, 0x303e, 1}, {0x3041, 0x3247, 1}, {0x3250, 0x4dbf, 1}, {0x4e00, 0xa4cf, 1}, {0xa960, 0xa97f, 1},
		{0xac00, 0xd7a3, 1}, {0xf900, 0xfaff, 1}, {0xfe10, 0xfe19, 1}, {0xfe30, 0xfe6f, 1}, {0xff01, 0xff60, 1},
		{0xffe0, 0xffe6, 1},
	},
	R32: []unicode.Range32{
		{0x16fe0, 0x18d08, 1}, {0x1aff0, 0x1b2fb, 1}, {0x1f004, 0x1f004, 1}, {0x1f0cf, 0x1f0cf, 1}, {0x1f18e, 0x1f18e, 1},
		{0x1f191, 0x1f19a, 1}, {0x1f200, 0x1f320, 1}, {0x1f32d, 0x1f335, 1}, {0x1f337, 0x1f37c, 1}, {0x1f37e, 0x1f393, 1},
		{0x1f3a0, 0x1f3ca, 1}, {0x1f3cf, 0x1f3d3, 1}, {0x1f3e0, 0x1f3f0, 1}, {0x1f3f4, 0x1f3f4, 1}, {0x1f3f8, 0x1f43e, 1},
		{0x1f440, 0x1f440, 1}, {0x1f442, 0x1f4fc, 1}, {0x1f4ff, 0x1f53d, 1}, {0x1f54b, 0x1f54e, 1}, {0x1f550, 0x1f567, 1},
		{0x1f57a, 0x1f57a, 1}, {0x1f595, 0x1f596, 1}, {0x1f5a4, 0x1f5a4, 1}, {0x1f5fb, 0x1f64f, 1}, {0x1f680, 0x1f6c5, 1},
		{0x1f6cc, 0x1f6cc, 1}, {0x1f6d0, 0x1f6d2, 1}, {0x1f6d5, 0x1f6df, 1}, {0x1f6eb, 0x1f6ec, 1}, {0x1f6f4, 0x1f6fc, 1},
		{0x1f7e0, 0x1f7eb, 1}, {0x1f7f0, 0x1f7f0, 1}, {0x1f90c, 0x1f93a, 1}, {0x1f93c, 0x1f945, 1}, {0x1f947, 0x1f9ff, 1},
		{0x1fa70, 0x1faff, 1}, {0x20000, 0x2fffd, 1}, {0x30000, 0x3fffd, 1},
	},
}

// tabStop is the distance of tab stops on a terminal.
const tabStop = 8

// widthAt returns the columns of c when it begins at column (from 0).
func (c cell) widthAt(column int) int {
	if c.text == "\t" {
		return tabStop - column%tabStop
	}
	return c.width
}

// clean returns text safe to show on one line: masked, no control characters.
func clean(text string) string { return visible(Mask(text)) }

// visible returns text with escapes for what could steer a terminal.
func visible(text string) string {
	if isPlain(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		c := nextCell(text)
		b.WriteString(c.text)
		text = text[c.size:]
	}
	return b.String()
}

func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' && text[i] != '\t' || text[i] >= 0x7f {
			return false
		}
	}
	return true
}

// lines returns the lines of text, masked and without control characters, and
// no empty ones at the end.
func lines(text string) []string {
	list := strings.Split(strings.TrimRight(Mask(text), "\r\n \t"), "\n")
	for i, line := range list {
		list[i] = visible(strings.TrimRight(line, "\r"))
	}
	return list
}

// controlSequence matches what programs send to colour and move on a terminal.
var controlSequence = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])`)
})

// maxLogLine is the number of columns that are shown of a line of a log.
const maxLogLine = 2000

// logLines returns the lines of a log: control sequences are dropped, and of a
// line that was written over with \r the last state remains.
func logLines(text string) []string {
	list := strings.Split(controlSequence().ReplaceAllString(text, ""), "\n")
	for i, line := range list {
		line = strings.TrimRight(line, "\r")
		list[i] = line[strings.LastIndexByte(line, '\r')+1:]
	}
	list = lines(strings.Trim(strings.Join(list, "\n"), "\n"))
	for i, line := range list {
		list[i] = cut(line, maxLogLine)
	}
	return list
}

// cut shortens text to width columns, with ... at its end when it is longer.
func cut(text string, width int) string {
	const dots = "..."
	column, keep, at := 0, 0, 0
	for at < len(text) {
		c := nextCell(text[at:])
		column += c.widthAt(column)
		if column > width {
			return text[:keep] + dots[:max(0, min(len(dots), width))]
		}
		at += c.size
		if column <= width-len(dots) {
			keep = at
		}
	}
	return text
}
