package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity tells how much a diagnostic matters.
type Severity int

// The severities. Errors cannot be silenced.
const (
	Error Severity = iota
	Warning
	Note
)

func (s Severity) String() string {
	return [...]string{"error", "warning", "note"}[s]
}

// Related is a second place that explains a diagnostic.
type Related struct {
	At  Span
	Msg string
}

// Diagnostic is one finding. It implements error.
type Diagnostic struct {
	Severity Severity
	Code     string   // stable identifier, listed in docs/messages.md
	At       Span     // where; zero when there is no place
	Path     []string // part, option or step
	Msg      string
	Related  []Related
	Hint     string   // what to do
	Trail    []string // what was being done, outermost first (zc.buildout's "While:")
	Excerpt  string   // text shown below: the end of a part's log
	Err      error    // cause
}

// At returns an error diagnostic at span.
func At(at Span, code, format string, args ...any) *Diagnostic {
	return &Diagnostic{Code: code, At: at, Msg: fmt.Sprintf(format, args...)}
}

// Error returns the one-line form: file:line:col: part:option: message.
func (d *Diagnostic) Error() string {
	var b strings.Builder
	if place := Place(d.At.From); place != "" {
		b.WriteString(place + ": ")
	}
	if len(d.Path) > 0 {
		b.WriteString(strings.Join(d.Path, ":") + ": ")
	}
	b.WriteString(d.Msg)
	return b.String()
}

// Unwrap returns the cause.
func (d *Diagnostic) Unwrap() error { return d.Err }

// WithPath sets the path when none is set yet.
func (d *Diagnostic) WithPath(path ...string) *Diagnostic {
	if len(d.Path) == 0 {
		d.Path = path
	}
	return d
}

// WithHint sets the hint.
func (d *Diagnostic) WithHint(format string, args ...any) *Diagnostic {
	d.Hint = fmt.Sprintf(format, args...)
	return d
}

// WithRelated adds a related place; a place that is nowhere is left out.
func (d *Diagnostic) WithRelated(at Span, format string, args ...any) *Diagnostic {
	if at.IsValid() {
		d.Related = append(d.Related, Related{at, fmt.Sprintf(format, args...)})
	}
	return d
}

// WithCause sets the cause.
func (d *Diagnostic) WithCause(err error) *Diagnostic {
	d.Err = err
	return d
}

// Place returns name:line:column, or "" for nowhere.
func Place(p Pos) string {
	if !p.IsValid() {
		return ""
	}
	line, column := p.LineColumn()
	return fmt.Sprintf("%s:%d:%d", p.Src.Name, line, column)
}

// List is a set of diagnostics. A List with an error in it implements error.
type List []*Diagnostic

// Add appends d.
func (l *List) Add(d *Diagnostic) { *l = append(*l, d) }

// Error returns one line for each diagnostic.
func (l List) Error() string {
	lines := make([]string, len(l))
	for i, d := range l {
		lines[i] = d.Error()
	}
	return strings.Join(lines, "\n")
}

// Err returns l when it holds an error, else nil.
func (l List) Err() error {
	if slices.ContainsFunc(l, func(d *Diagnostic) bool { return d.Severity == Error }) {
		return l
	}
	return nil
}

// Unwrap returns the diagnostics as errors.
func (l List) Unwrap() []error {
	errs := make([]error, len(l))
	for i, d := range l {
		errs[i] = d
	}
	return errs
}

// Sorted returns l by source name and offset, without doubles.
func (l List) Sorted() List {
	var unique List
	seen := map[identity]bool{}
	for _, d := range l {
		if id := d.identity(); !seen[id] {
			seen[id] = true
			unique.Add(d)
		}
	}
	slices.SortStableFunc(unique, func(a, b *Diagnostic) int {
		return cmp.Or(cmp.Compare(name(a), name(b)), cmp.Compare(a.At.From.Offset, b.At.From.Offset))
	})
	return unique
}

// identity is what two diagnostics share that say the same of the same place.
type identity struct {
	at        Span
	msg, path string
}

func (d *Diagnostic) identity() identity {
	return identity{d.At, d.Msg, strings.Join(d.Path, "\x00")}
}

func name(d *Diagnostic) string {
	if d.At.From.Src == nil {
		return ""
	}
	return d.At.From.Src.Name
}

// All returns the diagnostics that err holds, in order; an error that is none
// becomes one without a place. A nil err gives nil.
func All(err error) List {
	if err == nil {
		return nil
	}
	if list := held(err); list != nil {
		return list
	}
	return List{{Code: "other", Msg: err.Error(), Err: err}}
}

// held returns the diagnostics that err holds, and nil when it holds none. Of
// joined errors one that is no diagnostic counts when another one is.
func held(err error) List {
	switch e := err.(type) {
	case List:
		return e
	case *Diagnostic:
		return List{e}
	case interface{ Unwrap() error }:
		return held(e.Unwrap())
	case interface{ Unwrap() []error }:
		if !slices.ContainsFunc(e.Unwrap(), func(err error) bool { return held(err) != nil }) {
			return nil
		}
		var list List
		for _, branch := range e.Unwrap() {
			list = append(list, All(branch)...)
		}
		return list
	}
	return nil
}
