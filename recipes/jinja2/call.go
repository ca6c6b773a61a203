package jinja2

import (
	"slices"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

// params returns the arguments by parameter; those left out are nil. The first
// required ones must be given.
func (c *call) params(required int, names ...string) ([]starlark.Value, error) {
	if len(c.args) > len(names) {
		return nil, typeErrorf("%s() takes at most %d argument(s) (%d given)", c.name, len(names), len(c.args))
	}
	values := make([]starlark.Value, len(names))
	copy(values, c.args)
	for _, kw := range c.kwargs {
		name := string(kw[0].(starlark.String))
		i := slices.Index(names, name)
		if i < 0 {
			return nil, typeErrorf("%s() got an unexpected keyword argument %s", c.name, literal.Quote(name))
		}
		if values[i] != nil {
			return nil, typeErrorf("%s() got multiple values for argument %s", c.name, literal.Quote(name))
		}
		values[i] = kw[1]
	}
	for i := range required {
		if values[i] == nil {
			return nil, typeErrorf("%s() missing required argument: %s (pos %d)", c.name, literal.Quote(names[i]), i+1)
		}
	}
	return values, nil
}

// none complains about any argument.
func (c *call) none() error {
	_, err := c.params(0)
	return err
}

// text returns the argument v, which must be a text; usually is returned if it
// was left out.
func (c *call) text(v starlark.Value, usually string) (string, error) {
	if v == nil {
		return usually, nil
	}
	if s, ok := asString(v); ok {
		return s, nil
	}
	if u, ok := v.(*Undefined); ok {
		return "", u.fail()
	}
	return "", typeErrorf("%s() argument must be str, not %s", c.name, typeName(v))
}

// int returns the argument v, which must be an integer.
func (c *call) int(v starlark.Value, usually int) (int, error) {
	if v == nil {
		return usually, nil
	}
	if n, ok := asInt(v); ok {
		return n, nil
	}
	if n, ok := v.(starlark.Int); ok {
		if n.Sign() > 0 {
			return 1 << 40, nil
		}
		return -1 << 40, nil
	}
	if u, ok := v.(*Undefined); ok {
		return 0, u.fail()
	}
	return 0, typeErrorf("%s object cannot be interpreted as an integer", literal.Quote(typeName(v)))
}

// bool returns the truth of the argument v.
func (c *call) bool(v starlark.Value, usually bool) (bool, error) {
	if v == nil {
		return usually, nil
	}
	return c.r.truth(v)
}

// orNone returns nil for None.
func orNone(v starlark.Value) starlark.Value {
	if v == starlark.None {
		return nil
	}
	return v
}

// methodTables are the methods of the types of Python, by name.
type methodTables struct {
	str, markup, list, dict, tuple, set, frozenset, int, float, bytes map[string]*Func
}

func newMethodTables() *methodTables {
	return &methodTables{
		str:       named(textMethods(), textTests(), textSearches()),
		markup:    named(markupMethods()),
		list:      named(listMethods(), sequenceMethods()),
		dict:      named(dictMethods()),
		tuple:     named(sequenceMethods()),
		set:       named(setMethods(), setChanges()),
		frozenset: named(setMethods()),
		int:       named(intMethods()),
		float:     named(floatMethods()),
		bytes:     named(byteMethods(), bytesMethods()),
	}
}

func named(tables ...map[string]native) map[string]*Func {
	all := map[string]*Func{}
	for _, t := range tables {
		for name, fn := range t {
			all[name] = &Func{name: name, fn: fn}
		}
	}
	return all
}

// function returns fn as a value.
func newFunc(name string, fn native) *Func { return &Func{name: name, fn: fn} }
