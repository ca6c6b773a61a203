package buildout

import (
	"encoding/json"
	"slices"

	"gobuild/buildout/diag"
	"gobuild/buildout/plan"
	"gobuild/parts"
)

// leftByAudit is what a part leaves that did not stand its audit: the tree is
// complete, so that a resume audits it again and builds nothing.
func leftByAudit(owned []string) *parts.Left {
	text, _ := json.Marshal(exacts(owned))
	return &parts.Left{Step: auditStep, State: text}
}

// isAudit reports whether it was the audit that failed.
func (f *Failure) isAudit() bool { return f.Step == auditStep && f.Left != nil }

// resumeAudit decides how a part goes on whose audit failed. Options of the
// audit may have changed since, others not.
func (f *Failure) resumeAudit(n *plan.Node, from string) *resumption {
	anew := func(why string) *resumption {
		return &resumption{failure: f, messages: []string{why + ": the part is built from its beginning"}}
	}
	if from != "" && from != auditStep {
		return anew("the build directory of a part that is built is gone")
	}
	if f.Recipe != n.Spec.Names[0] {
		return anew("the recipe is another one than " + f.Recipe + ", with which the part failed")
	}
	for _, name := range f.changed(n.Options) {
		if !slices.Contains(plan.AuditOptions, name) {
			return anew(name + " has changed")
		}
	}
	return &resumption{failure: f, from: auditStep, messages: []string{"going on at step " + auditStep}}
}

// takeTree takes the tree of a part whose audit failed as it is. isThere says
// that a run has left one.
func (j *job) takeTree(f *Failure, isThere bool) error {
	var owned []exact
	if err := json.Unmarshal(f.Left.State, &owned); err != nil {
		return goneTree(j.node.Part, "what the failed run has noted")
	}
	for _, path := range texts(owned) {
		if !isThere || !j.exists(path) {
			return goneTree(j.node.Part, path)
		}
	}
	for _, path := range texts(owned) {
		j.keep(path)
		j.own(path)
	}
	return nil
}

func goneTree(part, what string) error {
	return diag.At(diag.Span{}, "resume-gone", "cannot go on where the build stopped: %s is gone", what).WithPath(part).
		WithHint("`gobuild install %s` builds the part from its beginning", part)
}
