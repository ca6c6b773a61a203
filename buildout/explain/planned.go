package explain

import (
	"context"
	"slices"

	"gobuild/buildout/cfg"
	"gobuild/buildout/plan"
)

// Plan is what a run would do.
type Plan struct {
	Changes bool     `json:"changes"` // something would be installed, reinstalled or removed
	Remove  []Action `json:"remove"`  // in order; also what is reinstalled
	Install []Action `json:"install"` // in order; also what is reinstalled or updated
}

// Action is what would happen to one part.
type Action struct {
	Part     string   `json:"part"`
	Decision string   `json:"decision"`
	Recipe   string   `json:"recipe,omitempty"`
	Place    *Place   `json:"place,omitempty"`
	Needs    []string `json:"needs"`
	Reasons  []Reason `json:"reasons"`
}

// Plan tells what the graph of a dry run holds.
func (x *Explainer) Plan(g *plan.Graph) *Plan {
	p := &Plan{Remove: []Action{}, Install: []Action{}}
	for _, n := range g.Removed {
		p.Remove = append(p.Remove, x.action(n))
	}
	for _, n := range g.Parts {
		p.Install = append(p.Install, x.action(n))
	}
	p.Changes = slices.ContainsFunc(slices.Concat(p.Remove, p.Install), func(a Action) bool {
		return a.Decision != string(plan.Update)
	})
	return p
}

func (x *Explainer) action(n *plan.Node) Action {
	a := Action{Part: n.Part, Decision: string(n.Decision), Recipe: n.Options["recipe"], Place: placeOf(n.At),
		Needs: list(n.Needs), Reasons: x.reasons(n)}
	if n.Options == nil && n.Old != nil {
		a.Recipe = n.Old.Options["recipe"]
	}
	return a
}

// Listed returns the words of [buildout] parts.
func (x *Explainer) Listed() []string {
	e := x.eval.Known("buildout")
	if e == nil {
		return nil
	}
	value, _, _ := e.Get(context.Background(), "parts")
	return cfg.Fields(value)
}
