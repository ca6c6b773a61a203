package explain

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"math"
	"strings"
)

//go:embed graph.html
var graphPage string

// The marks of the page that are replaced.
const (
	titleMark = "{{title}}"
	dataMark  = "{{data}}"
)

// page is what the script of the page reads. Names are short: the page may
// hold thousands of options.
type page struct {
	Profile string       `json:"profile"`
	Dialect string       `json:"dialect"`
	Files   []string     `json:"files"`
	Columns [][2]float64 `json:"columns"` // left side and width of each layer
	Nodes   []pageNode   `json:"nodes"`
	Edges   []pageEdge   `json:"edges"`
}

type pageNode struct {
	Name     string   `json:"name"`
	Part     bool     `json:"part"`
	Listed   bool     `json:"listed,omitempty"`
	Unknown  bool     `json:"unknown,omitempty"`
	Recipe   string   `json:"recipe,omitempty"`
	Location string   `json:"location,omitempty"`
	Place    *[3]int  `json:"at,omitempty"`
	X        float64  `json:"x"`
	Y        float64  `json:"y"`
	W        float64  `json:"w"`
	Layer    int      `json:"layer"`
	Options  [][4]any `json:"options"` // name, value, kind, place
}

type pageEdge struct {
	From    int       `json:"f"`
	To      int       `json:"t"`
	Implied bool      `json:"i,omitempty"`
	Back    bool      `json:"b,omitempty"`
	Via     []string  `json:"via,omitempty"`
	Bends   []float64 `json:"bends,omitempty"`
	Links   [][4]any  `json:"links"` // from, option, reference, place
}

// HTML writes the graph as one page that needs nothing else: no network, no
// other file. file tells how the name of a file is shown.
func (g *Graph) HTML(w io.Writer, file func(string) string) error {
	g.lay()
	p := page{Profile: file(g.Profile), Dialect: g.Dialect, Columns: g.columns(), Nodes: []pageNode{}, Edges: []pageEdge{}}
	f := &fileTable{index: map[string]int{}, show: file}
	for _, n := range g.Nodes {
		p.Nodes = append(p.Nodes, n.page(f))
	}
	for _, e := range g.Edges {
		p.Edges = append(p.Edges, e.page(f))
	}
	p.Files = list(f.names)
	// The encoder writes <, > and & as escapes, so that no value can end the
	// script element.
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	head, tail, ok := strings.Cut(graphPage, dataMark)
	if !ok {
		return fmt.Errorf("the page has no %s", dataMark)
	}
	head = strings.ReplaceAll(head, titleMark, html.EscapeString(p.Profile))
	_, err = io.Copy(w, io.MultiReader(strings.NewReader(head), bytes.NewReader(data), strings.NewReader(tail)))
	return err
}

// columns returns the left side and the width of each layer.
func (g *Graph) columns() [][2]float64 {
	columns := make([][2]float64, g.Layers)
	for _, n := range g.Nodes {
		if l := n.box.layer; l >= 0 && !n.box.lone {
			columns[l] = [2]float64{n.box.x, max(columns[l][1], n.box.w)}
		}
	}
	for i, c := range columns {
		columns[i] = [2]float64{tenth(c[0]), tenth(c[1])}
	}
	return columns
}

// fileTable numbers the files that places name.
type fileTable struct {
	names []string
	index map[string]int
	show  func(string) string
}

func (f *fileTable) place(p *Place) *[3]int {
	if p == nil {
		return nil
	}
	i, known := f.index[p.File]
	if !known {
		i = len(f.names)
		f.index[p.File] = i
		f.names = append(f.names, f.show(p.File))
	}
	return &[3]int{i, p.Line, p.Column}
}

func (n *Node) page(f *fileTable) pageNode {
	p := pageNode{Name: n.Name, Part: n.Part, Listed: n.Listed, Unknown: n.Unknown, Recipe: n.Recipe, Location: n.Location,
		Place: f.place(n.Place), X: tenth(n.box.x), Y: tenth(n.box.y), W: tenth(n.box.w), Layer: n.box.layer, Options: [][4]any{}}
	for _, o := range n.Options {
		p.Options = append(p.Options, [4]any{o.Option, o.Value, o.Kind, f.place(o.Place)})
	}
	return p
}

func (e *Edge) page(f *fileTable) pageEdge {
	p := pageEdge{From: e.from, To: e.to, Implied: e.Implied, Back: e.Back, Via: e.Via, Links: [][4]any{}}
	for _, y := range e.bends {
		p.Bends = append(p.Bends, tenth(y))
	}
	for _, l := range e.Links {
		p.Links = append(p.Links, [4]any{l.From, l.Option, l.Reference, f.place(l.Place)})
	}
	return p
}

func tenth(v float64) float64 { return math.Round(v*10) / 10 }
