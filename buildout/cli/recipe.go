package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// Catalog lists the built-in recipes.
type Catalog interface {
	All() []parts.Spec
}

func newRecipe(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "recipe", Short: "list and explain the built-in recipes",
		Long: "Lists the built-in recipes, or shows one: its names, options and defaults.",
		Args: subcommand,
		RunE: func(*cobra.Command, []string) error { return runRecipeList(a) },
	}
	list := &cobra.Command{Use: "list", Short: "list the built-in recipes", Args: noWords,
		RunE: func(*cobra.Command, []string) error { return runRecipeList(a) }}
	show := &cobra.Command{Use: "show NAME", Short: "show a recipe and its options",
		RunE: func(_ *cobra.Command, args []string) error { return runRecipeShow(a, args) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, s := range a.Recipes.All() {
				names = append(names, s.Names...)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		}}
	c.AddCommand(list, show, newCoverage(a))
	return c
}

// subcommand takes no word but the name of a command below.
func subcommand(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return unknownCommand(cmd, args[0])
	}
	return nil
}

func runRecipeList(a *app) error {
	if a.flags.json {
		return writeJSON(a.Stdout, a.Recipes.All())
	}
	w := tabwriter.NewWriter(a.Stdout, 0, 8, 2, ' ', 0)
	for _, s := range a.Recipes.All() {
		fmt.Fprintf(w, "%s\t%s\t%s\n", s.Names[0], strings.Join(s.Names[1:], ", "), firstSentence(s.Doc))
	}
	return w.Flush()
}

func firstSentence(doc string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(doc), "\n")
	return first
}

func runRecipeShow(a *app, args []string) error {
	if len(args) != 1 {
		return usage("recipe show takes the name of one recipe")
	}
	spec, ok := a.Recipes.Find(args[0])
	if !ok {
		d := diag.At(diag.Span{}, "unknown-recipe", "there is no recipe %q", args[0])
		d.Hint = a.Recipes.Suggest(args[0])
		return withStatus(StatusUsage, d)
	}
	if a.flags.json {
		return writeJSON(a.Stdout, spec)
	}
	out := bufio.NewWriter(a.Stdout)
	fmt.Fprintf(out, "%s\n\nNames: %s\n\nOptions:\n", strings.TrimSpace(spec.Doc), strings.Join(spec.Names, ", "))
	for _, o := range spec.Options {
		fmt.Fprintf(out, "  %s%s\n      %s\n", o.Name, note(o), strings.ReplaceAll(o.Doc, "\n", "\n      "))
	}
	if spec.Open {
		fmt.Fprintln(out, "\nThe section may hold any other option.")
	}
	return out.Flush()
}

// note says in brackets what is special about an option.
func note(o parts.OptionSpec) string {
	switch {
	case o.Computed:
		return " [set by the recipe]"
	case o.Required:
		return " [required]"
	case o.Default != "":
		return " [default: " + o.Default + "]"
	}
	return ""
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
