package cli

import (
	"bufio"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"gobuild/buildout"
	"gobuild/buildout/diag"
	"gobuild/parts/elf"
)

// showAudit writes what was found: as data, as messages, or as a table and the
// findings below it. Without all, notes are left out.
func (a *app) showAudit(found *buildout.Audited, all bool, place func(part string) diag.Span) error {
	switch {
	case a.flags.format != "" && a.flags.format != "text":
		return a.print(a.Stdout, auditMessages(found, all, place), a.styleOf(a.Stdout))
	case a.flags.json:
		return writeJSON(a.Stdout, found)
	}
	out := bufio.NewWriter(a.Stdout)
	auditTable(out, found)
	hidden := 0
	part := ""
	for _, g := range found.Groups {
		if g.Level == elf.Note && !all {
			hidden++
			continue
		}
		if g.Part != part {
			fmt.Fprintf(out, "\n%s\n", g.Part)
			part = g.Part
		}
		auditGroup(out, g, all)
	}
	if hidden > 0 {
		fmt.Fprintf(out, "\nnotes: %d (--all shows them)\n", hidden)
	}
	return out.Flush()
}

// auditMessages are the findings as messages.
func auditMessages(found *buildout.Audited, all bool, place func(part string) diag.Span) diag.List {
	list := diag.List{}
	for _, g := range found.Groups {
		if g.Level == elf.Note && !all {
			continue
		}
		at := place(g.Part)
		if !at.IsValid() && len(g.Paths) > 0 { // no profile: the file itself
			at = diag.SpanOf(diag.NewSource(g.Paths[0], nil), 0, 0)
		}
		list.Add(g.Diagnostic(at))
	}
	return list
}

// auditTable writes a line for each part.
func auditTable(out *bufio.Writer, found *buildout.Audited) {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "part\tfiles\tELF\tglibc\truntime\terrors\twarnings")
	sum := elf.PartReport{Part: "all"}
	for _, p := range found.Parts {
		if p.Mode == buildout.AuditOff {
			fmt.Fprintf(w, "%s\taudit = off\n", p.Part)
			continue
		}
		auditRow(w, p.PartReport)
		sum.Files, sum.ELF = sum.Files+p.Files, sum.ELF+p.ELF
		sum.Errors, sum.Warnings = sum.Errors+p.Errors, sum.Warnings+p.Warnings
		sum.Runtime = append(sum.Runtime, p.Runtime...)
	}
	if len(found.Parts) > 1 {
		slices.Sort(sum.Runtime)
		sum.Runtime, sum.Glibc = slices.Compact(sum.Runtime), found.Glibc
		auditRow(w, sum)
	}
	w.Flush()
	for line := range strings.Lines(text.String()) {
		fmt.Fprintln(out, strings.TrimRight(line, " \n"))
	}
}

func auditRow(w *tabwriter.Writer, p elf.PartReport) {
	fields := []string{p.Part, strconv.Itoa(p.Files), strconv.Itoa(p.ELF), cmp.Or(p.Glibc, "-"), cmp.Or(strings.Join(p.Runtime, " "), "-"),
		strconv.Itoa(p.Errors), strconv.Itoa(p.Warnings)}
	fmt.Fprintln(w, strings.Join(fields, "\t"))
}

// auditGroup writes one finding.
func auditGroup(out *bufio.Writer, g *buildout.AuditGroup, all bool) {
	fmt.Fprintf(out, "  %s: %s: %s\n", g.Level, g.Kind, g.Message)
	where := g.Where()
	if all {
		where = strings.Join(g.Files, ", ")
	}
	fmt.Fprintf(out, "      %s\n", where)
	if g.Allowed != "" {
		fmt.Fprintf(out, "      allowed: %s\n", g.Allowed)
	}
	if g.Hint != "" {
		fmt.Fprintf(out, "      hint: %s\n", g.Hint)
	}
}
