// Package cli is the command line of gobuild: one file for each command, flags
// turned into a Config, errors turned into messages and exit statuses.
package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"gobuild/buildout"
	"gobuild/buildout/diag"
	"gobuild/buildout/settings"
	"gobuild/buildout/ui"
)

// Env is what the process gives to gobuild.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr *os.File
	Environ        []string
	Dir            string // the current directory, absolute
	Args           []string
	Executable     string // path of the gobuild binary
	Recipes        Recipes
}

// Recipes is the table of built-in recipes.
type Recipes interface {
	buildout.Lookup
	Catalog
}

// Status is the exit status of gobuild.
type Status int

// The statuses. Each command's help names those it can end with.
const (
	StatusOK          Status = 0
	StatusPartFailed  Status = 1
	StatusUsage       Status = 2
	StatusProfile     Status = 3
	StatusFetch       Status = 4
	StatusAudit       Status = 5
	StatusState       Status = 6
	StatusInterrupted Status = 130
)

// statusError is an error with the exit status that it leads to.
type statusError struct {
	status Status
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

// withStatus gives err an exit status, unless it has one.
func withStatus(s Status, err error) error {
	var known *statusError
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &statusError{s, err}
}

// usage is a mistake in the command line.
func usage(format string, args ...any) error {
	return withStatus(StatusUsage, diag.At(diag.Span{}, "usage", format, args...))
}

// Main runs the command line and returns the exit status.
func Main(ctx context.Context, env Env) Status {
	a := &app{Env: env}
	a.inherited, a.Environ = buildout.Inherit(env.Environ)
	err := a.run(ctx)
	return a.report(ctx, err)
}

// app is one run of gobuild.
type app struct {
	Env
	flags flags
	line  commandLine
	read  *settings.Settings // once they are needed
	// engine is the profile that was opened last, or nil.
	engine *buildout.Engine
	held   diag.List // warnings for the one document of --message-format=sarif
	// inherited is the lock of a run that goes on in a namespace of its own.
	inherited *os.File
}

func (a *app) run(ctx context.Context) error {
	line, err := a.splitArgs()
	if err != nil {
		return err
	}
	a.line = line
	root := newRoot(a)
	root.SetArgs(append([]string{}, line.rest...)) // for nil, cobra takes those of the process
	root.SetOut(a.Stdout)
	root.SetErr(a.Stderr)
	return root.ExecuteContext(ctx)
}

// splitArgs splits the command line. What a shell wants to have completed is a
// command line too.
func (a *app) splitArgs() (commandLine, error) {
	if len(a.Args) < 2 || !strings.HasPrefix(a.Args[0], "__complete") {
		return split(a.Args)
	}
	last := len(a.Args) - 1
	line, err := split(a.Args[1:last])
	line.rest = slices.Concat(a.Args[:1], line.rest, a.Args[last:])
	return line, err
}

// report shows err and returns the status it leads to.
func (a *app) report(ctx context.Context, err error) Status {
	switch {
	case err == nil:
		a.show(a.held)
		return StatusOK
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		a.show(append(a.held, diag.At(diag.Span{}, "interrupted", "interrupted: what is finished stays; `gobuild resume` goes on where it stopped, gobuild starts that part anew")))
		return StatusInterrupted
	}
	var relayed *buildout.Relayed
	if errors.As(err, &relayed) {
		return Status(relayed.Status)
	}
	a.show(append(a.held, diag.All(err)...))
	if a.flags.debug {
		a.showCauses(err)
	}
	var s *statusError
	if errors.As(err, &s) {
		return s.status
	}
	return StatusUsage
}

// show prints diagnostics on stderr, but no warning whose code is silenced.
func (a *app) show(list diag.List) {
	if list = a.audible(list); len(list) > 0 {
		a.print(a.Stderr, list, a.style())
	}
}

// warn shows warnings while the screen is open, in the form that
// --message-format says.
func (a *app) warn(screen ui.Screen, list diag.List) {
	switch a.flags.format {
	case "", "text":
		screen.Diagnostics(a.concealed(a.audible(list)))
	case "sarif":
		a.held = append(a.held, list...)
	default:
		a.show(list)
	}
}

// print writes diagnostics in the form that --message-format says.
func (a *app) print(to io.Writer, list diag.List, style ui.Style) error {
	return a.discreetly(to, func(w io.Writer) error { return a.printPlain(w, a.concealed(list), style) })
}

func (a *app) printPlain(w io.Writer, list diag.List, style ui.Style) error {
	switch a.flags.format {
	case "json":
		return ui.DiagnosticsJSON(w, list)
	case "github":
		return ui.GitHub(w, list, style)
	case "sarif":
		return ui.SARIF(w, list, version(), style)
	}
	return ui.Diagnostics(w, list, style)
}

func (a *app) audible(list diag.List) diag.List {
	return slices.DeleteFunc(slices.Clone(list), func(d *diag.Diagnostic) bool {
		return d.Severity != diag.Error && a.silenced(d.Code)
	})
}

// style is how messages on stderr look. A bad --color is reported where the
// flags are checked.
func (a *app) style() ui.Style { return a.styleOf(a.Stderr) }

func (a *app) styleOf(file *os.File) ui.Style {
	mode := a.flags.color
	if mode == "" && a.read != nil {
		mode = a.read.Color
	}
	s, _ := ui.NewStyle(file, mode, a.Environ)
	s.Dir = a.Dir
	return s
}

// showCauses prints the chain of errors behind each diagnostic (-D).
func (a *app) showCauses(err error) {
	for _, d := range diag.All(err) {
		for cause := d.Err; cause != nil; cause = errors.Unwrap(cause) {
			io.WriteString(a.Stderr, "cause: "+a.conceal(cause.Error())+"\n")
		}
	}
}

// lookup returns a variable of the environment.
func (e Env) lookup(name string) string {
	value := ""
	for _, kv := range e.Environ {
		if len(kv) > len(name) && kv[len(name)] == '=' && kv[:len(name)] == name {
			value = kv[len(name)+1:]
		}
	}
	return value
}
