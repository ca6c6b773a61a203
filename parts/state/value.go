package state

import (
	"encoding/hex"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokens stand for white space that a value cannot hold as it is.
var tokens = []struct{ char, text string }{
	{" ", "%(__buildout_space__)s"},
	{"\n", lineToken},
	{"\r", "%(__buildout_space_r__)s"},
	{"\f", "%(__buildout_space_f__)s"},
	{"\v", "%(__buildout_space_v__)s"},
}

const (
	lineToken  = "%(__buildout_space_n__)s"
	byteToken  = "%(__gobuild_" // then bytes in hexadecimal, then tokenEnd
	tokenEnd   = "__)s"
	blanks     = " \t\r\f\v"
	lineBreak  = "\n\t" // the start of a continuation line
	tokenStart = "%("
)

// isSpace is Python's str.isspace for one character.
func isSpace(c rune) bool { return unicode.IsSpace(c) || c >= 0x1c && c <= 0x1f }

// solid reports whether c is surely no white space.
func solid(c byte) bool { return c > ' ' && c < utf8.RuneSelf }

// strip removes white space at both ends.
func strip(s string) string {
	for len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	if s == "" || solid(s[0]) && solid(s[len(s)-1]) {
		return s
	}
	return strings.TrimFunc(s, isSpace)
}

// stripRight removes white space at the end.
func stripRight(s string) string {
	for len(s) > 0 && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	if s == "" || solid(s[len(s)-1]) {
		return s
	}
	return strings.TrimRightFunc(s, isSpace)
}

func startsWithSpace(s string) bool {
	if s == "" || solid(s[0]) {
		return false
	}
	c, _ := utf8.DecodeRuneInString(s)
	return isSpace(c)
}

// encode returns the text that stands for value behind `name = `.
func encode(value string) string {
	if isPlain(value) {
		return value
	}
	text := encodeAsReference(value)
	if utf8.ValidString(value) && readBack(text) == value {
		return text
	}
	return encodeSafely(value)
}

// isPlain reports whether value surely stands for itself.
func isPlain(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' || c >= utf8.RuneSelf {
			return false
		}
	}
	return value == "" || value[0] != ' ' && value[len(value)-1] != ' ' && !strings.Contains(value, tokenStart)
}

// readBack returns the value that a reader finds for text.
func readBack(text string) string {
	sections, _, err := scan("", "[s]\nv = "+text+"\n")
	if err != nil {
		return "" // not equal to the value: the empty one is plain
	}
	return decode(sections["s"]["v"])
}

// encodeAsReference encodes as zc.buildout does: runs of blanks at the ends,
// and line ends with the blanks around them, become tokens; but the first line
// end of a run becomes a line break of the file.
func encodeAsReference(value string) string {
	head := value[:len(value)-len(strings.TrimLeft(value, blanks))]
	var b strings.Builder
	rest := value
	if !strings.HasPrefix(value[len(head):], "\n") {
		b.WriteString(spell(head))
		rest = value[len(head):]
	}
	for {
		at := strings.IndexByte(rest, '\n')
		if at < 0 {
			break
		}
		text := strings.TrimRight(rest[:at], blanks)
		after := strings.TrimLeft(rest[at+1:], blanks+"\n")
		b.WriteString(text + spell(rest[len(text):at]) + lineBreak + spell(rest[at+1:len(rest)-len(after)]))
		rest = after
	}
	text := strings.TrimRight(rest, blanks)
	b.WriteString(text + spell(rest[len(text):]))
	return spellEnds(b.String())
}

// spellEnds replaces a line break at either end by its token.
func spellEnds(text string) string {
	if rest, ok := strings.CutPrefix(text, lineBreak); ok {
		text = lineToken + rest
	}
	if rest, ok := strings.CutSuffix(text, lineBreak); ok {
		text = rest + lineToken
	}
	return text
}

// spell replaces white space by tokens; tabs have none.
func spell(blank string) string {
	for _, t := range tokens {
		blank = strings.ReplaceAll(blank, t.char, t.text)
	}
	return blank
}

// encodeSafely encodes any bytes so that decode gives them back.
func encodeSafely(value string) string {
	lines := strings.Split(value, "\n")
	var b strings.Builder
	for i, line := range lines {
		if i > 0 {
			if line == "" || lines[i-1] == "" {
				b.WriteString(lineToken)
			} else {
				b.WriteString(lineBreak)
			}
		}
		text := strip(line)
		if text == "" {
			b.WriteString(spellAll(line))
			continue
		}
		at := len(line) - len(strings.TrimLeftFunc(line, isSpace))
		b.WriteString(spellAll(line[:at]) + protect(text) + spellAll(line[at+len(text):]))
	}
	return b.String()
}

// spellAll replaces all white space by tokens.
func spellAll(blank string) string {
	var b strings.Builder
	for _, c := range blank {
		text := spell(string(c))
		if text == string(c) {
			text = spellBytes(text)
		}
		b.WriteString(text)
	}
	return b.String()
}

func spellBytes(s string) string { return byteToken + hex.EncodeToString([]byte(s)) + tokenEnd }

// protect replaces what readers would change within a line: carriage returns,
// bytes that are not UTF-8, and texts that look like tokens.
func protect(line string) string {
	var b strings.Builder
	for i := 0; i < len(line); {
		c, n := utf8.DecodeRuneInString(line[i:])
		switch {
		case c == '\r':
			b.WriteString(spell("\r"))
		case c == utf8.RuneError && n == 1:
			b.WriteString(spellBytes(line[i : i+1]))
		case isToken(line[i:]):
			b.WriteString(spellBytes("%"))
		default:
			b.WriteString(line[i : i+n])
		}
		i += n
	}
	return b.String()
}

func isToken(s string) bool {
	return strings.HasPrefix(s, "%(__buildout_space") || strings.HasPrefix(s, byteToken)
}

// decode replaces the tokens of a value.
func decode(value string) string {
	at := strings.Index(value, tokenStart)
	if at < 0 {
		return value
	}
	var b strings.Builder
	for ; at >= 0; at = strings.Index(value, tokenStart) {
		b.WriteString(value[:at])
		text, n := decodeToken(value[at:])
		b.WriteString(text)
		value = value[at+n:]
	}
	b.WriteString(value)
	return b.String()
}

// decodeToken returns what the token at the start of s stands for, and its
// length.
func decodeToken(s string) (string, int) {
	for _, t := range tokens {
		if strings.HasPrefix(s, t.text) {
			return t.char, len(t.text)
		}
	}
	if rest, ok := strings.CutPrefix(s, byteToken); ok {
		digits, _, closed := strings.Cut(rest, tokenEnd)
		if b, err := hex.DecodeString(digits); closed && err == nil && len(b) > 0 {
			return string(b), len(byteToken) + len(digits) + len(tokenEnd)
		}
	}
	return tokenStart, len(tokenStart)
}

// assignment returns the line that sets an option. A name that ends in a blank
// and a sign is written so that it is read as such.
func assignment(name, value string) string {
	sign := " ="
	if n := strings.TrimRight(name, "+-"); len(name)-len(n) == 1 && n != stripRight(n) {
		sign = "="
	}
	return name + sign + " " + encode(value) + "\n"
}

// block returns the text of a section.
func block(name string, options map[string]string) string {
	names := make([]string, 0, len(options))
	for n := range options {
		names = append(names, n)
	}
	slices.Sort(names)
	var b strings.Builder
	b.WriteString("[" + name + "]\n")
	for _, n := range names {
		b.WriteString(assignment(n, options[n]))
	}
	return b.String()
}
