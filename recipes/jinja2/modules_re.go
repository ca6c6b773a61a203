package jinja2

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

// The flags of the module re.
const (
	reIgnoreCase = 2
	reMultiline  = 8
	reDotall     = 16
	reUnicode    = 32
	reVerbose    = 64
	reASCII      = 256
)

func reModule() *Object {
	functions := map[string]native{"escape": reEscape, "compile": func(c *call) (starlark.Value, error) {
		p, err := c.params(1, "pattern", "flags")
		if err != nil {
			return nil, err
		}
		return c.pattern(p[0], p[1])
	}}
	for _, name := range []string{"match", "search", "fullmatch", "findall", "finditer", "sub", "subn", "split"} {
		functions[name] = reFunction(name)
	}
	constants := map[string]starlark.Value{}
	for names, n := range map[string]int{"I IGNORECASE": reIgnoreCase, "M MULTILINE": reMultiline, "S DOTALL": reDotall, "U UNICODE": reUnicode,
		"X VERBOSE": reVerbose, "A ASCII": reASCII} {
		for _, name := range strings.Fields(names) {
			constants[name] = starlark.MakeInt(n)
		}
	}
	return newModule("re", functions, constants)
}

// Pattern is a compiled regular expression.
type Pattern struct {
	opaque
	source string
	flags  int
	re     *regexp.Regexp
}

// String returns the repr.
func (p *Pattern) String() string { return "re.compile(" + literal.Quote(p.source) + ")" }

// Type implements starlark.Value.
func (p *Pattern) Type() string { return "Pattern" }

// pattern compiles v, or returns it if it is compiled already.
func (c *call) pattern(v, flags starlark.Value) (*Pattern, error) {
	if p, ok := v.(*Pattern); ok {
		return p, nil
	}
	text, err := c.text(v, "")
	if err != nil {
		return nil, err
	}
	n, err := c.int(flags, 0)
	if err != nil {
		return nil, err
	}
	if n&reVerbose != 0 {
		return nil, errorf(UnsupportedError, "the flag re.VERBOSE")
	}
	t := &translator{src: text, flags: n}
	translated, err := t.translate()
	if err != nil {
		return nil, err
	}
	prefix := "(?"
	for flag, letter := range map[int]string{reIgnoreCase: "i", reMultiline: "m", reDotall: "s"} {
		if n&flag != 0 {
			prefix += letter
		}
	}
	if prefix += ")"; prefix == "(?)" {
		prefix = ""
	}
	re, err := regexp.Compile(prefix + translated)
	if err != nil {
		return nil, errorf("re.error", "%s: %v", literal.Quote(text), err)
	}
	return &Pattern{source: text, flags: n, re: re}, nil
}

// attr returns a method of the pattern, or nil.
func (p *Pattern) attr(name string) starlark.Value {
	switch name {
	case "pattern":
		return starlark.String(p.source)
	case "flags":
		return starlark.MakeInt(p.flags | reUnicode)
	case "groups":
		return starlark.MakeInt(p.re.NumSubexp())
	case "match", "search", "fullmatch", "findall", "finditer", "sub", "subn", "split":
		fn := reFunction(name)
		return newFunc(name, func(c *call) (starlark.Value, error) {
			inner := *c
			inner.args = append([]starlark.Value{p}, c.args...)
			return fn(&inner)
		})
	}
	return nil
}

func reFunction(name string) native {
	return func(c *call) (starlark.Value, error) {
		names := []string{"pattern", "string", "flags"}
		switch name {
		case "sub", "subn":
			names = []string{"pattern", "repl", "string", "count", "flags"}
		case "split":
			names = []string{"pattern", "string", "maxsplit", "flags"}
		}
		p, err := c.params(len(names)-len(names)/4-1, names...)
		if err != nil {
			return nil, err
		}
		re, err := c.pattern(p[0], p[len(p)-1])
		if err != nil {
			return nil, err
		}
		subject := p[1]
		if strings.HasPrefix(name, "sub") {
			subject = p[2]
		}
		text, ok := asString(subject)
		if !ok {
			return nil, typeErrorf("expected string or bytes-like object, got %s", literal.Quote(typeName(subject)))
		}
		if err := re.admit(text); err != nil {
			return nil, err
		}
		if err := c.r.tick(1 + len(text)); err != nil {
			return nil, err
		}
		return re.apply(c, name, text, p)
	}
}

// admit refuses texts for which the translated expression means something else.
func (p *Pattern) admit(text string) error {
	if p.flags&reMultiline == 0 && strings.HasSuffix(text, "\n") && hasDollar(p.source) {
		return errorf(UnsupportedError, "a regular expression with `$` on a text that ends with a newline")
	}
	if !isASCII(text) && strings.Contains(strings.ReplaceAll(p.source, `\\`, ""), `\b`) {
		return errorf(UnsupportedError, `a regular expression with \b on a text that is not ASCII`)
	}
	return nil
}

func hasDollar(source string) bool {
	return strings.Contains(strings.ReplaceAll(strings.ReplaceAll(source, `\\`, ""), `\$`, ""), "$")
}

