package cli

import (
	"bufio"
	"context"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gobuild/buildout/explain"
)

type graphOptions struct {
	format    string
	output    string
	sections  bool
	noRecipes bool
}

// graphFormats are the values of --format.
var graphFormats = []string{"dot", "json", "html"}

func newGraph(a *app) *cobra.Command {
	var o graphOptions
	c := &cobra.Command{
		Use: "graph", Short: "draw what needs what: DOT, JSON or a page to look at", Args: noWords,
		Long: `Writes the graph of the parts, with the references that make each edge and their
places: as DOT for graphviz, as JSON, or as one HTML page that needs no other
file and no network: searchable, with the needs and users of a part on a click.
Nothing on disk is changed but FILE.

Where a longer way also leads from one part to another, the direct edge is
drawn faint, or on request. A recipe that gobuild does not have counts as one
that does nothing.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runGraph(cmd.Context(), a, o) },
	}
	c.Flags().StringVar(&o.format, "format", "", "dot, json or html; else the ending of FILE tells it, or it is dot")
	c.Flags().StringVar(&o.output, "output", "", "write to `FILE` instead of standard output")
	c.Flags().BoolVar(&o.sections, "sections", false, "show sections of data too")
	noRecipes(c, &o.noRecipes)
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(graphFormats, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func runGraph(ctx context.Context, a *app, o graphOptions) error {
	format, err := o.chooseFormat(a.flags.json)
	if err != nil {
		return err
	}
	i, err := a.inspect(ctx, !o.noRecipes)
	if err != nil {
		return err
	}
	order, err := i.engine.EvaluateParts(ctx)
	if err != nil {
		return profileError(ctx, err)
	}
	g := i.Graph(ctx, order, o.sections)
	if err := a.writeGraph(g, format, o.output); err != nil {
		return err
	}
	i.noteProblems()
	return nil
}

// chooseFormat takes the format of the flag, of --json, or of the file's name.
func (o graphOptions) chooseFormat(json bool) (string, error) {
	switch {
	case o.format != "" && !slices.Contains(graphFormats, o.format):
		return "", usage("unknown --format %q: it is one of %s", o.format, strings.Join(graphFormats, ", "))
	case o.format != "":
		return o.format, nil
	case json:
		return "json", nil
	}
	for _, format := range graphFormats {
		if strings.HasSuffix(o.output, "."+format) {
			return format, nil
		}
	}
	return "dot", nil
}

func (a *app) writeGraph(g *explain.Graph, format, output string) error {
	if output == "" {
		return a.encodeGraph(a.Stdout, g, format)
	}
	f, err := os.Create(a.path(output))
	if err != nil {
		return withStatus(StatusUsage, err)
	}
	err = a.encodeGraph(f, g, format)
	if closing := f.Close(); err == nil {
		err = closing
	}
	return withStatus(StatusPartFailed, err)
}

func (a *app) encodeGraph(to io.Writer, g *explain.Graph, format string) error {
	return a.discreetly(to, func(w io.Writer) error { return a.encodeGraphPlain(w, g, format) })
}

func (a *app) encodeGraphPlain(w io.Writer, g *explain.Graph, format string) error {
	out := bufio.NewWriter(w)
	var err error
	switch format {
	case "json":
		err = writeJSON(out, g)
	case "html":
		err = g.HTML(out, (&printer{dir: a.Dir}).file)
	default:
		err = g.DOT(out)
	}
	if err != nil {
		return err
	}
	return out.Flush()
}
