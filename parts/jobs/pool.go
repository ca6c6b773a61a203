package jobs

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// tick is how often tokens are moved between parts.
const tick = 20 * time.Millisecond

// Options of a Pool.
type Options struct {
	// Dir is where fifos are made, when there are any. It belongs to the pool:
	// New deletes what a killed run left there.
	Dir string
	// Launcher is the path of the gobuild binary. It runs an old ninja with a
	// share of the budget; "" leaves such a ninja alone.
	Launcher string
	// Makeflags is the MAKEFLAGS that gobuild itself was started with. When it
	// names a jobserver that can be used, the budget comes from there.
	Makeflags string
	// Alone makes a budget of gobuild's own all the same.
	Alone bool
	// Changed is told how many tokens are in use, when the number has changed.
	// It must not call the Pool. It may be nil.
	Changed func(used int)
}

// Pool is the budget. Its methods may be called by several goroutines at once.
type Pool struct {
	options Options
	total   int
	tools   *tools
	freed   chan struct{}
	closing chan struct{}
	workers sync.WaitGroup

	mu      sync.Mutex
	home    home
	outer   *outer // nil when the budget is gobuild's own
	supply  int    // tokens that there are: total, but for an outer jobserver
	taken   int
	demand  int      // of the last Take, when it failed
	waited  int      // ticks for which demand was free and nobody took it
	shares  []*Share // that have a fifo
	now     int64    // ticks
	ticking bool
	closed  bool
	used    int // told to Changed
}

// New returns a Pool of total tokens, all free.
func New(total int, o Options) (*Pool, error) {
	if total < 1 {
		return nil, fmt.Errorf("make a budget of %d jobs: there must be one at least", total)
	}
	if err := clean(o.Dir); err != nil {
		return nil, fmt.Errorf("clean %s: %w", o.Dir, err)
	}
	p := &Pool{options: o, total: total, supply: total, tools: newTools(), freed: make(chan struct{}, 1), closing: make(chan struct{})}
	if total > 1 && !o.Alone {
		p.join()
	}
	return p, nil
}

// Total is the number of tokens.
func (p *Pool) Total() int { return p.total }

// Freed has an element when tokens may have become free.
func (p *Pool) Freed() <-chan struct{} { return p.freed }

// Take takes n tokens if they are free or unread. If it cannot, tokens that
// become free are kept until the next Take, or until it is late for them. A
// Take of more than Total never succeeds.
func (p *Pool) Take(n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.demand, p.waited = n, 0
	p.balance()
	p.reclaimAny(n)
	ok := p.free() >= n && !p.closed
	if ok || n > p.total {
		p.demand = 0
	}
	if ok {
		p.taken += n
		p.balance()
	} else if p.outer != nil {
		p.watch()
	}
	p.report()
	return ok
}

// Release gives back n tokens that were taken.
func (p *Pool) Release(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n < 0 || n > p.taken {
		panic(fmt.Sprintf("jobs: release %d of %d tokens", n, p.taken))
	}
	p.taken -= n
	p.settle()
}

// settle does what follows when tokens became free.
func (p *Pool) settle() {
	p.balance()
	p.signal()
	p.report()
}

func (p *Pool) signal() {
	select {
	case p.freed <- struct{}{}:
	default:
	}
}

// offer signals when a Take that failed would not fail now.
func (p *Pool) offer() {
	if p.demand > 0 && p.free() >= p.demand {
		p.signal()
	}
}

// InUse is the number of tokens that are taken or that a make has read.
func (p *Pool) InUse() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.inUse()
}

func (p *Pool) inUse() int {
	n := p.taken
	for _, s := range p.shares {
		n += s.inUse()
	}
	return n
}

// report tells Changed.
func (p *Pool) report() {
	if p.options.Changed == nil {
		return
	}
	if used := p.inUse(); used != p.used {
		p.used = used
		p.options.Changed(used)
	}
}

// free is what is neither taken nor granted. An outer jobserver may have less
// than what is taken by the first part.
func (p *Pool) free() int {
	n := p.supply - p.taken
	for _, s := range p.shares {
		n -= s.granted
	}
	return n
}

// Close ends all that the pool does and deletes its files. Shares are closed
// before it.
func (p *Pool) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	shares := p.shares
	p.mu.Unlock()
	for _, s := range shares {
		s.Close()
	}
	close(p.closing)
	p.workers.Wait()
	return errors.Join(p.leave(), p.home.remove())
}

// run ticks while commands run.
func (p *Pool) run() {
	defer p.workers.Done()
	for {
		select {
		case <-p.closing:
			return
		case <-time.After(p.pause()):
		}
		if !p.tick() {
			return
		}
	}
}

// pause is the time to the next tick. A single part only needs to be watched.
func (p *Pool) pause() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.live()) < 2 && p.demand == 0 && p.outer == nil {
		return 5 * tick
	}
	return tick
}

// tick moves tokens. It reports whether it is to be called again.
func (p *Pool) tick() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.live()) == 0 && (p.outer == nil || p.demand == 0) {
		p.ticking = false
		return false
	}
	p.now++
	p.forget()
	for _, s := range p.live() {
		s.observe(p.now)
	}
	p.balance()
	p.offer()
	p.report()
	return true
}

// forget drops a demand that nobody comes for: what waited was given up.
func (p *Pool) forget() {
	const patience = 10
	if p.demand == 0 || p.free() < p.demand {
		p.waited = 0
		return
	}
	if p.waited++; p.waited > patience {
		p.demand = 0
	}
}

// watch starts the ticks.
func (p *Pool) watch() {
	if !p.ticking && !p.closed {
		p.ticking = true
		p.workers.Add(1)
		go p.run()
	}
}
