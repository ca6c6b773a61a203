package fetch

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"syscall"

	"gobuild/parts"
)

// Limits of what Prefetch does at once. A part that asks by itself does not
// count.
const (
	maxAhead     = 4 // files
	maxAheadHost = 2 // files of one server
)

// stepAhead names in events the fetching of what no part has asked for.
const stepAhead = "prefetch"

// ahead is what Prefetch has to do. It is guarded by the mutex of flights.
type ahead struct {
	hosts  map[string]*host
	dirs   map[string]bool // where files wait
	turns  int             // flights that were announced
	flying int             // flights that Prefetch leads
	held   int64           // bytes that wait for their parts
	limit  int64           // of held
	closed bool
	tasks  sync.WaitGroup
}

// host is a server with the flights that are queued for it, in order. Those
// that are not queued any more are dropped when their turn comes.
type host struct {
	queue []*flight
	slots chan struct{}
}

func newFlights(holdBytes int64) *flights {
	return &flights{known: map[string]*flight{}, ahead: ahead{hosts: map[string]*host{}, dirs: map[string]bool{}, limit: holdBytes}}
}

// Prefetch announces requests that a part is going to make, and returns. They
// are fetched in the background in the order of the calls, a few at once: into
// a cache, or into p.Temp, which is for files that wait for their parts and not
// that of the part itself. What a cache or a mirror directory seems to have,
// local paths, and what is offline are left alone; so is all when the Client is
// read-only, and without p.Temp what no cache keeps.
//
// A Fetch of the same request takes over what is there, or waits for what is on
// its way. It does not wait for a turn: then it fetches by itself. A failure is
// told by the Fetch, which asks again unless the servers gave a final answer
// within the last minute.
//
// Close ends what Prefetch started, and comes after the last Fetch.
func (c *Client) Prefetch(ctx context.Context, p Part, requests []parts.FetchRequest) {
	if c.config.ReadOnly {
		return
	}
	f := c.fetcher(p)
	for _, r := range requests {
		if q, err := f.query(r); err == nil && f.isWorthwhile(q) {
			f.announce(ctx, q)
		}
	}
	c.flights.dispatch()
}

// isWorthwhile reports whether q may be fetched before its part asks, and is
// not there already. A file that is there and wrong is the business of the part.
func (f *fetcher) isWorthwhile(q *query) bool {
	first := q.sources[0]
	return !q.noNet && !first.isLocal() && first.bad == "" && q.malformed() == nil &&
		(f.part.Temp != "" || f.keeps(q)) && !f.seemsStored(q)
}

// keeps reports whether a cache keeps what q gets.
func (f *fetcher) keeps(q *query) bool {
	return f.config.DownloadCache != "" || f.config.Cache != "" && len(q.sums) > 0
}

// seemsStored reports whether a cache or a mirror directory has a file for q.
// It is not read.
func (f *fetcher) seemsStored(q *query) bool {
	for _, s := range q.sources {
		if path := f.downloadPath(s); path != "" && isFile(path) {
			return true
		}
	}
	for _, s := range q.sums {
		if f.config.Cache != "" && isFile(f.cachePath(s)) {
			return true
		}
	}
	return len(q.sums) > 0 && slices.ContainsFunc(f.mirrors, func(m *mirror) bool {
		if !m.local {
			return false
		}
		list, _ := m.manifest() // an error is told when the part asks
		return len(places(m, list, q)) > 0
	})
}

// announce notes that the part of f is going to ask for q.
func (f *fetcher) announce(ctx context.Context, q *query) {
	s := f.flights
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ahead.closed {
		return
	}
	if f.part.Temp != "" {
		s.ahead.dirs[f.part.Temp] = true
	}
	fl := s.known[q.key()]
	if fl == nil {
		fl = s.add(q, queued)
		s.ahead.turns++
		fl.turn, fl.kept = s.ahead.turns, f.keeps(q)
		fl.start = func() { f.start(ctx, fl) }
		h := s.host(q.sources[0].url.Host)
		h.queue = append(h.queue, fl)
	}
	fl.expects[f.part.Name]++
	fl.dir = f.part.Temp
}

