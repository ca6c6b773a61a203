package history

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gobuild/buildout/event"
	"gobuild/buildout/plan"
)

// epoch is when the runs of the tests start.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const second = time.Second

// errFailed is the error of a run in which a part failed.
var errFailed = errors.New("1 part failed")

// clock is a clock that tests set.
type clock struct{ now time.Time }

// recording is a recorder with a clock, in a directory of its own.
type recording struct {
	*Recorder
	clock *clock
	dir   string
}

func record(t *testing.T, dir string, start time.Time) *recording {
	t.Helper()
	c := &clock{start}
	r := NewRecorder(event.Discard, Config{Command: "gobuild", Version: "1.0", Profile: "software.cfg", Keep: 50,
		Mask: func(s string) string { return strings.ReplaceAll(s, "hunter2", "***") }, Now: func() time.Time { return c.now }})
	// What differs from machine to machine.
	r.run.Host, r.run.Cores, r.run.PID = "box", 2, 4242
	r.run.ID = newID(start, 4242)
	return &recording{r, c, dir}
}

// tells emits an event at a time after the start.
func (r *recording) tells(after time.Duration, e event.Event) {
	e.Time = r.run.Start.Add(after)
	r.clock.now = e.Time
	r.Emit(e)
}

func (r *recording) started(after time.Duration, verb, part string) {
	r.tells(after, event.Event{Kind: event.PartStarted, Part: part, Verb: verb, Log: filepath.Join(r.dir, ".gobuild", "log", part+".log")})
}

func (r *recording) step(after time.Duration, part, name string) {
	r.tells(after, event.Event{Kind: event.StepStarted, Part: part, Step: name})
}

func (r *recording) done(after time.Duration, part string, err error) {
	e := event.Event{Kind: event.PartDone, Part: part, Err: err}
	r.tells(after, e)
}

func (r *recording) finished(t *testing.T, after time.Duration, err error) *Run {
	t.Helper()
	r.tells(after, event.Event{Kind: event.RunDone})
	run, problem := r.Finish(err)
	if problem != nil {
		t.Fatal(problem)
	}
	return run
}

// node is a part of a plan.
func node(part string, d plan.Decision, needs ...string) *plan.Node {
	return &plan.Node{Part: part, Decision: d, Needs: needs}
}

func graph(nodes ...*plan.Node) *plan.Graph {
	g := &plan.Graph{}
	for _, n := range nodes {
		if n.Decision == plan.Remove || n.Decision == plan.Reinstall {
			g.Removed = append(g.Removed, n)
		}
		if n.Decision != plan.Remove {
			g.Parts = append(g.Parts, n)
		}
	}
	return g
}

// put writes a file.
func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// fact is an event of a simulated run.
type fact struct {
	after time.Duration
	event event.Event
}

// simulate records a run of n parts on some lanes; fails names a part that
// fails, "" none. The same numbers give the same run.
func simulate(t *testing.T, dir string, n, lanes int, fails string) *Run {
	t.Helper()
	s := newSimulation(n, lanes, fails)
	r := record(t, dir, epoch)
	r.run.Cores, r.run.Jobs, r.run.Command = lanes, lanes, "gobuild -c software.cfg -j "+fmt.Sprint(lanes)
	r.Planned(s.graph, Site{dir, filepath.Join(dir, ".installed.cfg"), 2})
	r.tells(350*time.Millisecond, event.Event{Kind: event.RunStarted, Total: int64(n)})
	slices.SortStableFunc(s.facts, func(a, b fact) int { return int(max(-1, min(1, a.after-b.after))) })
	for _, f := range s.facts {
		f.event.Log = filepath.Join(dir, ".gobuild", "log", f.event.Part+".log")
		r.tells(f.after, f.event)
	}
	var err error
	if fails != "" {
		put(t, filepath.Join(dir, ".gobuild", "log", fails+".log"), sampleLog(fails))
		err = errors.New("1 part failed")
	}
	return r.finished(t, s.end+second/10, err)
}

