package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"

	"gobuild/parts"
	"gobuild/parts/manifest"
)

// FactKind says what a Fact is about.
type FactKind string

// The kinds of facts, in their order.
const (
	OptionFact    FactKind = "option"
	RecipeFact    FactKind = "recipe"
	InputFact     FactKind = "input"
	ToolchainFact FactKind = "toolchain"
	NeedFact      FactKind = "need"
)

// Fact is one thing that the result of a part depends on: its key is the hash
// of all of them, and a part is installed anew when one has changed.
type Fact struct {
	Kind  FactKind
	Name  string // of the option, the file or the part
	Value string // of the option; or a digest
}

// manifested is what a Node knows from the manifest.
type manifested struct {
	entry  manifest.Entry // of what is installed
	known  bool           // there is an entry
	same   bool           // no fact has changed since the installation
	recipe string         // signature of the recipe as it is now
	builds bool           // compilers and needed parts are facts
	// sameKey says that Key is that of what is installed already.
	sameKey bool
	// What the facts are made of, beyond options and recipe.
	inputs    []manifest.Input
	toolchain string
	needs     []need
	// The part by which this one changes and the one that begins the chain;
	// both may be itself.
	cause, root *Node
	because     Reason // why a part changes that is not installed again
}

// need is a part that a Builds part needs.
type need struct {
	part  string
	node  *Node // nil when it does not take part in this run
	key   string
	known bool // the key is that of what the needed part is, or will be
}

// now returns the key of a needed part, which the end of its installation may
// have made more exact.
func (d need) now() string {
	if d.node != nil {
		return d.node.Key
	}
	return d.key
}

// Facts returns all that the result of the part depends on.
func (n *Node) Facts() []Fact { return n.appendOthers(n.appendOptions(nil)) }

func (n *Node) appendOptions(facts []Fact) []Fact {
	for _, key := range slices.Sorted(maps.Keys(n.Options)) {
		if !isAside(n.Spec, key) {
			facts = append(facts, Fact{OptionFact, key, n.Options[key]})
		}
	}
	return facts
}

// appendOthers appends the facts that are no options.
func (n *Node) appendOthers(facts []Fact) []Fact {
	facts = append(facts, Fact{RecipeFact, "", n.recipe})
	for _, i := range n.inputs {
		facts = append(facts, Fact{InputFact, i.Path, i.Sum})
	}
	if n.builds {
		facts = append(facts, Fact{ToolchainFact, "", n.toolchain})
	}
	for _, d := range n.needs {
		facts = append(facts, Fact{NeedFact, d.part, d.now()})
	}
	return facts
}

// keyDigits is the length of a key: 128 bits in hexadecimal.
const keyDigits = 32

// keyOf returns the hash of facts.
func keyOf(facts []Fact) string {
	var text []byte
	for _, f := range facts {
		for _, field := range []string{string(f.Kind), f.Name, f.Value} {
			text = append(append(text, field...), 0)
		}
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])[:keyDigits]
}

// Inputs returns the local files that the installed part was made from, as
// they are now.
func (n *Node) Inputs() []manifest.Input { return n.inputs }

// Entry returns what the manifest is to hold of the part once r is its record.
// used are the local files that it used. It is called when the part is done,
// before those that need it begin; for a kept part without used, which keeps
// the files that it has, it may be called at any time after that.
func (n *Node) Entry(r parts.Record, used []manifest.Input) manifest.Entry {
	if len(used) > 0 || n.Decision != Update {
		// The files, and the parts that it needs, tell more now than the plan
		// knew.
		same := slices.EqualFunc(n.inputs, used, func(a, b manifest.Input) bool { return a.Path == b.Path && a.Sum == b.Sum })
		n.inputs = used
		if n.sameKey = n.sameKey && same; !n.sameKey {
			n.Key = keyOf(n.Facts())
		}
	}
	e := manifest.Entry{Part: n.Part, Digest: manifest.Digest(r), Key: n.Key, Toolchain: n.toolchain, Inputs: n.inputs}
	for _, d := range n.needs {
		e.Needs = append(e.Needs, manifest.Need{Part: d.part, Key: d.now()})
	}
	if n.Decision == Update {
		e.Needs = append(e.Needs, n.unseen()...)
	}
	slices.SortFunc(e.Needs, byPart)
	return e
}

// unseen returns the needs of the installed part that this run does not know.
func (n *Node) unseen() []manifest.Need {
	var list []manifest.Need
	for _, old := range n.entry.Needs {
		if !slices.ContainsFunc(n.needs, func(d need) bool { return d.part == old.Part }) {
			list = append(list, old)
		}
	}
	return list
}
