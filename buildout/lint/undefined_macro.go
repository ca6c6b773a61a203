package lint

import (
	"context"

	"gobuild/buildout/diag"
)

func undefinedMacro() Rule {
	return Rule{
		Code: "undefined-macro",
		Doc: `A section takes over another one with ` + "`<=`" + ` that does not exist.

It is an error as soon as the section is used. All of them are reported, also in
sections that no part reaches.`,
		Check: checkMacros,
	}
}

func checkMacros(_ context.Context, s *Subject) {
	s.each(func(x *section) {
		for _, m := range x.macros {
			if s.sections[m.Text] != nil {
				continue
			}
			f := s.report(m.At, "there is no section [%s]", m.Text)
			f.WithPath(x.name, "<")
			f.Hint = diag.DidYouMean(m.Text, s.names)
		}
	})
}
