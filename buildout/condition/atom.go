package condition

import (
	"slices"

	"go.starlark.net/syntax"
)

// atom reads a name, a literal, or something in brackets.
func (p *parser) atom() syntax.Expr {
	t := p.next()
	p.node(t.at)
	switch t.kind {
	case tokenName:
		return p.name(t)
	case tokenNumber:
		return &syntax.Literal{Token: t.class, TokenPos: position(t.at), Value: t.value}
	case tokenString:
		return p.strings(t)
	case tokenOperator:
		switch t.text {
		case "(":
			return p.parenthesis(t.at)
		case "[":
			return p.list(t.at)
		case "{":
			return p.braces(t.at)
		case "...":
			p.failWith(&Error{Offset: t.at, Kind: Unsupported, Msg: "`...` is not supported in conditions"})
			return nil
		}
	}
	if t.kind == tokenEnd {
		p.fail(t.at, "unexpected end")
	} else {
		p.fail(t.at, "unexpected "+quote(t.text))
	}
	return p.none(t.at)
}

func (p *parser) name(t token) syntax.Expr {
	id := &syntax.Ident{NamePos: position(t.at), Name: t.text}
	switch {
	case t.text == "True" || t.text == "False" || t.text == "None":
		return id
	case keywords[t.text]:
		p.fail(t.at, "unexpected "+quote(t.text))
		return id
	}
	load := &syntax.ParenExpr{Lparen: id.NamePos, X: id, Rparen: id.NamePos}
	p.loads = append(p.loads, load)
	return load
}

// strings joins adjacent string literals.
func (p *parser) strings(t token) syntax.Expr {
	value := t.value.(string)
	for p.peek().kind == tokenString {
		more := p.next()
		if more.class != t.class {
			p.fail(more.at, "cannot mix bytes and nonbytes literals")
		}
		value += more.value.(string)
	}
	return &syntax.Literal{Token: t.class, TokenPos: position(t.at), Value: value}
}

// parenthesis reads what follows `(`: a tuple, a generator or an expression.
func (p *parser) parenthesis(at int) syntax.Expr {
	mark := len(p.loads)
	items, stars, comma := p.items(")")
	if p.at("for") {
		return p.call("generator", at, p.comprehension(items, mark, at, ")"))
	}
	p.expect(")")
	switch {
	case p.err != nil:
		return p.none(at)
	case slices.Contains(stars, true):
		if !comma {
			p.fail(at, "cannot use starred expression here")
		}
		return p.call("tuple", at, p.unpacked(items, stars, at))
	case comma || len(items) == 0:
		return &syntax.TupleExpr{Lparen: position(at), List: items, Rparen: position(at)}
	}
	return &syntax.ParenExpr{Lparen: position(at), X: items[0], Rparen: position(at)}
}

func (p *parser) list(at int) syntax.Expr {
	mark := len(p.loads)
	items, stars, _ := p.items("]")
	if p.at("for") {
		return p.comprehension(items, mark, at, "]")
	}
	p.expect("]")
	return p.unpacked(items, stars, at)
}

// items reads expressions up to the closing bracket or `for`.
func (p *parser) items(end string) (items []syntax.Expr, stars []bool, comma bool) {
	defer p.enter()()
	for p.err == nil && !p.at(end) && !p.at("for") {
		star := p.take("*")
		if star {
			items = append(items, p.binary(0))
		} else {
			items = append(items, p.expression())
		}
		stars = append(stars, star)
		if !p.take(",") {
			break
		}
		comma = true
	}
	if p.at("for") && (len(items) != 1 || comma || stars[0]) {
		p.fail(p.peek().at, "unexpected \"for\"")
	}
	return items, stars, comma
}

