package cli

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{Use: "version", Short: "show the version", Args: noWords,
		RunE: func(*cobra.Command, []string) error { return runVersion(a) }}
}

func runVersion(a *app) error {
	_, err := fmt.Fprintf(a.Stdout, "gobuild version %s\n", version())
	return err
}

// version is what the Go toolchain stamped into the binary.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}
