package buildout

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/plan"
	"gobuild/parts"
)

// resuming is what a run knows of the failures before it.
type resuming struct {
	named []string // InstallOptions.Named, to be remembered with a failure
	parts map[string]*resumption
}

// resumption is what a run does with a part that is to be resumed.
type resumption struct {
	failure  *Failure
	from     string   // the step to go on at; "" starts the part anew
	messages []string // for the user: what is done, and what is not repeated
}

// recall decides how the parts of o.Resume go on, and forgets the failures of
// parts that the profile does not have any more.
func (e *Engine) recall(g *plan.Graph, o InstallOptions) error {
	e.resuming = resuming{o.Named, map[string]*resumption{}}
	nodes := map[string]*plan.Node{}
	for _, n := range g.Parts {
		nodes[n.Part] = n
	}
	failed := &FailedError{}
	for part, from := range o.Resume {
		if err := e.recallPart(part, from, nodes[part]); err != nil {
			failed.Parts, failed.List = append(failed.Parts, part), append(failed.List, diag.All(err)...)
		}
	}
	if len(failed.Parts) > 0 {
		failed.List = failed.List.Sorted()
		return failed
	}
	if o.Named == nil {
		for _, f := range e.Failures() {
			if nodes[f.Part] == nil {
				e.forgetFailure(f.Part, nil)
			}
		}
	}
	return nil
}

func (e *Engine) recallPart(part, from string, n *plan.Node) error {
	f, err := e.Failure(part)
	switch {
	case err != nil:
		return err
	case f == nil:
		return noFailure(part)
	case n == nil:
		return diag.At(diag.Span{}, "no-failure", "part %s failed, but it is none of the parts of this profile any more", part).WithPath(part)
	case n.Decision == plan.Update:
		e.Events.Emit(event.Event{Kind: event.Message, Time: time.Now(), Part: part, Level: event.Info, Text: "is installed as the profile has it: there is nothing to resume"})
		return nil
	}
	r, err := f.resume(n, from)
	if err == nil && from == "" && r.from != "" && f.Pure != e.modeOf(part) {
		r = &resumption{failure: f, messages: []string{"it failed in another environment (pure): the part is built from its beginning"}}
	}
	e.resuming.parts[part] = r
	return err
}

func noFailure(part string) error {
	return diag.At(diag.Span{}, "no-failure", "there is nothing to resume: part %s has not failed", part).WithPath(part).
		WithHint("`gobuild` installs what is not installed yet")
}

// steps returns the steps of an action that can be resumed.
func steps(a parts.Action) []parts.BuildStep {
	if _, ok := a.(parts.Resumer); !ok {
		return nil
	}
	if s, ok := a.(parts.Stepper); ok {
		return s.Steps()
	}
	return nil
}

// resume decides where a failed part goes on. from is the step that the user
// has named, or "".
func (f *Failure) resume(n *plan.Node, from string) (*resumption, error) {
	r := &resumption{failure: f}
	anew := func(format string, args ...any) (*resumption, error) {
		r.messages = append(r.messages, fmt.Sprintf(format, args...)+": the part is built from its beginning")
		return r, nil
	}
	if f.isAudit() {
		return f.resumeAudit(n, from), nil
	}
	known := steps(n.Action)
	changed := f.changed(n.Options)
	switch {
	case known == nil:
		return anew("recipe %s cannot go on where a part failed", n.Spec.Names[0])
	case f.Recipe != n.Spec.Names[0]:
		return anew("the recipe is another one than %s, with which the part failed", f.Recipe)
	case f.Left == nil:
		return anew("the part failed before it had sources to go on with")
	case slices.Contains(changed, "location"):
		return anew("the location is another one than that of the failed build")
	}
	step, err := chooseStep(n.Part, from, f.Step, known)
	if err != nil {
		return r, err
	}
	switch source := sourceChanged(changed, known[0]); {
	case from == "" && known[step].Anew:
		return anew("the %s step cannot go on where it failed", known[step].Name)
	case from == "" && source != "":
		return anew("%s has changed", source)
	case from == "" && f.Killed:
		return r, f.mayBeHalf()
	}
	r.from = known[step].Name
	r.messages = append([]string{"going on at step " + r.from}, notRepeated(changed, known, step)...)
	return r, nil
}

