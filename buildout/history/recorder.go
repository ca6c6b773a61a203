package history

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"gobuild/buildout/event"
	"gobuild/buildout/plan"
)

// What a recorder holds of a run at most.
const (
	maxSteps     = 500     // of a part
	maxDownloads = 50_000  // of a run
	maxError     = 8 << 10 // bytes of an error text
)

// idle is how long an update takes at most that counts as one with nothing to
// do.
const idle = 10 * time.Millisecond

// Config is what a Recorder is told beforehand. The zero Config is good for
// tests.
type Config struct {
	Command string // without secrets
	Version string // of gobuild
	Profile string
	// Keep is how many entries there may be. With 0 no entry is made.
	Keep int
	// Mask hides the secrets in a text; nil hides nothing.
	Mask func(string) string
	Now  func() time.Time // nil is time.Now
}

// Recorder is a sink in front of another one that remembers the run. Its
// methods may be called by several goroutines at once.
//
//	NewRecorder -> Emit … -> Planned -> Emit … -> Finish
type Recorder struct {
	to event.Sink
	c  Config

	mu       sync.Mutex
	run      *Run
	graph    *plan.Graph
	began    time.Duration // when the parts began
	active   map[string]*Part
	spare    *Part    // an unused one: a run with nothing to do allocates no others
	idle     []string // parts with nothing to do
	fetching map[source][]*Fetch
	usage    usage
	problem  error // why no entry could be made
}

// source is what a download is known by.
type source struct{ part, url, step string }

// ahead is the step of downloads that no part has asked for yet.
const ahead = "prefetch"

// NewRecorder returns a recorder that passes all events on to a sink. The run
// starts now.
func NewRecorder(to event.Sink, c Config) *Recorder {
	c = c.filled()
	return &Recorder{to: to, c: c, run: newRun(c), active: map[string]*Part{}, fetching: map[source][]*Fetch{}}
}

// filled returns c with what may be left out.
func (c Config) filled() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Mask == nil {
		c.Mask = func(text string) string { return text }
	}
	return c
}

// newRun is a run that starts now.
func newRun(c Config) *Run {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	start := c.Now().UTC()
	return &Run{Version: Version, ID: newID(start, os.Getpid()), Start: start, Result: Running, mask: c.Mask,
		Parts: []*Part{}, Downloads: []*Fetch{},
		Origin: Origin{Command: c.Command, Gobuild: c.Version, Host: host, PID: os.Getpid(), Cores: runtime.NumCPU(),
			Profile: c.Mask(c.Profile)}}
}

// ID is that of the run.
func (r *Recorder) ID() string { return r.run.ID }

// Emit notes e and passes it on.
func (r *Recorder) Emit(e event.Event) {
	if e.Time.IsZero() {
		e.Time = r.c.Now()
	}
	r.mu.Lock()
	r.note(e, max(0, e.Time.Sub(r.run.Start)))
	r.mu.Unlock()
	r.to.Emit(e)
}

func (r *Recorder) note(e event.Event, at time.Duration) {
	switch e.Kind {
	case event.RunStarted:
		r.began = at
	case event.PartStarted:
		r.partStarted(e, at)
	case event.StepStarted:
		r.stepStarted(e, at)
	case event.PartDone:
		r.partDone(e, at)
	case event.FetchStarted:
		r.fetchStarted(e, at)
	case event.FetchDone:
		r.fetchDone(e, at)
	case event.JobsUsed:
		r.usage.set(at, int(e.Done), int(e.Total))
	}
}

func (r *Recorder) partStarted(e event.Event, at time.Duration) {
	if old := r.active[e.Part]; old != nil {
		r.close(old, Interrupted, at)
	}
	p := r.spare
	if p == nil {
		p = &Part{}
	}
	r.spare = nil
	*p = Part{Part: e.Part, Verb: e.Verb, Log: e.Log, Interval: Interval{Start: at}}
	r.active[e.Part] = p
}

