package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"gobuild/buildout/history"
)

const reportLong = `Makes a page of a run, the last one unless a RUN of gobuild history is named: a
timeline of its parts and downloads, the critical path and how fast the run could
have been at best, a table of the parts, and the logs of those that failed. The
page is one HTML file that needs no network. Its path is printed.

Instead of the page, --json prints the run, --trace writes it for Perfetto
(ui.perfetto.dev) or chrome://tracing, and --junit writes JUnit XML: a test case
for each part that the run had to do with. FILE may be - for standard output.`

type reportOptions struct{ output, trace, junit string }

func newReport(a *app) *cobra.Command {
	var o reportOptions
	c := &cobra.Command{
		Use: "report [RUN]", Short: "make a page of a run: timeline, critical path, logs", Long: reportLong,
		RunE:              func(cmd *cobra.Command, args []string) error { return runReport(cmd.Context(), a, o, args) },
		ValidArgsFunction: a.completeRuns,
	}
	c.Flags().StringVar(&o.output, "output", "", "write the page to `FILE` instead of .gobuild/report.html")
	c.Flags().StringVar(&o.trace, "trace", "", "write a trace in Chrome's format to `FILE`")
	c.Flags().StringVar(&o.junit, "junit", "", "write JUnit XML to `FILE`")
	return c
}

func runReport(ctx context.Context, a *app, o reportOptions, args []string) error {
	if err := oneRun("report", args); err != nil {
		return err
	}
	dir, err := a.directory(ctx)
	if err != nil {
		return err
	}
	id := history.Last
	if len(args) == 1 {
		id = args[0]
	}
	run, err := history.Load(dir, id)
	if err != nil {
		return historyStatus(err)
	}
	if o.trace != "" {
		if err := a.writeRun(o.trace, run, history.WriteTrace); err != nil {
			return err
		}
	}
	if o.junit != "" {
		if err := a.writeRun(o.junit, run, history.WriteJUnit); err != nil {
			return err
		}
	}
	switch {
	case a.flags.json:
		return writeJSON(a.Stdout, run)
	case o.output != "":
		return a.writePage(o.output, run)
	case o.trace == "" && o.junit == "":
		return a.writePage(filepath.Join(dir, ".gobuild", "report.html"), run)
	}
	return nil
}

// writePage writes the page and prints where it is.
func (a *app) writePage(output string, run *history.Run) error {
	if err := a.writeRun(output, run, history.WriteReport); err != nil || output == stdoutName {
		return err
	}
	_, err := fmt.Fprintln(a.Stdout, a.path(output))
	return err
}

// stdoutName stands for standard output in the place of a file.
const stdoutName = "-"

// writeRun writes a run in one of its forms to a file, or to standard output.
func (a *app) writeRun(output string, run *history.Run, write func(io.Writer, *history.Run) error) error {
	if output == stdoutName {
		out := bufio.NewWriter(a.Stdout)
		if err := write(out, run); err != nil {
			return err
		}
		return out.Flush()
	}
	f, err := os.Create(a.path(output))
	if err != nil {
		return withStatus(StatusUsage, err)
	}
	out := bufio.NewWriter(f)
	err = write(out, run)
	if err == nil {
		err = out.Flush()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	return withStatus(StatusPartFailed, err)
}
