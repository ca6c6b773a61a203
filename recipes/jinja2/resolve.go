package jinja2

import (
	"maps"
	"slices"
)

// function is what has variables of its own at run time: a template, a block,
// a macro, or the body of a recursive loop.
type function struct {
	depth int // number of functions around it
	slots int
	root  *level
}

// variable is a place for a value in an activation of fn.
type variable struct {
	fn   *function
	slot int
}

// ref says where a variable is, seen from the function that reads it.
type ref struct {
	hops int // how many functions further out
	slot int
}

// How a variable gets its first value when its level is entered.
type loadKind int

const (
	loadNothing loadKind = iota // it has none
	loadParam                   // it is set by who enters the level
	loadResolve                 // from the variables of the template
	loadAlias                   // from a variable further out
)

type load struct {
	kind  loadKind
	name  string
	outer *variable
}

// level is a stretch of a template in which an assignment is visible: all of
// it, the body of a loop, macro, block or with. It is entered and left at run
// time.
type level struct {
	parent *level
	fn     *function
	vars   map[string]*variable // by name, of all branches
	refs   map[string]*variable
	loads  map[*variable]load
	stores map[string]bool

	enter []entry
}

// entry is what entering a level does for one variable.
type entry struct {
	slot  int
	kind  loadKind
	name  string
	outer ref
}

// local is a variable that an included template sees.
type local struct {
	name string
	ref  ref
}

func newLevel(parent *level, fn *function) *level {
	return &level{parent: parent, fn: fn, vars: map[string]*variable{}, refs: map[string]*variable{},
		loads: map[*variable]load{}, stores: map[string]bool{}}
}

func newFunction(parent *level) (*function, *level) {
	fn := &function{}
	if parent != nil {
		fn.depth = parent.fn.depth + 1
	}
	fn.root = newLevel(parent, fn)
	return fn, fn.root
}

// branch returns a copy for one branch of a condition, with the same variables.
func (l *level) branch() *level {
	b := *l
	b.refs, b.loads, b.stores = maps.Clone(l.refs), maps.Clone(l.loads), maps.Clone(l.stores)
	return &b
}

func (l *level) find(name string) *variable {
	for ; l != nil; l = l.parent {
		if v := l.refs[name]; v != nil {
			return v
		}
	}
	return nil
}

func (l *level) define(name string, how load) *variable {
	v := l.vars[name]
	if v == nil {
		v = &variable{l.fn, l.fn.slots}
		l.fn.slots++
		l.vars[name] = v
	}
	l.refs[name] = v
	l.loads[v] = how
	return v
}

// read notes that name is read.
func (l *level) read(name string) {
	if l.find(name) == nil {
		l.define(name, load{kind: loadResolve, name: name})
	}
}

// assign notes that name is assigned to.
func (l *level) assign(name string) {
	l.stores[name] = true
	if l.refs[name] != nil {
		return
	}
	if outer := l.parent.find(name); outer != nil {
		l.define(name, load{kind: loadAlias, outer: outer})
		return
	}
	l.define(name, load{})
}

func (l *level) param(name string) *variable {
	l.stores[name] = true
	return l.define(name, load{kind: loadParam})
}

// merge takes over what the branches of a condition did. A name that not all of
// them assign to keeps the value that it had before.
func (l *level) merge(branches ...*level) {
	count := map[string]int{}
	for _, b := range branches {
		for name := range b.stores {
			if !l.stores[name] {
				count[name]++
			}
		}
	}
	for _, b := range branches {
		maps.Copy(l.refs, b.refs)
		maps.Copy(l.loads, b.loads)
		maps.Copy(l.stores, b.stores)
	}
	for name, n := range count {
		if n == len(branches) {
			continue
		}
		v := l.find(name)
		if outer := l.parent.find(name); outer != nil {
			l.loads[v] = load{kind: loadAlias, outer: outer}
			continue
		}
		l.loads[v] = load{kind: loadResolve, name: name}
	}
}

// finish computes what entering the level does.
func (l *level) finish() {
	names := slices.SortedFunc(maps.Keys(l.refs), func(a, b string) int { return l.refs[a].slot - l.refs[b].slot })
	for _, name := range names {
		v := l.refs[name]
		how := l.loads[v]
		e := entry{slot: v.slot, kind: how.kind, name: how.name}
		if how.kind == loadAlias {
			e.outer = l.fn.ref(how.outer)
		}
		l.enter = append(l.enter, e)
	}
}

// ref returns v as seen from fn.
func (fn *function) ref(v *variable) ref { return ref{fn.depth - v.fn.depth, v.slot} }

// locals returns all variables that are assigned to here or further out.
func (l *level) locals() []local {
	seen := map[string]bool{}
	var all []local
	for at := l; at != nil; at = at.parent {
		for _, name := range slices.Sorted(maps.Keys(at.stores)) {
			if !seen[name] {
				seen[name] = true
				all = append(all, local{name, l.fn.ref(at.find(name))})
			}
		}
	}
	return all
}

// collector notes what statements read and assign on their own level.
type collector struct{ l *level }

func (c collector) expr(x expr) {
	switch n := x.(type) {
	case nil:
	case *nameExpr:
		c.l.read(n.name)
	case *namespaceRef:
		c.l.read(n.base.name)
	default:
		children(x, c.expr)
	}
}

func (c collector) target(x expr) {
	switch n := x.(type) {
	case *nameExpr:
		c.l.assign(n.name)
	case *tupleExpr:
		for _, item := range n.items {
			c.target(item)
		}
	case *namespaceRef:
		c.l.read(n.base.name)
	}
}

func (c collector) params(x expr) {
	eachName(x, func(n *nameExpr) { c.l.param(n.name) })
}

func (c collector) stmts(list []stmt) {
	for _, s := range list {
		c.stmt(s)
	}
}

func (c collector) stmt(s stmt) {
	switch s := s.(type) {
	case *printStmt:
		c.expr(s.x)
	case *doStmt:
		c.expr(s.x)
	case *extendsStmt:
		c.expr(s.x)
	case *includeStmt:
		c.expr(s.x)
	case *importStmt:
		c.expr(s.x)
		c.l.assign(s.target.name)
	case *fromStmt:
		c.expr(s.x)
		for _, n := range s.names {
			c.l.assign(n.target.name)
		}
	case *ifStmt:
		c.branches(s)
	case *forStmt:
		c.expr(s.iter)
	case *setStmt:
		c.expr(s.value)
		c.target(s.target)
	case *setBlockStmt:
		c.target(s.target)
	case *macroStmt:
		c.l.assign(s.target.name)
	case *callStmt:
		c.expr(s.call)
	case *filterStmt:
		c.expr(s.filter)
	case *withStmt:
		for _, x := range s.values {
			c.expr(x)
		}
	}
}

func (c collector) branches(s *ifStmt) {
	c.expr(s.test)
	body, elifs, otherwise := c.l.branch(), c.l.branch(), c.l.branch()
	collector{body}.stmts(s.body)
	for _, e := range s.elifs {
		collector{elifs}.stmt(e)
	}
	collector{otherwise}.stmts(s.otherwise)
	c.l.merge(body, elifs, otherwise)
}