func (r *Recorder) stepStarted(e event.Event, at time.Duration) {
	p := r.active[e.Part]
	if p == nil || len(p.Steps) == maxSteps {
		return
	}
	p.endStep(at)
	p.Steps = append(p.Steps, Step{Name: e.Step, Interval: Interval{Start: max(at, p.Start)}})
}

// endStep ends the step that runs, if any.
func (p *Part) endStep(at time.Duration) {
	if n := len(p.Steps); n > 0 {
		p.Steps[n-1].End = max(at, p.Steps[n-1].Start)
	}
}

func (r *Recorder) partDone(e event.Event, at time.Duration) {
	p := r.active[e.Part]
	if p == nil {
		return
	}
	if e.Error == "" && e.Err != nil {
		e.Error = e.Err.Error()
	}
	if e.Error == "" && p.Verb == Updating && at-p.Start < idle && len(p.Steps) == 0 {
		delete(r.active, p.Part)
		r.idle, r.spare = append(r.idle, p.Part), p
		return
	}
	p.CPU, p.Memory = e.CPU, e.Memory
	result := Done
	if e.Error != "" {
		result, p.Error = Failed, r.text(e.Error)
		if isInterruption(e.Err) {
			result = Interrupted
		}
	}
	r.close(p, result, at)
}

// close ends a part.
func (r *Recorder) close(p *Part, result Result, at time.Duration) {
	p.endStep(at)
	p.Result, p.End = result, max(at, p.Start)
	if n := len(p.Steps); n > 0 {
		p.End = max(p.End, p.Steps[n-1].End)
	}
	r.run.Parts = append(r.run.Parts, p)
	delete(r.active, p.Part)
}

func (r *Recorder) fetchStarted(e event.Event, at time.Duration) {
	if len(r.run.Downloads) == maxDownloads {
		return
	}
	f := &Fetch{URL: r.c.Mask(e.Text), Part: e.Part, Ahead: e.Step == ahead, Interval: Interval{Start: at, End: -1}}
	r.run.Downloads = append(r.run.Downloads, f)
	key := source{e.Part, e.Text, e.Step}
	r.fetching[key] = append(r.fetching[key], f)
}

func (r *Recorder) fetchDone(e event.Event, at time.Duration) {
	key := source{e.Part, e.Text, e.Step}
	list := r.fetching[key]
	if len(list) == 0 {
		return
	}
	f := list[0]
	if list = list[1:]; len(list) == 0 {
		delete(r.fetching, key)
	} else {
		r.fetching[key] = list
	}
	if e.Error == "" && e.Err != nil {
		e.Error = e.Err.Error()
	}
	f.End, f.Bytes, f.Cached, f.Error = max(at, f.Start), e.Done, e.Cached, r.text(e.Error)
}

// text masks and shortens an error.
func (r *Recorder) text(s string) string {
	if len(s) > maxError {
		s = s[:maxError] + "…"
	}
	return r.c.Mask(s)
}

// isInterruption reports whether err only says that the run was to end.
func isInterruption(err error) bool { return errors.Is(err, context.Canceled) }

// Site is where a run works.
type Site struct {
	Dir       string // the buildout directory
	Installed string // path of .installed.cfg; "" when nothing is recorded
	Jobs      int    // -j
}

// Planned tells what the run is going to do. When something is to change it
// begins the entry of the run, so that a run that is killed leaves a trace. It
// is called while the directory is locked.
func (r *Recorder) Planned(g *plan.Graph, s Site) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.graph, r.run.Directory, r.run.Installed, r.run.Jobs = g, s.Dir, s.Installed, s.Jobs
	if r.c.Keep <= 0 || !changes(g) {
		return
	}
	begun := *r.run
	begun.Parts = planned(g)
	begun.Counts = begun.count(0)
	if r.problem = begun.begin(); r.problem == nil {
		r.run.entry = begun.entry
	}
}

// changes reports whether a graph installs or removes a part.
func changes(g *plan.Graph) bool {
	if len(g.Removed) > 0 {
		return true
	}
	for _, n := range g.Parts {
		if n.Decision != plan.Update {
			return true
		}
	}
	return false
}

