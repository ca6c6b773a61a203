package profile

import "strings"

// sections is a stage of merging: section name to section.
type sections map[string]*Section

// overlay lays file over acc (SPEC-engine 3). Sections of acc are changed in
// place; those of file never are.
func overlay(acc, file sections) {
	for name, s := range file {
		if old := acc[name]; old != nil {
			updateSection(old, s)
		} else {
			acc[name] = fresh(s)
		}
	}
}

// fresh returns what becomes of a section of a file where there is none below.
// One with macros keeps its pending additions until they are expanded.
func fresh(s *Section) *Section {
	if s.Options["<"] != nil || !s.pending {
		return s.clone()
	}
	t := newSection(s.Name, s.Header)
	updateSection(t, settled(s))
	return t
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
			removed := v.trail.last()
			removed.Op, removed.Text, removed.Source, removed.own = OpRemove, v.Text, sourceImplicit, false
			v = v.then("", removed)
		}
		t.Options[plain] = v
	}
	return t
}

// updateSection lays s2 over s1: first the pending additions and removals of
// s2 find their base in s2 or else in s1, then s2 overrides s1 option by option.
func updateSection(s1, s2 *Section) {
	if s2.pending {
		for k, c := range changesOf(s2.Options) {
			s1.Options[k] = c.apply(s1.Options[k], "")
		}
	} else {
		for k, v := range s2.Options {
			if old := s1.Options[k]; old != nil {
				v = old.overriddenBy(v)
			}
			s1.Options[k] = v
		}
	}
	if !s1.Header.IsValid() {
		s1.Header = s2.Header
	}
	s1.pending = s1.pending && len(pendingKeys(s1.Options)) > 0
}

func isPending(key string) bool {
	return strings.HasSuffix(key, "+") || strings.HasSuffix(key, "-")
}
