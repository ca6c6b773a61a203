package promise

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Address is what a server listens on: a host and a port, or a socket.
type Address struct {
	Host, Port string
	Path       string // of a socket
	Abstract   string // name of a socket that has no file
}

// String returns the address as people write it.
func (a Address) String() string {
	switch {
	case a.Path != "":
		return a.Path
	case a.Abstract != "":
		return "@" + a.Abstract
	}
	return net.JoinHostPort(a.Host, a.Port)
}

// network returns the address as package net takes it.
func (a Address) network() (network, address string) {
	switch {
	case a.Path != "":
		return "unix", a.Path
	case a.Abstract != "":
		return "unix", "@" + a.Abstract
	}
	return "tcp", net.JoinHostPort(strings.Trim(a.Host, "[]"), a.Port)
}

// Connect connects to the address and hangs up.
func (a Address) Connect(ctx context.Context) error {
	network, address := a.network()
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return cause(err)
	}
	return c.Close()
}

// cause is the part of a network error that does not repeat the address.
func cause(err error) error {
	var number syscall.Errno
	var name *net.DNSError
	switch {
	case errors.As(err, &number):
		return number
	case errors.As(err, &name):
		return errors.New("the host " + name.Name + " is not known")
	case errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded):
		return errors.New("no answer in time")
	}
	return err
}

func checkSocket(ctx context.Context, s Scope, c Config) Outcome {
	a := Address{c.text("host"), c.text("port"), c.text("pathname"), c.text("abstract")}
	forms := 0
	for _, given := range []string{a.Host, a.Path, a.Abstract} {
		if given != "" {
			forms++
		}
	}
	if forms != 1 || (a.Host != "") != (a.Port != "") {
		return failed("the address must be given as host and port, as pathname or as abstract")
	}
	if a.Path != "" && !filepath.IsAbs(a.Path) {
		a.Path = filepath.Join(s.Dir, a.Path)
	}
	if err := a.Connect(ctx); err != nil {
		return failed("%s isn't listening: %v", a, err)
	}
	return kept("%s is listening", a)
}
