package plan

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/manifest"
)

// checkOption is the option of [buildout] that says whether a part is built
// anew when the compilers have changed.
const checkOption = "toolchain-check"

// world is what a plan knows of what its parts depend on.
type world struct {
	byName map[string]*Node
	old    map[string]*parts.Record
	stats  map[string]stat
	sums   map[string]string // of files, as they are now
	tools  manifest.Toolchain
	asked  bool   // for tools
	facts  []Fact // room for those of one part
}

type stat struct {
	manifest.Stat
	ok bool
}

// checkOption tells what is wrong with the option of that name.
func (b *builder) checkOption() diag.List {
	if b.Evaluator.Profile == nil {
		return nil
	}
	_, err := b.Evaluator.Profile.Bool(checkOption)
	return diag.All(err)
}

// ignoresToolchain reports whether the profile says so.
func (b *builder) ignoresToolchain() bool {
	if b.Toolchain == nil || b.Evaluator.Profile == nil {
		return true
	}
	set := b.Evaluator.Profile.Value("buildout", checkOption)
	return set != nil && set.Text == "false"
}

// begin prepares the pass over the parts.
func (b *builder) begin(g *Graph) {
	b.byName, b.old = make(map[string]*Node, len(g.Parts)), make(map[string]*parts.Record, len(b.Records))
	for i := range b.Records {
		b.old[b.Records[i].Part] = &b.Records[i]
	}
	for _, n := range g.Parts {
		b.byName[n.Part] = n
	}
	b.stats, b.sums = map[string]stat{}, map[string]string{}
}

// recall gathers what the result of a part depends on. Parts that it needs
// were concluded before.
func (b *builder) recall(n *Node, old *parts.Record) {
	n.Old, n.recipe = old, n.Signature
	if b.Manifest == nil {
		return
	}
	shared := b.shared[n.Part] // what others use as well is fixed by its options
	n.builds = n.Spec.Builds && !shared
	entry, found := b.Manifest.Get(n.Part)
	n.known = found && old != nil && entry.Digest == manifest.Digest(*old)
	if n.known {
		n.entry = entry
	}
	if found && !shared && (n.known || old == nil) { // of a part that was lost, its files are a good guess
		n.inputs = b.look(n, entry.Inputs)
	}
	if n.builds {
		n.toolchain = b.toolchain(n)
		n.needs = b.needsOf(n)
	}
}

// look returns recorded inputs as they are now. One that is gone counts as it
// was: nothing could be made from it.
func (b *builder) look(n *Node, recorded []manifest.Input) []manifest.Input {
	if len(recorded) == 0 || b.Stat == nil {
		return recorded
	}
	now := make([]manifest.Input, len(recorded))
	for i, was := range recorded {
		now[i] = was
		s := b.stat(was.Path)
		if !s.ok {
			continue
		}
		if was.Same(s.Stat) && was.Sum != "" {
			b.sums[was.Path] = was.Sum
			continue
		}
		if sum, ok := b.sum(was.Path); ok {
			now[i].Stat, now[i].Sum = s.Stat, sum
			n.Stale = true
		}
	}
	return now
}

// stat looks at a file, once for all parts that use it.
func (b *builder) stat(path string) stat {
	s, known := b.stats[path]
	if !known {
		var err error
		s.Stat, err = b.Stat(path)
		s.ok = err == nil
		b.stats[path] = s
	}
	return s
}

func (b *builder) sum(path string) (string, bool) {
	sum, known := b.sums[path]
	if !known {
		sum, _ = b.Sum(path)
		b.sums[path] = sum
	}
	return sum, sum != ""
}

// toolchain returns the id of the compilers. Where they do not matter it is the
// one that the part was built with.
func (b *builder) toolchain(n *Node) string {
	if b.ignoresToolchain() {
		return n.entry.Toolchain
	}
	if !b.asked {
		b.tools, b.asked = b.Toolchain(), true
	}
	return cmp.Or(b.tools.ID, n.entry.Toolchain)
}

// needsOf returns the parts that a part needs, with their keys, sorted.
func (b *builder) needsOf(n *Node) []need {
	needs := b.neededOf(n)
	slices.SortFunc(needs, func(a, b need) int { return strings.Compare(a.part, b.part) })
	return needs
}

// neededOf is needsOf in any order. When parts are named, those that are not in
// the graph count as they are, and so do those that come later.
func (b *builder) neededOf(n *Node) []need {
	needs := make([]need, 0, len(n.Needs))
	add := func(name string) {
		if m := b.byName[name]; m != nil && m.Key != "" { // it was concluded
			needs = append(needs, need{name, m, m.Key, m.Decision != Update || m.known})
		} else if e, ok := b.recorded(name); ok {
			needs = append(needs, need{part: name, key: e.Key, known: true})
		}
	}
	if b.Named == nil {
		for _, name := range n.Needs {
			add(name)
		}
		return needs
	}
	b.reach(n.Part, b.isInstallable, map[string]bool{n.Part: true}, add)
	return needs
}

// recorded returns the entry of what is installed.
func (b *builder) recorded(part string) (manifest.Entry, bool) {
	old := b.old[part]
	if old == nil {
		return manifest.Entry{}, false
	}
	e, ok := b.Manifest.Get(part)
	return e, ok && e.Digest == manifest.Digest(*old)
}

// isInstallable reports whether a section has a recipe.
func (b *builder) isInstallable(name string) bool {
	e := b.Evaluator.Known(name)
	return e != nil && e.Action != nil
}

