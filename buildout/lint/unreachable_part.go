package lint

import "context"

func unreachablePart() Rule {
	return Rule{
		Code: "unreachable-part", Off: true,
		Doc: `A section with a recipe is neither listed in ` + "`parts`" + ` nor reached from there.

It is never installed. Only sections of the profile's own file are looked at. Off
by default: a file that others extend has such sections on purpose.`,
		Check: checkUnreachable,
	}
}

func checkUnreachable(_ context.Context, s *Subject) {
	s.eachOwn(func(x *section) {
		if x.recipe == "" || s.reached[x.name] || len(s.users[x.name]) > 0 {
			return
		}
		f := s.report(x.at, "no part needs [%s]: it is never installed", x.name)
		f.WithPath(x.name).WithHint("add it to parts, or remove it")
	})
}

// eachOwn calls f for the sections whose first header stands in the profile's
// own file.
func (s *Subject) eachOwn(f func(x *section)) {
	s.each(func(x *section) {
		if x.name != "buildout" && x.at.IsValid() && s.byName[nameOf(x.at)] == s.root() {
			f(x)
		}
	})
}
