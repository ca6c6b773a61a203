package eggs

import (
	"context"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts/literal"
	"gobuild/parts/pep"
)

// wanted is a requirement with the distribution that has it.
type wanted struct {
	pep.Requirement
	by  string // "" is the profile
	pin *pin   // that has fixed the version, or nil
}

// origin says where the requirement comes from.
func (r wanted) origin() string {
	if r.by == "" {
		return "the profile asks for " + literal.Quote(r.String())
	}
	return r.by + " requires " + literal.Quote(r.String())
}

// workingSet finds what one request needs.
type workingSet struct {
	Request
	python  *Python
	pins    map[string]string // by key
	have    environment
	found   map[string][]artifact // what is on offer, by key
	links   []artifact            // of FindLinks
	linked  bool                  // links are known
	indexes []string
	chosen  []*Dist
	by      map[string]wanted // why each is chosen, by key
	missing []wanted
}

func newWorkingSet(ctx context.Context, r Request) (*workingSet, error) {
	w := &workingSet{Request: r, pins: map[string]string{}, found: map[string][]artifact{}, by: map[string]wanted{}}
	if o := r.outer; o != nil {
		w.python, w.found, w.links, w.linked, w.indexes = o.python, o.found, o.links, o.linked, o.indexes
	} else {
		python, err := FindPython(ctx, r.Python, r.Dir, r.State, r.Proc)
		if err != nil {
			return nil, err
		}
		w.python = python
	}
	for name, text := range r.Versions {
		w.pins[canonical(name)] = text
	}
	w.look()
	return w, nil
}

// resolve follows the requirements in the order of zc.buildout: first those of
// the profile, then theirs, breadth first.
func (w *workingSet) resolve(ctx context.Context) ([]Dist, error) {
	roots, err := w.roots()
	if err != nil {
		return nil, err
	}
	for _, r := range roots {
		if _, err := w.choose(ctx, r); err != nil {
			return nil, err
		}
	}
	slices.Reverse(roots)
	done := map[string]bool{}
	for queue := roots; len(queue) > 0; {
		r := queue[0]
		queue = queue[1:]
		if name := r.Key() + " " + r.String(); !done[name] {
			done[name] = true
			more, err := w.follow(ctx, r)
			if err != nil {
				return nil, err
			}
			queue = append(queue, more...)
		}
	}
	return w.ordered(), w.incomplete()
}

// roots are the requirements of the request that count here.
func (w *workingSet) roots() ([]wanted, error) {
	var roots []wanted
	for _, text := range w.Requirements {
		r, err := w.parse(text, "")
		if err != nil {
			return nil, err
		}
		if ok, err := w.applies(r, nil); err != nil || !ok {
			if err != nil {
				return nil, err
			}
			continue
		}
		roots = append(roots, r)
	}
	return roots, nil
}

func (w *workingSet) parse(text, by string) (wanted, error) {
	r, err := pep.ParseRequirement(text)
	if err != nil {
		d := diag.At(diag.Span{}, "egg-requirement", "%v", err).WithCause(err)
		if by != "" {
			d.WithHint("it is in the metadata of %s", by)
		}
		return wanted{}, d
	}
	return wanted{Requirement: r, by: by}, nil
}

func (w *workingSet) applies(r wanted, extras []string) (bool, error) {
	ok, err := r.Applies(w.python.Markers, extras)
	if err != nil {
		return false, diag.At(diag.Span{}, "egg-requirement", "the marker of %s has no value: %v", literal.Quote(r.String()), err)
	}
	return ok, nil
}

// choose returns the distribution for a requirement, which is that of an earlier
// one for the same project. nil: it is missing, and an error at the end.
func (w *workingSet) choose(ctx context.Context, r wanted) (*Dist, error) {
	constrained, err := w.constrain(r)
	if err != nil {
		return nil, err
	}
	if i := w.index(r.Key()); i >= 0 {
		d := w.chosen[i]
		if !constrained.Contains(d.Version) {
			return nil, w.conflict(d, r)
		}
		return d, nil
	}
	d, err := w.get(ctx, constrained)
	if err != nil || d == nil {
		return nil, err
	}
	w.chosen = append(w.chosen, d)
	w.by[r.Key()] = r
	if err := w.note(d, constrained); err != nil {
		return nil, err
	}
	return d, w.addSetuptools(ctx, d)
}

