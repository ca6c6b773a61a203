package jinja2

import (
	"math/big"
	"slices"
	"strconv"
	"strings"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

// maxNesting is how deep expressions and tags may be nested.
const maxNesting = 200

// expression reads an expression, with `x if y else z`.
func (p *parser) expression() expr { return p.conditional(true) }

func (p *parser) conditional(permitted bool) expr {
	defer p.deeper()()
	at := p.peek().at
	x := p.or()
	for permitted && p.skipName("if") {
		test := p.or()
		var no expr
		if p.skipName("else") {
			no = p.expression()
		}
		x = &condExpr{pos(at), test, x, no}
	}
	return x
}

// deeper guards against nesting without end.
func (p *parser) deeper() func() {
	if p.depth++; p.depth > maxNesting {
		p.fail(p.peek().at, "too many nested expressions or tags")
	}
	return func() { p.depth-- }
}

func (p *parser) or() expr {
	x := p.and()
	for p.peek().isName("or") {
		at := p.next().at
		x = &logicExpr{pos(at), true, x, p.and()}
	}
	return x
}

func (p *parser) and() expr {
	x := p.not()
	for p.peek().isName("and") {
		at := p.next().at
		x = &logicExpr{pos(at), false, x, p.not()}
	}
	return x
}

func (p *parser) not() expr {
	if p.peek().isName("not") {
		defer p.deeper()()
		return &notExpr{pos(p.next().at), p.not()}
	}
	return p.compare()
}

func (p *parser) compare() expr {
	at := p.peek().at
	first := p.sum()
	var ops []comparison
	for {
		t := p.peek()
		switch {
		case t.kind == tokenOperator && slices.Contains([]string{"==", "!=", "<", "<=", ">", ">="}, t.text):
			p.next()
			ops = append(ops, comparison{t.text, p.sum()})
		case t.isName("in"):
			p.next()
			ops = append(ops, comparison{"in", p.sum()})
		case t.isName("not") && p.ahead(1).isName("in"):
			p.next()
			p.next()
			ops = append(ops, comparison{"not in", p.sum()})
		default:
			if ops == nil {
				return first
			}
			return &compareExpr{pos(at), first, ops}
		}
	}
}

// binary reads operands that one of the operators joins, from the left.
func (p *parser) binary(operand func() expr, operators ...string) expr {
	x := operand()
	for p.peek().kind == tokenOperator && slices.Contains(operators, p.peek().text) {
		t := p.next()
		x = &binaryExpr{pos(t.at), t.text, x, operand()}
	}
	return x
}

func (p *parser) sum() expr     { return p.binary(p.concat, "+", "-") }
func (p *parser) product() expr { return p.binary(p.power, "*", "/", "//", "%") }
func (p *parser) power() expr   { return p.binary(func() expr { return p.unary(true) }, "**") }

func (p *parser) concat() expr {
	at := p.peek().at
	items := []expr{p.product()}
	for p.skipOp("~") {
		items = append(items, p.product())
	}
	if len(items) == 1 {
		return items[0]
	}
	return &concatExpr{pos(at), items}
}

func (p *parser) unary(filters bool) expr {
	var x expr
	if t := p.peek(); t.isOp("-") || t.isOp("+") {
		defer p.deeper()()
		p.next()
		x = &unaryExpr{pos(t.at), t.text, p.unary(false)}
	} else {
		x = p.primary()
	}
	x = p.postfix(x)
	if filters {
		x = p.filters(x)
	}
	return x
}

func (p *parser) primary() expr {
	t := p.next()
	switch t.kind {
	case tokenName:
		return p.nameOrConstant(t)
	case tokenString:
		text := t.text
		for p.peek().kind == tokenString {
			text += p.next().text
		}
		return &constExpr{pos(t.at), starlark.String(text)}
	case tokenInteger, tokenFloat:
		return p.numberLiteral(t)
	case tokenOperator:
		switch t.text {
		case "(":
			x := p.tuple(tupleRules{condition: true, parens: true})
			p.expectOp(")")
			return x
		case "[":
			items := p.items("]")
			return &listExpr{pos(t.at), items}
		case "{":
			return p.dict(t.at)
		}
	}
	p.fail(t.at, "unexpected %s", literal.Quote(t.describe()))
	return nil
}

func (p *parser) nameOrConstant(t token) expr {
	switch t.text {
	case "true", "True":
		return &constExpr{pos(t.at), starlark.True}
	case "false", "False":
		return &constExpr{pos(t.at), starlark.False}
	case "none", "None":
		return &constExpr{pos(t.at), starlark.None}
	}
	return &nameExpr{pos: pos(t.at), name: t.text}
}

func (p *parser) numberLiteral(t token) expr {
	text := strings.ReplaceAll(t.text, "_", "")
	if t.kind == tokenFloat {
		f, _ := strconv.ParseFloat(text, 64) // out of range is infinite, as in Python
		return &constExpr{pos(t.at), starlark.Float(f)}
	}
	n, ok := new(big.Int).SetString(text, 0)
	if !ok { // zeros only
		n = new(big.Int)
	}
	return &constExpr{pos(t.at), starlark.MakeBigInt(n)}
}

// items reads expressions up to the closing bracket.
func (p *parser) items(end string) []expr {
	var items []expr
	for !p.peek().isOp(end) {
		if len(items) > 0 {
			p.expectOp(",")
		}
		if p.peek().isOp(end) {
			break
		}
		items = append(items, p.expression())
	}
	p.expectOp(end)
	return items
}

func (p *parser) dict(at int) expr {
	d := &dictExpr{pos: pos(at)}
	for !p.peek().isOp("}") {
		if len(d.keys) > 0 {
			p.expectOp(",")
		}
		if p.peek().isOp("}") {
			break
		}
		d.keys = append(d.keys, p.expression())
		p.expectOp(":")
		d.values = append(d.values, p.expression())
	}
	p.expectOp("}")
	return d
}

// tupleRules say where a tuple without parentheses ends and what is in it.
type tupleRules struct {
	simple    bool // names and their attributes only
	condition bool // `x if y` is permitted
	parens    bool // it stands in parentheses, so it may be empty
	namespace bool // names may have attributes: targets of assignments
	end       string
}

// tuple reads expressions with commas between them; one without a comma is
// itself.
func (p *parser) tuple(rules tupleRules) expr {
	defer p.deeper()()
	at := p.peek().at
	var items []expr
	comma := false
	for {
		if len(items) > 0 {
			if !p.peek().isOp(",") {
				break
			}
			p.next()
		}
		if p.tupleEnds(rules.end) {
			break
		}
		if rules.simple {
			items = append(items, p.targetItem(rules.namespace))
		} else {
			items = append(items, p.conditional(rules.condition))
		}
		if !p.peek().isOp(",") {
			break
		}
		comma = true
	}
	if !comma {
		if len(items) > 0 {
			return items[0]
		}
		if !rules.parens {
			p.fail(p.peek().at, "Expected an expression, got %s", literal.Quote(p.peek().describe()))
		}
	}
	return &tupleExpr{pos(at), items}
}

func (p *parser) targetItem(namespace bool) expr {
	if namespace && p.peek().kind == tokenName && p.ahead(1).isOp(".") {
		return p.namespaceTarget()
	}
	return p.primary()
}

func (p *parser) tupleEnds(end string) bool {
	t := p.peek()
	return t.kind == tokenVariableEnd || t.kind == tokenBlockEnd || t.isOp(")") || end != "" && t.isName(end)
}

// postfix reads attributes, items and calls.
func (p *parser) postfix(x expr) expr {
	for {
		t := p.peek()
		switch {
		case t.isOp(".") || t.isOp("["):
			x = p.subscript(x)
		case t.isOp("("):
			x = &callExpr{pos(t.at), x, p.arguments()}
		default:
			return x
		}
	}
}

// filters reads filters, tests and calls.
func (p *parser) filters(x expr) expr {
	for {
		t := p.peek()
		switch {
		case t.isOp("|"):
			p.next()
			x = p.filter(x)
		case t.isName("is"):
			x = p.test(x)
		case t.isOp("("):
			x = &callExpr{pos(t.at), x, p.arguments()}
		default:
			return x
		}
	}
}

func (p *parser) subscript(x expr) expr {
	t := p.next()
	if t.text == "." {
		name := p.next()
		switch name.kind {
		case tokenName:
			return &attrExpr{pos(name.at), x, name.text}
		case tokenInteger:
			return &itemExpr{pos(name.at), x, p.numberLiteral(name)}
		}
		p.fail(name.at, "expected name or number")
	}
	var items []expr
	comma := false
	for !p.peek().isOp("]") {
		if len(items) > 0 {
			p.expectOp(",")
			comma = true
		}
		items = append(items, p.subscribed())
	}
	p.expectOp("]")
	if len(items) == 1 && !comma {
		return &itemExpr{pos(t.at), x, items[0]}
	}
	return &itemExpr{pos(t.at), x, &tupleExpr{pos(t.at), items}}
}

// subscribed reads an index or a slice.
func (p *parser) subscribed() expr {
	at := p.peek().at
	var parts [3]expr
	if !p.peek().isOp(":") {
		x := p.expression()
		if !p.peek().isOp(":") {
			return x
		}
		parts[0] = x
	}
	for i := 1; i < 3 && p.skipOp(":"); i++ {
		if t := p.peek(); !t.isOp(":") && !t.isOp("]") && !t.isOp(",") {
			parts[i] = p.expression()
		}
	}
	return &sliceExpr{pos(at), parts[0], parts[1], parts[2]}
}

// arguments reads the arguments of a call with its parentheses.
func (p *parser) arguments() arguments {
	var a arguments
	open := p.next()
	ensure := func(ok bool) {
		if !ok {
			p.fail(open.at, "invalid syntax for function call expression")
		}
	}
	for first := true; !p.peek().isOp(")"); first = false {
		if !first {
			p.expectOp(",")
			if p.peek().isOp(")") {
				break
			}
		}
		switch t := p.peek(); {
		case t.isOp("*"):
			ensure(a.star == nil && a.double == nil)
			p.next()
			a.star = p.expression()
		case t.isOp("**"):
			ensure(a.double == nil)
			p.next()
			a.double = p.expression()
		case t.kind == tokenName && p.ahead(1).isOp("="):
			ensure(a.double == nil)
			p.next()
			p.next()
			a.names = append(a.names, t.text)
			a.kwargs = append(a.kwargs, p.expression())
		default:
			ensure(a.star == nil && a.double == nil && len(a.kwargs) == 0)
			a.args = append(a.args, p.expression())
		}
	}
	p.expectOp(")")
	return a
}

// filter reads what follows a `|`: a name and its arguments.
func (p *parser) filter(x expr) expr {
	t := p.expectName()
	name := p.dotted(t.text)
	var a arguments
	if p.peek().isOp("(") {
		a = p.arguments()
	}
	return &filterExpr{pos(t.at), x, name, a}
}

func (p *parser) dotted(name string) string {
	for p.skipOp(".") {
		name += "." + p.expectName().text
	}
	return name
}

// test reads `is [not] name [argument]`.
func (p *parser) test(x expr) expr {
	p.next()
	t := &testExpr{x: x, not: p.skipName("not")}
	name := p.expectName()
	t.pos, t.name = pos(name.at), p.dotted(name.text)
	switch next := p.peek(); {
	case next.isOp("("):
		t.args = p.arguments()
	case next.isName("is"):
		p.fail(next.at, "You cannot chain multiple tests with is")
	case next.isName("else"), next.isName("or"), next.isName("and"):
	case next.kind == tokenName, next.kind == tokenString, next.kind == tokenInteger, next.kind == tokenFloat,
		next.isOp("["), next.isOp("{"):
		t.args.args = []expr{p.postfix(p.primary())}
	}
	return t
}
