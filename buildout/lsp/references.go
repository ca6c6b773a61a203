package lsp

import (
	"cmp"
	"context"
	"maps"
	"slices"
)

// occurrence is a place that names a section or an option.
type occurrence struct {
	place
	write bool // a header or a setting
}

// references answers who names the section or option at the cursor, in all
// profiles that hold the document.
func (s *server) references(ctx context.Context, p *referenceParams) (any, error) {
	v, err := s.view(ctx, p.Document.URI)
	if err != nil {
		return nil, err
	}
	list := []location{}
	for _, o := range s.occurrences(ctx, v, v.subject(s.place(v, p.Position))) {
		if !o.write || p.Context.IncludeDeclaration {
			list = append(list, s.location(o.index, o.span))
		}
	}
	return list, nil
}

// highlights answers the occurrences in the document itself.
func (s *server) highlights(ctx context.Context, p *placeParams) (any, error) {
	v, err := s.view(ctx, p.Document.URI)
	if err != nil {
		return nil, err
	}
	list := []documentHighlight{}
	sub := v.subject(s.place(v, p.Position))
	for _, o := range v.sn.occurrences(sub) {
		if o.index == v.index {
			kind := highlightRead
			if o.write {
				kind = highlightWrite
			}
			list = append(list, documentHighlight{s.extent(o.index, o.span), kind})
		}
	}
	return list, nil
}

// occurrences returns the occurrences of a subject in all profiles that hold
// the document, each once, in the order of files and text.
func (s *server) occurrences(ctx context.Context, v view, sub *subject) []occurrence {
	var all []occurrence
	seen := map[place]bool{}
	for _, sn := range s.holding(ctx, v) {
		for _, o := range sn.occurrences(sub) {
			if !seen[o.place] {
				seen[o.place] = true
				all = append(all, o)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b occurrence) int {
		return cmp.Or(cmp.Compare(a.src.Name, b.src.Name), cmp.Compare(a.span.from, b.span.from))
	})
	return all
}

// holding returns the profiles that hold the document: its own first, then the
// configured ones and those of other open documents.
func (s *server) holding(ctx context.Context, v view) []*snapshot {
	list := []*snapshot{v.sn}
	roots := slices.Clone(s.roots.configured)
	for _, path := range slices.Sorted(maps.Keys(s.files.documents)) {
		roots = append(roots, s.root(path))
	}
	for _, root := range roots {
		if root == v.sn.root || s.distance(root, v.path) < 0 {
			continue
		}
		if sn := s.snapshot(ctx, root); sn.holds(v.path) && !slices.Contains(list, sn) {
			list = append(list, sn)
		}
	}
	return list
}

// occurrences returns where a subject is named in the files of a profile.
func (sn *snapshot) occurrences(sub *subject) []occurrence {
	switch {
	case sub == nil:
		return nil
	case sub.what == aSection:
		return sn.sectionOccurrences(sub.section)
	case sub.what == anOption:
		return sn.optionOccurrences(sub.section, sub.option)
	}
	return nil
}

func (sn *snapshot) sectionOccurrences(name string) []occurrence {
	var list []occurrence
	for _, x := range sn.files {
		for _, b := range x.blocks {
			if b.name == name {
				list = append(list, occurrence{place{x, b.at}, true})
			}
		}
		for _, r := range x.refs {
			if r.kind <= toSection && r.section == name {
				list = append(list, occurrence{place{x, r.sectAt}, false})
			}
		}
	}
	return list
}

// optionOccurrences returns the settings that make up an option, and the
// references to it: by its own section, by sections that have it from there,
// and by ${:option} in its macros.
func (sn *snapshot) optionOccurrences(section, name string) []occurrence {
	section = sn.whose(section, name)
	var list []occurrence
	for _, p := range sn.settings(section, name) {
		if p.text(p.span.from, p.span.to) != section { // not made up, with the place of the header
			list = append(list, occurrence{p.name(name), true})
		}
	}
	for _, x := range sn.files {
		for _, r := range x.refs {
			if r.kind == toOption && r.option == name && sn.speaksOf(r, section, name) {
				list = append(list, occurrence{place{x, r.optAt}, false})
			}
		}
	}
	return list
}

// name narrows the place of an option's name with operator to the name.
func (p place) name(name string) place {
	p.span.to = min(p.span.to, p.span.from+len(name))
	return p
}

// speaksOf reports whether a reference reads section:name.
func (sn *snapshot) speaksOf(r *ref, section, name string) bool {
	to := r.target()
	if to == section {
		return true
	}
	if r.section == "" && sn.inherits(section, to) {
		return true
	}
	return sn.inherits(to, section) && sn.comesFrom(to, name, section)
}

// comesFrom reports whether a setting of base is in the history of
// section:name.
func (sn *snapshot) comesFrom(section, name, base string) bool {
	return slices.ContainsFunc(sn.settings(section, name), func(p place) bool { return p.section() == base })
}
