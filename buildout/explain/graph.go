package explain

import (
	"context"
	"slices"
)

// Graph is the graph of the parts of a profile: an edge leads from a part to
// what it needs.
type Graph struct {
	Profile  string  `json:"profile"`
	Dialect  string  `json:"dialect"`
	Sections bool    `json:"sections"` // nodes are all evaluated sections, not only parts
	Nodes    []*Node `json:"nodes"`    // in the order of installation; data sections behind
	Edges    []*Edge `json:"edges"`
	Layers   int     `json:"-"`
}

// Node is a part, or a section of data.
type Node struct {
	Name     string       `json:"name"`
	Part     bool         `json:"part"`
	Listed   bool         `json:"listed"` // in the parts option itself
	Recipe   string       `json:"recipe,omitempty"`
	Unknown  bool         `json:"unknown,omitempty"` // the recipe was not prepared
	Location string       `json:"location,omitempty"`
	Place    *Place       `json:"place,omitempty"`
	Options  []GraphValue `json:"options"`
	box      box
}

// GraphValue is an option of a Node.
type GraphValue struct {
	Option string `json:"option"`
	Value  string `json:"value"`
	Kind   string `json:"kind"`
	Place  *Place `json:"place,omitempty"`
}

// Edge says that a part needs another.
type Edge struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Links are the references; of an edge through sections that are no nodes
	// they are the steps of a shortest way.
	Links []Link   `json:"links"`
	Via   []string `json:"via,omitempty"` // those sections
	// Implied: a longer way leads from From to To, so that the edge can be left
	// out of a picture.
	Implied bool `json:"implied"`
	// Back: the two need each other; From is installed first.
	Back     bool `json:"back,omitempty"`
	from, to int
	bends    []float64 // y in each layer between
}

// Graph returns the graph of the evaluated parts, whose order of installation
// is order. With sections the data that they read are nodes too.
func (x *Explainer) Graph(ctx context.Context, order []string, sections bool) *Graph {
	g := &Graph{Profile: x.profile.Root, Dialect: string(x.profile.Dialect), Sections: sections, Nodes: []*Node{}, Edges: []*Edge{}}
	names := slices.Clone(order)
	if sections {
		for _, name := range x.eval.Touched() {
			if name != "buildout" && !slices.Contains(order, name) {
				names = append(names, name)
			}
		}
	}
	index := map[string]int{}
	for i, name := range names {
		index[name] = i
		g.Nodes = append(g.Nodes, x.node(ctx, name, i < len(order)))
	}
	links := x.links()
	for _, from := range names {
		g.Edges = append(g.Edges, edgesFrom(from, links, index)...)
	}
	g.mark(index)
	return g
}

func (x *Explainer) node(ctx context.Context, name string, part bool) *Node {
	e := x.eval.Known(name)
	n := &Node{Name: name, Part: part, Listed: slices.Contains(x.Listed(), name), Place: x.header(name), Options: []GraphValue{},
		Unknown: part && (e.IsHollow() || e.Action == nil)}
	s := &stepper{x, ctx, map[[2]string]bool{}}
	for _, key := range e.Keys() {
		o := s.origin(name, key, name)
		value := x.eval.Unescape(o.Value)
		switch key {
		case "recipe":
			n.Recipe = value
		case "location":
			n.Location = value
		}
		n.Options = append(n.Options, GraphValue{key, value, o.Kind, o.Place})
	}
	return n
}

// edgesFrom walks from a node to the next nodes, passing through sections that
// are none, the nearest first.
func edgesFrom(name string, links map[string][]Link, index map[string]int) []*Edge {
	var edges []*Edge
	at := map[string]*Edge{}
	ways := map[string][]Link{name: {}}
	queue := []string{name}
	for len(queue) > 0 {
		section := queue[0]
		queue = queue[1:]
		for _, l := range links[section] {
			switch _, isNode := index[l.To]; {
			case l.To == name || l.Reference == ByParts && l.From == "buildout":
			case isNode && at[l.To] == nil:
				at[l.To] = newEdge(name, l, ways[section], index)
				edges = append(edges, at[l.To])
			case isNode && section == name:
				at[l.To].Links = append(at[l.To].Links, l)
			case !isNode && ways[l.To] == nil:
				ways[l.To] = append(slices.Clip(ways[section]), l)
				queue = append(queue, l.To)
			}
		}
	}
	return edges
}

func newEdge(from string, last Link, way []Link, index map[string]int) *Edge {
	e := &Edge{From: from, To: last.To, Links: append(slices.Clip(way), last), from: index[from], to: index[last.To]}
	for _, l := range way {
		e.Via = append(e.Via, l.To)
	}
	return e
}

// mark finds the edges that close a circle, and those that longer ways imply.
func (g *Graph) mark(index map[string]int) {
	next := make([][]*Edge, len(g.Nodes))
	for _, e := range g.Edges {
		next[e.from] = append(next[e.from], e)
	}
	breakCircles(next)
	reach := reachable(next)
	for _, list := range next {
		for _, e := range list {
			e.Implied = !e.Back && slices.ContainsFunc(list, func(o *Edge) bool {
				return o != e && !o.Back && reach[o.to].has(e.to)
			})
		}
	}
}

// breakCircles marks the edges that lead back to a node that a depth-first
// walk has not left yet. The stack is explicit: profiles may be deep.
func breakCircles(next [][]*Edge) {
	const white, grey, black = 0, 1, 2
	color := make([]int, len(next))
	at := make([]int, len(next))
	for root := range next {
		if color[root] != white {
			continue
		}
		stack := []int{root}
		color[root] = grey
		for len(stack) > 0 {
			n := stack[len(stack)-1]
			if at[n] == len(next[n]) {
				color[n] = black
				stack = stack[:len(stack)-1]
				continue
			}
			e := next[n][at[n]]
			at[n]++
			switch color[e.to] {
			case grey:
				e.Back = true
			case white:
				color[e.to] = grey
				stack = append(stack, e.to)
			}
		}
	}
}

// bits is a set of nodes.
type bits []uint64

func (b bits) has(n int) bool { return b[n/64]>>(n%64)&1 == 1 }

// reachable returns for each node the set of those that forward edges lead to,
// itself left out.
func reachable(next [][]*Edge) []bits {
	sets := make([]bits, len(next))
	for _, n := range leavesFirst(next) {
		set := make(bits, len(next)/64+1)
		for _, e := range next[n] {
			if e.Back {
				continue
			}
			set[e.to/64] |= 1 << (e.to % 64)
			for i, w := range sets[e.to] {
				set[i] |= w
			}
		}
		sets[n] = set
	}
	return sets
}

// leavesFirst orders the nodes so that what a node needs comes before it.
func leavesFirst(next [][]*Edge) []int {
	left := make([]int, len(next)) // forward edges to nodes not yet ordered
	users := make([][]int, len(next))
	var order []int
	for n, list := range next {
		for _, e := range list {
			if !e.Back {
				left[n]++
				users[e.to] = append(users[e.to], n)
			}
		}
		if left[n] == 0 {
			order = append(order, n)
		}
	}
	for i := 0; i < len(order); i++ {
		for _, u := range users[order[i]] {
			if left[u]--; left[u] == 0 {
				order = append(order, u)
			}
		}
	}
	return order
}
