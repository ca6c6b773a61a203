// Package diag holds sources of text, places in them, and diagnostics: errors
// and warnings that point to a place and say what to do. It imports nothing of
// gobuild.
package diag

import (
	"bytes"
	"sort"
	"strings"
	"sync"
)

// Source is a named text: a file, a URL's body, or the command line. It is
// immutable once made and safe to share.
type Source struct {
	Name string
	Text []byte

	once  sync.Once
	lines []int // offset of the first byte of each line
}

// NewSource returns the source of text under the name that messages show.
func NewSource(name string, text []byte) *Source {
	return &Source{Name: name, Text: text}
}

func (s *Source) index() []int {
	s.once.Do(func() {
		s.lines = append(make([]int, 0, 1+bytes.Count(s.Text, []byte{'\n'})), 0)
		for i, b := range s.Text {
			if b == '\n' {
				s.lines = append(s.lines, i+1)
			}
		}
	})
	return s.lines
}

// Line returns the text of line n (from 1) without its line end.
func (s *Source) Line(n int) string {
	lines := s.index()
	if n < 1 || n > len(lines) {
		return ""
	}
	from, to := lines[n-1], len(s.Text)
	if n < len(lines) {
		to = lines[n] - 1
	}
	return string(bytes.TrimSuffix(s.Text[from:to], []byte{'\r'}))
}

// Pos is a place in a source. The zero Pos is nowhere.
type Pos struct {
	Src    *Source
	Offset int // bytes from the start of Src.Text
}

// IsValid reports whether p is somewhere.
func (p Pos) IsValid() bool { return p.Src != nil }

// LineColumn returns the line and the column in bytes, both from 1, or 0, 0.
func (p Pos) LineColumn() (line, column int) {
	if p.Src == nil {
		return 0, 0
	}
	lines := p.Src.index()
	line = sort.SearchInts(lines, p.Offset+1)
	return line, p.Offset - lines[line-1] + 1
}

// Span is the text from From up to, not including, To.
type Span struct{ From, To Pos }

// IsValid reports whether s is somewhere.
func (s Span) IsValid() bool { return s.From.Src != nil }

// Text returns the text that s covers.
func (s Span) Text() string {
	if s.From.Src == nil || s.To.Src != s.From.Src || s.To.Offset > len(s.From.Src.Text) || s.To.Offset < s.From.Offset {
		return ""
	}
	return string(s.From.Src.Text[s.From.Offset:s.To.Offset])
}

// Find returns the place of the first occurrence of text in s, or s.
func (s Span) Find(text string) Span {
	i := strings.Index(s.Text(), text)
	if i < 0 {
		return s
	}
	return SpanOf(s.From.Src, s.From.Offset+i, s.From.Offset+i+len(text))
}

// SpanOf returns the span of src from offset from up to to.
func SpanOf(src *Source, from, to int) Span {
	return Span{Pos{src, from}, Pos{src, to}}
}
