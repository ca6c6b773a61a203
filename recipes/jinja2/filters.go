package jinja2

import (
	"maps"
	"strings"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

// builtinFilters returns the filters of Jinja2 by name.
func builtinFilters() map[string]starlark.Callable {
	all := map[string]native{}
	maps.Copy(all, textFilters())
	maps.Copy(all, listFilters())
	maps.Copy(all, numberFilters())
	maps.Copy(all, htmlFilters())
	return callables(all)
}

func callables(natives map[string]native) map[string]starlark.Callable {
	all := make(map[string]starlark.Callable, len(natives)+8)
	for name, fn := range natives {
		all[name] = newFunc(name, fn)
	}
	return all
}

func textFilters() map[string]native {
	return map[string]native{
		"capitalize": softFilter(capitalizeText),
		"lower":      softFilter(lowerText),
		"upper":      softFilter(upperText),
		"title":      softFilter(titleWords),
		"center":     filterCenter,
		"default":    filterDefault,
		"d":          filterDefault,
		"format":     filterFormat,
		"indent":     filterIndent,
		"join":       filterJoin,
		"pprint":     filterPprint,
		"replace":    filterReplace,
		"string":     func(c *call) (starlark.Value, error) { return c.soft() },
		"striptags":  filterStriptags,
		"trim":       filterTrim,
		"truncate":   filterTruncate,
		"wordcount":  filterWordcount,
		"wordwrap":   filterWordwrap,
		"urlencode":  filterUrlencode,
	}
}

// soft returns the first argument as a text: safe text stays safe.
func (c *call) soft() (starlark.Value, error) {
	if len(c.args) == 0 {
		return nil, typeErrorf("%s() missing 1 required positional argument", c.name)
	}
	return c.r.soft(c.args[0])
}

func (r *run) soft(v starlark.Value) (starlark.Value, error) {
	switch v := v.(type) {
	case starlark.String, Markup:
		return v, nil
	case *Object:
		if v.attrs["__html__"] != nil {
			return v, nil
		}
	}
	text, err := r.str(v)
	return starlark.String(text), err
}

// like returns text as a text of the kind of v.
func like(v starlark.Value, text string) starlark.Value {
	if _, ok := v.(Markup); ok {
		return Markup(text)
	}
	return starlark.String(text)
}

// softFilter makes a filter without arguments of what it does with the text.
func softFilter(f func(string) string) native {
	return func(c *call) (starlark.Value, error) {
		if _, err := c.params(1, "s"); err != nil {
			return nil, err
		}
		v, err := c.soft()
		if err != nil {
			return nil, err
		}
		text, _ := asString(v)
		return like(v, f(text)), nil
	}
}

// titleWords begins all words with a capital letter; words end at blanks,
// hyphens and opening brackets.
func titleWords(s string) string {
	var b strings.Builder
	rest := s
	isBreak := func(c rune) bool { return isSpace(c) || strings.ContainsRune("-({[<", c) }
	for rest != "" {
		i := strings.IndexFunc(rest, isBreak)
		if i < 0 {
			i = len(rest)
		}
		for n, c := range rest[:i] {
			if n == 0 {
				b.WriteString(upperText(string(c)) + lowerText(rest[len(string(c)):i]))
			}
			break
		}
		j := i
		for j < len(rest) && isBreak(rune(rest[j])) {
			j++
		}
		if j == i && i < len(rest) {
			j++
		}
		b.WriteString(rest[i:j])
		rest = rest[j:]
	}
	return b.String()
}

func filterCenter(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value", "width")
	if err != nil {
		return nil, err
	}
	width, err := c.int(p[1], 80)
	if err == nil && width > 0 {
		err = c.r.room(width)
	}
	if err != nil {
		return nil, err
	}
	v, err := c.r.soft(p[0])
	if err != nil {
		return nil, err
	}
	text, _ := asString(v)
	return like(v, justify(text, "center", width, " ")), nil
}

func filterDefault(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value", "default_value", "boolean")
	if err != nil {
		return nil, err
	}
	boolean, err := c.bool(p[2], false)
	if err != nil {
		return nil, err
	}
	_, replaced := p[0].(*Undefined)
	if !replaced && boolean {
		ok, err := c.r.truth(p[0])
		if err != nil {
			return nil, err
		}
		replaced = !ok
	}
	switch {
	case !replaced:
		return p[0], nil
	case p[1] == nil:
		return starlark.String(""), nil
	}
	return p[1], nil
}

func filterFormat(c *call) (starlark.Value, error) {
	v, err := c.soft()
	if err != nil {
		return nil, err
	}
	var values starlark.Value = starlark.Tuple(c.args[1:])
	if len(c.kwargs) > 0 {
		if len(c.args) > 1 {
			return nil, errorf("FilterArgumentError", "can't handle positional and keyword arguments at the same time")
		}
		d := starlark.NewDict(len(c.kwargs))
		if err := c.r.fillDict(d, nil, c.kwargs); err != nil {
			return nil, err
		}
		values = d
	}
	return c.r.binary("%", v, values)
}

func filterIndent(c *call) (starlark.Value, error) {
	p, err := c.params(1, "s", "width", "first", "blank")
	if err != nil {
		return nil, err
	}
	text, ok := asString(p[0])
	if !ok {
		if u, undefined := p[0].(*Undefined); undefined {
			return nil, u.fail()
		}
		return nil, typeErrorf("unsupported operand type(s) for +=: %s and 'str'", literal.Quote(typeName(p[0])))
	}
	indent, isText := "", false
	if p[1] != nil {
		indent, isText = asString(p[1])
	}
	if !isText {
		n, err := c.int(p[1], 4)
		if err == nil && n > 0 {
			err = c.r.room(n * (1 + strings.Count(text, "\n")))
		}
		if err != nil {
			return nil, err
		}
		indent = strings.Repeat(" ", max(n, 0))
	}
	first, err := c.bool(p[2], false)
	if err != nil {
		return nil, err
	}
	blank, err := c.bool(p[3], false)
	if err != nil {
		return nil, err
	}
	if err := c.r.room(len(indent) * (1 + strings.Count(text, "\n"))); err != nil {
		return nil, err
	}
	if _, safe := p[0].(Markup); safe {
		indent = escapeHTML(indent)
	}
	lines := splitLines(text+"\n", false)
	for i, line := range lines {
		if i == 0 && first || i > 0 && (blank || line != "") {
			lines[i] = indent + line
		}
	}
	return like(p[0], strings.Join(lines, "\n")), nil
}

func filterJoin(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value", "d", "attribute")
	if err != nil {
		return nil, err
	}
	var sep starlark.Value = starlark.String("")
	if p[1] != nil {
		if sep, err = c.r.soft(p[1]); err != nil {
			return nil, err
		}
	}
	items, err := c.r.list(p[0])
	if err != nil {
		return nil, err
	}
	if orNone(p[2]) != nil {
		get, err := c.r.getter(p[2], nil)
		if err != nil {
			return nil, err
		}
		for i := range items {
			if items[i], err = get(items[i]); err != nil {
				return nil, err
			}
		}
	}
	return c.r.join(sep, items)
}

// join joins the texts of items. With autoescape, the result is safe as soon as
// one of the texts is.
func (r *run) join(sep starlark.Value, items []starlark.Value) (starlark.Value, error) {
	_, safe := sep.(Markup)
	for _, item := range items {
		_, markup := item.(Markup)
		safe = safe || markup
	}
	safe = safe && r.autoescape
	var b strings.Builder
	between, _ := asString(sep)
	if _, markup := sep.(Markup); safe && !markup {
		between = escapeHTML(between)
	}
	for i, item := range items {
		if i > 0 {
			b.WriteString(between)
		}
		text, err := r.str(item)
		if err != nil {
			return nil, err
		}
		if _, markup := item.(Markup); safe && !markup {
			text = escapeHTML(text)
		}
		b.WriteString(text)
		if err := r.room(b.Len()); err != nil {
			return nil, err
		}
	}
	if safe {
		return Markup(b.String()), nil
	}
	return starlark.String(b.String()), nil
}

func filterReplace(c *call) (starlark.Value, error) {
	p, err := c.params(3, "s", "old", "new", "count")
	if err != nil {
		return nil, err
	}
	n, err := c.int(orNone(p[3]), -1)
	if err != nil {
		return nil, err
	}
	var texts [3]string
	safe := false
	for i := range texts {
		if texts[i], err = c.r.str(p[i]); err != nil {
			return nil, err
		}
		_, markup := p[i].(Markup)
		safe = safe || markup
	}
	if !c.r.autoescape || !safe {
		out, err := c.r.replaceText(texts[0], texts[1], texts[2], n)
		return starlark.String(out), err
	}
	for i := range texts {
		if _, markup := p[i].(Markup); !markup {
			texts[i] = escapeHTML(texts[i])
		}
	}
	out, err := c.r.replaceText(texts[0], texts[1], texts[2], n)
	return Markup(out), err
}

func filterStriptags(c *call) (starlark.Value, error) {
	if _, err := c.params(1, "value"); err != nil {
		return nil, err
	}
	text, err := c.r.str(c.args[0])
	return starlark.String(striptags(text)), err
}

func filterTrim(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value", "chars")
	if err != nil {
		return nil, err
	}
	chars, err := c.text(orNone(p[1]), "")
	if err != nil {
		return nil, err
	}
	v, err := c.r.soft(p[0])
	if err != nil {
		return nil, err
	}
	text, _ := asString(v)
	return like(v, strip(text, chars, orNone(p[1]) == nil, true, true)), nil
}

func filterWordcount(c *call) (starlark.Value, error) {
	v, err := c.soft()
	if err != nil {
		return nil, err
	}
	text, _ := asString(v)
	words := strings.FieldsFunc(text, func(r rune) bool { return !isWord(r) })
	return starlark.MakeInt(len(words)), nil
}
