package jinja2

import (
	"slices"
	"strings"

	"gobuild/parts/literal"
)

// parser reads the statements of a template. It stops at the first error.
type parser struct {
	t      *Template
	env    *Environment
	tokens []token
	i      int
	depth  int
	// ends are the tags that the open tags wait for, outermost first.
	ends [][]string
	open []string // names of the open tags
}

// stop carries an error up to template.
type stop struct{ err error }

func (p *parser) fail(at int, format string, args ...any) {
	p.failKind(SyntaxError, at, format, args...)
}

func (p *parser) failKind(kind string, at int, format string, args ...any) {
	panic(stop{p.t.placed(at, errorf(kind, format, args...))})
}

// template reads all of a template.
func (p *parser) template(src string) (body []stmt, err error) {
	if p.tokens, err = lex(p.t, src); err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil {
			s, ok := r.(stop)
			if !ok {
				panic(r)
			}
			err = s.err
		}
	}()
	return p.statements(), nil
}

func (p *parser) peek() token { return p.tokens[p.i] }

func (p *parser) ahead(n int) token { return p.tokens[min(p.i+n, len(p.tokens)-1)] }

func (p *parser) next() token {
	t := p.tokens[p.i]
	if t.kind != tokenEOF {
		p.i++
	}
	return t
}

func (t token) isName(name string) bool { return t.kind == tokenName && t.text == name }

func (t token) isOp(op string) bool { return t.kind == tokenOperator && t.text == op }

func (p *parser) skipName(name string) bool {
	if p.peek().isName(name) {
		p.i++
		return true
	}
	return false
}

func (p *parser) skipOp(op string) bool {
	if p.peek().isOp(op) {
		p.i++
		return true
	}
	return false
}

// expected complains that the next token is not what it must be.
func (p *parser) expected(what string) {
	t := p.peek()
	if t.kind == tokenEOF {
		p.fail(t.at, "unexpected end of template, expected %s.", literal.Quote(what))
	}
	p.fail(t.at, "expected token %s, got %s", literal.Quote(what), literal.Quote(t.describe()))
}

func (p *parser) expectOp(op string) {
	if !p.skipOp(op) {
		p.expected(op)
	}
}

func (p *parser) expectWord(name string) {
	if !p.skipName(name) {
		p.expected(name)
	}
}

func (p *parser) expectName() token {
	if p.peek().kind != tokenName {
		p.expected("name")
	}
	return p.next()
}

func (p *parser) expectKind(kind tokenKind) {
	if p.peek().kind != kind {
		p.expected(kind.String())
	}
	p.i++
}

// statements reads up to one of the end tags, at whose name it stops, or up to
// the end of the template when there are none.
func (p *parser) statements(ends ...string) []stmt {
	if ends != nil {
		p.ends = append(p.ends, ends)
		defer func() { p.ends = p.ends[:len(p.ends)-1] }()
	}
	var body []stmt
	for {
		t := p.peek()
		switch t.kind {
		case tokenData:
			body = append(body, &textStmt{t.text})
			p.next()
		case tokenVariableBegin:
			p.next()
			at := p.peek().at
			body = append(body, &printStmt{pos(at), p.tuple(tupleRules{condition: true})})
			p.expectKind(tokenVariableEnd)
		case tokenBlockBegin:
			p.next()
			if name := p.peek(); name.kind == tokenName && slices.Contains(ends, name.text) {
				return body
			}
			body = append(body, p.statement()...)
			p.expectKind(tokenBlockEnd)
		default:
			if ends != nil {
				p.unknown(token{at: t.at})
			}
			return body
		}
	}
}

// body reads the rest of a tag, and what stands between it and one of the end tags.
func (p *parser) body(ends ...string) []stmt {
	p.skipOp(":")
	p.expectKind(tokenBlockEnd)
	return p.statements(ends...)
}

// bodyAndEnd is body, and skips the name of the end tag.
func (p *parser) bodyAndEnd(end string) []stmt {
	body := p.body(end)
	p.next()
	return body
}

// unknown complains about a tag that is not known here, or, when t has no name,
// about the end of the template.
func (p *parser) unknown(t token) {
	msg := "Unexpected end of template."
	if t.kind == tokenName {
		msg = "Encountered unknown tag " + literal.Quote(t.text) + "."
	}
	if n := len(p.ends); n > 0 {
		var words []string
		for _, end := range p.ends[n-1] {
			words = append(words, literal.Quote(end))
		}
		wanted := strings.Join(words, " or ")
		if t.kind == tokenName && slices.ContainsFunc(p.ends, func(e []string) bool { return slices.Contains(e, t.text) }) {
			msg += " You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for " + wanted + "."
		} else {
			msg += " Jinja was looking for the following tags: " + wanted + "."
		}
	}
	if n := len(p.open); n > 0 {
		msg += " The innermost block that needs to be closed is " + literal.Quote(p.open[n-1]) + "."
	}
	p.fail(t.at, "%s", msg)
}

// statement reads the tag whose name is next.
func (p *parser) statement() []stmt {
	defer p.deeper()()
	t := p.peek()
	if t.kind != tokenName {
		p.fail(t.at, "tag name expected")
	}
	read := p.tag(t.text)
	if read == nil {
		p.unknown(t)
	}
	p.next()
	p.open = append(p.open, t.text)
	defer func() { p.open = p.open[:len(p.open)-1] }()
	return read(pos(t.at))
}

func one(s stmt) []stmt { return []stmt{s} }

// tag returns the function that reads the tag of that name.
func (p *parser) tag(name string) func(pos) []stmt {
	switch name {
	case "for":
		return p.forTag
	case "if":
		return func(at pos) []stmt { return one(p.ifTag(at)) }
	case "block":
		return p.blockTag
	case "extends":
		return func(at pos) []stmt { return one(&extendsStmt{at, p.expression()}) }
	case "print":
		return p.printTag
	case "macro":
		return p.macroTag
	case "include":
		return p.includeTag
	case "from":
		return p.fromTag
	case "import":
		return p.importTag
	case "set":
		return p.setTag
	case "with":
		return p.withTag
	case "autoescape":
		return func(at pos) []stmt {
			s := &autoescapeStmt{pos: at, x: p.expression()}
			s.body = p.bodyAndEnd("endautoescape")
			return one(s)
		}
	case "call":
		return p.callTag
	case "filter":
		return func(at pos) []stmt {
			s := &filterStmt{pos: at, filter: p.filterChain(true)}
			s.body = p.bodyAndEnd("endfilter")
			return one(s)
		}
	}
	return p.extensionTag(name)
}

func (p *parser) extensionTag(name string) func(pos) []stmt {
	switch {
	case name == "do" && p.env.Do:
		return func(at pos) []stmt { return one(&doStmt{at, p.tuple(tupleRules{condition: true})}) }
	case name == "break" && p.env.LoopControls:
		return func(at pos) []stmt { return one(&breakStmt{at}) }
	case name == "continue" && p.env.LoopControls:
		return func(at pos) []stmt { return one(&continueStmt{at}) }
	}
	return nil
}
