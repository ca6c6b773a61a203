package jinja2

import (
	"unicode/utf8"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

// typeName returns the name that Python gives the type of v.
func typeName(v starlark.Value) string {
	switch v := v.(type) {
	case starlark.String:
		return "str"
	case *Undefined:
		return [...]string{"Undefined", "StrictUndefined", "ChainableUndefined", "DebugUndefined"}[v.kind()]
	case *starlark.Builtin:
		return "builtin_function_or_method"
	}
	return v.Type()
}

// asString returns the text of a str or safe text.
func asString(v starlark.Value) (string, bool) {
	switch v := v.(type) {
	case starlark.String:
		return string(v), true
	case Markup:
		return string(v), true
	}
	return "", false
}

// isASCII reports whether the characters of s are its bytes.
func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// method returns the method of v of that name, or nil.
func (r *run) method(v starlark.Value, name string) *Func {
	m := r.tables.methods
	switch v.(type) {
	case starlark.String:
		return m.str[name]
	case *starlark.Dict:
		return m.dict[name]
	case *starlark.List:
		return m.list[name]
	case Markup:
		if fn := m.markup[name]; fn != nil {
			return fn
		}
		return m.str[name]
	case starlark.Tuple:
		return m.tuple[name]
	case *starlark.Set:
		return m.set[name]
	case *FrozenSet:
		return m.frozenset[name]
	case starlark.Int, starlark.Bool:
		return m.int[name]
	case starlark.Float:
		return m.float[name]
	case starlark.Bytes:
		return m.bytes[name]
	}
	return nil
}

// attribute is `v.name`: an attribute, else the element of that name, else
// undefined.
func (r *run) attribute(v starlark.Value, name string) (starlark.Value, error) {
	found, err := r.getattr(v, name)
	if found != nil || err != nil {
		return found, err
	}
	if d, ok := v.(*starlark.Dict); ok {
		if found, ok, _ := d.Get(starlark.String(name)); ok {
			return found, nil
		}
	}
	if o, ok := v.(*Object); ok && o.missing != nil {
		if err := o.missing(name); err != nil {
			return nil, err
		}
	}
	return r.undefinedAttr(v, name), nil
}

func (r *run) undefinedAttr(v starlark.Value, name string) starlark.Value {
	return &Undefined{r: r, obj: v, name: name}
}

// getattr returns the attribute of v of that name, or nil.
func (r *run) getattr(v starlark.Value, name string) (starlark.Value, error) {
	if m := r.method(v, name); m != nil {
		return &Func{m.name, m.fn, v}, nil
	}
	switch v := v.(type) {
	case *Undefined:
		if v.kind() == Chainable {
			return v, nil
		}
		return nil, v.fail()
	case *Loop:
		return v.attr(r, name)
	case *Module:
		return v.attrs[name], nil
	case *Macro:
		return v.attr(name), nil
	case *selfValue:
		return v.attr(name), nil
	case *blockValue:
		return v.attr(name), nil
	case *Namespace:
		return r.getKey(v.attrs, starlark.String(name))
	case *Object:
		if v.remote != nil {
			return v.remoteAttr(r, name)
		}
		return v.attrs[name], nil
	case *Type:
		return r.typeAttr(v, name), nil
	case *Range:
		return map[string]starlark.Value{"start": v.start, "stop": v.stop, "step": v.step}[name], nil
	case *Iterator:
		if name == "__next__" {
			return &Func{name, func(c *call) (starlark.Value, error) { return nextOf(v) }, v}, nil
		}
	case *URL:
		return v.attr(r, name)
	case *Pattern:
		return v.attr(name), nil
	case *Match:
		return v.attr(name), nil
	case *IPAddress:
		return v.attr(name), nil
	case *IPNetwork:
		return v.attr(name), nil
	case *Group:
		return map[string]starlark.Value{"grouper": v.Tuple[0], "list": v.Tuple[1]}[name], nil
	case starlark.Int, starlark.Bool, starlark.Float:
		return numberAttr(v, name), nil
	case *starlark.Dict, *starlark.List, *starlark.Set, starlark.String, Markup, starlark.Tuple, starlark.Bytes:
		return r.classAttr(v, name), nil
	case starlark.HasAttrs:
		found, err := v.Attr(name)
		if _, missing := err.(starlark.NoSuchAttrError); missing {
			return nil, nil
		}
		return found, err
	}
	return r.classAttr(v, name), nil
}

// classAttr is `__class__`.
func (r *run) classAttr(v starlark.Value, name string) starlark.Value {
	if name == "__class__" {
		return typeOf(v)
	}
	return nil
}

func numberAttr(v starlark.Value, name string) starlark.Value {
	switch name {
	case "real", "numerator":
		return number(v)
	case "imag":
		return starlark.MakeInt(0)
	case "denominator":
		if _, ok := v.(starlark.Float); !ok {
			return starlark.MakeInt(1)
		}
	case "__class__":
		return typeOf(v)
	}
	return nil
}

// item is `v[index]`: the element, else the attribute of that name, else
// undefined.
func (r *run) item(v, index starlark.Value) (starlark.Value, error) {
	found, err := r.getitem(v, index)
	if found != nil {
		return found, nil
	}
	switch kindOf(err) {
	case "", "TypeError", "KeyError", "IndexError", "LookupError", "AttributeError":
	default:
		return nil, err
	}
	name, ok := asString(index)
	if !ok {
		return &Undefined{r: r, obj: v, key: index}, nil
	}
	if found, err = r.getattr(v, name); found != nil || err != nil {
		return found, err
	}
	return r.undefinedAttr(v, name), nil
}

// getitem returns v[index] as Python does: an error if it is not there.
func (r *run) getitem(v, index starlark.Value) (starlark.Value, error) {
	switch v := v.(type) {
	case *starlark.Dict:
		found, err := r.getKey(v, index)
		if err == nil && found == nil {
			err = errorf("KeyError", "%s", Repr(index))
		}
		return found, err
	case *Undefined:
		if v.kind() == Chainable {
			return v, nil
		}
		return nil, v.fail()
	case *Object:
		if m := v.attrs["__getitem__"]; m != nil {
			return r.call(m, []starlark.Value{index}, nil)
		}
	case starlark.Mapping:
		found, ok, err := v.Get(index)
		if err == nil && !ok {
			err = errorf("KeyError", "%s", Repr(index))
		}
		return found, err
	}
	n, err := r.sequenceLen(v)
	if err != nil {
		return nil, err
	}
	i, ok := asInt(index)
	if !ok {
		return nil, typeErrorf("%s indices must be integers or slices, not %s", typeName(v), typeName(index))
	}
	if i < 0 {
		i += n
	}
	if i < 0 || i >= n {
		return nil, errorf("IndexError", "%s index out of range", typeName(v))
	}
	return elementAt(v, i), nil
}

// sequenceLen returns the length of what has elements by position.
func (r *run) sequenceLen(v starlark.Value) (int, error) {
	switch v := v.(type) {
	case starlark.String:
		return textLen(string(v)), nil
	case Markup:
		return textLen(string(v)), nil
	case *Range:
		return r.length(v)
	case starlark.Indexable:
		return v.Len(), nil
	}
	return 0, typeErrorf("%s object is not subscriptable", literal.Quote(typeName(v)))
}

func textLen(s string) int { return utf8.RuneCountInString(s) }

// elementAt returns the element of that index, which is within the sequence v.
func elementAt(v starlark.Value, i int) starlark.Value {
	switch v := v.(type) {
	case starlark.String:
		return starlark.String(runeAt(string(v), i))
	case Markup:
		return Markup(runeAt(string(v), i))
	case starlark.Bytes:
		return starlark.MakeInt(int(v[i]))
	case *Range:
		return v.at(starlark.MakeInt(i))
	case starlark.Indexable:
		return v.Index(i)
	}
	return starlark.None
}

func runeAt(s string, i int) string {
	if isASCII(s) {
		return s[i : i+1]
	}
	for at, c := range s {
		if i == 0 {
			return s[at : at+utf8.RuneLen(c)]
		}
		i--
	}
	return ""
}

// asInt returns the value of an int or bool that fits.
func asInt(v starlark.Value) (int, bool) {
	switch v := v.(type) {
	case starlark.Int:
		n, ok := v.Int64()
		return int(n), ok
	case starlark.Bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

// slice is `v[from:to:step]`.
func (r *run) slice(v, from, to, step starlark.Value) (starlark.Value, error) {
	if u, ok := v.(*Undefined); ok {
		if u.kind() == Chainable {
			return u, nil
		}
		return nil, u.fail()
	}
	n, err := r.sequenceLen(v)
	if err != nil {
		if _, ok := v.(*starlark.Dict); ok {
			return nil, typeErrorf("unhashable type: 'slice'")
		}
		return nil, err
	}
	start, stop, by, err := sliceBounds(n, from, to, step)
	if err != nil {
		return nil, err
	}
	if rng, ok := v.(*Range); ok {
		return newRange(rng.at(starlark.MakeInt(start)).(starlark.Int), rng.at(starlark.MakeInt(stop)).(starlark.Int), rng.step.Mul(starlark.MakeInt(by))), nil
	}
	if err := r.tick(n); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case starlark.String:
		return starlark.String(sliceText(string(v), start, stop, by)), nil
	case Markup:
		return Markup(sliceText(string(v), start, stop, by)), nil
	case starlark.Bytes:
		var b []byte
		for i := start; by > 0 && i < stop || by < 0 && i > stop; i += by {
			b = append(b, v[i])
		}
		return starlark.Bytes(b), nil
	}
	var items []starlark.Value
	for i := start; by > 0 && i < stop || by < 0 && i > stop; i += by {
		items = append(items, elementAt(v, i))
	}
	if _, ok := v.(starlark.Tuple); ok {
		return starlark.Tuple(items), nil
	}
	return starlark.NewList(items), nil
}

func sliceText(s string, start, stop, step int) string {
	if isASCII(s) && step == 1 {
		return s[start:max(start, stop)]
	}
	runes := []rune(s)
	var out []rune
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		out = append(out, runes[i])
	}
	return string(out)
}

// sliceBounds returns the indices of a slice of a sequence of n elements.
func sliceBounds(n int, from, to, step starlark.Value) (start, stop, by int, err error) {
	by = 1
	if step != starlark.None {
		if by, err = sliceIndex(step); err != nil {
			return 0, 0, 0, err
		}
		if by == 0 {
			return 0, 0, 0, valueErrorf("slice step cannot be zero")
		}
		by = max(min(by, n+1), -n-1)
	}
	low, high := 0, n
	start, stop = 0, n
	if by < 0 {
		low, high = -1, n-1
		start, stop = n-1, -1
	}
	for i, given := range []starlark.Value{from, to} {
		if given == starlark.None {
			continue
		}
		k, err := sliceIndex(given)
		if err != nil {
			return 0, 0, 0, err
		}
		if k < 0 {
			k += n
		}
		k = max(low, min(high, k))
		if i == 0 {
			start = k
		} else {
			stop = k
		}
	}
	if by > 0 {
		stop = max(start, stop)
	} else {
		stop = min(start, stop)
	}
	return start, stop, by, nil
}

// sliceIndex returns an index of a slice, moved into the range of int32: no
// sequence is longer.
func sliceIndex(v starlark.Value) (int, error) {
	const limit = 1 << 40
	switch v := v.(type) {
	case starlark.Bool:
		n, _ := asInt(v)
		return n, nil
	case starlark.Int:
		n, ok := v.Int64()
		if !ok {
			n = int64(v.Sign()) * limit
		}
		return int(max(-limit, min(limit, n))), nil
	case *Undefined:
		return 0, v.fail()
	}
	return 0, typeErrorf("slice indices must be integers or None or have an __index__ method")
}
