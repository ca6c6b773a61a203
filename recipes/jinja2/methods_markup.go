package jinja2

import (
	"html"
	"regexp"
	"strings"

	"go.starlark.net/starlark"
)

// markupMethods are the methods that safe text has in another way than text:
// what goes in is escaped, and what comes out is safe.
func markupMethods() map[string]native {
	plain := textMethods()
	all := map[string]native{
		"join":      markupJoin,
		"format":    markupFormat,
		"unescape":  markupUnescape,
		"striptags": markupStriptags,
		"__html__":  func(c *call) (starlark.Value, error) { return c.recv, c.none() },
	}
	for _, name := range []string{"upper", "lower", "casefold", "title", "capitalize", "swapcase", "strip", "lstrip", "rstrip", "center",
		"ljust", "rjust", "zfill", "expandtabs", "replace", "split", "rsplit", "splitlines", "partition", "rpartition", "translate"} {
		all[name] = safeMethod(plain[name])
	}
	for _, name := range []string{"removeprefix", "removesuffix"} {
		all[name] = safeMethod(textSearches()[name])
	}
	return all
}

func safeMethod(fn native) native {
	return func(c *call) (starlark.Value, error) {
		inner := *c
		inner.args = make([]starlark.Value, len(c.args))
		for i, a := range c.args {
			inner.args[i] = escaped(a)
		}
		v, err := fn(&inner)
		if err != nil {
			return nil, err
		}
		return madeSafe(v), nil
	}
}

// escaped returns text that is not safe in its escaped form, else v.
func escaped(v starlark.Value) starlark.Value {
	if s, ok := v.(starlark.String); ok {
		return Markup(escapeHTML(string(s)))
	}
	return v
}

// madeSafe marks a text, or the texts of a list or tuple, as safe.
func madeSafe(v starlark.Value) starlark.Value {
	switch v := v.(type) {
	case starlark.String:
		return Markup(v)
	case *starlark.List:
		items := make([]starlark.Value, v.Len())
		for i := range items {
			items[i] = madeSafe(v.Index(i))
		}
		return starlark.NewList(items)
	case starlark.Tuple:
		items := make(starlark.Tuple, len(v))
		for i := range items {
			items[i] = madeSafe(v[i])
		}
		return items
	}
	return v
}

func markupJoin(c *call) (starlark.Value, error) {
	p, err := c.params(1, "iterable")
	if err != nil {
		return nil, err
	}
	items, err := c.r.list(p[0])
	if err != nil {
		return nil, err
	}
	for i, item := range items {
		if items[i], err = c.r.escape(item); err != nil {
			return nil, err
		}
	}
	v, err := textJoin(&call{r: c.r, name: c.name, recv: c.recv, args: []starlark.Value{starlark.NewList(items)}})
	if err != nil {
		return nil, err
	}
	return madeSafe(v), nil
}

// escape is escape(v): safe text.
func (r *run) escape(v starlark.Value) (Markup, error) {
	if m, ok := v.(Markup); ok {
		return m, nil
	}
	text, err := r.str(v)
	return Markup(escapeHTML(text)), err
}

func markupFormat(c *call) (starlark.Value, error) {
	f := &bracesRun{r: c.r, args: c.args, kwargs: c.kwargs, safe: true}
	text, err := f.format(string(c.recv.(Markup)), 2)
	return Markup(text), err
}

func markupUnescape(c *call) (starlark.Value, error) {
	return starlark.String(html.UnescapeString(string(c.recv.(Markup)))), c.none()
}

var tagPattern = regexp.MustCompile(`(?s)<!--.*?-->|<.*?>`)

func striptags(s string) string {
	s = tagPattern.ReplaceAllString(s, "")
	return html.UnescapeString(strings.Join(strings.FieldsFunc(s, isSpace), " "))
}

func markupStriptags(c *call) (starlark.Value, error) {
	return starlark.String(striptags(string(c.recv.(Markup)))), c.none()
}
