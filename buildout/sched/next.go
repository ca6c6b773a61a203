package sched

import "math"

// overtakings is how often a task is overtaken, for each slot. On random graphs
// of 100 tasks, a fifth of them wide, on 8 and 16 slots, the time over the lower
// bound is 24 and 32 % with 0, 13 and 14 % with 1, 9 and 13 % with 2, and no less
// without a limit.
const overtakings = 2

// next returns the rank of the node to start now, or -1. Its slots are taken.
func (r *run) next() int {
	first := r.first
	if first >= 0 && r.claimed(r.nodes[first]) {
		first = -1
	}
	if first < 0 {
		place := r.queue.first(need{r.slots.Total(), math.MaxInt64})
		if place < 0 {
			return -1
		}
		first = r.order[place]
	}
	n := r.nodes[first]
	switch single := r.slots.Total() == 1; {
	case single && r.busy > 0:
		return -1
	case n.need.memory <= r.memory && r.slots.Take(n.need.width):
		r.first = -1
		return first
	case single:
		return -1
	}
	return r.overtaker(first)
}

// overtaker is next when the first node does not fit.
func (r *run) overtaker(first int) int {
	n := r.nodes[first]
	most, harmless := need{r.slots.Total(), r.memory}, need{r.slots.Total(), 0}
	if n.need.memory <= r.memory {
		most, harmless = need{n.need.width - 1, r.memory}, need{0, r.memory}
	}
	if r.spent(n) {
		most = harmless
	}
	for {
		place := r.queue.first(most)
		if place < 0 {
			return -1
		}
		i := r.order[place]
		other := r.nodes[i].need
		if !r.slots.Take(other.width) {
			most.width = other.width - 1
			continue
		}
		if other.width > harmless.width || other.memory > harmless.memory {
			r.pass(first)
		}
		return i
	}
}

// pass notes that the first node was overtaken.
func (r *run) pass(first int) {
	n := r.nodes[first]
	n.passed++
	if r.spent(n) {
		r.first = first
	}
}

// spent reports whether n may not be overtaken any more.
func (r *run) spent(n *node) bool { return n.passed >= overtakings*r.slots.Total() }
