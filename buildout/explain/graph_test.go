package explain

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestGraphEdges(t *testing.T) {
	x, order := explainer(t, one(`[buildout]
parts = top
[top]
recipe = r
x = ${data:x} ${middle:location} ${middle:x}
[middle]
recipe = r
x = ${base:location}
[data]
x = ${deep:x}
[deep]
x = ${base:location}
[base]
recipe = absent
`))
	tests := []struct {
		sections bool
		want     []string
	}{
		{false, []string{"middle base via [] implied false links 1", "top middle via [] implied false links 2", "top base via [data deep] implied true links 3"}},
		{true, []string{"middle base via [] implied false links 1", "top data via [] implied false links 1",
			"top middle via [] implied false links 2", "data deep via [] implied false links 1", "deep base via [] implied false links 1"}},
	}
	for _, test := range tests {
		g := x.Graph(context.Background(), order, test.sections)
		var got []string
		for _, e := range g.Edges {
			got = append(got, fmt.Sprintf("%s %s via %v implied %v links %d", e.From, e.To, e.Via, e.Implied, len(e.Links)))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("sections %v: got\n%s\nwant\n%s", test.sections, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
	g := x.Graph(context.Background(), order, false)
	if !g.Nodes[0].Unknown || g.Nodes[0].Name != "base" || g.Nodes[1].Unknown || !g.Nodes[2].Listed || g.Nodes[1].Location != "/p/parts/middle" {
		t.Errorf("nodes %+v %+v %+v", g.Nodes[0], g.Nodes[1], g.Nodes[2])
	}
}

// TestGraphCircle draws two parts that need each other.
func TestGraphCircle(t *testing.T) {
	x, order := explainer(t, one("[buildout]\nparts = a\n[a]\nrecipe = r\nx = ${b:y}\nz = 1\n[b]\nrecipe = r\ny = 1\nw = ${a:z}\n"))
	g := x.Graph(context.Background(), order, false)
	back := 0
	for _, e := range g.Edges {
		back += boolInt(e.Back)
	}
	if len(g.Edges) != 2 || back != 1 {
		t.Errorf("%d edges, %d back; want 2, 1", len(g.Edges), back)
	}
	g.lay()
	if g.Nodes[0].box.layer == g.Nodes[1].box.layer {
		t.Error("both parts stand in one layer")
	}
}

// random makes a graph with n nodes and edges from later to earlier ones.
func random(n, edges int) *Graph {
	r := rand.New(rand.NewPCG(1, 2))
	g := &Graph{Profile: "p"}
	index := map[string]int{}
	for i := range n {
		name := fmt.Sprintf("part-%d", i)
		index[name] = i
		g.Nodes = append(g.Nodes, &Node{Name: name, Part: true})
	}
	seen := map[[2]int]bool{}
	for range edges {
		from, to := r.IntN(n), r.IntN(n)
		if from < to {
			from, to = to, from
		}
		if from == to || seen[[2]int{from, to}] {
			continue
		}
		seen[[2]int{from, to}] = true
		g.Edges = append(g.Edges, &Edge{From: g.Nodes[from].Name, To: g.Nodes[to].Name, from: from, to: to})
	}
	g.mark(index)
	return g
}

func TestLayout(t *testing.T) {
	g := random(500, 1200)
	g.lay()
	again := random(500, 1200)
	again.lay()
	layers := map[int][]*Node{}
	for i, n := range g.Nodes {
		if n.box != again.Nodes[i].box {
			t.Fatalf("%s stands at %v and at %v", n.Name, n.box, again.Nodes[i].box)
		}
		if !n.box.lone {
			layers[n.box.layer] = append(layers[n.box.layer], n)
		}
	}
	for _, e := range g.Edges {
		from, to := g.Nodes[e.from].box, g.Nodes[e.to].box
		if from.x+from.w >= to.x {
			t.Errorf("%s -> %s leads from x %v to %v", e.From, e.To, from.x, to.x)
		}
		if want := to.layer - from.layer - 1; e.drawn() && len(e.bends) != want {
			t.Errorf("%s -> %s has %d bends, want %d", e.From, e.To, len(e.bends), want)
		}
	}
	for layer, row := range layers {
		slices.SortFunc(row, func(a, b *Node) int { return int(a.box.y*100) - int(b.box.y*100) })
		for i := 1; i < len(row); i++ {
			if gap := row[i].box.y - row[i-1].box.y; gap < rowHeight-0.01 {
				t.Errorf("layer %d: %s and %s are %v apart", layer, row[i-1].Name, row[i].Name, gap)
			}
		}
	}
}

// TestLayoutKeepsCrossingsLow compares the order with the one it starts from.
func TestLayoutKeepsCrossingsLow(t *testing.T) {
	g := random(200, 400)
	l := &layout{graph: g}
	l.makeSlots(l.layers())
	before := l.crossings()
	l.order()
	if after := l.crossings(); after*2 > before {
		t.Errorf("%d crossings, %d before; want less than half", after, before)
	}
}

func TestInversions(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		list := make([]int, r.IntN(12))
		for i := range list {
			list[i] = r.IntN(6)
		}
		want := 0
		for i := range list {
			for j := range i {
				want += boolInt(list[j] > list[i])
			}
		}
		if got := inversions(list, 6); got != want {
			t.Errorf("inversions(%v) = %d, want %d", list, got, want)
		}
	}
}

// TestLayoutOfHugeGraph draws a long chain with edges that pass all layers:
// bends would be 25 millions.
func TestLayoutOfHugeGraph(t *testing.T) {
	const n = 5000
	g := &Graph{}
	for i := range n {
		g.Nodes = append(g.Nodes, &Node{Name: fmt.Sprint(i)})
		if i > 0 {
			g.Edges = append(g.Edges, &Edge{from: i, to: i - 1}, &Edge{from: i, to: 0})
		}
	}
	g.lay()
	if g.Layers != n {
		t.Errorf("%d layers, want %d", g.Layers, n)
	}
}

// hostile is a profile with names and values that mean something in DOT or
// HTML.
const hostile = `[buildout]
parts = a"b\n<i> </script>
[a"b\n<i>]
recipe = r
x = </script><script>alert(1)</script> <!-- \ " &
y = ` + "\u2028" + `
[</script>]
recipe = r
x = 1
`

func TestHTMLIsSelfContained(t *testing.T) {
	x, order := explainer(t, one(hostile))
	var b bytes.Buffer
	if err := x.Graph(context.Background(), order, true).HTML(&b, func(s string) string { return s + "<title>" }); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if n := strings.Count(text, "</script>"); n != 2 {
		t.Errorf("%d </script>, want the page's own 2", n)
	}
	for _, bad := range []string{"<i>", "alert(1)</", " src=", " href=", "@import", "url("} {
		if strings.Contains(text, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	if strings.Contains(strings.ReplaceAll(text, "http://www.w3.org/2000/svg", ""), "://") {
		t.Error("the page names a URL")
	}
	_, data, _ := strings.Cut(text, `<script type="application/json" id="data">`)
	data, _, _ = strings.Cut(data, "</script>")
	var p page
	if err := json.Unmarshal([]byte(data), &p); err != nil {
		t.Fatal(err)
	}
	if len(p.Nodes) != 3 || p.Nodes[0].Name != `a"b\n<i>` || p.Nodes[0].Options[2][1] != "</script><script>alert(1)</script> <!-- \\ \" &" {
		t.Errorf("the data reads back as %+v", p.Nodes)
	}
}

func TestDOTQuotes(t *testing.T) {
	x, order := explainer(t, one(hostile))
	var b bytes.Buffer
	if err := x.Graph(context.Background(), order, true).DOT(&b); err != nil {
		t.Fatal(err)
	}
	if want := `"a\"b\\n<i>" [tooltip="r /p/buildout.cfg:3:2", style="rounded,bold"];`; !strings.Contains(b.String(), want) {
		t.Errorf("got\n%swant a line\n%s", b.String(), want)
	}
	for i, line := range strings.Split(b.String(), "\n") {
		line = strings.ReplaceAll(line, `\\`, "")
		if n := strings.Count(line, `"`) - strings.Count(line, `\"`); n%2 != 0 {
			t.Errorf("line %d has an open quote: %s", i+1, line)
		}
	}
	dot, err := exec.LookPath("dot")
	if err != nil {
		t.Skip("graphviz is not there")
	}
	c := exec.Command(dot, "-Tplain")
	c.Stdin = &b
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("dot: %v\n%s", err, out)
	}
}
