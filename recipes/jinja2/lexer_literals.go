package jinja2

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

var (
	floatPattern   = regexp.MustCompile(`^(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?[eE][+\-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)`)
	integerPattern = regexp.MustCompile(`^(?:0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?\d)*|0(?:_?0)*)`)
)

// number reads an integer or a float.
func (l *lexer) number(rest string) error {
	if l.pos == 0 || l.src[l.pos-1] != '.' {
		if text := floatPattern.FindString(rest); text != "" {
			l.add(tokenFloat, text)
			return nil
		}
	}
	l.add(tokenInteger, integerPattern.FindString(rest))
	return nil
}

// unescape returns the value of the content of a string literal. Escapes that
// are none stay as they are.
func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		n, err := unescapeOne(&b, s[i:])
		if err != nil {
			return "", err
		}
		i += n - 1
	}
	return b.String(), nil
}

// simpleEscapes are the escapes of one letter.
var simpleEscapes = map[byte]string{'\n': "", '\\': "\\", '\'': "'", '"': "\"", 'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v"}

// unescapeOne writes what the escape s, without its backslash, stands for, and
// returns its length.
func unescapeOne(b *strings.Builder, s string) (int, error) {
	if text, ok := simpleEscapes[s[0]]; ok {
		b.WriteString(text)
		return 1, nil
	}
	switch c := s[0]; {
	case c >= '0' && c <= '7':
		n := 1
		for n < 3 && n < len(s) && s[n] >= '0' && s[n] <= '7' {
			n++
		}
		code, _ := strconv.ParseUint(s[:n], 8, 32)
		b.WriteRune(rune(code))
		return n, nil
	case c == 'x' || c == 'u' || c == 'U':
		digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
		if len(s) <= digits {
			return 0, errorf(SyntaxError, "(unicode error) truncated \\%c escape", c)
		}
		code, err := strconv.ParseUint(s[1:1+digits], 16, 32)
		if err != nil || code > utf8.MaxRune {
			return 0, errorf(SyntaxError, "(unicode error) bad \\%c escape", c)
		}
		if code >= 0xd800 && code < 0xe000 {
			return 0, errorf(UnsupportedError, "text with half a surrogate pair (\\%s)", s[:1+digits])
		}
		b.WriteRune(rune(code))
		return 1 + digits, nil
	case c == 'N':
		return 0, errorf(UnsupportedError, "escapes with names of characters (\\N{…})")
	}
	_, size := utf8.DecodeRuneInString(s)
	b.WriteString("\\" + s[:size])
	return size, nil
}