// chooseStep returns the index of the step to go on at: from, or the one that
// failed.
func chooseStep(part, from, failed string, known []parts.BuildStep) (int, error) {
	var names []string
	for _, s := range known {
		if !s.Anew {
			names = append(names, s.Name)
		}
	}
	if from != "" && !slices.Contains(names, from) {
		return 0, diag.At(diag.Span{}, "usage", "part %s cannot go on at step %q: it is one of %s", part, from, strings.Join(names, ", ")).
			WithHint("%s", diag.DidYouMean(from, names))
	}
	if from == "" {
		from = failed
	}
	return max(0, slices.IndexFunc(known, func(s parts.BuildStep) bool { return s.Name == from })), nil
}

func sourceChanged(changed []string, first parts.BuildStep) string {
	for _, name := range changed {
		if slices.Contains(first.Options, name) {
			return name
		}
	}
	return ""
}

// ownerOf returns the index of the step to which an option matters first, or
// -1 when that is not known.
func ownerOf(name string, known []parts.BuildStep) int {
	return slices.IndexFunc(known, func(s parts.BuildStep) bool { return slices.Contains(s.Options, name) })
}

// inEffect returns the options that the tree of a build is made with that went
// on at the step from: those of steps before it are as they were.
func (f *Failure) inEffect(now map[string]exact, known []parts.BuildStep, from string) map[string]exact {
	step := slices.IndexFunc(known, func(s parts.BuildStep) bool { return s.Name == from })
	maps.DeleteFunc(now, func(key string, _ exact) bool { return ownerOf(key, known) < step })
	for key, old := range f.Options {
		if ownerOf(key, known) < step {
			now[key] = old
		}
	}
	return now
}

// notRepeated tells of changed options that mattered to steps that were done
// before step.
func notRepeated(changed []string, known []parts.BuildStep, step int) []string {
	var messages []string
	for _, name := range changed {
		owner := ownerOf(name, known)
		switch {
		case owner >= step:
		case owner < 0:
			messages = append(messages, fmt.Sprintf("%s has changed: the steps before %s are not repeated", name, known[step].Name))
		case known[owner].Anew:
			messages = append(messages, fmt.Sprintf("%s has changed: the %s step is not repeated", name, known[owner].Name))
		default:
			messages = append(messages, fmt.Sprintf("%s has changed: the %s step is not repeated; --from %[2]s repeats it", name, known[owner].Name))
		}
	}
	return messages
}

// mayBeHalf is the error for a build whose processes were killed.
func (f *Failure) mayBeHalf() error {
	return diag.At(diag.Span{}, "resume-killed", "part %s was killed in step %s: files of its build may be half written", f.Part, f.Step).WithPath(f.Part).
		WithHint("`gobuild install %s` builds the part from its beginning; `gobuild resume %[1]s --from %s` goes on all the same", f.Part, f.Step)
}

// run installs the part: from its beginning, or from the step where it failed.
// failed is the failure that it goes on after, or nil.
func (j *job) run(ctx context.Context, w *parts.Work) (failed *Failure, err error) {
	w.Leave = func(left parts.Left) { j.left = &left }
	r := j.resuming.parts[j.node.Part]
	if r == nil || r.from == "" {
		j.forgetFailure(j.node.Part, nil)
	}
	j.log.keep = r != nil && r.from != ""
	j.tellPurity(w)
	if r == nil {
		return nil, j.node.Action.Run(ctx, w)
	}
	for i, text := range r.messages {
		level := event.Warning
		if i == 0 && r.from != "" {
			level = event.Info
		}
		w.Say(level, text)
	}
	if r.from == "" {
		return nil, j.node.Action.Run(ctx, w)
	}
	w.From, w.Left = r.from, r.failure.Left
	// Should this run be killed, the next one must know.
	started := *r.failure
	started.Killed, started.Tree = true, ""
	tree := j.failedTree()
	if err := errors.Join(j.writeFailure(&started), j.restoreFailed()); err != nil {
		return r.failure, err
	}
	if r.from == auditStep {
		return r.failure, j.takeTree(r.failure, tree != "")
	}
	return r.failure, j.node.Action.(parts.Resumer).Resume(ctx, w)
}

// Resumable reports whether the failed part of n can go on at the step that
// failed.
func (e *Engine) Resumable(n *plan.Node) bool {
	f, err := e.Failure(n.Part)
	if f == nil || err != nil || f.Left == nil || f.Killed {
		return false
	}
	if f.isAudit() {
		return true
	}
	known := steps(n.Action)
	i := slices.IndexFunc(known, func(s parts.BuildStep) bool { return s.Name == f.Step })
	return i >= 0 && !known[i].Anew
}
