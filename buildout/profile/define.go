package profile

import (
	"context"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
)

// Define adds the sections of a text to the profile and evaluates them: a recipe
// may make sections that the profile does not have. origin says in messages
// where the text comes from.
func (ev *Evaluator) Define(ctx context.Context, origin, text string) error {
	src := diag.NewSource(origin, []byte(text))
	list, errs := cfg.Read(src, ev.Profile.condition)
	for _, s := range list {
		if old := ev.Profile.Sections[s.Name]; old != nil {
			errs.Add(diag.At(s.Header, "section-exists", "there is a section [%s] already", s.Name).
				WithRelated(old.Header, "defined here").WithHint("a recipe may only add sections that the profile does not have"))
		}
	}
	if err := errs.Err(); err != nil {
		return ev.located(err)
	}
	for _, s := range list {
		ev.Profile.Sections[s.Name] = fresh(contentOf(s, origin))
	}
	for _, s := range list {
		if _, err := ev.Section(ctx, s.Name, s.Header); err != nil {
			return err
		}
	}
	return nil
}
