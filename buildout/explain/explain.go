// Package explain answers questions about a profile: where a value comes from
// and who refers to it, why a part is there, and what the graph of parts looks
// like. It reads an evaluated profile and a plan, and changes nothing.
package explain

import (
	"cmp"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
)

// Place is a place in a file, a URL or the command line. Lines and columns are
// counted from 1, columns in bytes.
type Place struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// placeOf returns the beginning of a span, or nil for nowhere.
func placeOf(at diag.Span) *Place {
	if !at.IsValid() {
		return nil
	}
	line, column := at.From.LineColumn()
	return &Place{at.From.Src.Name, line, column}
}

func comparePlaces(a, b *Place) int {
	switch {
	case a == nil || b == nil:
		return cmp.Compare(boolInt(a != nil), boolInt(b != nil))
	}
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Explainer answers questions about one profile. It is used by one goroutine.
type Explainer struct {
	profile *profile.Profile
	eval    *profile.Evaluator
	mask    func(option, value string) string
	static  map[string]map[string]*profile.Value // expanded sections
	users   []User
	scanned bool
}

// New returns an Explainer of the profile of ev, which has started. mask hides
// the secrets of a value; every value that leaves the package has passed it.
func New(ev *profile.Evaluator, mask func(option, value string) string) *Explainer {
	return &Explainer{profile: ev.Profile, eval: ev, mask: mask, static: map[string]map[string]*profile.Value{}}
}

// Names returns the names of all sections, sorted.
func (x *Explainer) Names() []string { return x.profile.Names() }

// options returns the options of a section with its macros expanded. When they
// cannot be, it is the section as it stands.
func (x *Explainer) options(section string) map[string]*profile.Value {
	if known, ok := x.static[section]; ok {
		return known
	}
	var options map[string]*profile.Value
	if e := x.eval.Known(section); e != nil && e.Raw("<") == nil {
		options = rawOptions(e)
	} else if expanded, err := x.profile.Expanded(section); err == nil {
		options = expanded
	} else {
		options = x.profile.Sections[section].Options
	}
	x.static[section] = options
	return options
}

func rawOptions(e *profile.Evaluated) map[string]*profile.Value {
	options := map[string]*profile.Value{}
	for _, key := range e.Keys() {
		if v := e.Raw(key); v != nil {
			options[key] = v
		}
	}
	return options
}

// recipe returns the recipe of a section before substitution, or "".
func (x *Explainer) recipe(section string) string {
	if v := x.options(section)["recipe"]; v != nil {
		return v.Text
	}
	return ""
}

// header returns the place of the first header of a section, or nil.
func (x *Explainer) header(section string) *Place {
	if s := x.profile.Sections[section]; s != nil {
		return placeOf(s.Header)
	}
	return nil
}

// Use is one `<= macro`: section uses macro.
type Use struct {
	Section string `json:"section"`
	Macro   string `json:"macro"`
	Place   *Place `json:"place,omitempty"`
}

// macros calls found for each section whose options come to section by `<=`,
// with the chain of the first way that leads there; the section itself comes
// first, without a chain.
func (x *Explainer) macros(section string, found func(name string, chain []Use)) {
	seen := map[string]bool{}
	var walk func(name string, chain []Use)
	walk = func(name string, chain []Use) {
		s := x.profile.Sections[name]
		if s == nil || seen[name] {
			return
		}
		seen[name] = true
		found(name, chain)
		if s.Options["<"] == nil || name == "buildout" {
			return
		}
		for _, w := range s.Options["<"].Lines() {
			walk(w.Text, append(slices.Clip(chain), Use{name, w.Text, placeOf(w.At)}))
		}
	}
	walk(section, nil)
}

// masked hides the secrets in the value of an option.
func (x *Explainer) masked(option, value string) string {
	if x.mask == nil {
		return value
	}
	return x.mask(strings.TrimRight(option, " +-"), value)
}
