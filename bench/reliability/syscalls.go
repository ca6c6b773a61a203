//go:build linux && amd64

package main

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
)

// smallStack is the number of parts under the tracer. The first kinds, from
// smallShift on, are two builds, a download, a template and a wrapper; one of
// the builds is upgraded and uninstalled.
const (
	smallStack = 5
	smallShift = 9
)

// lab is a small site whose states before each step are kept, so that a step
// can be taken again and again.
type lab struct {
	*site
	saved string
	after map[string]condition
}

// newLab makes a lab below root and takes the tour once.
func (b *bench) newLab(root string, m *marks, k stack) (*lab, error) {
	s, err := newSite(b, root, m)
	if err != nil {
		return nil, err
	}
	if err := k.write(s); err != nil {
		return nil, err
	}
	l := &lab{s, filepath.Join(root, "saved"), map[string]condition{}}
	for _, st := range l.steps() {
		if err := copyTree(l.dir, l.saved+st.name); err != nil {
			return nil, err
		}
		if err := l.plain(st.to); err != nil {
			return nil, fmt.Errorf("undisturbed: %w", err)
		}
		if l.after[st.name], err = l.condition(); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// steps is the tour without the way back.
func (l *lab) steps() []step { return steps()[:3] }

// before brings the site to the state before a step.
func (l *lab) before(st step) error {
	if st.from == "" {
		return l.wipe()
	}
	return copyTree(l.saved+st.name, l.dir)
}

// ends are the conditions before and after a step.
func (l *lab) ends(st step) (from, to condition) {
	all := l.steps()
	for i, other := range all[1:] {
		if other.name == st.name {
			from = l.after[all[i].name]
		}
	}
	return from, l.after[st.name]
}

// traced takes a step under the tracer.
func (l *lab) traced(st step, at int, errno syscall.Errno, opens bool) (traced, error) {
	return trace(tracing{l.gobuild, l.dir, l.environ(), l.argv(st.to, "-j1"), l.marks.next(), opens, at, errno})
}

// runSyscalls kills all processes at each system call with which gobuild
// itself changes the file system, and after a third of the kills the next run,
// too, at one of its first such calls.
func runSyscalls(b *bench) error {
	src, err := newSources(filepath.Join(b.dir, "sources"), 4, 2<<10)
	if err != nil {
		return err
	}
	defer src.stop()
	b.table.columns("step", "changing calls", "kills", "of recoveries too", "old version away", "violations")
	return b.sweep("", stack{smallStack, src, smallShift}, func(l *lab, st step, next func() int) (sweepCount, error) {
		return l.killAtCalls(st, next)
	})
}

// sweepCount is what one worker did in one step.
type sweepCount struct {
	calls, acts, again, violations int
	torn                           tally
}

// sweep lets all workers take each step, sharing the numbers of the calls to
// act at, b.count apart, until one has found the last.
func (b *bench) sweep(label string, k stack, act func(*lab, step, func() int) (sweepCount, error)) error {
	labs := make([]*lab, b.workers)
	m := &marks{}
	for w := range labs {
		var err error
		if labs[w], err = b.newLab(filepath.Join(b.dir, fmt.Sprint("worker", w)), m, k); err != nil {
			return err
		}
	}
	for _, st := range labs[0].steps() {
		if !b.wanted(label + st.name) {
			continue
		}
		var at atomic.Int64
		offset := int64(b.random(0).IntN(b.count))
		next := func() int { return int(at.Add(int64(b.count)) - offset) }
		counts, errs := make([]sweepCount, len(labs)), make([]error, len(labs))
		var group sync.WaitGroup
		for w, l := range labs {
			group.Go(func() { counts[w], errs[w] = act(l, st, next) })
		}
		group.Wait()
		all := sweepCount{}
		for w, c := range counts {
			if errs[w] != nil {
				return errs[w]
			}
			all.calls = max(all.calls, c.calls)
			all.acts, all.again, all.violations = all.acts+c.acts, all.again+c.again, all.violations+c.violations
			all.torn.merge(c.torn)
		}
		b.table.row(label+st.name, all.calls, all.acts, all.again, all.torn, all.violations)
	}
	return nil
}

// killAtCalls kills at the calls that next gives until a run comes to its end.
func (l *lab) killAtCalls(st step, next func() int) (sweepCount, error) {
	var c sweepCount
	r := l.random(len(st.name))
	for {
		if err := l.before(st); err != nil {
			return c, err
		}
		n := next()
		t, err := l.traced(st, n, 0, false)
		if err != nil {
			return c, err
		}
		if t.Count < n {
			c.calls = t.Count
			if t.Status.ExitStatus() != 0 {
				return c, fmt.Errorf("%s under the tracer: status %d\n%s", st.name, t.Status.ExitStatus(), t.Out)
			}
			return c, nil
		}
		c.acts++
		context := fmt.Sprintf("%s killed at call %d (%s)", st.name, n, t.Last)
		torn, err := l.sound(l.ends(st))
		if err == nil && r.IntN(3) == 0 {
			m := 1 + r.IntN(40)
			if t, err = l.traced(st, m, 0, false); t.Count >= m {
				c.again++
				context += fmt.Sprintf(", and the next run at call %d (%s)", m, t.Last)
			}
		}
		if err == nil {
			_, err = l.recovers(st)
		}
		c.torn.merge(torn)
		if err != nil {
			c.violations++
			l.table.violation("%s: %v", context, err)
			if c.violations > mostViolations {
				return c, nil
			}
		}
	}
}

// recovers checks what the record says, lets a plain run follow, and compares.
// It returns the number of parts that were torn before the plain run.
func (l *lab) recovers(st step) (torn tally, err error) {
	torn, err = l.sound(l.ends(st))
	if err != nil {
		return torn, fmt.Errorf("before the plain run: %w", err)
	}
	if err := l.plain(st.to); err != nil {
		return torn, err
	}
	if err := l.compare(l.after[st.name]); err != nil {
		return torn, err
	}
	return torn, l.settled(st.to)
}
