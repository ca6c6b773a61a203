package jinja2

import (
	"errors"
	"strings"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

func (b *blockNode) exec(f *frame) error {
	if f.silent() {
		return nil
	}
	chain := f.sc.blocks[b.name]
	sc := f.sc
	if b.scoped {
		derived := *sc
		derived.parent = sc.derive(f, b.level.locals())
		derived.vars = map[string]starlark.Value{}
		sc = &derived
	}
	return renderBlock(sc, chain, 0, f.out)
}

// renderBlock renders the block of that index in the chain of blocks of one name.
func renderBlock(sc *scope, chain []*blockNode, index int, out *output) error {
	b := chain[index]
	if b.required {
		return b.t.placed(b.at(), errorf(RuntimeError, "Required block %s not found", literal.Quote(b.name)))
	}
	if err := sc.r.enter(); err != nil {
		return b.t.placed(b.at(), err)
	}
	defer sc.r.leave()
	f := &frame{r: sc.r, sc: sc, t: b.t, slots: make([]starlark.Value, b.fn.slots), out: out}
	l := b.fn.root
	if v := l.vars["self"]; v != nil {
		f.slots[v.slot] = &selfValue{sc}
	}
	if v := l.vars["super"]; v != nil {
		f.slots[v.slot] = superOf(sc, chain, index)
	}
	f.enter(l)
	escape := sc.r.autoescape
	sc.r.autoescape = b.t.env.Autoescape
	defer func() { sc.r.autoescape = escape }()
	if err := f.exec(b.body); err != nil {
		return b.t.entered("block "+b.name, b.at(), err)
	}
	return nil
}

// superOf returns what `super` is in the block of that index.
func superOf(sc *scope, chain []*blockNode, index int) starlark.Value {
	if index+1 < len(chain) {
		return &blockValue{sc, chain, index + 1}
	}
	return &Undefined{r: sc.r, hint: "there is no parent block called " + literal.Quote(chain[index].name) + ".", name: "super"}
}

func (s *extendsStmt) exec(f *frame) error {
	if f.sc.extends != nil {
		return f.t.placed(s.at(), errorf(RuntimeError, "extended multiple times"))
	}
	v, err := s.x.eval(f)
	if err != nil {
		return f.t.placed(s.at(), err)
	}
	t, err := f.r.template(v)
	if err != nil {
		return f.t.placed(s.at(), err)
	}
	f.sc.extends = t
	f.sc.addBlocks(t)
	return nil
}

// template returns the template that v names or is.
func (r *run) template(v starlark.Value) (*Template, error) {
	switch v := v.(type) {
	case *TemplateValue:
		return v.Template, nil
	case *Undefined:
		return nil, v.fail()
	}
	name, ok := asString(v)
	if !ok {
		return nil, errorf(NotFoundError, "%s", Str(v))
	}
	return r.env.load(name)
}

// choose returns the first template of a list of names that exists.
func (r *run) choose(v starlark.Value) (*Template, error) {
	if _, ok := asString(v); ok {
		return r.template(v)
	}
	switch v.(type) {
	case *TemplateValue, *Undefined:
		return r.template(v)
	}
	names, err := r.list(v)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errorf(notFoundAny, "Tried to select from an empty list of templates.")
	}
	var tried []string
	for _, name := range names {
		t, err := r.template(name)
		if err == nil || kindOf(err) != NotFoundError {
			return t, err
		}
		tried = append(tried, Str(name))
	}
	return nil, errorf(notFoundAny, "none of the templates given were found: %s", strings.Join(tried, ", "))
}

func (s *includeStmt) exec(f *frame) error {
	v, err := s.x.eval(f)
	if err != nil {
		return f.t.placed(s.at(), err)
	}
	t, err := f.r.choose(v)
	if err != nil {
		if e, ok := errors.AsType[*Error](err); ok && (e.Kind == NotFoundError || e.Kind == notFoundAny) && s.ignoreMissing && e.Template == "" {
			return nil
		}
		return f.t.placed(s.at(), err)
	}
	if err := f.r.enter(); err != nil {
		return f.t.placed(s.at(), err)
	}
	defer f.r.leave()
	if !s.withContext {
		m, err := f.r.defaultModule(t)
		if err != nil {
			return f.t.entered("include "+t.name, s.at(), err)
		}
		return f.out.write(m.body)
	}
	sc := newScope(f.r, t, f.sc.derive(f, s.locals))
	if err := t.renderRoot(sc, f.out); err != nil {
		return f.t.entered("include "+t.name, s.at(), err)
	}
	return nil
}

// defaultModule returns what t exports when it is given no variables.
func (r *run) defaultModule(t *Template) (*Module, error) {
	if m := r.modules[t]; m != nil {
		return m, nil
	}
	m, err := t.module(newScope(r, t, nil))
	if err != nil {
		return nil, err
	}
	if r.modules == nil {
		r.modules = map[*Template]*Module{}
	}
	r.modules[t] = m
	return m, nil
}

// imported returns the module of the template that x names.
func (f *frame) imported(at int, x expr, withContext bool, locals []local) (*Module, error) {
	v, err := x.eval(f)
	if err != nil {
		return nil, f.t.placed(at, err)
	}
	t, err := f.r.template(v)
	if err != nil {
		return nil, f.t.placed(at, err)
	}
	var m *Module
	if withContext {
		m, err = t.module(newScope(f.r, t, f.sc.derive(f, locals)))
	} else {
		m, err = f.r.defaultModule(t)
	}
	if err != nil {
		return nil, f.t.entered("import "+t.name, at, err)
	}
	return m, nil
}

func (s *importStmt) exec(f *frame) error {
	m, err := f.imported(s.at(), s.x, s.withContext, s.locals)
	if err != nil {
		return f.t.placed(s.at(), err)
	}
	f.bind(s.target, m, s.toplevel)
	return nil
}

// bind assigns an imported value, which is not exported again.
func (f *frame) bind(target *nameExpr, v starlark.Value, toplevel bool) {
	f.set(target.ref, v)
	if toplevel {
		f.sc.vars[target.name] = v
		delete(f.sc.exported, target.name)
	}
}

func (s *fromStmt) exec(f *frame) error {
	m, err := f.imported(s.at(), s.x, s.withContext, s.locals)
	if err != nil {
		return f.t.placed(s.at(), err)
	}
	for _, n := range s.names {
		v := m.attrs[n.name]
		if v == nil {
			line, _ := lineColumn(f.t.source.Text, s.at())
			v = &Undefined{r: f.r, name: n.name, hint: errorf("", "the template %s (imported on line %d in %s) does not export the requested name %s",
				literal.Quote(m.name), line, literal.Quote(f.t.name), literal.Quote(n.name)).Msg}
		}
		f.bind(n.target, v, s.toplevel)
	}
	return nil
}
