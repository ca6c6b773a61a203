package cli

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"gobuild/buildout"
	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts/run"
)

const rebuildLong = `Installs parts anew although nothing has changed: as in any other installation
the old version stays until the new one is complete. Parts that need them are
built anew by the next run if what the parts are made from has changed.

With --check nothing is installed. Each PART is built twice from its sources, in
two new directories of the buildout directory, at two moments, with another
umask, locale, time zone, user name and number of jobs, and the two results are
compared: files, modes, targets of links, and contents, where the names of the
two directories count as equal. The first bytes that differ are shown, with the
section of the ELF file, the member of the archive or the line. What is
installed is compared too, and stays as it is. A failed build can be looked at
until the next check.

Exit status: 0 done, or both are equal; 1 a part failed; 2 wrong use; 3 an error
in the profile; 4 a source could not be fetched; 5 the two builds differ; 6 the
state of the directory is damaged or cannot be written; 130 interrupted.`

// statusDiffers is that of an audit that finds something.
const statusDiffers Status = 5

type rebuildFlags struct{ check, keep, diffoscope bool }

func newRebuild(a *app) *cobra.Command {
	o := &rebuildFlags{}
	c := &cobra.Command{
		Use: "rebuild PART…", Short: "build parts anew, or check that two builds are equal", Long: rebuildLong,
		RunE:              func(cmd *cobra.Command, args []string) error { return runRebuild(cmd.Context(), a, o, args) },
		ValidArgsFunction: a.complete(partNames),
	}
	c.Flags().BoolVar(&o.check, "check", false, "build each part twice elsewhere and compare")
	c.Flags().BoolVar(&o.keep, "keep", false, "with --check: keep the two builds")
	c.Flags().BoolVar(&o.diffoscope, "diffoscope", false, "with --check: show what diffoscope finds in builds that differ")
	return c
}

func runRebuild(ctx context.Context, a *app, o *rebuildFlags, args []string) error {
	switch {
	case len(args) == 0:
		return withHint(usage("The rebuild command needs the name of a part."), "gobuild rebuild PART")
	case !o.check && (o.keep || o.diffoscope):
		return usage("--keep and --diffoscope belong to --check")
	}
	if err := checkNames(args); err != nil {
		return err
	}
	if !o.check {
		screen := a.screen()
		err := installWith(ctx, a, screen, buildout.InstallOptions{Named: args, Anew: args})
		return errors.Join(err, screen.Close())
	}
	diffoscope := ""
	if o.diffoscope {
		path, err := run.LookPath("diffoscope", a.Dir, a.Environ)
		if err != nil {
			return withHint(usage("diffoscope is not installed: %v", err), "leave --diffoscope out: what differs is shown without it")
		}
		diffoscope = path
	}
	return a.checkRebuild(ctx, o, args, diffoscope)
}

// checkRebuild builds twice and tells what differs.
func (a *app) checkRebuild(ctx context.Context, o *rebuildFlags, args []string, diffoscope string) error {
	screen := a.screen()
	report := &rebuildReport{Parts: []rebuiltPart{}}
	var sink event.Sink = screen
	if a.flags.json { // one document, when all is known
		sink = event.Discard
	}
	err := a.rebuildParts(ctx, sink, buildout.RebuildOptions{Parts: args, Keep: o.keep, Compared: func(r *buildout.Rebuilt) error {
		p := newRebuiltPart(r, o.keep)
		if diffoscope != "" && !r.Result.Equal() {
			p.Diffoscope = a.diffoscope(ctx, diffoscope, r.Trees)
		}
		report.Parts, report.Equal = append(report.Parts, p), (len(report.Parts) == 0 || report.Equal) && p.Equal
		return nil
	}})
	if err = errors.Join(err, screen.Close()); err != nil && len(report.Parts) == 0 {
		return err
	}
	err = errors.Join(err, a.writeResult(report, func(p *printer) { p.rebuilt(report) }))
	if err == nil && !report.Equal {
		return withStatus(statusDiffers, diag.List{}) // an answer, not an error
	}
	return err
}

func (a *app) rebuildParts(ctx context.Context, sink event.Sink, o buildout.RebuildOptions) error {
	e, err := a.open(ctx, sink)
	if err != nil {
		return err
	}
	if err := e.Start(ctx, true, false); err != nil {
		return profileError(ctx, err)
	}
	return installError(ctx, e.CheckRebuild(ctx, o))
}

// diffoscope returns what diffoscope says of two trees.
func (a *app) diffoscope(ctx context.Context, program string, trees [2]string) string {
	var out strings.Builder
	c := exec.CommandContext(ctx, program, "--exclude-directory-metadata=yes", trees[0], trees[1])
	c.Env, c.Dir, c.Stdout, c.Stderr = a.Environ, a.Dir, &out, os.Stderr
	if err := c.Run(); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 { // 1: they differ
			return strings.TrimSpace(out.String() + "\n" + err.Error())
		}
	}
	return strings.TrimSpace(out.String())
}
