package buildout

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts/elf"
)

// AuditGroup is what an audit says of one thing in several files of a part.
type AuditGroup struct {
	Part      string
	Kind      string
	Level     elf.Level
	Subject   string
	Resolved  string
	Message   string
	Hint      string
	Allowed   string // the reason, when the profile allows it
	Providers []string
	Files     []string // relative to what the part owns, with the line
	Paths     []string // absolute
}

// namedFiles is how many files of a group are named.
const namedFiles = 3

// Where names the first files of the group.
func (g *AuditGroup) Where() string {
	text := strings.Join(g.Files[:min(len(g.Files), namedFiles)], ", ")
	if more := len(g.Files) - namedFiles; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// String is the group in one line.
func (g *AuditGroup) String() string {
	return fmt.Sprintf("%s %s: %s", g.Level, g.Kind, g.text())
}

func (g *AuditGroup) text() string {
	text := g.Where() + ": " + g.Message
	if g.Allowed != "" {
		text += " (allowed: " + g.Allowed + ")"
	}
	return text
}

// Diagnostic is the group as a message about the part whose section is at.
func (g *AuditGroup) Diagnostic(at diag.Span) *diag.Diagnostic {
	code := auditCode(g.Kind)
	d := diag.At(at, code, "%s: %s", g.Kind, g.text()).WithPath(g.Part, auditStep).WithHint("%s", g.Hint)
	d.Severity = [...]diag.Severity{elf.Note: diag.Note, elf.Warning: diag.Warning, elf.Error: diag.Error}[g.Level]
	return d
}

// auditCodes are the codes of the kinds of findings.
var auditCodes = []struct{ kind, code string }{
	{elf.KindNeededHost, "audit-leak"},
	{elf.KindNeededMissing, "audit-leak"},
	{elf.KindInterpreter, "audit-leak"},
	{elf.KindRunpathHost, "audit-leak"},
	{elf.KindRuntime, "audit-policy"},
	{elf.KindGlibcVersion, "audit-policy"},
	{elf.KindGlibcPrivate, "audit-policy"},
	{elf.KindRunpathUnsafe, "audit-unsafe"},
	{elf.KindWorldWritable, "audit-unsafe"},
	{elf.KindSetuid, "audit-unsafe"},
	{elf.KindUndeclared, "audit-host"},
	{elf.KindDlopen, "audit-host"},
	{elf.KindShebang, "audit-host"},
	{elf.KindPkgConfig, "audit-host"},
	{elf.KindLibtool, "audit-host"},
	{elf.KindConfigScript, "audit-host"},
	{elf.KindCmake, "audit-host"},
	{elf.KindLinkerScript, "audit-host"},
	{elf.KindSymlink, "audit-host"},
	{elf.KindTextrel, "audit-hardening"},
	{elf.KindRelro, "audit-hardening"},
	{elf.KindPIE, "audit-hardening"},
	{elf.KindExecStack, "audit-hardening"},
	{elf.KindStackProtector, "audit-hardening"},
	{elf.KindUnreadable, "audit-file"},
	{elf.KindMalformed, "audit-file"},
	{elf.KindNeededLoaded, "audit-note"},
	{elf.KindArchive, "audit-note"},
	{elf.KindForeign, "audit-note"},
}

// auditCode is the code of a kind of findings.
func auditCode(kind string) string {
	for _, c := range auditCodes {
		if c.kind == kind {
			return c.code
		}
	}
	return "audit-note"
}

// isHardening reports whether a kind is about what makes attacks harder.
func isHardening(kind string) bool { return auditCode(kind) == "audit-hardening" }

// grouper puts findings together, and tells what to do about them.
type grouper struct {
	roots map[string][]string // what parts own
	// location says how a profile names the location of a part; "" when it is
	// none that the recipe sets.
	location func(part string) string
}

// group puts together what is said of one thing in one part: what is worse
// comes first.
func (r grouper) group(found []elf.Finding) []*AuditGroup {
	type key struct{ part, kind, subject, resolved, allowed, message string }
	groups := map[key]*AuditGroup{}
	var list []*AuditGroup
	for _, f := range found {
		k := key{f.Part, f.Kind, f.Subject, f.Resolved, f.Allowed, ""}
		if f.Subject == "" {
			k.message = f.Message
		}
		g := groups[k]
		if g == nil {
			g = &AuditGroup{Part: f.Part, Kind: f.Kind, Level: f.Level, Subject: f.Subject, Resolved: f.Resolved,
				Message: f.Message, Hint: f.Hint, Allowed: f.Allowed, Providers: f.Providers}
			groups[k], list = g, append(list, g)
		}
		g.Level = max(g.Level, f.Level)
		r.addFiles(g, f)
	}
	for _, g := range list {
		switch {
		case g.Allowed != "":
			g.Hint = ""
		case g.Level > elf.Note:
			g.Hint = r.hint(g)
		}
	}
	slices.SortStableFunc(list, func(a, b *AuditGroup) int { return cmp.Or(cmp.Compare(a.Part, b.Part), cmp.Compare(b.Level, a.Level)) })
	return list
}

func (r grouper) addFiles(g *AuditGroup, f elf.Finding) {
	files := f.Files
	if len(files) == 0 {
		files = []string{f.File}
	}
	for _, file := range files {
		name := relativeTo(r.roots[f.Part], file)
		if f.Line > 0 {
			name += fmt.Sprintf(":%d", f.Line)
		}
		if !slices.Contains(g.Files, name) {
			g.Files, g.Paths = append(g.Files, name), append(g.Paths, file)
		}
	}
}

// relativeTo returns the name of a file below the root that holds it.
func relativeTo(roots []string, file string) string {
	for _, root := range roots {
		if file == root {
			return filepath.Base(file)
		}
		if rest, ok := strings.CutPrefix(file, root+"/"); ok {
			return rest
		}
	}
	return file
}

// warningText counts the warnings that a run tells of: those about hardening
// are for gobuild audit.
func warningText(groups []*AuditGroup) string {
	count := map[string]int{}
	var kinds []string
	for _, g := range groups {
		if g.Level != elf.Warning || isHardening(g.Kind) {
			continue
		}
		if count[g.Kind] == 0 {
			kinds = append(kinds, g.Kind)
		}
		count[g.Kind] += len(g.Files)
	}
	for i, kind := range kinds {
		kinds[i] = fmt.Sprintf("%s (%d)", kind, count[kind])
	}
	return strings.Join(kinds, ", ")
}