func (w *workingSet) index(key string) int {
	return slices.IndexFunc(w.chosen, func(d *Dist) bool { return d.Key() == key })
}

// conflict names both who has chosen a distribution and who cannot use it.
func (w *workingSet) conflict(d *Dist, r wanted) error {
	text := "There is a version conflict.\nWe already have: " + d.String() + "\nbut " + r.origin() + "."
	first := w.by[d.Key()]
	return diag.At(diag.Span{}, "egg-conflict", "%s", text).
		WithHint("%s, which has led to %s: pin a version of %s in [versions] that both allow", first.origin(), d, d.Name)
}

// note tells of a version that nothing has fixed.
func (w *workingSet) note(d *Dist, r wanted) error {
	if d.Develop || d.own || r.pin != nil {
		return nil
	}
	if _, exact := r.Specifiers.Exact(); exact && len(r.Specifiers) == 1 {
		return nil
	}
	if w.PinnedOnly {
		return diag.At(diag.Span{}, "egg-picked", "Picked: %s = %s\n\nThe `%s` egg does not have a version pin and `allow-picked-versions = false`.", d.Name, d.Version, d.Name).
			WithHint("add `%s = %s` to the [versions] section, or set `allow-picked-versions = true`", d.Name, d.Version)
	}
	if w.Picked != nil {
		w.Picked(Pick{Name: d.Name, Version: d.Version, RequiredBy: r.by})
	}
	return nil
}

// follow chooses the distribution of a requirement and returns what it requires.
func (w *workingSet) follow(ctx context.Context, r wanted) ([]wanted, error) {
	d, err := w.choose(ctx, r)
	if err != nil || d == nil {
		return nil, err
	}
	extras, err := w.extras(d, r)
	if err != nil {
		return nil, err
	}
	requires, err := w.requires(d, extras)
	slices.Reverse(requires)
	return requires, err
}

// extras returns the extras of d that r asks for.
func (w *workingSet) extras(d *Dist, r wanted) ([]string, error) {
	var known []string
	for _, extra := range r.Extras {
		if slices.ContainsFunc(d.Extras, func(e string) bool { return canonical(e) == canonical(extra) }) {
			known = append(known, extra)
			continue
		}
		if !w.AnyExtras && w.building == 0 {
			return nil, diag.At(diag.Span{}, "egg-extra", "Couldn't find the required extra: %s does not provide the extra %s", d, literal.Quote(extra)).
				WithHint("%s; `allow-unknown-extras = true` ignores it. %s", r.origin(), diag.DidYouMean(extra, d.Extras))
		}
	}
	return known, nil
}

// requires returns the requirements of d that count: those without extra, then
// those of each extra.
func (w *workingSet) requires(d *Dist, extras []string) ([]wanted, error) {
	var list []wanted
	taken := make([]bool, len(d.Requires))
	for _, extra := range append([]string{""}, extras...) {
		for i, text := range d.Requires {
			if taken[i] {
				continue
			}
			r, err := w.parse(text, d.String())
			if err != nil {
				return nil, err
			}
			ok, err := w.applies(r, []string{extra})
			if err != nil {
				return nil, err
			}
			if taken[i] = ok; ok && !w.isLent(r.Key()) {
				list = append(list, r)
			}
		}
	}
	return list, nil
}

// isLent reports whether something else stands for a project.
func (w *workingSet) isLent(key string) bool {
	return slices.ContainsFunc(w.Lent, func(name string) bool { return canonical(name) == key })
}

// get finds or installs the distribution of a requirement. nil: it is missing,
// which is noted.
func (w *workingSet) get(ctx context.Context, r wanted) (*Dist, error) {
	have, certain := w.best(r)
	if have != nil && (certain || !w.Newest || w.Offline || have.own) {
		return w.use(*have, r)
	}
	if w.Offline {
		if !slices.ContainsFunc(w.missing, func(m wanted) bool { return m.String() == r.String() }) {
			w.missing = append(w.missing, r)
		}
		return nil, nil
	}
	offer, err := w.offer(ctx, r)
	if have != nil && (err != nil || offer == nil || offer.parsed.Compare(have.parsed) <= 0) {
		if err != nil {
			w.log("cannot see whether there is a newer " + r.Name + ": " + err.Error())
		}
		return w.use(*have, r)
	}
	if err != nil {
		return nil, err
	}
	if offer == nil {
		return nil, w.nowhere(r)
	}
	return w.install(ctx, r, *offer)
}

