package explain

import (
	"cmp"
	"slices"
	"unicode/utf8"
)

// Sizes of the picture, in units of its coordinates.
const (
	rowHeight  = 26.0 // of a part, with the space around it
	bendHeight = 9.0  // of an edge that passes a layer
	gapWidth   = 64.0 // between layers
	charWidth  = 6.7  // of the names' font
	padding    = 22.0 // of a name in its box
	maxName    = 34   // characters shown of a name
)

// maxBends limits the points in which edges pass layers: above it edges go
// straight.
const maxBends = 200_000

// box is where a node stands: x is its left side, y its middle.
type box struct {
	layer   int
	x, y, w float64
	lone    bool // without edges, below the layers
}

// layout is a layered drawing in the way of Sugiyama: layers by longest paths,
// order within them by barycenters, then places that keep edges straight.
type layout struct {
	graph *Graph
	slots []slot
	rows  [][]int // slots of each layer, in order
	lone  []int   // nodes without edges
}

// slot is a node, or the point in which an edge passes a layer.
type slot struct {
	node  int // or -1
	edge  *Edge
	layer int
	users []int // slots in the layer before
	needs []int // slots in the layer behind
	rank  float64
	y     float64
}

func (s *slot) height() float64 {
	if s.node < 0 {
		return bendHeight
	}
	return rowHeight
}

// lay places all nodes and bends of the graph.
func (g *Graph) lay() {
	l := &layout{graph: g}
	layers := l.layers()
	l.makeSlots(layers)
	l.order()
	l.settle()
	l.finish()
}

// drawn reports whether an edge counts for the drawing.
func (e *Edge) drawn() bool { return !e.Implied && !e.Back }

// layers gives each node with edges its layer: one behind the last of its
// users; then nodes that hang more on what they need move towards it.
func (l *layout) layers() []int {
	next := make([][]*Edge, len(l.graph.Nodes))
	users := make([]int, len(next))
	linked := make([]bool, len(next))
	for _, e := range l.graph.Edges {
		linked[e.from], linked[e.to] = true, true
		if e.drawn() {
			next[e.from] = append(next[e.from], e)
			users[e.to]++
		}
	}
	layer := make([]int, len(next))
	order := leavesFirst(next)
	for _, n := range slices.Backward(order) {
		for _, e := range next[n] {
			layer[e.to] = max(layer[e.to], layer[n]+1)
		}
	}
	for _, n := range order {
		if len(next[n]) > 0 && len(next[n]) > users[n] {
			nearest := layer[next[n][0].to]
			for _, e := range next[n] {
				nearest = min(nearest, layer[e.to])
			}
			layer[n] = nearest - 1
		}
	}
	for n := range layer {
		if !linked[n] {
			layer[n] = -1
			l.lone = append(l.lone, n)
		}
	}
	return layer
}

// makeSlots makes the slots of nodes and bends, and links them.
func (l *layout) makeSlots(layers []int) {
	at := make([]int, len(layers))
	bends := 0
	for n, layer := range layers {
		if layer >= 0 {
			at[n] = l.add(slot{node: n, layer: layer})
		}
	}
	for _, e := range l.graph.Edges {
		if e.drawn() {
			bends += layers[e.to] - layers[e.from] - 1
		}
	}
	for _, e := range l.graph.Edges {
		if !e.drawn() {
			continue
		}
		last := at[e.from]
		for layer := layers[e.from] + 1; layer < layers[e.to] && bends <= maxBends; layer++ {
			next := l.add(slot{node: -1, edge: e, layer: layer})
			l.link(last, next)
			last = next
		}
		l.link(last, at[e.to])
	}
	for _, row := range l.rows {
		l.rerank(row)
	}
}

func (l *layout) add(s slot) int {
	for len(l.rows) <= s.layer {
		l.rows = append(l.rows, nil)
	}
	l.slots = append(l.slots, s)
	l.rows[s.layer] = append(l.rows[s.layer], len(l.slots)-1)
	return len(l.slots) - 1
}

func (l *layout) link(user, need int) {
	l.slots[user].needs = append(l.slots[user].needs, need)
	l.slots[need].users = append(l.slots[need].users, user)
}

func (l *layout) rerank(row []int) {
	for i, s := range row {
		l.slots[s].rank = float64(i)
	}
}

// sweeps is how often the order is improved in both directions.
const sweeps = 24

// order sorts the layers by the mean rank of neighbours, to and fro, and keeps
// the order with the fewest crossings.
func (l *layout) order() {
	best, fewest := l.copyRows(), l.crossings()
	for i := range sweeps {
		if i%2 == 0 {
			for _, row := range l.rows {
				l.sortRow(row, func(s *slot) []int { return s.users })
			}
		} else {
			for _, row := range slices.Backward(l.rows) {
				l.sortRow(row, func(s *slot) []int { return s.needs })
			}
		}
		if n := l.crossings(); n < fewest {
			best, fewest = l.copyRows(), n
		}
	}
	l.rows = best
	for _, row := range l.rows {
		l.rerank(row)
	}
}

func (l *layout) copyRows() [][]int {
	rows := make([][]int, len(l.rows))
	for i, row := range l.rows {
		rows[i] = slices.Clone(row)
	}
	return rows
}

