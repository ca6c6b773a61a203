package cfg

import (
	"strings"
	"unicode/utf8"

	"gobuild/buildout/diag"
)

// Kind is the kind of a physical line.
type Kind int

// The kinds of lines. Which of them continue a value, and which are errors,
// depends on the lines before (Sections).
const (
	Comment  Kind = iota // first character # or ;
	Blank                // white space only
	Indented             // begins with white space
	Header               // [name] or [name:condition]
	Option               // name = value, name += value, name -= value
	Other                // anything else
)

// Line is one physical line. Offsets are bytes in File.Src.Text.
type Line struct {
	Kind     Kind
	From, To int // without the line end
	End      int // with the line end

	// Header and Option: the name; Option: with its operator (`x`, `x +`).
	NameFrom, NameTo int
	// Header: the condition between the colon and the last bracket, if
	// HasCondition. Option: the value, stripped.
	ValueFrom, ValueTo int
	HasCondition       bool
	// Header: from the closing bracket to the end: a comment may follow.
	Tail int
}

// File is a profile file as its lines. Every byte of Src belongs to a line.
type File struct {
	Src   *diag.Source
	Lines []Line
	all   string // the text of Src: names and values are parts of it
}

// Scan splits src into lines. It accepts every text.
func Scan(src *diag.Source) *File {
	f := &File{Src: src, Lines: make([]Line, 0, 1+len(src.Text)/32), all: string(src.Text)}
	for at := 0; at < len(f.all); {
		line := f.line(at)
		f.Lines = append(f.Lines, line)
		at = line.End
	}
	return f
}

// line returns the line at offset at.
func (f *File) line(at int) Line {
	line := Line{From: at}
	line.To, line.End = lineEnd(f.all, at)
	f.classify(&line)
	return line
}

// lineEnd finds the end of the line at offset at; LF, CR LF and CR end a line
// (universal newlines).
func lineEnd(text string, at int) (to, end int) {
	for i := at; i < len(text); i++ {
		switch text[i] {
		case '\n':
			return i, i + 1
		case '\r':
			if i+1 < len(text) && text[i+1] == '\n' {
				return i, i + 2
			}
			return i, i + 1
		}
	}
	return len(text), len(text)
}

func (f *File) classify(l *Line) {
	text := f.all[l.From:l.To]
	first, _ := utf8.DecodeRuneInString(text)
	switch {
	case text == "":
		l.Kind = Blank
	case first == '#' || first == ';':
		l.Kind = Comment
	case isSpace(first):
		l.Kind = Indented
		if trim(text) == "" {
			l.Kind = Blank
		}
	case scanHeader(l, text):
		l.Kind = Header
	case scanOption(l, text):
		l.Kind = Option
	default:
		l.Kind = Other
	}
}

// scanHeader matches `[` NAME (`:` EXPR)? `]` with an optional comment behind.
// EXPR runs to the last bracket that leaves a legal tail.
func scanHeader(l *Line, text string) bool {
	if text[0] != '[' {
		return false
	}
	at := 1 + spaces(text[1:])
	name := strings.IndexFunc(text[at:], func(r rune) bool {
		return isSpace(r) || strings.ContainsRune("#[]:;{}", r)
	})
	if name <= 0 {
		return false
	}
	l.NameFrom, l.NameTo = l.From+at, l.From+at+name
	at += name + spaces(text[at+name:])
	if at == len(text) {
		return false
	}
	if text[at] == ':' {
		return scanCondition(l, text, at+1)
	}
	l.Tail = l.From + at
	return text[at] == ']' && isTail(text[at+1:])
}

func scanCondition(l *Line, text string, from int) bool {
	limit := len(text)
	if i := strings.IndexAny(text[from:], "#;"); i >= 0 {
		limit = from + i
	}
	last := strings.LastIndexByte(text[from:limit], ']')
	if last < 0 || !isTail(text[from+last+1:]) {
		return false
	}
	to := from + last
	l.HasCondition = to > from
	l.ValueFrom, l.ValueTo, l.Tail = l.From+from, l.From+to, l.From+to
	return true
}

// isTail reports whether what follows the closing bracket is nothing or a
// comment.
func isTail(text string) bool {
	text = trimLeft(text)
	return text == "" || text[0] == '#' || text[0] == ';'
}

// scanOption matches NAME, blanks, an optional operator, `=`, VALUE.
func scanOption(l *Line, text string) bool {
	if strings.HasPrefix(text, "=>") {
		return scanArrow(l, text)
	}
	equals := strings.IndexByte(text, '=')
	if equals <= 0 {
		return false
	}
	key := trimRight(text[:equals])
	if !isKey(text[:equals]) {
		return false
	}
	l.NameFrom, l.NameTo = l.From, l.From+len(key)
	l.setValue(text, equals+1)
	return true
}

// scanArrow reads `=> parts`, short for `<part-dependencies> = parts`.
func scanArrow(l *Line, text string) bool {
	l.NameFrom, l.NameTo = l.From, l.From+2
	l.setValue(text, 2)
	return true
}

func (l *Line) setValue(text string, from int) {
	value := text[from:]
	lead := spaces(value)
	value = trim(value)
	l.ValueFrom = l.From + from + lead
	if value == "" {
		l.ValueFrom = l.From + from
	}
	l.ValueTo = l.ValueFrom + len(value)
}

// isKey reports whether text, all before the equals sign, is a run of name
// characters, then optionally blanks, then optionally one + or -.
func isKey(text string) bool {
	name := text
	if n := len(text) - 1; n > 0 && (text[n] == '+' || text[n] == '-') {
		name = text[:n]
	}
	name = trimRight(name)
	return name != "" && !strings.ContainsAny(name, "{}[]=:") && strings.IndexFunc(name, isSpace) < 0
}

func spaces(s string) int { return len(s) - len(trimLeft(s)) }

// text returns the bytes from..to as a string.
func (f *File) text(from, to int) string { return f.all[from:to] }

// span returns the span from..to.
func (f *File) span(from, to int) diag.Span { return diag.SpanOf(f.Src, from, to) }

// Span is the place of the line's content.
func (f *File) Span(l *Line) diag.Span { return f.span(l.From, l.To) }
