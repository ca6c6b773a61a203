package jinja2

// children calls f with the expressions that x consists of.
func children(x expr, f func(expr)) {
	each := func(list ...expr) {
		for _, x := range list {
			if x != nil {
				f(x)
			}
		}
	}
	switch x := x.(type) {
	case *tupleExpr:
		each(x.items...)
	case *listExpr:
		each(x.items...)
	case *dictExpr:
		for i := range x.keys {
			each(x.keys[i], x.values[i])
		}
	case *attrExpr:
		each(x.x)
	case *itemExpr:
		each(x.x, x.index)
	case *sliceExpr:
		each(x.from, x.to, x.step)
	case *callExpr:
		each(x.fn)
		x.args.each(f)
	case *filterExpr:
		each(x.x)
		x.args.each(f)
	case *testExpr:
		each(x.x)
		x.args.each(f)
	case *unaryExpr:
		each(x.x)
	case *notExpr:
		each(x.x)
	case *binaryExpr:
		each(x.x, x.y)
	case *logicExpr:
		each(x.x, x.y)
	case *concatExpr:
		each(x.items...)
	case *compareExpr:
		each(x.first)
		for _, c := range x.ops {
			each(c.x)
		}
	case *condExpr:
		each(x.test, x.yes, x.no)
	case *namespaceRef:
		f(x.base)
	}
}

func (a *arguments) each(f func(expr)) {
	for _, x := range a.args {
		f(x)
	}
	for _, x := range a.kwargs {
		f(x)
	}
	if a.star != nil {
		f(a.star)
	}
	if a.double != nil {
		f(a.double)
	}
}

// used finds which of some names are read before anything assigns to them.
type used struct {
	wanted   map[string]bool
	assigned map[string]bool
	found    map[string]bool
}

// readIn returns those of names that body reads without assigning to them
// first. Blocks within it are left out.
func readIn(body []stmt, names ...string) map[string]bool {
	u := &used{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	for _, n := range names {
		u.wanted[n] = true
	}
	u.stmts(body)
	return u.found
}

func (u *used) expr(x expr) {
	if x == nil {
		return
	}
	if n, ok := x.(*nameExpr); ok {
		if u.wanted[n.name] && !u.assigned[n.name] {
			u.found[n.name] = true
		}
		return
	}
	if n, ok := x.(*namespaceRef); ok {
		u.expr(n.base)
		return
	}
	children(x, u.expr)
}

func (u *used) target(x expr) {
	eachName(x, func(n *nameExpr) { u.assigned[n.name] = true })
}

func (u *used) stmts(list []stmt) {
	for _, s := range list {
		u.stmt(s)
	}
}

func (u *used) stmt(s stmt) {
	switch s := s.(type) {
	case *printStmt:
		u.expr(s.x)
	case *doStmt:
		u.expr(s.x)
	case *extendsStmt:
		u.expr(s.x)
	case *includeStmt:
		u.expr(s.x)
	case *importStmt:
		u.expr(s.x)
	case *fromStmt:
		u.expr(s.x)
	case *ifStmt:
		u.expr(s.test)
		u.stmts(s.body)
		for _, e := range s.elifs {
			u.stmt(e)
		}
		u.stmts(s.otherwise)
	case *forStmt:
		u.target(s.target)
		u.expr(s.iter)
		u.stmts(s.body)
		u.stmts(s.otherwise)
		u.expr(s.test)
	case *setStmt:
		u.target(s.target)
		u.expr(s.value)
	case *setBlockStmt:
		u.target(s.target)
		u.expr(s.filter)
		u.stmts(s.body)
	case *macroStmt:
		u.macro(s.macro)
	case *callStmt:
		u.expr(s.call)
		u.macro(s.macro)
	case *filterStmt:
		u.stmts(s.body)
		u.expr(s.filter)
	case *withStmt:
		for i := range s.targets {
			u.target(s.targets[i])
			u.expr(s.values[i])
		}
		u.stmts(s.body)
	case *autoescapeStmt:
		u.expr(s.x)
		u.stmts(s.body)
	}
}

func (u *used) macro(m *macroNode) {
	for _, param := range m.params {
		u.assigned[param.name] = true
	}
	for _, x := range m.defaults {
		u.expr(x)
	}
	u.stmts(m.body)
}
