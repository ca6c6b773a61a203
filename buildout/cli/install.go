package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gobuild/buildout"
	"gobuild/buildout/diag"
	"gobuild/buildout/history"
	"gobuild/buildout/plan"
	"gobuild/buildout/ui"
)

func newInstall(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "install [PART…]", Short: "install the parts of the profile (the default command)",
		Long: `Installs, updates and removes parts so that the directory is as the profile
says. With PARTs only these are installed and nothing is removed; sections that
they refer to are evaluated but not installed.`,
		RunE:              func(cmd *cobra.Command, args []string) error { return runInstall(cmd.Context(), a, args) },
		ValidArgsFunction: a.complete(partNames),
	}
	a.addRunFlags(c.Flags())
	return c
}

func runInstall(ctx context.Context, a *app, args []string) error {
	screen := a.screen()
	err := install(ctx, a, screen, args)
	return errors.Join(err, screen.Close())
}

func install(ctx context.Context, a *app, screen ui.Screen, args []string) error {
	o := buildout.InstallOptions{}
	if len(args) > 0 {
		o.Named = args
	}
	return installWith(ctx, a, screen, o)
}

// installWith does the work; what it shows while the screen is open goes
// through the screen.
func installWith(ctx context.Context, a *app, screen ui.Screen, o buildout.InstallOptions) error {
	r, err := a.newRecord(screen)
	if err != nil {
		return err
	}
	e, err := a.open(ctx, r.Recorder)
	if err != nil {
		return err
	}
	e.Warn = func(list diag.List) { a.warn(screen, list) }
	if err := e.Start(ctx, true, false); err != nil {
		return profileError(ctx, err)
	}
	o.Planned = func(g *plan.Graph) {
		a.planned(e, screen, g)
		r.Planned(g, history.Site{Dir: e.Base.Directory, Installed: e.Base.Installed, Jobs: e.Jobs})
	}
	o.Ended = r.ended
	if a.flags.run.keepPrevious {
		o.Replaced = r.keep(e.Base.Directory)
	}
	if err := checkNames(o.Named); err != nil {
		return err
	}
	if err = e.Install(ctx, o); err == nil {
		return a.renewShim(ctx, e)
	}
	if f := (*buildout.FailedError)(nil); errors.As(err, &f) {
		f.List = append(f.List, a.summary(f)...)
	}
	return installError(ctx, err)
}

// planned shows the warnings and, with -vv, all options of all sections.
func (a *app) planned(e *buildout.Engine, screen ui.Screen, g *plan.Graph) {
	a.warn(screen, append(slices.Clone(e.Profile.Warnings), g.Warnings...))
	if e.Base.Level < 10 {
		fmt.Fprint(a.Stdout, "\nConfiguration data:\n")
		a.discreetly(a.Stdout, func(w io.Writer) error { return printConfiguration(w, e.Evaluated(), secretValues(e)) })
		fmt.Fprintln(a.Stdout)
	}
}

func printConfiguration(w io.Writer, all map[string]map[string]string, secrets *strings.Replacer) error {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(w, "[%s]\n", name)
		for _, key := range slices.Sorted(maps.Keys(all[name])) {
			value := ui.MaskOption(key, secrets.Replace(all[name][key]))
			fmt.Fprintf(w, "%s = %s\n", key, strings.ReplaceAll(value, "\n", "\n\t"))
		}
	}
	return nil
}

// screen shows the events of the run on stderr.
func (a *app) screen() ui.Screen {
	if a.flags.json {
		return ui.JSON(a.Stdout)
	}
	return ui.Open(a.Stderr, a.Environ, ui.Config{Style: a.style(), Verbosity: 10 * (a.flags.verbose - a.flags.quiet)})
}

func profileError(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	return withStatus(StatusProfile, err)
}

// installError gives the error of a run its status.
func installError(ctx context.Context, err error) error {
	var failed *buildout.FailedError
	var state *buildout.StateError
	switch {
	case err == nil || ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return err
	case errors.As(err, &state):
		return withStatus(StatusState, err)
	case !errors.As(err, &failed):
		return withStatus(StatusProfile, err)
	case slices.ContainsFunc(failed.List, func(d *diag.Diagnostic) bool { return d.Severity == diag.Error && !isFetch(d) }):
		return withStatus(StatusPartFailed, err)
	}
	return withStatus(StatusFetch, err)
}

// isFetch reports whether a diagnostic is about getting a source.
func isFetch(d *diag.Diagnostic) bool { return strings.HasPrefix(d.Code, "fetch-") }
