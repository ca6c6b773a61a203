package bridge

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

// Codes of the diagnostics of this package.
const (
	codeRecipe    = "recipe-error"     // a recipe refuses something
	codeException = "recipe-exception" // a recipe has a bug, or meets something unexpected
	codeEnded     = "recipe-ended"     // the process ended under a recipe
	codeTimeout   = "recipe-timeout"
	codePython    = "python-start"
	codeUnknown   = "unknown-recipe"
	codeMissing   = "missing-option"
)

var (
	errEnded   = errors.New("the process has ended")
	errGarbled = errors.New("the process says what is no message")
	errTooLong = fmt.Errorf("the process sends a message of more than %d MiB", maxMessage>>20)
)

// overtime says whose time was up.
type overtime struct {
	part  string
	limit time.Duration
}

func (o overtime) Error() string { return "recipe-timeout of " + o.part }

// failure turns the error of an order into one for people.
func (b *Bridge) failure(f *frame, p *problem) error {
	if p.Number > 0 && p.Number < len(b.refused) {
		return b.placed(f, p, b.refused[p.Number])
	}
	if err := masterFailure(p); err != nil {
		return err
	}
	switch p.Kind {
	case "option":
		d := f.failed(codeMissing, p)
		d.Hint = b.missingHint(f, p)
		return b.place(f, d)
	case "exception", "exit":
		d := f.failed(codeException, p)
		if f.script == "" {
			d.WithHint("the recipe is Python code that did not expect this; its traceback is in the log")
		}
		return b.place(f, d)
	case "no-recipe":
		return b.unknown(f, p)
	case "no-entry":
		return b.place(f, f.failed(codeUnknown, p).WithHint("%s", entriesHint(p)))
	}
	return b.place(f, f.failed(codeRecipe, p))
}

// failed is the error of an order in the words of the process.
func (f *frame) failed(code string, p *problem) *diag.Diagnostic {
	return &diag.Diagnostic{Code: code, Msg: strings.TrimSpace(p.Text), At: f.lineAt(p.Line)}
}

// placed gives what was refused the place of the part that has asked, if it has
// none.
func (b *Bridge) placed(f *frame, p *problem, err error) error {
	var d *diag.Diagnostic
	if !errors.As(err, &d) {
		d = &diag.Diagnostic{Code: codeRecipe, Msg: err.Error(), Err: err}
		err = d
	}
	if !d.At.IsValid() || d.Code == "unknown-section" {
		d.At = f.lineAt(p.Line)
	}
	if f.work == nil && f.host != nil {
		if !d.At.IsValid() {
			d.At = f.host.Header()
		}
		d.WithPath(f.part)
	}
	return err
}

func entriesHint(p *problem) string {
	if len(p.Entries) == 0 {
		return "it is not an egg with recipes"
	}
	return "its recipes are " + strings.Join(p.Entries, ", ") + ": write `" + p.Name + ":NAME`"
}

// place gives a diagnostic of the preparation its place. One of an installation
// gets it from the engine, with the end of the log.
func (b *Bridge) place(f *frame, d *diag.Diagnostic) error {
	if f.work != nil || f.host == nil {
		return d
	}
	if !d.At.IsValid() {
		d.At = f.host.Header()
	}
	if d.Code == codeUnknown {
		_, at, ok := f.host.Lookup("recipe")
		if ok {
			d.At = at
		}
		return d.WithPath(f.part, "recipe")
	}
	if d.Code == codeException && d.Excerpt == "" {
		d.Excerpt = f.printed.text()
	}
	return d.WithPath(f.part)
}

// missingHint says what is near a missing option.
func (b *Bridge) missingHint(f *frame, p *problem) string {
	if f.host == nil || p.Section != f.part {
		return ""
	}
	return diag.MissingOption(p.Section, p.Option, f.host.Keys())
}

// unknown is the error for a recipe that is not there.
func (b *Bridge) unknown(f *frame, p *problem) error {
	d := &diag.Diagnostic{Code: codeUnknown, Msg: fmt.Sprintf("there is no recipe %q", f.recipe)}
	switch {
	case f.suggestion != "":
		d.Hint = f.suggestion
	case strings.HasPrefix(p.Text, "there is no egg for the requirement "+eggOf(f.recipe)):
		d.WithHint("a recipe that gobuild has not built in is an egg: name it by its project, or list its directory in `[buildout] develop`; `gobuild recipe list` shows the built-in ones")
	default:
		d.WithHint("%s", p.Text)
	}
	if len(p.Tried) > 0 {
		d.Excerpt = "looked for in\n  " + strings.Join(p.Tried, "\n  ")
		if f.suggestion != "" {
			d.Excerpt += "\n  no index: the name is almost that of a built-in recipe"
		}
	}
	return b.place(f, d)
}

// eggOf is the name of the egg of a recipe.
func eggOf(recipe string) string {
	name, _, _ := strings.Cut(recipe, ":")
	return strings.TrimSpace(name)
}

// isNotStarted reports whether there is no interpreter.
func isNotStarted(err error) bool {
	var d *diag.Diagnostic
	return errors.As(err, &d) && d.Code == codePython
}

// broken is the error of an order during which the conversation ended.
func (b *Bridge) broken(ctx context.Context, f *frame, err error) error {
	p := b.process
	b.process = nil
	if errors.Is(err, errEnded) {
		p.leave()
	} else {
		p.stop()
	}
	b.flush(p)
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return b.place(f, f.late(ctx))
	}
	d := &diag.Diagnostic{Code: codeEnded, Msg: "the Python process that runs the recipe " + howEnded(p.err, err)}
	return b.place(f, d.WithCause(err).WithHint("other parts are not affected: the process is started again for the next one"))
}

// late is the error of an order that took too long, or that was given within one
// that did.
func (f *frame) late(ctx context.Context) *diag.Diagnostic {
	whose := overtime{f.part, f.timeout}
	errors.As(context.Cause(ctx), &whose)
	d := &diag.Diagnostic{Code: codeTimeout, Msg: fmt.Sprintf("the recipe was stopped after %s", whose.limit.Round(time.Millisecond))}
	if whose.part != f.part {
		d.Msg = fmt.Sprintf("the recipe was stopped after %s, the time of part %s, which had asked for this section", whose.limit.Round(time.Millisecond), whose.part)
	}
	return d.WithHint("%s, of the part or of [buildout], says how many seconds a recipe may take", timeoutOption)
}

// flush puts what was printed last into the log.
func (b *Bridge) flush(p *process) {
	p.output.mu.Lock()
	defer p.output.mu.Unlock()
	p.output.print(p.output.held)
	p.output.held = nil
}

// howEnded says how a process ended.
func howEnded(end, why error) string {
	var exit *parts.ExitError
	switch {
	case errors.Is(why, errGarbled):
		return "sent something that is no message"
	case errors.Is(why, errTooLong):
		return fmt.Sprintf("sent a message of more than %d MiB", maxMessage>>20)
	case errors.As(end, &exit) && exit.Signal != "":
		return "was killed by " + exit.Signal
	case errors.As(end, &exit) && exit.Err != nil:
		return "could not be started: " + exit.Err.Error()
	case errors.As(end, &exit):
		return fmt.Sprintf("ended with status %d", exit.Code)
	}
	return "ended"
}
