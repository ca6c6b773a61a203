package settings

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"gopkg.in/ini.v1"

	"gobuild/buildout/diag"
)

// entry is a setting as a file has it.
type entry struct {
	key   *Key
	value string
	name  diag.Span // of the key
	at    diag.Span // of the value
	twice bool      // set again below
}

// parse reads the settings of src. Ini.v1 reads the values; it takes what is
// wrong for something else and knows no places, so scan checks the text before
// and finds them. A file with a problem of syntax has no entries.
func parse(src *diag.Source) ([]entry, diag.List) {
	s := &scanner{src: src}
	s.scan()
	if len(s.broken) > 0 {
		return nil, append(s.broken, s.problems...)
	}
	file, err := ini.LoadSources(options(len(src.Text)), src.Text)
	if err != nil {
		d := diag.At(diag.SpanOf(src, 0, 0), "settings-syntax", "%v", err)
		return nil, append(s.problems, d.WithCause(err))
	}
	for i, e := range s.entries {
		s.entries[i].value = strings.TrimSpace(file.Section(section).Key(e.key.Name).Value())
	}
	return slices.DeleteFunc(s.entries, func(e entry) bool { return e.twice }), s.problems
}

// options returns the options under which ini.v1 takes values as they stand:
// no expansion (Value, not String), no quotes, comments, continuations or
// inheritance of sections, and lines that are indented belong to the value.
func options(size int) ini.LoadOptions {
	return ini.LoadOptions{
		AllowPythonMultilineValues: true,
		IgnoreInlineComment:        true,
		IgnoreContinuation:         true,
		PreserveSurroundedQuote:    true,
		KeyValueDelimiters:         "=",
		ChildSectionDelimiter:      "\x00",
		ReaderBufferSize:           size + 1, // it looks ahead no further
	}
}

// scanner finds the places of settings in a text.
type scanner struct {
	src      *diag.Source
	section  string // "" before the first header
	open     bool   // an indented line continues a value
	known    bool   // ... that is of the last entry
	entries  []entry
	broken   diag.List // problems of syntax
	problems diag.List // other problems
}

var (
	header  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\[([^\[\]]+)\][ \t]*(?:[#;][^\]]*)?$`) })
	keyName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`) })
)

// scan reads all lines.
func (s *scanner) scan() {
	text := s.src.Text
	at := 0
	if bytes.HasPrefix(text, []byte("\ufeff")) {
		at = len("\ufeff")
	}
	if i := badText(text[at:]); i >= 0 {
		s.syntax(at+i, at+i+1, "this is not text in UTF-8", "save the file as UTF-8")
		return
	}
	for at < len(text) {
		end := len(text)
		if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
			end = at + i
		}
		s.line(at, strings.TrimRight(string(text[at:end]), "\r"))
		at = end + 1
	}
}

// badText returns the offset of the first byte that no text holds, or -1.
func badText(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == 0 || r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// line reads the line that begins at offset at.
func (s *scanner) line(at int, line string) {
	blank := strings.TrimSpace(line) == ""
	switch {
	case line != "" && strings.ContainsAny(line[:1], " \t\f"):
		s.indented(at, line, blank)
	case blank, line[0] == '#', line[0] == ';':
		s.open = false
	case line[0] == '[':
		s.header(at, line)
	default:
		s.setting(at, line)
	}
}

// indented reads a line that continues a value.
func (s *scanner) indented(at int, line string, blank bool) {
	switch {
	case blank:
	case !s.open:
		from := at + len(line) - len(strings.TrimLeft(line, " \t\f"))
		s.syntax(from, at+len(line), "an indented line that continues no value",
			"remove the indentation, or indent the comment or remove the empty line before it")
	case s.known:
		e := &s.entries[len(s.entries)-1]
		if e.at.From == e.at.To { // the value begins on a line of its own
			e.at.From.Offset = at + len(line) - len(strings.TrimLeft(line, " \t\f"))
		}
		e.at.To.Offset = at + len(strings.TrimRight(line, " \t\f"))
	}
}

func (s *scanner) header(at int, line string) {
	s.open = false
	m := header().FindStringSubmatch(strings.TrimRight(line, " \t"))
	if m == nil {
		s.section = section // so that what follows is checked too
		s.syntax(at, at+len(line), "a section header must be [name] alone on its line", "write ["+section+"]")
		return
	}
	s.section = m[1]
	if m[1] == section {
		return
	}
	d := diag.At(diag.SpanOf(s.src, at+1, at+1+len(m[1])), "settings-section", "unknown section %q", m[1])
	s.problems.Add(d.WithHint("%s", cmp.Or(diag.DidYouMean(m[1], []string{section}), "settings stand in ["+section+"]")))
}

// setting reads a line `key = value`.
func (s *scanner) setting(at int, line string) {
	s.open, s.known = true, false
	before, value, ok := strings.Cut(line, "=")
	key := strings.TrimRight(before, " \t")
	if !ok || !keyName().MatchString(key) {
		s.syntax(at, at+len(strings.TrimRight(line, " \t")), "this is neither key = value, [section], nor a comment",
			"write key = value, or # in front of a comment")
		return
	}
	from := at + len(line) - len(strings.TrimLeftFunc(value, unicode.IsSpace))
	value = strings.TrimSpace(value)
	if strings.HasPrefix(value, "`") || strings.HasPrefix(value, `"""`) {
		s.syntax(from, from+len(value), "a value cannot begin with a backquote or three quotes",
			"values need no quotes: write it without them")
		return
	}
	name := diag.SpanOf(s.src, at, at+len(key))
	switch {
	case s.section == "":
		s.syntax(at, at+len(key), "a setting before the first section", "write ["+section+"] above it")
	case s.section == section:
		s.add(key, name, diag.SpanOf(s.src, from, from+len(value)))
	}
}

// add keeps a setting when its key is good.
func (s *scanner) add(key string, name, at diag.Span) {
	k := keyNamed(key)
	if k == nil {
		d := diag.At(name, "settings-key", "unknown setting %q", key)
		s.problems.Add(d.WithHint("%s", cmp.Or(diag.DidYouMean(key, names()), "the settings are "+strings.Join(names(), ", "))))
		return
	}
	if i := slices.IndexFunc(s.entries, func(e entry) bool { return e.key == k }); i >= 0 {
		s.entries[i].twice = true
		d := diag.At(name, "settings-duplicate", "%s is set twice", key)
		s.problems.Add(d.WithRelated(s.entries[i].name, "first set here").WithHint("remove one of them"))
		return
	}
	s.known = true
	s.entries = append(s.entries, entry{key: k, name: name, at: at})
}

// syntax notes a problem that makes the file unreadable.
func (s *scanner) syntax(from, to int, message, hint string) {
	d := diag.At(diag.SpanOf(s.src, from, to), "settings-syntax", "%s", message)
	s.broken.Add(d.WithHint("%s", hint))
}