// unpacked returns the list of items, those with a star replaced by their
// elements.
func (p *parser) unpacked(items []syntax.Expr, stars []bool, at int) syntax.Expr {
	list := &syntax.ListExpr{Lbrack: position(at), List: items, Rbrack: position(at)}
	if !slices.Contains(stars, true) {
		return list
	}
	for i, star := range stars {
		mode := "item"
		if star {
			mode = "elements"
		}
		items[i] = &syntax.TupleExpr{Lparen: position(at), List: []syntax.Expr{stringOf(mode), items[i]}, Rparen: position(at)}
	}
	return p.call("unpack", at, list)
}

// braces reads what follows `{`: a set or a dictionary.
func (p *parser) braces(at int) syntax.Expr {
	defer p.enter()()
	mark := len(p.loads)
	if p.take("}") {
		return p.call("dict", at, &syntax.ListExpr{Lbrack: position(at), Rbrack: position(at)})
	}
	if p.at("**") {
		p.failWith(&Error{Offset: at, Kind: Unsupported, Msg: "`**` in a dictionary is not supported in conditions"})
	}
	function := "set"
	var items []syntax.Expr
	var stars []bool
	for p.err == nil && !p.at("}") {
		item, star, pair := p.entry(at)
		if pair {
			function = "dict"
		}
		if items = append(items, item); pair != (function == "dict") {
			p.fail(p.peek().at, "expected `:`")
		}
		stars = append(stars, star)
		if p.at("for") && len(items) == 1 && !star {
			return p.call(function, at, p.comprehension(items, mark, at, "}"))
		}
		if !p.take(",") {
			break
		}
	}
	p.expect("}")
	return p.call(function, at, p.unpacked(items, stars, at))
}

// entry reads an element of a set, or `key: value` as a tuple.
func (p *parser) entry(at int) (item syntax.Expr, star, pair bool) {
	if p.take("*") {
		return p.binary(0), true, false
	}
	item = p.expression()
	if !p.take(":") {
		return item, false, false
	}
	return &syntax.TupleExpr{Lparen: position(at), List: []syntax.Expr{item, p.expression()}, Rparen: position(at)}, false, true
}

// comprehension reads `for ... in ... if ...` up to end. mark is the number of
// loads before its body.
func (p *parser) comprehension(body []syntax.Expr, mark, at int, end string) syntax.Expr {
	c := &syntax.Comprehension{Lbrack: position(at), Rbrack: position(at)}
	var bound []string
	outer := [2]int{-1, -1} // the loads of the first operand stay outside
	for p.err == nil && !p.take(end) {
		t := p.next()
		switch t.text {
		case "for":
			vars := p.targets(&bound)
			p.expect("in")
			from := len(p.loads)
			operand := p.call("iterate", t.at, p.or())
			if outer[0] < 0 {
				outer = [2]int{from, len(p.loads)}
			}
			c.Clauses = append(c.Clauses, &syntax.ForClause{For: position(t.at), Vars: vars, In: position(t.at), X: operand})
		case "if":
			c.Clauses = append(c.Clauses, &syntax.IfClause{If: position(t.at), Cond: p.or()})
		default:
			p.fail(t.at, "unexpected "+quote(t.text))
		}
	}
	if p.err != nil {
		return p.none(at)
	}
	p.claim(bound, mark, outer)
	c.Body = body[0]
	return c
}

// targets reads the variables of a `for`.
func (p *parser) targets(bound *[]string) syntax.Expr {
	defer p.enter()()
	at := p.peek().at
	var vars []syntax.Expr
	comma := false
	for p.err == nil && !p.at("in") && !p.at(")") && !p.at("]") {
		vars = append(vars, p.target(bound))
		if !p.take(",") {
			break
		}
		comma = true
	}
	if len(vars) == 1 && !comma {
		return vars[0]
	}
	if len(vars) == 0 {
		p.fail(at, "expected a name")
	}
	return &syntax.TupleExpr{Lparen: position(at), List: vars, Rparen: position(at)}
}

func (p *parser) target(bound *[]string) syntax.Expr {
	t := p.next()
	switch {
	case t.text == "(" || t.text == "[":
		inner := p.targets(bound)
		p.expect(map[string]string{"(": ")", "[": "]"}[t.text])
		return inner
	case t.kind != tokenName || keywords[t.text]:
		p.fail(t.at, "expected a name")
	}
	*bound = append(*bound, t.text)
	return &syntax.Ident{NamePos: position(t.at), Name: t.text}
}

