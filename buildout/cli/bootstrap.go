package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"gobuild/buildout"
	"gobuild/buildout/event"
	"gobuild/parts/run"
)

func newBootstrap(a *app) *cobra.Command {
	var shim string
	c := &cobra.Command{
		Use: "bootstrap", Short: "make the standard directories and bin/buildout",
		Long: `Makes the standard directories of the profile and a script bin/buildout that
runs this gobuild, so that habits and programs that call bin/buildout go on to
work. The script is Python code for the Python of [buildout] executable, which
runs recipes that are not built in, and promises of instances; without such a
Python it is one for the shell.

With --shim nothing but such a script is written, and no profile is read:
slapgrid takes it as its option buildout (docs/slapos.md).`,
		Args: noWords,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("shim") {
				return runShim(cmd.Context(), a, shim)
			}
			return runBootstrap(cmd.Context(), a)
		},
	}
	c.Flags().StringVar(&shim, "shim", "", "write only the script, to `FILE`")
	return c
}

func runBootstrap(ctx context.Context, a *app) error {
	e, err := a.open(ctx, event.Discard)
	if err != nil {
		return err
	}
	if err := e.Start(ctx, true, false); err != nil {
		return profileError(ctx, err)
	}
	made, err := e.Bootstrap()
	for _, dir := range made {
		fmt.Fprintf(a.Stdout, "Creating directory '%s'.\n", dir)
	}
	if err != nil {
		return withStatus(StatusState, err)
	}
	python, _ := e.Interpreter(ctx)
	return a.writeShim(filepath.Join(e.Base.BinDirectory, "buildout"), a.interpreter(ctx, python), os.FileMode(e.Umask))
}

// renewShim gives bin/buildout the Python that the profile has built for itself
// (slapos.rebootstrap). A file that bootstrap has not written stays.
func (a *app) renewShim(ctx context.Context, e *buildout.Engine) error {
	python, own := e.Interpreter(ctx)
	if !own {
		return nil
	}
	path := filepath.Join(e.Base.BinDirectory, "buildout")
	old, err := os.ReadFile(path)
	text := shimText(a.Executable, a.interpreter(ctx, python))
	if err != nil || !strings.Contains(string(old), shimMark) || string(old) == text {
		return nil
	}
	return withStatus(StatusState, replace(path, []byte(text), 0o777&^os.FileMode(e.Umask)))
}

// runShim writes the script alone.
func runShim(ctx context.Context, a *app, path string) error {
	if path == "" {
		return usage("--shim takes the name of a file")
	}
	s, err := a.settings()
	if err != nil {
		return err
	}
	return a.writeShim(a.path(path), a.interpreter(ctx, s.Python), os.FileMode(umask()))
}

// interpreter returns the program behind the name of a Python, which may be that
// of a script that starts one, or "" when it is none.
func (a *app) interpreter(ctx context.Context, name string) string {
	c := exec.CommandContext(ctx, a.pythonPath(name), "-S", "-c", "import sys; sys.stdout.write(sys.executable)")
	c.Env, c.Dir = a.Environ, a.Dir
	told, err := c.Output()
	if err != nil || !filepath.IsAbs(string(told)) {
		return ""
	}
	return string(told)
}

// writeShim writes the script that runs this gobuild. umask are the permissions
// that it does not get.
func (a *app) writeShim(path, python string, umask os.FileMode) error {
	if err := replace(path, []byte(shimText(a.Executable, python)), 0o777&^umask); err != nil {
		return withStatus(StatusState, err)
	}
	fmt.Fprintf(a.Stdout, "Generated script '%s'.\n", path)
	return nil
}

// maxShebang is the longest first line of a script, without its end, that all
// kernels execute.
const maxShebang = 127

// shimText is the script. Programs such as slapgrid take the interpreter from its
// first line, or from the word behind exec in the second.
func shimText(program, python string) string {
	if python == "" || strings.ContainsAny(python, "\n\r") {
		return "#!/bin/sh\nexec " + run.Quote(program) + ` "$@"` + "\n"
	}
	head := "#!" + python + " -S\n"
	if strings.ContainsAny(python, " \t") || len(head) > maxShebang {
		head = "#!/bin/sh\n'''exec' " + run.Quote(python) + ` -S "$0" "$@"` + "\n' '''\n"
	}
	return head + fmt.Sprintf(shimCode, pythonQuote(program))
}

// shimMark tells a script that bootstrap has written.
const shimMark = "# gobuild bootstrap has written this script"

// shimCode is a program for Python 2 and 3.
const shimCode = shimMark + `: it runs gobuild, and names this
# Python as the one for recipes that are Python code.
import os
import sys

program = %s
os.environ.setdefault("GOBUILD_PYTHON", sys.executable)
try:
    os.execv(program, [program] + sys.argv[1:])
except OSError as err:
    sys.exit("%%s: cannot run %%s: %%s; gobuild bootstrap writes this script anew" %% (sys.argv[0], program, err.strerror))
`

// pythonQuote is a path as a literal of Python. A byte that is no UTF-8 is written
// as Python 3 keeps it in a text.
func pythonQuote(text string) string {
	var b strings.Builder
	for i, c := range text {
		switch {
		case c == utf8.RuneError && text[i] >= utf8.RuneSelf && !strings.HasPrefix(text[i:], string(utf8.RuneError)):
			fmt.Fprintf(&b, `\udc%02x`, text[i])
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(c))
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteRune(c)
		}
	}
	return `"` + b.String() + `"`
}
