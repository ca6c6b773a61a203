package plan

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
	"gobuild/parts"
)

// text is an Opener of one profile.
type text string

func (s text) Open(_ context.Context, name string, _ func(string) string) (*diag.Source, error) {
	if name != "/p/buildout.cfg" {
		return nil, fs.ErrNotExist
	}
	return diag.NewSource("buildout.cfg", []byte(s)), nil
}

func (text) Exists(string) bool { return false }

// fake is a recipe that reads the options name and mode, and refuses a section
// with the option bad. It sets the option made.
type fake struct{}

func (fake) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	for _, key := range []string{"name", "mode"} {
		o.Lookup(key)
	}
	if _, at, ok := o.Lookup("bad"); ok {
		return nil, diag.At(at, "bad", "the recipe refuses this")
	}
	o.Set("made", o.Name())
	return reinstaller(false), nil
}

func fakeSpec(name string) (parts.Spec, bool) {
	return parts.Spec{Names: []string{"fake"}, Recipe: fake{}, Options: []parts.OptionSpec{
		{Name: "name"}, {Name: "mode"}, {Name: "made", Computed: true}}}, name == "fake"
}

// build plans a profile.
func build(t *testing.T, profileText string, in Input) (*Graph, error) {
	t.Helper()
	p, err := profile.Load(t.Context(), profile.Config{Root: "buildout.cfg", Dir: "/p", Dialect: profile.Auto, Open: text(profileText),
		Condition: func(string) (bool, error) { return true, nil }})
	if err != nil {
		t.Fatal(err)
	}
	ev := &profile.Evaluator{Profile: p}
	planner := &Planner{Evaluator: ev, Recipe: fakeSpec, Exists: func(string) bool { return true }}
	make := planner.Attach()
	if _, err := ev.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return make(t.Context(), in)
}

// edges is the parts of a graph, each with its needs.
func edges(g *Graph) string {
	var list []string
	for _, n := range g.Parts {
		list = append(list, n.Part+"("+strings.Join(n.Needs, " ")+")")
	}
	return strings.Join(list, " ")
}

