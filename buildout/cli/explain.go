package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gobuild/buildout"
	"gobuild/buildout/explain"
)

type explainOptions struct {
	noRecipes bool
	all       bool
}

// shownUsers is how many references explain shows without --all.
const shownUsers = 20

func newExplain(a *app) *cobra.Command {
	var o explainOptions
	c := &cobra.Command{
		Use: "explain SECTION[:OPTION]…", Short: "show how a value came about and who refers to it",
		Long: `Shows the final value of an option, every setting that made it, lowest first
(also through macros, defaults and the command line), how it was substituted
step by step, and every place of the profile that refers to it. For a section
the same in short, one line for each option. Nothing on disk is changed.

A recipe that gobuild does not have counts as one that does nothing; options
that it would set read as @{section:option}.`,
		RunE:              func(cmd *cobra.Command, args []string) error { return runExplain(cmd.Context(), a, args, o) },
		ValidArgsFunction: a.complete(explainNames),
	}
	noRecipes(c, &o.noRecipes)
	c.Flags().BoolVar(&o.all, "all", false, "show every reference")
	return c
}

// explainNames are the sections, and SECTION:OPTION once there is a colon.
func explainNames(e *buildout.Engine, word string) []string {
	if strings.Contains(word, ":") {
		return optionNames(e, word)
	}
	return sectionNames(e, word)
}

func runExplain(ctx context.Context, a *app, args []string, o explainOptions) error {
	if len(args) == 0 {
		return withHint(usage("explain takes SECTION or SECTION:OPTION"), "gobuild explain zlib:url")
	}
	i, err := a.inspect(ctx, !o.noRecipes)
	if err != nil {
		return err
	}
	limit := shownUsers
	if o.all {
		limit = 0
	}
	for n, arg := range args {
		if err := i.explainOne(ctx, arg, n > 0, limit); err != nil {
			return err
		}
	}
	i.noteProblems()
	return nil
}

// explainOne explains SECTION or SECTION:OPTION. Where evaluation fails what
// is known is shown before the error.
func (i *inspection) explainOne(ctx context.Context, arg string, more bool, limit int) error {
	section, option, found := strings.Cut(arg, ":")
	if strings.Contains(option, ":") || found && option == "" {
		return usage("Invalid option: %s", arg)
	}
	if section == "" {
		section = "buildout"
	}
	var answer any
	var text func(*printer)
	var failed error
	if found {
		o, err := i.Option(ctx, section, option)
		if failed = err; o != nil {
			answer, text = o, func(p *printer) { p.option(o) }
		}
	} else {
		s, err := i.Section(ctx, section)
		if failed = err; s != nil {
			answer, text = s, func(p *printer) { p.section(s) }
		}
	}
	if answer == nil {
		return unknownName(ctx, failed)
	}
	err := i.writeResult(answer, func(p *printer) {
		if p.limit = limit; more {
			p.line("")
		}
		text(p)
	})
	if err != nil {
		return err
	}
	return profileError(ctx, failed)
}

// unknownName gives an error about a name of the command line its status.
func unknownName(ctx context.Context, err error) error {
	var unknown *explain.UnknownError
	if errors.As(err, &unknown) {
		return withStatus(StatusUsage, err)
	}
	return profileError(ctx, err)
}

// option writes an answer about one option.
func (p *printer) option(o *explain.Option) {
	if o.Error == "" {
		p.value("", o.Section+":"+o.Option, o.Value)
	} else {
		p.line("%s:%s cannot be evaluated", o.Section, o.Option)
	}
	if kind := kindText(o.Kind, o.Recipe); kind != "" {
		p.line("    %s", kind)
	}
	if o.Unsubstituted != "" {
		p.line("")
		p.value("", "unsubstituted", o.Unsubstituted)
	}
	p.layers(o.Layers)
	if len(o.Steps) > 0 {
		p.line("\nsubstitution:")
		p.steps("  ", o.Steps)
	}
	p.users(o.Users)
}

