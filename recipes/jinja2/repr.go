package jinja2

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

// Str returns str(v) of Python. Undefined values are empty.
func Str(v starlark.Value) string {
	if _, ok := v.(*Undefined); ok {
		return ""
	}
	text, _ := strOf(v, math.MaxInt)
	return text
}

// Repr returns repr(v) of Python.
func Repr(v starlark.Value) string {
	p := &printer{limit: math.MaxInt}
	p.repr(v)
	return p.b.String()
}

// str is str(v) within the limits of the run.
func (r *run) str(v starlark.Value) (string, error) {
	switch v := v.(type) {
	case starlark.String:
		return string(v), nil
	case starlark.Int:
		return v.String(), nil
	case *Undefined:
		switch v.kind() {
		case Strict:
			return "", v.fail()
		case Debug:
			return v.debug(), nil
		}
		return "", nil
	case *Object:
		if m := v.attrs["__str__"]; m != nil {
			text, err := r.call(m, nil, nil)
			if err != nil {
				return "", err
			}
			return Str(text), nil
		}
	}
	text, ok := strOf(v, r.env.Limits.Output)
	if !ok {
		return "", r.room(r.env.Limits.Output + 1)
	}
	return text, nil
}

// debug is what an undefined value prints in environments of kind Debug.
func (u *Undefined) debug() string {
	switch {
	case u.hint != "":
		return "{{ undefined value printed: " + u.hint + " }}"
	case u.obj == nil:
		return "{{ " + u.name + " }}"
	}
	name := u.name
	if u.key != nil {
		name = Repr(u.key)
	}
	return "{{ no such element: " + objectName(u.obj) + "[" + literal.Quote(name) + "] }}"
}

// repr is repr(v) within the limits of the run.
func (r *run) repr(v starlark.Value) (string, error) {
	p := &printer{limit: r.env.Limits.Output}
	p.repr(v)
	if p.b.Len() > p.limit {
		return "", r.room(p.limit + 1)
	}
	return p.b.String(), nil
}

func strOf(v starlark.Value, limit int) (string, bool) {
	switch v := v.(type) {
	case starlark.String:
		return string(v), true
	case Markup:
		return string(v), true
	case *Module:
		return v.body, true
	case *IPAddress:
		return v.addr.String(), true
	case *IPNetwork:
		return v.prefix.String(), true
	case *Object:
		if s, ok := v.attrs["__str__"].(starlark.String); ok {
			return string(s), true
		}
	}
	p := &printer{limit: limit}
	p.repr(v)
	return p.b.String(), p.b.Len() <= limit
}

// printer makes reprs. It stops when the text is longer than the limit.
type printer struct {
	b     strings.Builder
	limit int
	open  []starlark.Value // containers that are being printed
}

func (p *printer) repr(v starlark.Value) {
	if p.b.Len() > p.limit {
		return
	}
	switch v := v.(type) {
	case starlark.String:
		p.b.WriteString(literal.Quote(string(v)))
	case starlark.Int:
		p.b.WriteString(v.String())
	case starlark.Bool:
		if v {
			p.b.WriteString("True")
		} else {
			p.b.WriteString("False")
		}
	case starlark.Float:
		p.b.WriteString(floatText(float64(v)))
	case starlark.Bytes:
		p.b.WriteString(literal.QuoteBytes(string(v)))
	case *Group:
		p.container(v.Tuple)
	case *starlark.Builtin:
		p.b.WriteString("<built-in function " + v.Name() + ">")
	case *Iterator, *Func, *Type, *Undefined, Markup, *Range, *Macro, *Module:
		p.b.WriteString(v.String())
	case *Loop:
		n := "?"
		if v.source != nil {
			n = strconv.Itoa(max(starlark.Len(v.source), 0))
		}
		p.b.WriteString(fmt.Sprintf("<LoopContext %d/%s>", v.index+1, n))
	case *Object:
		p.object(v)
	default:
		p.container(v)
	}
}

func (p *printer) object(o *Object) {
	if s, ok := o.attrs["__repr__"].(starlark.String); ok {
		p.b.WriteString(string(s))
		return
	}
	p.b.WriteString(o.shown)
}

// container prints what has elements, with `...` where it contains itself.
func (p *printer) container(v starlark.Value) {
	left, right := "", ""
	switch v.(type) {
	case *starlark.List:
		left, right = "[", "]"
	case starlark.Tuple:
		left, right = "(", ")"
	case *starlark.Dict:
		left, right = "{", "}"
	}
	if _, tuple := v.(starlark.Tuple); !tuple && slices.Contains(p.open, v) {
		p.b.WriteString(left + "..." + right)
		return
	}
	if len(p.open) > 1000 {
		p.b.WriteString(left + "..." + right)
		return
	}
	if _, tuple := v.(starlark.Tuple); !tuple {
		p.open = append(p.open, v)
		defer func() { p.open = p.open[:len(p.open)-1] }()
	}
	switch v := v.(type) {
	case *starlark.List:
		p.elements("[", "]", v.Len(), v.Index)
	case starlark.Tuple:
		if len(v) == 1 {
			p.elements("(", ",)", 1, v.Index)
			return
		}
		p.elements("(", ")", len(v), v.Index)
	case *starlark.Dict:
		p.dict(v)
	case *Namespace:
		p.b.WriteString("<Namespace ")
		p.dict(v.attrs)
		p.b.WriteString(">")
	case *View:
		all := v.elements()
		p.elements("dict_"+v.kind+"([", "])", len(all), func(i int) starlark.Value { return all[i] })
	case *starlark.Set:
		p.set("{", "}", "set()", v)
	case *FrozenSet:
		p.set("frozenset({", "})", "frozenset()", v.set)
	default:
		p.b.WriteString(v.String())
	}
}

func (p *printer) set(left, right, empty string, s *starlark.Set) {
	if s.Len() == 0 {
		p.b.WriteString(empty)
		return
	}
	all := setElements(s)
	p.elements(left, right, len(all), func(i int) starlark.Value { return all[i] })
}

func (p *printer) elements(left, right string, n int, at func(int) starlark.Value) {
	p.b.WriteString(left)
	for i := range n {
		if i > 0 {
			p.b.WriteString(", ")
		}
		p.repr(at(i))
		if p.b.Len() > p.limit {
			return
		}
	}
	p.b.WriteString(right)
}

func (p *printer) dict(d *starlark.Dict) {
	p.b.WriteString("{")
	first := true
	for k, v := range d.Entries() {
		if !first {
			p.b.WriteString(", ")
		}
		first = false
		p.repr(k)
		p.b.WriteString(": ")
		p.repr(v)
		if p.b.Len() > p.limit {
			return
		}
	}
	p.b.WriteString("}")
}

// floatText returns repr(f) of a float.
func floatText(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f):
		return "nan"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// escapeHTML replaces the characters that HTML gives a meaning.
func escapeHTML(s string) string {
	if !strings.ContainsAny(s, `&<>'"`) {
		return s
	}
	return htmlEscaper.Replace(s)
}

var htmlEscaper = strings.NewReplacer("&", "&amp;", ">", "&gt;", "<", "&lt;", "'", "&#39;", `"`, "&#34;")
