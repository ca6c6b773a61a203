package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"gobuild/buildout/diag"
	"gobuild/parts/mariadb"
	"gobuild/parts/service"
)

// newServiceMariadb has what the recipe mariadb runs.
func newServiceMariadb(a *app) *cobra.Command {
	c := &cobra.Command{Use: "mariadb", Short: "make and start a MariaDB server", Args: subcommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	c.AddCommand(
		newMariadb(a, "setup", "make the data directory, and apply new SQL", a.setupMariadb),
		newMariadb(a, "start", "become the server", a.startMariadb))
	return c
}

// newMariadb is one action on a server.
func newMariadb(a *app, name, short string, do func(context.Context, *mariadb.Server) error) *cobra.Command {
	s := &mariadb.Server{}
	c := &cobra.Command{Use: name, Short: short, Args: noWords,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s.Environ, s.Log = a.Environ, a.Stderr
			return do(cmd.Context(), s)
		}}
	for _, f := range s.Fields() {
		if f.List != nil {
			c.Flags().StringArrayVar(f.List, f.Name, nil, f.Doc)
			continue
		}
		c.Flags().StringVar(f.Text, f.Name, "", f.Doc)
	}
	return c
}

// setupMariadb tells its error on standard output, for the recipe: the code, the
// message and perhaps a hint, each on a line.
func (a *app) setupMariadb(ctx context.Context, s *mariadb.Server) error {
	err := s.Setup(ctx)
	if err == nil {
		return nil
	}
	var d *diag.Diagnostic
	if !errors.As(err, &d) {
		d = diag.At(diag.Span{}, "service", "%v", err)
	}
	fmt.Fprintf(a.Stdout, "%s\n%s\n%s\n", d.Code, d.Msg, d.Hint)
	return withStatus(StatusPartFailed, diag.List{})
}

// startMariadb becomes the server.
func (a *app) startMariadb(ctx context.Context, s *mariadb.Server) error {
	argv, err := s.Start(ctx)
	if err == nil {
		_, err = service.Run(service.Launch{Argv: argv, Environ: s.Environ, Self: []string{a.Executable}})
	}
	return serviceError(cmp.Or(ctx.Err(), err))
}