// kindText says where a value comes from when no file holds it.
func kindText(kind, recipe string) string {
	switch kind {
	case explain.FromRecipe:
		return "set by its recipe " + recipe
	case explain.FromEngine:
		return "computed by the engine"
	case explain.FromDefault:
		return "the engine's default"
	case explain.FromName:
		return "the name of the section that holds the reference"
	case explain.FromMissing:
		return "there is no such option"
	case explain.FromNowhere:
		return "not known: its recipe " + recipe + " would set it"
	}
	return ""
}

func (p *printer) layers(layers []explain.Layer) {
	if len(layers) == 0 {
		return
	}
	p.line("\nsettings, lowest first:")
	for _, l := range layers {
		p.value("  ", fmt.Sprintf("%-9s %s", l.Operation, p.sourceOf(l)), l.Value)
		if len(l.Via) > 0 {
			p.line("    in [%s], %s", l.Section, p.chain(l.Via))
		}
	}
}

// sourceOf is the place of a layer, or where it comes from when it has none.
func (p *printer) sourceOf(l explain.Layer) string {
	if l.Place == nil {
		return l.Source
	}
	return p.place(l.Place)
}

// chain writes the uses of macros that led to a setting.
func (p *printer) chain(via []explain.Use) string {
	var b strings.Builder
	for n, u := range via {
		if n == 0 {
			fmt.Fprintf(&b, "by [%s]", u.Section)
		}
		fmt.Fprintf(&b, " <= %s (%s)", u.Macro, p.place(u.Place))
	}
	return b.String()
}

func (p *printer) steps(indent string, steps []explain.Step) {
	for _, s := range steps {
		if s.Kind == explain.FromMissing {
			p.line("%s%s", indent, s.Reference)
		} else {
			p.value(indent, s.Reference, s.Value)
		}
		at := ""
		if s.At != nil {
			at = "written at " + p.place(s.At)
		}
		from := kindText(s.Kind, s.Recipe)
		if s.Kind == explain.FromProfile {
			from = "set at " + p.place(s.Defined)
		}
		if s.Above {
			from += "; explained above"
		}
		p.line("%s    %s", indent, strings.Trim(at+", "+from, ", "))
		p.steps(indent+"    ", s.Steps)
	}
}

func (p *printer) users(users []explain.User) {
	if len(users) == 0 {
		p.line("\nnothing in the profile refers to it")
		return
	}
	p.line("\nreferences to it: %d", len(users))
	for n, u := range users {
		if p.more("  ", n, len(users)) {
			return
		}
		p.line("  %s  [%s] %s  %s%s", p.place(u.Place), u.Section, u.Option, u.Reference, alsoText(u.Also))
	}
}

func alsoText(also []string) string {
	if len(also) == 0 {
		return ""
	}
	return "  (by <= also in " + some(also, 3) + ")"
}

// section writes an answer about one section.
func (p *printer) section(s *explain.Section) {
	p.line("[%s]  %s", s.Section, p.place(s.Place))
	for _, u := range s.Macros {
		p.line("  <= %s  %s", u.Macro, p.place(u.Place))
	}
	if s.Error != "" {
		p.line("  cannot be evaluated; values are shown unsubstituted")
	}
	p.line("")
	for _, o := range s.Options {
		p.value("", o.Option, o.Value)
		p.line("    %s", p.shortSource(o))
	}
	if len(s.Needs) > 0 {
		p.line("\nreads: %s", strings.Join(s.Needs, ", "))
	}
	p.users(s.Users)
}

// shortSource says in a few words where an option comes from.
func (p *printer) shortSource(o explain.ShortOption) string {
	words := []string{kindText(o.Kind, o.Recipe)}
	if o.Kind == explain.FromProfile {
		words[0] = p.place(o.Place)
		if words[0] == "" {
			words[0] = o.Source
		}
	}
	if o.Macro != "" {
		words = append(words, "from <= "+o.Macro)
	}
	if o.Layers > 1 {
		words = append(words, fmt.Sprintf("%d settings", o.Layers))
	}
	if o.Users > 0 {
		words = append(words, fmt.Sprintf("references: %d", o.Users))
	}
	return strings.Join(words, "; ")
}
