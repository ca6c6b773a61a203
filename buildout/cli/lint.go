package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gobuild/buildout"
	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/lint"
	"gobuild/buildout/profile"
)

// lintOptions are the flags of lint.
type lintOptions struct {
	fix   bool
	list  bool
	rules []string
}

func newLint(a *app) *cobra.Command {
	var o lintOptions
	c := &cobra.Command{
		Use: "lint [PATH…]", Short: "look for what is likely wrong in a profile",
		Long: `Looks at the profile that -c names and at all local files that it extends for
what is legal but most likely wrong, and prints what it finds. With paths, only
findings in these files and directories are shown. Nothing is evaluated or
installed.

With --fix, findings that have a safe fix are put right in the files: what the
profile builds stays as it is. Codes are silenced by --silence, by silence in
gobuild.ini, or by a comment above the line, the option or the header:
# gobuild: ignore CODE

Exit status: 0 nothing was found, or notes only; 1 there are warnings; 2 wrong
use; 3 the profile cannot be read; 6 a file cannot be written.`,
		RunE: func(cmd *cobra.Command, args []string) error { return runLint(cmd.Context(), a, o, args) },
	}
	c.Flags().BoolVar(&o.fix, "fix", false, "put right what can be put right safely")
	c.Flags().BoolVar(&o.list, "list", false, "list the rules")
	c.Flags().StringSliceVar(&o.rules, "rule", nil, "look for `CODE` only; may be repeated")
	c.RegisterFlagCompletionFunc("rule", cobra.FixedCompletions(ruleCodes(), cobra.ShellCompDirectiveNoFileComp))
	return c
}

func runLint(ctx context.Context, a *app, o lintOptions, paths []string) error {
	if o.list {
		return listRules(a)
	}
	rules, err := selectRules(o, a.flags.silence)
	if err != nil {
		return err
	}
	l := linter{app: a, rules: rules, asked: o.rules}
	for _, p := range paths {
		l.paths = append(l.paths, a.path(p))
	}
	found, err := l.check(ctx)
	if err == nil && o.fix {
		found, err = l.fix(ctx, found)
	}
	if err != nil {
		return err
	}
	return l.print(found)
}

// listRules prints the table of rules.
func listRules(a *app) error {
	type rule struct {
		Code    string `json:"code"`
		Default bool   `json:"default"`
		Fix     bool   `json:"fix"`
		Doc     string `json:"doc"`
	}
	var list []rule
	w := tabwriter.NewWriter(a.Stdout, 0, 8, 2, ' ', 0)
	for _, r := range lint.Rules() {
		list = append(list, rule{r.Code, !r.Off, r.Fix, strings.TrimSpace(r.Doc)})
		var notes []string
		if r.Off {
			notes = append(notes, "[off]")
		}
		if r.Fix {
			notes = append(notes, "[fix]")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.Code, strings.Join(notes, " "), strings.ReplaceAll(r.Summary(), "`", ""))
	}
	if a.flags.json {
		return writeJSON(a.Stdout, list)
	}
	return w.Flush()
}

func ruleCodes() []string {
	var codes []string
	for _, r := range lint.Rules() {
		codes = append(codes, r.Code)
	}
	return codes
}

// selectRules returns the rules that the flags ask for.
func selectRules(o lintOptions, silenced []string) ([]lint.Rule, error) {
	for _, code := range o.rules {
		if !slices.Contains(ruleCodes(), code) {
			hint := diag.DidYouMean(code, ruleCodes())
			if hint == "" {
				hint = "`gobuild lint --list` shows the rules"
			}
			return nil, withHint(usage("there is no rule %q", code), hint)
		}
	}
	return slices.DeleteFunc(lint.Rules(), func(r lint.Rule) bool {
		off := r.Off
		if len(o.rules) > 0 {
			off = !slices.Contains(o.rules, r.Code)
		}
		return off || slices.Contains(silenced, r.Code)
	}), nil
}

// linter is one run of lint.
type linter struct {
	*app
	rules []lint.Rule
	asked []string // codes of --rule
	paths []string // absolute; none means all files
	told  bool     // the warnings of the profile were shown
}

