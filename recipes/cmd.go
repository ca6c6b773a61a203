package recipes

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"gobuild/parts"
	"gobuild/parts/run"
)

func cmdSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"cmd", "collective.recipe.cmd", "collective.recipe.cmd:sh"},
		Doc: `Runs commands as one script when the part is installed, updated or removed, each of which must be asked for.

White space at the ends of lines does not reach the script. It runs in the buildout
directory with the environment of the run. As nobody can know what a command needs
and does, it runs when all parts before it are done, and parts behind it wait for
it.`,
		Open: true, InOrder: true,
		Options: []parts.OptionSpec{
			{Name: "cmds", Doc: "The commands."},
			{Name: "on_install", Default: "false", Doc: "1 or true: run them when the part is installed."},
			{Name: "on_update", Default: "false", Doc: "1 or true: run them in later runs."},
			{Name: "uninstall_cmds", Doc: "The commands to run before the part is removed."},
			{Name: "shell", Default: "sh", Doc: "The program that runs the script, and its arguments."},
		},
		Recipe: cmdRecipe{},
	}
}

type cmdRecipe struct{}

// cmdAction runs the commands of one part.
type cmdAction struct {
	at              place // of cmds
	text, shell     string
	install, update bool
}

// Prepare reads the options. SPEC-recipes 12.
func (cmdRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	isOn := func(key string) bool {
		value := strings.ToLower(optionText(o, key))
		return value == "1" || value == "true"
	}
	return cmdAction{optionPlace(o, "cmds"), optionText(o, "cmds"), certificateText(o, "shell", "sh"), isOn("on_install"), isOn("on_update")}, nil
}

// Run runs the commands, if they are to run at installation.
func (a cmdAction) Run(ctx context.Context, w *parts.Work) error {
	if !a.install {
		return nil
	}
	return a.at.wrap(cmdRun(ctx, w, a.text, a.shell))
}

// Update runs the commands, if they are to run in later runs.
func (a cmdAction) Update(ctx context.Context, w *parts.Work) error {
	if !a.update {
		return nil
	}
	return a.at.wrap(cmdRun(ctx, w, a.text, a.shell))
}

// Refreshes reports whether an update runs commands.
func (a cmdAction) Refreshes() bool { return a.update }

// Remove runs the commands of uninstall_cmds. Whatever they do, the part goes.
func (cmdRecipe) Remove(ctx context.Context, w *parts.Work, old parts.Record) ([]string, error) {
	shell, ok := old.Options["shell"]
	if !ok {
		shell = "sh"
	}
	return nil, cmdRun(ctx, w, old.Options["uninstall_cmds"], shell)
}

// cmdRun runs commands as a script.
func cmdRun(ctx context.Context, w *parts.Work, text, shell string) error {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	if len(lines) == 1 && lines[0] == "" {
		return nil
	}
	if err := os.MkdirAll(w.Temp, 0o700); err != nil {
		return err
	}
	script := filepath.Join(w.Temp, "run")
	if err := writeFile(script, []byte(strings.Join(lines, "\n")), cookbookFile); err != nil {
		return err
	}
	defer os.Remove(script)
	command := shell + " " + run.Quote(script)
	err := w.Proc.Run(ctx, parts.Command{Argv: run.Shell(command), Dir: w.Dir, Step: "cmds"})
	var exit *parts.ExitError
	if err == nil || ctx.Err() != nil || !errors.As(err, &exit) {
		return err
	}
	at := place{path: []string{w.Part, "cmds"}}
	return at.fail("command-failed", "Non zero exit code (%s) while running commands.", commandStatus(exit)).WithCause(err)
}