// planned lists the parts that are going to change.
func planned(g *plan.Graph) []*Part {
	var list []*Part
	for _, nodes := range [][]*plan.Node{g.Removed, g.Parts} {
		for _, n := range nodes {
			if n.Decision != plan.Update {
				list = append(list, &Part{Part: n.Part, Decision: string(n.Decision), Result: NotStarted})
			}
		}
	}
	return list
}

// Finish ends the run with the error that it ended with, and returns it. When
// something was installed or removed, or failed, the entry is completed; the
// error says why it could not be, and is a warning to show. Finish is called
// once, while the directory is still locked.
func (r *Recorder) Finish(err error) (*Run, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end(err)
	run := r.run
	if r.c.Keep <= 0 || run.Directory == "" || run.entry == "" && !run.changed() {
		return run, nil
	}
	if r.problem == nil {
		r.problem = run.complete()
	}
	if r.problem != nil {
		return run, unwritten(run.Directory, r.problem)
	}
	prune(run.Directory, r.c.Keep)
	return run, nil
}

// end closes what is open and computes what follows from the whole.
func (r *Recorder) end(err error) {
	run := r.run
	run.End = r.c.Now().UTC()
	length := max(0, run.End.Sub(run.Start))
	for _, p := range r.active {
		r.close(p, Interrupted, length)
	}
	for _, f := range run.Downloads {
		if f.End < 0 {
			f.End = max(length, f.Start)
			f.Error = "interrupted"
		}
	}
	run.Result = resultOf(err)
	if err != nil && run.Result == Failed {
		run.Error = r.runError(err)
	}
	r.addPlan()
	run.layOut()
	run.Counts = run.count(len(r.idle))
	run.Slots = r.usage.end(length)
	run.Bound = run.bound(Interval{Start: min(r.began, length), End: length})
	run.stretch()
	run.addDownloads()
}

func resultOf(err error) Result {
	switch {
	case err == nil:
		return Done
	case isInterruption(err):
		return Interrupted
	}
	return Failed
}

// runError is the error of the run where no part has it.
func (r *Recorder) runError(err error) string {
	for _, p := range r.run.Parts {
		if p.Result == Failed {
			return ""
		}
	}
	return r.text(fmt.Sprint(err))
}

// stretch moves the end of the run behind all that it holds: events carry
// times of their own.
func (r *Run) stretch() {
	end := r.Elapsed()
	for _, p := range r.Parts {
		end = max(end, p.End)
	}
	for _, f := range r.Downloads {
		end = max(end, f.End)
	}
	r.End = r.Start.Add(end)
}

// addDownloads counts the files that each part fetched. One that was fetched
// ahead came from no cache, though the part found it in one.
func (r *Run) addDownloads() {
	early := map[source]bool{}
	parts := make(map[string]*Part, len(r.Parts))
	for _, p := range r.Parts {
		if p.Verb != Uninstalling {
			parts[p.Part] = p
		}
	}
	for _, f := range r.Downloads {
		key := source{part: f.Part, url: f.URL}
		if f.Ahead {
			early[key] = early[key] || !f.Cached && f.Error == ""
		} else if p := parts[f.Part]; p != nil {
			p.Downloads++
			p.Cached += boolInt(f.Cached && !early[key])
		}
	}
}

// count says how many parts met which end.
func (r *Run) count(unchanged int) Counts {
	c := Counts{Unchanged: unchanged}
	for _, p := range r.Parts {
		switch {
		case p.Result == Failed:
			c.Failed++
		case p.Result == Interrupted:
			c.Interrupted++
		case p.Result == Blocked:
			c.Blocked++
		case p.Result == NotStarted:
			c.NotStarted++
		case p.Verb == Updating:
			c.Updated++
		case p.Verb == Restoring:
			c.Restored++
		case p.Verb == SettingAside, p.Decision == string(plan.Remove):
			c.Removed++
		case p.Verb == Uninstalling: // its installation counts
		case p.Decision == string(plan.Reinstall):
			c.Reinstalled++
		default:
			c.Installed++
		}
	}
	return c
}
