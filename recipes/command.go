package recipes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"gobuild/buildout/event"
	"gobuild/parts"
	"gobuild/parts/run"
	"gobuild/parts/service"
)

func commandSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"command", "plone.recipe.command"},
		Doc: `Runs a shell command when the part is installed.

Several lines are one script, which goes on after a line that fails: the status
of the last one counts. The command runs in the buildout directory with the
environment of the run.

As nobody can know what a command needs and does, it runs when all parts before
it are done, and parts behind it wait for it.`,
		Open: true, InOrder: true,
		Options: []parts.OptionSpec{
			{Name: "command", Required: true, Doc: "The command, for /bin/sh."},
			{Name: "update-command", Doc: "The command of later runs. Without it they do nothing."},
			{Name: "stop-on-error", Default: "false", Doc: "yes, on or true: a command that fails is an error. no, off or false: it is not."},
			{Name: "location", Doc: "Paths, separated by blanks, that are deleted when the part is uninstalled."},
		},
		Recipe: commandRecipe{},
	}
}

type commandRecipe struct{}

// commandAction runs the commands of one part.
type commandAction struct {
	install, update commandLine
	stop            bool
	location        []string
}

type commandLine struct {
	place place
	text  string
}

// Prepare reads the commands. SPEC-recipes 10.
func (commandRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	a := &commandAction{
		install:  commandLine{optionPlace(o, "command"), optionText(o, "command")},
		update:   commandLine{optionPlace(o, "update-command"), optionText(o, "update-command")},
		location: optionWords(o, "location"),
	}
	value, _, set := o.Lookup("stop-on-error")
	switch word := strings.ToLower(value); {
	case slices.Contains([]string{"yes", "on", "true"}, word):
		a.stop = true
	case set && !slices.Contains([]string{"no", "off", "false"}, word):
		return nil, optionError(o, "stop-on-error", codeBadBoolean,
			"Invalid value '%s' for 'stop_on_error', use 'yes', 'on', 'true', 'no', 'off' or false.", value)
	}
	if a.install.text == "" {
		return nil, optionError(o, "command", codeMissingOption, "No command specified")
	}
	return a, nil
}

// Run runs the command. Of location, what does not exist yet is owned from the
// start, and the rest once the command has run.
func (a *commandAction) Run(ctx context.Context, w *parts.Work) error {
	var existing []string
	for _, path := range a.location {
		if _, err := os.Lstat(workPath(w, path)); err == nil {
			existing = append(existing, path)
			continue
		}
		w.Own(path)
	}
	w.Say(event.Info, "Running '"+a.install.text+"'")
	if err := a.execute(ctx, w, a.install); err != nil {
		return err
	}
	for _, path := range existing {
		w.Own(path)
	}
	return nil
}

// Update runs update-command.
func (a *commandAction) Update(ctx context.Context, w *parts.Work) error {
	if a.update.text == "" {
		return nil
	}
	w.Say(event.Info, "Running "+a.update.text)
	return a.execute(ctx, w, a.update)
}

// Refreshes reports whether there is an update-command: it may change what was
// installed.
func (a *commandAction) Refreshes() bool { return a.update.text != "" }

func (a *commandAction) execute(ctx context.Context, w *parts.Work, c commandLine) error {
	err := w.Proc.Run(ctx, parts.Command{Argv: run.Shell(c.text), Dir: w.Dir, Step: "command"})
	var exit *parts.ExitError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &exit) || exit.Err != nil || ctx.Err() != nil:
		return err
	case !a.stop:
		w.Say(event.Warning, "Non zero exit code ("+commandStatus(exit)+") while running command; stop-on-error is not set.")
		return nil
	}
	d := c.place.fail("command-failed", "Non zero exit code (%s) while running command.", commandStatus(exit)).WithCause(err)
	if exit.Signal != "" {
		d.WithHint("the command was ended by %s", exit.Signal)
	}
	return d
}

// commandStatus is the exit status; that of a signal is negative.
func commandStatus(e *parts.ExitError) string {
	if e.Signal == "" {
		return fmt.Sprint(e.Code)
	}
	number, err := service.ParseSignal(strings.TrimPrefix(e.Signal, "SIG"))
	switch {
	case e.Signal == "SIGKILL":
		number = syscall.SIGKILL
	case err != nil:
		return e.Signal
	}
	return fmt.Sprintf("-%d", int(number))
}
