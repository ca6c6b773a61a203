package lsp

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
	"gobuild/parts"
	shared "gobuild/parts/store"
)

// errNotAsked is the answer to a recipe that wants to start a process or to
// use the network while a profile is only looked at.
var errNotAsked = errors.New("the editor server starts no process and downloads nothing")

// probe serves the Prepare of a section.
func probe(string) (parts.Runner, parts.Fetcher) { return noRunner{}, localFetcher{} }

// noRunner runs nothing.
type noRunner struct{}

// Run implements parts.Runner.
func (noRunner) Run(context.Context, parts.Command) error { return errNotAsked }

// Environ implements parts.Runner.
func (noRunner) Environ() []string { return nil }

// localFetcher gets only what is there.
type localFetcher struct{}

// Fetch implements parts.Fetcher.
func (localFetcher) Fetch(_ context.Context, r parts.FetchRequest) (parts.Fetched, error) {
	path := localPath(r.URL)
	if path == "" || len(r.Sums) > 0 {
		return parts.Fetched{}, errNotAsked
	}
	info, err := os.Stat(path)
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxFile) {
		err = &fs.PathError{Op: "read", Path: path, Err: errNotAsked}
	}
	return parts.Fetched{Path: path, Local: true}, err
}

// Unpack implements parts.Fetcher.
func (localFetcher) Unpack(context.Context, string, string, parts.Strip) error { return errNotAsked }

// locator says where parts live, as the engine does.
func locator(ev *profile.Evaluator) func(string, map[string]string, bool) parts.Location {
	return func(part string, options map[string]string, isShared bool) parts.Location {
		directory, list := "", ""
		if buildout := ev.Known("buildout"); buildout != nil {
			directory, _, _ = buildout.Get(context.Background(), "parts-directory")
			list, _, _ = buildout.Get(context.Background(), "shared-part-list")
		}
		if !isShared {
			return shared.Locate(nil, directory, part, "")
		}
		signature := shared.Signature(options, options["_profile_base_location_"])
		return shared.Locate(strings.Split(list, "\n"), directory, part, signature)
	}
}

// tolerate notes that a recipe is unknown or refuses its section. A refusal
// counts only where a run would meet it, and where all values are known.
func (sn *snapshot) tolerate(section string, err error) {
	for _, d := range diag.All(err) {
		d.WithPath(section)
		if !d.At.IsValid() {
			if e := sn.eval.Known(section); e != nil {
				d.At = e.At("recipe")
			}
		}
		switch {
		case d.Code == "unknown-recipe":
			sn.unknownRecipe(d)
		case errors.Is(err, errNotAsked) || sn.lost || !sn.reached[section] || sn.hasHoles(section):
		default:
			sn.add(d)
		}
	}
}

// unknownRecipe notes a recipe that gobuild does not have: a note, because the
// profile may be one for zc.buildout, or a warning when it looks misspelt.
func (sn *snapshot) unknownRecipe(d *diag.Diagnostic) {
	note := *d
	note.Severity = diag.Note
	if strings.HasPrefix(d.Hint, didYouMean) {
		note.Severity = diag.Warning
	}
	sn.add(&note)
}

// hasHoles reports whether a value of the section is not known.
func (sn *snapshot) hasHoles(section string) bool {
	e := sn.eval.Known(section)
	if e == nil {
		return true
	}
	for _, v := range e.Saved() {
		if strings.Contains(v, "@{") {
			return true
		}
	}
	return false
}
