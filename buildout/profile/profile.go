// Package profile reads a profile (a file and all that it extends) into
// sections of options with their history, and evaluates sections on demand:
// macros, substitution, and the preparation of recipes. The rules are those of
// SPEC-engine 1 to 6, in two dialects.
package profile

import (
	"iter"
	"maps"
	"slices"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
)

// Sources of values that stand in no file, as zc.buildout names them.
const (
	SourceDefault     = "DEFAULT_VALUE"
	SourceComputed    = "COMPUTED_VALUE"
	SourceCommandLine = "COMMAND_LINE_VALUE"
	sourceImplicit    = "IMPLICIT_VALUE"
)

// Op is what a setting does to the value below it, in the words of annotate.
type Op string

// The operations.
const (
	OpSet       Op = "SET"
	OpOverride  Op = "OVERRIDE"
	OpAdd       Op = "ADD"
	OpRemove    Op = "REMOVE"
	OpDirectory Op = "DIRECTORY" // made absolute
)

// Setting is one step in the history of a value.
type Setting struct {
	Op     Op
	Text   string    // what was written
	Source string    // file name, URL, or one of the Source constants
	At     diag.Span // the value's text; zero for computed values
	KeyAt  diag.Span
	own    bool // Source is the file whose trail this is in
}

// Value is the value of one option with its history. It is immutable.
type Value struct {
	Text  string
	trail *trail
	huge  bool // longer than maxText: Text is lost
}

func newValue(text, source string, at, keyAt diag.Span) *Value {
	// One allocation for the three: a profile has thousands of values.
	n := &struct {
		v Value
		t trail
		s Setting
	}{}
	n.s = Setting{Op: OpSet, Text: text, Source: source, At: at, KeyAt: keyAt, own: source == ""}
	n.t = trail{setting: &n.s, n: 1}
	n.v = Value{Text: text, trail: &n.t}
	return &n.v
}

// Source names where the value was last set.
func (v *Value) Source() string { return v.trail.last().Source }

// At is the text of the last setting.
func (v *Value) At() diag.Span { return v.trail.last().At }

// KeyAt is the name of the option in the last setting.
func (v *Value) KeyAt() diag.Span { return v.trail.last().KeyAt }

// History returns the settings, the oldest first: all of them, or the newest
// 256 (Earlier tells how many more there are).
func (v *Value) History() []Setting {
	h := make([]Setting, 0, min(v.trail.count(), maxHistory))
	for s := range v.Newest() {
		if h = append(h, s); len(h) == maxHistory {
			break
		}
	}
	slices.Reverse(h)
	return h
}

// Newest yields the settings, the newest first.
func (v *Value) Newest() iter.Seq[Setting] {
	return func(yield func(Setting) bool) { v.trail.newest("", yield) }
}

// Earlier is the number of settings that History leaves out.
func (v *Value) Earlier() int { return max(v.trail.count()-maxHistory, 0) }

func (v *Value) lines() lines { return lines{text: v.Text, some: true, huge: v.huge} }

// then returns the value text made from v by one more setting.
func (v *Value) then(text string, s Setting) *Value {
	return &Value{Text: text, trail: v.trail.with(s)}
}

// overriddenBy is the value when v is set again by w in a higher layer.
func (v *Value) overriddenBy(w *Value) *Value {
	s := w.trail.last()
	if s.Op == OpAdd || s.Op == OpRemove {
		return w
	}
	s.Op, s.Text = OpOverride, w.Text
	return v.then(w.Text, s)
}

// Section is a section of the merged profile, or of one file.
type Section struct {
	Name    string
	Header  diag.Span // first header; zero for a section that no file has
	Options map[string]*Value
	pending bool // has keys that end in + or -
}

func newSection(name string, header diag.Span) *Section {
	return &Section{Name: name, Header: header, Options: map[string]*Value{}}
}

func (s *Section) clone() *Section {
	c := *s
	c.Options = maps.Clone(s.Options)
	return &c
}

// Keys returns the names of the options, sorted.
func (s *Section) Keys() []string { return slices.Sorted(maps.Keys(s.Options)) }

// Profile is a merged profile before macros and substitution.
type Profile struct {
	Root      string // name of the profile file; a path is absolute
	Directory string // the directory of the profile, or the current one for a URL
	Dialect   Dialect
	// DialectSign says why Dialect was chosen.
	DialectSign string
	Sections    map[string]*Section
	// Files are the sources read, in the order of first reading.
	Files    []*diag.Source
	Warnings diag.List
	abiTag   string
	// condition decides the headers of sections that are defined later.
	condition cfg.Condition
}

// Names returns the names of the sections, sorted.
func (p *Profile) Names() []string { return slices.Sorted(maps.Keys(p.Sections)) }

// Value returns an option of the merged profile, or nil.
func (p *Profile) Value(section, option string) *Value {
	if s := p.Sections[section]; s != nil {
		return s.Options[option]
	}
	return nil
}
