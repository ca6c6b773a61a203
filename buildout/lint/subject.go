package lint

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
	"gobuild/parts"
)

// Subject is a profile as the rules see it.
type Subject struct {
	Input
	files    []*file
	byName   map[string]*file
	sections map[string]*section
	names    []string                   // of sections, sorted
	users    map[string][]string        // of a section that is a macro
	mentions map[string]map[string]bool // section -> sections that it names in some value
	refers   map[string]map[string]bool // section -> sections that its references and `=>` read
	reached  map[string]bool            // by mentions, from [buildout] and the parts
	read     map[string]bool            // by references
	// templates holds the words of files that sections take as templates.
	templates map[string]map[string]bool
	rule      string
	found     []*Finding
}

// file is one file of the profile.
type file struct {
	*cfg.File
	blocks  []cfg.Block
	ignores []ignore
}

// section is a section of the merged profile.
type section struct {
	name    string
	at      diag.Span
	options map[string]*profile.Value // macros expanded
	macros  []profile.Word
	recipe  string // "" for none
	spec    parts.Spec
	known   bool // spec is that of recipe
}

func newSubject(in Input) *Subject {
	s := &Subject{Input: in, byName: map[string]*file{}, sections: map[string]*section{}, users: map[string][]string{},
		mentions: map[string]map[string]bool{}, refers: map[string]map[string]bool{}, templates: map[string]map[string]bool{}, names: in.Profile.Names()}
	for _, src := range in.Profile.Files {
		f := &file{File: cfg.Scan(src)}
		f.blocks = f.Blocks()
		f.ignores = f.findIgnores()
		s.files = append(s.files, f)
		s.byName[src.Name] = f
	}
	for _, name := range s.names {
		s.addSection(name)
	}
	for _, name := range s.names {
		s.addRecipe(s.sections[name])
		s.addMentions(s.sections[name])
		s.addReferences(s.sections[name])
	}
	s.reached, s.read = s.reach(s.mentions), s.reach(s.refers)
	return s
}

func (s *Subject) addSection(name string) {
	raw := s.Profile.Sections[name]
	x := &section{name: name, at: raw.Header}
	s.sections[name] = x
	options, err := s.Profile.Expanded(name)
	if err != nil {
		options = raw.Options
	}
	x.options = options
	if macros := raw.Options["<"]; macros != nil && name != "buildout" {
		x.macros = macros.Lines()
		for _, m := range x.macros {
			s.users[m.Text] = append(s.users[m.Text], name)
		}
	}
}

func (s *Subject) addRecipe(x *section) {
	x.recipe = cfg.Trim(s.text(x, "recipe"))
	if x.recipe != "" {
		x.spec, x.known = s.Recipe(x.recipe)
	}
}

var separators = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^\pL\pN._/+~-]+`) })

// addMentions notes the sections that values of x name in any way: recipes
// take names of sections in many options.
func (s *Subject) addMentions(x *section) {
	named := map[string]bool{}
	for _, v := range x.options {
		for _, word := range separators().Split(v.Text, -1) {
			if word != x.name && s.sections[word] != nil {
				named[word] = true
			}
		}
	}
	for word := range s.templateWords(x) {
		if word != x.name && s.sections[word] != nil {
			named[word] = true
		}
	}
	s.mentions[x.name] = named
}

// addReferences notes the sections that x reads.
func (s *Subject) addReferences(x *section) {
	read := map[string]bool{}
	for _, v := range x.options {
		for _, r := range v.References() {
			read[r.Section] = true
		}
	}
	for _, name := range cfg.Fields(s.text(x, "<part-dependencies>")) {
		read[name] = true
	}
	s.refers[x.name] = read
}

// reach follows edges from [buildout], the parts and the versions.
func (s *Subject) reach(edges map[string]map[string]bool) map[string]bool {
	reached := map[string]bool{}
	var follow func(name string)
	follow = func(name string) {
		if reached[name] || s.sections[name] == nil {
			return
		}
		reached[name] = true
		for next := range edges[name] {
			follow(next)
		}
	}
	follow("buildout")
	for _, part := range s.parts() {
		follow(part)
	}
	follow(s.text(s.sections["buildout"], "versions"))
	return reached
}

// parts returns the names that [buildout] parts lists.
func (s *Subject) parts() []string { return cfg.Fields(s.text(s.sections["buildout"], "parts")) }

var reference = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$\{([^${}:]*):([^${}:]*)\}`) })

// text returns an option with its references replaced as far as the profile
// alone tells their values, "" if there is none.
func (s *Subject) text(x *section, option string) string {
	if x == nil || x.options[option] == nil {
		return ""
	}
	left := maxReferences
	return s.substitute(x, x.options[option].Text, &left)
}

// maxReferences ends the pursuit of references that go in circles or multiply.
const maxReferences = 300

func (s *Subject) substitute(x *section, text string, left *int) string {
	if !strings.Contains(text, "${") {
		return text
	}
	return reference().ReplaceAllStringFunc(text, func(ref string) string {
		if *left--; *left < 0 {
			return ref
		}
		m := reference().FindStringSubmatch(ref)
		target := x
		if m[1] != "" {
			target = s.sections[m[1]]
		}
		switch {
		case target == nil:
			return ref
		case target.options[m[2]] != nil:
			return s.substitute(target, target.options[m[2]].Text, left)
		case m[2] == "_buildout_section_name_":
			return x.name
		}
		return ref
	})
}

// concrete reports whether a section is used as it is: it is not there only to
// be the macro of others.
func (s *Subject) concrete(name string) bool { return s.read[name] || len(s.users[name]) == 0 }

// each calls f for the sections, sorted by name.
func (s *Subject) each(f func(x *section)) {
	for _, name := range s.names {
		f(s.sections[name])
	}
}

// keys returns the names of the options, sorted.
func (x *section) keys() []string { return slices.Sorted(maps.Keys(x.options)) }

// has reports whether the recipe knows an option.
func (x *section) has(option string) bool {
	return x.known && slices.ContainsFunc(x.spec.Options, func(o parts.OptionSpec) bool { return o.Name == option })
}

// root returns the file of the profile itself, or nil.
func (s *Subject) root() *file { return s.byName[s.Profile.Root] }
