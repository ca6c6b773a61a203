package coverage

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"gobuild/buildout/cfg"
	"gobuild/buildout/profile"
)

// OfProfile returns the sections of a merged profile that have a recipe, macros
// expanded, sorted by name.
func OfProfile(p *profile.Profile, l Lookup, seen Seen) []Section {
	var list []Section
	for _, name := range p.Names() {
		raw := p.Sections[name]
		options, err := p.Expanded(name)
		if err != nil {
			options = raw.Options
		}
		recipe := options["recipe"]
		if recipe == nil || name == "buildout" {
			continue
		}
		text := cfg.Trim(resolve(p, name, recipe.Text, maxReferences))
		if text == "" {
			continue // a section of data
		}
		s := judge(Section{Section: name, Recipe: text, Seen: seen}, l)
		for key := range options {
			s.Options = append(s.Options, key)
		}
		slices.Sort(s.Options)
		list = append(list, located(s, raw.Header))
	}
	return list
}

var reference = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$\{([^${}:]*):([^${}:]*)\}`) })

// maxReferences ends the pursuit of references that go in circles.
const maxReferences = 20

// resolve replaces the references of the name of a recipe.
func resolve(p *profile.Profile, section, text string, left int) string {
	if left == 0 || !strings.Contains(text, "${") {
		return text
	}
	return reference().ReplaceAllStringFunc(text, func(ref string) string {
		m := reference().FindStringSubmatch(ref)
		if m[1] == "" {
			m[1] = section
		}
		options, err := p.Expanded(m[1])
		if err != nil || options[m[2]] == nil {
			return ref
		}
		return resolve(p, m[1], options[m[2]].Text, left-1)
	})
}
