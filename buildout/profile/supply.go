package profile

import (
	"maps"
	"slices"
	"strings"

	"gobuild/buildout/diag"
)

// With returns p with options for a section of which it has none. They count as
// built-in defaults.
func (p *Profile) With(section string, options map[string]string) *Profile {
	q := *p
	q.Sections = maps.Clone(p.Sections)
	s := q.Sections[section]
	if s == nil {
		s = newSection(section, diag.Span{})
	} else {
		s = s.clone()
	}
	q.Sections[section] = s
	for key, text := range options {
		if s.Options[key] == nil {
			s.Options[key] = newValue(text, SourceDefault, diag.Span{}, diag.Span{})
		}
	}
	return &q
}

// Override gives options of a section values, as if its recipe had set them
// before it was asked. It reports whether nobody has read the section yet; else
// nothing changes.
func (ev *Evaluator) Override(section string, values map[string]string) bool {
	if ev.Known(section) != nil {
		return false
	}
	if ev.overrides == nil {
		ev.overrides = map[string]map[string]string{}
	}
	ev.overrides[section] = values
	return true
}

// Conceals reports whether a text holds a secret.
func (ev *Evaluator) Conceals(text string) bool {
	return slices.ContainsFunc(ev.Secrets(), func(secret string) bool { return strings.Contains(text, secret) })
}