func TestNeeds(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"none", "parts = a b\n[a]\nrecipe = fake\n[b]\nrecipe = fake\n", "a() b()"},
		{"a reference makes a part", "parts = b\n[b]\nrecipe = fake\nx = ${a:made}\n[a]\nrecipe = fake\n", "a() b(a)"},
		{"through data", "parts = b\n[b]\nrecipe = fake\nx = ${d:v}\n[d]\nv = ${e:v} ${e:v}\n[e]\nv = ${a:made}\n[a]\nrecipe = fake\n", "a() b(a)"},
		{"not beyond the next part", "parts = c\n[c]\nrecipe = fake\nx = ${b:made}\n[b]\nrecipe = fake\nx = ${a:made}\n[a]\nrecipe = fake\n",
			"a() b(a) c(b)"},
		{"once each", "parts = b\n[b]\nrecipe = fake\nx = ${a:made} ${a:recipe} ${d:v}\n[d]\nv = ${a:made}\n[a]\nrecipe = fake\n", "a() b(a)"},
		{"a circle of sections", "parts = a\n[a]\nrecipe = fake\nx = ${b:y}\ny = 1\n[b]\nrecipe = fake\nx = ${a:y}\ny = 2\n", "b() a(b)"},
		{"=>", "parts = b\n[b]\nrecipe = fake\n=> a\n[a]\nrecipe = fake\n", "a() b(a)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := build(t, "[buildout]\n"+c.text, Input{})
			if err != nil {
				t.Fatal(err)
			}
			if got := edges(g); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestNamedParts(t *testing.T) {
	const profileText = "[buildout]\nparts = a b c\n[a]\nrecipe = fake\n[b]\nrecipe = fake\nx = ${a:made}\n[c]\nrecipe = fake\n"
	g, err := build(t, profileText, Input{Named: []string{"c", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := edges(g); got != "c() b()" {
		t.Errorf("got %s: named parts in their order, and what they refer to is not installed", got)
	}
}

func TestNodes(t *testing.T) {
	g, err := build(t, "[buildout]\nparts = a\n[a]\nrecipe = fake\nx = ${b:y}\n[b]\ny = 1\n", Input{})
	if err != nil {
		t.Fatal(err)
	}
	n := g.Parts[0]
	for key, want := range map[string]string{"recipe": "fake", "x": "1", "made": "a"} {
		if n.Options[key] != want {
			t.Errorf("%s is %q, want %q", key, n.Options[key], want)
		}
	}
	if n.Signature != "gobuild:fake-1" || n.At.Text() != "a" || n.Decision != Install {
		t.Errorf("%+v", n)
	}
}

// TestErrors checks that all errors of all parts are told in one run.
func TestErrors(t *testing.T) {
	const profileText = `[buildout]
parts = none refused nosection noplace data good
[none]
recipe = no.such
[refused]
recipe = fake
bad = 1
[noplace]
recipe = fake
x = ${nosection:x}
[data]
recipe =
[good]
recipe = fake
`
	_, err := build(t, profileText, Input{})
	var got []string
	for _, d := range diag.All(err) {
		got = append(got, d.Code+" "+d.At.Text())
	}
	want := []string{"unknown-section nosection", "unknown-recipe no.such", "bad 1", "unknown-section ${nosection:x}"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestEmptyRecipe checks that a section with an empty recipe is data: in the
// list of parts it does nothing, named it is a mistake.
func TestEmptyRecipe(t *testing.T) {
	const profileText = "[buildout]\nparts = data\n[data]\nrecipe =\n"
	if g, err := build(t, profileText, Input{}); err != nil || len(g.Parts) != 0 {
		t.Errorf("%v, %v", g, err)
	}
	_, err := build(t, profileText, Input{Named: []string{"data"}})
	if list := diag.All(err); len(list) != 1 || list[0].Code != "no-recipe" || list[0].At.Text() != "data" {
		t.Errorf("named: %v", err)
	}
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"none", "parts = a\n[a]\nrecipe = fake\nname = x\ndata = y\n", ""},
		{"misspelt option of [buildout]", "parts =\noffliine = true\n", `unused-option offliine did you mean "offline"?`},
		{"unknown options of [buildout]", "parts =\nfoo = 1\nbar = 1\n", "unused-option bar this may be a typo in the option's name: nothing reads it"},
		{"an option that is read", "parts = a\nfoo = 1\n[a]\nrecipe = fake\nx = ${buildout:foo}\n", ""},
		{"an option of other engines", "parts =\nshared-part-list = x\nverbosity = 1\n", ""},
		{"misspelt option", "parts = a\n[a]\nrecipe = fake\nnaem = x\n", `unknown-option-name naem did you mean "name"?`},
		{"the right one is there too", "parts = a\n[a]\nrecipe = fake\nnaem = x\nname = y\n", ""},
		{"not like an option", "parts = a\n[a]\nrecipe = fake\nlocation = x\n", ""},
		{"like one that the recipe sets", "parts = a\n[a]\nrecipe = fake\nmdae = x\n", `unknown-option-name mdae did you mean "mode"?`},
		{"read by another", "parts = a b\n[a]\nrecipe = fake\nnaem = x\n[b]\nrecipe = fake\nx = ${a:naem}\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := build(t, "[buildout]\n"+c.text, Input{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range g.Warnings {
				if d.Severity != diag.Warning {
					t.Errorf("%v is no warning", d)
				}
				got = append(got, d.Code+" "+d.At.Text()+" "+d.Hint)
			}
			if list := strings.Join(got, "; "); list != c.want {
				t.Errorf("got %q, want %q", list, c.want)
			}
		})
	}
}

func TestNamedPartsDoNotWarn(t *testing.T) {
	g, err := build(t, "[buildout]\nparts = a\n[a]\nrecipe = fake\n", Input{Named: []string{"a"}})
	if err != nil || len(g.Warnings) > 0 {
		t.Errorf("%v, %v: the list of parts is not unused", g.Warnings, err)
	}
}
