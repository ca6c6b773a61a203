package sched

import "math"

// queue holds the ready tasks at their places in the order. It is a heap whose
// leaves stay where they are (a tournament): entry 1 is the root, the children
// of entry i are 2i and 2i+1, and the leaf of place p is leaves+p. Each entry
// has the least of what the tasks below it need, so the first task that fits
// is found without looking at those that do not.
type queue struct {
	leaves int
	least  []need
}

// need is what a task takes while it runs.
type need struct {
	width  int
	memory int64
}

// nobody is the need of an empty leaf: wider than any run.
var nobody = need{math.MaxInt, math.MaxInt64}

// newQueue returns a queue for places 0 to n-1.
func newQueue(n int) *queue {
	leaves := 1
	for leaves < n {
		leaves *= 2
	}
	q := &queue{leaves, make([]need, 2*leaves)}
	for i := range q.least {
		q.least[i] = nobody
	}
	return q
}

func (q *queue) add(place int, n need) { q.set(place, n) }

func (q *queue) remove(place int) { q.set(place, nobody) }

func (q *queue) set(place int, n need) {
	i := q.leaves + place
	q.least[i] = n
	for i /= 2; i > 0; i /= 2 {
		l, r := q.least[2*i], q.least[2*i+1]
		least := need{min(l.width, r.width), min(l.memory, r.memory)}
		if q.least[i] == least {
			return
		}
		q.least[i] = least
	}
}

// first returns the first place whose task needs at most that much, or -1.
func (q *queue) first(most need) int { return q.below(1, most) }

func (q *queue) below(i int, most need) int {
	switch least := q.least[i]; {
	case least.width > most.width || least.memory > most.memory:
		return -1
	case i >= q.leaves:
		return i - q.leaves
	}
	if place := q.below(2*i, most); place >= 0 {
		return place
	}
	return q.below(2*i+1, most)
}

func (q *queue) empty() bool { return q.least[1] == nobody }
