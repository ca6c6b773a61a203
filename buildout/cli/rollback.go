package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"gobuild/buildout/history"
	"gobuild/buildout/ui"
)

const rollbackLong = `Brings the directory back to the state after a RUN of gobuild history; without
one, to the state before the last run that changed something. Trees that runs
with --keep-previous have kept are put back where they were, shared parts are
still in their place, and .installed.cfg tells what it told then. What is there
now is kept in turn, so that a rollback can be taken back: gobuild rollback does
that when it is run again.

Everything is checked before anything is changed, and a failure on the way is
undone. When something stands against it, all reasons are told and nothing is
done. The recipes' own work at an uninstall is not run.

The profile stays as it is: the next gobuild brings the directory to what the
profile says. Change the profile, too, or use another version of it.`

func newRollback(a *app) *cobra.Command {
	dry := false
	c := &cobra.Command{
		Use: "rollback [RUN]", Short: "go back to the state after an earlier run", Long: rollbackLong,
		RunE:              func(cmd *cobra.Command, args []string) error { return runRollback(cmd.Context(), a, dry, args) },
		ValidArgsFunction: a.completeRuns,
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "only show what would be done")
	return c
}

func runRollback(ctx context.Context, a *app, dry bool, args []string) error {
	if err := oneRun("rollback", args); err != nil {
		return err
	}
	s, err := a.settings()
	if err != nil {
		return err
	}
	dir, err := a.directory(ctx)
	if err != nil {
		return err
	}
	o := history.RollbackOptions{DryRun: dry, NoWait: a.flags.noWait,
		Config: history.Config{Command: shownCommand(a.Args), Version: version(), Keep: s.History, Mask: ui.Mask}}
	if len(args) == 1 {
		o.ID = args[0]
	}
	o.Waiting = func(owner string) { fmt.Fprintf(a.Stderr, "waiting for another run in %s: %s\n", dir, ui.Mask(owner)) }
	done, err := history.RollBack(ctx, dir, o)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		return historyStatus(err)
	}
	a.show(done.Warnings)
	return a.writeResult(done, func(p *printer) { p.rollback(done, dry) })
}

func (p *printer) rollback(r *history.Rollback, dry bool) {
	words := map[string]string{history.Restore: "put back", history.SetAside: "set aside", history.Rerecord: "recorded"}
	width := 0
	for _, c := range r.Changes {
		width = max(width, len(c.Part))
	}
	for _, c := range r.Changes {
		from := ""
		if c.From != "" {
			from = "kept by " + c.From
		}
		p.line("%-9s  %-*s  %s", words[c.Action], width, c.Part, from)
	}
	switch {
	case len(r.Changes) == 0:
		p.line("nothing to do: the directory is in the state after %s", r.Target)
	case dry:
		p.line("%s would change, to the state after %s", count(len(r.Changes), "part"), r.Target)
	default:
		p.line("%s changed, to the state after %s", count(len(r.Changes), "part"), r.Target)
		p.line("The profile has not changed: the next gobuild brings the directory to what it says.")
	}
}

// count is a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
