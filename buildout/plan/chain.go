package plan

import (
	"slices"

	"gobuild/buildout/diag"
)

// shownParts is how many parts of a chain are shown, the last ones and the
// first.
const shownParts = 8

// Ellipsis stands in a chain for parts that are not shown.
const Ellipsis = "…"

// trace finds the part by which a part changes.
func (n *Node) trace() {
	if n.Decision == Update {
		return // the cause of a change without installation is known
	}
	n.cause, n.root = n, n
	if slices.ContainsFunc(n.Reasons, func(r Reason) bool { return r.need == nil }) {
		return
	}
	n.cause = n.Reasons[0].need
	n.root = n.cause.first()
}

// first is the part that begins the change of n.
func (n *Node) first() *Node {
	if n.root == nil {
		return n
	}
	return n.root
}

// Chain returns the parts through which a change comes to this one, the one
// that begins it first, and what has changed there and where. It is empty for
// a reason of the part's own.
func (r Reason) Chain() (names []string, because string, at diag.Span) {
	if r.need == nil {
		return nil, "", r.At
	}
	names = []string{r.part.Part}
	n, first := r.need, r.need.first()
	for ; n != first && len(names) < shownParts-1; n = n.cause {
		names = append(names, n.Part)
	}
	if n != first {
		names = append(names, Ellipsis)
	}
	names = append(names, first.Part)
	slices.Reverse(names)
	if len(first.Reasons) > 0 {
		return names, first.Reasons[0].Msg, first.Reasons[0].At
	}
	if first.because.Msg != "" {
		return names, first.because.Msg, first.because.At
	}
	return names, "", r.At
}
