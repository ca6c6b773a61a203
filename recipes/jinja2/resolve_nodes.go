package jinja2

import "gobuild/parts/literal"

// resolver gives every name of a template its place.
type resolver struct {
	t   *Template
	env *Environment
	err error
}

// resolve prepares the parsed template for rendering.
func (t *Template) resolve() error {
	r := &resolver{t: t, env: t.env}
	fn, l := newFunction(nil)
	t.root = fn
	if readIn(t.body, "self")["self"] {
		l.param("self")
	}
	collector{l}.stmts(t.body)
	l.finish()
	r.stmts(t.body, place{l: l, top: true})
	for _, b := range t.blocks {
		r.blockBody(b)
	}
	return r.err
}

// place is where a statement stands.
type place struct {
	l    *level
	top  bool // at the top of the template: assignments are exported
	soft bool // within a condition: unknown filters are errors only when reached
}

func (p place) inner(l *level) place { return place{l: l, soft: p.soft} }

func (r *resolver) blockBody(b *blockNode) {
	fn, l := newFunction(nil)
	b.fn = fn
	found := readIn(b.body, "self", "super")
	for _, name := range []string{"self", "super"} {
		if found[name] {
			l.param(name)
		}
	}
	collector{l}.stmts(b.body)
	l.finish()
	r.stmts(b.body, place{l: l})
}

func (r *resolver) name(n *nameExpr, p place) {
	if v := p.l.find(n.name); v != nil {
		n.ref = p.l.fn.ref(v)
	}
}

func (r *resolver) expr(x expr, p place) {
	switch n := x.(type) {
	case nil:
		return
	case *nameExpr:
		r.name(n, p)
	case *filterExpr:
		if r.env.tables.filters[n.name] == nil && !p.soft {
			r.unknown(n.at(), "filter", n.name)
		}
	case *testExpr:
		if r.env.tables.tests[n.name] == nil && !p.soft {
			r.unknown(n.at(), "test", n.name)
		}
	case *condExpr:
		p.soft = true
	}
	children(x, func(c expr) { r.expr(c, p) })
}

func (r *resolver) unknown(at int, what, name string) {
	if r.err == nil {
		r.err = r.t.placed(at, errorf(AssertionError, "No %s named %s.", what, literal.Quote(name)))
	}
}

func (r *resolver) stmts(list []stmt, p place) {
	for _, s := range list {
		r.stmt(s, p)
	}
}

func (r *resolver) stmt(s stmt, p place) {
	switch s := s.(type) {
	case *printStmt:
		r.expr(s.x, p)
	case *doStmt:
		r.expr(s.x, p)
	case *extendsStmt:
		if !p.top && r.err == nil {
			r.err = r.t.placed(s.at(), errorf(AssertionError, "cannot use extend from a non top-level scope"))
		}
		r.expr(s.x, p)
	case *includeStmt:
		r.expr(s.x, p)
		s.locals = p.l.locals()
	case *importStmt:
		r.expr(s.x, p)
		r.name(s.target, p)
		s.locals, s.toplevel = p.l.locals(), p.top
	case *fromStmt:
		r.expr(s.x, p)
		for _, n := range s.names {
			r.name(n.target, p)
		}
		s.locals, s.toplevel = p.l.locals(), p.top
	case *ifStmt:
		p.soft = true
		r.expr(s.test, p)
		r.stmts(s.body, p)
		for _, e := range s.elifs {
			r.stmt(e, p)
		}
		r.stmts(s.otherwise, p)
	case *forStmt:
		r.loop(s, p)
	case *setStmt:
		r.expr(s.value, p)
		r.expr(s.target, p)
		s.toplevel = p.top
	case *setBlockStmt:
		r.expr(s.target, p)
		s.toplevel = p.top
		s.inner = r.scope(p, s.body, nil, nil, s.filter)
	default:
		r.scoped(s, p)
	}
}

// scoped resolves the statements that have a level of their own.
func (r *resolver) scoped(s stmt, p place) {
	switch s := s.(type) {
	case *macroStmt:
		r.name(s.target, p)
		s.toplevel = p.top
		r.macro(s.macro, p)
	case *callStmt:
		r.expr(s.call, p)
		r.macro(s.macro, p)
	case *filterStmt:
		s.inner = r.scope(p, s.body, nil, nil, s.filter)
	case *withStmt:
		for _, x := range s.values {
			r.expr(x, p)
		}
		s.inner = r.scope(p, s.body, s.targets, nil, nil)
	case *autoescapeStmt:
		s.inner = r.scope(p, s.body, nil, s.x, nil)
	case *blockNode:
		s.level, s.toplevel = p.l, p.top
	}
}

