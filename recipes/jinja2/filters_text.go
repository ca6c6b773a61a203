package jinja2

import (
	"strings"

	"go.starlark.net/starlark"
)

func filterTruncate(c *call) (starlark.Value, error) {
	p, err := c.params(1, "s", "length", "killwords", "end", "leeway")
	if err != nil {
		return nil, err
	}
	length, err := c.int(p[1], 255)
	if err != nil {
		return nil, err
	}
	kill, err := c.bool(p[2], false)
	if err != nil {
		return nil, err
	}
	end, err := c.text(p[3], "...")
	if err != nil {
		return nil, err
	}
	leeway, err := c.int(orNone(p[4]), 5)
	if err != nil {
		return nil, err
	}
	text, ok := asString(p[0])
	if !ok {
		n, err := c.r.length(p[0])
		if err != nil {
			return nil, err
		}
		if n <= length+leeway {
			return p[0], nil
		}
		return nil, typeErrorf("truncate takes a text, not %s", typeName(p[0]))
	}
	if length < textLen(end) || leeway < 0 {
		return nil, errorf("AssertionError", "expected length >= %d, got %d", textLen(end), length)
	}
	runes := []rune(text)
	if len(runes) <= length+leeway {
		return p[0], nil
	}
	text = string(runes[:length-textLen(end)])
	if i := strings.LastIndexByte(text, ' '); i >= 0 && !kill {
		text = text[:i]
	}
	return like(p[0], text+end), nil
}

func filterWordwrap(c *call) (starlark.Value, error) {
	p, err := c.params(1, "s", "width", "break_long_words", "wrapstring", "break_on_hyphens")
	if err != nil {
		return nil, err
	}
	w := wrapper{}
	if w.width, err = c.int(p[1], 79); err != nil {
		return nil, err
	}
	if w.width <= 0 {
		return nil, valueErrorf("invalid width %d (must be > 0)", w.width)
	}
	if w.breakLong, err = c.bool(p[2], true); err != nil {
		return nil, err
	}
	between, err := c.text(orNone(p[3]), "\n")
	if err != nil {
		return nil, err
	}
	if w.hyphens, err = c.bool(p[4], true); err != nil {
		return nil, err
	}
	text, ok := asString(p[0])
	if !ok {
		return nil, typeErrorf("wordwrap takes a text, not %s", typeName(p[0]))
	}
	var lines []string
	for _, line := range splitLines(text, false) {
		lines = append(lines, strings.Join(w.wrap(line), between))
	}
	return starlark.String(strings.Join(lines, between)), nil
}

// wrapper breaks lines as Python's textwrap does.
type wrapper struct {
	width              int
	breakLong, hyphens bool
}

// chunks splits a line into words and the blanks between them. Words are split
// behind hyphens between letters.
func (w wrapper) chunks(line string) []string {
	var all []string
	for line != "" {
		blank := isBlank(rune(line[0]))
		i := strings.IndexFunc(line, func(r rune) bool { return isBlank(r) != blank })
		if i < 0 {
			i = len(line)
		}
		if blank || !w.hyphens {
			all = append(all, line[:i])
		} else {
			all = append(all, splitHyphens(line[:i])...)
		}
		line = line[i:]
	}
	return all
}

func isBlank(r rune) bool { return r == ' ' || r >= '\t' && r <= '\r' }

// splitHyphens splits a word behind hyphens that stand between letters, and
// around dashes.
func splitHyphens(word string) []string {
	runes := []rune(word)
	var parts []string
	from := 0
	letter := func(i int) bool {
		return i >= 0 && i < len(runes) && isWord(runes[i]) && (runes[i] < '0' || runes[i] > '9')
	}
	for i := 0; i < len(runes); i++ {
		if runes[i] != '-' {
			continue
		}
		j := i
		for j < len(runes) && runes[j] == '-' {
			j++
		}
		switch {
		case j-i >= 2 && i > 0 && isWord(runes[i-1]) && j < len(runes) && isWord(runes[j]):
			if i > from {
				parts = append(parts, string(runes[from:i]))
			}
			parts = append(parts, string(runes[i:j]))
			from = j
		case j-i == 1 && letter(i-1) && letter(i-2) && letter(i+1) && letter(i+2):
			parts = append(parts, string(runes[from:j]))
			from = j
		}
		i = j - 1
	}
	if from < len(runes) {
		parts = append(parts, string(runes[from:]))
	}
	return parts
}

