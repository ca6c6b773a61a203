package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"gobuild/buildout/sched"
)

// job is how long a compiler runs before make gives its slot back.
const job = 100 * time.Millisecond

// machine is the virtual clock and the budget of a run: one slot for each core,
// taken by parts and by the jobs of their makes. The scheduler and the machine
// work by turns: the machine waits while the scheduler starts what it can, and
// goes on when the scheduler asks for Freed, which it does before it waits. So
// nothing is used by two goroutines at once, and each run gives the same time.
type machine struct {
	clock
	policy
	total int
	paths map[string]time.Duration // longest remaining path of each part

	free   int
	wanted bool // the scheduler asked for more slots than were free
	taken  int  // slots taken for parts that have not told yet that they run
	makes  []*compiling
	call   func() // what the scheduler is to be told

	resting chan struct{}
	freed   chan struct{}
	started chan *running
}

// policy says who gets a slot that becomes free.
type policy struct {
	partsFirst bool // a part that is ready comes before all makes
	byPath     bool // of makes, the one with the longest remaining path; else by turns
}

// running is a part in work; closing end ends it.
type running struct {
	part
	index int
	end   chan struct{}
}

// compiling is a make.
type compiling struct {
	path time.Duration
	left time.Duration // of jobs that have not started
	jobs int           // that run
	done func()
}

// simulate returns how long a run of the parts takes.
func simulate(parts []part, cores int, p policy) (time.Duration, error) {
	m := &machine{total: cores, free: cores, policy: p,
		resting: make(chan struct{}), freed: make(chan struct{}, 1), started: make(chan *running)}
	tasks := m.tasks(parts)
	var err error
	if m.paths, err = sched.Paths(tasks); err != nil {
		return 0, err
	}
	over := make(chan error)
	go func() {
		_, err := sched.Run(context.Background(), tasks, sched.Options{Slots: m})
		over <- err
	}()
	for {
		select {
		case err := <-over:
			return m.now, err
		case <-m.resting:
		}
		if err := m.work(); err != nil {
			return 0, err
		}
	}
}

func (m *machine) tasks(parts []part) []sched.Task {
	var tasks []sched.Task
	for i, p := range parts {
		tasks = append(tasks, sched.Task{Name: p.Name, Needs: p.Needs, Weight: p.alone(m.total), Run: func(context.Context) error {
			r := &running{p, i, make(chan struct{})}
			m.started <- r
			<-r.end
			return nil
		}})
	}
	return tasks
}

// work lets time go on until the scheduler is to be told something.
func (m *machine) work() error {
	m.begin()
	m.wanted = m.wanted && m.free == 0
	m.share()
	for m.call == nil {
		if len(m.events) == 0 {
			return errors.New("nothing runs, and the scheduler waits")
		}
		m.tick()
	}
	call := m.call
	m.call = nil
	call()
	return nil
}

// begin begins the parts that the scheduler has started.
func (m *machine) begin() {
	var list []*running
	for ; m.taken > 0; m.taken-- {
		list = append(list, <-m.started)
	}
	slices.SortFunc(list, func(a, b *running) int { return cmp.Compare(a.index, b.index) })
	for _, r := range list {
		m.after(seconds(r.Serial), func() {
			m.compile(&compiling{path: m.paths[r.Name], left: seconds(r.Seconds - r.Serial), done: func() { close(r.end) }})
		})
	}
}

// compile begins a make: its jobs run one after the other in the slot of the
// part, and as many more as there are slots for.
func (m *machine) compile(c *compiling) {
	m.makes = append(m.makes, c)
	m.next(c)
	m.share()
}

// next goes on in the slot of the part.
func (m *machine) next(c *compiling) {
	if c.left == 0 {
		if c.jobs == 0 {
			m.call = c.done
		}
		return
	}
	m.start(c, func() { m.next(c) })
}

// share gives free slots to makes, for one job.
func (m *machine) share() {
	for m.free > 0 {
		m.makes = slices.DeleteFunc(m.makes, func(c *compiling) bool { return c.left == 0 })
		if len(m.makes) == 0 {
			return
		}
		if m.byPath {
			slices.SortStableFunc(m.makes, func(a, b *compiling) int { return cmp.Compare(b.path, a.path) })
		}
		c := m.makes[0]
		if !m.byPath {
			m.makes = append(m.makes[1:], c)
		}
		m.free--
		m.start(c, func() {
			if c.left == 0 && c.jobs == 0 {
				m.call = c.done
			}
			m.giveBack()
		})
	}
}

// start starts a job.
func (m *machine) start(c *compiling, end func()) {
	last := min(c.left, job)
	c.left -= last
	c.jobs++
	m.after(last, func() {
		c.jobs--
		end()
	})
}

// giveBack takes the slot of a job back.
func (m *machine) giveBack() {
	m.free++
	if !m.partsFirst || !m.wanted {
		m.share()
	}
	if m.free > 0 && m.wanted && m.call == nil {
		m.call = func() { m.freed <- struct{}{} }
	}
}

// Take is that of sched.Slots.
func (m *machine) Take(n int) bool {
	m.wanted = n > m.free
	if !m.wanted {
		m.free -= n
		m.taken++
	}
	return !m.wanted
}

// Release is that of sched.Slots. The scheduler, which calls it, looks for
// itself what it can start now.
func (m *machine) Release(n int) {
	m.free += n
	if !m.partsFirst {
		m.share()
	}
}

// Freed is that of sched.Slots.
func (m *machine) Freed() <-chan struct{} {
	m.resting <- struct{}{}
	return m.freed
}

// Total is that of sched.Slots.
func (m *machine) Total() int { return m.total }
