package lint

import (
	"context"

	"gobuild/buildout/diag"
)

func unknownOptionName() Rule {
	return Rule{
		Code: "unknown-option-name",
		Doc: `An option that its recipe does not know looks like one that it knows.

It may be a slip of the pen: the recipe ignores it. Options that another value
refers to are data of the profile and left out.`,
		Check: checkOptionNames,
	}
}

func checkOptionNames(_ context.Context, s *Subject) {
	used := s.referredOptions()
	s.each(func(x *section) {
		if !x.known {
			return
		}
		var free []string // short names are like too many others
		for _, o := range x.spec.Options {
			if x.options[o.Name] == nil && !o.Computed && len(o.Name) > 5 {
				free = append(free, o.Name)
			}
		}
		for _, key := range x.keys() {
			if key == "recipe" || key == "<" || x.has(key) || used[x.name][key] {
				continue
			}
			if hint := diag.DidYouMean(key, free); hint != "" {
				f := s.report(x.options[key].KeyAt(), "recipe %s has no option %q", x.spec.Names[0], key)
				f.WithPath(x.name, key).WithHint("%s", hint)
			}
		}
	})
}

// referredOptions returns the options that values refer to, by section.
func (s *Subject) referredOptions() map[string]map[string]bool {
	used := map[string]map[string]bool{}
	s.each(func(x *section) {
		for _, v := range x.options {
			for _, r := range v.References() {
				name := r.Section
				if name == "" {
					name = x.name
				}
				if used[name] == nil {
					used[name] = map[string]bool{}
				}
				used[name][r.Option] = true
			}
		}
	})
	return used
}
