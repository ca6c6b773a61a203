package cli

import (
	"context"

	"github.com/spf13/cobra"

	"gobuild/buildout/diag"
	"gobuild/buildout/explain"
	"gobuild/buildout/plan"
)

func newPlan(a *app) *cobra.Command {
	var exitCode bool
	c := &cobra.Command{
		Use: "plan [PART…]", Short: "show what a run would do, and why",
		Long: `Shows what install (of all parts, or of those named) would remove, install,
reinstall and update, in order, each with its reasons. Nothing on disk is
changed, not even the lock or a cache; a part that is only updated counts as
kept.

With --exit-code the status is 1 when a part would be installed, reinstalled or
removed, and 0 when none would.`,
		RunE:              func(cmd *cobra.Command, args []string) error { return runPlan(cmd.Context(), a, args, exitCode) },
		ValidArgsFunction: a.complete(partNames),
	}
	c.Flags().BoolVar(&exitCode, "exit-code", false, "end with status 1 when something would change")
	return c
}

func runPlan(ctx context.Context, a *app, args []string, exitCode bool) error {
	e, err := a.openReadOnly(ctx)
	if err != nil {
		return err
	}
	if err := e.Start(ctx, true, false); err != nil {
		return profileError(ctx, err)
	}
	if err := checkNames(args); err != nil {
		return err
	}
	named := args
	if len(args) == 0 {
		named = nil
	}
	g, err := e.DryRun(ctx, named)
	if err != nil {
		return installError(ctx, err)
	}
	i := &inspection{app: a, named: secretValues(e)}
	p := explain.New(e.Evaluator(), i.mask).Plan(g)
	if err := a.writeResult(p, func(out *printer) { out.plan(p) }); err != nil {
		return err
	}
	a.show(append(e.Profile.Warnings, g.Warnings...))
	if exitCode && p.Changes {
		return withStatus(StatusPartFailed, diag.List{}) // an answer, not an error
	}
	return nil
}

// planWords say what is done with a part.
var planWords = map[plan.Decision]string{
	plan.Install: "install", plan.Reinstall: "reinstall", plan.Update: "keep", plan.Remove: "remove",
}

func (p *printer) plan(l *explain.Plan) {
	counts := map[string]int{}
	for _, a := range l.Remove {
		if a.Decision == string(plan.Remove) {
			p.action(a)
			counts[a.Decision]++
		}
	}
	for _, a := range l.Install {
		p.action(a)
		counts[a.Decision]++
	}
	p.line("%d to install, %d to reinstall, %d to remove, %d kept", counts[string(plan.Install)],
		counts[string(plan.Reinstall)], counts[string(plan.Remove)], counts[string(plan.Update)])
}

func (p *printer) action(a explain.Action) {
	p.line("%-9s %s  %s", planWords[plan.Decision(a.Decision)], a.Part, p.place(a.Place))
	if a.Decision != string(plan.Install) {
		p.reasons("            ", a.Reasons)
	}
}
