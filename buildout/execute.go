package buildout

import (
	"context"
	"errors"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/plan"
	"gobuild/buildout/sched"
	"gobuild/parts"
)

// execution carries out one graph.
type execution struct {
	*Engine
	graph   *plan.Graph
	changes *changes
	slots   sched.Slots
}

// carryOut removes, then installs and updates. Order: SPEC-engine 8, 6 and 7.
// whole says that the run is for all parts of the profile.
func (e *Engine) carryOut(ctx context.Context, g *plan.Graph, c *changes, whole bool) error {
	x := &execution{Engine: e, graph: g, changes: c, slots: sched.NewSlots(e.Jobs)}
	start := time.Now()
	e.Events.Emit(event.Event{Kind: event.RunStarted, Time: start, Total: int64(len(g.Removed) + len(g.Parts))})
	err := x.do(ctx)
	err = withoutRepeat(err, c.close(ending{g, whole, err}))
	e.Events.Emit(event.Event{Kind: event.RunDone, Time: time.Now(), Elapsed: time.Since(start)})
	return err
}

// do changes the directory. When nothing can be recorded any more, what runs
// is stopped.
func (x *execution) do(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	err := x.changes.start(x.graph, stop)
	if err == nil {
		err = x.changes.removeAll(ctx, x.graph.Removed)
	}
	if err == nil {
		err = x.installAll(ctx)
	}
	var lost *StateError
	if ctx.Err() != nil && errors.As(context.Cause(ctx), &lost) {
		return lost
	}
	return err
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
	result, err := sched.Run(ctx, tasks, sched.Options{Slots: x.slots, Memory: x.Memory, KeepGoing: x.KeepGoing})
	if err != nil {
		return err
	}
	return x.runError(ctx, result)
}

// task is the work on one part as the scheduler sees it.
func (x *execution) task(n *plan.Node) sched.Task {
	t := sched.Task{Name: n.Part, Needs: n.Needs, InOrder: n.Spec.InOrder, Run: func(ctx context.Context) error {
		j := x.changes.job(n)
		r, err := j.perform(ctx)
		return x.changes.finish(ctx, j, r, err, nil)
	}}
	if n.Decision == plan.Update {
		_, works := n.Action.(parts.Updater)
		t.Quick = !works
		return t
	}
	t.Weight, t.Memory = x.expected(n)
	return t
}

// Weights of parts of which no earlier run is known: nearly all that takes
// long is compiled.
const (
	compiling    = 30 * time.Second
	notCompiling = 100 * time.Millisecond
)

// expected is how long a part will take, and how much memory.
func (x *execution) expected(n *plan.Node) (time.Duration, int64) {
	memory, _ := parts.ParseSize(n.Options["memory"])
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
	for _, b := range r.Blocked {
		f.Blocked = append(f.Blocked, b.Name)
	}
	return f
}