// check reads the profile and returns what the rules find in the files that
// are to be looked at.
func (l *linter) check(ctx context.Context) ([]*lint.Finding, error) {
	e, err := l.open(ctx, event.Discard)
	if err != nil {
		return nil, err
	}
	if err := l.reached(e.Profile); err != nil {
		return nil, err
	}
	if !l.told {
		l.show(e.Profile.Warnings)
		l.told = true
	}
	in := lint.Input{Profile: e.Profile, Recipe: l.Recipes.Find, Home: e.Home, Read: readTemplate}
	if l.comparesDialects(e.Profile) {
		in.Load = func(ctx context.Context, d profile.Dialect) (*profile.Profile, error) {
			c := e.Config
			c.Dialect = d
			other, err := buildout.Open(ctx, c)
			if err != nil {
				return nil, err
			}
			return other.Profile, nil
		}
	}
	found := lint.Check(ctx, in, l.rules)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(f *lint.Finding) bool {
		return l.silenced(f.Code) || !l.within(f.At.From.Src.Name)
	}), nil
}

// reached checks that each path given is a file of the profile, or a directory
// that holds one.
func (l *linter) reached(p *profile.Profile) error {
	for _, path := range l.paths {
		one := linter{paths: []string{path}}
		if !slices.ContainsFunc(p.Files, func(src *diag.Source) bool { return one.within(src.Name) }) {
			return withHint(usage("%s is not a file of the profile %s", path, p.Root),
				"`gobuild -c FILE lint` checks another profile")
		}
	}
	return nil
}

// readTemplate reads a file that a value names, if it is a regular one of a
// sensible size.
func readTemplate(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxTemplate {
		return nil, errors.Join(err, fs.ErrInvalid)
	}
	return os.ReadFile(path)
}

// maxTemplate is the most that is read of a template.
const maxTemplate = 1 << 20

// comparesDialects reports whether values are to be compared in both dialects:
// when it is asked for, or when nothing tells which of them is meant.
func (l *linter) comparesDialects(p *profile.Profile) bool {
	if len(l.asked) > 0 {
		return true
	}
	return p.Dialect == profile.Upstream && l.flags.dialect == "" && l.read.Dialect == string(profile.Auto)
}

// within reports whether a file is one of the paths, or below one.
func (l *linter) within(name string) bool {
	return len(l.paths) == 0 || slices.ContainsFunc(l.paths, func(p string) bool {
		below, err := filepath.Rel(p, name)
		return err == nil && below != ".." && !strings.HasPrefix(below, "../")
	})
}

// maxRounds ends a fix that makes work for itself.
const maxRounds = 10

// fix makes the safe edits until none is left.
func (l *linter) fix(ctx context.Context, found []*lint.Finding) ([]*lint.Finding, error) {
	count := 0
	for range maxRounds {
		texts := lint.Fixes(found)
		if len(texts) == 0 {
			break
		}
		for _, name := range slices.Sorted(maps.Keys(texts)) {
			if errs := cfg.Scan(diag.NewSource(name, texts[name])).Check(); len(errs) > 0 {
				return nil, fmt.Errorf("fix %s: the result would not be a profile", name)
			}
			if err := rewrite(name, texts[name]); err != nil {
				return nil, withStatus(StatusState, err)
			}
		}
		before := len(found)
		var err error
		if found, err = l.check(ctx); err != nil {
			return nil, err
		}
		count += before - len(found)
	}
	if count > 0 {
		fmt.Fprintf(l.Stderr, "%d fixed\n", count)
	}
	return found, nil
}

// print writes the findings, which are the result of the command, on standard
// output, and returns the error of the exit status.
func (l *linter) print(found []*lint.Finding) error {
	var list diag.List
	warnings := false
	for _, f := range found {
		list.Add(f.Diagnostic)
		warnings = warnings || f.Severity == diag.Warning
	}
	if l.flags.json {
		l.flags.format = "json"
	}
	var err error
	if len(list) > 0 || l.flags.format == "sarif" {
		style := l.styleOf(l.Stdout)
		style.All = true
		err = l.app.print(l.Stdout, list, style)
	}
	if err == nil && warnings {
		err = withStatus(StatusPartFailed, diag.List{})
	}
	return err
}
