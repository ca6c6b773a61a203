package jinja2

import (
	"math/big"
	"strings"
	"unicode/utf8"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

// PythonBuiltins returns the functions and types of Python that
// slapos.recipe.template:jinja2 gives to every template, by name. Those that
// are not supported say so when they are called.
func PythonBuiltins() map[string]starlark.Value {
	all := map[string]starlark.Value{}
	for name, t := range pythonTypes() {
		all[name] = t
	}
	delete(all, "type")
	for name, fn := range map[string]native{
		"abs": filterAbs, "all": builtinAll, "any": builtinAny, "bin": radixBuiltin(2, "0b"), "callable": builtinCallable,
		"chr": builtinChr, "divmod": builtinDivmod, "format": builtinFormat, "hex": radixBuiltin(16, "0x"), "isinstance": builtinIsinstance,
		"iter": builtinIter, "len": builtinLen, "max": builtinExtreme(">"), "min": builtinExtreme("<"), "next": builtinNext,
		"oct": radixBuiltin(8, "0o"), "ord": builtinOrd, "pow": builtinPow, "repr": builtinRepr, "round": builtinRound,
		"sorted": builtinSorted, "sum": builtinSum, "assert": builtinAssert, "dumps": builtinDumps,
	} {
		all[name] = newFunc(name, fn)
	}
	all["six"] = sixModule()
	return all
}

// one returns the only argument.
func (c *call) one() (starlark.Value, error) {
	if len(c.args) != 1 || len(c.kwargs) > 0 {
		return nil, typeErrorf("%s() takes exactly one argument (%d given)", c.name, len(c.args)+len(c.kwargs))
	}
	return c.args[0], nil
}

// until goes through v until the truth of an element is stop.
func (c *call) until(stop bool) (starlark.Value, error) {
	v, err := c.one()
	if err != nil {
		return nil, err
	}
	next, err := c.r.iterate(v)
	if err != nil {
		return nil, err
	}
	for {
		x, err := next()
		if x == nil || err != nil {
			return starlark.Bool(!stop), err
		}
		ok, err := c.r.truth(x)
		if err == nil {
			err = c.r.tick(1)
		}
		if ok == stop || err != nil {
			return starlark.Bool(stop), err
		}
	}
}

func builtinAll(c *call) (starlark.Value, error) { return c.until(false) }
func builtinAny(c *call) (starlark.Value, error) { return c.until(true) }

func builtinCallable(c *call) (starlark.Value, error) {
	v, err := c.one()
	return starlark.Bool(err == nil && isCallable(v)), err
}

func builtinLen(c *call) (starlark.Value, error) {
	v, err := c.one()
	if err != nil {
		return nil, err
	}
	n, err := c.r.length(v)
	return starlark.MakeInt(n), err
}

// integer returns an argument that must be an integer.
func (c *call) integer(v starlark.Value) (starlark.Int, error) {
	switch n := number(v).(type) {
	case starlark.Int:
		return n, nil
	case *Undefined:
		return starlark.Int{}, n.fail()
	}
	return starlark.Int{}, typeErrorf("%s object cannot be interpreted as an integer", literal.Quote(typeName(v)))
}

func radixBuiltin(base int, prefix string) native {
	return func(c *call) (starlark.Value, error) {
		v, err := c.one()
		if err != nil {
			return nil, err
		}
		n, err := c.integer(v)
		if err != nil {
			return nil, err
		}
		sign := ""
		if n.Sign() < 0 {
			sign = "-"
		}
		return starlark.String(sign + prefix + new(big.Int).Abs(bigOf(n)).Text(base)), nil
	}
}

func builtinChr(c *call) (starlark.Value, error) {
	v, err := c.one()
	if err != nil {
		return nil, err
	}
	n, err := c.integer(v)
	if err != nil {
		return nil, err
	}
	code, ok := n.Int64()
	if !ok || code < 0 || code > utf8.MaxRune {
		return nil, valueErrorf("chr() arg not in range(0x110000)")
	}
	if code >= 0xd800 && code < 0xe000 {
		return nil, errorf(UnsupportedError, "text with half a surrogate pair")
	}
	return starlark.String(rune(code)), nil
}

func builtinOrd(c *call) (starlark.Value, error) {
	v, err := c.one()
	if err != nil {
		return nil, err
	}
	if text, ok := asString(v); ok {
		if n := textLen(text); n != 1 {
			return nil, typeErrorf("ord() expected a character, but string of length %d found", n)
		}
		r, _ := utf8.DecodeRuneInString(text)
		return starlark.MakeInt(int(r)), nil
	}
	if b, ok := v.(starlark.Bytes); ok && len(b) == 1 {
		return starlark.MakeInt(int(b[0])), nil
	}
	return nil, typeErrorf("ord() expected string of length 1, but %s found", typeName(v))
}

func builtinDivmod(c *call) (starlark.Value, error) {
	p, err := c.params(2, "x", "y")
	if err != nil {
		return nil, err
	}
	q, err := c.r.binary("//", p[0], p[1])
	if err != nil {
		return nil, err
	}
	m, err := c.r.binary("%", p[0], p[1])
	return starlark.Tuple{q, m}, err
}

func builtinFormat(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value", "format_spec")
	if err != nil {
		return nil, err
	}
	spec, err := c.text(p[1], "")
	if err != nil {
		return nil, err
	}
	text, err := c.r.format(p[0], spec)
	return starlark.String(text), err
}

func builtinIsinstance(c *call) (starlark.Value, error) {
	p, err := c.params(2, "object", "class")
	if err != nil {
		return nil, err
	}
	ok, err := isInstance(p[0], p[1])
	return starlark.Bool(ok), err
}

func isInstance(v, class starlark.Value) (bool, error) {
	switch class := class.(type) {
	case *Type:
		return class.is(v), nil
	case starlark.Tuple:
		for _, one := range class {
			if ok, err := isInstance(v, one); ok || err != nil {
				return ok, err
			}
		}
		return false, nil
	}
	return false, typeErrorf("isinstance() arg 2 must be a type, a tuple of types, or a union")
}

func builtinIter(c *call) (starlark.Value, error) {
	v, err := c.one()
	if err != nil {
		return nil, err
	}
	if it, ok := v.(*Iterator); ok {
		return it, nil
	}
	next, err := c.r.iterate(v)
	return &Iterator{kind: typeName(v) + "_iterator", next: next}, err
}

func builtinNext(c *call) (starlark.Value, error) {
	p, err := c.params(1, "iterator", "default")
	if err != nil {
		return nil, err
	}
	var v starlark.Value
	switch it := p[0].(type) {
	case *Iterator:
		v, err = it.next()
	case *Object:
		if m := it.attrs["__next__"]; m != nil {
			return c.r.call(m, nil, nil)
		}
		return nil, typeErrorf("%s object is not an iterator", literal.Quote(typeName(p[0])))
	case *Undefined:
		return nil, typeErrorf("%s object is not an iterator", literal.Quote(typeName(p[0])))
	default:
		return nil, typeErrorf("%s object is not an iterator", literal.Quote(typeName(p[0])))
	}
	switch {
	case v != nil || err != nil:
		return v, err
	case p[1] != nil:
		return p[1], nil
	}
	return nil, errorf(stopIteration, "")
}

func builtinExtreme(op string) native {
	return func(c *call) (starlark.Value, error) {
		keyFn, rest := pop(c.kwargs, "key")
		usually, rest := pop(rest, "default")
		if len(rest) > 0 {
			return nil, typeErrorf("%s() got an unexpected keyword argument %s", c.name, Repr(rest[0][0]))
		}
		items := c.args
		switch len(c.args) {
		case 0:
			return nil, typeErrorf("%s expected at least 1 argument, got 0", c.name)
		case 1:
			var err error
			if items, err = c.r.list(c.args[0]); err != nil {
				return nil, err
			}
			if len(items) == 0 && usually != nil {
				return usually, nil
			}
		}
		if len(items) == 0 {
			return nil, valueErrorf("%s() arg is an empty sequence", c.name)
		}
		if keyFn == starlark.None {
			keyFn = nil
		}
		return c.r.extreme(op, items, c.r.keyOf(keyFn))
	}
}

func builtinPow(c *call) (starlark.Value, error) {
	p, err := c.params(2, "base", "exp", "mod")
	if err != nil {
		return nil, err
	}
	if orNone(p[2]) == nil {
		return c.r.binary("**", p[0], p[1])
	}
	var n [3]*big.Int
	for i := range n {
		v, err := c.integer(p[i])
		if err != nil {
			return nil, err
		}
		n[i] = bigOf(v)
	}
	if n[2].Sign() <= 0 || n[1].Sign() < 0 {
		return nil, errorf(UnsupportedError, "pow() with a modulus or exponent that is not positive")
	}
	return starlark.MakeBigInt(new(big.Int).Exp(n[0], n[1], n[2])), nil
}

func builtinRepr(c *call) (starlark.Value, error) {
	v, err := c.one()
	if err != nil {
		return nil, err
	}
	text, err := c.r.repr(v)
	return starlark.String(text), err
}

func builtinRound(c *call) (starlark.Value, error) {
	p, err := c.params(1, "number", "ndigits")
	if err != nil {
		return nil, err
	}
	digits, err := c.int(orNone(p[1]), 0)
	if err != nil {
		return nil, err
	}
	return round(p[0], max(-1000, min(digits, 1000)), orNone(p[1]) != nil)
}

func builtinSorted(c *call) (starlark.Value, error) {
	if len(c.args) != 1 {
		return nil, typeErrorf("sorted expected 1 argument, got %d", len(c.args))
	}
	p, err := c.params(1, "iterable", "key", "reverse")
	if err != nil {
		return nil, err
	}
	reverse, err := c.bool(p[2], false)
	if err != nil {
		return nil, err
	}
	items, err := c.r.list(p[0])
	if err != nil {
		return nil, err
	}
	items, err = c.r.sorted(items, c.r.keyOf(orNone(p[1])), reverse)
	return starlark.NewList(items), err
}

func builtinSum(c *call) (starlark.Value, error) {
	p, err := c.params(1, "iterable", "start")
	if err != nil {
		return nil, err
	}
	var total starlark.Value = starlark.MakeInt(0)
	if p[1] != nil {
		total = p[1]
	}
	if _, ok := asString(total); ok {
		return nil, typeErrorf("sum() can't sum strings [use ''.join(seq) instead]")
	}
	items, err := c.r.list(p[0])
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		if total, err = c.r.binary("+", total, item); err != nil {
			return nil, err
		}
	}
	return total, nil
}

// builtinAssert is the global of the recipe: it returns an empty text, or fails.
func builtinAssert(c *call) (starlark.Value, error) {
	if len(c.args) == 0 {
		return nil, typeErrorf("assert() missing 1 required positional argument")
	}
	ok, err := c.r.truth(c.args[0])
	if err != nil || ok {
		return starlark.String(""), err
	}
	var parts []string
	for _, a := range c.args[1:] {
		text, err := c.r.str(a)
		if err != nil {
			return nil, err
		}
		parts = append(parts, text)
	}
	return nil, errorf("AssertionError", "%s", strings.Join(parts, " "))
}
