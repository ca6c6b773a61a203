package sched

import "slices"

// claim is a thing that tasks need for themselves.
type claim struct {
	taken bool
	ready []*node // those that are ready but for it
}

// offer puts a ready node into the queue, unless what it needs for itself is
// taken.
func (r *run) offer(n *node) {
	if c := r.claimOf(n); c != nil {
		c.ready = append(c.ready, n)
		if c.taken {
			return
		}
	}
	r.queue.add(n.place, n.need)
}

// claim takes what n needs for itself: others leave the queue.
func (r *run) claim(n *node) {
	c := r.claimOf(n)
	if c == nil {
		return
	}
	c.taken = true
	c.ready = slices.DeleteFunc(c.ready, func(m *node) bool { return m == n })
	for _, m := range c.ready {
		r.queue.remove(m.place)
	}
}

// disclaim gives it back: the others are in the queue again.
func (r *run) disclaim(n *node) {
	c := r.claimOf(n)
	if c == nil {
		return
	}
	c.taken = false
	for _, m := range c.ready {
		r.queue.add(m.place, m.need)
	}
}

// claimed reports whether what n needs for itself is taken.
func (r *run) claimed(n *node) bool {
	c := r.claimOf(n)
	return c != nil && c.taken
}

func (r *run) claimOf(n *node) *claim {
	name := n.task.Alone
	if name == "" {
		return nil
	}
	if r.claims[name] == nil {
		r.claims[name] = &claim{}
	}
	return r.claims[name]
}
