package lint

import "context"

func unreferencedSection() Rule {
	return Rule{
		Code: "unreferenced-section", Off: true,
		Doc: `A section without a recipe is used by nothing.

No value refers to it or names it, no section takes it over with ` + "`<=`" + `. Only
sections of the profile's own file are looked at. Off by default: a file that
others extend has such sections on purpose.`,
		Check: checkUnreferenced,
	}
}

func checkUnreferenced(_ context.Context, s *Subject) {
	named := map[string]bool{s.text(s.sections["buildout"], "versions"): true}
	for _, names := range s.mentions {
		for name := range names {
			named[name] = true
		}
	}
	s.eachOwn(func(x *section) {
		if x.recipe != "" || named[x.name] || len(s.users[x.name]) > 0 {
			return
		}
		f := s.report(x.at, "nothing uses [%s]", x.name)
		f.WithPath(x.name).WithHint("remove it, or refer to it")
	})
}
