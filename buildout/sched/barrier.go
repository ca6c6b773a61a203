package sched

// leave notes that a node has ended.
func (r *run) leave(rank int) {
	if rank < r.admitted {
		r.left--
	}
}

// admit goes on behind what has ended: to the next barrier, or over it.
func (r *run) admit() {
	for r.left == 0 && r.admitted < len(r.nodes) {
		from := r.admitted
		r.admitted++
		for !r.nodes[from].task.InOrder && r.admitted < len(r.nodes) && !r.nodes[r.admitted].task.InOrder {
			r.admitted++
		}
		for i := from; i < r.admitted; i++ {
			if r.nodes[i].state == blocked {
				continue
			}
			r.left++
			if r.nodes[i].open == 0 {
				r.move(i, ready)
			}
		}
	}
}
