package recipes

import (
	"context"
	"errors"
	"fmt"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// Codes of the diagnostics that several recipes make.
const (
	codeBadValue = "bad-value" // a value that has no meaning
	codeConflict = "conflict"  // options that exclude each other
	codeFile     = "file"      // a file that cannot be read or written
)

// place is where an option stands. An action keeps the places that its errors
// point to.
type place struct {
	at   diag.Span
	path []string
}

// optionPlace returns the place of an option, or of the header of the section
// when the option is missing.
func optionPlace(o parts.Options, key string) place {
	return place{optionAt(o, key), []string{o.Name(), key}}
}

// find returns the place of text in the value at p, or p.
func (p place) find(text string) place { return place{p.at.Find(text), p.path} }

// fail returns a diagnostic at p.
func (p place) fail(code, format string, args ...any) *diag.Diagnostic {
	return &diag.Diagnostic{Code: code, At: p.at, Path: p.path, Msg: fmt.Sprintf(format, args...)}
}

// wrap returns err as a diagnostic at p. A diagnostic keeps the place that it
// has; the end of a context stays what it is.
func (p place) wrap(err error) error {
	var d *diag.Diagnostic
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return err
	case !errors.As(err, &d):
		return p.fail(codeFile, "%v", err).WithCause(err)
	case !d.At.IsValid():
		d.At = p.at
	}
	d.WithPath(p.path...)
	return err
}
