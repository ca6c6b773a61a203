package cli

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"gobuild/buildout"
	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/ui"
)

const resumeLong = `Goes on with a part that failed, at the step that failed: what was unpacked,
configured and compiled stays, and make goes on where it stopped. Then the run
goes on as it would have without the failure. Without a PART all parts that
failed go on.

A build that was interrupted (Ctrl-C, SIGTERM) can go on in the same way. A part
is built from its beginning, with a message, when it failed before its sources
were complete, when its sources or its location have changed in the profile, or
when its recipe cannot go on. Of other options that have changed since the
failure those count that the remaining steps use; the others are told.

  gobuild resume zlib                    go on at the step that failed
  gobuild resume zlib --from configure   repeat a step before it, or leave out some
  gobuild resume zlib --only             and install nothing else

See also gobuild shell and gobuild log.`

type resumeFlags struct {
	from string
	only bool
}

func newResume(a *app) *cobra.Command {
	o := &resumeFlags{}
	c := &cobra.Command{
		Use: "resume [PART…]", Short: "go on with a part at the step that failed", Long: resumeLong,
		RunE:              func(cmd *cobra.Command, args []string) error { return runResume(cmd.Context(), a, o, args) },
		ValidArgsFunction: a.complete(failedParts),
	}
	c.Flags().StringVar(&o.from, "from", "", "go on at `STEP` instead of the step that failed")
	c.Flags().BoolVar(&o.only, "only", false, "install only the parts that are resumed")
	return c
}

// failedParts are the parts that failed.
func failedParts(e *buildout.Engine, _ string) []string {
	if err := e.Start(context.Background(), false, true); err != nil {
		return nil
	}
	var names []string
	for _, f := range e.Failures() {
		names = append(names, f.Part)
	}
	return names
}

func runResume(ctx context.Context, a *app, o *resumeFlags, args []string) error {
	screen := a.screen()
	err := resume(ctx, a, screen, o, args)
	return errors.Join(err, screen.Close())
}

func resume(ctx context.Context, a *app, screen ui.Screen, o *resumeFlags, args []string) error {
	if err := checkNames(args); err != nil {
		return err
	}
	io, err := a.resumeOptions(ctx, o, args)
	if err != nil {
		return err
	}
	return resumeError(installWith(ctx, a, screen, io))
}

// resumeOptions says what is resumed and installed.
func (a *app) resumeOptions(ctx context.Context, o *resumeFlags, args []string) (buildout.InstallOptions, error) {
	io := buildout.InstallOptions{Resume: map[string]string{}}
	e, err := a.open(ctx, event.Discard)
	if err != nil {
		return io, err
	}
	if err := e.Start(ctx, false, true); err != nil {
		return io, profileError(ctx, err)
	}
	failures := e.Failures()
	if len(failures) == 0 && len(args) == 0 {
		return io, withStatus(StatusUsage, diag.At(diag.Span{}, "no-failure", "there is nothing to resume: no part has failed").
			WithHint("`gobuild` installs what is not installed yet"))
	}
	if len(args) == 0 {
		args = failedParts(e, "")
	}
	if o.from != "" && len(args) > 1 {
		return io, usage("--from is for one part: name it")
	}
	for _, part := range args {
		io.Resume[part] = o.from
	}
	io.Named = resumeNamed(failures, args, o.only)
	return io, nil
}

// resumeNamed returns the parts that the run is for; nil means all. It is for
// those that the failed run was for.
func resumeNamed(failures []*buildout.Failure, args []string, only bool) []string {
	if only {
		return args
	}
	var named []string
	for _, f := range failures {
		if !slices.Contains(args, f.Part) {
			continue
		}
		if len(f.Named) == 0 {
			return nil
		}
		named = append(named, f.Named...)
	}
	return slices.Compact(named)
}

// resumeError gives what is wrong with the command line its status.
func resumeError(err error) error {
	var failed *buildout.FailedError
	if !errors.As(err, &failed) || len(failed.List) == 0 {
		return err
	}
	for _, d := range failed.List {
		if d.Code != "usage" && d.Code != "no-failure" && d.Severity == diag.Error {
			return err
		}
	}
	return &statusError{StatusUsage, failed.List}
}
