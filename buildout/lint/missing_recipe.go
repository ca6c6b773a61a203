package lint

import (
	"context"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
)

func missingRecipe() Rule {
	return Rule{
		Code: "missing-recipe",
		Doc: `A part that is listed in ` + "`parts`" + ` is no section, or a section without a recipe.

Nothing can be installed then. All of them are reported, not the first only.`,
		Check: checkListed,
	}
}

func checkListed(_ context.Context, s *Subject) {
	parts := s.Profile.Value("buildout", "parts")
	if parts == nil {
		return
	}
	place := map[string]profile.Word{}
	for _, w := range parts.Words() {
		place[w.Text] = w
	}
	comment := diag.Span{}
	for _, name := range s.parts() {
		at := parts.At()
		if w, ok := place[name]; ok {
			at = w.At
		}
		if strings.HasPrefix(name, "#") {
			comment = at
		}
		if !sameLine(comment, at) || comment == at {
			s.checkPart(name, at)
		}
	}
}

func (s *Subject) checkPart(name string, at diag.Span) {
	x := s.sections[name]
	if x != nil && x.options["recipe"] != nil {
		return
	}
	f := s.report(at, "part %q has no recipe", name)
	f.WithPath("buildout", "parts")
	switch {
	case x != nil:
		f.WithRelated(x.at, "the section begins here")
		f.WithHint("add `recipe = …`, or take the name out of parts")
	case strings.HasPrefix(name, "#"):
		f.Msg = "part \"" + name + "\" is no section"
		f.WithHint("a comment begins in the first column; here # and what follows are names of parts")
	default:
		f.Msg = "part \"" + name + "\" is no section"
		f.Hint = diag.DidYouMean(name, s.names)
	}
}

// sameLine reports whether b begins on the line where a does.
func sameLine(a, b diag.Span) bool {
	lineA, _ := a.From.LineColumn()
	lineB, _ := b.From.LineColumn()
	return nameOf(a) == nameOf(b) && lineA == lineB
}
