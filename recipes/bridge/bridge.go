package bridge

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/run"
)

// Excluding is what parts need for themselves that are installed through the
// bridge: their recipes share one process.
const Excluding = "the Python process"

// Bridge is the conversation of one run with the process that serves its
// recipes.
type Bridge struct {
	session *parts.Session
	turn    chan struct{} // holds one token: who takes it may give orders
	// What follows belongs to who has the turn.
	process    *process
	generation int
	serial     int
	frames     []*frame
	refused    []error // what the process was refused, by number
	choosing   bool    // the interpreter is being chosen
	scratch    string  // for eggs of a run that changes nothing on disk, or ""
}

// Of returns the bridge of a run.
func Of(s *parts.Session) *Bridge {
	return s.Hold("bridge", func() io.Closer {
		b := &Bridge{session: s, turn: make(chan struct{}, 1)}
		b.turn <- struct{}{}
		return b
	}).(*Bridge)
}

// Close ends the process.
func (b *Bridge) Close() error {
	<-b.turn
	if b.process != nil {
		b.process.leave()
		b.process = nil
	}
	err := os.RemoveAll(b.scratch)
	b.turn <- struct{}{}
	return err
}

// inside marks the context of what is done while the process waits: it has the
// turn already.
type inside struct{}

// take lets do give orders. Others wait; what is done while the process waits
// belongs to who has the turn.
func (b *Bridge) take(ctx context.Context, do func(ctx context.Context) error) error {
	if ctx.Value(inside{}) == b {
		return do(ctx)
	}
	select {
	case <-b.turn:
		defer func() { b.turn <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	b.refused = []error{nil}
	return do(context.WithValue(ctx, inside{}, b))
}

// order makes the process do something, and reads its result.
func (b *Bridge) order(ctx context.Context, f *frame, do string, with, result any) error {
	return b.take(ctx, func(ctx context.Context) error {
		if err := b.ready(ctx, f); err != nil {
			return err
		}
		if f.timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeoutCause(ctx, f.timeout, overtime{f.part, f.timeout})
			defer cancel()
		}
		return b.converse(ctx, f, do, with, result)
	})
}

// converse gives an order and serves the process until it answers.
func (b *Bridge) converse(ctx context.Context, f *frame, do string, with, result any) error {
	p := b.process
	b.serial++
	o := order{ID: b.serial, Do: do, Part: f.part, With: with}
	if len(b.frames) == 0 && !slices.Equal(p.environ, f.environ) {
		o.Environ = wiredMap(run.ParseEnv(f.environ), wired)
		p.environ = f.environ
	}
	b.frames = append(b.frames, f)
	defer func() { b.frames = b.frames[:len(b.frames)-1] }()
	p.output.begin(o.ID, f.log)
	defer p.output.end(o.ID, p.over)
	err := p.send(o)
	if err == nil {
		var answer *incoming
		if answer, err = b.listen(ctx, f, o.ID); err == nil {
			return b.finish(f, p, answer, result)
		}
	}
	if b.process != p {
		return err // it ended under an order within this one
	}
	if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, errGarbled) && !errors.Is(err, errTooLong) {
		err = errEnded
	}
	return b.broken(ctx, f, err)
}

// listen serves the process until the answer to an order comes.
func (b *Bridge) listen(ctx context.Context, f *frame, id int) (*incoming, error) {
	p := b.process
	for {
		m, err := p.receive(ctx)
		switch {
		case err != nil:
			return nil, err
		case m.Note == "say":
			f.say(m.Level, m.Text)
		case m.Note != "":
		case m.Ask != "":
			if err := b.answer(ctx, f, p, m); err != nil {
				return nil, err
			}
		case m.ID == id:
			return m, nil
		default:
			return nil, errGarbled
		}
	}
}

// finish takes the answer to an order.
func (b *Bridge) finish(f *frame, p *process, m *incoming, result any) error {
	p.output.end(m.ID, p.over)
	if m.Environ != nil && !m.Environ.IsEmpty() {
		change := unwiredEnvironment(*m.Environ)
		env := run.MergeEnv(p.environ, change.Set)
		p.environ = slices.DeleteFunc(env, func(v string) bool {
			name, _, _ := strings.Cut(v, "=")
			return slices.Contains(change.Unset, name)
		})
		f.setenv(change)
	}
	if m.Error != nil {
		return b.failure(f, m.Error)
	}
	if result == nil || len(m.Result) == 0 {
		return nil
	}
	if err := json.Unmarshal(m.Result, result); err != nil {
		return &diag.Diagnostic{Code: codeEnded, Msg: "the Python process gave an answer that has no meaning", Err: err}
	}
	return nil
}

// has reports whether the process is still the one of a generation.
func (b *Bridge) has(generation int) bool { return b.alive() && b.generation == generation }

