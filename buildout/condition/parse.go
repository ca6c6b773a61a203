package condition

import (
	"strings"

	"go.starlark.net/syntax"
)

// The parser turns a Python expression into a syntax tree of Starlark. What
// Starlark lacks or does otherwise becomes a call of a function whose name no
// program can contain: `a < b` is a call of "%<", and `a < b < c` is
//
//	(lambda l, r: "%<"(l, r) and "%<"(r, c))(a, b)
//
// Names are looked up when they are read, as in Python: `False and x` has a
// value although x is unknown.
type parser struct {
	tokens []token
	pos    int
	depth  int
	nodes  int
	err    *Error
	// loads are the names read so far that no enclosing lambda or
	// comprehension has claimed.
	loads []*syntax.ParenExpr
}

// sourceName is the file name of the trees.
var sourceName = "condition"

func position(at int) syntax.Position {
	return syntax.MakePosition(&sourceName, 1, int32(at)+1)
}

// parsePython returns the tree of the whole text; known tells the global names.
func parsePython(text string, known func(string) bool) (syntax.Expr, *Error) {
	tokens, err := tokenize(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	tree := p.starExpression()
	if t := p.peek(); p.err == nil && t.kind != tokenEnd {
		p.fail(t.at, "unexpected "+quote(t.text))
	}
	if p.err != nil {
		return nil, p.err
	}
	for _, load := range p.loads {
		if id := load.X.(*syntax.Ident); !known(id.Name) {
			load.X = p.call("undefined", int(id.NamePos.Col)-1, stringOf(id.Name))
		}
	}
	return tree, p.err
}

func (p *parser) peek() token { return p.tokens[p.pos] }

func (p *parser) next() token {
	t := p.tokens[p.pos]
	if t.kind != tokenEnd {
		p.pos++
	}
	return t
}

// fail notes the first error and moves to the end, so that every loop stops.
func (p *parser) fail(at int, why string) { p.failWith(syntaxError(at, why)) }

func (p *parser) failWith(err *Error) {
	if p.err == nil {
		p.err = err
	}
	p.pos = len(p.tokens) - 1
}

// at reports whether the next token is the operator or keyword s.
func (p *parser) at(s string) bool {
	t := p.peek()
	return t.text == s && (t.kind == tokenOperator || t.kind == tokenName)
}

func (p *parser) take(s string) bool {
	if !p.at(s) {
		return false
	}
	p.pos++
	return true
}

func (p *parser) expect(s string) {
	if t := p.peek(); !p.take(s) {
		p.fail(t.at, "expected "+quote(s))
	}
}

// enter counts nesting; the result is called on leaving.
func (p *parser) enter() func() {
	if p.depth++; p.depth > maxDepth {
		p.failWith(&Error{Offset: p.peek().at, Kind: Limit, Msg: "condition is nested too deeply"})
	}
	return func() { p.depth-- }
}

// node counts operations.
func (p *parser) node(at int) {
	if p.nodes++; p.nodes > maxNodes {
		p.failWith(&Error{Offset: at, Kind: Limit, Msg: "condition has too many operations"})
	}
}

func stringOf(s string) syntax.Expr {
	return &syntax.Literal{Token: syntax.STRING, Value: s}
}

// call returns the call of the function that does what Starlark lacks.
func (p *parser) call(function string, at int, args ...syntax.Expr) syntax.Expr {
	p.node(at)
	fn := &syntax.Ident{NamePos: position(at), Name: "%" + function}
	return &syntax.CallExpr{Fn: fn, Lparen: position(at), Args: args, Rparen: position(at)}
}

// starExpression reads the elements of a list that needs no brackets.
func (p *parser) starExpression() syntax.Expr {
	at := p.peek().at
	first := p.expression()
	if !p.at(",") {
		return first
	}
	items := []syntax.Expr{first}
	for p.take(",") && p.startsExpression() {
		items = append(items, p.expression())
	}
	return &syntax.TupleExpr{Lparen: position(at), List: items, Rparen: position(at)}
}

func (p *parser) startsExpression() bool {
	t := p.peek()
	switch t.kind {
	case tokenEnd:
		return false
	case tokenOperator:
		return strings.Contains("( [ { - + ~ ...", t.text)
	case tokenName:
		return t.text != "for" && t.text != "if" && t.text != "else" && t.text != "in"
	}
	return true
}

// expression reads a conditional expression or a lambda.
func (p *parser) expression() syntax.Expr {
	defer p.enter()()
	if p.at("lambda") {
		return p.lambda()
	}
	value := p.or()
	if t := p.peek(); p.take("if") {
		condition := p.or()
		elseAt := p.peek().at
		p.expect("else")
		other := p.expression()
		return &syntax.CondExpr{If: position(t.at), Cond: condition, True: value, ElsePos: position(elseAt), False: other}
	}
	if t := p.peek(); t.text == ":=" {
		p.failWith(&Error{Offset: t.at, Kind: Unsupported, Msg: "`:=` is not supported in conditions"})
	}
	return value
}

func (p *parser) or() syntax.Expr {
	x := p.and()
	for p.at("or") {
		at := p.next().at
		p.node(at)
		x = &syntax.BinaryExpr{X: x, OpPos: position(at), Op: syntax.OR, Y: p.and()}
	}
	return x
}

func (p *parser) and() syntax.Expr {
	x := p.not()
	for p.at("and") {
		at := p.next().at
		p.node(at)
		x = &syntax.BinaryExpr{X: x, OpPos: position(at), Op: syntax.AND, Y: p.not()}
	}
	return x
}

func (p *parser) not() syntax.Expr {
	if !p.at("not") {
		return p.comparison()
	}
	defer p.enter()()
	at := p.next().at
	return &syntax.UnaryExpr{OpPos: position(at), Op: syntax.NOT, X: p.not()}
}

// link is one operator of a chain of comparisons with its right operand.
type link struct {
	op    string
	at    int
	right syntax.Expr
}

func (p *parser) comparison() syntax.Expr {
	left := p.binary(0)
	var chain []link
	for {
		at := p.peek().at
		op := p.comparisonOperator()
		if op == "" {
			break
		}
		chain = append(chain, link{op, at, p.binary(0)})
	}
	if len(chain) > maxChain {
		p.failWith(&Error{Offset: chain[0].at, Kind: Limit, Msg: "condition has too many comparisons in a chain"})
	}
	if len(chain) == 0 || p.err != nil {
		return left
	}
	return p.chain(left, chain)
}

func (p *parser) comparisonOperator() string {
	switch {
	case p.take("in"):
		return "in"
	case p.take("is"):
		if p.take("not") {
			return "is not"
		}
		return "is"
	case p.at("not") && p.tokens[p.pos+1].text == "in":
		p.pos += 2
		return "not in"
	}
	for _, op := range []string{"<", ">", "==", ">=", "<=", "!="} {
		if p.take(op) {
			return op
		}
	}
	return ""
}

// chain makes the tree of a chain of comparisons, each operand evaluated once.
func (p *parser) chain(left syntax.Expr, links []link) syntax.Expr {
	l := links[0]
	if len(links) == 1 {
		return p.call(l.op, l.at, left, l.right)
	}
	name := func(s string) *syntax.Ident { return &syntax.Ident{NamePos: position(l.at), Name: s} }
	p.node(l.at)
	body := &syntax.BinaryExpr{
		X:     p.call(l.op, l.at, name("%l"), name("%r")),
		OpPos: position(l.at), Op: syntax.AND,
		Y: p.chain(name("%r"), links[1:]),
	}
	fn := &syntax.LambdaExpr{Lambda: position(l.at), Params: []syntax.Expr{name("%l"), name("%r")}, Body: body}
	return &syntax.CallExpr{Fn: fn, Lparen: position(l.at), Args: []syntax.Expr{left, l.right}, Rparen: position(l.at)}
}

// binaryLevels are the binary operators, the loosest first.
var binaryLevels = [][]string{{"|"}, {"^"}, {"&"}, {"<<", ">>"}, {"+", "-"}, {"*", "/", "//", "%", "@"}}

func (p *parser) binary(level int) syntax.Expr {
	if level == len(binaryLevels) {
		return p.unary()
	}
	x := p.binary(level + 1)
	for p.atAny(binaryLevels[level]) {
		t := p.next()
		x = p.call(t.text, t.at, x, p.binary(level+1))
	}
	return x
}

func (p *parser) atAny(ops []string) bool {
	for _, op := range ops {
		if p.at(op) {
			return true
		}
	}
	return false
}

func (p *parser) unary() syntax.Expr {
	defer p.enter()()
	if !p.atAny([]string{"-", "+", "~"}) {
		return p.power()
	}
	t := p.next()
	return p.call("unary"+t.text, t.at, p.unary())
}

func (p *parser) power() syntax.Expr {
	base := p.primary()
	if t := p.peek(); p.take("**") {
		return p.call("**", t.at, base, p.unary())
	}
	return base
}

// primary reads an atom with its attributes, calls and subscripts.
func (p *parser) primary() syntax.Expr {
	x := p.atom()
	for {
		t := p.peek()
		switch {
		case p.take("."):
			name := p.next()
			if name.kind != tokenName || keywords[name.text] {
				p.fail(name.at, "expected a name")
			}
			x = p.call("attribute", t.at, x, stringOf(name.text))
		case p.take("("):
			p.node(t.at)
			x = &syntax.CallExpr{Fn: x, Lparen: position(t.at), Args: p.arguments(), Rparen: position(t.at)}
		case p.take("["):
			x = p.subscript(x, t.at)
		default:
			return x
		}
	}
}

func (p *parser) subscript(x syntax.Expr, at int) syntax.Expr {
	var parts []syntax.Expr
	part := func() {
		if p.at(":") || p.at("]") {
			parts = append(parts, p.none(at))
		} else {
			parts = append(parts, p.starExpression())
		}
	}
	if p.at("]") {
		p.fail(p.peek().at, "expected an index")
	}
	part()
	for len(parts) < 3 && p.take(":") {
		part()
	}
	p.expect("]")
	if len(parts) == 1 {
		return p.call("index", at, x, parts[0])
	}
	if len(parts) == 2 {
		parts = append(parts, p.none(at))
	}
	return p.call("slice", at, x, parts[0], parts[1], parts[2])
}

func (p *parser) none(at int) syntax.Expr {
	return &syntax.Ident{NamePos: position(at), Name: "None"}
}
