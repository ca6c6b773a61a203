package jinja2

import (
	"context"
	"errors"
	"maps"

	"go.starlark.net/starlark"
)

// run is one rendering: what it may still use up, and the state that all its
// activations share.
type run struct {
	ctx        context.Context
	env        *Environment
	tables     *tables
	thread     *starlark.Thread
	steps      int // left
	depth      int
	autoescape bool // of the place that is being rendered
	modules    map[*Template]*Module
	random     *randomSource
}

// runKey is where a run keeps itself in its Starlark thread.
const runKey = "jinja2.run"

func newRun(ctx context.Context, env *Environment) *run {
	r := &run{ctx: ctx, env: env, tables: env.setup(), steps: env.Limits.Steps, autoescape: env.Autoescape}
	r.thread = &starlark.Thread{Name: "jinja2"}
	r.thread.SetLocal(runKey, r)
	return r
}

// guard calls f. Errors that are not from the template, such as a done context,
// are made errors of this package.
func (r *run) guard(f func() error) error {
	if err := r.tick(0); err != nil {
		return err
	}
	err := f()
	if errors.Is(err, errBreak) || errors.Is(err, errContinue) {
		return errorf(SyntaxError, "'break' outside loop")
	}
	return err
}

// tick spends n steps. It notices a done context every so often.
func (r *run) tick(n int) error {
	before := r.steps
	r.steps -= n
	if r.steps < 0 || n < 0 {
		return errorf(LimitError, "the template takes more than %d steps", r.env.Limits.Steps)
	}
	if before>>10 != r.steps>>10 || n == 0 {
		if err := r.ctx.Err(); err != nil {
			return &Error{Kind: CancelledError, Msg: err.Error(), Err: err}
		}
	}
	return nil
}

// room reports as error that a text of n bytes would be too long.
func (r *run) room(n int) error {
	if n > r.env.Limits.Output || n < 0 {
		return errorf(LimitError, "the template makes a text of more than %d bytes", r.env.Limits.Output)
	}
	return nil
}

// enter counts one more nested call. leave takes it back.
func (r *run) enter() error {
	if r.depth++; r.depth > r.env.Limits.Depth {
		return errorf("RecursionError", "maximum recursion depth exceeded")
	}
	return r.tick(1)
}

func (r *run) leave() { r.depth-- }

// output collects the text that is rendered.
type output struct {
	run *run
	buf []byte
}

func (o *output) write(text string) error {
	if len(o.buf)+len(text) > o.run.env.Limits.Output {
		return o.run.room(len(o.buf) + len(text))
	}
	o.buf = append(o.buf, text...)
	return nil
}

// scope is what Jinja2 calls the context: the variables of a template as they
// are seen by name, and its blocks.
type scope struct {
	r        *run
	t        *Template
	parent   map[string]starlark.Value // given variables; not changed
	vars     map[string]starlark.Value // assigned at top level
	exported map[string]bool
	blocks   map[string][]*blockNode // of the child template first
	extends  *Template
}

func newScope(r *run, t *Template, parent map[string]starlark.Value) *scope {
	sc := &scope{r: r, t: t, parent: parent, vars: map[string]starlark.Value{}, exported: map[string]bool{}, blocks: map[string][]*blockNode{}}
	sc.addBlocks(t)
	return sc
}

func (sc *scope) addBlocks(t *Template) {
	for name, b := range t.blocks {
		sc.blocks[name] = append(sc.blocks[name], b)
	}
}

// lookup returns the variable of that name, or nil.
func (sc *scope) lookup(name string) starlark.Value {
	if v, ok := sc.vars[name]; ok {
		return v
	}
	if v, ok := sc.parent[name]; ok {
		return v
	}
	return sc.r.tables.globals[name]
}

// derive returns the variables of sc as seen from f, for another template.
func (sc *scope) derive(f *frame, locals []local) map[string]starlark.Value {
	all := make(map[string]starlark.Value, len(sc.parent)+len(sc.vars)+len(locals))
	maps.Copy(all, sc.parent)
	maps.Copy(all, sc.vars)
	for _, l := range locals {
		if v := f.get(l.ref); v != nil {
			all[l.name] = v
		}
	}
	return all
}

// frame is an activation of a function.
type frame struct {
	r     *run
	sc    *scope
	t     *Template // in which the function stands
	slots []starlark.Value
	up    *frame
	out   *output
	check bool // text is dropped once the template extends another
}

func (f *frame) get(at ref) starlark.Value {
	for h := at.hops; h > 0; h-- {
		f = f.up
	}
	return f.slots[at.slot]
}

func (f *frame) set(at ref, v starlark.Value) {
	for h := at.hops; h > 0; h-- {
		f = f.up
	}
	f.slots[at.slot] = v
}

// enter gives the variables of l their first values.
func (f *frame) enter(l *level) {
	for i := range l.enter {
		switch e := &l.enter[i]; e.kind {
		case loadParam:
		case loadResolve:
			f.slots[e.slot] = f.sc.lookup(e.name)
		case loadAlias:
			f.slots[e.slot] = f.get(e.outer)
		default:
			f.slots[e.slot] = nil
		}
	}
}

// leave takes the values of the variables of l away.
func (f *frame) leave(l *level) {
	for i := range l.enter {
		f.slots[l.enter[i].slot] = nil
	}
}

// silent reports whether text of f is dropped.
func (f *frame) silent() bool { return f.check && f.sc.extends != nil }

// call returns a new activation of fn within f.
func (f *frame) activate(fn *function, out *output) *frame {
	return &frame{r: f.r, sc: f.sc, t: f.t, slots: make([]starlark.Value, fn.slots), up: f, out: out}
}

// renderRoot renders the template and those that it extends.
func (t *Template) renderRoot(sc *scope, out *output) error {
	r := sc.r
	escape := r.autoescape
	r.autoescape = t.env.Autoescape
	defer func() { r.autoescape = escape }()
	for n := 0; ; n++ {
		if n > r.env.Limits.Depth {
			return errorf("RecursionError", "templates extend each other without end")
		}
		sc.extends = nil
		f := &frame{r: r, sc: sc, t: t, slots: make([]starlark.Value, t.root.slots), out: out, check: true}
		if v := t.root.root.vars["self"]; v != nil {
			f.slots[v.slot] = &selfValue{sc}
		}
		f.enter(t.root.root)
		if err := f.exec(t.body); err != nil {
			return err
		}
		if sc.extends == nil {
			return nil
		}
		t = sc.extends
	}
}

// module renders the template for what it exports.
func (t *Template) module(sc *scope) (*Module, error) {
	if err := sc.r.enter(); err != nil {
		return nil, err
	}
	defer sc.r.leave()
	out := &output{run: sc.r}
	if err := t.renderRoot(sc, out); err != nil {
		return nil, err
	}
	m := &Module{name: t.name, body: string(out.buf), attrs: map[string]starlark.Value{}}
	for name := range sc.exported {
		m.attrs[name] = sc.vars[name]
	}
	return m, nil
}
