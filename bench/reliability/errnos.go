//go:build linux && amd64

package main

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// injection is an error that calls return in place of being made.
type injection struct {
	name  string
	errno syscall.Errno
	opens bool // let calls fail that take a descriptor, not those that change files
}

func injections() []injection {
	return []injection{
		{"EIO", syscall.EIO, false},
		{"ENOSPC", syscall.ENOSPC, false},
		{"EROFS", syscall.EROFS, false},
		{"EMFILE", syscall.EMFILE, true},
	}
}

// errnos lets each call fail once, one in each run.
func (b *bench) errnos(k stack) error {
	for _, i := range injections() {
		err := b.sweep(i.name+" ", k, func(l *lab, st step, next func() int) (sweepCount, error) {
			return l.failAtCalls(i, st, next)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// failAtCalls injects the error at the calls that next gives until a run has
// fewer calls.
func (l *lab) failAtCalls(i injection, st step, next func() int) (sweepCount, error) {
	var c sweepCount
	for {
		if err := l.before(st); err != nil {
			return c, err
		}
		n := next()
		t, err := l.traced(st, n, i.errno, i.opens)
		if err != nil {
			return c, err
		}
		if t.Count < n {
			c.calls = t.Count
			return c, nil
		}
		c.acts++
		torn, err := l.outlives(st, t)
		c.torn.merge(torn)
		if err != nil {
			c.violations++
			l.table.violation("%s in %s at call %d (%s): %v", i.name, st.name, n, t.Last, err)
			if c.violations > mostViolations {
				return c, nil
			}
		}
	}
}

// outlives judges a run with an error in it, and the plain run after it.
func (l *lab) outlives(st step, t traced) (torn tally, err error) {
	ok := t.Status.Exited() && t.Status.ExitStatus() == 0
	err = violationOf(l.judge(ok, t.Status, t.Out, l.after[st.name]))
	if ok && strings.Contains(t.Last, "sync") {
		err = errors.Join(err, errors.New("nobody was told that data may be lost"))
	}
	torn, after := l.recovers(st)
	return torn, errors.Join(err, after)
}

// descriptors lets each step run with few descriptors.
func (b *bench) descriptors(k stack) error {
	l, err := b.newLab(filepath.Join(b.dir, "few"), &marks{}, k)
	if err != nil {
		return err
	}
	for _, st := range l.steps() {
		if !b.wanted("descriptors " + st.name) {
			continue
		}
		c := sweepCount{}
		for limit, passed := 3, 0; passed < 3 && limit < 200; limit++ {
			c.calls++
			ok, err := l.fewDescriptors(st, limit, &c)
			if err != nil {
				return err
			}
			if ok {
				passed++
			}
		}
		b.table.row("descriptors "+st.name, c.calls, c.acts, "", c.torn, c.violations)
	}
	return nil
}

// fewDescriptors takes a step with a limit on open files, and reports whether
// that was enough.
func (l *lab) fewDescriptors(st step, limit int, c *sweepCount) (bool, error) {
	if err := l.before(st); err != nil {
		return false, err
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		return false, err
	}
	argv := append([]string{sh, "-c", fmt.Sprintf(`ulimit -n %d && exec "$@"`, limit), "sh"}, l.argv(st.to)...)
	p, err := start(l.marks.next(), l.dir, l.environ(), argv, nil)
	if err != nil {
		return false, err
	}
	ended := p.wait()
	status := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if limit < goNeeds && ended != nil { // the Go runtime itself cannot start
		ended = nil
	} else {
		ended = l.judge(ended == nil, status, p.out.String(), l.after[st.name])
	}
	if ended == nil && status.ExitStatus() == 0 {
		return true, nil
	}
	c.acts++
	torn, err := l.recovers(st)
	c.torn.merge(torn)
	if err = errors.Join(violationOf(ended), err); err != nil {
		c.violations++
		l.table.violation("%s with %d descriptors: %v", st.name, limit, err)
	}
	return false, nil
}

// goNeeds is how many descriptors a Go program needs to start: with fewer its
// runtime ends it.
const goNeeds = 8
