package buildout

import (
	"context"
	"slices"

	"gobuild/buildout/diag"
	"gobuild/buildout/plan"
	"gobuild/buildout/profile"
)

// Inspect is Start for commands that explain: a recipe that is unknown or
// refuses its section is noted in Problems, and options that it would set read
// as @{section:option}.
func (e *Engine) Inspect(ctx context.Context, withRecipes bool) error {
	return e.start(ctx, withRecipes, !withRecipes, func(section string, err error) {
		for _, d := range diag.All(err) {
			d.WithPath(section)
			if !d.At.IsValid() {
				d.At = e.At(section, "recipe")
			}
			e.problems.Add(d)
		}
	})
}

// Problems returns what Inspect has tolerated so far.
func (e *Engine) Problems() diag.List { return e.problems.Sorted() }

// Evaluator gives access to evaluated sections. Start or Inspect comes before.
func (e *Engine) Evaluator() *profile.Evaluator { return e.eval }

// EvaluateParts evaluates the parts that the profile lists and returns the
// order of installation.
func (e *Engine) EvaluateParts(ctx context.Context) ([]string, error) {
	defer e.eval.Doing("Installing.", "", "")()
	return plan.Evaluate(ctx, e.eval, nil)
}

// Leftovers are the installed parts that are not in order, as a plan removes
// them. It does not need recipes.
func (e *Engine) Leftovers(order []string) (*plan.Graph, error) {
	db, err := e.state()
	if err != nil {
		return nil, err
	}
	g := &plan.Graph{}
	for _, r := range slices.Backward(records(db)) {
		if !slices.Contains(order, r.Part) {
			g.Removed = append(g.Removed, plan.Leftover(r))
		}
	}
	return g, nil
}

// DryRun decides what Install would do now. Neither the lock nor a directory
// is made; what another run does at the same time may or may not count.
func (e *Engine) DryRun(ctx context.Context, named []string) (*plan.Graph, error) {
	db, err := e.state()
	if err != nil {
		return nil, err
	}
	e.ledger = e.openLedger()
	return e.Plan(ctx, e.planInput(ctx, db, named))
}
