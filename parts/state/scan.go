package state

import (
	"strings"
	"unicode/utf8"

	"gobuild/buildout/diag"
)

// bytesPerSection is a guess at the size of a section, to size tables.
const bytesPerSection = 256

// scanner reads the sections of a file by the rules of profiles, as far as
// zc.buildout's own file needs them: no conditions, no extending.
type scanner struct {
	sections map[string]map[string]string
	section  string
	options  map[string]string // of section; nil before the first header
	opened   int               // headers of [buildout] so far
	signed   map[string]bool   // sections with options whose names end in a sign
	// The option whose lines are being read; name is "" when there is none.
	name  string
	value string   // of the option line
	more  []string // its continuation lines
	block bool     // the option line had no value: blank lines and indentation count
}

// scan returns the options of all sections of a file, tokens not replaced.
// Line ends are those of Python's text files. torn is the length of a last
// line that an append left unfinished; it is not read.
func scan(path, text string) (sections map[string]map[string]string, torn int, err error) {
	if strings.Contains(text, "\r") {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	}
	s := &scanner{sections: make(map[string]map[string]string, len(text)/bytesPerSection), signed: map[string]bool{}}
	for at := 0; at < len(text); {
		line, next := text[at:], len(text)
		if n := strings.IndexByte(line, '\n'); n >= 0 {
			line, next = line[:n], at+n+1
		} else if s.unfinished(line) {
			torn = len(line)
			break
		}
		if why := s.line(line); why != "" {
			return nil, 0, damaged(diag.SpanOf(diag.NewSource(path, []byte(text)), at, at+len(line)), why)
		}
		at = next
	}
	s.flush()
	return s.sections, torn, nil
}

// unfinished reports whether the last line, which has no line end, is part of
// an append. A file that someone else has written may end like that as well:
// then the line counts.
func (s *scanner) unfinished(line string) bool {
	return line[0] == '[' || s.section == buildoutSection && s.opened > 1
}

func damaged(at diag.Span, why string) error {
	return diag.At(at, "state-damaged", "what is installed cannot be read: %s", why).
		WithHint("repair the line, or delete the file: then every part counts as not installed")
}

// line reads one line and says what is wrong with it.
func (s *scanner) line(line string) string {
	if line != "" && (line[0] == '#' || line[0] == ';') {
		return ""
	}
	if s.name != "" && (line == "" || startsWithSpace(line)) {
		s.continuation(line)
		return ""
	}
	if name, ok := header(line); ok {
		s.open(name)
		return ""
	}
	if strip(line) == "" && s.name == "" {
		return ""
	}
	if s.options == nil {
		return "expected a section header"
	}
	line = rewriteDependencies(line)
	name, value, ok := option(line)
	if !ok {
		return "expected `name = value`"
	}
	s.flush()
	s.name, s.value, s.more, s.block = name, value, nil, value == ""
	return ""
}

func rewriteDependencies(line string) string {
	if rest, ok := strings.CutPrefix(line, "=>"); ok {
		return "<part-dependencies> = " + rest
	}
	return line
}

func (s *scanner) continuation(line string) {
	if s.block {
		s.more = append(s.more, stripRight(line))
	} else if line = strip(line); line != "" {
		s.more = append(s.more, line)
	}
}

func (s *scanner) open(name string) {
	s.flush()
	if name == buildoutSection {
		s.opened++
	}
	s.section = name
	if s.options = s.sections[name]; s.options == nil {
		s.options = make(map[string]string, 8)
		s.sections[name] = s.options
	}
}

// flush stores the option that was being read.
func (s *scanner) flush() {
	if s.name == "" {
		return
	}
	name, value := s.name, s.value
	if len(s.more) > 0 {
		value += "\n" + strings.Join(s.more, "\n")
	}
	s.name = ""
	if last := name[len(name)-1]; last == '+' || last == '-' {
		if old, ok := s.options[name]; ok {
			if old = stripRight(old); value != "" {
				old += "\n" + value
			}
			s.options[name] = old
			return
		}
		s.signed[s.section] = true
	} else if s.signed[s.section] {
		delete(s.options, name+" +")
		delete(s.options, name+" -")
	}
	if startsWithSpace(value) {
		value = dedent(stripRight(value))
	}
	s.options[name] = value
}

// header returns the name of a section header, which a comment may follow.
func header(line string) (string, bool) {
	rest, ok := strings.CutPrefix(line, "[")
	if !ok {
		return "", false
	}
	rest = strings.TrimLeftFunc(rest, isSpace)
	n := strings.IndexFunc(rest, func(c rune) bool { return !isNameChar(c) })
	if n <= 0 {
		return "", false
	}
	name := rest[:n]
	rest = strings.TrimLeftFunc(rest[n:], isSpace)
	rest, ok = strings.CutPrefix(rest, "]")
	rest = strings.TrimLeftFunc(rest, isSpace)
	return name, ok && (rest == "" || rest[0] == '#' || rest[0] == ';')
}

// isNameChar reports whether c may stand in the name of a section.
func isNameChar(c rune) bool { return !isSpace(c) && !strings.ContainsRune("#[]:;{}", c) }

// option splits `name = value`.
func option(line string) (name, value string, ok bool) {
	left, right, ok := strings.Cut(line, "=")
	name = stripRight(left)
	return name, strip(right), ok && isOptionName(name, left)
}

// isOptionName reports whether left, what stands before `=`, is a name: no
// blanks but before one final sign.
func isOptionName(name, left string) bool {
	base := name
	if n := len(name) - 1; n > 0 && len(left) == len(name) && (name[n] == '+' || name[n] == '-') {
		base = stripRight(name[:n])
	}
	return base != "" && !strings.ContainsFunc(base, func(c rune) bool {
		switch c {
		case '{', '}', '[', ']', '=', ':':
			return true
		}
		return (c <= ' ' || c >= utf8.RuneSelf) && isSpace(c)
	})
}

// dedent removes the common indentation and the blank lines at the start.
func dedent(text string) string {
	lines := strings.Split(text, "\n")
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
		}
		for !strings.HasPrefix(indent, margin) {
			margin = margin[:len(margin)-1]
		}
	}
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], margin)
	}
	for len(lines) > 1 && strip(lines[0]) == "" {
		lines = lines[1:]
	}
	return strings.Join(lines, "\n")
}
