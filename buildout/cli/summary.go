package cli

import (
	"fmt"
	"strings"

	"gobuild/buildout"
	"gobuild/buildout/diag"
	"gobuild/buildout/ui"
	"gobuild/parts/run"
)

// summary adds to the errors of a failed run what became of the other parts,
// and the command to go on with. It has nothing to add to the failure of a
// single part that is built from its beginning anyway.
func (a *app) summary(f *buildout.FailedError) diag.List {
	if len(f.Parts)+len(f.Blocked)+len(f.NotStarted) < 2 && len(f.Resumable) == 0 {
		return nil
	}
	texts := []string{counted(f.Parts, "failed")}
	by := "blocked by it"
	if len(f.Parts) > 1 {
		by = "blocked by them"
	}
	if len(f.Blocked) > 0 {
		texts = append(texts, counted(f.Blocked, by))
	}
	if len(f.NotStarted) > 0 {
		texts = append(texts, counted(f.NotStarted, "not started"))
	}
	note := diag.At(diag.Span{}, "run-summary", "%s", strings.Join(texts, "; "))
	note.Severity = diag.Note
	return diag.List{note.WithHint("to go on: %s", a.again(f))}
}

// maxNamed is how many parts a summary names.
const maxNamed = 8

// counted is `3 parts WHAT: a, b, c`.
func counted(names []string, what string) string {
	parts := "parts"
	if len(names) == 1 {
		parts = "part"
	}
	shown := strings.Join(names[:min(len(names), maxNamed)], ", ")
	if more := len(names) - maxNamed; more > 0 {
		shown += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("%d %s %s: %s", len(names), parts, what, shown)
}

// again is the command that goes on after a failure: this one, or resume of
// the parts that can go on at the step that failed.
func (a *app) again(f *buildout.FailedError) string {
	words := []string{"gobuild"}
	for _, word := range a.Args[:a.line.words] {
		words = append(words, run.Quote(ui.Mask(word)))
	}
	switch {
	case len(f.Resumable) == 1:
		return strings.Join(append(words, "resume", run.Quote(f.Resumable[0])), " ")
	case len(f.Resumable) > 1:
		return strings.Join(append(words, "resume"), " ") // all that failed
	}
	for _, word := range a.Args[a.line.words:] {
		words = append(words, run.Quote(ui.Mask(word)))
	}
	return strings.Join(words, " ")
}
