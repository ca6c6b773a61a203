package bridge

import (
	"context"
	"time"

	"gobuild/parts"
)

// Script is the Python of one slapos.recipe.build section.
type Script struct {
	bridge     *Bridge
	host       parts.Host
	timeout    time.Duration
	generation int
}

// recipeOfScripts is how messages name the recipe.
const recipeOfScripts = "slapos.recipe.build"

// NewScript returns the scripts of a section, once its init script has run. The
// error is parts.ErrNotRun when the profile is only looked at.
func NewScript(ctx context.Context, o parts.Options) (*Script, error) {
	h, ok := o.(parts.Host)
	if !ok || h.Session() == nil {
		return nil, parts.ErrNotRun
	}
	s := &Script{bridge: Of(h.Session()), host: h}
	var err error
	if s.timeout, err = s.bridge.timeout(ctx, h); err != nil {
		return nil, err
	}
	return s, s.initialise(ctx, preparing(h, recipeOfScripts))
}

func (s *Script) initialise(ctx context.Context, f *frame) error {
	f.timeout, f.script = s.timeout, "init"
	err := s.bridge.order(ctx, f, "script", map[string]string{"name": "init"}, nil)
	s.generation = s.bridge.generation
	return err
}

// Run runs the script called name, with the location of the part. owned is what
// belongs to the part.
func (s *Script) Run(ctx context.Context, w *parts.Work, name, location string, owned []string) error {
	f := working(s.host, w, recipeOfScripts)
	f.timeout, f.script = s.timeout, name
	var done outcome
	err := s.bridge.take(ctx, func(ctx context.Context) error {
		if !s.bridge.has(s.generation) {
			if err := s.initialise(ctx, working(s.host, w, recipeOfScripts)); err != nil {
				return err
			}
		}
		return s.bridge.order(ctx, f, "script", map[string]string{"name": name, "location": location}, &done)
	})
	done.unwire()
	if err == nil {
		reportStrays(ctx, w, s.host, owned, done.Wrote)
	}
	return err
}
