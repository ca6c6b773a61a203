package coverage

import (
	"slices"
	"strconv"
	"testing"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// table is a Lookup of one recipe, a.recipe.
type table struct{}

func (table) Find(name string) (parts.Spec, bool) {
	return parts.Spec{Names: []string{"short"}}, name == "a.recipe"
}

func (table) Suggest(name string) string { return diag.DidYouMean(name, []string{"a.recipe"}) }

// found is what is told of a section, in short.
func found(s Section) string {
	return strconv.Itoa(s.Line) + " " + s.Section + " " + s.Recipe + " " + string(s.Runs) + " " + s.By
}

func texts(t *testing.T, text string, macros Macros) (list []string, open int) {
	t.Helper()
	sections, open := ReadText(diag.NewSource("x.in", []byte(text))).Sections(table{}, macros)
	for _, s := range sections {
		list = append(list, found(s))
	}
	return list, open
}

func TestText(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
		open int
	}{
		"branches":           {"[a]\n{% if x %}\nrecipe = a.recipe\n[b]\n{% endif -%}\nrecipe = other:entry\n", []string{"1 a a.recipe native short", "4 b other:entry bridge other:entry"}, 0},
		"header made of it":  {"[{{ name ~ ']' }}]\nrecipe=other\n", []string{"1 {{ name ~ ']' }} other bridge other:default"}, 0},
		"behind a statement": {"[a]\n{% if x %}recipe = a.recipe{% endif %}\n", []string{"1 a a.recipe native short"}, 0},
		"comments":           {"[a]\n# recipe = x\n{# recipe = y\nrecipe = z #}\nx = 1\n", nil, 0},
		"continuation":       {"[a]\ninline =\n  [b]\n  recipe = x\nrecipe\t=\n  a.recipe\n", []string{"1 a a.recipe native short"}, 0},
		"condition":          {"[a:python_version == '3']\nrecipe = a.recipe\n", []string{"1 a a.recipe native short"}, 0},
		"macros":             {"[a]\nrecipe = a.recipe\n[b]\n<= a\n[c]\n<= data\n  b\n", []string{"1 a a.recipe native short", "3 b a.recipe native short", "5 c a.recipe native short"}, 0},
		"of other files":     {"[b]\n<= known\n[c]\n<= doubtful\n[d]\n<= nowhere\n[e]\n<= known\nrecipe =\n", []string{"1 b a.recipe native short"}, 1},
		"a circle":           {"[a]\n<= b\n[b]\n<= a\n", nil, 0},
		"waits":              {"[a]\nrecipe => x\nrecipe = a.recipe\n", []string{"1 a a.recipe native short"}, 0},
		"typing error":       {"[a]\nrecipe = a.recipes\n[b]\nrecipe = python:a.recipes\n[c]\nrecipe = {{ x }}\n", []string{"1 a a.recipes refused ", "3 b python:a.recipes bridge a.recipes:default", "5 c {{ x }} refused "}, 0},
		"nothing":            {"recipe = a.recipe\n{% [a]", nil, 0},
	} {
		macros := Macros{}
		macros.Add("known", "a.recipe")
		macros.Add("doubtful", "a.recipe")
		macros.Add("doubtful", "other")
		macros.Add("data", "")
		if got, open := texts(t, c.text, macros); !slices.Equal(got, c.want) || open != c.open {
			t.Errorf("%s: %q, %d open, want %q, %d", name, got, open, c.want, c.open)
		}
	}
}

func TestIsTemplate(t *testing.T) {
	for text, want := range map[string]bool{
		"[a]\nx = ${#y} {{ z }}\ninline =\n  {% if x %}\n": false,
		"[a]\n{% if x %}\n":   true,
		"{#- said -#}\n[a]\n": true,
		"[{{ a }}]\n":         true,
	} {
		if got := IsTemplate([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// A section that several files have in common counts once.
func TestSum(t *testing.T) {
	a := Section{Section: "a", Recipe: "r", File: "f", Runs: Native, Seen: Rendered}
	b, c := a, a
	b.Seen, c.Recipe, c.Runs = AsText, "s", Bridge
	r := Sum([]Section{a, b, c, {Section: "b", Recipe: "s", File: "g", Runs: Bridge, Seen: AsText}}, 2)
	if r.Totals.Sections != 3 || r.Totals.Runs[Native] != 1 || r.Totals.Runs[Bridge] != 2 || r.Totals.Seen[Rendered] != 2 {
		t.Errorf("totals: %+v", r.Totals)
	}
	if len(r.Recipes) != 2 || r.Recipes[0] != (Recipe{"s", Bridge, "", 2}) {
		t.Errorf("recipes: %+v", r.Recipes)
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte("[a]\n{% if x %}\nrecipe = a.recipe\n<= b\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, s := range func() []Section {
			list, _ := ReadText(diag.NewSource("x", text)).Sections(table{}, Macros{})
			return list
		}() {
			if s.Recipe == "" || s.Line < 1 {
				t.Errorf("%+v", s)
			}
		}
	})
}
