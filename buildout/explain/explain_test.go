package explain

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/diag"
	"gobuild/buildout/plan"
	"gobuild/buildout/profile"
	"gobuild/parts"
)

// memory is an Opener over files in /p.
type memory map[string]string

func (m memory) Open(_ context.Context, name string, _ func(string) string) (*diag.Source, error) {
	text, ok := m[strings.TrimPrefix(name, "/p/")]
	if !ok {
		return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	}
	return diag.NewSource(name, []byte(text)), nil
}

func (m memory) Exists(name string) bool { _, ok := m[strings.TrimPrefix(name, "/p/")]; return ok }

// explainer loads a profile whose recipes set `location`, and evaluates its
// parts. A recipe called `absent` is not there.
func explainer(t testing.TB, files memory) (*Explainer, []string) {
	t.Helper()
	ctx := context.Background()
	p, err := profile.Load(ctx, profile.Config{Root: "buildout.cfg", Dir: "/p", Home: "/h", Dialect: profile.SlapOS, Open: files,
		Condition: func(string) (bool, error) { return true, nil }})
	if err != nil {
		t.Fatal(err)
	}
	ev := &profile.Evaluator{Profile: p, Prepare: func(ctx context.Context, e *profile.Evaluated) error {
		if recipe, _, _ := e.Get(ctx, "recipe"); recipe == "absent" {
			e.Hollow()
			return nil
		}
		e.Action = struct{}{}
		e.Set("location", "/p/parts/"+e.Name)
		return nil
	}}
	if _, err := ev.Start(ctx); err != nil {
		t.Fatal(err)
	}
	order, err := plan.Evaluate(ctx, ev, nil)
	if err != nil {
		t.Fatal(err)
	}
	return New(ev, hide), order
}

// hide is a mask that hides the value of options called password.
func hide(option, value string) string {
	if option == "password" {
		return "***"
	}
	return value
}

func one(text string) memory { return memory{"buildout.cfg": text} }

func TestLayersOfMacros(t *testing.T) {
	x, _ := explainer(t, memory{"buildout.cfg": `[buildout]
extends = a.cfg b.cfg
parts =
`, "a.cfg": `[m]
x = m1
[s]
<= m
x = s1
`, "b.cfg": `[m]
x = m2
[s]
x = s2
`})
	o, err := x.Option(context.Background(), "s", "x")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range o.Layers {
		got = append(got, fmt.Sprintf("%s %s %s %s", l.Operation, l.Value, l.Place, l.Section))
	}
	want := []string{"SET m1 /p/a.cfg:2:1 m", "OVERRIDE m2 /p/b.cfg:2:1 m", "OVERRIDE s1 /p/a.cfg:5:1 ", "OVERRIDE s2 /p/b.cfg:4:1 "}
	if !slices.Equal(got, want) {
		t.Errorf("layers\n got %q\nwant %q", got, want)
	}
}