func sampleLog(part string) string {
	var b strings.Builder
	for i := range 60 {
		fmt.Fprintf(&b, "gcc -O2 -Wall -I../include -DHAVE_CONFIG_H -c -o src/file%02d.o src/file%02d.c\n", i, i)
	}
	return b.String() + "src/file60.c:17:5: \x1b[1;31merror:\x1b[0m unknown type name 'u_int' <b>\nmake: *** [Makefile:12: " + part + "] Error 1\n"
}

// simulation makes up a run.
type simulation struct {
	*rand.Rand
	graph  *plan.Graph
	facts  []fact
	free   []time.Duration // when each lane is free
	ends   map[string]time.Duration
	failed map[string]bool // failed or blocked
	end    time.Duration
}

func newSimulation(n, lanes int, fails string) *simulation {
	s := &simulation{Rand: rand.New(rand.NewPCG(7, uint64(n))), graph: &plan.Graph{}, free: make([]time.Duration, lanes),
		ends: map[string]time.Duration{}, failed: map[string]bool{}}
	words := []string{"zlib", "openssl", "libxml2", "python", "nginx", "postgresql", "libffi", "readline", "ncurses", "bzip2", "curl", "sqlite"}
	var names []string
	for i := range n {
		name := words[i%len(words)]
		if i >= len(words) {
			name = fmt.Sprintf("%s-%d", name, i/len(words))
		}
		node := node(name, plan.Install)
		for range s.IntN(3) {
			if i > 0 {
				node.Needs = append(node.Needs, names[max(0, i-1-s.IntN(10))])
			}
		}
		names = append(names, name)
		s.graph.Parts = append(s.graph.Parts, node)
		s.part(node, fails)
	}
	return s
}

// part makes up what happens to a part.
func (s *simulation) part(n *plan.Node, fails string) {
	lane := slices.Index(s.free, slices.Min(s.free))
	start := max(s.free[lane], second/2)
	for _, need := range n.Needs {
		start = max(start, s.ends[need])
		if s.failed[need] {
			s.failed[n.Part] = true
			return
		}
	}
	length := time.Duration(float64(second) * (0.05 + s.ExpFloat64()*s.ExpFloat64()*6)).Round(time.Millisecond)
	s.add(start, event.Event{Kind: event.PartStarted, Part: n.Part, Verb: Installing})
	s.download(start, n.Part)
	s.add(start, event.Event{Kind: event.StepStarted, Part: n.Part, Step: "configure"})
	s.add(start+length/4, event.Event{Kind: event.StepStarted, Part: n.Part, Step: "make"})
	done := event.Event{Kind: event.PartDone, Part: n.Part, CPU: length * 9 / 10, Memory: 20e6 + s.Int64N(400e6)}
	if n.Part == fails {
		done.Err = errors.New("make failed: make: exit status 2\nhint: see the log")
		s.failed[n.Part] = true
	} else {
		s.add(start+length*9/10, event.Event{Kind: event.StepStarted, Part: n.Part, Step: "install"})
	}
	s.add(start, event.Event{Kind: event.JobsUsed, Done: int64(1 + s.IntN(len(s.free))), Total: int64(len(s.free))})
	s.add(start+length, done)
	s.free[lane], s.ends[n.Part], s.end = start+length, start+length, max(s.end, start+length)
}

func (s *simulation) download(start time.Duration, part string) {
	e := event.Event{Kind: event.FetchStarted, Part: part, Text: "https://files.example/" + part + "-1.2.3.tar.gz"}
	if s.IntN(3) == 0 {
		e.Kind = event.FetchStarted
		s.add(start, e)
		e.Kind, e.Done, e.Cached = event.FetchDone, 3e6, true
		s.add(start+2*time.Millisecond, e)
		return
	}
	ahead := max(0, start-time.Duration(s.Int64N(int64(4*second))))
	early := e
	early.Step = "prefetch"
	s.add(ahead, early)
	early.Kind, early.Done = event.FetchDone, s.Int64N(30e6)
	s.add(ahead+time.Duration(s.Int64N(int64(2*second))), early)
	s.add(start, e)
	e.Kind, e.Done, e.Cached = event.FetchDone, early.Done, true
	s.add(start+time.Millisecond, e)
}

func (s *simulation) add(after time.Duration, e event.Event) {
	s.facts = append(s.facts, fact{after, e})
}
