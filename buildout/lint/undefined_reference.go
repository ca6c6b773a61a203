package lint

import (
	"context"

	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
)

func undefinedReference() Rule {
	return Rule{
		Code: "undefined-reference",
		Doc: `A reference names a section or an option that does not exist.

A run stops at the first one that a part needs; here all are reported, also those
of sections that no part reaches. Options that a recipe may set are taken to
exist, and so are those that a section which is only a template leaves to the
sections that take it over.`,
		Check: checkReferences,
	}
}

func checkReferences(_ context.Context, s *Subject) {
	s.each(func(x *section) {
		for _, key := range x.keys() {
			if key == "<" {
				continue
			}
			for _, r := range x.options[key].References() {
				s.checkReference(x, key, r)
			}
		}
	})
}

func (s *Subject) checkReference(x *section, key string, r profile.Reference) {
	target := x
	if r.Section != "" {
		if target = s.sections[r.Section]; target == nil {
			f := s.report(r.At, "there is no section [%s]", r.Section)
			f.WithPath(x.name, key)
			f.Hint = diag.DidYouMean(r.Section, s.names)
			return
		}
	}
	if target.options[r.Option] != nil || r.Option == "_buildout_section_name_" || s.mayHave(target, r.Option) {
		return
	}
	if r.Section == "" && !s.read[x.name] {
		return // a template
	}
	f := s.report(r.At, "section [%s] has no option %s", target.name, r.Option)
	f.WithPath(x.name, key).WithRelated(target.at, "the section begins here")
	f.Hint = diag.DidYouMean(r.Option, target.keys())
}

// mayHave reports whether a recipe or a macro that is missing may set an
// option.
func (s *Subject) mayHave(x *section, option string) bool {
	for _, m := range x.macros {
		if s.sections[m.Text] == nil {
			return true
		}
	}
	return x.recipe != "" && (!x.known || x.has(option))
}
