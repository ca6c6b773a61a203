package buildout

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/plan"
	"gobuild/buildout/profile"
	"gobuild/parts/elf"
)

// AuditMode says what becomes of the errors of an audit.
type AuditMode string

// The modes. The empty one is AuditError.
const (
	AuditError AuditMode = "error" // the part fails
	AuditWarn  AuditMode = "warn"  // they are warnings
	AuditOff   AuditMode = "off"   // nothing is looked at
)

// AuditModes are the values of the option `audit`.
var AuditModes = []string{string(AuditError), string(AuditWarn), string(AuditOff)}

// runtimes are the values of the option `runtime`.
var runtimes = []string{string(elf.RuntimeAllow), string(elf.RuntimeOwn), string(elf.RuntimeStatic)}

// auditPolicy is what a part is held to.
type auditPolicy struct {
	Mode AuditMode
	elf.Policy
	lines []allowLine // where those of Policy.Allow stand
}

// allowLine is the place of a line of audit-allow.
type allowLine struct {
	section string // "" for the command line
	at      diag.Span
}

// text tells one policy from another.
func (p auditPolicy) text() string {
	text, _ := json.Marshal([]any{p.Mode, cmp.Or(p.Runtime, elf.RuntimeAllow), p.MaxGlibc, p.Allow})
	return string(text)
}

// policyReader reads the options of the audit.
type policyReader struct {
	ctx      context.Context
	defaults auditPolicy // of all parts
	list     diag.List   // what is wrong
}

// readPolicies returns a reader that knows the defaults: those of [buildout],
// and below them the mode of the configuration.
func (e *Engine) readPolicies(ctx context.Context) *policyReader {
	r := &policyReader{ctx: ctx, defaults: auditPolicy{Mode: cmp.Or(e.AuditMode, AuditError)}}
	if b := e.eval.Known("buildout"); b != nil {
		r.defaults = r.read(b)
	}
	return r
}

// read returns the policy of a section: what it leaves out is that of the
// defaults, and lines of audit-allow add to theirs.
func (r *policyReader) read(s *profile.Evaluated) auditPolicy {
	p := r.defaults
	p.Allow, p.lines = slices.Clone(p.Allow), slices.Clone(p.lines)
	for _, option := range plan.AuditOptions {
		text, _, err := s.Get(r.ctx, option)
		if err != nil {
			continue // it was told with the section
		}
		if text = strings.TrimSpace(text); text != "" {
			r.take(&p, s, option, text)
		}
	}
	return p
}

// take puts the value of an option into p, when it is good.
func (r *policyReader) take(p *auditPolicy, s *profile.Evaluated, option, text string) {
	switch option {
	case plan.AuditOption:
		if r.oneOf(s, option, text, AuditModes) {
			p.Mode = AuditMode(text)
		}
	case plan.RuntimeOption:
		if r.oneOf(s, option, text, runtimes) {
			p.Runtime = elf.Runtime(text)
		}
	case plan.MaxGlibcOption:
		if (elf.Policy{MaxGlibc: text}).Check() != nil {
			r.bad(s, option, s.At(option), "%q is no version of glibc", text).
				WithHint("%s = 2.17: no file may ask for symbols of a newer glibc", option)
			return
		}
		p.MaxGlibc = text
	case plan.AuditAllowOption:
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				r.allow(p, s, line)
			}
		}
	}
}

func (r *policyReader) oneOf(s *profile.Evaluated, option, text string, values []string) bool {
	if slices.Contains(values, text) {
		return true
	}
	r.bad(s, option, s.At(option), "%q is none of %s", text, strings.Join(values, ", ")).
		WithHint("%s", cmp.Or(diag.DidYouMean(text, values), "docs/purity.md tells what they mean"))
	return false
}

// allow takes a line of audit-allow: KIND PATTERN and the reason.
func (r *policyReader) allow(p *auditPolicy, s *profile.Evaluated, line string) {
	at := s.Header
	if v := s.Raw(plan.AuditAllowOption); v != nil {
		at = lineOf(v, line)
	}
	a, err := ParseAllow(line)
	if err != nil {
		r.bad(s, plan.AuditAllowOption, at, "%v", err).WithHint("%s", allowHint(a))
		return
	}
	p.Allow, p.lines = append(p.Allow, a), append(p.lines, allowLine{s.Name, at})
}

// lineOf returns the place of a line of a value.
func lineOf(v *profile.Value, line string) diag.Span {
	for s := range v.Newest() {
		offset := s.At.From.Offset
		for text := range strings.Lines(s.At.Text()) {
			if strings.TrimSpace(text) == line {
				from := offset + strings.Index(text, line)
				return diag.SpanOf(s.At.From.Src, from, from+len(line))
			}
			offset += len(text)
		}
	}
	return v.Find(line)
}

// bad notes a value that the option cannot have.
func (r *policyReader) bad(s *profile.Evaluated, option string, at diag.Span, format string, args ...any) *diag.Diagnostic {
	d := diag.At(at, "bad-audit-option", format, args...).WithPath(s.Name, option)
	r.list.Add(d)
	return d
}

// ParseAllow reads a line of audit-allow. Of a line that is wrong what could be
// read is returned as well.
func ParseAllow(line string) (a elf.Allow, err error) {
	words := strings.Fields(line)
	if len(words) > 0 {
		a.Kind = words[0]
	}
	if len(words) > 1 {
		a.Pattern = words[1]
	}
	if len(words) > 2 {
		a.Reason = strings.Join(words[2:], " ")
	}
	switch {
	case a.Kind != "*" && !slices.Contains(auditKinds(), a.Kind):
		return a, fmt.Errorf("%q is no kind of finding", a.Kind)
	case a.Pattern == "":
		return a, fmt.Errorf("%q names no file or library", line)
	case a.Reason == "":
		return a, fmt.Errorf("%q has no reason", line)
	}
	return a, nil
}

// allowHint tells how a line of audit-allow is written.
func allowHint(a elf.Allow) string {
	if hint := diag.DidYouMean(a.Kind, auditKinds()); hint != "" && !slices.Contains(auditKinds(), a.Kind) {
		return hint
	}
	return "a line is KIND PATTERN REASON, as in `shebang /usr/bin/perl perl is a tool of developers`"
}

// auditKinds are the kinds of findings.
func auditKinds() []string {
	kinds := make([]string, len(elf.Kinds))
	for i, k := range elf.Kinds {
		kinds[i] = k.Kind
	}
	return kinds
}
