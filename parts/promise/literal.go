package promise

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxNesting is how deep a literal may be.
const maxNesting = 50

var errLiteral = errors.New("not a Python literal")

// literalReader reads one Python literal: None, booleans, numbers, texts, lists,
// tuples and dictionaries. Texts next to each other are one.
type literalReader struct {
	text  string
	at    int
	depth int
}

// ReadLiteral reads the literal at the start of text and returns what stands
// behind it. Lists and tuples are []any, dictionaries map[string]any.
func ReadLiteral(text string) (value any, rest string, err error) {
	r := &literalReader{text: text}
	value, err = r.value()
	if err != nil {
		return nil, text, fmt.Errorf("%w: at byte %d", err, r.at)
	}
	return value, text[r.at:], nil
}

// value reads one value.
func (r *literalReader) value() (any, error) {
	if r.depth++; r.depth > maxNesting {
		return nil, errLiteral
	}
	defer func() { r.depth-- }()
	switch c := r.next(); {
	case c == '{':
		return r.dictionary()
	case c == '[':
		return r.list(']')
	case c == '(':
		return r.tuple()
	case r.atText():
		return r.texts()
	case c != 0:
		return r.word()
	}
	return nil, errLiteral
}

// next skips blanks and comments and returns the byte there, or 0.
func (r *literalReader) next() byte {
	for r.at < len(r.text) {
		switch c := r.text[r.at]; {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			r.at++
		case c == '#':
			end := strings.IndexByte(r.text[r.at:], '\n')
			if end < 0 {
				end = len(r.text) - r.at
			}
			r.at += end
		default:
			return c
		}
	}
	return 0
}

// take skips c, if it is next.
func (r *literalReader) take(c byte) bool {
	if r.next() != c {
		return false
	}
	r.at++
	return true
}

// list reads the values up to end. A tuple with one value is a list too.
func (r *literalReader) list(end byte) (any, error) {
	r.at++
	values := []any{}
	for !r.take(end) {
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		values = append(values, v)
		if !r.take(',') && r.next() != end {
			return nil, errLiteral
		}
	}
	return values, nil
}

// tuple reads a tuple, or a value in parentheses.
func (r *literalReader) tuple() (any, error) {
	start := r.at
	values, err := r.list(')')
	if list, ok := values.([]any); ok && len(list) == 1 && !strings.HasSuffix(strings.TrimRight(r.text[start:r.at-1], " \t\r\n"), ",") {
		return list[0], err
	}
	return values, err
}

// dictionary reads the pairs up to the brace.
func (r *literalReader) dictionary() (any, error) {
	r.at++
	values := map[string]any{}
	for !r.take('}') {
		key, err := r.value()
		if err != nil {
			return nil, err
		}
		if !r.take(':') {
			return nil, errLiteral
		}
		if values[fmt.Sprint(key)], err = r.value(); err != nil {
			return nil, err
		}
		if !r.take(',') && r.next() != '}' {
			return nil, errLiteral
		}
	}
	return values, nil
}

// word reads a number or a name.
func (r *literalReader) word() (any, error) {
	end := r.at
	for end < len(r.text) && (r.text[end] >= utf8.RuneSelf || strings.IndexByte(" \t\r\n,:)]}#([{'\"=", r.text[end]) < 0) {
		end++
	}
	word := r.text[r.at:end]
	value, ok := map[string]any{"None": nil, "True": true, "False": false}[word]
	if !ok {
		if n, err := strconv.Atoi(strings.ReplaceAll(word, "_", "")); err == nil {
			value = n
		} else if f, err := strconv.ParseFloat(word, 64); err == nil && strings.ContainsAny(word, "0123456789") {
			value = f
		} else {
			return nil, errLiteral
		}
	}
	r.at = end
	return value, nil
}

// atText reports whether a text is next, with or without letters before it.
func (r *literalReader) atText() bool {
	_, quote := r.prefix()
	return quote != ""
}

// prefix returns the letters before a text and the quotes that end it.
func (r *literalReader) prefix() (letters, quote string) {
	rest := r.text[r.at:]
	n := 0
	for n < len(rest) && n < 2 && strings.IndexByte("rRbBuU", rest[n]) >= 0 {
		n++
	}
	for _, q := range []string{`"""`, "'''", `"`, "'"} {
		if strings.HasPrefix(rest[n:], q) {
			return strings.ToLower(rest[:n]), q
		}
	}
	return "", ""
}

// texts reads a text and those that follow it.
func (r *literalReader) texts() (any, error) {
	var b strings.Builder
	for r.next() != 0 && r.atText() {
		letters, quote := r.prefix()
		r.at += len(letters) + len(quote)
		if err := r.body(&b, quote, strings.Contains(letters, "r")); err != nil {
			return nil, err
		}
	}
	return b.String(), nil
}

// body reads a text up to its quotes.
func (r *literalReader) body(b *strings.Builder, quote string, raw bool) error {
	for r.at < len(r.text) {
		rest := r.text[r.at:]
		switch {
		case strings.HasPrefix(rest, quote):
			r.at += len(quote)
			return nil
		case rest[0] == '\n' && len(quote) == 1:
			return errLiteral
		case rest[0] != '\\':
			b.WriteByte(rest[0])
			r.at++
		case raw && len(rest) > 1:
			b.WriteString(rest[:2])
			r.at += 2
		default:
			if err := r.escape(b); err != nil {
				return err
			}
		}
	}
	return errLiteral
}

// escapes are those of one letter.
const escapes, escaped = `\'"abfnrtv`, "\\'\"\a\b\f\n\r\t\v"

// escape reads what a backslash begins.
func (r *literalReader) escape(b *strings.Builder) error {
	rest := r.text[r.at+1:]
	if rest == "" {
		return errLiteral
	}
	if i := strings.IndexByte(escapes, rest[0]); i >= 0 {
		b.WriteByte(escaped[i])
		r.at += 2
		return nil
	}
	length := map[byte]int{'x': 2, 'u': 4, 'U': 8}[rest[0]]
	switch {
	case rest[0] == '\n':
		r.at += 2
	case length > 0 && len(rest) > length:
		n, err := strconv.ParseUint(rest[1:1+length], 16, 32)
		if err != nil || n > utf8.MaxRune {
			return errLiteral
		}
		b.WriteRune(rune(n))
		r.at += 2 + length
	case '0' <= rest[0] && rest[0] <= '7':
		n := 1
		for n < min(3, len(rest)) && '0' <= rest[n] && rest[n] <= '7' {
			n++
		}
		code, err := strconv.ParseUint(rest[:n], 8, 16)
		if err != nil {
			return errLiteral
		}
		b.WriteRune(rune(code))
		r.at += 1 + n
	default: // Python keeps the backslash
		b.WriteByte('\\')
		r.at++
	}
	return nil
}
