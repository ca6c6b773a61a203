package buildout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/plan"
	"gobuild/buildout/sched"
	"gobuild/parts"
	"gobuild/parts/jobs"
	"gobuild/parts/manifest"
	"gobuild/parts/run"
)

// execution carries out one graph.
type execution struct {
	*Engine
	graph   *plan.Graph
	changes *changes
}

// carryOut removes, then installs and updates. Order: SPEC-engine 8, 6 and 7.
// whole says that the run is for all parts of the profile.
func (e *Engine) carryOut(ctx context.Context, g *plan.Graph, c *changes, whole bool) error {
	x := &execution{Engine: e, graph: g, changes: c}
	start := time.Now()
	e.Events.Emit(event.Event{Kind: event.RunStarted, Time: start, Total: int64(len(g.Removed) + len(g.Parts))})
	c.last = x.writeDown
	err := x.do(ctx)
	if err == nil && whole {
		err = e.sweepNested(ctx, g)
	}
	err = withoutRepeat(err, c.close(ending{g, whole, err}))
	e.Events.Emit(event.Event{Kind: event.RunDone, Time: time.Now(), Elapsed: time.Since(start)})
	return err
}

// do changes the directory. When nothing can be recorded any more, what runs
// is stopped.
func (x *execution) do(ctx context.Context) error {
	whole := ctx // what is noted of the parts is noted until the end
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	err := x.changes.start(x.graph, stop)
	if err == nil {
		err = x.begin(whole)
	}
	if err == nil {
		err = x.removeAll(ctx)
	}
	if err == nil {
		err = x.installAll(ctx)
		x.warnOutside(err)
	}
	if x.pool != nil && !x.sharesPool() {
		x.pool.Close()
	}
	var lost *StateError
	if ctx.Err() != nil && errors.As(context.Cause(ctx), &lost) {
		return lost
	}
	return err
}

// removeAll removes what is not wanted, and what is installed anew.
func (x *execution) removeAll(ctx context.Context) error {
	err := x.changes.removeAll(ctx, x.graph.Removed)
	for _, n := range x.graph.Removed {
		if n.Decision == plan.Remove && err == nil {
			x.ledger.removed(n.Part)
		}
	}
	return err
}

// begin makes ready what only a run with work to do needs.
func (x *execution) begin(ctx context.Context) error {
	if !isWork(x.graph) {
		return nil
	}
	x.ledger.begin(ctx, x.path)
	return x.openPool()
}

// openPool makes the budget of jobs. With one job there is none: everything is
// as in zc.buildout.
func (e *Engine) openPool() error {
	if e.Jobs < 2 {
		return nil
	}
	if e.pool != nil {
		return nil // that of the outer run
	}
	makeflags, _ := run.LookupEnv(e.Environ, "MAKEFLAGS")
	var err error
	e.pool, err = jobs.New(e.Jobs, jobs.Options{Dir: filepath.Join(e.stateDir(), "jobs"), Launcher: e.Launcher, Makeflags: makeflags, Alone: e.OwnJobs,
		Changed: func(used int) {
			e.Events.Emit(event.Event{Kind: event.JobsUsed, Time: time.Now(), Done: int64(used), Total: int64(e.Jobs)})
		}})
	return stateError(err)
}

// writeDown closes the ledger. What could not be written is a warning: it loses
// no installation.
func (x *execution) writeDown() {
	if err := x.ledger.close(x.changes.db, x.graph); err != nil {
		if p := (*fs.PathError)(nil); errors.As(err, &p) {
			err = p.Err
		}
		x.changes.say(event.Warning, "", fmt.Sprintf("cannot note in %s what the parts were made from: %v", x.stateDir(), err))
	}
}

// withoutRepeat joins the error of a run with that of its end, which may be the
// same one.
func withoutRepeat(err, closing error) error {
	var first, last *StateError
	if errors.As(err, &first) && errors.As(closing, &last) && first.Error() == last.Error() {
		return err
	}
	return errors.Join(err, closing)
}

// installAll runs the parts, as many at once as there are slots.
func (x *execution) installAll(ctx context.Context) error {
	tasks := make([]sched.Task, 0, len(x.graph.Parts))
	for _, n := range x.graph.Parts {
		tasks = append(tasks, x.task(n))
	}
	stop := x.prefetch(ctx, x.graph)
	defer stop()
	o := sched.Options{Slots: sched.NewSlots(x.Jobs), Memory: x.Memory, KeepGoing: x.KeepGoing}
	if x.pool != nil {
		o.Slots = x.pool
	}
	if x.sharesPool() {
		o.Slots = lend(x.pool, x.nest.lent)
	}
	result, err := sched.Run(ctx, tasks, o)
	if err != nil {
		return err
	}
	return x.runError(ctx, result)
}

