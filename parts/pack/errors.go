package pack

import (
	"errors"
	"fmt"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts/relocate"
)

// Why an archive is refused.
var (
	errNotArchive = errors.New("it is no archive of gobuild pack")
	errDamaged    = errors.New("it is damaged or truncated")
	errHostile    = errors.New("it holds what no archive of gobuild pack holds")
)

func hostile(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errHostile, fmt.Sprintf(format, args...))
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errDamaged, fmt.Errorf(format, args...))
}

// archiveError is the diagnostic of an archive that cannot be used.
func archiveError(name string, err error) error {
	var known *diag.Diagnostic
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, errHostile):
		return diag.At(diag.Span{}, "archive-hostile", "archive %s was refused: %v", name, err).WithCause(err)
	case errors.Is(err, errNotArchive):
		return diag.At(diag.Span{}, "archive-kind", "cannot unpack %s: %v", name, err).WithCause(err).
			WithHint("`gobuild pack -o FILE.tar.zst` makes archives")
	case errors.Is(err, errDamaged):
		return diag.At(diag.Span{}, "archive-damaged", "cannot unpack %s: %v", name, err).WithCause(err).
			WithHint("copy the archive again; nothing was unpacked")
	}
	return diag.At(diag.Span{}, "archive-unpack", "cannot unpack %s: %v", name, err).WithCause(err).
		WithHint("nothing was unpacked")
}

// shown is how many of a list an error names.
const shown = 10

// firstOf lists the first of names, one on each line.
func firstOf(names []string) string {
	rest := ""
	if len(names) > shown {
		rest = fmt.Sprintf("\n  and %d more", len(names)-shown)
		names = names[:shown]
	}
	return "\n  " + strings.Join(names, "\n  ") + rest
}

// immovable is the error of a tree that cannot be moved; nil without a problem
// that is an error.
func immovable(what string, problems []relocate.Problem) error {
	var list []string
	hint := ""
	for _, p := range problems {
		if p.Level == relocate.Error {
			list = append(list, p.File+": "+p.Message)
			if hint == "" {
				hint = p.Hint
			}
		}
	}
	if len(list) == 0 {
		return nil
	}
	d := diag.At(diag.Span{}, "relocate-impossible", "%s cannot be moved:%s", what, firstOf(list))
	if hint == "" {
		hint = "choose a shorter directory, or build with relocatable = true"
	}
	return d.WithHint("%s", hint)
}

// rewriteError is the error of a file that could not be rewritten.
func rewriteError(what string, err error) error {
	var p relocate.Problem
	if errors.As(err, &p) {
		return immovable(what, []relocate.Problem{p})
	}
	return err
}

// moverError is the error of moves that are wrong by themselves.
func moverError(what, to string, err error) error {
	hint := "choose another directory"
	var p relocate.Problem
	if errors.As(err, &p) && p.Hint != "" {
		hint = p.Hint
	}
	return diag.At(diag.Span{}, "relocate-impossible", "%s cannot be moved to %s: %v", what, to, err).WithCause(err).WithHint("%s", hint)
}

// Warnings are the problems that are warnings, those of one kind as one.
func Warnings(problems []relocate.Problem) diag.List {
	var list diag.List
	files := map[string]int{}
	first := map[string]*diag.Diagnostic{}
	for _, p := range problems {
		if p.Level != relocate.Warning {
			continue
		}
		if files[p.Code]++; files[p.Code] > 1 {
			continue
		}
		d := diag.At(diag.Span{}, "relocate-incomplete", "%s: %s", p.File, p.Message).WithPath(p.Part)
		d.Severity, d.Hint = diag.Warning, p.Hint
		first[p.Code] = d
		list.Add(d)
	}
	for code, d := range first {
		if n := files[code] - 1; n > 0 {
			d.Msg += fmt.Sprintf("; %d more like this", n)
		}
	}
	return list
}
