package jinja2

import (
	"strconv"
	"strings"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

// bracesRun formats one text with str.format.
type bracesRun struct {
	r      *run
	args   []starlark.Value
	kwargs []starlark.Tuple
	dict   starlark.Value // of format_map
	safe   bool
	next   int  // number of the next `{}`
	manual bool // a field had a number
}

// braces is format.format(*args, **kwargs).
func (f *bracesRun) format(text string, depth int) (string, error) {
	if depth < 0 {
		return "", valueErrorf("Max string recursion exceeded")
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c != '{' && c != '}':
			n := strings.IndexAny(text[i:], "{}")
			if n < 0 {
				n = len(text) - i
			}
			b.WriteString(text[i : i+n])
			i += n
		case i+1 < len(text) && text[i+1] == c:
			b.WriteByte(c)
			i += 2
		case c == '}':
			return "", valueErrorf("Single '}' encountered in format string")
		default:
			n, err := f.field(&b, text[i+1:], depth)
			if err != nil {
				return "", err
			}
			i += 1 + n
		}
		if err := f.r.room(b.Len()); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// field formats the replacement field whose `{` stands before text, and returns
// its length.
func (f *bracesRun) field(b *strings.Builder, text string, depth int) (int, error) {
	end, open := -1, 1
	for i := range len(text) {
		switch text[i] {
		case '{':
			open++
		case '}':
			open--
		}
		if open == 0 {
			end = i
			break
		}
	}
	if end < 0 {
		if text == "" {
			return 0, valueErrorf("Single '{' encountered in format string")
		}
		return 0, valueErrorf("expected '}' before end of string")
	}
	name, spec, conversion := text[:end], "", byte(0)
	if i := strings.IndexAny(name, ":!"); i >= 0 {
		name, spec = text[:i], text[i:end]
		if spec[0] == '!' {
			if len(spec) < 2 || len(spec) > 2 && spec[2] != ':' {
				return 0, valueErrorf("expected ':' after conversion specifier")
			}
			conversion, spec = spec[1], spec[2:]
		}
		spec = strings.TrimPrefix(spec, ":")
	}
	v, err := f.value(name)
	if err != nil {
		return 0, err
	}
	if v, err = f.converted(v, conversion); err != nil {
		return 0, err
	}
	if spec, err = f.format(spec, depth-1); err != nil {
		return 0, err
	}
	out, err := f.r.format(v, spec)
	if _, markup := v.(Markup); f.safe && !markup {
		out = escapeHTML(out)
	}
	b.WriteString(out)
	return end + 1, err
}

func (f *bracesRun) converted(v starlark.Value, how byte) (starlark.Value, error) {
	var text string
	var err error
	switch how {
	case 0:
		return v, nil
	case 's':
		text, err = f.r.str(v)
	case 'r':
		text, err = f.r.repr(v)
	case 'a':
		text, err = f.r.repr(v)
		text = asciiOnly(text)
	default:
		return nil, valueErrorf("Unknown conversion specifier %c", how)
	}
	return starlark.String(text), err
}

// value returns what a field name such as `0.attribute[key]` means.
func (f *bracesRun) value(name string) (starlark.Value, error) {
	first, rest := name, ""
	if i := strings.IndexAny(name, ".["); i >= 0 {
		first, rest = name[:i], name[i:]
	}
	v, err := f.first(first)
	for err == nil && rest != "" {
		var part string
		if rest[0] == '.' {
			part, rest = cutField(rest[1:])
			var found starlark.Value
			if found, err = f.r.getattr(v, part); err == nil && found == nil {
				err = errorf("AttributeError", "%s object has no attribute %s", literal.Quote(typeName(v)), literal.Quote(part))
			}
			v = found
			continue
		}
		i := strings.IndexByte(rest, ']')
		if i < 0 {
			return nil, valueErrorf("Missing ']' in format string")
		}
		part, rest = rest[1:i], rest[i+1:]
		var index starlark.Value = starlark.String(part)
		if n, convErr := strconv.Atoi(part); convErr == nil {
			index = starlark.MakeInt(n)
		}
		v, err = f.r.getitem(v, index)
		if rest != "" && rest[0] != '.' && rest[0] != '[' {
			return nil, valueErrorf("Only '.' or '[' may follow ']' in format field specifier")
		}
	}
	return v, err
}

func cutField(s string) (string, string) {
	if i := strings.IndexAny(s, ".["); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

func (f *bracesRun) first(name string) (starlark.Value, error) {
	n, err := strconv.Atoi(name)
	switch {
	case name == "":
		if f.manual {
			return nil, valueErrorf("cannot switch from manual field specification to automatic field numbering")
		}
		n = f.next
		f.next++
	case err == nil:
		if f.next > 0 {
			return nil, valueErrorf("cannot switch from automatic field numbering to manual field specification")
		}
		f.manual = true
	case f.dict != nil:
		return f.r.getitem(f.dict, starlark.String(name))
	default:
		if v, _ := pop(f.kwargs, name); v != nil {
			return v, nil
		}
		return nil, errorf("KeyError", "%s", literal.Quote(name))
	}
	if n >= len(f.args) {
		return nil, errorf("IndexError", "Replacement index %d out of range for positional args tuple", n)
	}
	return f.args[n], nil
}
