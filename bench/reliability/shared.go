//go:build linux && amd64

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	sharers     = 16 // processes of a round
	sharedParts = 4
	victims     = 6 // of the sharers, which are killed
	// handOver is how long a part may stay without a builder after its builder
	// was killed, when others wait for it.
	handOver = 5 * time.Second
)

// ring is a store of shared parts with the sites that use it.
type ring struct {
	*bench
	root  string
	log   string // that builds append to, and kills
	sites []*site
	from  *sources
}

// runShared lets 16 processes at a time install the same shared parts, new ones
// in each round, and kills some of them.
func runShared(b *bench) error {
	src, err := newSources(filepath.Join(b.dir, "sources"), 4, 8<<10)
	if err != nil {
		return err
	}
	defer src.stop()
	g := &ring{b, b.dir, filepath.Join(b.dir, "builds.log"), nil, src}
	m := &marks{}
	for i := range sharers {
		s, err := newSite(b, filepath.Join(b.dir, fmt.Sprint("process", i)), m)
		if err != nil {
			return err
		}
		g.sites = append(g.sites, s)
	}
	b.table.columns("round", "killed", "of them building", "parts", "builds", "longest hand-over ms", "seconds")
	random := b.random(0)
	for n := range b.count {
		if err := g.round(n, random); err != nil {
			return err
		}
	}
	return nil
}

// profile is the profile of a round. What a build does is logged with the mark
// of its run: the shell expands it.
func (g *ring) profile(round int) string {
	var names, sections strings.Builder
	for i := range sharedParts {
		name := fmt.Sprintf("s%d", i)
		names.WriteString(" " + name)
		note := func(what string) string {
			return "echo " + what + " " + name + " $RELIABILITY_RUN $(date +%%s%%N) >> " + g.log
		}
		sections.WriteString(section(name, "slapos.recipe.cmmi", g.from.at(fmt.Sprintf("pkg%d.tar.gz", i), false), "shared = true\n",
			fmt.Sprintf("configure-options = --with=%d\n", round), "pre-configure = ", note("start"), "\n",
			"pre-build = sleep 0.1; ", note("step"), "\npost-install = sleep 0.1; ", note("end"), "\n"))
	}
	return "[buildout]\nparts =" + names.String() + "\nshared-part-list = " + filepath.Join(g.root, "store") + "\n\n" + sections.String()
}

// round lets all processes run, kills some, and looks at the log.
func (g *ring) round(n int, r *rand.Rand) error {
	begin := time.Now()
	if err := os.WriteFile(g.log, nil, 0o644); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(g.root, "store"), 0o755); err != nil {
		return err
	}
	var running []*process
	for _, s := range g.sites {
		if err := s.profile("shared", g.profile(n)); err != nil {
			return err
		}
		p, err := s.start("shared")
		if err != nil {
			return err
		}
		running = append(running, p)
	}
	dead, err := g.kills(running, r)
	if err != nil {
		return err
	}
	g.survived(n, running, dead)
	lines, err := g.lines()
	if err != nil {
		return err
	}
	if err := g.after(n, len(lines)); err != nil {
		return err
	}
	j := judgeBuilds(lines, dead)
	for _, v := range j.violations {
		g.table.violation("round %d: %s", n, v)
	}
	g.table.row(n, len(dead), j.interrupted, sharedParts, j.starts, j.longest.Milliseconds(), time.Since(begin).Round(time.Second/10).Seconds())
	return nil
}

// kills kills processes at random moments, every other time one that builds,
// and waits for the rest. It returns the marks of those that it killed.
func (g *ring) kills(running []*process, r *rand.Rand) (map[string]bool, error) {
	dead := map[string]bool{}
	for i := range victims {
		time.Sleep(time.Duration(20+r.IntN(180)) * time.Millisecond) // the moment is the test
		var alive, building []*process
		lines, err := g.lines()
		if err != nil {
			return nil, err
		}
		owners := owners(lines)
		for _, p := range running {
			if p.running() && !dead[p.mark] {
				alive = append(alive, p)
				if owners[p.mark] {
					building = append(building, p)
				}
			}
		}
		if i%2 == 0 && len(building) > 0 {
			alive = building
		}
		if len(alive) == 0 {
			break
		}
		p := alive[r.IntN(len(alive))]
		dead[p.mark] = true
		if err := g.note("killed - %s %d\n", p.mark, time.Now().UnixNano()); err != nil {
			return nil, err
		}
		g.killOne(p, r.IntN(2) == 0)
	}
	for _, p := range running {
		p.wait()
	}
	return dead, nil
}

// killOne kills gobuild alone or all processes of a run.
func (g *ring) killOne(p *process, alone bool) {
	if alone {
		for _, pid := range gobuilds(p.mark, g.gobuild) {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		return
	}
	killMarked(p.mark)
}

func (g *ring) note(format string, args ...any) error {
	f, err := os.OpenFile(g.log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, format, args...)
	return errors.Join(err, f.Close())
}

// survived checks the ends of those that were not killed.
func (g *ring) survived(n int, running []*process, dead map[string]bool) {
	for _, p := range running {
		if p.err != nil && !dead[p.mark] {
			g.table.violation("round %d: a process that nobody killed: %v\n%s", n, p.err, last(p.out.String(), 20))
		}
		if left := survivors(p.mark, 2*time.Second); left != nil {
			killMarked(p.mark)
			g.table.violation("round %d: processes outlive gobuild: %q", n, left)
		}
	}
}

// after lets all sites run again: all must succeed, and nothing be built
// unless all builders of a part were killed.
func (g *ring) after(n, lines int) error {
	for i, s := range g.sites {
		if err := s.plain("shared"); err != nil {
			g.table.violation("round %d: process %d, plain run: %v", n, i, err)
		}
	}
	now, err := g.lines()
	if err == nil && len(now) != lines {
		g.table.violation("round %d: plain runs built again: %v", n, now[lines:])
	}
	complete, _ := filepath.Glob(filepath.Join(g.root, "store", "s*", "*", ".buildout-shared.json"))
	all, _ := filepath.Glob(filepath.Join(g.root, "store", "s*", "*"))
	if len(complete) != sharedParts*(n+1) || len(all) != len(complete) {
		g.table.violation("round %d: %d complete parts in the store, but there are %q", n, len(complete), all)
	}
	return err
}
