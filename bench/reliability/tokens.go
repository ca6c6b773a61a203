//go:build linux && amd64

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	tokenJobs  = 4
	tokenParts = 6
	// orphanLimit is how long a compiler may outlive gobuild.
	orphanLimit = 2 * time.Second
)

// compilerName is in the command line of each made-up compiler.
const compilerName = "made-up-compiler"

// compilerScript registers itself, works a little, and makes its output.
const compilerScript = `#!/bin/sh
echo $$ >> "$RELIABILITY_LOG"
sleep 0.0$2
: > "$1"
`

// bigConfigure makes the makefiles of two subdirectories with 12 objects each.
const bigConfigure = `#!/bin/sh
for word; do
  case $word in --prefix=*) prefix=${word#--prefix=} ;; esac
done
[ -n "$prefix" ] || exit 1
objects='1.o 2.o 3.o 4.o 5.o 6.o 7.o 8.o 9.o 10.o 11.o 12.o'
for d in one two; do
  mkdir -p $d
  printf '.PHONY: all\nall: %s\n%%.o:\n\tsh ../made-up-compiler $@ 3\n' "$objects" > $d/Makefile
done
printf 'all:\n\t$(MAKE) -C one\n\t$(MAKE) -C two\ninstall:\n\tmkdir -p %s/bin\n' "$prefix" > Makefile
`

// forge is a site whose parts run many compilers.
type forge struct {
	*site
	log string // where compilers register
	r   *rand.Rand

	kills   tally
	most    int // compilers seen at a time
	samples int
	runs    int
	slots   int           // highest number of slots told by events
	events  int           // events of slots
	refill  time.Duration // longest time from a kill to the end of its part, and of its slots
	hit     []hit         // kills of the run
}

// hit is a kill in a part.
type hit struct {
	part string
	at   time.Time
}

// refillLimit is how long the slots of a part may be away after a kill.
const refillLimit = time.Second

// runTokens kills compilers and makes while parts with parallel makes share
// the slots of -j4.
func runTokens(b *bench) error {
	f, err := newForge(b)
	if err != nil {
		return err
	}
	for total := 0; total < b.count && b.table.count() < 10; {
		n, err := f.run(min(4, b.count-total))
		if err != nil {
			return err
		}
		total += n
		if n == 0 && f.runs > b.count {
			return fmt.Errorf("no compiler could be hit in %d runs", f.runs)
		}
	}
	orphans, err := f.orphans()
	if err != nil {
		return err
	}
	b.table.columns("kills", "runs", "samples", "most compilers at a time", "most slots told", "events of slots", "slots back after ms", "gone after gobuild ms")
	b.table.row(f.kills.String(), f.runs, f.samples, f.most, f.slots, f.events, f.refill.Milliseconds(), orphans.Milliseconds())
	return nil
}

func newForge(b *bench) (*forge, error) {
	src := filepath.Join(b.dir, "big.tar.gz")
	err := os.WriteFile(src, archive("big", []file{
		{"configure", 0o755, []byte(bigConfigure)}, {compilerName, 0o755, []byte(compilerScript)},
	}), 0o644)
	if err != nil {
		return nil, err
	}
	s, err := newSite(b, b.dir, &marks{})
	if err != nil {
		return nil, err
	}
	var names, sections strings.Builder
	for i := range tokenParts {
		name := fmt.Sprintf("big%d", i)
		names.WriteString(" " + name)
		sections.WriteString(section(name, "slapos.recipe.cmmi", "url = ", src, "\n"))
	}
	f := &forge{site: s, log: filepath.Join(b.dir, "compilers.log"), r: b.random(0)}
	return f, s.profile("big", "[buildout]\nparts ="+names.String()+"\n\n"+sections.String())
}

// begin starts a run with a new log.
func (f *forge) begin() (*process, error) {
	if err := f.wipe(); err != nil {
		return nil, err
	}
	if err := os.WriteFile(f.log, nil, 0o644); err != nil {
		return nil, err
	}
	argv := f.argv("big", "-j"+strconv.Itoa(tokenJobs), "-k", "--json")
	f.runs++
	return start(f.marks.next(), f.dir, append(f.environ(), "RELIABILITY_LOG="+f.log), argv, nil)
}

