// Package coverage says which recipes of profiles gobuild runs itself, which
// run as the Python code that they are, and which cannot run. Nothing is
// evaluated, so it is safe to ask about any profile, and about templates of
// profiles too.
package coverage

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// Runs says how the recipe of a section runs.
type Runs string

// The ways a recipe runs.
const (
	Native  Runs = "native"  // built into gobuild
	Bridge  Runs = "bridge"  // Python code of an egg, through the bridge
	Refused Runs = "refused" // not at all
)

// Seen says how a section was found.
type Seen string

// The ways a section is found.
const (
	InProfile Seen = "profile"  // the file was read as a profile, with all that it extends
	Rendered  Seen = "rendered" // a template was rendered, and the result read as a profile
	AsText    Seen = "text"     // the lines of a template were read as they are
)

// Section is a section with a recipe.
type Section struct {
	Section string `json:"section"`
	Recipe  string `json:"recipe"`
	Runs    Runs   `json:"runs"`
	// By is the built-in recipe by its own name, or the entry point of an egg.
	By      string    `json:"by,omitempty"`
	Reason  string    `json:"reason,omitempty"` // why it is refused
	Seen    Seen      `json:"seen"`
	File    string    `json:"file"`
	Line    int       `json:"line"`
	At      diag.Span `json:"-"`
	Options []string  `json:"options"` // that it sets, or gets from its macros, sorted
}

// Lookup finds recipes.
type Lookup interface {
	Find(name string) (parts.Spec, bool)
	Suggest(name string) string
}

// entryPoint is the name of a recipe that is an egg: PROJECT[:ENTRY].
var entryPoint = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?::([^\s:]+))?$`)
})

// ownCode stands before the name of a recipe that is to be run by its own code.
const ownCode = "python:"

// judge fills in how the recipe of a section runs.
func judge(s Section, l Lookup) Section {
	spec, known := l.Find(s.Recipe)
	name, own := strings.CutPrefix(s.Recipe, ownCode)
	m := entryPoint().FindStringSubmatch(strings.TrimSpace(name))
	hint := ""
	if !known && !own {
		hint = l.Suggest(s.Recipe)
	}
	switch {
	case known:
		s.Runs, s.By = Native, spec.Names[0]
	case m == nil:
		s.Runs, s.Reason = Refused, "the name is not of the form PROJECT:ENTRY"
	case hint != "":
		s.Runs, s.Reason = Refused, hint
	default:
		s.Runs, s.By = Bridge, m[1]+":"+cmp.Or(m[2], "default")
	}
	return s
}

// located fills in the place of a section.
func located(s Section, at diag.Span) Section {
	if s.At = at; at.IsValid() {
		s.File = at.From.Src.Name
		s.Line, _ = at.From.LineColumn()
	}
	return s
}

// Recipe sums up the sections of one recipe.
type Recipe struct {
	Recipe   string `json:"recipe"`
	Runs     Runs   `json:"runs"`
	By       string `json:"by,omitempty"`
	Sections int    `json:"sections"`
}

// Totals counts sections.
type Totals struct {
	Files    int          `json:"files"`
	Sections int          `json:"sections"`
	Open     int          `json:"open"` // sections of templates whose macro is in no file that was looked at
	Runs     map[Runs]int `json:"runs"`
	Seen     map[Seen]int `json:"seen"`
}

// Report is what is known of some files.
type Report struct {
	Sections []Section `json:"sections"`
	Recipes  []Recipe  `json:"recipes"` // the most used first
	Totals   Totals    `json:"totals"`
}

// identity tells sections apart that several profiles may share.
type identity struct {
	file, section, recipe string
}

// Sum makes the report of sections. One that several profiles have in common
// counts once, as it was seen first; files is the number of files that were
// looked at.
func Sum(sections []Section, files int) Report {
	r := Report{Sections: []Section{}, Recipes: []Recipe{}, Totals: Totals{Files: files, Runs: map[Runs]int{Native: 0, Bridge: 0, Refused: 0}, Seen: map[Seen]int{}}}
	seen := map[identity]bool{}
	index := map[string]int{}
	for _, s := range sections {
		id := identity{s.File, s.Section, s.Recipe}
		if seen[id] {
			continue
		}
		seen[id] = true
		r.Sections = append(r.Sections, s)
		r.Totals.Sections++
		r.Totals.Runs[s.Runs]++
		r.Totals.Seen[s.Seen]++
		n, known := index[s.Recipe]
		if !known {
			n = len(r.Recipes)
			index[s.Recipe] = n
			r.Recipes = append(r.Recipes, Recipe{Recipe: s.Recipe, Runs: s.Runs, By: s.By})
		}
		r.Recipes[n].Sections++
	}
	slices.SortFunc(r.Sections, func(a, b Section) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Section, b.Section), cmp.Compare(a.Recipe, b.Recipe))
	})
	slices.SortFunc(r.Recipes, func(a, b Recipe) int {
		return cmp.Or(cmp.Compare(b.Sections, a.Sections), cmp.Compare(a.Recipe, b.Recipe))
	})
	return r
}
