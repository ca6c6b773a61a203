package cli

import (
	"cmp"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gobuild/buildout/settings"
)

func newSettings(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "settings", Short: "show gobuild's own settings and where they come from", Args: cobra.NoArgs,
		Long: `Shows the settings in force: those of gobuild.ini beside the profile, over the
user's, over the system's; variables GOBUILD_* over all of them.`,
		RunE: func(*cobra.Command, []string) error { return runSettings(a) },
	}
}

func runSettings(a *app) error {
	s, err := a.settings()
	if err != nil {
		return err
	}
	if a.flags.json {
		return writeJSON(a.Stdout, s)
	}
	w := tabwriter.NewWriter(a.Stdout, 0, 8, 2, ' ', 0)
	for _, k := range settings.Keys() {
		fmt.Fprintf(w, "%s\t= %s\t# %s\n", k.Name, s.Get(k.Name), cmp.Or(s.Origins[k.Name], "default"))
	}
	return w.Flush()
}