func (w wrapper) wrap(line string) []string {
	chunks := w.chunks(line)
	var lines []string
	for len(chunks) > 0 {
		if len(lines) > 0 && strings.TrimFunc(chunks[0], isBlank) == "" {
			chunks = chunks[1:]
			continue
		}
		var current []string
		size := 0
		for len(chunks) > 0 && size+textLen(chunks[0]) <= w.width {
			size += textLen(chunks[0])
			current = append(current, chunks[0])
			chunks = chunks[1:]
		}
		if len(chunks) > 0 && textLen(chunks[0]) > w.width {
			current, chunks = w.long(current, chunks, w.width-size)
		}
		if n := len(current); n > 0 && strings.TrimFunc(current[n-1], isBlank) == "" {
			current = current[:n-1]
		}
		if len(current) > 0 {
			lines = append(lines, strings.Join(current, ""))
		}
	}
	return lines
}

// long puts a word that is longer than a line, or what fits of it, into the line.
func (w wrapper) long(current, chunks []string, space int) ([]string, []string) {
	if w.width < 1 {
		space = 1
	}
	if w.breakLong {
		runes := []rune(chunks[0])
		end := space
		if w.hyphens && len(runes) > space {
			if i := strings.LastIndexByte(string(runes[:space]), '-'); i > 0 && strings.Trim(string(runes[:space])[:i], "-") != "" {
				end = textLen(string(runes[:space])[:i]) + 1
			}
		}
		rest := append([]string{string(runes[end:])}, chunks[1:]...)
		return append(current, string(runes[:end])), rest
	}
	if len(current) == 0 {
		return append(current, chunks[0]), chunks[1:]
	}
	return current, chunks
}

// filterUrlencode quotes a text, or makes a query of a dict or of pairs.
func filterUrlencode(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value")
	if err != nil {
		return nil, err
	}
	if _, ok := asString(p[0]); !ok {
		if _, err := c.r.iterate(p[0]); err == nil {
			return c.r.urlQuery(p[0])
		}
	}
	text, err := c.r.str(p[0])
	return starlark.String(percentEncode(text, "/", false)), err
}

func (r *run) urlQuery(v starlark.Value) (starlark.Value, error) {
	if d, ok := v.(*starlark.Dict); ok {
		v = &View{d: d, kind: "items"}
	}
	pairs, err := r.list(v)
	if err != nil {
		return nil, err
	}
	var parts []string
	for _, pair := range pairs {
		both, err := r.list(pair)
		if err != nil {
			return nil, err
		}
		if len(both) != 2 {
			return nil, valueErrorf("not enough values to unpack (expected 2, got %d)", len(both))
		}
		name, err := r.str(both[0])
		if err != nil {
			return nil, err
		}
		value, err := r.str(both[1])
		if err != nil {
			return nil, err
		}
		parts = append(parts, percentEncode(name, "", true)+"="+percentEncode(value, "", true))
	}
	return starlark.String(strings.Join(parts, "&")), nil
}

// percentEncode writes all bytes as %XX that are no letters, digits, one of
// "_.-~" or in safe. With plus, blanks are "+".
func percentEncode(s, safe string, plus bool) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("_.-~", c) >= 0, strings.IndexByte(safe, c) >= 0:
			b.WriteByte(c)
		case c == ' ' && plus:
			b.WriteByte('+')
		default:
			const digits = "0123456789ABCDEF"
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}