// scope resolves a body with a level of its own, in which the targets are
// assigned first; before is read before the body and after behind it.
func (r *resolver) scope(p place, body []stmt, targets []expr, before, after expr) *level {
	l := newLevel(p.l, p.l.fn)
	c := collector{l}
	for _, x := range targets {
		c.params(x)
	}
	c.expr(before)
	c.stmts(body)
	c.expr(after)
	l.finish()
	in := p.inner(l)
	for _, x := range targets {
		r.expr(x, in)
	}
	r.expr(before, in)
	r.stmts(body, in)
	r.expr(after, in)
	return l
}

func (r *resolver) loop(s *forStmt, p place) {
	r.expr(s.iter, p)
	s.extended = s.recursive || readIn(s.body, "loop")["loop"] || hasScopedBlock(s.body)
	outer := p
	if s.recursive {
		var l *level
		s.fn, l = newFunction(p.l)
		l.finish()
		outer = p.inner(l)
	}
	l := newLevel(outer.l, outer.l.fn)
	if s.extended {
		s.loop = l.fn.ref(l.param("loop"))
	}
	c := collector{l}
	c.params(s.target)
	c.stmts(s.body)
	l.finish()
	s.inner = l
	in := outer.inner(l)
	r.expr(s.target, in)
	r.stmts(s.body, in)
	if s.otherwise != nil {
		s.elseLevel = r.scope(outer, s.otherwise, nil, nil, nil)
	}
	if s.test != nil {
		s.testLevel = r.scope(outer, nil, []expr{s.testTarget}, s.test, nil)
	}
}

// hasScopedBlock reports whether a block within body sees the loop around it.
func hasScopedBlock(body []stmt) bool {
	for _, s := range body {
		switch s := s.(type) {
		case *blockNode:
			if s.scoped || hasScopedBlock(s.body) {
				return true
			}
		case *ifStmt:
			if hasScopedBlock(s.body) || hasScopedBlock(s.otherwise) {
				return true
			}
			for _, e := range s.elifs {
				if hasScopedBlock(e.body) {
					return true
				}
			}
		case *forStmt:
			if hasScopedBlock(s.body) || hasScopedBlock(s.otherwise) {
				return true
			}
		case *withStmt:
			if hasScopedBlock(s.body) {
				return true
			}
		}
	}
	return false
}

func (r *resolver) macro(m *macroNode, p place) {
	fn, l := newFunction(p.l)
	m.fn, m.inner = fn, l
	c := collector{l}
	m.callerParam = -1
	skip := map[string]bool{}
	for i, param := range m.params {
		l.param(param.name)
		if param.name == "caller" {
			m.callerParam = i
		}
		skip[param.name] = true
	}
	for _, x := range m.defaults {
		c.expr(x)
	}
	c.stmts(m.body)
	r.specials(m, l, skip)
	l.finish()
	in := p.inner(l)
	for _, param := range m.params {
		r.name(param, in)
	}
	for _, x := range m.defaults {
		r.expr(x, in)
	}
	r.stmts(m.body, in)
}

// specials gives a macro the variables that it uses without naming them as
// parameters.
func (r *resolver) specials(m *macroNode, l *level, named map[string]bool) {
	found := readIn(m.body, "caller", "kwargs", "varargs")
	if found["caller"] {
		m.caller = true
		if i := m.callerParam; i < 0 {
			m.callerRef = l.fn.ref(l.param("caller"))
		} else if i < len(m.params)-len(m.defaults) && r.err == nil {
			r.err = r.t.placed(m.at(), errorf(AssertionError,
				`When defining macros or call blocks the special "caller" argument must be omitted or be given a default.`))
		}
	}
	if found["kwargs"] && !named["kwargs"] {
		m.kwargs, m.kwargsRef = true, l.fn.ref(l.param("kwargs"))
	}
	if found["varargs"] && !named["varargs"] {
		m.varargs, m.varargsRef = true, l.fn.ref(l.param("varargs"))
	}
}
