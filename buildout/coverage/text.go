package coverage

import (
	"bytes"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
)

// Text is what the lines of a template say of its sections, whatever would be
// rendered: those of all branches.
type Text struct {
	sections []*textSection
}

// textSection is a section header of a template, and the options below it.
type textSection struct {
	name    string
	at      diag.Span
	options map[string]string
}

// IsTemplate reports whether the text of a file has statements of Jinja2, or
// headers made by it, so that it is no profile before it is rendered.
func IsTemplate(text []byte) bool { return templateSign().Match(text) }

var templateSign = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^\{[%#{]|^\[[^\]\n]*\{\{`) })

// jinja matches statements and comments of Jinja2.
var jinja = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?s)\{%.*?%\}|\{#.*?#\}`) })

var header = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\[((?:[^\]\n{]|\{\{.*?\}\}|\{)+)\]`) })

// ReadText reads the lines of a template.
func ReadText(src *diag.Source) *Text {
	t := &Text{}
	// What Jinja2 takes away leaves blanks, so that places stay right.
	text := jinja().ReplaceAllFunc(src.Text, func(b []byte) []byte {
		return blank(b)
	})
	var current *textSection
	option, offset := "", 0
	for line := range bytes.Lines(text) {
		start := offset
		offset += len(line)
		words := strings.TrimRight(string(line), " \t\r\n")
		stripped := strings.TrimLeft(words, " \t")
		switch m := header().FindStringSubmatch(words); {
		case stripped == "" || words[0] == '#' || words[0] == ';':
		case m != nil:
			name, _, _ := strings.Cut(m[1], ":")
			current = &textSection{name: strings.TrimSpace(name), options: map[string]string{},
				at: diag.SpanOf(src, start+1, start+1+len(m[1]))}
			t.sections, option = append(t.sections, current), ""
		case current == nil:
		case len(stripped) < len(words) && !startsAfterStatement(src.Text[start:offset]):
			if option != "" {
				current.options[option] += "\n" + stripped
			}
		default:
			option = current.set(stripped)
		}
	}
	return t
}

// blank makes a text of blanks with the same lines.
func blank(text []byte) []byte {
	out := bytes.Repeat([]byte(" "), len(text))
	for i, c := range text {
		if c == '\n' {
			out[i] = c
		}
	}
	return out
}

// startsAfterStatement reports whether a line has a statement of Jinja2 in its
// first column: what is behind it stands there when it is rendered.
func startsAfterStatement(line []byte) bool { return bytes.HasPrefix(line, []byte("{%")) }

// set takes a line KEY = VALUE and returns the key, "" when it is none.
func (s *textSection) set(line string) string {
	key, value, ok := strings.Cut(line, "=")
	key = strings.TrimRight(strings.TrimSpace(key), "+- \t")
	if !ok || key == "" {
		return ""
	}
	if strings.HasPrefix(value, ">") { // a section that the part waits for
		return ""
	}
	if old, twice := s.options[key]; twice && key == "<" {
		value = old + "\n" + value // of another branch
	}
	s.options[key] = strings.TrimSpace(value)
	return key
}

// Header is the place of the header of a section, or nowhere.
func (t *Text) Header(section string) diag.Span {
	for _, s := range t.sections {
		if s.name == section {
			return s.at
		}
	}
	return diag.Span{}
}

// Macros are the recipes of sections by name, as files define them: where one
// does not have the macro that a template names, another one may. A section of
// data has the recipe "".
type Macros map[string]map[string]bool

// defines reports whether a file has the section.
func (m Macros) defines(section string) bool { return len(m[section]) > 0 }

// Add notes the recipes of the sections of a template and of profiles.
func (m Macros) Add(section, recipe string) {
	if m[section] == nil {
		m[section] = map[string]bool{}
	}
	m[section][recipe] = true
}

// AddText notes the sections of a template that name their recipe, or have none.
func (m Macros) AddText(t *Text) {
	for _, s := range t.sections {
		if recipe := cfg.Trim(s.options["recipe"]); recipe != "" || s.options["<"] == "" {
			m.Add(s.name, recipe)
		}
	}
}

// only returns the recipe that all definitions of a section agree on.
func (m Macros) only(section string) string {
	only := ""
	for recipe := range m[section] {
		if only != "" && recipe != "" {
			return ""
		}
		only += recipe
	}
	return only
}

// Sections returns the sections of a template that have a recipe, of their own
// or by a macro. macros are those of other files. open counts the sections of
// which nothing is known, as their macro is in none of them.
func (t *Text) Sections(l Lookup, macros Macros) (list []Section, open int) {
	own := map[string]*textSection{}
	for _, s := range t.sections {
		if old := own[s.name]; old == nil || old.options["recipe"] == "" {
			own[s.name] = s
		}
	}
	for _, s := range t.sections {
		options := map[string]bool{}
		recipe := t.recipe(s, own, macros, options, maxReferences)
		if recipe == "" {
			if t.isOpen(s, own, macros) {
				open++
			}
			continue
		}
		found := judge(Section{Section: s.name, Recipe: recipe, Seen: AsText}, l)
		found.Options = slices.Sorted(maps.Keys(options))
		list = append(list, located(found, s.at))
	}
	return list, open
}

// isOpen reports whether a section without a recipe has a macro that no file
// has.
func (t *Text) isOpen(s *textSection, own map[string]*textSection, macros Macros) bool {
	if _, set := s.options["recipe"]; set {
		return false
	}
	return slices.ContainsFunc(strings.Split(s.options["<"], "\n"), func(name string) bool {
		name = strings.TrimSpace(name)
		return name != "" && own[name] == nil && !macros.defines(name)
	})
}

// recipe returns the recipe of a section, and adds the names of its options.
func (t *Text) recipe(s *textSection, own map[string]*textSection, macros Macros, options map[string]bool, left int) string {
	for key := range s.options {
		options[key] = true
	}
	recipe := ""
	if left > 0 {
		for _, name := range strings.Split(s.options["<"], "\n") {
			if name = strings.TrimSpace(name); name == "" {
				continue
			}
			found := macros.only(name)
			if macro := own[name]; macro != nil && macro != s {
				found = t.recipe(macro, own, macros, options, left-1)
			}
			if found != "" {
				recipe = found
			}
		}
	}
	if set, ok := s.options["recipe"]; ok {
		recipe = cfg.Trim(set)
	}
	return recipe
}
