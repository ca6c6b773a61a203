package service

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"
)

// supervise starts the child that becomes the program, and stays until the
// program has ended and its output is copied.
func (l *Launch) supervise(namespaces bool) (Exit, error) {
	if l.Warn == nil {
		l.Warn = func(error) {}
	}
	p, err := l.ready()
	if err != nil {
		return Exit{}, err
	}
	defer p.remove()
	signals := make(chan os.Signal, 64)
	signal.Notify(signals, l.caught()...)
	defer signal.Stop(signals)
	out, err := openOutputs(l.Redirect, l.Warn)
	if err != nil {
		return Exit{}, err
	}
	c, err := l.start(out, namespaces)
	if err != nil {
		return Exit{}, err
	}
	return c.follow(signals)
}

// caught returns the signals to pass on. What this process was started with
// ignored, as nohup does, the program starts with ignored.
func (l *Launch) caught() []os.Signal {
	ignored := ignoredSignals()
	if l.Ignore != 0 {
		ignored &^= 1 << (l.Ignore - 1)
	}
	return without(passed(), ignored)
}

// child is the process that becomes, and then is, the program.
type child struct {
	*Launch
	cmd     *exec.Cmd
	out     *outputs
	failure chan error // one value: why it could not become the program, or nil
}

// start starts the child.
func (l *Launch) start(out *outputs, namespaces bool) (*child, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start a child: %w", err)
	}
	defer w.Close()
	mark, err := markFor(w)
	if err != nil {
		return nil, err
	}
	c := &child{Launch: l, out: out, failure: make(chan error, 1), cmd: &exec.Cmd{
		Path: selfPath(l.Self[0]), Args: l.Self, Env: append(slices.Clone(l.Environ), mark),
		Stdin: os.Stdin, Stdout: out.stdout, Stderr: out.stderr, SysProcAttr: attributes(namespaces),
	}}
	if err := c.cmd.Start(); err != nil && namespaces && isRefusal(err) {
		return nil, refusedNamespaces(err)
	} else if err != nil {
		return nil, fmt.Errorf("start a child: %w", err)
	}
	out.copy()
	go func() {
		c.failure <- hear(r)
		r.Close()
	}()
	return c, nil
}

// follow passes signals on until the program has ended and its output is
// copied. When the program has left others behind that hold its output, a
// signal ends the wait for them.
func (c *child) follow(signals <-chan os.Signal) (Exit, error) {
	if c.Redirect.wanted() {
		// Only now the program has the signal ignored that comes with opening
		// the files again.
		if err := <-c.failure; err != nil {
			c.cmd.Wait()
			return Exit{}, err
		}
		c.failure <- nil
	}
	ended := make(chan struct{})
	go func() { c.cmd.Wait(); close(ended) }()
	copied := c.out.copied
	for over := false; !over || copied != nil; {
		select {
		case s := <-signals:
			if over && ends(s) {
				return exitOf(c.cmd.ProcessState), nil
			}
			c.pass(s)
		case <-ended:
			over, ended = true, nil
		case <-copied:
			copied = nil
		}
	}
	return exitOf(c.cmd.ProcessState), <-c.failure
}

// pass passes a signal on, or opens the files again. What is typed at a
// terminal reaches the program without help.
func (c *child) pass(s os.Signal) {
	switch {
	case c.Redirect.wanted() && s == c.Ignore:
		if c.Redirect.Signal != 0 {
			c.cmd.Process.Signal(c.Redirect.Signal)
		}
		c.out.reopen()
	case (s == syscall.SIGINT || s == syscall.SIGQUIT) && isForeground():
	default:
		c.cmd.Process.Signal(s)
	}
}

func exitOf(s *os.ProcessState) Exit {
	if status, ok := s.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return Exit{Signal: status.Signal()}
	}
	return Exit{Code: s.ExitCode()}
}
