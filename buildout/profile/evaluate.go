package profile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
)

// Evaluator evaluates sections on demand, as zc.buildout does: the first read
// of a section expands its macros, substitutes its options, and prepares its
// recipe. One goroutine at a time evaluates; others may meanwhile ask for what is
// evaluated: Known, Secrets, and the Get, IsSet and Needs of a section.
type Evaluator struct {
	Profile *Profile
	// Prepare is called for each section with a recipe, once its own options
	// are substituted. It may read other sections and set options. nil: every
	// recipe is null. For a section that is Broken it only checks the recipe's
	// name.
	Prepare func(ctx context.Context, e *Evaluated) error
	// Lenient makes an option that is missing in a section with a recipe
	// resolve to the text @{section:option} (SPEC-engine 10).
	Lenient bool

	mu       sync.RWMutex // of what others may ask for
	sections map[string]*Evaluated
	order    []string // sections with a recipe, as they finished
	holes    map[string]bool
	doing    []frame
	further  diag.List
	macros   map[string]map[string]*Value // expanded
	spent    int                          // bytes that references stood for
	secrets  []string
	// overrides are options that count for sections which are not read yet.
	overrides map[string]map[string]string
}

// Evaluated is a section with its macros expanded.
type Evaluated struct {
	Name   string
	Header diag.Span
	eval   *Evaluator
	raw    map[string]*Value
	cooked map[string]string // substituted once
	data   map[string]string // final, and what a recipe has set
	set    map[string]bool   // keys set by a recipe
	// referred are the keys that references name; made when it is needed.
	referred map[string]bool
	needs    []string        // sections read, in order of first reading
	needed   map[string]bool // the same
	hidden   map[string]bool // keys that are not saved
	provide  func(key string) (value string, ok bool, err error)
	frozen   bool
	hollow   bool             // the recipe was not prepared
	failed   map[string]error // options that have no value
	// Action is what Prepare made of the section.
	Action any
	err    error // why initialisation failed
}

// frame is one line of the trail "While:".
type frame struct{ format, a, b string }

func (f frame) String() string {
	switch strings.Count(f.format, "%s") {
	case 0:
		return f.format
	case 1:
		return fmt.Sprintf(f.format, f.a)
	}
	return fmt.Sprintf(f.format, f.a, f.b)
}

// Doing notes what is being done for the trail of errors; the function
// returned ends it.
func (ev *Evaluator) Doing(format string, a, b string) func() {
	ev.doing = append(ev.doing, frame{format, a, b})
	n := len(ev.doing)
	return func() { ev.doing = ev.doing[:n-1] }
}

// fail gives a diagnostic the trail of what is being done.
func (ev *Evaluator) fail(d *diag.Diagnostic) error {
	if d.Trail == nil {
		for _, f := range ev.doing {
			d.Trail = append(d.Trail, f.String())
		}
	}
	return d
}

// Known returns a section that is evaluated already, or nil.
func (ev *Evaluator) Known(name string) *Evaluated {
	ev.mu.RLock()
	defer ev.mu.RUnlock()
	return ev.sections[name]
}

// Order returns the sections with a recipe in the order in which they finished
// initialising: what a section reads comes before it.
func (ev *Evaluator) Order() []string { return slices.Clone(ev.order) }

// Touched returns the names of the sections evaluated so far, sorted.
func (ev *Evaluator) Touched() []string { return slices.Sorted(maps.Keys(ev.sections)) }

// Holes returns the options that Lenient made up, as section:option, sorted.
func (ev *Evaluator) Holes() []string { return slices.Sorted(maps.Keys(ev.holes)) }

// Section evaluates a section. by is the place that asks for it.
func (ev *Evaluator) Section(ctx context.Context, name string, by diag.Span) (*Evaluated, error) {
	if e := ev.Known(name); e != nil {
		return e, e.err
	}
	defer ev.Doing("Getting section %s.", name, "")()
	raw := ev.Profile.Sections[name]
	if raw == nil {
		return nil, ev.fail(ev.missingSection(name, by))
	}
	e := &Evaluated{Name: name, Header: raw.Header, eval: ev, raw: raw.Options,
		cooked: map[string]string{}, data: map[string]string{}, set: map[string]bool{}}
	ev.add(e)
	for key, value := range ev.overrides[name] {
		e.Set(key, value)
	}
	e.err = e.initialize(ctx)
	return e, e.err
}

func (ev *Evaluator) add(e *Evaluated) {
	ev.mu.Lock()
	defer ev.mu.Unlock()
	if ev.sections == nil {
		ev.sections = map[string]*Evaluated{}
	}
	ev.sections[e.Name] = e
}

func (e *Evaluated) initialize(ctx context.Context) error {
	ev := e.eval
	defer ev.Doing("Initializing section %s.", e.Name, "")()
	if err := e.expand(); err != nil {
		return err
	}
	failed := e.substituteOptions(ctx)
	if e.Name == "buildout" {
		return failed
	}
	failed = ev.collect(failed, e.dependencies(ctx))
	recipe, ok, err := e.Get(ctx, "recipe")
	if err != nil || !ok || recipe == "" {
		return ev.collect(failed, err)
	}
	if err := e.prepare(ctx, recipe); err != nil || failed != nil {
		return ev.collect(failed, err)
	}
	ev.order = append(ev.order, e.Name)
	return nil
}

// PythonPrefix stands before the name of a recipe that is to be run by its own
// Python code, whatever gobuild has built in.
const PythonPrefix = "python:"