// differences returns what has changed since a part was installed.
func (b *builder) differences(n *Node, old parts.Record) []Reason {
	var reasons []Reason
	facts := b.facts[:0]
	equal := maps.Equal(n.Options, old.Options) // nearly always: they need not be sorted then
	if !equal {
		facts = n.appendOptions(facts)
	}
	facts = n.appendOthers(facts)
	b.facts = facts
	for _, f := range facts {
		if f.Kind == RecipeFact && !equal {
			reasons = append(reasons, b.gone(n, old)...)
		}
		if r, changed := b.difference(n, old, f); changed {
			r.part = n
			reasons = append(reasons, r)
		}
	}
	return reasons
}

// gone returns the options that the part has no more.
func (b *builder) gone(n *Node, old parts.Record) []Reason {
	var reasons []Reason
	for key, was := range old.Options {
		if _, has := n.Options[key]; !has && !isAside(n.Spec, key) {
			reasons = append(reasons, Reason{Msg: "option " + key + " is gone", Option: key, Old: was, At: n.At})
		}
	}
	slices.SortFunc(reasons, func(a, b Reason) int { return strings.Compare(a.Option, b.Option) })
	return reasons
}

// difference compares one fact with what it was.
func (b *builder) difference(n *Node, old parts.Record, f Fact) (r Reason, changed bool) {
	switch f.Kind {
	case OptionFact:
		return b.optionDifference(n, old, f)
	case RecipeFact:
		return Reason{Msg: "the recipe changed", Old: old.Signature, New: f.Value, At: n.At}, !sameSignature(old.Signature, f.Value)
	case InputFact:
		return b.inputDifference(n, f)
	case ToolchainFact:
		was := n.entry.Toolchain
		n.Stale = n.Stale || was != f.Value
		if was == "" || was == f.Value {
			return r, false
		}
		return Reason{Msg: "the compilers changed", Old: b.Manifest.ToolchainText(was), New: b.tools.Text, At: n.At}, true
	}
	return b.needDifference(n, f)
}

func (b *builder) optionDifference(n *Node, old parts.Record, f Fact) (Reason, bool) {
	was, had := old.Options[f.Name]
	r := Reason{Msg: "option " + f.Name + " changed", Option: f.Name, Old: was, New: f.Value}
	if !had {
		r.Msg = "option " + f.Name + " is new"
	}
	if had && was == f.Value {
		return r, false
	}
	r.At = b.at(n.Part, f.Name)
	return r, true
}

// shownDigits is how much of a checksum is shown.
const shownDigits = 12

// inputDifference compares the content of a local file. A part whose recipe
// takes it anew changes, but is not installed again.
func (b *builder) inputDifference(n *Node, f Fact) (r Reason, changed bool) {
	was := ""
	for _, i := range n.entry.Inputs {
		if i.Path == f.Name {
			was = i.Sum
		}
	}
	if was == f.Value {
		return r, false
	}
	r = Reason{Msg: "file " + f.Name + " changed", Input: f.Name, Old: shownSum(was), New: shownSum(f.Value), At: b.mention(n, f.Name)}
	if refreshes(n.Action) {
		n.cause, n.root, n.because = n, n, r
		return r, false
	}
	return r, true
}

func shownSum(sum string) string {
	if sum == "" {
		return "not known: it changed while it was used"
	}
	return "sha256 " + sum[:min(len(sum), shownDigits)]
}

// mention returns the place of the option that names a file.
func (b *builder) mention(n *Node, path string) diag.Span {
	base := path[strings.LastIndexByte(path, '/')+1:]
	for _, text := range []string{path, base} {
		for _, key := range slices.Sorted(maps.Keys(n.Options)) {
			if strings.Contains(n.Options[key], text) {
				return b.at(n.Part, key)
			}
		}
	}
	return n.At
}

// needDifference compares a part that is needed with the one that was.
func (b *builder) needDifference(n *Node, f Fact) (r Reason, changed bool) {
	i := slices.IndexFunc(n.needs, func(d need) bool { return d.part == f.Name })
	m := n.needs[i].node
	was, had := n.entry.Need(f.Name)
	if m != nil && m.Decision != Update {
		n.Stale = true // its installation may make its key more exact
	}
	if had && was == f.Value {
		return r, false
	}
	n.Stale = true
	if !had || !n.needs[i].known {
		return r, false
	}
	r = Reason{Msg: f.Name + ", which it needs, was installed anew since", At: n.At, need: &Node{Part: f.Name}}
	if m != nil {
		r.need = m
		r.Msg = f.Name + ", which it needs, " + m.future()
	}
	return r, true
}

// future says what happens to a needed part.
func (n *Node) future() string {
	switch {
	case n.Decision != Update:
		return "is installed anew"
	case n.refreshed():
		return "changes"
	}
	return "was installed anew since"
}

// refreshed reports whether a part changes without being installed again.
func (n *Node) refreshed() bool { return n.because.Msg != "" }

// refreshes reports whether the recipe of a part takes its sources anew when it
// is updated.
func refreshes(a parts.Action) bool {
	r, ok := a.(parts.Refresher)
	return ok && r.Refreshes()
}

// conclude gives a part its key, once its decision is made.
func (b *builder) conclude(n *Node) {
	if n.Decision == Update && n.Old.Signature != "" {
		n.Signature = n.Old.Signature
	}
	n.trace()
	if b.Manifest == nil {
		return
	}
	if n.Decision != Update && b.ignoresToolchain() {
		n.toolchain = "" // nobody has looked at what it is built with
	}
	if n.sameKey = n.known && n.same && !n.refreshed(); n.sameKey {
		n.Key = n.entry.Key
	} else {
		n.Key = keyOf(n.Facts())
	}
	n.Stale = n.Decision == Update && (n.Stale || !n.known || n.refreshed())
}

func byPart(a, b manifest.Need) int { return strings.Compare(a.Part, b.Part) }
