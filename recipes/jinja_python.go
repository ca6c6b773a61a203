package recipes

import (
	"context"
	"errors"
	"slices"

	"gobuild/parts"
	"gobuild/recipes/bridge"
	"gobuild/recipes/jinja2"
)

// importModule returns a module: gobuild's own, else that of the Python process
// that serves recipes.
func (a *jinjaAction) importModule(ctx context.Context, o parts.Options, l jinjaLine) (jinja2.Value, error) {
	if slices.Contains(jinja2.ModuleNames(), l.expression) {
		return jinja2.ImportModule(l.expression)
	}
	if a.python == nil {
		python, err := bridge.NewObjects(ctx, o)
		switch {
		case errors.Is(err, parts.ErrNotRun):
			return jinja2.RemoteModule(noPython{}, l.expression), nil
		case err != nil:
			return nil, err
		}
		a.python = python
	}
	missing, err := a.python.Import(ctx, l.expression)
	if err != nil {
		return nil, err
	}
	if missing != "" {
		return nil, l.find(l.expression).fail(codeBadValue, "%s", missing).
			WithHint("gobuild does not have this module, nor has the Python that runs recipes; an egg with it is importable when a recipe of that egg is used before")
	}
	return jinja2.RemoteModule(pythonObjects{a.python}, l.expression), nil
}

// Excludes says that parts which talk to the Python process do so one after
// another.
func (a *jinjaAction) Excludes() string {
	if a.python == nil {
		return ""
	}
	return bridge.Excluding
}

// pythonObjects are those of the Python process, as templates ask for them.
type pythonObjects struct{ *bridge.Objects }

// Ask implements jinja2.Remote.
func (p pythonObjects) Ask(ctx context.Context, q jinja2.RemoteQuery) (a jinja2.RemoteAnswer, err error) {
	err = p.Use(ctx, q, &a)
	return a, err
}

// noPython stands for objects of Python when no code is run.
type noPython struct{}

// Ask implements jinja2.Remote.
func (noPython) Ask(context.Context, jinja2.RemoteQuery) (jinja2.RemoteAnswer, error) {
	return jinja2.RemoteAnswer{}, errors.New("it needs Python, and the profile is only looked at")
}
