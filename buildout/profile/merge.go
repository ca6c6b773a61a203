package profile

import (
	"slices"
	"strings"
)

// sections is a stage of merging: section name to section.
type sections map[string]*Section

// overlay lays file over acc (SPEC-engine 3). Sections of acc are changed in
// place; those of file never are.
func overlay(acc, file sections) {
	for name, s := range file {
		old := acc[name]
		switch {
		case old != nil:
			updateSection(old, s)
		case s.Options["<"] != nil || !s.pending:
			// A section with macros keeps its pending additions until they
			// are expanded.
			acc[name] = s.clone()
		default:
			acc[name] = newSection(name, s.Header)
			updateSection(acc[name], settled(s))
		}
	}
}

// settled returns s with every `k +` that has no `k` made a plain assignment,
// and every such `k -` an empty one.
func settled(s *Section) *Section {
	t := s.clone()
	for _, k := range s.Keys() {
		v, n := s.Options[k], len(k)-1
		if n < 1 || k[n] != '+' && k[n] != '-' {
			continue
		}
		plain := k[:max(n-1, 0)]
		if t.Options[plain] != nil {
			continue
		}
		delete(t.Options, k)
		if k[n] == '-' {
			removed := *v.last
			removed.Source = sourceImplicit
			v = v.minus(&Value{v.Text, &removed})
		}
		t.Options[plain] = v
	}
	return t
}

// updateSection lays s2 over s1: first the pending additions and removals of
// s2 find their base in s2 or else in s1, then s2 overrides s1 option by option.
func updateSection(s1, s2 *Section) {
	options := s2.Options
	if s2.pending {
		options = applied(s1, s2)
	}
	for k, v := range options {
		if old := s1.Options[k]; old != nil {
			v = old.overriddenBy(v)
		}
		s1.Options[k] = v
	}
	if !s1.Header.IsValid() {
		s1.Header = s2.Header
	}
	s1.pending = s1.pending && hasPending(s1)
}

func hasPending(s *Section) bool {
	for k := range s.Options {
		if isPending(k) {
			return true
		}
	}
	return false
}

func isPending(key string) bool {
	return strings.HasSuffix(key, "+") || strings.HasSuffix(key, "-")
}

// applied returns the options of s2 with its pending ones worked in.
func applied(s1, s2 *Section) map[string]*Value {
	t := s2.clone().Options
	keys := s2.Keys()
	// All additions come before all removals of the same option: sorted by the
	// name without ` +`, then by the last character, as the reference sorts.
	slices.SortStableFunc(keys, func(a, b string) int {
		return strings.Compare(strings.TrimRight(a, " +"), strings.TrimRight(b, " +"))
	})
	for _, k := range keys {
		v := s2.Options[k]
		switch {
		case strings.HasSuffix(k, "+"):
			work(t, s1, k, strings.TrimRight(k, " +"), (*Value).plus, v)
		case strings.HasSuffix(k, "-"):
			work(t, s1, k, strings.TrimRight(k, " -"), (*Value).minus, v)
		}
	}
	return t
}

// work replaces the pending option k by key, made from its base with v.
func work(t map[string]*Value, s1 *Section, k, key string, change func(base, v *Value) *Value, v *Value) {
	base := t[key]
	if base == nil {
		base = s1.Options[key]
	}
	if base == nil {
		base = &Value{last: &Setting{Op: OpSet, Source: sourceImplicit}}
	}
	t[key] = change(base, v)
	if k != key {
		delete(t, k)
	}
}
