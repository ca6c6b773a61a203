package cfg

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// isSpace reports whether r is white space for Python's str.isspace, which the
// reference's line rules are written in. It is wider than unicode.IsSpace by
// the four ASCII separators.
func isSpace(r rune) bool {
	return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f
}

// trim strips white space of both sides, as Python's str.strip.
func trim(s string) string { return trimRight(trimLeft(s)) }

// trimRight strips white space at the end, as Python's str.rstrip. Most text is
// ASCII: it is looked at byte by byte.
func trimRight(s string) string {
	for len(s) > 0 {
		switch c := s[len(s)-1]; {
		case c >= utf8.RuneSelf:
			return strings.TrimRightFunc(s, isSpace)
		case !isSpace(rune(c)):
			return s
		}
		s = s[:len(s)-1]
	}
	return s
}

// trimLeft strips white space at the beginning, as Python's str.lstrip.
func trimLeft(s string) string {
	for len(s) > 0 {
		switch c := s[0]; {
		case c >= utf8.RuneSelf:
			return strings.TrimLeftFunc(s, isSpace)
		case !isSpace(rune(c)):
			return s
		}
		s = s[1:]
	}
	return s
}

// Trim strips white space of both sides as the reference does.
func Trim(s string) string { return trim(s) }

// Fields splits s at runs of white space, as Python's str.split.
func Fields(s string) []string { return strings.FieldsFunc(s, isSpace) }

// SplitLines splits s at line ends, as Python's str.splitlines: there are more of
// them than LF and CR, and one at the end begins no line.
func SplitLines(s string) []string {
	var list []string
	for s != "" {
		i := strings.IndexFunc(s, endsLine)
		if i < 0 {
			return append(list, s)
		}
		_, n := utf8.DecodeRuneInString(s[i:])
		if strings.HasPrefix(s[i:], "\r\n") {
			n = 2
		}
		list = append(list, s[:i])
		s = s[i+n:]
	}
	return list
}

func endsLine(r rune) bool {
	return r >= '\n' && r <= '\r' || r >= 0x1c && r <= 0x1e || r == 0x85 || r == 0x2028 || r == 0x2029
}

// Dedent removes the longest common leading run of blanks and tabs of the
// lines that hold more than that, as Python's textwrap.dedent (3.11).
func Dedent(s string) string {
	lines := strings.Split(s, "\n")
	margin, found := "", false
	for i, line := range lines {
		content := strings.TrimLeft(line, " \t")
		if content == "" {
			lines[i] = ""
			continue
		}
		indent := line[:len(line)-len(content)]
		if !found {
			margin, found = indent, true
			continue
		}
		margin = commonPrefix(margin, indent)
	}
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, margin)
	}
	return strings.Join(lines, "\n")
}

func commonPrefix(a, b string) string {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return a[:i]
		}
	}
	return a[:n]
}

// finish gives a value its final form: a block is right-stripped, dedented and
// loses its leading blank lines (SPEC-engine 1, "After the file").
func finish(value string) string {
	if first, _ := utf8.DecodeRuneInString(value); value == "" || !isSpace(first) {
		return value
	}
	value = Dedent(trimRight(value))
	content := strings.TrimLeftFunc(value, isSpace)
	lead := value[:len(value)-len(content)]
	return value[strings.LastIndexByte(lead, '\n')+1:]
}
