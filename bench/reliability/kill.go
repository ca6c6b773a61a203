//go:build linux && amd64

package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// runKill kills runs over 50 parts at random moments, in turns with all of
// their processes or gobuild alone, and lets a plain run follow at once.
func runKill(b *bench) error {
	src, err := newSources(filepath.Join(b.dir, "sources"), 4, 8<<10)
	if err != nil {
		return err
	}
	defer src.stop()
	total, m := killCount{}, &marks{}
	var group sync.WaitGroup
	errs := make([]error, b.workers)
	for w := range b.workers {
		share := b.count / b.workers
		if w < b.count%b.workers {
			share++
		}
		group.Go(func() { errs[w] = b.killer(w, share, stack{50, src, 0}, m, &total) })
	}
	group.Wait()
	b.table.columns("step", "killed", "kills that hit", "recoveries equal to an undisturbed run", "orphans gone after ms")
	for _, name := range stepNames() {
		for _, how := range []string{"group", "alone"} {
			c := total.of[name+how]
			b.table.row(name, how, c.hit, c.runs, c.orphans.Milliseconds())
		}
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// killCount counts runs by step and way of killing.
type killCount struct {
	mu sync.Mutex
	of map[string]killed
}

type killed struct {
	runs, hit int
	orphans   time.Duration
}

func (k *killCount) change(name string, f func(*killed)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of == nil {
		k.of = map[string]killed{}
	}
	c := k.of[name]
	f(&c)
	k.of[name] = c
}

// addHit counts a kill that hit.
func (k *killCount) addHit(name string) { k.change(name, func(c *killed) { c.hit++ }) }

// waiter returns what counts a recovery and how long orphans lived on after it.
func (k *killCount) waiter(name string) func(time.Duration) {
	return func(d time.Duration) {
		k.change(name, func(c *killed) {
			c.runs++
			c.orphans = max(c.orphans, d)
		})
	}
}

// killer is one worker: it goes on tour in a site of its own until so many
// kills have hit a run. Those that came too late do not count.
func (b *bench) killer(worker, kills int, k stack, m *marks, total *killCount) error {
	s, err := newSite(b, filepath.Join(b.dir, fmt.Sprint("worker", worker)), m)
	if err != nil {
		return err
	}
	if err := k.write(s); err != nil {
		return err
	}
	after, took, err := s.references()
	if err != nil {
		return fmt.Errorf("undisturbed: %w", err)
	}
	random := b.random(worker)
	for i, hits := 0, 0; hits < kills; i++ {
		st := steps()[i%len(steps())]
		how := []string{"group", "alone"}[i/len(steps())%2]
		hit, err := s.killOnce(st, how, random, took, after, total)
		if hit {
			hits++
		}
		if err != nil {
			b.table.violation("worker %d, cycle %d: %v", worker, i, err)
			if b.table.count() > mostViolations {
				return nil
			}
			if err := s.keep(i, st); err != nil {
				return err
			}
		}
	}
	return nil
}

// keep puts a bad site aside and takes the tour up to the step, undisturbed.
func (s *site) keep(cycle int, end step) error {
	if err := copyTree(s.dir, fmt.Sprintf("%s-bad-%d", s.dir, cycle)); err != nil {
		return err
	}
	if err := s.wipe(); err != nil {
		return err
	}
	for _, st := range steps() {
		if err := s.plain(st.to); err != nil || st == end {
			return err
		}
	}
	return nil
}

// killOnce takes one step with a kill in the middle, and compares. It reports
// whether the kill hit. Every fourth time, at random, the next run is killed,
// too.
func (s *site) killOnce(st step, how string, r *rand.Rand, took map[string]time.Duration, after map[string]condition, total *killCount) (bool, error) {
	if st.from == "" {
		if err := s.wipe(); err != nil {
			return false, err
		}
	}
	jobs := fmt.Sprint("-j", 1+r.IntN(4))
	context := fmt.Sprintf("%s %s, %s", st.name, jobs, how)
	var hit bool
	var orphans []string
	for again := true; again; again = r.IntN(4) == 0 {
		moment := time.Duration(r.Float64() * float64(took[st.name]))
		begin := time.Now()
		p, err := s.start(st.to, jobs)
		if err != nil {
			return false, err
		}
		orphans = append(orphans, p.mark)
		late := !p.killAt(moment, how, s.gobuild, r)
		switch {
		case late && len(orphans) == 1:
			took[st.name] = min(took[st.name], time.Since(begin))
		case !late: // the end comes late enough to be hit, too
			hit = true
			took[st.name] += took[st.name] / 32
			total.addHit(st.name + how)
		}
		context += fmt.Sprintf(", killed after %s", moment)
	}
	s.say("%s: hit %v", context, hit)
	if err := s.recovered(st, jobs, orphans, after[st.name], total.waiter(st.name+how)); err != nil {
		return hit, fmt.Errorf("%s: %w", context, err)
	}
	return hit, nil
}

// recovered lets a plain run follow, at once, while processes of the killed
// ones may still be there. They must end by themselves.
func (s *site) recovered(st step, jobs string, killed []string, want condition, waited func(time.Duration)) error {
	if err := s.plain(st.to, jobs); err != nil {
		return err
	}
	since := time.Now()
	for _, mark := range killed {
		if left := survivors(mark, orphanLimit); left != nil {
			killMarked(mark)
			return fmt.Errorf("processes outlive gobuild: %q", left)
		}
	}
	waited(time.Since(since))
	if err := s.compare(want); err != nil {
		return err
	}
	return s.settled(st.to)
}

// killAt waits for the moment and kills. It reports whether the run was still
// going on.
func (p *process) killAt(moment time.Duration, how, binary string, r *rand.Rand) bool {
	select {
	case <-p.done:
		return false
	case <-time.After(moment):
	}
	if how == "group" {
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		killMarked(p.mark)
	} else if pids := gobuilds(p.mark, binary); len(pids) > 0 {
		syscall.Kill(pids[r.IntN(len(pids))], syscall.SIGKILL)
	}
	<-p.done
	return p.cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled()
}
