package profile

import (
	"strings"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
)

// Reference is a ${section:option} that stands in a value.
type Reference struct {
	Text            string // as it is written, braces included
	Section, Option string // Section "" is the section that holds the value
	At              diag.Span
}

// Word is a word of a value that is a list, and its place.
type Word struct {
	Text string
	At   diag.Span
}

// References returns the well-formed references in v in the order of its
// settings, with the place of each. It evaluates nothing: a static reading for
// those who ask who refers to what.
func (v *Value) References() []Reference {
	var list []Reference
	for _, w := range v.located(referenceTexts) {
		section, option, d := splitReference(w.Text, func(string) diag.Span { return diag.Span{} })
		if d == nil && strings.Contains(v.Text, w.Text) {
			list = append(list, Reference{w.Text, section, option, w.At})
		}
	}
	return list
}

// Words returns the blank-separated words of v with their places.
func (v *Value) Words() []Word {
	var list []Word
	left := map[string]int{}
	for _, text := range cfg.Fields(v.Text) {
		left[text]++
	}
	for _, w := range v.located(cfg.Fields) {
		if left[w.Text]--; left[w.Text] >= 0 {
			list = append(list, w)
		}
	}
	return list
}

// referenceTexts returns the texts ${…} of a value; `$$` protects what follows
// it, as in pieces.
func referenceTexts(text string) []string {
	var list []string
	for _, piece := range strings.Split(text, "$$") {
		for {
			start := strings.Index(piece, "${")
			if start < 0 {
				break
			}
			end := strings.IndexByte(piece[start:], '}')
			if end < 0 {
				break
			}
			list = append(list, piece[start:start+end+1])
			piece = piece[start+end+1:]
		}
	}
	return list
}

// located applies split to the settings that v is made of, the oldest first,
// and finds the place of each result. What cannot be found gets the place of
// its setting.
func (v *Value) located(split func(string) []string) []Word {
	var list []Word
	for _, s := range v.parts() {
		text := s.At.Text()
		from := 0
		for _, word := range split(s.Text) {
			at := s.At
			if i := indexOutsideComments(text, word, from); i >= 0 {
				at = diag.SpanOf(s.At.From.Src, s.At.From.Offset+i, s.At.From.Offset+i+len(word))
				from = i + len(word)
			}
			list = append(list, Word{word, at})
		}
	}
	return list
}

// parts returns the settings whose text is in v, the oldest first: the last
// one that sets, and what was added after it.
func (v *Value) parts() []Setting {
	var list []Setting
	for _, s := range v.History() {
		switch s.Op {
		case OpAdd:
			list = append(list, s)
		case OpRemove:
		default:
			list = []Setting{s}
		}
	}
	return list
}

// indexOutsideComments finds word in text from offset from, but not in a line
// that is a comment.
func indexOutsideComments(text, word string, from int) int {
	for word != "" {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return -1
		}
		i += from
		line := strings.LastIndexByte(text[:i], '\n') + 1
		if line == 0 || text[line] != '#' && text[line] != ';' {
			return i
		}
		next := strings.IndexByte(text[i:], '\n')
		if next < 0 {
			return -1
		}
		from = i + next
	}
	return -1
}

// Expanded returns the options of a section with its macros expanded and
// nothing substituted, or nil when there is no such section.
func (p *Profile) Expanded(name string) (map[string]*Value, error) {
	s := p.Sections[name]
	if s == nil {
		return nil, nil
	}
	return (&Evaluator{Profile: p}).macro(name, s.Options, nil)
}

// Hollow says that the recipe of e was not prepared: a reference to an option
// that e does not have resolves as with Lenient.
func (e *Evaluated) Hollow() { e.hollow = true }

// IsHollow reports whether Hollow was called.
func (e *Evaluated) IsHollow() bool { return e.hollow }

// Lines returns the non-empty lines of v, stripped, with their places.
func (v *Value) Lines() []Word {
	return v.located(func(text string) []string {
		var list []string
		for _, line := range strings.Split(text, "\n") {
			if line = cfg.Trim(line); line != "" {
				list = append(list, line)
			}
		}
		return list
	})
}
