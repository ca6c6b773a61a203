// Package plan turns an evaluated profile and what is installed into a graph
// of parts, each with a decision and the reasons for it. It changes nothing on
// disk.
package plan

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
	"gobuild/parts"
	"gobuild/parts/manifest"
)

// Decision says what happens to a part.
type Decision string

// The decisions. A part that is reinstalled is removed first.
const (
	Install   Decision = "install"
	Reinstall Decision = "reinstall"
	Update    Decision = "update" // installed and unchanged: the recipe may refresh it
	Remove    Decision = "remove" // installed and no longer wanted
)

// Node is one part.
type Node struct {
	Part      string
	At        diag.Span // header of the section
	Spec      parts.Spec
	Action    parts.Action
	Options   map[string]string // final values, as they are recorded
	Signature string            // behaviour of the recipe
	Needs     []string          // parts that must be done before
	After     []string          // parts before it that share something with it beside options
	Rank      int               // its place in the order of installation
	Decision  Decision
	Reasons   []Reason
	Old       *parts.Record // what is installed, nil if nothing is
	// Key identifies what is installed, or will be: parts with the same key are
	// the same. It is empty without a manifest.
	Key string
	// Stale says that a kept part has no entry in the manifest, or that its
	// entry must be written anew.
	Stale bool

	manifested
}

// Graph is what a run is to do.
type Graph struct {
	Parts    []*Node // in the order of installation
	Removed  []*Node // parts to remove (Remove and Reinstall), in that order
	Warnings diag.List
}

// Planner makes graphs of one profile.
type Planner struct {
	Evaluator *profile.Evaluator
	// Recipe finds a built-in recipe by a name that profiles use.
	Recipe func(name string) (parts.Spec, bool)
	// Suggest returns a hint for a recipe name that is unknown, or "".
	Suggest func(name string) string
	// Exists reports whether an installed path is still there.
	Exists func(path string) bool
	// Locate says where a part with these options lives.
	Locate func(part string, options map[string]string, shared bool) parts.Location
	// Recall returns what is recorded of a part. nil: nothing is.
	Recall func(part string) (parts.Record, bool)
	// Probe returns what serves the Prepare of one section.
	Probe func(part string) (parts.Runner, parts.Fetcher)
	// Stat and Sum look at a local file that a part was made from. nil: such
	// files are not looked at.
	Stat func(path string) (manifest.Stat, error)
	Sum  func(path string) (string, error)
	// Toolchain finds the compilers. It is called once, if a part needs to know.
	// nil: they do not matter.
	Toolchain func() manifest.Toolchain
	// Tolerate is told of a recipe that is unknown or refuses its section. The
	// section then counts as data whose missing options are holes. nil: such a
	// recipe is an error.
	Tolerate func(section string, err error)
	// CheckOnly makes recipes be looked up but not prepared.
	CheckOnly bool
	// Foreign returns a recipe that is not built in, by its name in a profile.
	// nil: there are none.
	Foreign func(name string) (parts.Spec, bool)
	// Services serve recipes that run code of their own. nil: no code is run.
	Services *Services
}

// Input is what a plan depends on beside the profile.
type Input struct {
	Records []parts.Record // what is installed, in the order of installation
	Named   []string       // parts named on the command line; nil means all
	Anew    []string       // parts to install although nothing has changed
	// Manifest is what the installed parts depended on beyond their options.
	// nil: only options are compared.
	Manifest *manifest.File
	// Verify says what is wrong with the files of an installed part. nil: only
	// their presence is checked.
	Verify func(part string, r parts.Record) []string
}

// builder is the state of Build.
type builder struct {
	*Planner
	Input
	specs map[string]parts.Spec // by section
	// shared tells of the sections whose parts live in a shared directory.
	shared map[string]bool
	claims map[string]string // what sections have reserved, by section
	errs   diag.List
	world
}

// Attach makes the evaluator prepare recipes. It is called before the
// evaluator starts, because [buildout] may refer to parts. The function
// returned makes the graph; its error is a diag.List of all errors found in
// all parts.
func (p *Planner) Attach() func(ctx context.Context, in Input) (*Graph, error) {
	b := &builder{Planner: p, specs: map[string]parts.Spec{}, shared: map[string]bool{}, claims: map[string]string{}}
	p.Evaluator.Prepare = b.prepare
	if p.Services != nil {
		p.Services.Session.Buildout = b.buildout
	}
	return func(ctx context.Context, in Input) (*Graph, error) {
		b.Input, b.world = in, world{}
		return b.build(ctx)
	}
}

func (b *builder) build(ctx context.Context) (*Graph, error) {
	order, err := Evaluate(ctx, b.Evaluator, b.Named)
	if err != nil {
		b.errs = append(b.errs, diag.All(err)...)
		order = b.Evaluator.Order()
	}
	g := &Graph{}
	for i, name := range order {
		n, err := b.node(ctx, name)
		if err != nil {
			b.errs = append(b.errs, diag.All(err)...)
			continue
		}
		n.Rank = i
		g.Parts = append(g.Parts, n)
	}
	b.errs = append(b.errs, b.checkOption()...)
	if err := b.errs.Sorted().Err(); err != nil {
		return nil, err
	}
	b.needs(g)
	b.decide(g)
	g.Warnings = b.warnings(ctx, g)
	return g, nil
}

// prepare runs the recipe's Prepare for a section.
func (b *builder) prepare(ctx context.Context, e *profile.Evaluated) error {
	err := b.prepareStrictly(ctx, e)
	if errors.Is(err, parts.ErrNotRun) {
		e.Hollow()
		return nil
	}
	if err == nil || b.Tolerate == nil || ctx.Err() != nil {
		return err
	}
	b.Tolerate(e.Name, err)
	e.Hollow()
	return nil
}

