package cli

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"gobuild/buildout"
	"gobuild/buildout/diag"
	"gobuild/buildout/ui"
	"gobuild/parts/pure"
	"gobuild/parts/run"
)

const shellLong = `Opens a shell in the directory of a part, with exactly its environment. For a
part that failed these are directory and environment of the command that
failed; for any other part those that its steps get, as far as they are known
before they run. Without a PART it is the one that failed.

  gobuild shell zlib                 $SHELL, or sh
  gobuild shell zlib -- make -n      a command instead of the shell
  echo 'env | sort' | gobuild shell zlib

No start-up files are read by bash and zsh: they would change the environment.
gobuild becomes the shell, so the exit status is that of the shell or command.

A part that failed in a clean environment gets it here too, and so does any part
with --pure or [buildout] pure = true: the shell sees of this machine what the
steps see. Then gobuild waits for the shell and ends as it ended.`

func newShell(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "shell [PART] [-- COMMAND [ARGUMENT…]]", Short: "open a shell in the place of a part's steps", Long: shellLong,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.ArgsLenAtDash() == 0 {
				args = append([]string{"--"}, args...)
			}
			return runShell(cmd.Context(), a, args)
		},
		ValidArgsFunction: a.complete(partNames),
	}
	c.Flags().SetInterspersed(false)
	return c
}

func runShell(ctx context.Context, a *app, args []string) error {
	part, command := shellWords(args)
	s, part, err := a.surroundings(ctx, part)
	if err != nil {
		return err
	}
	argv := command
	if len(argv) == 0 {
		argv = a.shellCommand(s)
		a.tellPlace(part, s)
	}
	if s.Clean != nil && s.Clean.Mode == pure.Namespaces {
		return inside(argv, s)
	}
	return become(argv, s)
}

// shellWords splits the words behind `shell`.
func shellWords(args []string) (part string, command []string) {
	if len(args) > 0 && args[0] != "--" {
		part, args = args[0], args[1:]
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	return part, args
}

// surroundings returns those of a part. Without a name it is the part that
// failed.
func (a *app) surroundings(ctx context.Context, part string) (*buildout.Surroundings, string, error) {
	e, err := a.openReadOnly(ctx)
	if err != nil {
		return nil, "", err
	}
	if err := e.Start(ctx, false, true); err != nil {
		return nil, "", profileError(ctx, err)
	}
	if part == "" {
		failures := e.Failures()
		if len(failures) != 1 {
			return nil, "", withHint(usage("The shell command needs the name of a part: %d parts have failed.", len(failures)), "gobuild shell PART")
		}
		part = failures[0].Part
	}
	s, err := e.FailedSurroundings(ctx, part)
	if s != nil || err != nil {
		return s, part, withStatus(StatusPartFailed, err)
	}
	if err := a.checkPart(e, part); err != nil {
		return nil, "", err
	}
	if e, err = a.openReadOnly(ctx); err != nil {
		return nil, "", err
	}
	if err := e.Start(ctx, true, false); err != nil {
		return nil, "", profileError(ctx, err)
	}
	s, err = e.Surroundings(ctx, part)
	return s, part, profileError(ctx, err)
}

// checkPart returns an error when the profile has no such part.
func (a *app) checkPart(e *buildout.Engine, part string) error {
	if e.Profile.Sections[part] != nil {
		return nil
	}
	d := diag.At(diag.Span{}, "unknown-section", "Section not found: %s", part)
	d.Hint = diag.DidYouMean(part, partNames(e, ""))
	return withStatus(StatusUsage, d)
}

// shellCommand is the shell of the user, if it is there.
func (a *app) shellCommand(s *buildout.Surroundings) []string {
	shell := cmp.Or(a.lookup("SHELL"), "/bin/sh")
	if s.Clean != nil && !s.Clean.Shows(shell) {
		shell = "/bin/sh"
	}
	switch filepath.Base(shell) {
	case "bash":
		return []string{shell, "--noprofile", "--norc"}
	case "zsh":
		return []string{shell, "-f"}
	}
	return []string{shell}
}

// tellPlace says where the shell is, what failed there, and how to go on.
func (a *app) tellPlace(part string, s *buildout.Surroundings) {
	if a.flags.quiet > a.flags.verbose {
		return
	}
	environment := "environment"
	if s.Clean != nil {
		environment = "clean environment (pure)"
	}
	if s.Failed == nil {
		fmt.Fprintln(a.Stderr, ui.Mask(fmt.Sprintf("%s: in %s, with the %s of its steps", part, s.Dir, environment)))
		return
	}
	show, argv := s.Failed.Shown()
	lines := []string{
		fmt.Sprintf("in %s, with the %s of step %s", s.Dir, environment, s.Failed.Step),
		"the command that failed: " + cmp.Or(show, run.Join(argv)),
		"to go on afterwards: " + a.resumeLine(part),
	}
	if s.Failed.Tree != "" {
		lines = append(lines, "the version that was installed before is in its place: `make install` would write into it")
	}
	for _, line := range lines {
		fmt.Fprintln(a.Stderr, part+": "+ui.Mask(line))
	}
}

// resumeLine is the command that goes on with a part.
func (a *app) resumeLine(part string) string {
	words := []string{"gobuild"}
	for _, word := range a.Args[:a.line.words] {
		words = append(words, run.Quote(ui.Mask(word)))
	}
	return strings.Join(append(words, "resume", run.Quote(part)), " ")
}

// become turns this process into a program.
func become(argv []string, s *buildout.Surroundings) error {
	failed := func(err error) error {
		return withStatus(StatusPartFailed, diag.At(diag.Span{}, "shell", "cannot start %s: %v", argv[0], err).WithCause(err))
	}
	path, err := run.LookPath(argv[0], s.Dir, s.Environ)
	if err != nil {
		return failed(err)
	}
	// Nothing of gobuild runs from here on.
	if err := syscall.Chdir(s.Dir); err != nil {
		return failed(err)
	}
	return failed(syscall.Exec(path, argv, slices.Clone(s.Environ)))
}
