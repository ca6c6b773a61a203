package jinja2

import (
	"slices"
	"strings"

	"gobuild/parts/literal"
)

func (p *parser) ifTag(at pos) *ifStmt {
	s := &ifStmt{pos: at, test: p.tuple(tupleRules{})}
	s.body = p.body("elif", "else", "endif")
	for {
		t := p.next()
		switch t.text {
		case "elif":
			e := &ifStmt{pos: pos(t.at), test: p.tuple(tupleRules{})}
			e.body = p.body("elif", "else", "endif")
			s.elifs = append(s.elifs, e)
		case "else":
			s.otherwise = p.bodyAndEnd("endif")
			return s
		default:
			return s
		}
	}
}

func (p *parser) forTag(at pos) []stmt {
	s := &forStmt{pos: at, target: p.target(tupleRules{simple: true})}
	p.expectWord("in")
	s.iter = p.tuple(tupleRules{end: "recursive"})
	if p.skipName("if") {
		s.test = p.expression()
	}
	s.recursive = p.skipName("recursive")
	s.body = p.body("endfor", "else")
	if p.next().text == "else" {
		s.otherwise = p.bodyAndEnd("endfor")
	}
	eachName(s.target, func(n *nameExpr) {
		if n.name == "loop" {
			p.failKind(AssertionError, n.at(), "Can't assign to special loop variable in for-loop target")
		}
	})
	if s.test != nil {
		s.testTarget = copyTarget(s.target)
	}
	return one(s)
}

// copyTarget returns the target again, for another level.
func copyTarget(x expr) expr {
	switch x := x.(type) {
	case *nameExpr:
		c := *x
		return &c
	case *tupleExpr:
		c := &tupleExpr{pos: x.pos}
		for _, item := range x.items {
			c.items = append(c.items, copyTarget(item))
		}
		return c
	}
	return x
}

// eachName calls f with the names that a target assigns to.
func eachName(target expr, f func(*nameExpr)) {
	switch x := target.(type) {
	case *nameExpr:
		f(x)
	case *tupleExpr:
		for _, item := range x.items {
			eachName(item, f)
		}
	}
}

// target reads what is assigned to.
func (p *parser) target(rules tupleRules) expr {
	x := p.tuple(rules)
	p.assignable(x)
	return x
}

func (p *parser) assignable(x expr) {
	kind := "getitem"
	switch x := x.(type) {
	case *nameExpr, *namespaceRef:
		return
	case *tupleExpr:
		for _, item := range x.items {
			p.assignable(item)
		}
		return
	case *constExpr:
		kind = "const"
	case *listExpr:
		kind = "list"
	case *dictExpr:
		kind = "dict"
	}
	p.fail(x.at(), "can't assign to '%s'", kind)
}

func (p *parser) namespaceTarget() expr {
	t := p.next()
	p.next()
	return &namespaceRef{pos(t.at), &nameExpr{pos: pos(t.at), name: t.text}, p.expectName().text}
}

// nameTarget reads one name that is assigned to.
func (p *parser) nameTarget() *nameExpr {
	t := p.expectName()
	n := &nameExpr{pos: pos(t.at), name: t.text}
	if slices.Contains([]string{"true", "false", "none", "True", "False", "None"}, t.text) {
		p.fail(t.at, "can't assign to 'name'")
	}
	return n
}

func (p *parser) setTag(at pos) []stmt {
	target := p.target(tupleRules{simple: true, namespace: true})
	var export []string
	eachName(target, func(n *nameExpr) { export = append(export, n.name) })
	if p.skipOp("=") {
		return one(&setStmt{pos: at, target: target, value: p.tuple(tupleRules{condition: true}), export: export})
	}
	s := &setBlockStmt{pos: at, target: target, export: export, filter: p.filterChain(false)}
	s.body = p.bodyAndEnd("endset")
	return one(s)
}

// filterChain reads filters without a value; the first `|` is there unless
// inline is set. The result is nil when there are none.
func (p *parser) filterChain(inline bool) expr {
	var x expr
	for inline || p.peek().isOp("|") {
		if !inline {
			p.next()
		}
		x = p.filter(x)
		inline = false
	}
	return x
}

func (p *parser) printTag(at pos) []stmt {
	var all []stmt
	for p.peek().kind != tokenBlockEnd {
		if len(all) > 0 {
			p.expectOp(",")
		}
		all = append(all, &printStmt{pos(p.peek().at), p.expression()})
	}
	return all
}

