package cli

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"gobuild/buildout"
	"gobuild/buildout/diag"
	"gobuild/parts/elf"
)

const auditLong = `Looks at all files of the installed parts, or of those named, for what they need
of the machine beyond glibc: libraries that the loader would take from the host,
programs, interpreters, scripts, .pc and .la files that name its directories; and
for files that are set up weakly. Prints a table of the parts, with the lowest
glibc that each runs on, and what was found. Options of the profile say what is
demanded and what is allowed; docs/purity.md explains them and each kind of
finding. What is found is remembered for gobuild report.

  gobuild audit                             all installed parts
  gobuild audit curl --all                  one, with notes and what is allowed
  gobuild audit --max-glibc 2.17            would it run there?
  gobuild audit --tree /opt/stack --parts   directories that no profile describes

Each part that gobuild compiles is audited when it is installed, too: a part with
an error then fails, with status 1.

Exit status: 0 no error was found (with --strict: no warning either); 2 wrong
use; 3 an error in the profile; 5 there are errors; 6 the state of the directory
cannot be read.`

// auditFlags are the flags of audit.
type auditFlags struct {
	tree     string
	parts    bool
	strict   bool
	all      bool
	cached   bool
	sarif    bool
	runtime  string
	maxGlibc string
	allow    []string
}

func newAudit(a *app) *cobra.Command {
	o := &auditFlags{}
	c := &cobra.Command{
		Use: "audit [PART…]", Short: "look for what installed parts need beyond glibc", Long: auditLong,
		RunE:              func(cmd *cobra.Command, args []string) error { return runAudit(cmd.Context(), a, o, args) },
		ValidArgsFunction: a.complete(partNames),
	}
	f := c.Flags()
	f.StringVar(&o.tree, "tree", "", "look at the directory `DIR`, without a profile")
	f.BoolVar(&o.parts, "parts", false, "with --tree: each directory in DIR is a part, and may use the others")
	f.BoolVar(&o.strict, "strict", false, "warnings count as errors do")
	f.BoolVar(&o.all, "all", false, "show notes, and what is allowed, too; and all files of a finding")
	f.BoolVar(&o.cached, "cached", false, "do not read the files of parts that have not been installed anew since they were audited")
	f.BoolVar(&o.sarif, "sarif", false, "print the findings as SARIF, as --message-format=sarif")
	f.StringVar(&o.runtime, "runtime", "", "`POLICY` for libraries of the compiler: allow, own or static")
	f.StringVar(&o.maxGlibc, "max-glibc", "", "newest `VERSION` of glibc whose symbols may be asked for")
	f.StringArrayVar(&o.allow, "allow", nil, "a line of audit-allow: `'KIND PATTERN REASON'`; may be repeated")
	c.RegisterFlagCompletionFunc("runtime", cobra.FixedCompletions([]string{"allow", "own", "static"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func runAudit(ctx context.Context, a *app, o *auditFlags, args []string) error {
	policy, err := o.policy()
	if err != nil {
		return err
	}
	if o.sarif {
		a.flags.format = "sarif"
	}
	var found *buildout.Audited
	place := func(string) diag.Span { return diag.Span{} }
	switch {
	case o.tree == "" && o.parts:
		return usage("--parts goes with --tree")
	case o.tree != "" && len(args) > 0:
		return usage("with --tree no part is named")
	case o.tree != "":
		found, err = a.auditTree(ctx, o, policy)
	default:
		found, place, err = a.auditInstalled(ctx, o, policy, args)
	}
	if err != nil {
		return err
	}
	a.show(found.Warnings)
	if err := a.showAudit(found, o.all || len(args) > 0 && a.flags.verbose > 0, place); err != nil {
		return err
	}
	if found.Count(elf.Error) > 0 || o.strict && found.Count(elf.Warning) > 0 {
		return withStatus(StatusAudit, diag.List{}) // an answer, not an error
	}
	return nil
}

// policy is what the flags demand beyond the profile.
func (o *auditFlags) policy() (elf.Policy, error) {
	p := elf.Policy{Runtime: elf.Runtime(o.runtime), MaxGlibc: o.maxGlibc}
	if err := p.Check(); err != nil {
		return p, usage("%v", err)
	}
	for _, line := range o.allow {
		allow, err := buildout.ParseAllow(line)
		if err != nil {
			return p, withHint(usage("--allow: %v", err), "--allow 'KIND PATTERN REASON'; docs/purity.md lists the kinds")
		}
		p.Allow = append(p.Allow, allow)
	}
	return p, nil
}

// auditTree audits a directory tree.
func (a *app) auditTree(ctx context.Context, o *auditFlags, p elf.Policy) (*buildout.Audited, error) {
	found, err := buildout.AuditTree(ctx, buildout.TreeAudit{Dir: a.path(o.tree), Parts: o.parts, Policy: p, Jobs: a.flags.jobs})
	return found, auditError(ctx, err)
}

// auditInstalled audits what is installed, and tells where sections are.
func (a *app) auditInstalled(ctx context.Context, o *auditFlags, p elf.Policy, args []string) (*buildout.Audited, func(string) diag.Span, error) {
	i, err := a.inspect(ctx, true)
	if err != nil {
		return nil, nil, err
	}
	found, err := i.engine.Audit(ctx, buildout.AuditOptions{Named: args, Cached: o.cached, Over: p})
	place := func(part string) diag.Span { return i.engine.At(part, "") }
	return found, place, auditError(ctx, err)
}

// auditError gives the error of an audit its status.
func auditError(ctx context.Context, err error) error {
	var state *buildout.StateError
	switch {
	case err == nil || ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return err
	case errors.As(err, &state):
		return withStatus(StatusState, err)
	case slices.ContainsFunc(diag.All(err), func(d *diag.Diagnostic) bool { return d.Code == "usage" }):
		return withStatus(StatusUsage, err)
	}
	return withStatus(StatusProfile, err)
}
