package lsp

import (
	"context"
	"slices"
	"strings"
	"time"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
	"gobuild/buildout/plan"
	"gobuild/buildout/profile"
)

// snapshot is a profile as its files are now: merged and expanded. Sections are
// evaluated when someone asks for their values, and all of them when someone
// asks what is wrong.
type snapshot struct {
	root    string
	setup   Setup
	disk    *overlay
	files   []*index // in the order of first reading
	profile *profile.Profile
	// broken: a file or its merge has errors; what is missing may be in the
	// part that could not be read.
	broken bool
	// lost: a file of the profile could not be read at all.
	lost     bool
	expanded map[string]map[string]*profile.Value // by section, macros expanded
	users    map[string][]string                  // sections by the macro they use
	fits     bool                                 // the profile is within the limits
	eval     *profile.Evaluator                   // made by evaluator
	ready    map[string]bool                      // sections whose evaluation succeeded
	reached  map[string]bool                      // sections that a run would evaluate
	recipes  Recipes
	findings []Finding
	checked  bool      // findings is complete
	linted   bool      // lint is filled
	lint     []Finding // what the rules find
	used     int       // when it was last asked for
}

// loadTime is how long reading a profile may take where the network is allowed.
const loadTime = 30 * time.Second

// load reads the profile root.
func load(ctx context.Context, s *store, r Recipes, setup Setup, root string) *snapshot {
	ctx, cancel := context.WithTimeout(ctx, loadTime)
	defer cancel()
	sn := &snapshot{root: root, setup: setup, recipes: r, disk: s.overlay(setup.Open), users: map[string][]string{},
		expanded: map[string]map[string]*profile.Value{}, ready: map[string]bool{}, reached: map[string]bool{}}
	config := setup.Config
	config.Root, config.Open = root, sn.disk
	p, err := profile.Load(ctx, config)
	if p == nil {
		p = &profile.Profile{Root: root, Sections: map[string]*profile.Section{}}
	}
	sn.profile = p
	sn.loadErrors(err)
	for _, src := range p.Files {
		if x := sn.disk.opened[src.Name]; x != nil {
			sn.files = append(sn.files, x)
		}
	}
	sn.macros()
	sn.expand()
	return sn
}

func (sn *snapshot) loadErrors(err error) {
	for _, d := range diag.All(err) {
		sn.broken = true
		sn.lost = sn.lost || d.Code == "extends-missing" || d.Code == "extends-unreadable" || d.Code == "no-profile" || d.Err != nil
		sn.add(d)
	}
}

// maxFindings is how many findings of a profile are kept.
const maxFindings = 2000

// add notes a finding.
func (sn *snapshot) add(d *diag.Diagnostic) {
	if len(sn.findings) < maxFindings {
		sn.findings = append(sn.findings, Finding{Diagnostic: d})
	}
}

// warn notes a finding as a warning.
func (sn *snapshot) warn(d *diag.Diagnostic) {
	lowered := *d
	lowered.Severity = max(d.Severity, diag.Warning)
	sn.add(&lowered)
}

// macros fills users.
func (sn *snapshot) macros() {
	for _, name := range sn.profile.Names() {
		if v := sn.profile.Value(name, "<"); v != nil && name != "buildout" {
			for _, line := range strings.Split(v.Text, "\n") {
				if used := cfg.Trim(line); used != "" && !slices.Contains(sn.users[used], name) {
					sn.users[used] = append(sn.users[used], name)
				}
			}
		}
	}
}

// expand fills expanded and decides whether the profile is within the limits.
func (sn *snapshot) expand() {
	if !sn.macrosFit() {
		return
	}
	for name, s := range sn.profile.Sections {
		options, err := sn.profile.Expanded(name)
		if err != nil {
			options = s.Options
		}
		sn.expanded[name] = options
	}
	sn.fits = sn.valuesFit()
}

// evaluator returns what evaluates sections, with [buildout] started; nil when
// the profile is beyond the limits. An evaluation is never cancelled: what it
// has found is kept.
func (sn *snapshot) evaluator() *profile.Evaluator {
	if sn.eval != nil || !sn.fits {
		return sn.eval
	}
	sn.eval = &profile.Evaluator{Profile: sn.profile, Lenient: true}
	planner := plan.Planner{Evaluator: sn.eval, Recipe: sn.recipes.Find, Suggest: sn.recipes.Suggest,
		Locate: locator(sn.eval), Probe: probe, Tolerate: sn.tolerate}
	planner.Attach()
	sn.reach() // what recipes say below depends on it
	if !sn.broken {
		_, err := sn.eval.Start(context.Background())
		sn.errors(err, true)
		sn.profile = sn.eval.Profile
	}
	sn.reach()
	return sn.eval
}

