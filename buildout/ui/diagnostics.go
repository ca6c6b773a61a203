package ui

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"gobuild/buildout/diag"
)

// maxShown is the number of diagnostics of one severity that people are shown.
const maxShown = 20

// Diagnostics writes list for people: sorted, without doubles, at most maxShown
// of each severity unless o.All, and a count when there is more than one.
func Diagnostics(w io.Writer, list diag.List, o Style) error {
	var b strings.Builder
	var count [3]int
	var remarks diag.List // on the whole: they come last and are not counted
	for _, d := range list.Sorted() {
		if d.Severity == diag.Note && !d.At.IsValid() {
			remarks.Add(d)
			continue
		}
		count[d.Severity]++
		if o.All || count[d.Severity] <= maxShown {
			o.diagnostic(&b, d)
		}
	}
	for severity, n := range count {
		if n > maxShown && !o.All {
			fmt.Fprintf(&b, "... and %s\n", amount(n-maxShown, "more "+diag.Severity(severity).String()))
		}
	}
	if count[diag.Error]+count[diag.Warning]+count[diag.Note] > 1 {
		b.WriteString(summary(count) + "\n")
	}
	for _, d := range remarks {
		o.diagnostic(&b, d)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// summary returns the counts by severity: 2 errors, 1 warning.
func summary(count [3]int) string {
	var parts []string
	for severity, n := range count {
		if n > 0 {
			parts = append(parts, amount(n, diag.Severity(severity).String()))
		}
	}
	return strings.Join(parts, ", ")
}

func amount(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// diagnostic writes one diagnostic with all that belongs to it.
func (s Style) diagnostic(b *strings.Builder, d *diag.Diagnostic) {
	gutter := gutterOf(d)
	b.WriteString(s.heading(d))
	b.WriteString(s.snippet(d.At, gutter, colorOf(d.Severity)))
	for _, r := range d.Related {
		s.related(b, r, gutter)
	}
	if d.Hint != "" {
		b.WriteString(s.paint(cyan, "hint:") + " " + strings.Join(lines(d.Hint), "\n    ") + "\n")
	}
	if len(d.Trail) > 0 {
		b.WriteString("While:\n")
		for _, t := range d.Trail {
			b.WriteString("  " + strings.Join(lines(t), "\n  ") + "\n")
		}
	}
	if d.Excerpt != "" {
		b.WriteString("    " + strings.Join(logLines(d.Excerpt), "\n    ") + "\n")
	}
}

// heading returns the line that says what is wrong. Further lines of the
// message are indented.
func (s Style) heading(d *diag.Diagnostic) string {
	var b strings.Builder
	place := clean(s.place(d.At.From))
	if place == "" {
		place = "gobuild"
	}
	b.WriteString(s.paint(bold, place+":") + " ")
	if d.Severity != diag.Error || !d.At.IsValid() {
		b.WriteString(s.paint(colorOf(d.Severity), d.Severity.String()+":") + " ")
	}
	if len(d.Path) > 0 {
		b.WriteString(clean(strings.Join(d.Path, ":")) + ": ")
	}
	b.WriteString(strings.Join(lines(message(d)), "\n    "))
	if d.Severity != diag.Error && d.Code != "" {
		b.WriteString(" [" + clean(d.Code) + "]")
	}
	return b.String() + "\n"
}

// message returns what is wrong, the text of the cause if there is no other.
func message(d *diag.Diagnostic) string {
	if d.Msg == "" && d.Err != nil {
		return d.Err.Error()
	}
	return d.Msg
}

func (s Style) related(b *strings.Builder, r diag.Related, gutter int) {
	if place := clean(s.place(r.At.From)); place != "" {
		b.WriteString(s.paint(bold, place+":") + " ")
	}
	b.WriteString(strings.Join(lines(r.Msg), "\n    ") + "\n")
	b.WriteString(s.snippet(r.At, gutter, cyan))
}

// gutterOf returns the width of the largest line number that d shows.
func gutterOf(d *diag.Diagnostic) int {
	largest, _ := d.At.From.LineColumn()
	for _, r := range d.Related {
		line, _ := r.At.From.LineColumn()
		largest = max(largest, line)
	}
	return len(strconv.Itoa(largest))
}
