package jobs

// join makes the pool a client of the jobserver that gobuild was started with.
func (p *Pool) join() {
	if p.outer = openOuter(auth(p.options.Makeflags)); p.outer != nil {
		p.supply = 1
	}
}

// Joined reports whether the budget comes from the make that started gobuild.
func (p *Pool) Joined() bool { return p.outer != nil }

// borrow takes up to n tokens more from the outer jobserver.
func (p *Pool) borrow(n int) {
	if p.outer != nil && n > 0 && !p.closed {
		p.supply += p.outer.take(min(n, p.total-p.supply))
	}
}

// giveBack returns to the outer jobserver what nobody here needs.
func (p *Pool) giveBack() {
	if p.outer != nil && p.free() > p.demand {
		p.supply -= p.outer.give(p.free() - p.demand)
	}
}

// leave gives all back.
func (p *Pool) leave() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.outer == nil {
		return nil
	}
	p.supply -= p.outer.give(len(p.outer.held))
	p.outer.close()
	p.outer = nil
	return nil
}