// evaluated returns a section as far as it can be evaluated, or nil.
func (sn *snapshot) evaluated(section string) *profile.Evaluated {
	ev := sn.evaluator()
	if ev == nil || sn.profile.Sections[section] == nil {
		return nil
	}
	e, _ := ev.Section(context.Background(), section, diag.Span{}) // the error is kept for diagnose
	return e
}

// diagnose finds all that is wrong: it evaluates what a run would, then all
// other sections.
func (sn *snapshot) diagnose() []Finding {
	if sn.checked {
		return sn.findings
	}
	sn.checked = true
	if sn.evaluator() != nil {
		for _, first := range []bool{true, false} {
			for _, name := range sn.profile.Names() {
				if sn.reached[name] == first {
					sn.section(context.Background(), name, first)
				}
			}
		}
	}
	sn.check()
	return sn.findings
}

// section evaluates one section; when it fails, each of its options, to find
// all that is wrong.
func (sn *snapshot) section(ctx context.Context, name string, reached bool) {
	e, err := sn.eval.Section(ctx, name, diag.Span{})
	if err == nil {
		sn.ready[name] = true
		return
	}
	sn.errors(err, reached)
	if e == nil {
		return
	}
	for _, key := range e.Keys() {
		_, _, err := e.Text(ctx, key)
		sn.errors(err, reached)
	}
}

// errors notes what an evaluation found. Where no run gets to, it is a warning,
// or nothing when a section that others would complete is merely incomplete.
func (sn *snapshot) errors(err error, reached bool) {
	for _, d := range diag.All(err) {
		switch {
		case sn.lost && isMissing(d):
		case reached:
			sn.add(d)
		case !strings.HasPrefix(d.At.Text(), "${:") || strings.HasPrefix(d.Hint, didYouMean):
			sn.warn(d)
		}
	}
}

// isMissing reports whether d says that something is not there, which is no
// news when a file could not be read.
func isMissing(d *diag.Diagnostic) bool {
	return strings.HasPrefix(d.Code, "unknown-") || strings.HasPrefix(d.Code, "missing-")
}

// reach finds the sections that a run evaluates: [buildout], the parts, and
// what they refer to.
func (sn *snapshot) reach() {
	clear(sn.reached)
	queue := []string{"buildout"}
	if v := sn.profile.Value("buildout", "versions"); v != nil {
		queue = append(queue, v.Text)
	}
	queue = append(queue, sn.partNames()...)
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		if sn.reached[name] || sn.profile.Sections[name] == nil {
			continue
		}
		sn.reached[name] = true
		queue = append(queue, sn.readBy(name)...)
	}
}

// partNames returns the names in parts, substituted where that works.
func (sn *snapshot) partNames() []string {
	v := sn.profile.Value("buildout", "parts")
	if v == nil {
		return nil
	}
	if e := sn.eval.Known("buildout"); e != nil {
		if text, ok, err := e.Get(context.Background(), "parts"); ok && err == nil {
			return cfg.Fields(text)
		}
	}
	return cfg.Fields(v.Text)
}

// readBy returns the sections that the values of one refer to.
func (sn *snapshot) readBy(name string) []string {
	var list []string
	for key, v := range sn.expanded[name] {
		if key == "<part-dependencies>" {
			list = append(list, cfg.Fields(v.Text)...)
		}
		if strings.Contains(v.Text, "${") {
			for _, r := range v.References() {
				list = append(list, r.Section)
			}
		}
	}
	if e := sn.eval.Known(name); e != nil {
		list = append(list, e.Needs()...)
	}
	return list
}

// index returns a file of the profile, or nil.
func (sn *snapshot) index(src *diag.Source) *index {
	if src == nil {
		return nil
	}
	if x := sn.disk.opened[src.Name]; x != nil && x.src == src {
		return x
	}
	return nil
}

// holds reports whether the profile reads the file.
func (sn *snapshot) holds(path string) bool {
	return slices.ContainsFunc(sn.files, func(x *index) bool { return localPath(x.src.Name) == path })
}
