//go:build linux && amd64

package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
)

// runFull takes disk, descriptors and permissions away.
func runFull(b *bench) error {
	if err := makePrivate(); err != nil {
		return err
	}
	src, err := newSources(filepath.Join(b.dir, "sources"), 4, 1<<20)
	if err != nil {
		return err
	}
	defer src.stop()
	small, err := newSources(filepath.Join(b.dir, "small"), 4, 2<<10)
	if err != nil {
		return err
	}
	defer small.stop()
	b.table.columns("what", "calls or sizes", "failures made", "", "old version away", "violations")
	for _, f := range []func() error{
		func() error { return b.sizes(stack{8, src, smallShift}) },
		func() error { return b.errnos(stack{smallStack, small, smallShift}) },
		func() error { return b.descriptors(stack{smallStack, small, smallShift}) },
	} {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// amplyKiB is more than any run here needs.
const amplyKiB = 1 << 20

// sizes lets each step run on a disk with 0, 1, 2 ... steps of room until one
// succeeds, and then with no leave to write.
func (b *bench) sizes(k stack) error {
	m := &marks{}
	for i, st := range steps()[:2] {
		if !b.wanted("disk full " + st.name) {
			continue
		}
		c := sweepCount{}
		for done := false; !done; c.calls++ {
			r := &room{bench: b, marks: m, before: steps()[:i], step: st, kib: c.calls * b.step, readOnly: c.calls == 0}
			var err error
			if done, err = r.try(k, &c); err != nil {
				return err
			}
			if c.calls > 1000 {
				return errors.New("the disk is never large enough")
			}
		}
		b.table.row("disk full "+st.name, c.calls, c.acts, "", c.torn, c.violations)
	}
	return nil
}

// room is one step on a disk of its own with little room.
type room struct {
	*bench
	marks    *marks
	before   []step
	step     step
	kib      int // beyond what is there before the step
	readOnly bool
}

// try takes the step. It reports whether there was room enough. The disk is
// always mounted at the same place, as paths are part of what is installed.
func (r *room) try(k stack, c *sweepCount) (done bool, err error) {
	d, err := newDisk(filepath.Join(r.dir, "disk"), amplyKiB)
	if err != nil {
		return false, err
	}
	defer d.remove()
	s, err := newSite(r.bench, d.path, r.marks)
	if err != nil {
		return false, err
	}
	if err := k.write(s); err != nil {
		return false, err
	}
	from, to, err := s.reference(r.before, r.step)
	if err != nil {
		return false, err
	}
	used, err := d.used()
	if err != nil {
		return false, err
	}
	if err := d.resize(used+r.kib, r.readOnly); err != nil {
		return false, err
	}
	failed := s.mayFail(r.step, to)
	if failed == nil {
		return true, nil
	}
	c.acts++
	torn, err := s.sound(from, to)
	c.torn.merge(torn)
	if err := d.resize(amplyKiB, false); err != nil {
		return false, err
	}
	if err = errors.Join(err, violationOf(failed), s.plain(r.step.to), s.compare(to)); err != nil {
		c.violations++
		r.table.violation("disk full: %s with %d KiB, read-only %v: %v", r.step.name, r.kib, r.readOnly, err)
	}
	return false, nil
}

// reference takes the step undisturbed and returns the conditions around it,
// with the site as it was before.
func (s *site) reference(before []step, st step) (from, to condition, err error) {
	bring := func() error {
		if err := s.wipe(); err != nil {
			return err
		}
		for _, b := range before {
			if err := s.plain(b.to); err != nil {
				return err
			}
		}
		return nil
	}
	if err = bring(); err != nil {
		return from, to, err
	}
	if from, err = s.condition(); err != nil {
		return from, to, err
	}
	if err = s.plain(st.to); err != nil {
		return from, to, err
	}
	if to, err = s.condition(); err != nil {
		return from, to, err
	}
	return from, to, bring()
}

// failure is the end of a run that was allowed to fail.
type failure struct {
	text string
	bad  string // what is wrong with the way it failed, or ""
}

func (f *failure) Error() string { return f.text }

// violationOf returns what is wrong with the way a run failed.
func violationOf(err error) error {
	var f *failure
	if errors.As(err, &f) && f.bad == "" {
		return nil
	}
	return err
}

// mayFail runs a step that may fail, but only with a message. A run that
// succeeds must have done all.
func (s *site) mayFail(st step, to condition) error {
	p, err := s.start(st.to)
	if err != nil {
		return err
	}
	err = p.wait()
	return s.judge(err == nil, p.cmd.ProcessState.Sys().(syscall.WaitStatus), p.out.String(), to)
}

// judge tells what to think of the end of a run that was allowed to fail.
func (s *site) judge(ok bool, status syscall.WaitStatus, out string, to condition) error {
	if ok {
		if err := s.compare(to); err != nil {
			return &failure{"it claims success: " + err.Error(), "it claims success"}
		}
		return nil
	}
	f := &failure{text: fmt.Sprintf("status %d\n%s", status.ExitStatus(), last(out, 20))}
	switch {
	case status.Signaled():
		f.bad = "killed by a signal"
	case strings.Contains(out, "goroutine ") || strings.Contains(out, "panic:"):
		f.bad = "it broke"
	case strings.TrimSpace(out) == "":
		f.bad = "no message"
	}
	if f.bad != "" {
		f.text = f.bad + ": " + f.text
	}
	return f
}