func (b *builder) prepareStrictly(ctx context.Context, e *profile.Evaluated) error {
	name, _, err := e.Get(ctx, "recipe")
	if err != nil {
		return err
	}
	spec, ok := b.find(name)
	switch {
	case ok && (e.Broken() || b.CheckOnly):
		return nil
	case !ok:
		return diag.At(e.At("recipe"), "unknown-recipe", "there is no recipe %q", name).WithPath(e.Name, "recipe").
			WithHint("%s", b.recipeHint(name))
	}
	b.specs[e.Name] = spec
	action, err := spec.Recipe.Prepare(ctx, &options{e, ctx, b})
	if err != nil {
		return err
	}
	e.Action = action
	return nil
}

// find returns a recipe: a built-in one, or one that runs code of its own where
// that is wanted.
func (b *builder) find(name string) (parts.Spec, bool) {
	spec, ok := b.Recipe(name)
	if !ok && b.Foreign != nil && b.Services != nil {
		return b.Foreign(name)
	}
	return spec, ok
}

func (b *builder) recipeHint(name string) string {
	if b.Suggest != nil {
		if s := b.Suggest(name); s != "" {
			return s
		}
	}
	return "`gobuild recipe list` shows the built-in recipes"
}

// Evaluate evaluates the parts that are named, or all that [buildout] lists,
// and returns the order of installation (SPEC-engine 8, 3 and 4). Its error is
// a diag.List of what is wrong in all of them.
func Evaluate(ctx context.Context, ev *profile.Evaluator, named []string) ([]string, error) {
	wanted := distinct(named)
	var errs diag.List
	if named == nil {
		var err error
		wanted, err = listed(ctx, ev)
		errs = diag.All(err)
	}
	for _, name := range wanted {
		at := diag.Span{}
		if v := ev.Profile.Value("buildout", "parts"); v != nil && named == nil && ev.Profile.Sections[name] == nil {
			at = v.Find(name) // only an error needs the place
		}
		if err := evaluatePart(ctx, ev, name, at); err != nil {
			errs = append(errs, diag.All(err)...)
		}
	}
	if len(errs) > 0 {
		return nil, append(errs, ev.Further()...).Sorted()
	}
	if named != nil {
		return wanted, nil
	}
	return ev.Order(), nil
}

// distinct returns names in their order, each once.
func distinct(names []string) []string {
	var once []string
	for _, name := range names {
		if !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	return once
}

// listed returns the words of [buildout] parts, also when another option of
// [buildout] is wrong.
func listed(ctx context.Context, ev *profile.Evaluator) ([]string, error) {
	e, failed := ev.Section(ctx, "buildout", diag.Span{})
	v, ok, err := e.Get(ctx, "parts")
	if err == nil && !ok {
		err = e.MissingOption("parts")
	}
	return cfg.Fields(v), cmp.Or(failed, err)
}

// evaluatePart evaluates one section that must have a recipe.
func evaluatePart(ctx context.Context, ev *profile.Evaluator, name string, at diag.Span) error {
	e, err := ev.Section(ctx, name, at)
	if err != nil {
		return err
	}
	_, ok, err := e.Get(ctx, "recipe")
	if err == nil && !ok {
		err = e.MissingOption("recipe")
	}
	return err
}

// node makes the node of a part.
func (b *builder) node(ctx context.Context, name string) (*Node, error) {
	e, err := b.Evaluator.Section(ctx, name, diag.Span{})
	if err != nil {
		return nil, err
	}
	spec := b.specs[name]
	action, _ := e.Action.(parts.Action)
	if action == nil {
		return nil, diag.At(e.Header, "no-recipe", "part [%s] has an empty recipe: it is data and cannot be installed", name).
			WithPath(name).WithHint("take it out of `parts`, or give it a recipe")
	}
	if o, ok := action.(parts.Ordered); ok {
		spec.InOrder = spec.InOrder || o.InOrder()
	}
	return &Node{Part: name, At: e.Header, Spec: spec, Action: action, Options: e.Saved(), Signature: signatureOf(spec, action)}, nil
}

// needs fills the edges between parts: sections that are no parts are passed
// through. A part needs only parts before it: where two refer to each other,
// the one whose recipe was ready first is taken as it is.
func (b *builder) needs(g *Graph) {
	isPart, before := map[string]bool{}, map[string]bool{}
	for _, n := range g.Parts {
		isPart[n.Part] = true
	}
	for _, n := range g.Parts {
		seen := map[string]bool{n.Part: true}
		b.reach(n.Part, func(name string) bool { return isPart[name] }, seen, func(part string) {
			if before[part] {
				n.Needs = append(n.Needs, part)
			}
		})
		before[n.Part] = true
	}
	feeds := map[string][]string{}
	for _, n := range g.Parts {
		if n.Spec.After != "" {
			n.After = slices.Clone(feeds[n.Spec.After])
		}
		if n.Spec.Feeds != "" {
			feeds[n.Spec.Feeds] = append(feeds[n.Spec.Feeds], n.Part)
		}
	}
}

// reach calls found for the parts that a section needs, through sections that
// are no parts.
func (b *builder) reach(name string, isPart func(string) bool, seen map[string]bool, found func(string)) {
	e, err := b.Evaluator.Section(context.Background(), name, diag.Span{})
	if err != nil {
		return
	}
	for _, need := range e.Needs() {
		if seen[need] {
			continue
		}
		seen[need] = true
		if isPart(need) {
			found(need)
		} else {
			b.reach(need, isPart, seen, found)
		}
	}
}