// TestLayersKeepHistory compares the layers of an option without macros with
// the history that the evaluator has.
func TestLayersKeepHistory(t *testing.T) {
	x, _ := explainer(t, memory{"buildout.cfg": `[buildout]
extends = a.cfg
parts =
[s]
x += 3
x -= 1
`, "a.cfg": "[s]\nx = 1\n  2\n"})
	var got []string
	for _, l := range x.layers("s", "x") {
		got = append(got, l.Operation+" "+l.Value)
	}
	if want := []string{"SET 1\n2", "ADD 3", "REMOVE 1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSteps(t *testing.T) {
	x, _ := explainer(t, one(`[buildout]
parts = top
[top]
recipe = r
x = ${a:x} ${a:x} ${gone:location} ${a:location}
[a]
recipe = r
x = ${:y}
y = ${buildout:parts-directory}
[gone]
recipe = absent
`))
	o, err := x.Option(context.Background(), "top", "x")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	var write func(indent string, steps []Step)
	write = func(indent string, steps []Step) {
		for _, s := range steps {
			fmt.Fprintf(&b, "%s%s=%s %s %s\n", indent, s.Reference, s.Value, s.Kind, s.At)
			write(indent+" ", s.Steps)
		}
	}
	write("", o.Steps)
	want := `${a:x}=/p/parts profile /p/buildout.cfg:5:5
 ${:y}=/p/parts profile /p/buildout.cfg:8:5
  ${buildout:parts-directory}=/p/parts engine /p/buildout.cfg:9:5
${gone:location}=@{gone:location} unknown /p/buildout.cfg:5:19
${a:location}=/p/parts/a recipe /p/buildout.cfg:5:36
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

// TestStepsAreBounded explains a value with 2^40 ways through its references.
func TestStepsAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("[buildout]\nparts =\n[s]\nx0 = end\n")
	for i := range 40 {
		fmt.Fprintf(&b, "x%d = ${:x%d}\n  ${:x%d}\n", i+1, i, i)
	}
	// The values double too: only the first twelve are evaluated.
	x, _ := explainer(t, one(strings.Split(b.String(), "x13 ")[0]))
	o, err := x.Option(context.Background(), "s", "x12")
	if err != nil {
		t.Fatal(err)
	}
	depth := 0
	for steps := o.Steps; len(steps) > 0; steps = steps[0].Steps {
		if len(steps) != 1 {
			t.Fatalf("%d steps at depth %d, want one", len(steps), depth)
		}
		depth++
	}
	if depth != 12 {
		t.Errorf("depth %d, want 12", depth)
	}
}

func TestUsers(t *testing.T) {
	x, _ := explainer(t, one(`[buildout]
parts =
[a]
v = 1
w = $${a:v} ${:v}
[m]
t = one
# ${a:v}
  ${a:v}
[user]
<= m
[adder]
t = ${a:w}
t += ${a:v}
=> a
`))
	var got []string
	for _, u := range x.usersOf("a", "") {
		got = append(got, fmt.Sprintf("%s [%s] %s %s %v", u.Place, u.Section, u.Option, u.Reference, u.Also))
	}
	want := []string{
		"/p/buildout.cfg:5:13 [a] w ${:v} []",
		"/p/buildout.cfg:9:3 [m] t ${a:v} [user]",
		"/p/buildout.cfg:13:5 [adder] t ${a:w} []",
		"/p/buildout.cfg:14:6 [adder] t ${a:v} []",
		"/p/buildout.cfg:15:4 [adder] <part-dependencies> => []",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if n := len(x.usersOf("m", "")); n != 1 {
		t.Errorf("%d uses of [m], want its one <=", n)
	}
}

func TestMacroCircleEnds(t *testing.T) {
	x, _ := explainer(t, one("[buildout]\nparts =\n[a]\n<= b\nx = 1\n[b]\n<= a\ny = 2\n"))
	o, err := x.Option(context.Background(), "a", "x")
	if err == nil || o == nil || len(o.Layers) != 1 {
		t.Errorf("got %+v, %v; want the layer and an error", o, err)
	}
	if s, err := x.Section(context.Background(), "a"); err == nil || s == nil || len(s.Macros) != 1 || s.Error == "" {
		t.Errorf("got %+v, %v; want one macro and an error", s, err)
	}
}

func TestWhyChains(t *testing.T) {
	x, _ := explainer(t, one(`[buildout]
parts = p q
[p]
recipe = r
x = ${d:x}
[d]
x = ${z:location}
[q]
recipe = r
x = ${z:location} ${z:x}
[z]
recipe = r
x = 1
`))
	w, err := x.Why("z", nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range w.Chains {
		way := "buildout"
		for _, l := range c {
			way += " " + l.To
		}
		got = append(got, way)
	}
	if want := []string{"buildout q z", "buildout p d z"}; !slices.Equal(got, want) || len(w.Users) != 3 || !w.Needed {
		t.Errorf("chains %q, %d users, needed %v; want %q, 3, true", got, len(w.Users), w.Needed, want)
	}
}

func TestReasonsWithCause(t *testing.T) {
	x, _ := explainer(t, one(`[buildout]
parts = p
[p]
recipe = r
x = ${d:x} ${d:same}
y = ${d:password}
[d]
x = ${e:x}
same = same
password = new-secret
[e]
x = new
`))
	n := &plan.Node{Part: "p", Reasons: []plan.Reason{
		{Msg: "option x changed", Option: "x", Old: "old same", New: "new same"},
		{Msg: "option y changed", Option: "y", Old: "old-secret", New: "new-secret"},
	}}
	r := x.reasons(n)
	if len(r[0].Cause) != 1 || r[0].Cause[0].Reference != "${e:x}" || r[0].Cause[0].Place.String() != "/p/buildout.cfg:12:1" {
		t.Errorf("cause %+v, want ${e:x} at 12:1", r[0].Cause)
	}
	if r[1].Old != "***" {
		t.Errorf("old value %q of an option made with a secret, want ***", r[1].Old)
	}
}

func TestPlanChanges(t *testing.T) {
	x, _ := explainer(t, one("[buildout]\nparts =\n"))
	tests := []struct {
		decision plan.Decision
		changes  bool
	}{{plan.Update, false}, {plan.Install, true}, {plan.Reinstall, true}, {plan.Remove, true}}
	for _, test := range tests {
		n := &plan.Node{Part: "p", Decision: test.decision, Old: &parts.Record{Part: "p", Options: map[string]string{"recipe": "r"}}}
		p := x.Plan(&plan.Graph{Parts: []*plan.Node{n}})
		if p.Changes != test.changes || p.Install[0].Recipe != "r" {
			t.Errorf("%s: changes %v, recipe %q", test.decision, p.Changes, p.Install[0].Recipe)
		}
	}
}
