package buildout

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/plan"
	"gobuild/parts"
	"gobuild/parts/elf"
	"gobuild/parts/store"
)

// auditStep is the step of a part that is audited. It comes after those of the
// recipe.
const auditStep = "audit"

// audits are the audits of one run: each part that compiles is looked at when
// its recipe is done, before it counts as installed.
type audits struct {
	*Engine
	policies map[string]auditPolicy // of the parts that compile
	needs    map[string][]string    // of those that are installed anew: all that they use

	mu    sync.Mutex
	roots map[string][]string // what parts own, as far as they are installed
}

// beginAudits checks the options of the audit in all parts that compile, and
// audits again what is kept under another policy than before. Nothing has
// changed yet.
func (e *Engine) beginAudits(ctx context.Context, g *plan.Graph, installed []parts.Record) error {
	a := &audits{Engine: e, policies: map[string]auditPolicy{}, needs: map[string][]string{}, roots: map[string][]string{}}
	e.audits = a
	r := e.readPolicies(ctx)
	for _, n := range g.Parts {
		if n.Spec.Builds {
			a.policies[n.Part] = r.read(e.eval.Known(n.Part))
		}
	}
	if err := r.list.Sorted().Err(); err != nil {
		return err
	}
	kept := a.changed(g)
	if len(kept) == 0 && !isWork(g) {
		return nil
	}
	for _, r := range installed {
		a.roots[r.Part] = e.rootsOf(r)
	}
	for _, n := range g.Parts {
		if n.Spec.Builds && (n.Decision != plan.Update || slices.Contains(kept, n)) {
			a.needs[n.Part] = e.usedBy(n.Part)
		}
	}
	return a.again(ctx, kept)
}

// rootsOf are the paths that a part owns: those of its record, and its location
// when the recipe sets it, as a shared one belongs to nobody.
func (e *Engine) rootsOf(r parts.Record) []string {
	paths := slices.Clone(r.Paths)
	spec, _ := e.Recipes.Find(r.Options["recipe"])
	if slices.ContainsFunc(spec.Options, func(o parts.OptionSpec) bool { return o.Name == "location" && o.Computed }) {
		paths = append(paths, r.Options["location"])
	}
	var roots []string
	for _, p := range paths {
		if p == "" {
			continue
		}
		p = filepath.Clean(e.path(p))
		if !store.Holds(p, e.Base.Directory) && !slices.Contains(roots, p) {
			roots = append(roots, p)
		}
	}
	return roots
}

// usedBy returns the sections that a section reads, and those that they read,
// sorted.
func (e *Engine) usedBy(section string) []string {
	seen := map[string]bool{section: true}
	var used []string
	for next := []string{section}; len(next) > 0; next = next[1:] {
		s := e.eval.Known(next[0])
		if s == nil {
			continue
		}
		for _, need := range s.Needs() {
			if !seen[need] {
				seen[need] = true
				used, next = append(used, need), append(next, need)
			}
		}
	}
	slices.Sort(used)
	return used
}

// audit looks at what the recipe of a part has installed. The error tells why
// the part cannot be used.
func (j *job) audit(ctx context.Context, w *parts.Work) error {
	if j.audits == nil {
		return nil
	}
	r := j.record(j.owned)
	policy, ok := j.audits.policies[r.Part]
	if !ok || policy.Mode == AuditOff {
		j.audits.own(r)
	}
	switch {
	case !ok:
		return nil
	case policy.Mode == AuditOff:
		return j.noteAudit(notedOf(r, policy, elf.PartReport{Part: r.Part}, nil))
	}
	w.Step(auditStep)
	report, err := elf.Audit(ctx, j.audits.input(r, policy))
	if err != nil {
		j.keepTree(r.Paths)
		return err
	}
	soften(report, policy.Mode)
	found := report.Findings
	groups := j.audits.group(found)
	for _, g := range groups {
		fmt.Fprintln(j.log, g)
	}
	if list := j.audits.errors(groups, j.node.At); len(list) > 0 {
		j.keepTree(r.Paths)
		return &auditFailure{list}
	}
	if text := warningText(groups); text != "" {
		w.Say(event.Warning, fmt.Sprintf("the audit warns of %s: gobuild audit %s", text, r.Part))
	}
	return j.noteAudit(notedOf(r, policy, report.Parts[0], found))
}

