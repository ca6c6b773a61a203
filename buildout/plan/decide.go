package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// Reason says why a part is not kept as it is.
type Reason struct {
	Msg      string
	Option   string // the option that changed, or ""
	Old, New string // its values
	At       diag.Span
}

// signaturePrefix begins the signatures of built-in recipes.
const signaturePrefix = "gobuild:"

// Signature identifies the behaviour of a built-in recipe in the record of a
// part.
func Signature(s parts.Spec) string {
	return fmt.Sprintf("%s%s-%d", signaturePrefix, s.Names[0], max(s.Version, 1))
}

// sameSignature reports whether a recorded signature stands for the recipe as
// it is now. A signature that gobuild did not write names the eggs of the
// Python recipe, which the built-in recipe replaces: the part is taken over.
func sameSignature(old, now string) bool {
	return old == now || !strings.HasPrefix(old, signaturePrefix)
}

// decide gives every part its decision (SPEC-engine 8, 6).
func (b *builder) decide(g *Graph) {
	byName := map[string]*Node{}
	for _, n := range g.Parts {
		n.Decision, n.Reasons = Install, []Reason{{Msg: "it is not installed"}}
		byName[n.Part] = n
	}
	for _, old := range slices.Backward(b.Records) {
		n := byName[old.Part]
		switch {
		case n == nil && b.Named == nil:
			n = Leftover(old)
			n.Spec, _ = b.Recipe(old.Options["recipe"])
		case n == nil:
			continue
		default:
			n.Reasons = b.compare(n, old)
			n.Decision = Update
			if len(n.Reasons) > 0 {
				n.Decision = Reinstall
			}
		}
		n.Old = &old
		if n.Decision != Update {
			g.Removed = append(g.Removed, n)
		} else if old.Signature != "" {
			n.Signature = old.Signature
		}
	}
}

// Leftover is the node of an installed part that is no part any more.
func Leftover(old parts.Record) *Node {
	return &Node{Part: old.Part, Decision: Remove, Old: &old,
		Reasons: []Reason{{Msg: "no section refers to it as a part any more"}}}
}

// compare returns the differences between a part and its record.
func (b *builder) compare(n *Node, old parts.Record) []Reason {
	var reasons []Reason
	for _, key := range slices.Sorted(maps.Keys(n.Options)) {
		was, had := old.Options[key]
		now := n.Options[key]
		switch {
		case !had:
			reasons = append(reasons, Reason{Msg: "option " + key + " is new", Option: key, New: now, At: b.at(n.Part, key)})
		case was != now:
			reasons = append(reasons, Reason{Msg: "option " + key + " changed", Option: key, Old: was, New: now, At: b.at(n.Part, key)})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(old.Options)) {
		if _, has := n.Options[key]; !has {
			reasons = append(reasons, Reason{Msg: "option " + key + " is gone", Option: key, Old: old.Options[key], At: n.At})
		}
	}
	if !sameSignature(old.Signature, n.Signature) {
		reasons = append(reasons, Reason{Msg: "the recipe changed", Old: old.Signature, New: n.Signature, At: n.At})
	}
	for _, path := range old.Paths {
		if !b.Exists(path) {
			reasons = append(reasons, Reason{Msg: "installed path " + path + " is missing", At: n.At})
		}
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