// best returns the best that is there, and whether there can be nothing better.
func (w *workingSet) best(r wanted) (c *candidate, certain bool) {
	var fits []candidate
	for _, c := range w.have[r.Key()] {
		if !r.Contains(c.version) {
			continue
		}
		if c.develop {
			return &c, true
		}
		fits = append(fits, c)
	}
	if len(fits) == 0 {
		return nil, false
	}
	if _, exact := r.Specifiers.Exact(); exact {
		return &fits[0], true
	}
	if !w.Prereleases {
		if i := slices.IndexFunc(fits, func(c candidate) bool { return !c.parsed.IsPrerelease() }); i >= 0 {
			return &fits[i], false
		}
	}
	return &fits[0], false
}

// use reads a distribution that is there.
func (w *workingSet) use(c candidate, r wanted) (*Dist, error) {
	d, err := c.read()
	if err != nil {
		return nil, diag.At(diag.Span{}, "egg-broken", "the egg %s cannot be used: %v", c.location, err).WithCause(err).
			WithHint("delete it: the next run installs it again")
	}
	if r.pin != nil {
		if err := w.checkInstalled(c, *r.pin); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// incomplete says what is missing, in one error.
func (w *workingSet) incomplete() error {
	if len(w.missing) == 0 {
		return nil
	}
	return w.lacking(w.missing...)
}

func (w *workingSet) lacking(missing ...wanted) *diag.Diagnostic {
	var names, hints []string
	for _, r := range missing {
		names = append(names, r.String())
		hint := r.origin()
		var versions []string
		for _, c := range w.have[r.Key()] {
			versions = append(versions, c.version)
		}
		if len(versions) > 0 {
			hint += ", there is " + strings.Join(versions, ", ")
		}
		hints = append(hints, hint)
	}
	return diag.At(diag.Span{}, "egg-missing", "We don't have a distribution for %s\nand can't install one in offline (no-install) mode.", strings.Join(names, ", ")).
		WithHint("%s; run once without -o", strings.Join(hints, "; "))
}

// addSetuptools adds setuptools for a distribution with namespace packages of
// the old kind, which need pkg_resources when they are imported.
func (w *workingSet) addSetuptools(ctx context.Context, d *Dist) error {
	if !d.needsPkgResources() || w.index("setuptools") >= 0 {
		return nil
	}
	r, err := w.parse("setuptools<82", d.String()) // the last ones with pkg_resources
	if err != nil {
		return err
	}
	if p, pinned, err := w.pinOf("setuptools"); err != nil {
		return err
	} else if have, _ := w.best(r); pinned && !r.Contains(p.exact) || have == nil && w.Offline {
		r.Specifiers = nil
	}
	missing := w.missing
	if _, err = w.choose(ctx, r); w.Offline {
		w.missing = missing // it can do without, as long as nothing imports it
	}
	return err
}

// ordered returns the distributions as they belong into sys.path: links of
// develop-eggs, then the eggs directory, then others.
func (w *workingSet) ordered() []Dist {
	var links, eggs, others []Dist
	for _, d := range w.chosen {
		switch {
		case d.Develop:
			links = append(links, *d)
		case strings.HasPrefix(d.Location, w.EggsDirectory) && w.EggsDirectory != "":
			eggs = append(eggs, *d)
		default:
			others = append(others, *d)
		}
	}
	return slices.Concat(links, eggs, others)
}

func (w *workingSet) log(text string) {
	if w.Log != nil {
		_, _ = w.Log.Write([]byte(text + "\n"))
	}
}

func (w *workingSet) say(text string) {
	if w.Say != nil {
		w.Say(text)
		return
	}
	w.log(text)
}

func (w *workingSet) making(path string) {
	if w.Making != nil {
		w.Making(path)
	}
}
