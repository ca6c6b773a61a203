package ui

import (
	"io"
	"os"
	"sync"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
)

// Screen shows the events of a run. Emit and Diagnostics never wait for the
// output.
type Screen interface {
	event.Sink
	// Diagnostics shows warnings in the middle of a run, in the form of the
	// function Diagnostics, or of DiagnosticsJSON in a stream of events. What
	// makes the run fail is shown by these functions after Close.
	Diagnostics(list diag.List)
	// Close shows what is left, takes the bar away, waits until all is
	// written, and returns the first error of writing. Nothing is written
	// after it. It may be called again.
	Close() error
}

// Config is what the screens for people need.
type Config struct {
	Style Style
	// Verbosity is that of zc.buildout: 10 more for each -v, 10 less for each
	// -q. Debug messages and steps need 10, normal ones 0, warnings -10.
	Verbosity int
	Clock     Clock
}

// Clock is the time of a screen. The zero Clock is the real one.
type Clock struct {
	Now   func() time.Time
	Ticks <-chan time.Time // when to look for what only time changes
}

// Open returns the screen for file: a Terminal where a bar may be drawn, else
// Plain.
func Open(file *os.File, environ []string, c Config) Screen {
	if c.Verbosity >= 0 && Interactive(file, environ) {
		return Terminal(file, Size(file), c)
	}
	return Plain(file, c)
}

// painter turns events into output. It belongs to the goroutine of one screen.
type painter interface {
	take(e event.Event)
	show(list diag.List)
	tick(now time.Time)
	// frame returns what to write now; it is valid until the next call.
	frame() []byte
	// end returns what to write at last.
	end() []byte
}

// screen hands events to its painter. Its goroutine alone uses the painter and
// the writer.
//
//	Emit -> queue -> run -> painter -> out
type screen struct {
	now     func() time.Time
	painter painter
	out     io.Writer
	err     error // first error of out; read after done

	mu     sync.Mutex
	queue  []item
	last   map[string]int // part -> its Progress in queue, when nothing of it follows
	closed bool

	wake chan struct{} // holds one token when there is something to do
	done chan struct{}
}

// item is an event, or diagnostics when there are some.
type item struct {
	event.Event
	list diag.List
}

// start runs a screen. Every is how often time is looked at when the clock has
// no ticks of its own; 0 means never.
func start(out io.Writer, p painter, c Clock, every time.Duration) *screen {
	s := &screen{now: c.now, painter: p, out: out, last: map[string]int{},
		wake: make(chan struct{}, 1), done: make(chan struct{})}
	ticks, stop := c.Ticks, func() {}
	if ticks == nil && every > 0 {
		t := time.NewTicker(every)
		ticks, stop = t.C, t.Stop
	}
	go s.run(ticks, stop)
	return s
}

// now returns the time.
func (c Clock) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

// Emit queues e. Of Progress events of a part that come faster than they are
// shown the last remains.
func (s *screen) Emit(e event.Event) {
	if e.Time.IsZero() {
		e.Time = s.now()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	at, again := s.last[e.Part]
	switch {
	case e.Kind != event.Progress:
		delete(s.last, e.Part)
	case again:
		s.queue[at].Event = e
		return
	default:
		s.last[e.Part] = len(s.queue)
	}
	s.add(item{Event: e})
}

// Diagnostics queues list.
func (s *screen) Diagnostics(list diag.List) {
	if len(list) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.add(item{list: list})
	}
}

// add queues i. The caller holds mu.
func (s *screen) add(i item) {
	s.queue = append(s.queue, i)
	s.signal()
}

// signal tells run that there is something to do.
func (s *screen) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Close ends the screen.
func (s *screen) Close() error {
	s.mu.Lock()
	s.closed = true
	s.signal()
	s.mu.Unlock()
	<-s.done
	return s.err
}

// run is the goroutine that owns the screen.
func (s *screen) run(ticks <-chan time.Time, stop func()) {
	defer close(s.done)
	defer stop()
	for closed := false; !closed; {
		var now time.Time
		select {
		case <-s.wake:
		case now = <-ticks:
		}
		var batch []item
		batch, closed = s.collect()
		for _, i := range batch {
			if i.list != nil {
				s.painter.show(i.list)
			} else {
				s.painter.take(i.Event)
			}
		}
		if !now.IsZero() {
			s.painter.tick(now)
		}
		s.write(s.painter.frame())
	}
	s.write(s.painter.end())
}

// collect takes the queue.
func (s *screen) collect() (batch []item, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch, s.queue = s.queue, nil
	clear(s.last)
	return batch, s.closed
}

// write writes p unless writing failed before.
func (s *screen) write(p []byte) {
	if len(p) == 0 || s.err != nil {
		return
	}
	_, s.err = s.out.Write(p)
}
