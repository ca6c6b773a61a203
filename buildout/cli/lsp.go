package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"gobuild/buildout"
	"gobuild/buildout/cfg"
	"gobuild/buildout/event"
	"gobuild/buildout/lint"
	"gobuild/buildout/lsp"
	"gobuild/buildout/profile"
	"gobuild/buildout/settings"
)

func newLSP(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "lsp", Short: "serve an editor by the Language Server Protocol",
		Long: `Answers an editor on standard input and output by the Language Server Protocol:
diagnostics while you type, definitions, references, hover with values and their
history, completion, rename, formatting, symbols and fixes. It is started by the
editor; docs/lsp.md tells how. Nothing is installed or written, no process is
started, and the network is used only where the editor's settings allow it.

With -D, each message is noted on standard error.

Exit status: 0 the editor said shutdown and exit; 1 it ended without; 2 wrong
use; 130 interrupted.`,
		Args: noWords,
		RunE: func(cmd *cobra.Command, _ []string) error { return runLSP(cmd.Context(), a) },
	}
}

func runLSP(ctx context.Context, a *app) error {
	c := lsp.Config{Dir: a.Dir, Home: a.lookup("HOME"), Version: version(), Recipes: a.Recipes,
		Setup: a.lspSetup, Lint: a.lspLint, Format: cfg.Format}
	if a.flags.debug {
		c.Log = func(format string, args ...any) { fmt.Fprintf(a.Stderr, "lsp: "+format+"\n", args...) }
	}
	err := lsp.Serve(ctx, a.Stdin, a.Stdout, c)
	if errors.Is(err, context.Canceled) {
		return err
	}
	return withStatus(StatusPartFailed, err)
}

// lspSetup says how a profile is read: as any other command would, with the
// settings that stand beside it, but without writing to caches.
func (a *app) lspSetup(root string) (lsp.Setup, error) {
	s, err := settings.Load(a.settingsPlaces(root))
	c, configError := a.config(s, event.Discard)
	if configError != nil {
		c = buildout.Config{Dir: a.Dir, Condition: func(string) (bool, error) { return false, configError }}
	}
	c.Profile, c.Fetch.ReadOnly = root, true
	return lsp.Setup{Config: c.Loading(), Silence: s.Silence}, errors.Join(err, configError)
}

// ownFindings are rules for what the server finds itself, with more precision.
var ownFindings = []string{"undefined-reference", "undefined-macro", "missing-recipe"}

// lspLint runs the rules that are on.
func (a *app) lspLint(ctx context.Context, p *profile.Profile) []lsp.Finding {
	rules := slices.DeleteFunc(lint.Rules(), func(r lint.Rule) bool { return r.Off || slices.Contains(ownFindings, r.Code) })
	var list []lsp.Finding
	for _, f := range lint.Check(ctx, lint.Input{Profile: p, Recipe: a.Recipes.Find, Home: a.lookup("HOME")}, rules) {
		finding := lsp.Finding{Diagnostic: f.Diagnostic}
		if len(f.Fix) > 0 {
			finding.Fix = &lsp.Fix{Title: "Fix " + f.Code, Safe: true}
			for _, e := range f.Fix {
				finding.Fix.Edits = append(finding.Fix.Edits, lsp.Edit(e))
			}
		}
		list = append(list, finding)
	}
	return list
}
