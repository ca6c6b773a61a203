package cli

import (
	"strconv"

	"github.com/spf13/cobra"

	"gobuild/buildout/diag"
	"gobuild/parts/jobs"
)

// newNinja is what gobuild puts in front of PATH of a part instead of a ninja
// that knows no jobserver. It is not for people.
func newNinja() *cobra.Command {
	return &cobra.Command{
		Use: "ninja FIFO JOBS PROGRAM [ARGUMENT…]", Short: "run a ninja with a share of -j", Hidden: true, DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) < 3 {
				return usage("ninja takes a fifo, a number of jobs and a program")
			}
			total, err := strconv.Atoi(args[1])
			if err != nil {
				return usage("ninja takes a number of jobs, not %q", args[1])
			}
			status, err := jobs.Ninja(args[0], total, args[2:])
			switch {
			case err != nil:
				return withStatus(StatusUsage, usage("start %s: %v", args[2], err))
			case status != 0:
				return withStatus(Status(status), diag.List{}) // ninja has said why
			}
			return nil
		},
	}
}
