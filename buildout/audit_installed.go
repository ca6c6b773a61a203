package buildout

import (
	"context"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/plan"
	"gobuild/parts"
	"gobuild/parts/elf"
)

// AuditOptions says what Engine.Audit looks at.
type AuditOptions struct {
	Named []string // installed parts; none means all but those whose audit is off
	// Cached says that what was found last counts, if neither the part nor its
	// policy has changed since: the files are not read.
	Cached bool
	Over   elf.Policy // goes over the policies of the profile; its Allow adds to theirs
}

// Audited is what an audit has found.
type Audited struct {
	Version   int           `json:"version"`
	Glibc     string        `json:"glibc,omitempty"`     // the lowest that all parts run on
	HostGlibc string        `json:"hostGlibc,omitempty"` // that of the machine
	Parts     []AuditedPart `json:"parts"`
	Findings  []elf.Finding `json:"findings"`

	Groups   []*AuditGroup `json:"-"` // of Findings
	Warnings diag.List     `json:"-"` // about the options of the audit
}

// AuditedPart is one part of an audit.
type AuditedPart struct {
	elf.PartReport
	Mode AuditMode `json:"mode"`
}

// Count returns how many findings have a level.
func (a *Audited) Count(l elf.Level) int {
	return (&elf.Report{Findings: a.Findings}).Count(l)
}

// inspector audits what is installed.
type inspector struct {
	*Engine
	AuditOptions
	installed []parts.Record
	policies  map[string]auditPolicy
	roots     map[string][]string
	result    *Audited
	reports   map[string]AuditedPart
	read      map[string]bool    // parts whose files were read
	allowed   map[diag.Span]bool // lines of audit-allow, by their places
}

// Audit looks at what is installed. Inspect, with recipes, comes before it.
// What is found is remembered; nothing else is changed.
func (e *Engine) Audit(ctx context.Context, o AuditOptions) (*Audited, error) {
	if _, err := e.EvaluateParts(ctx); err != nil {
		return nil, err
	}
	db, err := e.state()
	if err != nil {
		return nil, err
	}
	i := &inspector{Engine: e, AuditOptions: o, installed: records(db), policies: map[string]auditPolicy{}, roots: map[string][]string{},
		result: &Audited{Version: auditVersion}, reports: map[string]AuditedPart{}, read: map[string]bool{}, allowed: map[diag.Span]bool{}}
	if err := i.prepare(ctx); err != nil {
		return nil, err
	}
	if err := i.audit(ctx); err != nil {
		return nil, err
	}
	i.conclude()
	return i.result, nil
}

// prepare checks the names and reads the policies.
func (i *inspector) prepare(ctx context.Context) error {
	e := i.Engine
	i.ledger = i.openLedger()
	var names []string
	for _, r := range i.installed {
		names = append(names, r.Part)
	}
	if len(names) == 0 {
		return diag.At(diag.Span{}, "usage", "nothing is installed in %s", e.Base.Directory).
			WithHint("`gobuild audit --tree DIR` looks at a directory that no profile describes")
	}
	var unknown diag.List
	for _, name := range i.Named {
		if !slices.Contains(names, name) {
			unknown.Add(diag.At(diag.Span{}, "usage", "part %s is not installed", name).WithHint("%s", diag.DidYouMean(name, names)))
		}
	}
	if len(unknown) > 0 {
		return unknown
	}
	reader := e.readPolicies(ctx)
	for _, r := range i.installed {
		i.roots[r.Part] = e.rootsOf(r)
		i.policies[r.Part] = i.policy(reader, r)
	}
	i.result.Warnings = slices.DeleteFunc(slices.Clone(reader.list), func(d *diag.Diagnostic) bool { return d.Severity == diag.Error })
	return reader.list.Sorted().Err()
}

// policy is that of an installed part. Options of a part that is not compiled
// may mean something else to its recipe: what they cannot mean to the audit
// is a warning.
func (i *inspector) policy(reader *policyReader, r parts.Record) auditPolicy {
	p := reader.defaults
	if s := i.eval.Known(r.Part); s != nil {
		before := len(reader.list)
		p = reader.read(s)
		if spec, _ := i.Recipes.Find(r.Options["recipe"]); !spec.Builds {
			for _, d := range reader.list[before:] {
				d.Severity = diag.Warning
			}
		}
	}
	if i.Over.Runtime != "" {
		p.Runtime = i.Over.Runtime
	}
	if i.Over.MaxGlibc != "" {
		p.MaxGlibc = i.Over.MaxGlibc
	}
	for _, a := range i.Over.Allow {
		p.Allow, p.lines = append(p.Allow, a), append(p.lines, allowLine{})
	}
	return p
}

// isOver reports whether the command line changes policies: what is found is
// then not remembered.
func (i *inspector) isOver() bool {
	return i.Over.Runtime != "" || i.Over.MaxGlibc != "" || len(i.Over.Allow) > 0
}

// wants reports whether a part is to be audited.
func (i *inspector) wants(part string) bool {
	if len(i.Named) > 0 {
		return slices.Contains(i.Named, part)
	}
	return i.policies[part].Mode != AuditOff
}

