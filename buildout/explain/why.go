package explain

import (
	"cmp"
	"slices"

	"gobuild/buildout/plan"
	"gobuild/buildout/profile"
)

// Link is a reference from one section to another.
type Link struct {
	From      string `json:"from"`
	Option    string `json:"option,omitempty"`
	Reference string `json:"reference"` // ${section:option}, or one of the By constants
	To        string `json:"to"`
	Place     *Place `json:"place,omitempty"`
}

// Why says why a part is there and what will become of it.
type Why struct {
	Part   string `json:"part"`
	Place  *Place `json:"place,omitempty"`
	Recipe string `json:"recipe,omitempty"`
	// Needed: the parts that the profile lists lead to it.
	Needed bool `json:"needed"`
	// Chains lead from [buildout] to the part, one for each section that
	// refers to it directly, the shortest first.
	Chains [][]Link `json:"chains"`
	// Users are all references to it in sections that are evaluated.
	Users []Link `json:"users"`
	// Idle are references in sections that nothing leads to.
	Idle []User `json:"idle"`
	// Decision is that of the plan, or "" when there is none.
	Decision string   `json:"decision,omitempty"`
	Reasons  []Reason `json:"reasons"`
	// NoPlan says why there is no decision.
	NoPlan string `json:"no_plan,omitempty"`
}

// Why explains why a part is there. All parts of the profile are evaluated
// before. With a plan g, which may be nil, an installed part may be
// asked for that the profile does not know any more.
func (x *Explainer) Why(part string, g *plan.Graph) (*Why, error) {
	w := &Why{Part: part, Place: x.header(part), Chains: [][]Link{}, Users: []Link{}, Idle: []User{}, Reasons: []Reason{}}
	x.decision(w, g)
	if x.profile.Sections[part] == nil {
		if w.Decision == "" {
			return nil, unknownSection(part, x.profile.Names())
		}
		return w, nil
	}
	w.Recipe = x.recipe(part)
	links := x.links()
	for _, from := range sortedKeys(links) {
		for _, l := range links[from] {
			if l.To == part && from != part {
				w.Users = append(w.Users, l)
			}
		}
	}
	w.Chains = chains(links, part, w.Users)
	w.Needed = len(w.Chains) > 0
	for _, u := range x.usersOf(part, "") {
		evaluated := func(name string) bool { return x.eval.Known(name) != nil }
		if !slices.ContainsFunc(append(slices.Clip(u.Also), u.Section), evaluated) && u.Section != part {
			w.Idle = append(w.Idle, u)
		}
	}
	return w, nil
}

func (x *Explainer) decision(w *Why, g *plan.Graph) {
	if g == nil {
		return
	}
	for _, n := range slices.Concat(g.Removed, g.Parts) {
		if n.Part == w.Part {
			w.Decision, w.Reasons = string(n.Decision), x.reasons(n)
			return
		}
	}
}

// links returns, for each evaluated section, its references to others.
func (x *Explainer) links() map[string][]Link {
	all := map[string][]Link{}
	for _, name := range x.eval.Touched() {
		all[name] = x.linksOf(x.eval.Known(name))
	}
	return all
}

// linksOf returns the references of an evaluated section to other sections.
// What it reads without a reference its recipe reads.
func (x *Explainer) linksOf(e *profile.Evaluated) []Link {
	var list []Link
	found := map[string]bool{}
	for _, u := range x.usersIn(e.Name) {
		if u.To == e.Name || u.Reference == ByMacro || x.eval.Known(u.To) == nil {
			continue
		}
		if u.Reference != ByParts && !slices.Contains(e.Needs(), u.To) {
			continue
		}
		found[u.To] = true
		list = append(list, Link{e.Name, u.Option, u.Reference, u.To, u.Place})
	}
	if e.Name == "buildout" {
		list = append(list, x.computedParts(e, found)...)
	}
	for _, need := range e.Needs() {
		if !found[need] {
			list = append(list, Link{From: e.Name, Reference: ByRecipe, To: need, Place: placeOf(e.Header)})
		}
	}
	return list
}

// computedParts are the listed parts whose names a reference in `parts`
// brings.
func (x *Explainer) computedParts(e *profile.Evaluated, found map[string]bool) []Link {
	var list []Link
	for _, name := range x.Listed() {
		if !found[name] {
			found[name] = true
			list = append(list, Link{e.Name, "parts", ByParts, name, placeOf(e.At("parts"))})
		}
	}
	return list
}

// chains finds for each direct user of part the shortest way from [buildout]
// to it, and on to part.
func chains(links map[string][]Link, part string, users []Link) [][]Link {
	before := shortest(links, part)
	out := [][]Link{}
	seen := map[string]bool{}
	for _, u := range users {
		if seen[u.From] {
			continue
		}
		seen[u.From] = true
		if u.From != "buildout" && before[u.From] == nil {
			continue
		}
		chain := []Link{u}
		for at := u.From; at != "buildout"; at = chain[0].From {
			chain = append([]Link{*before[at]}, chain...)
		}
		out = append(out, chain)
	}
	slices.SortStableFunc(out, func(a, b []Link) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), slices.CompareFunc(a, b, func(k, l Link) int { return cmp.Compare(k.To, l.To) }))
	})
	return out
}

// shortest returns for each section that [buildout] leads to without passing
// avoid the last link of a shortest way.
func shortest(links map[string][]Link, avoid string) map[string]*Link {
	before := map[string]*Link{}
	queue := []string{"buildout"}
	for len(queue) > 0 {
		from := queue[0]
		queue = queue[1:]
		for i, l := range links[from] {
			if l.To != avoid && l.To != "buildout" && before[l.To] == nil {
				before[l.To] = &links[from][i]
				queue = append(queue, l.To)
			}
		}
	}
	return before
}
