package explain

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"gobuild/buildout/plan"
	"gobuild/buildout/profile"
)

// Reason is one reason of a decision.
type Reason struct {
	Message string   `json:"message"`
	Option  string   `json:"option,omitempty"`
	Input   string   `json:"input,omitempty"` // the local file that changed
	Old     string   `json:"old,omitempty"`
	New     string   `json:"new,omitempty"`
	Diff    []string `json:"diff,omitempty"` // of lines, when a value has several
	Place   *Place   `json:"place,omitempty"`
	// Cause lists the references that brought the new value: what they stand
	// for is in it and was not in the old one.
	Cause []Cause `json:"cause,omitempty"`
	// Chain lists the parts through which a change comes to this part, the one
	// that begins it first; "…" stands for some of a long one. Because says what
	// changed there.
	Chain   []string `json:"chain,omitempty"`
	Because string   `json:"because,omitempty"`
}

// Cause is a reference that brought a new value.
type Cause struct {
	Reference string `json:"reference"`
	Section   string `json:"section"`
	Option    string `json:"option"`
	Origin
}

// diffContext is how many equal lines are shown beside changed ones.
const diffContext = 2

// reasons takes the reasons of a node of the plan.
func (x *Explainer) reasons(n *plan.Node) []Reason {
	out := []Reason{}
	for _, r := range n.Reasons {
		s := Reason{Message: x.masked("", r.Msg), Option: r.Option, Input: r.Input}
		chain, because, at := r.Chain()
		s.Chain, s.Because, s.Place = chain, x.masked("", because), placeOf(at)
		s.Old, s.New = x.masked(r.Option, r.Old), x.masked(r.Option, r.New)
		if r.Old != "" && r.Old != r.New && x.leadsToSecret(n.Part, r.Option, map[[2]string]bool{}) {
			s.Old = x.mask(secretName, r.Old) // what stood there for the reference is not known any more
		} else if strings.Contains(s.Old, "\n") || strings.Contains(s.New, "\n") {
			s.Diff = Diff(s.Old, s.New, diffContext)
		}
		s.Cause = x.causes(n.Part, r)
		out = append(out, s)
	}
	return out
}

// causes finds the innermost references in an option whose values are in its
// new value but were not in the old one.
func (x *Explainer) causes(part string, r plan.Reason) []Cause {
	if r.Option == "" || r.Old == "" || x.profile.Sections[part] == nil {
		return nil
	}
	s := &stepper{x, context.Background(), map[[2]string]bool{}}
	var list []Cause
	var walk func(steps []Step) bool
	walk = func(steps []Step) (found bool) {
		for _, t := range steps {
			new := t.Value != "" && strings.Contains(r.New, t.Value) && !strings.Contains(r.Old, t.Value)
			if !new {
				continue
			}
			found = true
			if !walk(t.Steps) {
				list = append(list, Cause{t.Reference, t.Section, t.Option,
					Origin{t.Value, t.Kind, t.Defined, t.Source, t.Recipe}})
			}
		}
		return found
	}
	walk(s.steps(part, r.Option))
	return list
}

// secretName is the name of an option that holds a secret.
const secretName = "password"

// leadsToSecret reports whether the value of an option is made with one that
// holds a secret.
func (x *Explainer) leadsToSecret(section, option string, seen map[[2]string]bool) bool {
	key := [2]string{section, option}
	if x.mask == nil || seen[key] || x.profile.Sections[section] == nil {
		return false
	}
	seen[key] = true
	if x.mask(option, "-") != "-" {
		return true
	}
	v := x.options(section)[option]
	if v == nil {
		return false
	}
	return slices.ContainsFunc(v.References(), func(r profile.Reference) bool {
		return x.leadsToSecret(cmp.Or(r.Section, section), r.Option, seen)
	})
}
