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

// statusBroken is the status of a check that finds a promise broken, as the
// scripts of slapos.cookbook have it.
const statusBroken Status = 127

// newCheck is what the scripts of the check recipes run. It is not for people.
func newCheck(a *app) *cobra.Command {
	limit := promise.DefaultTimeout
	c := &cobra.Command{
		Use: "check NAME [KEY=VALUE…]", Short: "check one thing, as promises do", Hidden: true,
		Long: "Checks one thing and ends with status 127 if it is not so: " + strings.Join(promise.Names(), ", ") + ".",
		RunE: func(cmd *cobra.Command, args []string) error { return runCheck(cmd.Context(), a, limit, args) },
	}
	c.PersistentFlags().DurationVar(&limit, "time", limit, "how long it may take")
	c.AddCommand(
		&cobra.Command{Use: "port HOST PORT", Short: "whether a port listens",
			RunE: func(cmd *cobra.Command, args []string) error { return runCheckPort(cmd.Context(), a, limit, args) }},
		&cobra.Command{Use: "match PATTERN", Short: "whether a line of standard input matches a basic regular expression",
			RunE: func(_ *cobra.Command, args []string) error { return runCheckMatch(a, args) }},
	)
	return c
}

// broken tells what is not as it should be.
func (a *app) broken(text string) error {
	fmt.Fprintln(a.Stderr, text)
	return withStatus(statusBroken, diag.List{})
}

func runCheck(ctx context.Context, a *app, limit time.Duration, args []string) error {
	if len(args) == 0 {
		return usage("check takes the name of a check: %s", strings.Join(promise.Names(), ", "))
	}
	check, ok := promise.Named(args[0])
	if !ok {
		return withHint(usage("unknown check %q", args[0]), "the checks are "+strings.Join(promise.Names(), ", "))
	}
	config := promise.Config{}
	for _, word := range args[1:] {
		key, value, ok := strings.Cut(word, "=")
		if !ok {
			return usage("%q is not KEY=VALUE", word)
		}
		config[key] = value
	}
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	out := check(ctx, promise.Scope{Dir: a.Dir, Environ: a.Environ}, config)
	if out.Failed {
		return a.broken(out.Message)
	}
	fmt.Fprintln(a.Stdout, out.Message)
	return nil
}

// runCheckPort has the message of slapos.cookbook:check_port_listening.
func runCheckPort(ctx context.Context, a *app, limit time.Duration, args []string) error {
	if len(args) != 2 {
		return usage("check port takes a host and a port")
	}
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	if err := (promise.Address{Host: args[0], Port: args[1]}).Connect(ctx); err != nil {
		return a.broken(fmt.Sprintf("%s on %s isn't listening", args[0], args[1]))
	}
	return nil
}

func runCheckMatch(a *app, args []string) error {
	if len(args) != 1 {
		return usage("check match takes a regular expression")
	}
	found, err := promise.Match(args[0], a.Stdin)
	if err != nil {
		return withStatus(StatusUsage, diag.At(diag.Span{}, "usage", "%v", err))
	}
	if !found {
		return withStatus(StatusPartFailed, diag.List{})
	}
	return nil
}
