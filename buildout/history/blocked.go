package history

import (
	"slices"

	"gobuild/buildout/plan"
)

// addPlan completes the parts by what was planned: decisions, needs, and the
// parts that did not come to their turn.
func (r *Recorder) addPlan() {
	if r.graph == nil {
		return
	}
	n := newNeeds(r.graph, r.run.Parts)
	quiet := make(map[string]bool, len(r.idle))
	for _, name := range r.idle {
		quiet[name] = true
	}
	for _, node := range r.graph.Removed {
		if node.Decision == plan.Remove && n.parts[node.Part] == nil {
			r.run.Parts = append(r.run.Parts, &Part{Part: node.Part, Decision: string(node.Decision), Result: NotStarted})
		}
	}
	for _, node := range r.graph.Parts {
		if n.installed(node.Part) || quiet[node.Part] {
			continue
		}
		p := &Part{Part: node.Part, Decision: string(node.Decision), Result: NotStarted, Blocker: n.blockers(node.Part)}
		if len(p.Blocker) > 0 {
			p.Result = Blocked
		}
		r.run.Parts = append(r.run.Parts, p)
		n.parts[node.Part] = append(n.parts[node.Part], p)
	}
	for _, p := range r.run.Parts {
		if node := n.nodes[p.Part]; node != nil {
			p.Decision = string(node.Decision)
			if p.Verb != Uninstalling {
				p.Needs = n.recorded(node)
			}
		}
	}
}

// needs answers questions about the graph of a run.
type needs struct {
	nodes    map[string]*plan.Node
	parts    map[string][]*Part
	through  map[string][]string // memory of recorded
	stopping map[string][]string // memory of blockers
}

func newNeeds(g *plan.Graph, list []*Part) *needs {
	n := &needs{nodes: make(map[string]*plan.Node, len(g.Parts)), parts: make(map[string][]*Part, len(list)),
		through: map[string][]string{}, stopping: map[string][]string{}}
	for _, nodes := range [][]*plan.Node{g.Removed, g.Parts} {
		for _, node := range nodes {
			n.nodes[node.Part] = node
		}
	}
	for _, p := range list {
		n.parts[p.Part] = append(n.parts[p.Part], p)
	}
	return n
}

// installed reports whether the part came to its turn, other than to be
// removed.
func (n *needs) installed(part string) bool {
	return slices.ContainsFunc(n.parts[part], func(p *Part) bool { return p.started() && p.Verb != Uninstalling })
}

// failed reports whether the part failed.
func (n *needs) failed(part string) bool {
	return slices.ContainsFunc(n.parts[part], func(p *Part) bool { return p.Result == Failed })
}

// recorded lists the parts of the run that a part needs: directly, or through
// parts that had nothing to do.
func (n *needs) recorded(node *plan.Node) []string {
	if list, known := n.through[node.Part]; known {
		return list
	}
	n.through[node.Part] = nil // ends a circle
	var list []string
	for _, name := range node.Needs {
		if len(n.parts[name]) > 0 {
			list = append(list, name)
		} else if next := n.nodes[name]; next != nil {
			list = append(list, n.recorded(next)...)
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	n.through[node.Part] = list
	return list
}

// maxBlockers bounds what a blocked part tells.
const maxBlockers = 20

// blockers lists the failed parts that a part stands on.
func (n *needs) blockers(part string) []string {
	if list, known := n.stopping[part]; known {
		return list
	}
	n.stopping[part] = nil // ends a circle
	node := n.nodes[part]
	if node == nil {
		return nil
	}
	var list []string
	for _, name := range node.Needs {
		if n.failed(name) {
			list = append(list, name)
		} else {
			list = append(list, n.blockers(name)...)
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	list = slices.Clip(list[:min(len(list), maxBlockers)])
	n.stopping[part] = list
	return list
}
