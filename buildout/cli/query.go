package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
)

func newQuery(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "query [SECTION:]OPTION", Short: "show the value of one option as the profile has it",
		Long: `Prints the value of an option before substitution; without a section it is one
of [buildout]. With -v the line ${section:option} comes first; with --json the
value is a JSON string. What does not exist ends with status 1.`,
		RunE:              func(cmd *cobra.Command, args []string) error { return runQuery(cmd.Context(), a, args) },
		ValidArgsFunction: a.complete(optionNames),
	}
}

func runQuery(ctx context.Context, a *app, args []string) error {
	if len(args) != 1 {
		return withHint(usage("The query command requires a single argument."), "gobuild query SECTION:OPTION, or gobuild query OPTION for one of [buildout]")
	}
	section, option := "buildout", args[0]
	if names := strings.Split(args[0], ":"); len(names) == 2 {
		section, option = names[0], names[1]
	} else if len(names) > 2 {
		return usage("Invalid option: %s", args[0])
	}
	e, err := a.open(ctx, event.Discard)
	if err != nil {
		return err
	}
	a.show(e.Profile.Warnings)
	if err := e.Start(ctx, false, true); err != nil {
		return withStatus(StatusProfile, err)
	}
	s := e.Profile.Sections[section]
	if s == nil {
		return missing(diag.At(diag.Span{}, "unknown-section", "Section not found: %s", section), section, e.Profile.Names())
	}
	v := s.Options[option]
	if v == nil {
		return missing(diag.At(s.Header, "unknown-option", "Key not found: %s", option), option, s.Keys())
	}
	if a.flags.json {
		return writeJSON(a.Stdout, v.Text)
	}
	if a.flags.verbose != a.flags.quiet {
		fmt.Fprintf(a.Stdout, "${%s:%s}\n", section, option)
	}
	_, err = fmt.Fprintln(a.Stdout, v.Text)
	return err
}

func missing(d *diag.Diagnostic, name string, known []string) error {
	d.Hint = diag.DidYouMean(name, known)
	return withStatus(StatusPartFailed, d)
}
