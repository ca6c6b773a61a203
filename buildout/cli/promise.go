package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gobuild/buildout/diag"
	"gobuild/parts/promise"
)

const promiseLong = `Checks the promises of instances: what is in etc/plugin and etc/promise of each
DIRECTORY, or in DIRECTORY itself if it has neither. Without one, those of the
buildout directory.

The checks of slapos.toolbox that most profiles use are done by gobuild itself:
%s.
Other modules are run by Python, and what is in etc/promise is executed. A promise
that does not end in time is ended with all that it has started.

With --json the results are printed as a JSON object. docs/promises.md

Exit status: 0 all are kept; 1 one is broken; 2 wrong use.`

// promiseFlags are the flags of promise run.
type promiseFlags struct {
	promise.Options
	only []string
}

func newPromise(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "promise", Short: "check what instances promise", Args: subcommand,
		Long: "Checks what instances promise: that their services answer, that their files are as they should be.",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	f := &promiseFlags{}
	run := &cobra.Command{
		Use: "run [DIRECTORY…]", Short: "check the promises of instances",
		Long: fmt.Sprintf(promiseLong, strings.Join(promise.Names(), ", ")),
		RunE: func(cmd *cobra.Command, args []string) error { return runPromises(cmd.Context(), a, f, args) },
	}
	run.Flags().DurationVar(&f.Timeout, "limit", promise.DefaultTimeout, "how long each may take, such as `30s`")
	run.Flags().IntVar(&f.Jobs, "at-once", 4, "how many are checked at once: `N`")
	run.Flags().StringVar(&f.Python, "python", "python3", "the `PROGRAM` that runs other modules")
	run.Flags().StringSliceVar(&f.only, "only", nil, "check only the promise called `NAME`; may be repeated")
	c.AddCommand(run)
	return c
}

// promiseReport is the document of --json.
type promiseReport struct {
	Version  int              `json:"version"`
	Date     time.Time        `json:"date"`
	Failed   int              `json:"failed"`
	Promises []promise.Result `json:"promises"`
}

func runPromises(ctx context.Context, a *app, f *promiseFlags, args []string) error {
	if len(args) == 0 {
		args = []string{a.Dir}
	}
	for i := range args {
		args[i] = a.path(args[i])
	}
	found, err := promise.Find(args...)
	if err != nil {
		return withStatus(StatusUsage, diag.At(diag.Span{}, "usage", "%v", err))
	}
	if found, err = only(found, f.only); err != nil {
		return err
	}
	f.Environ = a.Environ
	start := time.Now().UTC().Truncate(time.Second)
	results, err := promise.Run(ctx, found, f.Options)
	if err != nil {
		return err
	}
	failures := promise.Failures(results)
	if a.flags.json {
		if results == nil {
			results = []promise.Result{}
		}
		err = writeJSON(a.Stdout, promiseReport{1, start, failures, results})
	} else {
		err = a.showPromises(results, failures)
	}
	if err == nil && failures > 0 {
		err = withStatus(StatusPartFailed, diag.List{}) // the list says which
	}
	return err
}

// only keeps the promises with these names or titles.
func only(all []promise.Promise, names []string) ([]promise.Promise, error) {
	if len(names) == 0 {
		return all, nil
	}
	var kept []promise.Promise
	for _, name := range names {
		n := len(kept)
		var titles []string
		for _, p := range all {
			titles = append(titles, p.Title())
			if p.Name == name || p.Title() == name {
				kept = append(kept, p)
			}
		}
		if len(kept) == n {
			return nil, withHint(usage("no promise is called %q", name), diag.DidYouMean(name, titles))
		}
	}
	return kept, nil
}

// showPromises prints a line for each promise, and more where the message has
// more.
func (a *app) showPromises(results []promise.Result, failures int) error {
	var b strings.Builder
	for _, r := range results {
		word := "OK    "
		if r.Failed {
			word = "FAILED"
		}
		message := strings.ReplaceAll(strings.TrimSpace(r.Message), "\n", "\n         ")
		if message != "" {
			message = ": " + message
		}
		fmt.Fprintf(&b, "%s %s%s\n", word, r.Title, message)
	}
	fmt.Fprintf(&b, "%d of %d promises are kept\n", len(results)-failures, len(results))
	_, err := fmt.Fprint(a.Stdout, b.String())
	return err
}
