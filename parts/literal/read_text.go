package literal

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// text reads texts, several of which may follow each other.
func (r *reader) text() (any, error) {
	var b strings.Builder
	for found := false; ; found = true {
		r.blanks()
		letters, quotes := r.quotes()
		if quotes == "" {
			if found {
				return b.String(), nil
			}
			return nil, r.bad()
		}
		r.rest = r.rest[len(letters)+len(quotes):]
		if err := r.quoted(&b, quotes, strings.ContainsAny(letters, "rR")); err != nil {
			return nil, err
		}
	}
}

// quotes returns what a text begins with: letters, and the quotes that end it
// too.
func (r *reader) quotes() (letters, quotes string) {
	n := 0
	for n < len(r.rest) && n < 2 && strings.IndexByte("rRbBuU", r.rest[n]) >= 0 {
		n++
	}
	for _, q := range []string{`"""`, "'''", `"`, "'"} {
		if strings.HasPrefix(r.rest[n:], q) {
			return r.rest[:n], q
		}
	}
	return "", ""
}

// quoted reads a text up to its quotes. In a raw one a backslash only keeps
// quotes from ending it.
func (r *reader) quoted(b *strings.Builder, quotes string, raw bool) error {
	for {
		i := strings.IndexAny(r.rest, `\`+quotes[:1]+"\n")
		if i < 0 {
			r.rest = ""
			return r.bad()
		}
		b.WriteString(r.rest[:i])
		r.rest = r.rest[i:]
		switch {
		case strings.HasPrefix(r.rest, quotes):
			r.rest = r.rest[len(quotes):]
			return nil
		case r.rest[0] == '\\' && raw && len(r.rest) > 1:
			b.WriteString(r.rest[:2])
			r.rest = r.rest[2:]
		case r.rest[0] == '\\':
			if err := r.escape(b); err != nil {
				return err
			}
		case r.rest[0] == '\n' && len(quotes) == 1:
			r.rest = ""
			return r.bad()
		default: // in a text of several lines
			b.WriteByte(r.rest[0])
			r.rest = r.rest[1:]
		}
	}
}

// escapes are those of one character.
var escapes = map[byte]string{
	'\n': "", '\\': `\`, '\'': "'", '"': `"`, 'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v",
}

// escape reads a backslash and what belongs to it.
func (r *reader) escape(b *strings.Builder) error {
	if len(r.rest) < 2 {
		return r.bad()
	}
	c := r.rest[1]
	if text, ok := escapes[c]; ok {
		b.WriteString(text)
		r.rest = r.rest[2:]
		return nil
	}
	digits, base := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c], 16
	from := 2
	if c >= '0' && c <= '7' {
		from, base = 1, 8
		for digits = 1; digits < 3 && len(r.rest) > from+digits && r.rest[from+digits] >= '0' && r.rest[from+digits] <= '7'; digits++ {
		}
	}
	if digits == 0 { // it stands for itself
		b.WriteString(r.rest[:2])
		r.rest = r.rest[2:]
		return nil
	}
	if len(r.rest) < from+digits {
		return r.bad()
	}
	n, err := strconv.ParseUint(r.rest[from:from+digits], base, 32)
	if err != nil || n > utf8.MaxRune {
		return r.bad()
	}
	if 0xdc80 <= n && n <= 0xdcff { // a byte that is no text: see Quote
		b.WriteByte(byte(n))
	} else {
		b.WriteRune(rune(n))
	}
	r.rest = r.rest[from+digits:]
	return nil
}
