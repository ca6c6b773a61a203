package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
	"gobuild/buildout/ui"
)

func newInit(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "init [REQUIREMENT…]", Short: "make a new profile, then bootstrap",
		Long: `Writes a minimal profile (buildout.cfg, or the one that -c names) unless it
exists, then does what bootstrap does. With requirements the profile has a
part that makes a Python interpreter for them by the recipe zc.recipe.egg.
gobuild does not have that recipe, so it ends with status 3 there: zc.buildout
can install the profile.`,
		RunE: func(cmd *cobra.Command, args []string) error { return runInit(cmd.Context(), a, args) },
	}
}

func runInit(ctx context.Context, a *app, args []string) error {
	if profile.IsURL(a.flags.config) {
		return usage("init needs the path of a file, not the URL %s", ui.Mask(a.flags.config))
	}
	path := a.path(a.flags.config)
	if err := writeProfile(path, args); err != nil {
		return err
	}
	fmt.Fprintf(a.Stdout, "Creating '%s'.\n", path)
	if err := runBootstrap(ctx, a); err != nil || len(args) == 0 {
		return err
	}
	return runInstall(ctx, a, nil)
}

// writeProfile writes a new profile; one that is there is never touched.
func writeProfile(path string, args []string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, os.ErrExist) {
		return withStatus(StatusUsage, diag.At(diag.Span{}, "init-exists", "'%s' already exists.", path).
			WithHint("gobuild -c %s installs it; name another file with -c to make a new one", filepath.Base(path)))
	}
	if err != nil {
		return withStatus(StatusState, err)
	}
	_, err = f.WriteString(newProfile(args))
	return withStatus(StatusState, errors.Join(err, f.Close()))
}

// newProfile is the text of a new profile. Requirements with a slash are paths.
func newProfile(args []string) string {
	if len(args) == 0 {
		return "[buildout]\nparts =\n"
	}
	var eggs, paths strings.Builder
	for _, arg := range args {
		if strings.ContainsAny(arg, `/\`) {
			paths.WriteString("  " + arg + "\n")
		} else {
			eggs.WriteString("  " + arg + "\n")
		}
	}
	text := "[buildout]\nparts = py\n\n[py]\nrecipe = zc.recipe.egg\ninterpreter = py\neggs =\n" + eggs.String()
	if paths.Len() > 0 {
		text += "extra-paths =\n" + paths.String()
	}
	return text
}