// audit audits the parts, or takes what is known of them.
func (i *inspector) audit(ctx context.Context) error {
	in := elf.Input{Jobs: i.Jobs}
	for _, r := range i.installed {
		p := elf.Part{Name: r.Part, Roots: i.roots[r.Part], Needs: i.usesOf(r.Part), Policy: i.policies[r.Part].Policy}
		p.Policy.Allow = numbered(p.Policy.Allow)
		switch {
		case !i.wants(r.Part) || i.recall(r):
			in.Known = append(in.Known, p)
		default:
			in.Parts = append(in.Parts, p)
			i.read[r.Part] = true
		}
	}
	report, err := elf.Audit(ctx, in)
	if err != nil {
		return err
	}
	i.result.HostGlibc = report.HostGlibc
	for n, p := range report.Parts {
		i.take(p, slices.DeleteFunc(slices.Clone(report.Findings), func(f elf.Finding) bool { return f.Part != p.Part }), in.Parts[n].Name)
	}
	return nil
}

// usesOf returns the installed parts that a part may use. Of a part that the
// profile has no more it is known from its installation.
func (i *inspector) usesOf(part string) []string {
	uses := i.usedBy(part)
	if i.eval.Known(part) == nil {
		uses = i.noted(part, map[string]bool{part: true})
	}
	return slices.DeleteFunc(uses, func(name string) bool { return i.roots[name] == nil })
}

// noted returns what a part needed when it was installed, in any number of
// steps.
func (i *inspector) noted(part string, seen map[string]bool) []string {
	entry, _ := i.ledger.manifest.Get(part)
	var list []string
	for _, n := range entry.Needs {
		if !seen[n.Part] {
			seen[n.Part] = true
			list = append(append(list, n.Part), i.noted(n.Part, seen)...)
		}
	}
	return list
}

// recall takes what was found of a part before, if that is wanted and true.
func (i *inspector) recall(r parts.Record) bool {
	if !i.Cached || i.isOver() {
		return false
	}
	n := i.auditNote(r, true)
	if n == nil || n.Policy != i.policies[r.Part].text() || n.Mode == AuditOff {
		return false
	}
	i.reports[r.Part] = AuditedPart{n.Report, n.Mode}
	i.result.Findings = append(i.result.Findings, n.findings...)
	return true
}

// take takes what was found of one part, and remembers it.
func (i *inspector) take(report elf.PartReport, found []elf.Finding, part string) {
	p := i.policies[part]
	for n := range found {
		reason, line, ok := unnumbered(found[n].Allowed)
		if found[n].Allowed = reason; ok && line < len(p.lines) {
			i.allowed[p.lines[line].at] = true
		}
	}
	mode := p.Mode
	if mode == AuditOff { // it was asked for by name
		mode = AuditWarn
	}
	one := &elf.Report{Parts: []elf.PartReport{report}, Findings: found}
	soften(one, mode)
	i.reports[part] = AuditedPart{one.Parts[0], mode}
	i.result.Findings = append(i.result.Findings, found...)
	if i.isOver() || p.Mode == AuditOff {
		return
	}
	n := slices.IndexFunc(i.installed, func(r parts.Record) bool { return r.Part == part })
	note := notedOf(i.installed[n], p, one.Parts[0], found)
	if old := i.auditNote(i.installed[n], false); old != nil {
		note.Accepted = old.Accepted
	}
	_ = i.writeNote(part, note) // without it the next look takes longer
}

// conclude puts together what was found.
func (i *inspector) conclude() {
	a := i.result
	for _, r := range i.installed {
		if p, ok := i.reports[r.Part]; ok {
			a.Parts = append(a.Parts, p)
		} else if len(i.Named) == 0 {
			a.Parts = append(a.Parts, AuditedPart{elf.PartReport{Part: r.Part}, AuditOff})
		}
	}
	slices.SortFunc(a.Parts, func(x, y AuditedPart) int { return strings.Compare(x.Part, y.Part) })
	slices.SortStableFunc(a.Findings, func(x, y elf.Finding) int { return strings.Compare(x.Part, y.Part) })
	if a.Findings == nil {
		a.Findings = []elf.Finding{}
	}
	a.Glibc = highest(a.Parts)
	a.Groups = grouper{i.roots, i.locationText}.group(a.Findings)
	a.Warnings = append(a.Warnings, i.unused()...).Sorted()
}

// unused warns of lines of audit-allow that allow nothing, if all parts that
// they are for were read.
func (i *inspector) unused() diag.List {
	unread := map[diag.Span]bool{}
	messages := map[diag.Span]*diag.Diagnostic{}
	for _, r := range i.installed {
		p := i.policies[r.Part]
		for n, l := range p.lines {
			unread[l.at] = unread[l.at] || !i.read[r.Part]
			if l.at.IsValid() && messages[l.at] == nil {
				messages[l.at] = uselessLine(l, p.Allow[n])
			}
		}
	}
	var list diag.List
	for at, d := range messages {
		if !unread[at] && !i.allowed[at] {
			list.Add(d)
		}
	}
	return list
}

func uselessLine(l allowLine, a elf.Allow) *diag.Diagnostic {
	d := diag.At(l.at, "unused-audit-allow", "`%s %s` allows nothing: no finding is of that kind and name", a.Kind, a.Pattern).
		WithPath(l.section, plan.AuditAllowOption).WithHint("take the line out")
	d.Severity = diag.Warning
	return d
}