func (p *Pattern) apply(c *call, name, text string, args []starlark.Value) (starlark.Value, error) {
	switch name {
	case "match", "search", "fullmatch":
		m := p.first(name, text)
		if m == nil {
			return starlark.None, nil
		}
		return &Match{p: p, text: text, at: m}, nil
	case "findall":
		var all []starlark.Value
		for _, m := range p.all(text) {
			all = append(all, found(text, m))
		}
		return starlark.NewList(all), nil
	case "finditer":
		var all []starlark.Value
		for _, m := range p.all(text) {
			all = append(all, &Match{p: p, text: text, at: m})
		}
		return &Iterator{kind: "callable_iterator", next: slicesIterator(all)}, nil
	case "split":
		n, err := c.int(args[2], 0)
		return p.split(text, n), err
	}
	n, err := c.int(args[3], 0)
	if err != nil {
		return nil, err
	}
	out, times, err := p.sub(c, args[1], text, n)
	if err != nil || name == "sub" {
		return starlark.String(out), err
	}
	return starlark.Tuple{starlark.String(out), starlark.MakeInt(times)}, nil
}

// first returns the place of the first match of that kind.
func (p *Pattern) first(name, text string) []int {
	if name == "search" {
		return p.re.FindStringSubmatchIndex(text)
	}
	end := ""
	if name == "fullmatch" {
		end = `\z`
	}
	return regexp.MustCompile(`\A(?:` + p.re.String() + `)` + end).FindStringSubmatchIndex(text)
}

// all returns the places of all matches. Unlike Go, Python finds an empty match
// right behind another match.
func (p *Pattern) all(text string) [][]int {
	var all [][]int
	for _, m := range p.re.FindAllStringSubmatchIndex(text, -1) {
		if n := len(all); n > 0 && all[n-1][1] > all[n-1][0] && all[n-1][1] < m[0] {
			if e := p.emptyAt(text, all[n-1][1]); e != nil {
				all = append(all, e)
			}
		}
		all = append(all, m)
	}
	if n := len(all); n > 0 && all[n-1][1] > all[n-1][0] {
		if e := p.emptyAt(text, all[n-1][1]); e != nil {
			all = append(all, e)
		}
	}
	return all
}

// emptyAt returns the empty match at a place, if the expression matches nothing
// else there.
func (p *Pattern) emptyAt(text string, at int) []int {
	if !p.re.MatchString("") || at < len(text) && p.re.FindStringIndex(text[at:])[1] > 0 {
		return nil
	}
	m := make([]int, 2*(p.re.NumSubexp()+1))
	for i := range m {
		m[i] = -1
	}
	m[0], m[1] = at, at
	return m
}

// found is an element of findall: the match, its group, or the tuple of its groups.
func found(text string, m []int) starlark.Value {
	var groups starlark.Tuple
	for i := 2; i < len(m); i += 2 {
		part := ""
		if m[i] >= 0 {
			part = text[m[i]:m[i+1]]
		}
		groups = append(groups, starlark.String(part))
	}
	switch len(groups) {
	case 0:
		return starlark.String(text[m[0]:m[1]])
	case 1:
		return groups[0]
	}
	return groups
}

func (p *Pattern) split(text string, limit int) starlark.Value {
	var parts []starlark.Value
	from := 0
	for i, m := range p.all(text) {
		if limit > 0 && i >= limit {
			break
		}
		parts = append(parts, starlark.String(text[from:m[0]]))
		for g := 2; g < len(m); g += 2 {
			if m[g] < 0 {
				parts = append(parts, starlark.None)
			} else {
				parts = append(parts, starlark.String(text[m[g]:m[g+1]]))
			}
		}
		from = m[1]
	}
	return starlark.NewList(append(parts, starlark.String(text[from:])))
}

func (p *Pattern) sub(c *call, repl starlark.Value, text string, limit int) (string, int, error) {
	var b strings.Builder
	from, times := 0, 0
	for _, m := range p.all(text) {
		if limit > 0 && times >= limit {
			break
		}
		match := &Match{p: p, text: text, at: m}
		b.WriteString(text[from:m[0]])
		if template, ok := asString(repl); ok {
			expanded, err := match.expand(template)
			if err != nil {
				return "", 0, err
			}
			b.WriteString(expanded)
		} else {
			v, err := c.r.call(repl, []starlark.Value{match}, nil)
			if err != nil {
				return "", 0, err
			}
			part, ok := asString(v)
			if !ok {
				return "", 0, typeErrorf("expected str instance, %s found", typeName(v))
			}
			b.WriteString(part)
		}
		if err := c.r.room(b.Len()); err != nil {
			return "", 0, err
		}
		from = m[1]
		times++
	}
	b.WriteString(text[from:])
	return b.String(), times, nil
}

func reEscape(c *call) (starlark.Value, error) {
	v, err := c.one()
	if err != nil {
		return nil, err
	}
	text, err := c.text(v, "")
	var b strings.Builder
	for _, r := range text {
		if r < utf8.RuneSelf && strings.ContainsRune("()[]{}?*+-|^$\\.&~# \t\n\r\v\f", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return starlark.String(b.String()), err
}

// groupIndex returns the number of the group that v names.
func (p *Pattern) groupIndex(v starlark.Value) (int, error) {
	i, ok := asInt(v)
	if name, isText := asString(v); isText {
		i = p.re.SubexpIndex(name)
		ok = i > 0
	}
	if !ok || i < 0 || i > p.re.NumSubexp() {
		return 0, errorf("IndexError", "no such group")
	}
	return i, nil
}

// numberIn reads the digits at the start of s.
func numberIn(s string, most int) (n, size int) {
	for size < most && size < len(s) && s[size] >= '0' && s[size] <= '9' {
		size++
	}
	n, _ = strconv.Atoi(s[:size])
	return n, size
}
