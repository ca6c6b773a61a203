package service

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"gobuild/buildout/diag"
	"gobuild/parts/run"
)

// Launch says which program is started, and how.
type Launch struct {
	Argv    []string // Argv[0] is a path: it is not searched in PATH
	Environ []string // complete
	// Self is the command line of this process. It is run again when a child
	// is needed.
	Self []string
	// Ignore is a signal that the program starts with ignored, or 0. With
	// Redirect it is the signal that opens the files again; 0 means SIGUSR1.
	Ignore     syscall.Signal
	Pidfile    string
	ReserveCPU bool     // ask for a CPU of its own in ~/.slapos-cpu-exclusive
	WaitFor    []string // files that must exist before the program starts
	Tmpfs      []Tmpfs
	Redirect   Redirect
	// Warn takes what goes wrong while the program runs on. It may be called
	// by several goroutines at once; nil drops it.
	Warn func(error)
}

// Redirect says where output of the program goes. A blank path leaves a stream
// alone; equal paths keep the order of both streams.
type Redirect struct {
	Stdout, Stderr string
	// Signal is sent to the program whenever the files are opened again, or 0.
	Signal syscall.Signal
}

func (r Redirect) wanted() bool { return r.Stdout != "" || r.Stderr != "" }

// Exit is how a program ended: by a status, or by a signal.
type Exit struct {
	Code   int
	Signal syscall.Signal // 0 unless it was killed
}

// interrupted is the end of a launch by a signal before the program started.
type interrupted struct{ signal syscall.Signal }

func (e *interrupted) Error() string { return "interrupted by " + e.signal.String() }

// Check returns what is wrong in the launch itself.
func (l Launch) Check() error {
	switch {
	case len(l.Argv) == 0:
		return mistake("no program is given")
	case !strings.Contains(l.Argv[0], "/"):
		return mistake("%q is not a path: the program is not searched in PATH", l.Argv[0]).WithHint("give the program by its path")
	case !l.Redirect.wanted() && l.Redirect.Signal != 0:
		return mistake("redirect-signal without redirecting any output makes no sense")
	case l.Redirect.wanted():
		return CheckReopen(l.Ignore)
	}
	return nil
}

// CheckReopen returns why s, which is Ignore of a launch with Redirect, cannot
// open the files again.
func CheckReopen(s syscall.Signal) error {
	if s == 0 || catchable(s) {
		return nil
	}
	return mistake("signal %s cannot be caught, so it cannot open the redirected files again", signalName(s))
}

func mistake(format string, args ...any) *diag.Diagnostic {
	return diag.At(diag.Span{}, "usage", format, args...)
}

// Run starts the program. Where this process becomes the program it returns
// only an error; otherwise it returns how the program ended. It takes over the
// signals and a thread of the process, and is called once.
func Run(l Launch) (Exit, error) {
	if err := l.Check(); err != nil {
		return Exit{}, err
	}
	// Name spaces, capabilities and the parent of a process belong to a thread.
	runtime.LockOSThread()
	signal.Reset() // what was ignored when this process started is so again
	parent, isChild := takeMark(&l)
	stays, becomes := l.split()
	var exit Exit
	var err error
	switch {
	case isChild:
		dieWithParent(parent.pid)
		err = parent.tell(becomes.become())
	case stays != nil:
		exit, err = stays.supervise(len(becomes.Tmpfs) > 0)
	default:
		err = becomes.become()
	}
	if i := (*interrupted)(nil); errors.As(err, &i) {
		return Exit{Signal: i.signal}, nil
	}
	return exit, diagnosed(err)
}

// diagnosed gives an error that is no diagnostic a code.
func diagnosed(err error) error {
	var d *diag.Diagnostic
	if err == nil || errors.As(err, &d) || errors.As(err, new(diag.List)) {
		return err
	}
	return diag.At(diag.Span{}, "launch", "%v", err).WithCause(err)
}

// split divides the launch between a process that stays, if one is needed, and
// the one that becomes the program.
func (l Launch) split() (stays *Launch, becomes Launch) {
	switch {
	case l.Redirect.wanted():
		stays, becomes = &l, l
		becomes.Ignore, becomes.Pidfile, becomes.WaitFor, becomes.Redirect = l.Redirect.Signal, "", nil, Redirect{}
		stays.Ignore, stays.ReserveCPU, stays.Tmpfs = l.reopen(), false, nil
	case len(l.Tmpfs) > 0:
		stays, becomes = &Launch{Argv: l.Argv, Environ: l.Environ, Self: l.Self, Warn: l.Warn}, l
	default:
		becomes = l
	}
	return stays, becomes
}

// reopen is the signal that opens redirected files again.
func (l Launch) reopen() syscall.Signal {
	if l.Ignore != 0 {
		return l.Ignore
	}
	return syscall.SIGUSR1
}

// become turns this process into the program.
func (l Launch) become() error {
	p, err := l.ready()
	if err != nil {
		return err
	}
	if err = mountAll(l.Tmpfs); err == nil {
		err = replace(l.Argv, l.Environ)
	}
	p.remove()
	return err
}

// ready does all that comes before the start of the program. A signal that ends
// a process ends it with an *interrupted, and leaves no pid file.
func (l Launch) ready() (*pidfile, error) {
	ctx, stop := interruptible()
	defer stop()
	if l.Ignore != 0 {
		ignore(l.Ignore)
	}
	p, err := claim(l.Pidfile, l.Argv)
	if err != nil {
		return nil, err
	}
	if l.ReserveCPU {
		err = reserveCPU(l.Environ)
	}
	if err == nil {
		err = awaitAll(ctx, l.WaitFor)
	}
	if err != nil {
		p.remove()
		return nil, err
	}
	return p, nil
}

// replace executes the program.
func replace(argv, environ []string) error {
	err := syscall.Exec(argv[0], argv, environ)
	d := diag.At(diag.Span{}, "exec", "start %s: %v", argv[0], err).WithCause(err)
	switch _, stat := os.Stat(argv[0]); {
	case errors.Is(err, syscall.ENOENT) && stat == nil:
		d.Hint = "the interpreter that the program names does not exist"
	case errors.Is(err, syscall.ENOEXEC):
		d.Hint = "a script must start with a line such as #!/bin/sh"
	}
	return d
}

// reserveCPU adds this process to those that ask for a CPU of their own.
func reserveCPU(environ []string) error {
	home, _ := run.LookupEnv(environ, "HOME")
	if home == "" {
		return mistake("HOME is not set: reserve-cpu writes to a file there")
	}
	f, err := os.OpenFile(filepath.Join(home, ".slapos-cpu-exclusive"), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return fmt.Errorf("reserve a CPU: %w", err)
	}
	_, err = fmt.Fprintf(f, "%d\n", os.Getpid())
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("reserve a CPU: %w", err)
	}
	return nil
}