// claim removes the loads of bound names since mark from those that globals
// must know; those within outer are left.
func (p *parser) claim(bound []string, mark int, outer [2]int) {
	kept := p.loads[:mark:mark]
	for i, load := range p.loads[mark:] {
		i += mark
		inside := i < outer[0] || i >= outer[1]
		if !inside || !slices.Contains(bound, load.X.(*syntax.Ident).Name) {
			kept = append(kept, load)
		}
	}
	p.loads = kept
}

// lambda reads an anonymous function with plain parameters.
func (p *parser) lambda() syntax.Expr {
	at := p.next().at
	var params []syntax.Expr
	var bound []string
	for p.err == nil && !p.at(":") {
		t := p.next()
		switch {
		case t.text == "*" || t.text == "**" || t.text == "/":
			p.failWith(&Error{Offset: t.at, Kind: Unsupported, Msg: "`" + t.text + "` in a lambda is not supported in conditions"})
		case t.kind != tokenName || keywords[t.text] || slices.Contains(bound, t.text):
			p.fail(t.at, "unexpected "+quote(t.text))
		}
		bound = append(bound, t.text)
		var param syntax.Expr = &syntax.Ident{NamePos: position(t.at), Name: t.text}
		if eq := p.peek(); p.take("=") {
			param = &syntax.BinaryExpr{X: param, OpPos: position(eq.at), Op: syntax.EQ, Y: p.expression()}
		} else if _, after := last(params).(*syntax.BinaryExpr); after {
			p.fail(t.at, "non-default argument follows default argument")
		}
		params = append(params, param)
		if !p.take(",") {
			break
		}
	}
	p.expect(":")
	mark := len(p.loads)
	body := p.expression()
	p.claim(bound, mark, [2]int{-1, -1})
	return &syntax.LambdaExpr{Lambda: position(at), Params: params, Body: body}
}

func last(list []syntax.Expr) syntax.Expr {
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

// arguments reads the arguments of a call up to `)`.
func (p *parser) arguments() []syntax.Expr {
	var args []syntax.Expr
	keyword := false
	var named []string
	for p.err == nil && !p.at(")") {
		mark := len(p.loads)
		t := p.peek()
		switch {
		case p.take("*"):
			args = append(args, &syntax.UnaryExpr{OpPos: position(t.at), Op: syntax.STAR, X: p.call("iterate", t.at, p.expression())})
		case p.take("**"):
			args = append(args, &syntax.UnaryExpr{OpPos: position(t.at), Op: syntax.STARSTAR, X: p.expression()})
		case t.kind == tokenName && !keywords[t.text] && p.tokens[p.pos+1].text == "=":
			p.pos += 2
			if keyword = true; slices.Contains(named, t.text) {
				p.fail(t.at, "keyword argument repeated: "+t.text)
			}
			named = append(named, t.text)
			args = append(args, &syntax.BinaryExpr{X: &syntax.Ident{NamePos: position(t.at), Name: t.text}, OpPos: position(t.at), Op: syntax.EQ, Y: p.expression()})
		default:
			value := p.expression()
			if keyword {
				p.fail(t.at, "positional argument follows keyword argument")
			}
			if p.at("for") {
				args = append(args, p.generatorArgument(value, mark, t.at, len(args))...)
				return args
			}
			args = append(args, value)
		}
		if !p.take(",") {
			break
		}
	}
	p.expect(")")
	return args
}

// generatorArgument reads a generator that is the only argument of a call.
func (p *parser) generatorArgument(body syntax.Expr, mark, at, before int) []syntax.Expr {
	if before > 0 {
		p.fail(at, "Generator expression must be parenthesized")
		return nil
	}
	return []syntax.Expr{p.call("generator", at, p.comprehension([]syntax.Expr{body}, mark, at, ")"))}
}