// task is the work on one part as the scheduler sees it.
func (x *execution) task(n *plan.Node) sched.Task {
	var j *job
	verb := "Installing"
	if n.Decision == plan.Update {
		verb = "Updating"
	}
	t := sched.Task{
		Name: n.Part, Needs: slices.Concat(n.Needs, n.After), InOrder: n.Spec.InOrder,
		Begin: func() { j = x.changes.job(n); j.begin(verb) },
		Run:   func(ctx context.Context) error { return x.perform(ctx, j) },
	}
	if a, ok := n.Action.(parts.Exclusive); ok {
		t.Alone = a.Excludes()
	}
	if n.Decision == plan.Update {
		_, works := n.Action.(parts.Updater)
		t.Quick = !works
		return t
	}
	t.Weight, t.Memory = x.expected(n)
	if _, t.Slots = jobsOf(n); t.Slots == jobs.Unlimited {
		t.Slots = x.Jobs
	}
	return t
}

// perform does the work on one part and notes what became of it.
func (x *execution) perform(ctx context.Context, j *job) error {
	r, err := j.perform(ctx)
	if j.node.Decision == plan.Update {
		return x.changes.finish(ctx, j, r, err, nil)
	}
	var entry manifest.Entry
	if err == nil {
		entry = x.ledger.installed(j, r)
	}
	recorded := make(chan struct{})
	err = x.changes.finish(ctx, j, r, err, func() {
		x.ledger.recorded(r, entry)
		close(recorded)
	})
	if err != nil || x.Jobs > 1 {
		return err
	}
	// With one job a part is recorded before the next one starts.
	select {
	case <-recorded:
	case <-ctx.Done():
	}
	return nil
}

// runsNinja reports whether the options of a part speak of ninja, or of meson,
// which runs it.
func runsNinja(options map[string]string) bool {
	for _, text := range options {
		if text = strings.ToLower(text); strings.Contains(text, "ninja") || strings.Contains(text, "meson") {
			return true
		}
	}
	return false
}

// jobsOf returns how many jobs the options of a part ask for: limit is the number
// in make-options, which the recipe leaves out, so that the part has at most so
// many of the budget; own is a number that it cannot leave out, so that the part
// counts for so many. 0 is none, jobs.Unlimited any number.
func jobsOf(n *plan.Node) (limit, own int) {
	if !n.Spec.Builds {
		return 0, 0
	}
	o := n.Options
	options, limit := jobs.WithoutOwnJobs(cmp.Or(o["make-binary"], "make"), o["make-options"])
	return limit, jobs.OwnJobs(options, o["make-targets"], o["make-binary"], o["environment"])
}

// Weights of parts of which no earlier run is known: nearly all that takes
// long is compiled.
const (
	compiling    = 30 * time.Second
	notCompiling = 100 * time.Millisecond
)

// expected is how long a part will take, and how much memory: as the profile
// says or as the last time.
func (x *execution) expected(n *plan.Node) (time.Duration, int64) {
	last, known := x.ledger.times.Get(n.Part)
	memory := last.Peak
	if text := n.Options["memory"]; n.Spec.Builds && text != "" {
		memory, _ = parts.ParseSize(text) // checked before the run
	}
	if known && last.Recipe == n.Options["recipe"] {
		return last.Wall, memory
	}
	if n.Spec.Builds {
		return compiling, memory
	}
	return notCompiling, memory
}

func stateError(err error) error {
	if err == nil {
		return nil
	}
	return &StateError{err}
}

func failed(ctx context.Context, part string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &FailedError{Parts: []string{part}, List: diag.All(err)}
}

// runError is the error of a run: cancelled, state lost, or parts failed.
func (x *execution) runError(ctx context.Context, r sched.Result) error {
	if ctx.Err() != nil && len(r.Stopped)+len(r.NotStarted) > 0 {
		return ctx.Err()
	}
	if len(r.Failed) == 0 {
		return nil
	}
	f := &FailedError{NotStarted: r.NotStarted}
	for _, failure := range r.Failed {
		var lost *StateError
		if errors.As(failure.Err, &lost) {
			return failure.Err
		}
		f.Parts = append(f.Parts, failure.Name)
		f.List = append(f.List, diag.All(failure.Err)...)
	}
	for _, n := range x.graph.Parts {
		if slices.Contains(f.Parts, n.Part) && x.Resumable(n) {
			f.Resumable = append(f.Resumable, n.Part)
		}
	}
	for _, b := range r.Blocked {
		f.Blocked = append(f.Blocked, b.Name)
	}
	return f
}
