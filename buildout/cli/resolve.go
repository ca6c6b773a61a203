package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gobuild/buildout"
	"gobuild/buildout/ui"
)

type resolveOptions struct {
	noRecipes bool
	lenient   bool
}

func newResolve(a *app) *cobra.Command {
	var o resolveOptions
	c := &cobra.Command{
		Use: "resolve [PART…]", Short: "show values after substitution",
		Long: `Evaluates the parts (those named, or all) and shows every section that they
touch: macros expanded, references substituted, options set by recipes. With
--json an object {"parts", "resolved", "holes"}, in which passwords that stand in
the profile are not hidden, but those that were generated are.
Nothing on disk is changed.`,
		RunE:              func(cmd *cobra.Command, args []string) error { return runResolve(cmd.Context(), a, o, args) },
		ValidArgsFunction: a.complete(partNames),
	}
	c.Flags().BoolVar(&o.noRecipes, "no-recipes", false, "prepare no recipe: show only what the profile says")
	c.Flags().BoolVar(&o.lenient, "lenient", false, "with --no-recipes: show @{section:option} for options that a recipe would set")
	return c
}

func runResolve(ctx context.Context, a *app, o resolveOptions, args []string) error {
	e, err := a.openReadOnly(ctx)
	if err != nil {
		return err
	}
	a.show(e.Profile.Warnings)
	if err := e.Start(ctx, !o.noRecipes, o.lenient); err != nil {
		return withStatus(StatusProfile, err)
	}
	if err := checkNames(args); err != nil {
		return err
	}
	named := args
	if len(named) == 0 {
		named = nil
	}
	r, err := e.Resolve(ctx, named)
	if err != nil {
		return withStatus(StatusProfile, err)
	}
	if a.flags.json {
		return a.hideTold(a.Stdout, func(w io.Writer) error { return writeJSON(w, r) })
	}
	return a.discreetly(a.Stdout, func(w io.Writer) error { return writeResolved(w, r, secretValues(e)) })
}

// writeResolved writes all sections as profile text.
func writeResolved(w io.Writer, r *buildout.Resolved, secrets *strings.Replacer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "# parts, in the order of installation: %s\n", strings.Join(r.Parts, " "))
	for _, name := range slices.Sorted(maps.Keys(r.Sections)) {
		writeSection(out, name, r.Sections[name], secrets)
	}
	for _, hole := range r.Holes {
		fmt.Fprintf(out, "\n# not known without its recipe: %s\n", hole)
	}
	return out.Flush()
}

// writeSection writes a section as profile text, without secrets.
func writeSection(out *bufio.Writer, name string, options map[string]string, secrets *strings.Replacer) {
	fmt.Fprintf(out, "\n[%s]\n", name)
	for _, key := range slices.Sorted(maps.Keys(options)) {
		value := ui.MaskOption(key, secrets.Replace(options[key]))
		if strings.Contains(value, "\n") {
			value = "\n  " + strings.ReplaceAll(value, "\n", "\n  ")
		} else if value != "" {
			value = " " + value
		}
		fmt.Fprintf(out, "%s =%s\n", key, value)
	}
}
