package buildout

import (
	"context"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts"
)

// Rehearsed is a file that a rehearsal has written.
type Rehearsed struct {
	Part   string
	Path   string
	Source string    // the local file that it was made from, or ""
	At     diag.Span // of the option that holds the text when Source is ""
	Err    error     // why it was not written after all
}

// Rehearse runs those sections of the profile whose recipe writes a text and
// needs nothing but local files for it (parts.Spec.Plain), listed as parts or not.
// Whatever lies outside of dir, or cannot be made, is left out: it needs what was
// not built. Inspect comes before.
func (e *Engine) Rehearse(ctx context.Context, dir string) []Rehearsed {
	e.EvaluateParts(ctx)
	for _, name := range e.Profile.Names() {
		e.eval.Section(ctx, name, diag.Span{})
	}
	defer e.closeProbes()
	var done []Rehearsed
	for _, name := range e.eval.Order() {
		if r, ok := e.rehearse(ctx, dir, name); ok {
			done = append(done, r)
		}
	}
	return done
}

// outputOptions are those that say what the recipe writes, and sourceOptions those
// that say what from.
var (
	outputOptions = []string{"target", "output", "rendered", "destination", "location", "once"}
	sourceOptions = []string{"url", "template", "input", "inline"}
)

// rehearse runs one section.
func (e *Engine) rehearse(ctx context.Context, dir, name string) (Rehearsed, bool) {
	s := e.eval.Known(name)
	r := Rehearsed{Part: name}
	if s == nil || s.Action == nil || ctx.Err() != nil {
		return r, false
	}
	recipe, _, _ := s.Get(ctx, "recipe")
	if spec, ok := e.Recipes.Find(recipe); !ok || !spec.Plain {
		return r, false
	}
	for _, key := range slices.Backward(outputOptions) {
		if path, ok, err := s.Get(ctx, key); err != nil {
			return r, false
		} else if ok && path != "" {
			if r.Path = e.path(path); !isBelow(dir, r.Path) {
				return r, false
			}
		}
	}
	for _, key := range sourceOptions {
		text, _, _ := s.Get(ctx, key)
		if text != "" && r.Source == "" && !r.At.IsValid() {
			if r.At = s.At(key); key != "inline" && !strings.HasPrefix(text, "inline:") {
				r.Source = e.path(strings.TrimPrefix(text, "file://"))
			}
		}
	}
	proc, get := e.probe(name)
	w := &parts.Work{Part: name, Dir: e.Base.Directory, Temp: filepath.Join(dir, ".temporary"), Log: io.Discard, Events: event.Discard,
		Proc: proc, Fetch: get, Own: func(string) {}, NoSync: true, Umask: e.Umask, Launcher: e.Launcher, Offline: true}
	action, ok := s.Action.(parts.Action)
	if ok = ok && r.Path != ""; ok {
		r.Err = action.Run(ctx, w)
	}
	return r, ok
}

// isBelow reports whether a clean path lies in a directory.
func isBelow(dir, path string) bool {
	below, err := filepath.Rel(dir, path)
	return err == nil && below != "." && filepath.IsLocal(below)
}