// input is what is audited for one part. What other parts own is known, so that
// it is not taken for the host's.
func (a *audits) input(r parts.Record, p auditPolicy) elf.Input {
	a.own(r)
	a.mu.Lock()
	defer a.mu.Unlock()
	in := elf.Input{Parts: []elf.Part{{Name: r.Part, Roots: a.roots[r.Part], Policy: p.Policy}}, Jobs: 1}
	for part, roots := range a.roots {
		if part == r.Part {
			continue
		}
		in.Known = append(in.Known, elf.Part{Name: part, Roots: roots})
		if slices.Contains(a.needs[r.Part], part) {
			in.Parts[0].Needs = append(in.Parts[0].Needs, part)
		}
	}
	slices.SortFunc(in.Known, func(x, y elf.Part) int { return strings.Compare(x.Name, y.Name) })
	slices.Sort(in.Parts[0].Needs)
	return in
}

// own notes what a part owns, for its audit and those of others.
func (a *audits) own(r parts.Record) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.roots[r.Part] = a.rootsOf(r)
}

// soften makes warnings of the errors of a part that is only to be warned of.
func soften(r *elf.Report, m AuditMode) {
	if m != AuditWarn {
		return
	}
	for i := range r.Findings {
		r.Findings[i].Level = min(r.Findings[i].Level, elf.Warning)
	}
	for i := range r.Parts {
		p := &r.Parts[i]
		p.Warnings, p.Errors = p.Warnings+p.Errors, 0
	}
}

// noteAudit remembers the audit of a part that is going to count as installed.
func (j *job) noteAudit(n *auditNote) error {
	n.Accepted = n.Policy
	if err := j.writeNote(j.node.Part, n); err != nil {
		fmt.Fprintf(j.log, "%s: %v\n", j.node.Part, err) // it loses no installation
	}
	return nil
}

// changed returns the kept parts that were accepted under another policy than
// that of now.
func (a *audits) changed(g *plan.Graph) []*plan.Node {
	var list []*plan.Node
	for _, n := range g.Parts {
		p, ok := a.policies[n.Part]
		if !ok || n.Decision != plan.Update {
			continue
		}
		if note := a.auditNote(*n.Old, false); note != nil && note.Accepted != "" && note.Accepted != p.text() {
			list = append(list, n)
		}
	}
	return list
}

// again audits kept parts whose policy has changed. What they do not stand is
// told before anything happens; they stay installed.
func (a *audits) again(ctx context.Context, kept []*plan.Node) error {
	failed := &FailedError{}
	for _, n := range kept {
		p := a.policies[n.Part]
		note := notedOf(*n.Old, p, elf.PartReport{Part: n.Part}, nil)
		if p.Mode != AuditOff {
			in := a.input(*n.Old, p)
			in.Jobs = a.Jobs
			report, err := elf.Audit(ctx, in)
			if err != nil {
				return err
			}
			soften(report, p.Mode)
			note.Report, note.findings = report.Parts[0], report.Findings
		}
		if list := a.errors(a.group(note.findings), n.At); len(list) > 0 {
			failed.Parts, failed.List = append(failed.Parts, n.Part), append(failed.List, list...)
			continue
		}
		note.Accepted = note.Policy
		if err := a.writeNote(n.Part, note); err != nil {
			a.Events.Emit(event.Event{Kind: event.Message, Time: time.Now(), Part: n.Part, Level: event.Warning, Text: err.Error()})
		}
	}
	if len(failed.Parts) > 0 {
		return failed
	}
	return nil
}

// auditFailure is the error of a part that does not stand its audit.
type auditFailure struct{ diag.List }

// keepTree makes what a part has made stay although it fails, as far as its
// recipe keeps the tree of a failed build.
func (j *job) keepTree(owned []string) {
	j.left = leftByAudit(owned)
	if j.changes == nil {
		return
	}
	kept := j.changes.keepMade(j.node.Part)
	j.made = slices.DeleteFunc(j.made, func(p string) bool { return slices.Contains(kept, j.path(p)) })
}

// keepMade counts what a part has made and would keep after a failure as kept,
// and returns these paths.
func (c *changes) keepMade(part string) []string {
	ch := c.change(part)
	c.mu.Lock()
	defer c.mu.Unlock()
	ch.made = slices.DeleteFunc(ch.made, func(p string) bool { return slices.Contains(ch.kept, p) })
	return slices.Clone(ch.kept)
}

// group puts together what was found.
func (a *audits) group(found []elf.Finding) []*AuditGroup {
	a.mu.Lock()
	r := grouper{maps.Clone(a.roots), a.locationText}
	a.mu.Unlock()
	return r.group(found)
}

// locationText is how a profile names the location of a part, "" when its
// recipe sets none.
func (e *Engine) locationText(part string) string {
	if s := e.eval.Known(part); s != nil && s.IsSet("location") {
		return "${" + part + ":location}"
	}
	return ""
}

// errors are the errors among groups, as messages about the section at.
func (a *audits) errors(groups []*AuditGroup, at diag.Span) diag.List {
	var list diag.List
	for _, g := range groups {
		if g.Level == elf.Error {
			list.Add(g.Diagnostic(at))
		}
	}
	return list
}