// host returns a server. s.mu is locked.
func (s *flights) host(name string) *host {
	h := s.ahead.hosts[name]
	if h == nil {
		h = &host{slots: make(chan struct{}, maxAheadHost)}
		s.ahead.hosts[name] = h
	}
	return h
}

// dispatch starts flights whose turn it is.
func (s *flights) dispatch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.ahead.flying < maxAhead && !s.ahead.closed {
		h := s.turn()
		if h == nil {
			return
		}
		fl := h.queue[0]
		h.queue = h.queue[1:]
		fl.slot, fl.state = h.slots, flying
		fl.start()
	}
}

// turn returns the server whose first flight is to start, with a slot taken,
// or nil. s.mu is locked.
func (s *flights) turn() *host {
	var best *host
	for _, h := range s.ahead.hosts {
		for len(h.queue) > 0 && h.queue[0].state != queued {
			h.queue = h.queue[1:]
		}
		if len(h.queue) == 0 || len(h.slots) == maxAheadHost || !h.queue[0].kept && s.ahead.held >= s.ahead.limit {
			continue
		}
		if best == nil || h.queue[0].turn < best.queue[0].turn {
			best = h
		}
	}
	if best == nil {
		return nil
	}
	select {
	case best.slots <- struct{}{}:
		return best
	default: // a flight that moved to this server was faster, and calls dispatch
		return nil
	}
}

// start makes a flight that Prefetch leads fly. s.mu is locked.
func (f *fetcher) start(ctx context.Context, fl *flight) {
	ctx, fl.cancel = context.WithCancel(ctx)
	s := f.flights
	s.ahead.flying++
	s.ahead.tasks.Go(func() {
		f.fly(ctx, fl)
		s.mu.Lock()
		s.ahead.flying--
		s.mu.Unlock()
		s.dispatch()
	})
}

// fly gets the file of a flight that Prefetch leads. When the disk is full
// Prefetch gives up: what is left of it is for the parts.
func (f *fetcher) fly(ctx context.Context, fl *flight) {
	defer fl.cancel()
	done := f.started(fl.query, stepAhead)
	led := f.through(fl)
	led.enter = func(ctx context.Context, host string) error { return f.flights.enter(ctx, fl, host) }
	got, err := led.get(ctx, fl.query)
	done(got, !fl.query.asked, err)
	f.land(ctx, fl, got, err)
	f.flights.freeSlot(fl)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		f.flights.stop(false)
	}
}

// enter waits for a slot of the server that the flight asks next, unless a part
// waits for the flight.
func (s *flights) enter(ctx context.Context, fl *flight, name string) error {
	s.mu.Lock()
	slots, mine := s.host(name).slots, fl.slot
	s.mu.Unlock()
	if mine == slots {
		return nil
	}
	s.freeSlot(fl)
	s.dispatch()
	select {
	case slots <- struct{}{}:
	case <-fl.wanted:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	s.mu.Lock()
	fl.slot = slots
	s.mu.Unlock()
	return nil
}

// freeSlot gives back the slot of a flight, if it has one.
func (s *flights) freeSlot(fl *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if fl.slot != nil {
		<-fl.slot
		fl.slot = nil
	}
}

// stop ends what Prefetch does, for good: all, or only what no part waits for.
func (s *flights) stop(all bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead.closed = true
	clear(s.ahead.hosts)
	for _, fl := range s.known {
		switch {
		case fl.state == queued:
			s.forget(fl)
		case fl.state == landed && fl.users == 0:
			clear(fl.expects)
			s.settle(fl)
		case fl.state == flying && fl.cancel != nil && (all || fl.users == 0):
			clear(fl.expects)
			fl.cancel()
		}
	}
}

// Close ends what Prefetch started and removes what no part took.
func (c *Client) Close() {
	c.flights.stop(true)
	c.flights.ahead.tasks.Wait()
	c.flights.stop(true) // what landed meanwhile
	for dir := range c.flights.ahead.dirs {
		os.Remove(dir) // unless a part uses what is there
	}
	if t, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}