// alive reports whether there is a process. One that ended while nothing was in
// work is forgotten: that is no error of the part which comes next.
func (b *Bridge) alive() bool {
	if b.process != nil && len(b.frames) == 0 && b.process.isOver() {
		b.process.stop()
		b.process = nil
	}
	return b.process != nil
}

// ready starts the process when there is none.
func (b *Bridge) ready(ctx context.Context, f *frame) error {
	if b.alive() {
		return nil
	}
	buildout, err := b.session.Buildout(ctx)
	if err != nil {
		return err
	}
	python := b.python(ctx, buildout)
	if b.process != nil { // to choose it, another section has needed one
		return nil
	}
	directory := option(ctx, buildout, "directory")
	h := hello{Directory: directory, Python: python, Level: level(ctx, buildout), Dialect: "upstream", Modules: modules()}
	if b.session.SlapOS {
		h.Dialect = "slapos"
	}
	p, err := start(ctx, []string{python, "-u", "-c", source(boot)}, f.environ, h)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return b.notStarted(f, python, p, err)
	}
	if !atLeast(p.version, 3, 8) {
		p.stop()
		return b.notStarted(f, python, p, fmt.Errorf("it is Python %s, and recipes need 3.8 or later", p.version))
	}
	b.generation++
	p.generation, b.process = b.generation, p
	return nil
}

// notStarted is the error of an interpreter that cannot be used.
func (b *Bridge) notStarted(f *frame, python string, p *process, err error) error {
	purpose := cmp.Or(f.purpose, fmt.Sprintf("the recipe %s is Python code", f.recipe))
	d := &diag.Diagnostic{Code: codePython, Msg: fmt.Sprintf("%s, and %s cannot run it: %v", purpose, python, err), Err: err}
	if p != nil && p.err != nil && errors.Is(err, errEnded) {
		d.Msg = fmt.Sprintf("%s, and %s %s", purpose, python, howEnded(p.err, err))
		d.Excerpt = strings.Join(p.output.tail.Lines(), "\n")
	}
	d.WithHint("[buildout] python names the section whose option executable is the interpreter; without one it is python3 of PATH")
	if f.work != nil || f.host == nil {
		return d
	}
	d.At = f.host.Header()
	return d.WithPath(f.part)
}

// python returns the interpreter: that of the part that [buildout] python names,
// if it is there, else that of [buildout].
func (b *Bridge) python(ctx context.Context, buildout parts.Host) string {
	own := cmp.Or(option(ctx, buildout, "executable"), "python3")
	name := option(ctx, buildout, "python")
	if b.choosing || name == "" || name == "buildout" || !buildout.Has(name) {
		return own
	}
	b.choosing = true
	defer func() { b.choosing = false }()
	section, err := buildout.Other(ctx, name)
	if err != nil {
		return own
	}
	path := option(ctx, section, "executable")
	if path != "" && !filepath.IsAbs(path) {
		path = filepath.Join(option(ctx, buildout, "directory"), path)
	}
	if !isProgram(path) {
		return own // it is going to be built
	}
	return path
}

// levels are the names of log levels.
var levels = map[string]int{"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}

// level is the least level of messages of recipes that is logged.
func level(ctx context.Context, buildout parts.Host) int {
	text := option(ctx, buildout, "log-level")
	n, ok := levels[text]
	if !ok {
		n, _ = strconv.Atoi(strings.TrimSpace(text))
	}
	less, _ := strconv.Atoi(strings.TrimSpace(option(ctx, buildout, "verbosity")))
	return max(n-less, 1)
}

// atLeast compares a version such as 3.11.7.
func atLeast(version string, major, minor int) bool {
	fields := strings.SplitN(version, ".", 3)
	if len(fields) < 2 {
		return false
	}
	a, _ := strconv.Atoi(fields[0])
	b, _ := strconv.Atoi(fields[1])
	return a > major || a == major && b >= minor
}

// timeout reads recipe-timeout of a part, or of [buildout].
func (b *Bridge) timeout(ctx context.Context, h parts.Host) (time.Duration, error) {
	at := h
	text, ok, err := h.Get(ctx, timeoutOption)
	if err == nil && !ok {
		if at, err = b.session.Buildout(ctx); err == nil {
			text, _, err = at.Get(ctx, timeoutOption)
		}
	}
	if err != nil || text == "" {
		return 0, err
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || seconds <= 0 || seconds > maxTimeout {
		_, place, _ := at.Lookup(timeoutOption)
		return 0, diag.At(place, "bad-value", "%q is not a number of seconds", text).WithPath(at.Name(), timeoutOption)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// timeoutOption says how long a recipe may take, in seconds.
const (
	timeoutOption = "recipe-timeout"
	maxTimeout    = 1e7
)