// sortRow sorts a layer; a slot without neighbours stays where it is among the
// others, as far as that can be said.
func (l *layout) sortRow(row []int, neighbours func(*slot) []int) {
	key := make(map[int]float64, len(row))
	for _, i := range row {
		key[i] = l.mean(neighbours(&l.slots[i]), l.slots[i].rank, func(s *slot) float64 { return s.rank })
	}
	slices.SortStableFunc(row, func(a, b int) int { return cmp.Compare(key[a], key[b]) })
	l.rerank(row)
}

func (l *layout) mean(list []int, none float64, of func(*slot) float64) float64 {
	if len(list) == 0 {
		return none
	}
	sum := 0.0
	for _, i := range list {
		sum += of(&l.slots[i])
	}
	return sum / float64(len(list))
}

// crossings counts the crossings between neighbouring layers.
func (l *layout) crossings() int {
	total := 0
	for _, row := range l.rows {
		var ends []int
		behind := 0
		for _, i := range row {
			from := len(ends)
			for _, n := range l.slots[i].needs {
				if l.slots[n].layer == l.slots[i].layer+1 {
					ends = append(ends, int(l.slots[n].rank))
					behind = max(behind, int(l.slots[n].rank))
				}
			}
			slices.Sort(ends[from:])
		}
		total += inversions(ends, behind+1)
	}
	return total
}

// inversions counts the pairs of a list that are out of order, by a binary
// indexed tree over values below limit.
func inversions(list []int, limit int) int {
	tree := make([]int, limit+1)
	total := 0
	for seen, v := range list {
		notAbove := 0
		for i := v + 1; i > 0; i -= i & -i {
			notAbove += tree[i]
		}
		total += seen - notAbove
		for i := v + 1; i <= limit; i += i & -i {
			tree[i]++
		}
	}
	return total
}

// settle gives the slots their y: near the mean of their neighbours, apart
// from each other.
func (l *layout) settle() {
	for _, row := range l.rows {
		y := 0.0
		for _, i := range row {
			h := l.slots[i].height()
			l.slots[i].y = y + h/2
			y += h
		}
		for _, i := range row {
			l.slots[i].y -= y / 2
		}
	}
	for i := range sweeps {
		switch i % 3 {
		case 0:
			for _, row := range l.rows {
				l.settleRow(row, func(s *slot) []int { return s.users })
			}
		case 1:
			for _, row := range slices.Backward(l.rows) {
				l.settleRow(row, func(s *slot) []int { return s.needs })
			}
		default:
			for _, row := range l.rows {
				l.settleRow(row, func(s *slot) []int { return slices.Concat(s.users, s.needs) })
			}
		}
	}
}

// block is a run of slots that touch each other.
type block struct {
	first, count int
	sum, weight  float64 // of what the slots desire, less their offset
}

func (b block) mean() float64 { return b.sum / b.weight }

// settleRow puts the slots of a layer as near as possible, by squares, to what
// they desire: blocks that would overlap are joined (isotonic regression).
func (l *layout) settleRow(row []int, neighbours func(*slot) []int) {
	offsets := make([]float64, len(row))
	var blocks []block
	for n, i := range row {
		s := &l.slots[i]
		if n > 0 {
			offsets[n] = offsets[n-1] + (l.slots[row[n-1]].height()+s.height())/2
		}
		desired := l.mean(neighbours(s), s.y, func(o *slot) float64 { return o.y })
		weight := 1.0
		if s.node < 0 {
			weight = 2 // straight edges before straight parts
		}
		blocks = append(blocks, block{n, 1, (desired - offsets[n]) * weight, weight})
		for k := len(blocks) - 1; k > 0 && blocks[k-1].mean() > blocks[k].mean(); k-- {
			a, b := blocks[k-1], blocks[k]
			blocks = append(blocks[:k-1], block{a.first, a.count + b.count, a.sum + b.sum, a.weight + b.weight})
		}
	}
	for _, b := range blocks {
		for n := b.first; n < b.first+b.count; n++ {
			l.slots[row[n]].y = b.mean() + offsets[n]
		}
	}
}

// finish gives nodes their boxes and edges their bends.
func (l *layout) finish() {
	top, bottom := 0.0, 0.0
	x := 0.0
	for layer, row := range l.rows {
		width := 0.0
		for _, i := range row {
			s := &l.slots[i]
			top, bottom = min(top, s.y), max(bottom, s.y)
			if s.node >= 0 {
				n := l.graph.Nodes[s.node]
				n.box = box{layer: layer, x: x, y: s.y, w: nameWidth(n.Name)}
				width = max(width, n.box.w)
			}
		}
		x += width + gapWidth
	}
	for _, row := range l.rows { // layers are walked in order, and so are the bends of an edge
		for _, i := range row {
			if s := &l.slots[i]; s.node < 0 {
				s.edge.bends = append(s.edge.bends, s.y)
			}
		}
	}
	l.graph.Layers = len(l.rows)
	l.placeLone(bottom+3*rowHeight, max(x-gapWidth, 1200))
}

// placeLone puts the nodes without edges in lines below the others.
func (l *layout) placeLone(y, width float64) {
	x := 0.0
	for _, i := range l.lone {
		n := l.graph.Nodes[i]
		w := nameWidth(n.Name)
		if x > 0 && x+w > width {
			x, y = 0, y+rowHeight
		}
		n.box = box{layer: -1, x: x, y: y, w: w, lone: true}
		x += w + padding
	}
}

func nameWidth(name string) float64 {
	return float64(min(utf8.RuneCountInString(name), maxName))*charWidth + padding
}
