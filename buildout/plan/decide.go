package plan

import (
	"fmt"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// Reason says why a part is not kept as it is.
type Reason struct {
	Msg      string
	Option   string // the option that changed, or ""
	Old, New string // its values, or those of what else changed
	At       diag.Span
	Input    string // the local file that changed, or ""

	need *Node // the needed part that changes
	part *Node
}

// signaturePrefix begins the signatures of built-in recipes.
const signaturePrefix = "gobuild:"

// Signature identifies the behaviour of a built-in recipe in the record of a
// part.
func Signature(s parts.Spec) string {
	return fmt.Sprintf("%s%s-%d", signaturePrefix, s.Names[0], max(s.Version, 1))
}

// signatureOf is Signature for an action that may tell more.
func signatureOf(s parts.Spec, a parts.Action) string {
	text := Signature(s)
	if told, ok := a.(parts.Signer); ok && told.Signature() != "" {
		text += " " + told.Signature()
	}
	return text
}

// sameSignature reports whether a recorded signature stands for the recipe as
// it is now. A signature that gobuild did not write names the eggs of the
// Python recipe, which the built-in recipe replaces: the part is taken over.
func sameSignature(old, now string) bool {
	return old == now || !strings.HasPrefix(old, signaturePrefix)
}

// decide gives every part its decision (SPEC-engine 8, 6). Parts come after
// what they need, so that one pass suffices.
func (b *builder) decide(g *Graph) {
	b.begin(g)
	for _, n := range g.Parts {
		n.Decision, n.Reasons = Install, []Reason{{Msg: "it is not installed"}}
		b.recall(n, b.old[n.Part])
		if n.Old != nil {
			n.Reasons = b.compare(n, *n.Old)
			if n.Decision = Update; len(n.Reasons) > 0 {
				n.Decision = Reinstall
			}
		}
		b.conclude(n)
	}
	for _, old := range slices.Backward(b.Records) {
		n := b.byName[old.Part]
		if n == nil && b.Named == nil {
			n = Leftover(old)
			n.Spec, _ = b.find(old.Options["recipe"])
		}
		if n != nil && n.Decision != Update {
			g.Removed = append(g.Removed, n)
		}
	}
}

// Leftover is the node of an installed part that is no part any more.
func Leftover(old parts.Record) *Node {
	return &Node{Part: old.Part, Decision: Remove, Old: &old,
		Reasons: []Reason{{Msg: "no section refers to it as a part any more"}}}
}

// compare returns the differences between a part and what is installed.
func (b *builder) compare(n *Node, old parts.Record) []Reason {
	reasons := b.differences(n, old)
	n.same = len(reasons) == 0
	for _, path := range old.Paths {
		if !b.Exists(path) {
			reasons = append(reasons, Reason{Msg: "installed path " + path + " is missing", At: n.At})
		}
	}
	if b.Verify != nil && len(reasons) == 0 && !refreshes(n.Action) {
		for _, what := range b.Verify(n.Part, old) {
			reasons = append(reasons, Reason{Msg: what, At: n.At})
		}
	}
	if len(reasons) == 0 && slices.Contains(b.Anew, n.Part) {
		reasons = append(reasons, Reason{Msg: "gobuild rebuild was asked for it", At: n.At})
	}
	if r, ok := n.Action.(parts.Reinstaller); ok && len(reasons) == 0 && r.MustReinstall(old) {
		reasons = append(reasons, Reason{Msg: "the recipe asks for it", At: n.At})
	}
	return reasons
}

func (b *builder) at(part, key string) diag.Span {
	if e := b.Evaluator.Known(part); e != nil {
		return e.At(key)
	}
	return diag.Span{}
}
