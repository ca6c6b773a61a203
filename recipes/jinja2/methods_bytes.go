package jinja2

import (
	"strings"

	"go.starlark.net/starlark"
)

// byteMethods are the methods of bytes that do the same as those of text.
func byteMethods() map[string]native {
	text := named(textMethods(), textSearches())
	all := map[string]native{}
	for _, name := range strings.Fields("split rsplit join replace find rfind index rindex count startswith endswith strip lstrip rstrip splitlines " +
		"partition rpartition center ljust rjust zfill expandtabs removeprefix removesuffix") {
		all[name] = byteMethod(text[name].fn)
	}
	for _, name := range strings.Fields("isdigit isalpha isalnum isspace isupper islower istitle isascii title capitalize swapcase") {
		all[name] = asciiMethod(name, named(textMethods(), textTests())[name].fn)
	}
	for name, change := range map[string]func(rune) rune{
		"upper": func(r rune) rune {
			if r >= 'a' && r <= 'z' {
				return r - 'a' + 'A'
			}
			return r
		},
		"lower": func(r rune) rune {
			if r >= 'A' && r <= 'Z' {
				return r - 'A' + 'a'
			}
			return r
		},
	} {
		all[name] = func(c *call) (starlark.Value, error) {
			return toBytes(starlark.String(strings.Map(change, string(widen(c.recv.(starlark.Bytes)))))), c.none()
		}
	}
	return all
}

// asciiMethod makes a method that knows the case and kind of ASCII letters only.
func asciiMethod(name string, fn native) native {
	return func(c *call) (starlark.Value, error) {
		b := c.recv.(starlark.Bytes)
		runes := make([]rune, len(b))
		for i := range len(b) {
			if runes[i] = rune(b[i]); b[i] >= 0x80 {
				runes[i] += 0xe000 // a character of no kind; toBytes takes it back
			}
		}
		v, err := fn(&call{r: c.r, name: name, recv: starlark.String(runes), args: c.args, kwargs: c.kwargs})
		if err != nil {
			return nil, err
		}
		return toBytes(v), nil
	}
}

// widen returns the text whose characters are the bytes.
func widen(b starlark.Bytes) starlark.String {
	runes := make([]rune, len(b))
	for i := range len(b) {
		runes[i] = rune(b[i])
	}
	return starlark.String(runes)
}

// toBytes takes widen back, also in lists and tuples.
func toBytes(v starlark.Value) starlark.Value {
	switch v := v.(type) {
	case starlark.String:
		var b []byte
		for _, r := range string(v) {
			b = append(b, byte(r))
		}
		return starlark.Bytes(b)
	case *starlark.List:
		var items []starlark.Value
		for x := range v.Elements() {
			items = append(items, toBytes(x))
		}
		return starlark.NewList(items)
	case starlark.Tuple:
		items := make(starlark.Tuple, len(v))
		for i, x := range v {
			items[i] = toBytes(x)
		}
		return items
	}
	return v
}

// fromBytes is widen for an argument, also in lists and tuples.
func fromBytes(v starlark.Value) (starlark.Value, error) {
	switch v := v.(type) {
	case starlark.Bytes:
		return widen(v), nil
	case starlark.String, Markup:
		return nil, typeErrorf("a bytes-like object is required, not 'str'")
	case *starlark.List:
		items := make(starlark.Tuple, 0, v.Len())
		for x := range v.Elements() {
			items = append(items, x)
		}
		return fromBytes(items)
	case starlark.Tuple:
		items := make(starlark.Tuple, len(v))
		for i, x := range v {
			y, err := fromBytes(x)
			if err != nil {
				return nil, err
			}
			items[i] = y
		}
		return items, nil
	}
	return v, nil
}

func byteMethod(fn native) native {
	return func(c *call) (starlark.Value, error) {
		inner := &call{r: c.r, name: c.name, recv: widen(c.recv.(starlark.Bytes)), kwargs: c.kwargs}
		if (c.name == "center" || c.name == "ljust" || c.name == "rjust") && len(c.args) > 1 {
			return nil, errorf(UnsupportedError, "bytes.%s with a fill character", c.name)
		}
		for _, a := range c.args {
			b, err := fromBytes(a)
			if err != nil {
				return nil, err
			}
			inner.args = append(inner.args, b)
		}
		v, err := fn(inner)
		if err != nil {
			return nil, err
		}
		return toBytes(v), nil
	}
}
