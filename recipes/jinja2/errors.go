package jinja2

import (
	"errors"
	"fmt"
	"strings"

	"gobuild/buildout/diag"
)

// Kinds of errors that are the package's own. All others are the names of
// Python's exceptions, such as TypeError.
const (
	SyntaxError      = "TemplateSyntaxError"
	AssertionError   = "TemplateAssertionError" // an unknown filter or test
	RuntimeError     = "TemplateRuntimeError"
	UndefinedError   = "UndefinedError"
	NotFoundError    = "TemplateNotFound"
	LimitError       = "LimitError"   // the run reached one of its limits
	CancelledError   = "Cancelled"    // the context of the run is done
	UnsupportedError = "NotSupported" // Python has it, this package has not
	notFoundAny      = "TemplatesNotFound"
	stopIteration    = "StopIteration" // raised by next, caught by iteration
)

// Error is what is wrong with a template or went wrong in rendering it.
type Error struct {
	Kind     string
	Msg      string
	Template string // name of the template, empty when the place is unknown
	Line     int    // from 1, 0 when unknown
	Column   int    // in bytes from 1, 0 when unknown
	Trail    []Frame
	Err      error // cause, may be nil

	source *diag.Source
	offset int
}

// Frame is a place through which the template came to that of an error.
type Frame struct {
	Name     string // of what was entered there: a macro, block or template
	Template string
	Line     int
}

// Error returns `template:line: Kind: message`.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Template != "" {
		b.WriteString(e.Template + ":")
	}
	if e.Line > 0 {
		fmt.Fprintf(&b, "%d:", e.Line)
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	b.WriteString(e.Kind)
	if e.Msg != "" {
		b.WriteString(": " + e.Msg)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Span returns the place of e; it is not valid when it is unknown.
func (e *Error) Span() diag.Span {
	if e.source == nil {
		return diag.Span{}
	}
	end := e.offset
	for end < len(e.source.Text) && !strings.ContainsRune(" \t\n", rune(e.source.Text[end])) {
		end++
	}
	return diag.SpanOf(e.source, e.offset, max(end, min(e.offset+1, len(e.source.Text))))
}

// Diagnostic returns e under the given code, with the template's line.
func (e *Error) Diagnostic(code string) *diag.Diagnostic {
	msg := e.Kind
	if e.Msg != "" {
		msg += ": " + e.Msg
	}
	d := diag.At(e.Span(), code, "%s", msg)
	for i := len(e.Trail) - 1; i >= 0; i-- {
		f := e.Trail[i]
		d.Trail = append(d.Trail, fmt.Sprintf("%s:%d: %s", f.Template, f.Line, f.Name))
	}
	d.Err = e
	return d
}

// errorf returns an error whose place is filled in by the node that meets it.
func errorf(kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Msg: fmt.Sprintf(format, args...)}
}

func typeErrorf(format string, args ...any) *Error { return errorf("TypeError", format, args...) }

func valueErrorf(format string, args ...any) *Error { return errorf("ValueError", format, args...) }

// kindOf returns the kind of err.
func kindOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}

// placed returns err with the place offset in t, unless it has one already.
func (t *Template) placed(offset int, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = &Error{Kind: "Exception", Msg: err.Error(), Err: err}
	}
	if e.source == nil {
		t.place(e, offset)
	}
	return e
}

func (t *Template) place(e *Error, offset int) {
	e.source, e.offset = t.source, offset
	e.Template = t.source.Name
	e.Line, e.Column = lineColumn(t.source.Text, offset)
}

func lineColumn(text []byte, offset int) (line, column int) {
	offset = min(offset, len(text))
	before := string(text[:offset])
	return strings.Count(before, "\n") + 1, offset - strings.LastIndexByte(before, '\n')
}

// entered adds the place at which name was entered to the trail of err.
func (t *Template) entered(name string, offset int, err error) error {
	if e, ok := errors.AsType[*Error](err); ok && len(e.Trail) < 20 {
		line, _ := lineColumn(t.source.Text, offset)
		e.Trail = append(e.Trail, Frame{Name: name, Template: t.source.Name, Line: line})
	}
	return err
}
