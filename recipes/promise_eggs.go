package recipes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"gobuild/parts"
	"gobuild/parts/eggs"
	"gobuild/parts/literal"
)

// promiseEggs says which eggs a promise needs. They are there already: they belong
// to the software, and a promise to an instance of it.
func promiseEggs(ctx context.Context, o, buildout parts.Options) (eggs.Request, error) {
	versions, err := eggVersions(ctx, o, buildout)
	if err != nil {
		return eggs.Request{}, err
	}
	python, err := newEggPython(ctx, o, buildout)
	return eggs.Request{
		Requirements: optionLines(o, "eggs"), Versions: versions, Python: python.path, Offline: true,
		Prereleases:   optionText(buildout, "prefer-final") == "false",
		EggsDirectory: optionText(o, "eggs-directory"), DevelopEggs: optionText(o, "develop-eggs-directory"),
	}, err
}

// paths are the locations of the eggs as Python code.
func (a *promiseAction) paths(ctx context.Context, w *parts.Work) (string, error) {
	r := a.request
	if len(r.Requirements) == 0 || r.EggsDirectory == "" || r.DevelopEggs == "" {
		return "()", nil
	}
	key := fmt.Sprintf("%q %q %q %q", r.Requirements, r.EggsDirectory, r.DevelopEggs, r.Python)
	r.Dir, r.State, r.Temp = w.Dir, filepath.Join(w.Dir, eggState), w.Temp
	r.EggsDirectory, r.DevelopEggs = workPath(w, r.EggsDirectory), workPath(w, r.DevelopEggs)
	if a.known && isEmpty(r.EggsDirectory) && isEmpty(r.DevelopEggs) {
		return "()", nil // no Python is asked for what nobody needs
	}
	r.Proc, r.Fetch, r.Log = w.Proc, w.Fetch, w.Log
	found, err := promiseMemory(w).find(key, func() ([]eggs.Dist, error) { return eggs.Ensure(ctx, r) })
	switch {
	case err == nil:
	case ctx.Err() == nil && a.known:
		fmt.Fprintf(w.Log, "%s: the eggs are not there, and gobuild does not need them: %v\n", w.Part, err)
	default:
		return "", err
	}
	if len(found) == 0 {
		return "()", nil
	}
	var b strings.Builder
	for _, d := range found {
		b.WriteString("\n    " + literal.Quote(d.Location) + ",")
	}
	return "(" + b.String() + "\n)", nil
}

// isEmpty reports whether nothing is in a directory, or there is none.
func isEmpty(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) == 0 || errors.Is(err, fs.ErrNotExist)
}

// promiseSets are the eggs of promises that were looked for in a run: most have
// the same.
type promiseSets struct {
	mu   sync.Mutex
	sets map[string]promiseSet
}

type promiseSet struct {
	found []eggs.Dist
	err   error
}

// promiseMemory is what the promises of a run have in common.
func promiseMemory(w *parts.Work) *promiseSets {
	make := func() io.Closer { return &promiseSets{sets: map[string]promiseSet{}} }
	if w.Session == nil {
		return make().(*promiseSets)
	}
	return w.Session.Hold("eggs of promises", make).(*promiseSets)
}

// find returns the eggs that look has found for key.
func (s *promiseSets) find(key string, look func() ([]eggs.Dist, error)) ([]eggs.Dist, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set, ok := s.sets[key]
	if !ok {
		set.found, set.err = look()
		s.sets[key] = set
	}
	return set.found, set.err
}

// Close forgets all.
func (s *promiseSets) Close() error { return nil }
