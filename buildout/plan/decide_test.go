package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/profile"
	"gobuild/parts"
)

func TestSameSignature(t *testing.T) {
	for _, c := range []struct {
		old, now string
		want     bool
	}{
		{"gobuild:cmmi-1", "gobuild:cmmi-1", true},
		{"gobuild:cmmi-1", "gobuild:cmmi-2", false},
		{"gobuild:cmmi-1", "gobuild:template-1", false},
		{"slapos.recipe.cmmi-0.23-py3.11.egg zc.buildout-6.0.1", "gobuild:cmmi-1", true},
		{"", "gobuild:cmmi-1", true},
	} {
		if got := sameSignature(c.old, c.now); got != c.want {
			t.Errorf("%q and %q: %v", c.old, c.now, got)
		}
	}
}

func TestSignature(t *testing.T) {
	if got := Signature(parts.Spec{Names: []string{"cmmi", "slapos.recipe.cmmi"}}); got != "gobuild:cmmi-1" {
		t.Errorf("version 0 gives %s", got)
	}
	if got := Signature(parts.Spec{Names: []string{"cmmi"}, Version: 3}); got != "gobuild:cmmi-3" {
		t.Errorf("version 3 gives %s", got)
	}
}

// reinstaller is an action that may ask to be installed anew.
type reinstaller bool

func (reinstaller) Run(context.Context, *parts.Work) error { return nil }
func (r reinstaller) MustReinstall(parts.Record) bool      { return bool(r) }
func record(part, options string, paths ...string) parts.Record { // options is "a=1 b=2"
	return parts.Record{Part: part, Options: assignments(options), Paths: paths, Signature: "gobuild:fake-1"}
}

func assignments(text string) map[string]string {
	m := map[string]string{}
	for _, word := range strings.Fields(text) {
		k, v, _ := strings.Cut(word, "=")
		m[k] = v
	}
	return m
}

// testBuilder is a builder where the paths "here…" exist.
func testBuilder(records []parts.Record, named ...string) *builder {
	p := &Planner{Evaluator: &profile.Evaluator{}, Recipe: func(string) (parts.Spec, bool) { return parts.Spec{}, false },
		Exists: func(path string) bool { return strings.HasPrefix(path, "here") }}
	return &builder{Planner: p, Input: Input{Records: records, Named: named}}
}

func node(part, options string) *Node {
	n := &Node{Part: part, Options: assignments(options), Signature: "gobuild:fake-1", Action: reinstaller(false)}
	n.recipe = n.Signature
	return n
}

// decisions is the parts of a graph with what happens to them.
func decisions(g *Graph) string {
	var list []string
	for _, n := range g.Removed {
		list = append(list, "-"+n.Part)
	}
	for _, n := range g.Parts {
		list = append(list, string(n.Decision)+" "+n.Part)
	}
	return strings.Join(list, ", ")
}

func TestDecide(t *testing.T) {
	for _, c := range []struct {
		name    string
		records []parts.Record
		parts   []*Node
		named   []string
		want    string
	}{
		{"nothing", nil, nil, nil, ""},
		{"new", nil, []*Node{node("a", "x=1")}, nil, "install a"},
		{"same", []parts.Record{record("a", "x=1", "here")}, []*Node{node("a", "x=1")}, nil, "update a"},
		{"changed", []parts.Record{record("a", "x=1", "here")}, []*Node{node("a", "x=2")}, nil, "-a, reinstall a"},
		{"lost path", []parts.Record{record("a", "x=1", "here", "gone")}, []*Node{node("a", "x=1")}, nil, "-a, reinstall a"},
		{"removed in reverse order", []parts.Record{record("a", ""), record("b", ""), record("c", "")}, []*Node{node("b", "")}, nil,
			"-c, -a, update b"},
		{"removed with reinstalled", []parts.Record{record("a", "x=1"), record("b", ""), record("c", "x=1")},
			[]*Node{node("c", "x=2"), node("a", "x=2")}, nil, "-c, -b, -a, reinstall c, reinstall a"},
		{"named parts remove nothing", []parts.Record{record("a", ""), record("b", "x=1")}, []*Node{node("b", "x=2")}, []string{"b"},
			"-b, reinstall b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := &Graph{Parts: c.parts}
			testBuilder(c.records, c.named...).decide(g)
			if got := decisions(g); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			for _, n := range append(slices.Clone(g.Parts), g.Removed...) {
				if (len(n.Reasons) == 0) != (n.Decision == Update) {
					t.Errorf("%s: %s with the reasons %v", n.Part, n.Decision, n.Reasons)
				}
				if (n.Old == nil) != (n.Decision == Install) {
					t.Errorf("%s: %s with the record %v", n.Part, n.Decision, n.Old)
				}
			}
		})
	}
}

// TestTakenOverSignature checks that a part keeps the signature that zc.buildout
// gave it, so that zc.buildout finds nothing changed afterwards.
func TestTakenOverSignature(t *testing.T) {
	old := record("a", "x=1")
	old.Signature = "eggs of Python"
	for want, n := range map[string]*Node{"eggs of Python": node("a", "x=1"), "gobuild:fake-1": node("a", "x=2")} {
		testBuilder([]parts.Record{old}).decide(&Graph{Parts: []*Node{n}})
		if n.Signature != want {
			t.Errorf("%s: signature %q, want %q", n.Decision, n.Signature, want)
		}
	}
}

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		name, now, old, paths, signature string
		want                             []string
	}{
		{"same", "a=1 b=2", "a=1 b=2", "here1 here2", "gobuild:fake-1", nil},
		{"all differences in order", "a=1 c=3 d=4", "b=2 c=4 e=5", "gone1 here gone2", "gobuild:fake-0", []string{
			`option a is new: "" -> "1"`, `option c changed: "4" -> "3"`, `option d is new: "" -> "4"`,
			`option b is gone: "2" -> ""`, `option e is gone: "5" -> ""`,
			`the recipe changed: "gobuild:fake-0" -> "gobuild:fake-1"`,
			`installed path gone1 is missing: "" -> ""`, `installed path gone2 is missing: "" -> ""`}},
		{"empty is not missing", "a=", "", "", "gobuild:fake-1", []string{`option a is new: "" -> ""`}},
		{"signature of zc.buildout", "a=1", "a=1", "", "eggs", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			old := parts.Record{Options: assignments(c.old), Paths: strings.Fields(c.paths), Signature: c.signature}
			var got []string
			for _, r := range testBuilder(nil).compare(node("p", c.now), old) {
				got = append(got, fmt.Sprintf("%s: %q -> %q", r.Msg, r.Old, r.New))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestCompareAsksTheRecipe(t *testing.T) {
	n := node("p", "a=1")
	n.Action = reinstaller(true)
	if got := testBuilder(nil).compare(n, record("p", "a=1")); len(got) != 1 || got[0].Msg != "the recipe asks for it" {
		t.Errorf("got %v", got)
	}
	if got := testBuilder(nil).compare(n, record("p", "a=2")); len(got) != 1 || got[0].Option != "a" {
		t.Errorf("got %v: the recipe is asked when nothing else has changed", got)
	}
}