func (p *parser) withTag(at pos) []stmt {
	s := &withStmt{pos: at}
	for p.peek().kind != tokenBlockEnd {
		if len(s.targets) > 0 {
			p.expectOp(",")
		}
		s.targets = append(s.targets, p.target(tupleRules{simple: true}))
		p.expectOp("=")
		s.values = append(s.values, p.expression())
	}
	s.body = p.bodyAndEnd("endwith")
	return one(s)
}

func (p *parser) blockTag(at pos) []stmt {
	name := p.expectName()
	b := &blockNode{pos: at, name: name.text, t: p.t}
	b.scoped = p.skipName("scoped")
	b.required = p.skipName("required")
	if t := p.peek(); t.isOp("-") {
		p.fail(t.at, "Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an underscore instead.")
	}
	if p.t.blocks[b.name] != nil {
		p.failKind(AssertionError, name.at, "block %s defined twice", literal.Quote(b.name))
	}
	p.t.blocks[b.name] = b
	b.body = p.bodyAndEnd("endblock")
	if b.required {
		for _, s := range b.body {
			if text, ok := s.(*textStmt); !ok || strings.TrimFunc(text.text, isSpace) != "" {
				p.fail(name.at, "Required blocks can only contain comments or whitespace")
			}
		}
	}
	p.skipName(b.name)
	return one(b)
}

func (p *parser) includeTag(at pos) []stmt {
	s := &includeStmt{pos: at, x: p.expression(), withContext: true}
	if p.peek().isName("ignore") && p.ahead(1).isName("missing") {
		p.next()
		p.next()
		s.ignoreMissing = true
	}
	p.context(&s.withContext)
	return one(s)
}

// context reads `with context` or `without context`, if it is there.
func (p *parser) context(with *bool) bool {
	t := p.peek()
	if !t.isName("with") && !t.isName("without") || !p.ahead(1).isName("context") {
		return false
	}
	*with = t.text == "with"
	p.next()
	p.next()
	return true
}

func (p *parser) importTag(at pos) []stmt {
	s := &importStmt{pos: at, x: p.expression()}
	p.expectWord("as")
	s.target = p.nameTarget()
	p.context(&s.withContext)
	return one(s)
}

func (p *parser) fromTag(at pos) []stmt {
	s := &fromStmt{pos: at, x: p.expression()}
	p.expectWord("import")
	for {
		if len(s.names) > 0 {
			p.expectOp(",")
		}
		if p.peek().kind != tokenName {
			p.expected("name")
		}
		if p.context(&s.withContext) {
			break
		}
		n := p.nameTarget()
		if strings.HasPrefix(n.name, "_") {
			p.failKind(AssertionError, n.at(), "names starting with an underline can not be imported")
		}
		item := importName{n.name, n}
		if p.skipName("as") {
			item.target = p.nameTarget()
		}
		s.names = append(s.names, item)
		if p.context(&s.withContext) || !p.peek().isOp(",") {
			break
		}
	}
	return one(s)
}

// signature reads the parameters of a macro or call block.
func (p *parser) signature(m *macroNode) {
	p.expectOp("(")
	for !p.peek().isOp(")") {
		if len(m.params) > 0 {
			p.expectOp(",")
		}
		param := p.nameTarget()
		m.params = append(m.params, param)
		if p.skipOp("=") {
			m.defaults = append(m.defaults, p.expression())
		} else if len(m.defaults) > 0 {
			p.fail(param.at(), "non-default argument follows default argument")
		}
	}
	p.expectOp(")")
}

func (p *parser) macroTag(at pos) []stmt {
	target := p.nameTarget()
	m := &macroNode{pos: at, name: target.name, t: p.t}
	p.signature(m)
	m.body = p.bodyAndEnd("endmacro")
	return one(&macroStmt{pos: at, macro: m, target: target})
}

func (p *parser) callTag(at pos) []stmt {
	m := &macroNode{pos: at, t: p.t}
	if p.peek().isOp("(") {
		p.signature(m)
	}
	call, ok := p.expression().(*callExpr)
	if !ok {
		p.fail(int(at), "expected call")
	}
	m.body = p.bodyAndEnd("endcall")
	return one(&callStmt{at, call, m})
}