// run runs once with some kills, and then lets a plain run finish.
func (f *forge) run(kills int) (int, error) {
	p, err := f.begin()
	if err != nil {
		return 0, err
	}
	done := 0
	f.hit = nil
	next := time.Now().Add(f.pause())
	for p.running() && time.Since(next) < patience {
		f.sample()
		if done < kills && time.Now().After(next) {
			if f.killOne(p.mark) {
				done++
			}
			next = time.Now().Add(f.pause())
		}
		time.Sleep(3 * time.Millisecond) // between two samples
	}
	ended := p.wait()
	if ended != nil && !p.cmd.ProcessState.Exited() {
		f.table.violation("%v\n%s", ended, last(p.out.String(), 30))
	}
	f.told(p.out.Bytes())
	if left := survivors(p.mark, orphanLimit); left != nil {
		killMarked(p.mark)
		f.table.violation("processes outlive the run: %q", left)
	}
	if err := f.finish(); err != nil {
		f.table.violation("after %d kills: %v", done, err)
	}
	return done, nil
}

// finish is the plain run after the kills.
func (f *forge) finish() error {
	p, err := start(f.marks.next(), f.dir, append(f.environ(), "RELIABILITY_LOG="+f.log), f.argv("big", "-j"+strconv.Itoa(tokenJobs)), nil)
	if err != nil {
		return err
	}
	for p.running() {
		f.sample()
		time.Sleep(3 * time.Millisecond) // between two samples
	}
	if err := p.wait(); err != nil {
		return fmt.Errorf("%w\n%s", err, last(p.out.String(), 20))
	}
	return nil
}

func (f *forge) pause() time.Duration { return time.Duration(20+f.r.IntN(150)) * time.Millisecond }

// compilers returns the registered compilers that run.
func (f *forge) compilers() []int {
	text, err := os.ReadFile(f.log)
	if err != nil {
		return nil
	}
	var pids []int
	for word := range strings.FieldsSeq(string(text)) {
		pid, err := strconv.Atoi(word)
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && bytes.Contains(line, []byte(compilerName)) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// sample counts the compilers that run.
func (f *forge) sample() {
	n := len(f.compilers())
	f.samples++
	f.most = max(f.most, n)
	if n > tokenJobs {
		f.table.violation("%d compilers at a time with -j%d", n, tokenJobs)
	}
}

// killOne kills a random compiler or make, and reports whether there was one.
func (f *forge) killOne(mark string) bool {
	kind := []string{"compiler", "make"}[f.r.IntN(2)]
	pids := f.compilers()
	if kind == "make" {
		pids = nil
		for _, pid := range marked(mark) {
			if name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); string(name) == "make\n" {
				pids = append(pids, pid)
			}
		}
	}
	if len(pids) == 0 {
		return false
	}
	pid := pids[f.r.IntN(len(pids))]
	cwd, _ := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	now := time.Now()
	if syscall.Kill(pid, syscall.SIGKILL) != nil {
		return false
	}
	f.kills.add(kind, 1)
	if _, below, ok := strings.Cut(cwd, "/parts/"); ok {
		part, _, _ := strings.Cut(below, "/")
		f.hit = append(f.hit, hit{part, now})
	}
	return true
}

// told reads the events of a run: no more slots than there are may be in use,
// none at the end, and those of a part come back soon after a kill in it.
func (f *forge) told(out []byte) {
	used := int64(0)
	for line := range bytes.Lines(out) {
		var e slotEvent
		if json.Unmarshal(line, &e) != nil {
			continue
		}
		switch e.Event {
		case "part-done":
			f.ended(e)
		case "jobs-used":
			f.events++
			used = e.Done
			f.slots = max(f.slots, int(e.Done))
			if e.Done > tokenJobs || e.Total != tokenJobs {
				f.table.violation("%d of %d slots in use with -j%d", e.Done, e.Total, tokenJobs)
			}
		}
	}
	if used != 0 {
		f.table.violation("%d slots are in use at the end of a run", used)
	}
}

// slotEvent is an event of a run as far as it is read here.
type slotEvent struct {
	Event, Part string
	Time        time.Time
	Done, Total int64
}

// ended is told of the end of a part: from now on it holds no slots.
func (f *forge) ended(e slotEvent) {
	for _, h := range f.hit {
		if h.part != e.Part || e.Time.Before(h.at) {
			continue
		}
		took := e.Time.Sub(h.at)
		f.refill = max(f.refill, took)
		if took > refillLimit {
			f.table.violation("%s holds slots for %s after a kill in it", e.Part, took)
		}
	}
}

// orphans kills gobuild alone while compilers run, and returns how long the
// last of its processes lived on.
func (f *forge) orphans() (time.Duration, error) {
	p, err := f.begin()
	if err != nil {
		return 0, err
	}
	for p.running() && len(f.compilers()) == 0 {
		time.Sleep(time.Millisecond) // until there is one
	}
	for _, pid := range gobuilds(p.mark, f.gobuild) {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	begin := time.Now()
	if left := survivors(p.mark, orphanLimit); left != nil {
		f.table.violation("compilers outlive gobuild: %q", left)
		killMarked(p.mark)
	}
	took := time.Since(begin)
	return took, f.finish()
}
