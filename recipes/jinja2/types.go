package jinja2

import (
	"fmt"
	"strings"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

// ofType returns the test whether the type of a value has that name.
func ofType(names ...string) func(starlark.Value) bool {
	return func(v starlark.Value) bool {
		name := typeName(v)
		for _, n := range names {
			if n == name {
				return true
			}
		}
		return false
	}
}

// pythonTypes returns the types of Python by name.
func pythonTypes() map[string]*Type {
	all := map[string]*Type{}
	add := func(name string, fn native, also ...string) *Type {
		t := &Type{name: name, fn: fn, is: ofType(append(also, name)...), attrs: map[string]starlark.Value{}}
		all[name] = t
		return t
	}
	add("bool", typeBool)
	add("bytes", typeBytes)
	add("complex", func(*call) (starlark.Value, error) { return nil, errorf(UnsupportedError, "complex numbers") })
	add("dict", typeDict).attrs["fromkeys"] = newFunc("fromkeys", dictFromkeys)
	add("enumerate", typeEnumerate)
	add("filter", typeFilter)
	add("float", typeFloat)
	add("frozenset", typeFrozenset)
	add("int", typeInt, "bool")
	add("list", typeList)
	add("map", typeMap)
	add("range", typeRange)
	add("reversed", typeReversed)
	add("set", typeSet)
	add("str", typeStr, "Markup")
	add("tuple", typeTuple)
	add("zip", typeZip)
	add("type", typeType)
	all["str"].attrs["maketrans"] = newFunc("maketrans", strMaketrans)
	return all
}

// typeOf returns the type of v.
func typeOf(v starlark.Value) starlark.Value {
	name := typeName(v)
	if t := pythonTypes()[name]; t != nil {
		return t
	}
	return &Type{name: name, is: ofType(name), fn: func(*call) (starlark.Value, error) {
		return nil, typeErrorf("cannot create %s instances", literal.Quote(name))
	}}
}

func typeType(c *call) (starlark.Value, error) {
	v, err := c.one()
	if err != nil {
		return nil, err
	}
	return typeOf(v), nil
}

// typeAttr returns an attribute of a type: its name, a function of its own, or
// a method that takes the object as first argument.
func (r *run) typeAttr(t *Type, name string) starlark.Value {
	if name == "__name__" {
		return starlark.String(t.name)
	}
	if v := t.attrs[name]; v != nil {
		return v
	}
	m := r.tables.methods
	methods := map[string]map[string]*Func{"str": m.str, "list": m.list, "dict": m.dict, "tuple": m.tuple, "set": m.set,
		"frozenset": m.frozenset, "int": m.int, "float": m.float, "bytes": m.bytes}[t.name]
	fn := methods[name]
	if fn == nil {
		return nil
	}
	return newFunc(name, func(c *call) (starlark.Value, error) {
		if len(c.args) == 0 || !t.is(c.args[0]) {
			return nil, typeErrorf("unbound method %s.%s() needs an argument", t.name, name)
		}
		return fn.fn(&call{c.r, name, c.args[0], c.args[1:], c.kwargs})
	})
}

func typeBool(c *call) (starlark.Value, error) {
	p, err := c.params(0, "x")
	if err != nil || p[0] == nil {
		return starlark.False, err
	}
	ok, err := c.r.truth(p[0])
	return starlark.Bool(ok), err
}

func typeBytes(c *call) (starlark.Value, error) {
	p, err := c.params(0, "source", "encoding", "errors")
	if err != nil || p[0] == nil {
		return starlark.Bytes(""), err
	}
	switch v := number(p[0]).(type) {
	case starlark.Bytes:
		return v, nil
	case starlark.String, Markup:
		if p[1] == nil {
			return nil, typeErrorf("string argument without an encoding")
		}
		inner := &call{r: c.r, name: "encode", recv: p[0], args: []starlark.Value{p[1]}}
		return textEncode(inner)
	case starlark.Int:
		n, err := c.int(v, 0)
		if err == nil {
			err = c.r.room(n)
		}
		if err != nil {
			return nil, err
		}
		return starlark.Bytes(strings.Repeat("\x00", n)), nil
	}
	items, err := c.r.list(p[0])
	if err != nil {
		return nil, err
	}
	b := make([]byte, len(items))
	for i, item := range items {
		n, err := c.int(item, 0)
		if err != nil {
			return nil, err
		}
		if n < 0 || n > 255 {
			return nil, valueErrorf("bytes must be in range(0, 256)")
		}
		b[i] = byte(n)
	}
	return starlark.Bytes(b), nil
}

func typeDict(c *call) (starlark.Value, error) {
	if len(c.args) > 1 {
		return nil, typeErrorf("dict expected at most 1 argument, got %d", len(c.args))
	}
	d := starlark.NewDict(len(c.kwargs))
	return d, c.r.fillDict(d, c.args, c.kwargs)
}

func dictFromkeys(c *call) (starlark.Value, error) {
	p, err := c.params(1, "iterable", "value")
	if err != nil {
		return nil, err
	}
	var v starlark.Value = starlark.None
	if p[1] != nil {
		v = p[1]
	}
	keys, err := c.r.list(p[0])
	if err != nil {
		return nil, err
	}
	d := starlark.NewDict(len(keys))
	for _, k := range keys {
		if err := c.r.setKey(d, k, v); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func typeEnumerate(c *call) (starlark.Value, error) {
	p, err := c.params(1, "iterable", "start")
	if err != nil {
		return nil, err
	}
	i := starlark.MakeInt(0)
	if p[1] != nil {
		if i, err = c.integer(p[1]); err != nil {
			return nil, err
		}
	}
	next, err := c.r.iterate(p[0])
	return &Iterator{kind: "enumerate", next: func() (starlark.Value, error) {
		v, err := next()
		if v == nil || err != nil {
			return nil, err
		}
		pair := starlark.Tuple{i, v}
		i = i.Add(starlark.MakeInt(1))
		return pair, nil
	}}, err
}

func typeFilter(c *call) (starlark.Value, error) {
	p, err := c.params(2, "function", "iterable")
	if err != nil {
		return nil, err
	}
	next, err := c.r.iterate(p[1])
	return &Iterator{kind: "filter", next: func() (starlark.Value, error) {
		for {
			v, err := next()
			if v == nil || err != nil {
				return nil, err
			}
			kept := v
			if p[0] != starlark.None {
				if kept, err = c.r.call(p[0], []starlark.Value{v}, nil); err != nil {
					return nil, err
				}
			}
			ok, err := c.r.truth(kept)
			if err == nil {
				err = c.r.tick(1)
			}
			if err != nil || ok {
				return v, err
			}
		}
	}}, err
}

func typeFloat(c *call) (starlark.Value, error) {
	p, err := c.params(0, "x")
	if err != nil || p[0] == nil {
		return starlark.Float(0), err
	}
	return c.r.toFloat(p[0])
}

func typeInt(c *call) (starlark.Value, error) {
	p, err := c.params(0, "x", "base")
	if err != nil || p[0] == nil {
		return starlark.MakeInt(0), err
	}
	base, err := c.int(p[1], 10)
	if err != nil {
		return nil, err
	}
	return c.r.toInt(p[0], base, p[1] != nil)
}

func typeList(c *call) (starlark.Value, error) {
	p, err := c.params(0, "iterable")
	if err != nil || p[0] == nil {
		return starlark.NewList(nil), err
	}
	items, err := c.r.list(p[0])
	return starlark.NewList(items), err
}

func typeTuple(c *call) (starlark.Value, error) {
	p, err := c.params(0, "iterable")
	if err != nil || p[0] == nil {
		return starlark.Tuple{}, err
	}
	items, err := c.r.list(p[0])
	return starlark.Tuple(items), err
}

// newSetArgument returns the set of the elements of the argument, if there is one.
func (c *call) newSetArgument() (*starlark.Set, error) {
	p, err := c.params(0, "iterable")
	if err != nil {
		return nil, err
	}
	if p[0] == nil {
		return starlark.NewSet(0), nil
	}
	return c.r.newSetOf(p[0])
}

func typeSet(c *call) (starlark.Value, error) {
	s, err := c.newSetArgument()
	if err != nil {
		return nil, err
	}
	return s, nil
}

func typeFrozenset(c *call) (starlark.Value, error) {
	s, err := c.newSetArgument()
	return &FrozenSet{s}, err
}

// together returns the next element of each of the iterators, or nil when one
// of them has ended.
func together(all []iterator) ([]starlark.Value, error) {
	items := make([]starlark.Value, len(all))
	for i, next := range all {
		v, err := next()
		if v == nil || err != nil {
			return nil, err
		}
		items[i] = v
	}
	return items, nil
}

func (r *run) iterators(values []starlark.Value) ([]iterator, error) {
	var all []iterator
	for _, v := range values {
		next, err := r.iterate(v)
		if err != nil {
			return nil, err
		}
		all = append(all, next)
	}
	return all, nil
}

func typeMap(c *call) (starlark.Value, error) {
	if len(c.args) < 2 {
		return nil, typeErrorf("map() must have at least two arguments.")
	}
	all, err := c.r.iterators(c.args[1:])
	return &Iterator{kind: "map", next: func() (starlark.Value, error) {
		items, err := together(all)
		if items == nil || err != nil {
			return nil, err
		}
		return c.r.call(c.args[0], items, nil)
	}}, err
}

func typeZip(c *call) (starlark.Value, error) {
	_, rest := pop(c.kwargs, "strict")
	if len(rest) > 0 {
		return nil, typeErrorf("zip() got an unexpected keyword argument %s", Repr(rest[0][0]))
	}
	all, err := c.r.iterators(c.args)
	return &Iterator{kind: "zip", next: func() (starlark.Value, error) {
		if len(all) == 0 {
			return nil, nil
		}
		items, err := together(all)
		if items == nil || err != nil {
			return nil, err
		}
		return starlark.Tuple(items), nil
	}}, err
}

func typeRange(c *call) (starlark.Value, error) {
	if len(c.args) == 0 || len(c.args) > 3 || len(c.kwargs) > 0 {
		return nil, typeErrorf("range expected 1 to 3 arguments, got %d", len(c.args))
	}
	n := [3]starlark.Int{starlark.MakeInt(0), starlark.MakeInt(0), starlark.MakeInt(1)}
	for i, a := range c.args {
		v, err := c.integer(a)
		if err != nil {
			return nil, err
		}
		n[i] = v
	}
	if len(c.args) == 1 {
		n[0], n[1] = starlark.MakeInt(0), n[0]
	}
	if n[2].Sign() == 0 {
		return nil, valueErrorf("range() arg 3 must not be zero")
	}
	return newRange(n[0], n[1], n[2]), nil
}

func typeReversed(c *call) (starlark.Value, error) {
	v, err := c.one()
	if err != nil {
		return nil, err
	}
	items, err := c.r.reversed(v)
	return &Iterator{kind: typeName(v) + "_reverseiterator", next: slicesIterator(items)}, err
}

func typeStr(c *call) (starlark.Value, error) {
	p, err := c.params(0, "object", "encoding", "errors")
	if err != nil || p[0] == nil {
		return starlark.String(""), err
	}
	if p[1] != nil {
		if _, ok := p[0].(starlark.Bytes); !ok {
			return nil, typeErrorf("decoding to str: need a bytes-like object, %s found", typeName(p[0]))
		}
		return bytesDecode(&call{r: c.r, name: "decode", recv: p[0], args: []starlark.Value{p[1]}})
	}
	text, err := c.r.str(p[0])
	return starlark.String(text), err
}

func strMaketrans(c *call) (starlark.Value, error) {
	d := starlark.NewDict(8)
	if len(c.args) == 1 {
		from, ok := c.args[0].(*starlark.Dict)
		if !ok {
			return nil, typeErrorf("if you give only one argument to maketrans it must be a dict")
		}
		for k, v := range from.Entries() {
			if text, ok := asString(k); ok {
				k = starlark.MakeInt(int([]rune(text + "\x00")[0]))
			}
			if err := d.SetKey(k, v); err != nil {
				return nil, err
			}
		}
		return d, nil
	}
	p, err := c.params(2, "x", "y", "z")
	if err != nil {
		return nil, err
	}
	var texts [3][]rune
	for i := range texts {
		text, err := c.text(p[i], "")
		if err != nil {
			return nil, err
		}
		texts[i] = []rune(text)
	}
	if len(texts[0]) != len(texts[1]) {
		return nil, valueErrorf("the first two maketrans arguments must have equal length")
	}
	for i, r := range texts[0] {
		if err := d.SetKey(starlark.MakeInt(int(r)), starlark.MakeInt(int(texts[1][i]))); err != nil {
			return nil, err
		}
	}
	for _, r := range texts[2] {
		if err := d.SetKey(starlark.MakeInt(int(r)), starlark.None); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// builtinDumps is the global of SlapOS's fork: `!py!` and a text that stands for
// the value in a profile.
func builtinDumps(c *call) (starlark.Value, error) {
	v, err := c.one()
	if err != nil {
		return nil, err
	}
	text, readable, err := c.r.safeRepr(v)
	if err != nil {
		return nil, err
	}
	if !readable {
		return nil, valueErrorf("value cannot be serialised: %s", text)
	}
	return starlark.String("!py!" + strings.NewReplacer("$", fmt.Sprintf(`\x%02x`, '$'), ";", fmt.Sprintf(`\x%02x`, ';')).Replace(text)), nil
}
