package recipes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/run"
)

// codeStepFailed is the code of a step of a build that ended badly.
const codeStepFailed = "step-failed"

// builder runs the steps of a part in its source directory.
type builder struct {
	w         *parts.Work
	options   optionSnapshot
	dir       string            // the source directory
	base      []string          // the process environment
	env       map[string]string // the variables that steps get
	strict    bool              // shell text runs under set -e
	envScript string            // a file in dir that sets env, once a step has failed
	keepEnv   bool              // what hooks change in their environment is dropped
	from      string            // the step that a resume goes on at, until it is reached
	current   string            // the step that is reached
	changes   []hookChange      // of the hooks of the build that is resumed
	called    []hookChange      // of the hooks that count as called
}

// newBuilder returns the builder of a part that sets the variables set.
func newBuilder(w *parts.Work, options optionSnapshot, set map[string]string) *builder {
	base := w.Proc.Environ()
	env := run.ParseEnv(base)
	maps.Copy(env, set)
	return &builder{w: w, options: options, base: base, env: env}
}

// shell runs shell text as a step. at is the place of the text.
func (b *builder) shell(ctx context.Context, step, text string, at place) error {
	if b.strict {
		text = "set -e;" + text
	}
	return b.run(ctx, parts.Command{Argv: run.Shell(text), Dir: b.dir, Env: run.MergeEnv(nil, b.env), Step: step}, at)
}

// run runs a command as a step and tells why it ended badly.
func (b *builder) run(ctx context.Context, c parts.Command, at place) error {
	b.w.Step(c.Step)
	err := b.w.Proc.Run(ctx, c)
	var exit *parts.ExitError
	if err == nil || ctx.Err() != nil || !errors.As(err, &exit) {
		return err
	}
	fmt.Fprintf(b.w.Log, "%s: Command '%s' %s.\n", b.w.Part, c.Argv[len(c.Argv)-1], ending(exit))
	return &diag.Diagnostic{
		Code: codeStepFailed, At: at.at, Path: []string{b.w.Part, c.Step}, Err: err,
		Msg:  "System error: the command " + ending(exit),
		Hint: "To run it again: " + b.pasteable(c),
	}
}

// ending says how a process ended.
func ending(e *parts.ExitError) string {
	switch {
	case e.Err != nil:
		return fmt.Sprintf("could not be started: %v", e.Err)
	case e.Signal != "":
		return "was killed by " + e.Signal
	}
	return fmt.Sprintf("returned non-zero exit status %d", e.Code)
}

// pasteable returns a command line that does what c did, with the variables in
// which its environment differs from that of the run.
func (b *builder) pasteable(c parts.Command) string {
	place, command := "cd "+run.Quote(c.Dir)+" && ", run.Join(c.Argv)
	changed := b.changed()
	switch {
	case len(changed) == 0:
		return place + command
	case b.envScript != "":
		return place + ". ./" + run.Quote(b.envScript) + " >/dev/null && " + command
	}
	return place + "env " + run.Join(changed) + " " + command
}

// changed returns the variables of b, as NAME=value, that differ from those of
// the run, sorted by name.
func (b *builder) changed() []string {
	outer := run.ParseEnv(b.base)
	var changed []string
	for _, name := range slices.Sorted(maps.Keys(b.env)) {
		if value, ok := outer[name]; !ok || value != b.env[name] {
			changed = append(changed, name+"="+b.env[name])
		}
	}
	return changed
}

// left adds to an error of a step that the sources are still there. Other
// errors than diagnostics are placed at the header of the part.
func (b *builder) left(err error) error {
	where := fmt.Sprintf("The package is left as is at %s where you can inspect what went wrong.", b.dir)
	fmt.Fprintf(b.w.Log, "%s: Compilation error. %s\n", b.w.Part, where)
	err = b.options.firstPlace().wrap(err)
	if d := (*diag.Diagnostic)(nil); errors.As(err, &d) {
		d.Hint = strings.TrimSuffix(where+" "+d.Hint, " ")
	}
	return err
}

// inDoubleQuotes escapes what a shell expands between double quotes.
var inDoubleQuotes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`")

// doubleQuoted returns text as it is written between double quotes. The recipes
// in Python leave it as it is, so that a path with a dollar sign means another.
func doubleQuoted(text string) string { return inDoubleQuotes.Replace(text) }
