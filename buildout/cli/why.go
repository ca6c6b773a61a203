package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gobuild/buildout/explain"
	"gobuild/buildout/plan"
)

type whyOptions struct {
	noRecipes bool
	all       bool
}

func newWhy(a *app) *cobra.Command {
	var o whyOptions
	c := &cobra.Command{
		Use: "why PART", Short: "show why a part is there and what the next run does with it",
		Long: `Shows the chains of references that lead from the parts option to a part (or to
another section), shortest first, all that refers to it, and what the next run
would do with it: install, update, reinstall or remove, with each reason: options,
local files, compilers, and parts that it needs, with the way on which their
change comes. Nothing on disk is changed.

With a recipe that gobuild does not have there is no plan; the chains are shown
all the same.`,
		RunE:              func(cmd *cobra.Command, args []string) error { return runWhy(cmd.Context(), a, args, o) },
		ValidArgsFunction: a.complete(sectionNames),
	}
	noRecipes(c, &o.noRecipes)
	c.Flags().BoolVar(&o.all, "all", false, "show every chain and every reference")
	return c
}

func runWhy(ctx context.Context, a *app, args []string, o whyOptions) error {
	if len(args) != 1 {
		return withHint(usage("why takes the name of one part"), "gobuild why zlib")
	}
	i, err := a.inspect(ctx, !o.noRecipes)
	if err != nil {
		return err
	}
	g, reason, err := i.plan(ctx, o.noRecipes)
	if err != nil {
		return err
	}
	w, err := i.Why(args[0], g)
	if err != nil {
		return unknownName(ctx, err)
	}
	w.NoPlan = reason
	if err := a.writeResult(w, func(p *printer) {
		if p.limit = shownChains; o.all {
			p.limit = 0
		}
		p.why(w)
	}); err != nil {
		return err
	}
	i.noteProblems()
	return nil
}

// plan makes the plan. When recipes are missing it tells why there is none,
// and the graph holds only what is no part any more.
func (i *inspection) plan(ctx context.Context, noRecipes bool) (g *plan.Graph, reason string, err error) {
	order, err := i.engine.EvaluateParts(ctx)
	if err != nil {
		return nil, "", profileError(ctx, err)
	}
	problems := i.engine.Problems()
	switch {
	case noRecipes:
		reason = "recipes are not prepared (--no-recipes)"
	case len(problems) > 0:
		reason = problems[0].Error()
	default:
		g, err = i.engine.DryRun(ctx, nil)
		return g, "", installError(ctx, err)
	}
	g, err = i.engine.Leftovers(order)
	return g, reason, installError(ctx, err)
}

// shownChains is how many chains and references are shown without --all.
const shownChains = 5

func (p *printer) why(w *explain.Why) {
	p.line("[%s]  %s", w.Part, strings.TrimSpace(w.Recipe+"  "+p.place(w.Place)))
	p.chains(w)
	p.linkList("referred to by", w.Users)
	p.idle(w.Idle)
	p.verdict(w)
}

func (p *printer) chains(w *explain.Why) {
	if !w.Needed {
		p.line("\nnothing that is installed needs it")
		return
	}
	for n, chain := range w.Chains {
		p.line("")
		if p.more("", n, len(w.Chains)) {
			break
		}
		for depth, l := range chain {
			p.line("%s%s", strings.Repeat("  ", depth), p.link(l))
		}
	}
}

// link writes one reference.
func (p *printer) link(l explain.Link) string {
	what := l.Option + "  " + l.Reference
	switch l.Reference {
	case explain.ByParts:
		what = "lists it in " + l.Option
	case explain.ByDependency:
		what = "=> " + l.To
	case explain.ByRecipe:
		what = "is read by the recipe"
	}
	return fmt.Sprintf("[%s] -> [%s]  %s  %s", l.From, l.To, what, p.place(l.Place))
}

func (p *printer) linkList(head string, links []explain.Link) {
	if len(links) == 0 {
		return
	}
	p.line("\n%s:", head)
	for n, l := range links {
		if p.more("  ", n, len(links)) {
			return
		}
		p.line("  %s", p.link(l))
	}
}

func (p *printer) idle(users []explain.User) {
	if len(users) == 0 {
		return
	}
	p.line("\nreferred to in sections that nothing needs:")
	for n, u := range users {
		if p.more("  ", n, len(users)) {
			return
		}
		p.line("  %s  [%s] %s  %s", p.place(u.Place), u.Section, strings.TrimPrefix(u.Option, u.Reference), u.Reference)
	}
}

// decisions words what is done with a part.
var decisions = map[plan.Decision]string{
	plan.Install: "will be installed", plan.Reinstall: "will be reinstalled",
	plan.Update: "is kept: it is installed and nothing has changed (its recipe may update it)", plan.Remove: "will be removed",
}

func (p *printer) verdict(w *explain.Why) {
	p.line("")
	switch {
	case w.Decision != "":
		p.line("%s %s", w.Part, decisions[plan.Decision(w.Decision)])
		p.reasons("  ", w.Reasons)
	case w.NoPlan != "":
		p.line("what becomes of it cannot be told: %s", w.NoPlan)
	case w.Recipe == "":
		p.line("%s has no recipe: it is data and is not installed", w.Part)
	default:
		p.line("%s will not be installed", w.Part)
	}
}

// reasons writes the reasons of a decision. Short values stand in the line.
func (p *printer) reasons(indent string, reasons []explain.Reason) {
	for _, r := range reasons {
		place := ""
		if r.Place != nil {
			place = "  " + p.place(r.Place)
		}
		p.line("%s%s%s", indent, r.Message, place)
		p.causes(indent+"    ", r.Cause)
		p.way(indent+"    ", r)
		switch {
		case len(r.Diff) > 0:
			for _, l := range r.Diff {
				p.line("%s    %s", indent, l)
			}
		case r.Old == "" && r.New == "":
		case r.Old == r.New:
			p.line("%s    the values are secret", indent)
		default:
			p.oldAndNew(indent, r)
		}
	}
}

// way writes the way on which a change comes to a part.
func (p *printer) way(indent string, r explain.Reason) {
	if len(r.Chain) == 0 {
		return
	}
	first := r.Chain[0]
	if r.Because != "" {
		first += " (" + r.Because + ")"
	}
	p.line("%s%s", indent, strings.Join(append([]string{first}, r.Chain[1:]...), " -> "))
}

// causes writes what brought a new value.
func (p *printer) causes(indent string, causes []explain.Cause) {
	for _, c := range causes {
		from := kindText(c.Kind, c.Recipe)
		if c.Kind == explain.FromProfile {
			from = "set at " + p.place(c.Place)
		}
		p.line("%sby %s, %s", indent, c.Reference, from)
	}
}

func (p *printer) oldAndNew(indent string, r explain.Reason) {
	if r.Old != "" {
		p.line("%s    was  %s", indent, r.Old)
	}
	if r.New != "" {
		p.line("%s    now  %s", indent, r.New)
	}
}
