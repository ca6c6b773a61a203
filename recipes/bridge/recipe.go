package bridge

import (
	"context"
	"slices"
	"strings"
	"time"

	"gobuild/buildout/event"
	"gobuild/parts"
)

// Prefix stands before the name of a recipe that is to be run by its own Python
// code, whatever gobuild has built in.
const Prefix = "python:"

// Spec returns the recipe that a profile calls name. suggest returns a hint for a
// name that is nearly that of a built-in recipe, or "".
func Spec(name string, suggest func(string) string) parts.Spec {
	return parts.Spec{
		Names: []string{name}, Open: true, Recipe: recipe{name, suggest},
		Doc: "A recipe that is Python code: an egg, run through the bridge.",
	}
}

// recipe is a recipe that is an egg.
type recipe struct {
	name    string
	suggest func(string) string
}

// egg is the name without the prefix.
func (r recipe) egg() string { return strings.TrimSpace(strings.TrimPrefix(r.name, Prefix)) }

// action is a part whose recipe object is in the process.
type action struct {
	recipe     recipe
	bridge     *Bridge
	host       parts.Host
	timeout    time.Duration
	generation int // of the process that has it
	made       initialised
}

// initialised is the answer to init.
type initialised struct {
	Signature string `json:"signature"`
	Updates   bool   `json:"updates"`
}

// Prepare makes the recipe object of a part, which reads and sets options.
func (r recipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	h, ok := o.(parts.Host)
	if !ok || h.Session() == nil {
		return nil, parts.ErrNotRun
	}
	a := &action{recipe: r, bridge: Of(h.Session()), host: h}
	var err error
	if a.timeout, err = a.bridge.timeout(ctx, h); err != nil {
		return nil, err
	}
	f := preparing(h, r.egg())
	f.timeout = a.timeout
	return a, a.initialise(ctx, f)
}

// initialise makes the recipe object. The name of a recipe that is nearly that of
// a built-in one is asked of no index: it is a typing error, and what an index has
// under such a name may be there for those who make it.
func (a *action) initialise(ctx context.Context, f *frame) error {
	if !strings.HasPrefix(a.recipe.name, Prefix) && a.recipe.suggest != nil {
		f.suggestion = a.recipe.suggest(a.recipe.name)
	}
	err := a.bridge.order(ctx, f, "init", map[string]any{"recipe": f.recipe, "local": f.suggestion != ""}, &a.made)
	a.generation = a.bridge.generation
	return err
}

// Signature names the distributions that the recipe consists of.
func (a *action) Signature() string { return a.made.Signature }

// Excludes says that recipes share their process.
func (a *action) Excludes() string { return Excluding }

// outcome is the answer to install and update.
type outcome struct {
	Paths   []string `json:"paths"`
	None    bool     `json:"none"`
	Created []string `json:"created"`
	Wrote   []string `json:"wrote"`
}

// unwire makes the paths what they are on disk.
func (o *outcome) unwire() {
	unwiredAll(o.Paths)
	unwiredAll(o.Created)
	unwiredAll(o.Wrote)
}

// Run installs the part.
func (a *action) Run(ctx context.Context, w *parts.Work) error { return a.do(ctx, w, "install") }

// Update updates it; a recipe without a way to do so installs it again.
func (a *action) Update(ctx context.Context, w *parts.Work) error { return a.do(ctx, w, "update") }

func (a *action) do(ctx context.Context, w *parts.Work, what string) error {
	var done outcome
	err := a.bridge.take(ctx, func(ctx context.Context) error {
		if !a.bridge.has(a.generation) {
			if err := a.initialise(ctx, a.frame(w)); err != nil {
				return err
			}
		}
		return a.bridge.order(ctx, a.frame(w), what, nil, &done)
	})
	if err != nil {
		return err
	}
	done.unwire()
	if done.None && len(done.Created) == 0 && what == "install" {
		w.Say(event.Debug, "the recipe returned no paths: what it has made is not removed with the part")
	}
	for _, path := range slices.Concat(done.Paths, done.Created) {
		if path != "" {
			w.Own(path)
		}
	}
	reportStrays(ctx, w, a.host, slices.Concat(done.Paths, done.Created), done.Wrote)
	return nil
}

func (a *action) frame(w *parts.Work) *frame {
	f := working(a.host, w, a.recipe.egg())
	f.timeout = a.timeout
	return f
}

// Remove runs the uninstall entry of the egg, if it has one.
func (r recipe) Remove(ctx context.Context, w *parts.Work, old parts.Record) ([]string, error) {
	if w.Session == nil {
		return nil, nil
	}
	b := Of(w.Session)
	host, err := w.Session.Buildout(ctx)
	if err != nil {
		return nil, err
	}
	f := working(host, w, r.egg())
	if f.timeout, err = b.timeout(ctx, host); err != nil {
		return nil, err
	}
	err = b.order(ctx, f, "uninstall", map[string]any{"recipe": f.recipe, "options": old.Options}, nil)
	if isNotStarted(err) {
		return nil, nil // as when the egg is not there any more
	}
	return nil, err
}
