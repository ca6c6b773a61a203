package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"gobuild/buildout/diag"
	"gobuild/parts/authority"
	"gobuild/parts/service"
)

// newService has the services that scripts of recipes run, where the recipes of
// slapos.cookbook run Python. It is not for people.
func newService(a *app) *cobra.Command {
	c := &cobra.Command{Use: "service", Short: "run a service of a recipe", Hidden: true, Args: subcommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	c.AddCommand(newServiceWeb(a), newServiceStamp(a), newServiceCertificates(a), newServiceSSHKeys(a), newServiceMariadb(a))
	return c
}

// serviceError is an error of a service that cannot go on.
func serviceError(err error) error {
	var d *diag.Diagnostic
	if err == nil || errors.As(err, &d) || errors.Is(err, context.Canceled) {
		return withStatus(StatusPartFailed, err)
	}
	return withStatus(StatusPartFailed, diag.At(diag.Span{}, "service", "%v", err).WithCause(err))
}

func newServiceWeb(a *app) *cobra.Command {
	var s service.Web
	c := &cobra.Command{Use: "http DIRECTORY", Short: "serve the files of a directory",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("service http takes a directory")
			}
			s.Dir = a.path(args[0])
			if err := s.Check(); err != nil {
				return withStatus(StatusUsage, err)
			}
			return serviceError(s.Serve(cmd.Context()))
		}}
	f := c.Flags()
	f.StringVar(&s.Host, "host", "", "listen on `ADDRESS`")
	f.StringVar(&s.Port, "port", "", "listen on port `N`")
	f.StringVar(&s.Socket, "socket", "", "listen on the socket `FILE`")
	f.StringVar(&s.Abstract, "abstract", "", "listen on the socket `NAME` that has no file")
	f.StringVar(&s.Log, "log", "/dev/stderr", "append a line for each request to `FILE`")
	f.StringVar(&s.Cert, "cert", "", "serve HTTPS with the certificate in `FILE`")
	f.StringVar(&s.Key, "key", "", "its key, if `FILE` is another one")
	f.BoolVar(&s.Write, "write", false, "let POST write files")
	return c
}

func newServiceStamp(a *app) *cobra.Command {
	return &cobra.Command{Use: "stamp FILE", Short: "append standard input to a file, with the time",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("service stamp takes a file")
			}
			return serviceError(service.Stamp(a.Stdin, a.path(args[0]), time.Now))
		}}
}

// servicePause is how long a service that follows a directory waits at most before
// it looks again.
const servicePause = time.Minute

func newServiceCertificates(a *app) *cobra.Command {
	var o authority.Authority
	once := false
	c := &cobra.Command{Use: "certificates", Short: "sign the certificates that are requested", Args: noWords,
		RunE: func(cmd *cobra.Command, _ []string) error {
			work := func() error { return a.signRequested(o, once) }
			if once {
				return serviceError(work())
			}
			return serviceError(service.Follow(cmd.Context(), o.Requests, servicePause, work))
		}}
	f := c.Flags()
	f.StringVar(&o.Dir, "ca-dir", "", "the directory of the authority")
	f.StringVar(&o.Private, "ca-private", "", "the directory of its key")
	f.StringVar(&o.NewCerts, "ca-newcerts", "", "the directory of copies of certificates")
	f.StringVar(&o.Requests, "requests", "", "the directory of the requests")
	f.IntVar(&o.KeySize, "key-size", 0, "`BITS` of keys")
	f.StringVar(&o.Subject.Country, "country", "XX", "of a new authority")
	f.StringVar(&o.Subject.State, "state", "", "of a new authority")
	f.StringVar(&o.Subject.City, "city", "", "of a new authority")
	f.StringVar(&o.Subject.Company, "company", "", "of a new authority")
	f.StringVar(&o.Subject.Email, "email", "", "of a new authority")
	f.BoolVar(&once, "once", false, "do what there is to do, and end")
	return c
}

// signRequested signs what is requested. A service goes on after an error: the
// next request may be in order.
func (a *app) signRequested(o authority.Authority, once bool) error {
	signed, err := o.Ensure(time.Now())
	for _, name := range signed {
		fmt.Fprintf(a.Stdout, "Created certificate %q\n", name)
	}
	if err == nil || once {
		return err
	}
	fmt.Fprintln(a.Stderr, err)
	return nil
}

func newServiceSSHKeys(a *app) *cobra.Command {
	return &cobra.Command{Use: "ssh-keys DIRECTORY KEYGEN", Short: "make the SSH keys that are requested",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("service ssh-keys takes the directory of the requests and a key generator")
			}
			dir := a.path(args[0])
			return serviceError(service.Follow(cmd.Context(), dir, servicePause, func() error {
				_, err := service.MakeKeys(cmd.Context(), dir, args[1], a.Environ)
				return err
			}))
		}}
}