// prepare checks the recipe and makes it read the section.
func (e *Evaluated) prepare(ctx context.Context, recipe string) error {
	ev := e.eval
	if strings.Count(strings.TrimPrefix(recipe, PythonPrefix), ":") > 1 {
		return ev.fail(diag.At(e.At("recipe"), "bad-recipe-name", "the recipe %s has too many colons", quote(recipe)).
			WithPath(e.Name, "recipe").WithHint("write `recipe = NAME` or `recipe = NAME:ENTRY`"))
	}
	if ev.Prepare != nil {
		if err := ev.Prepare(ctx, e); err != nil {
			return ev.located(err)
		}
	}
	return nil
}

// located gives the diagnostics of a recipe the trail.
func (ev *Evaluator) located(err error) error {
	for _, d := range diag.All(err) {
		ev.fail(d)
	}
	return err
}

// dependencies evaluates the sections of `=>`.
func (e *Evaluated) dependencies(ctx context.Context) error {
	names, _, failed := e.Get(ctx, "<part-dependencies>")
	for _, name := range cfg.Fields(names) {
		s, err := e.read(ctx, name, e.place("<part-dependencies>", name))
		if s == nil {
			for _, d := range diag.All(err) {
				d.WithPath(e.Name, "=>")
			}
		}
		failed = e.eval.collect(failed, err)
	}
	return failed
}

// read evaluates another section and notes that e depends on it.
func (e *Evaluated) read(ctx context.Context, name string, by diag.Span) (*Evaluated, error) {
	if name == e.Name {
		return e, nil
	}
	if !e.needed[name] {
		if e.frozen {
			return nil, e.eval.fail(diag.At(by, "frozen-location",
				"section [%s] reads [%s] after its shared location was computed", e.Name, name))
		}
		if e.needed == nil {
			e.needed = map[string]bool{}
		}
		e.needed[name] = true
		e.eval.mu.Lock()
		e.needs = append(e.needs, name)
		e.eval.mu.Unlock()
	}
	return e.eval.Section(ctx, name, by)
}

// Read evaluates another section for the recipe of e.
func (e *Evaluated) Read(ctx context.Context, name string) (*Evaluated, error) {
	return e.read(ctx, name, e.Header)
}

// Freeze forbids to read further sections.
func (e *Evaluated) Freeze() { e.frozen = true }

// Needs returns the sections that e has read, in order of first reading.
func (e *Evaluated) Needs() []string {
	e.eval.mu.RLock()
	defer e.eval.mu.RUnlock()
	return e.needs
}

// Set sets a computed option.
func (e *Evaluated) Set(key, value string) {
	e.eval.mu.Lock()
	defer e.eval.mu.Unlock()
	e.data[key] = value
	e.set[key] = true
}

// IsSet reports whether the option was set by the recipe.
func (e *Evaluated) IsSet(key string) bool {
	e.eval.mu.RLock()
	defer e.eval.mu.RUnlock()
	return e.set[key]
}

// Keys returns the names of all options, sorted.
func (e *Evaluated) Keys() []string {
	keys := slices.Collect(maps.Keys(e.raw))
	for k := range e.data {
		if e.raw[k] == nil {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// Raw returns the value of an option before substitution, or nil.
func (e *Evaluated) Raw(key string) *Value { return e.raw[key] }

// Has reports whether the option exists.
func (e *Evaluated) Has(key string) bool {
	_, set := e.data[key]
	return set || e.raw[key] != nil
}

// At is the place of the value of an option, or of the section's header.
func (e *Evaluated) At(key string) diag.Span {
	if v := e.raw[key]; v != nil {
		if at := v.At(); at.IsValid() && at.To.Offset > at.From.Offset {
			return at
		}
		if at := v.KeyAt(); at.IsValid() {
			return at
		}
	}
	return e.Header
}

// KeyAt is the place of the name of an option.
func (e *Evaluated) KeyAt(key string) diag.Span {
	if v := e.raw[key]; v != nil {
		return v.KeyAt()
	}
	return e.Header
}

// place finds where the text stands in the value of an option.
func (e *Evaluated) place(key, text string) diag.Span {
	if v := e.raw[key]; v != nil {
		return v.Find(text)
	}
	return e.Header
}

// Find returns the place of the first occurrence of text in the settings that
// make up the value; without one, the place of the last setting.
func (v *Value) Find(text string) diag.Span {
	text, _, _ = strings.Cut(text, "\n") // further lines stand indented in the source
	found := diag.Span{}
	v.trail.newest("", func(s Setting) bool {
		if i := strings.Index(s.At.Text(), text); i >= 0 && text != "" {
			from := s.At.From.Offset + i
			found = diag.SpanOf(s.At.From.Src, from, from+len(text))
			return false
		}
		return s.Op == OpAdd || s.Op == OpRemove
	})
	if found.IsValid() {
		return found
	}
	return v.At()
}

// Unused returns the options that stand in the profile and that nothing has
// read, sorted.
func (e *Evaluated) Unused() []string {
	var unused []string
	for k := range e.raw {
		if _, read := e.data[k]; !read {
			unused = append(unused, k)
		}
	}
	slices.Sort(unused)
	return unused
}

// Saved returns the options as .installed.cfg keeps them: substituted, with
// what the recipe has set, the escape $${ as it is, without what is hidden or
// secret.
func (e *Evaluated) Saved() map[string]string {
	saved := make(map[string]string, len(e.raw)+len(e.data))
	for k, v := range e.raw {
		saved[k] = v.Text
	}
	maps.Copy(saved, e.cooked)
	maps.Copy(saved, e.data)
	e.conceal(saved)
	return saved
}

// MissingOption is the error for an option that must be there.
func (e *Evaluated) MissingOption(option string) error {
	d := diag.At(e.Header, "missing-option", "Missing option: %s:%s", e.Name, option).WithPath(e.Name, option)
	d.Hint = diag.MissingOption(e.Name, option, e.Keys())
	return e.eval.fail(d)
}
