package cli

import (
	"cmp"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gobuild/buildout/settings"
	"gobuild/buildout/ui"
)

func newSettings(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "settings", Short: "show gobuild's own settings and where they come from", Args: noWords,
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
	values := map[string]settingValue{}
	w := tabwriter.NewWriter(a.Stdout, 0, 8, 2, ' ', 0)
	for _, k := range settings.Keys() {
		v := settingValue{ui.Mask(s.Get(k.Name)), cmp.Or(s.Origins[k.Name], "default")}
		values[k.Name] = v
		fmt.Fprintf(w, "%s\t= %s  # %s\n", k.Name, v.Value, v.Origin)
	}
	if a.flags.json {
		return writeJSON(a.Stdout, values)
	}
	return w.Flush()
}

// settingValue is a setting in `settings --json`.
type settingValue struct {
	Value  string `json:"value"`
	Origin string `json:"origin"`
}
