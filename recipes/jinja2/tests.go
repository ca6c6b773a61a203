package jinja2

import (
	"go.starlark.net/starlark"
)

// builtinTests returns the tests of Jinja2 by name.
func builtinTests() map[string]starlark.Callable {
	all := map[string]native{
		"boolean":     typeTest(func(v starlark.Value) bool { return v.Type() == "bool" }),
		"callable":    typeTest(isCallable),
		"defined":     typeTest(func(v starlark.Value) bool { return !isUndefined(v) }),
		"undefined":   typeTest(isUndefined),
		"escaped":     typeTest(func(v starlark.Value) bool { _, ok := v.(Markup); return ok }),
		"false":       typeTest(func(v starlark.Value) bool { return v == starlark.False }),
		"true":        typeTest(func(v starlark.Value) bool { return v == starlark.True }),
		"float":       typeTest(func(v starlark.Value) bool { return v.Type() == "float" }),
		"integer":     typeTest(func(v starlark.Value) bool { return v.Type() == "int" }),
		"mapping":     typeTest(func(v starlark.Value) bool { _, ok := v.(starlark.Mapping); return ok }),
		"none":        typeTest(func(v starlark.Value) bool { return v == starlark.None }),
		"number":      typeTest(isNumber),
		"string":      typeTest(func(v starlark.Value) bool { _, ok := asString(v); return ok }),
		"sequence":    testSequence,
		"iterable":    testIterable,
		"divisibleby": testDivisible,
		"even":        remainderTest(0),
		"odd":         remainderTest(1),
		"filter":      func(c *call) (starlark.Value, error) { return c.known(c.r.tables.filters) },
		"test":        func(c *call) (starlark.Value, error) { return c.known(c.r.tables.tests) },
		"lower":       testCase(textTests()["islower"]),
		"upper":       testCase(textTests()["isupper"]),
		"sameas":      testSameas,
		"in":          comparisonTest("in"),
	}
	for op, names := range map[string][]string{"==": {"eq", "equalto"}, "!=": {"ne"}, "<": {"lt", "lessthan"}, "<=": {"le"}, ">": {"gt", "greaterthan"}, ">=": {"ge"}} {
		for _, name := range append(names, op) {
			all[name] = comparisonTest(op)
		}
	}
	return callables(all)
}

func isUndefined(v starlark.Value) bool {
	_, ok := v.(*Undefined)
	return ok
}

func isCallable(v starlark.Value) bool {
	switch v := v.(type) {
	case *Undefined:
		return true // it has the method __call__, which fails
	case *Loop:
		return true
	case *Object:
		return v.attrs["__call__"] != nil
	}
	_, ok := v.(starlark.Callable)
	return ok
}

func typeTest(is func(starlark.Value) bool) native {
	return func(c *call) (starlark.Value, error) {
		p, err := c.params(1, "value")
		if err != nil {
			return nil, err
		}
		return starlark.Bool(is(p[0])), nil
	}
}

func testSequence(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value")
	if err != nil {
		return nil, err
	}
	switch v := p[0].(type) {
	case *Undefined:
		return starlark.Bool(v.kind() != Strict), nil
	case *starlark.Set, *FrozenSet, *View, *Iterator:
		return starlark.False, nil
	case *starlark.Dict:
		return starlark.True, nil
	}
	_, err = c.r.sequenceLen(p[0])
	return starlark.Bool(err == nil), nil
}

func testIterable(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value")
	if err != nil {
		return nil, err
	}
	if u, ok := p[0].(*Undefined); ok && u.kind() == Strict {
		return nil, u.fail()
	}
	_, err = c.r.iterate(p[0])
	return starlark.Bool(err == nil), nil
}

func remainderTest(want int) native {
	return func(c *call) (starlark.Value, error) {
		p, err := c.params(1, "value")
		if err != nil {
			return nil, err
		}
		return c.r.remainderIs(p[0], starlark.MakeInt(2), want)
	}
}

func (r *run) remainderIs(v, divisor starlark.Value, want int) (starlark.Value, error) {
	m, err := r.binary("%", v, divisor)
	if err != nil {
		return nil, err
	}
	ok, err := r.equal(m, starlark.MakeInt(want))
	return starlark.Bool(ok), err
}

func testDivisible(c *call) (starlark.Value, error) {
	p, err := c.params(2, "value", "num")
	if err != nil {
		return nil, err
	}
	return c.r.remainderIs(p[0], p[1], 0)
}

func (c *call) known(table map[string]starlark.Callable) (starlark.Value, error) {
	p, err := c.params(1, "value")
	if err != nil {
		return nil, err
	}
	name, ok := asString(p[0])
	return starlark.Bool(ok && table[name] != nil), nil
}

func testCase(fn native) native {
	return func(c *call) (starlark.Value, error) {
		p, err := c.params(1, "value")
		if err != nil {
			return nil, err
		}
		text, err := c.r.str(p[0])
		if err != nil {
			return nil, err
		}
		return fn(&call{r: c.r, name: c.name, recv: starlark.String(text)})
	}
}

func testSameas(c *call) (starlark.Value, error) {
	p, err := c.params(2, "value", "other")
	if err != nil {
		return nil, err
	}
	return starlark.Bool(identical(p[0], p[1])), nil
}

// identical is `a is b`. Equal numbers and texts of one type are one object.
func identical(a, b starlark.Value) bool {
	if a.Type() != b.Type() {
		return false
	}
	switch x := a.(type) {
	case starlark.Int:
		return x.Sub(b.(starlark.Int)).Sign() == 0
	case starlark.Tuple:
		y := b.(starlark.Tuple)
		return len(x) == len(y) && (len(x) == 0 || &x[0] == &y[0])
	}
	return a == b
}

func comparisonTest(op string) native {
	return func(c *call) (starlark.Value, error) {
		p, err := c.params(2, "a", "b")
		if err != nil {
			return nil, err
		}
		ok, err := c.r.compare(op, p[0], p[1])
		return starlark.Bool(ok), err
	}
}
