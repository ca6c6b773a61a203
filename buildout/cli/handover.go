package cli

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
)

//go:embed handover.py
var handoverScript string

func newHandover(a *app) *cobra.Command {
	var python string
	c := &cobra.Command{
		Use: "handover --python PYTHON", Short: "prepare the directory for zc.buildout",
		Long: `zc.buildout reinstalls a part when the eggs of its recipe are not those that
installed it; it keeps their names in .installed.cfg as the part's signature.
handover asks the Python that will run zc.buildout for the signatures of the
installed recipes and writes them, so that its next run finds nothing to do.
The other direction needs nothing: gobuild takes over what zc.buildout
installed.`,
		Args: noWords,
		RunE: func(cmd *cobra.Command, _ []string) error { return runHandover(cmd.Context(), a, python) },
	}
	c.Flags().StringVar(&python, "python", "python3", "the `PYTHON` that runs zc.buildout")
	return c
}

func runHandover(ctx context.Context, a *app, python string) error {
	e, err := a.open(ctx, event.Discard)
	if err != nil {
		return err
	}
	if err := e.Start(ctx, true, false); err != nil {
		return profileError(ctx, err)
	}
	n, err := e.Sign(ctx, func(recipes []string) (map[string]string, error) {
		return signatures(ctx, []string{python, "-c", handoverScript, e.Base.DevelopEggs, e.Base.EggsDirectory}, recipes)
	})
	if err != nil {
		return installError(ctx, err)
	}
	fmt.Fprintf(a.Stdout, "parts whose signature is now that of %s: %d\n", python, n)
	return nil
}

// signatures asks a Python with zc.buildout for the signatures of recipes.
// argv is the command that tells them.
func signatures(ctx context.Context, argv, recipes []string) (map[string]string, error) {
	python := argv[0]
	input, err := json.Marshal(recipes)
	if err != nil {
		return nil, err
	}
	var out, problems bytes.Buffer
	c := exec.CommandContext(ctx, argv[0], argv[1:]...)
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(input), &out, &problems
	if err := c.Run(); err != nil {
		text := cmp.Or(strings.TrimSpace(problems.String()), err.Error())
		return nil, withStatus(StatusPartFailed, diag.At(diag.Span{}, "handover", "%s cannot tell the signatures: %s", python, text).WithCause(err).
			WithHint("--python names the interpreter in which zc.buildout and the recipes are installed"))
	}
	result := map[string]string{}
	if err := json.Unmarshal(out.Bytes(), &result); err != nil {
		return nil, fmt.Errorf("read the signatures from %s: %w", python, err)
	}
	for _, r := range recipes {
		if _, ok := result[r]; !ok {
			return nil, fmt.Errorf("%s told no signature of %s, only of %v", python, r, slices.Sorted(maps.Keys(result)))
		}
	}
	return result, nil
}
