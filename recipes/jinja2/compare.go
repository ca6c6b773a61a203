package jinja2

import (
	"bytes"
	"cmp"
	"math"
	"math/big"
	"strings"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

// compare applies a comparison operator.
func (r *run) compare(op string, a, b starlark.Value) (bool, error) {
	switch op {
	case "==":
		return r.equal(a, b)
	case "!=":
		same, err := r.equal(a, b)
		return !same, err
	case "in":
		return r.contains(b, a)
	case "not in":
		found, err := r.contains(b, a)
		return !found, err
	}
	return r.ordered(op, a, b)
}

// equal is `a == b`.
func (r *run) equal(a, b starlark.Value) (bool, error) {
	if x, ok := a.(starlark.String); ok {
		if y, ok := b.(starlark.String); ok {
			return x == y, nil
		}
	}
	if x, ok := a.(starlark.Int); ok {
		if y, ok := b.(starlark.Int); ok {
			return x.Sub(y).Sign() == 0, nil
		}
	}
	if u, ok := a.(*Undefined); ok && u.kind() == Strict {
		return false, u.fail()
	}
	if u, ok := b.(*Undefined); ok && u.kind() == Strict {
		return false, u.fail()
	}
	if err := r.enter(); err != nil {
		return false, err
	}
	defer r.leave()
	if isNumber(a) && isNumber(b) {
		c, ordered := compareNumbers(number(a), number(b))
		return ordered && c == 0, nil
	}
	if x, ok := asString(a); ok {
		y, ok := asString(b)
		return ok && x == y, nil
	}
	return r.equalObjects(a, b)
}

// equalObjects is equal for what is no number and no text.
func (r *run) equalObjects(a, b starlark.Value) (bool, error) {
	switch x := a.(type) {
	case *starlark.List:
		if y, ok := b.(*starlark.List); ok {
			return r.equalElements(x, y)
		}
		return false, nil
	case starlark.Tuple:
		if y, ok := b.(starlark.Tuple); ok {
			return r.equalElements(x, y)
		}
		return false, nil
	case *starlark.Dict:
		if y, ok := b.(*starlark.Dict); ok {
			return r.equalDicts(x, y)
		}
		return false, nil
	case starlark.Bytes:
		y, ok := b.(starlark.Bytes)
		return ok && x == y, nil
	case *Undefined:
		y, ok := b.(*Undefined)
		return ok && x.kind() == y.kind(), nil
	case *Range:
		if y, ok := b.(*Range); ok {
			return r.equalRanges(x, y)
		}
		return false, nil
	}
	if x, y := asSet(a), asSet(b); x != nil && y != nil {
		return r.equalSets(x, y)
	}
	if o, ok := a.(*Object); ok && o.attrs["__eq__"] != nil {
		v, err := r.call(o.attrs["__eq__"], []starlark.Value{b}, nil)
		return err == nil && bool(v.Truth()), err
	}
	return starlark.Equal(a, b)
}

func (r *run) equalElements(a, b starlark.Indexable) (bool, error) {
	if a.Len() != b.Len() {
		return false, nil
	}
	for i := range a.Len() {
		x, y := a.Index(i), b.Index(i)
		if same(x, y) {
			continue
		}
		if ok, err := r.equal(x, y); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// same reports whether a and b are one object, which containers take for equal.
func same(a, b starlark.Value) bool {
	if _, tuple := a.(starlark.Tuple); tuple {
		return false
	}
	return a == b
}

func (r *run) equalDicts(a, b *starlark.Dict) (bool, error) {
	if a.Len() != b.Len() {
		return false, nil
	}
	for k, x := range a.Entries() {
		y, err := r.getKey(b, k)
		if y == nil || err != nil {
			return false, err
		}
		if same(x, y) {
			continue
		}
		if ok, err := r.equal(x, y); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (r *run) equalSets(a, b *starlark.Set) (bool, error) {
	if a.Len() != b.Len() {
		return false, nil
	}
	return r.subset(a, b)
}

// subset reports whether all elements of a are in b.
func (r *run) subset(a, b *starlark.Set) (bool, error) {
	for x := range a.Elements() {
		if ok, err := r.has(b, x); !ok || err != nil {
			return false, err
		}
	}
	return true, r.tick(a.Len())
}

func (r *run) equalRanges(a, b *Range) (bool, error) {
	if a.n.Sub(b.n).Sign() != 0 {
		return false, nil
	}
	n, _ := a.n.Int64()
	return n == 0 || a.start.Sub(b.start).Sign() == 0 && (n == 1 || a.step.Sub(b.step).Sign() == 0), nil
}

// compareNumbers compares ints and floats exactly. NaN is not ordered.
func compareNumbers(a, b starlark.Value) (order int, ordered bool) {
	x, xInt := a.(starlark.Int)
	y, yInt := b.(starlark.Int)
	switch {
	case xInt && yInt:
		return x.Sub(y).Sign(), true
	case xInt:
		order, ordered = compareNumbers(b, a)
		return -order, ordered
	}
	f := float64(a.(starlark.Float))
	if math.IsNaN(f) {
		return 0, false
	}
	if !yInt {
		g := float64(b.(starlark.Float))
		return cmp.Compare(f, g), !math.IsNaN(g)
	}
	if math.IsInf(f, 0) {
		return int(math.Copysign(1, f)), true
	}
	u, _ := new(big.Float).SetFloat64(f).Rat(nil)
	return u.Cmp(new(big.Rat).SetInt(bigOf(y))), true
}

// contains is `x in container`.
func (r *run) contains(container, x starlark.Value) (bool, error) {
	switch c := container.(type) {
	case *starlark.Dict:
		v, err := r.getKey(c, x)
		return v != nil, err
	case *starlark.Set:
		return r.has(c, x)
	case *FrozenSet:
		return r.has(c.set, x)
	case *View:
		if c.kind == "keys" {
			v, err := r.getKey(c.d, x)
			return v != nil, err
		}
	case starlark.String, Markup:
		text, _ := asString(c)
		part, ok := asString(x)
		if !ok {
			if u, undefined := x.(*Undefined); undefined {
				return false, u.fail()
			}
			return false, typeErrorf("'in <string>' requires string as left operand, not %s", typeName(x))
		}
		return strings.Contains(text, part), nil
	case starlark.Bytes:
		switch x := x.(type) {
		case starlark.Bytes:
			return strings.Contains(string(c), string(x)), nil
		case starlark.Int:
			n, _ := asInt(x)
			return bytes.IndexByte([]byte(c), byte(n)) >= 0, nil
		}
		return false, typeErrorf("a bytes-like object is required, not %s", literal.Quote(typeName(x)))
	case *Range:
		if n, ok := number(x).(starlark.Int); ok {
			i := n.Sub(c.start)
			return i.Mod(c.step).Sign() == 0 && i.Div(c.step).Sign() >= 0 && i.Div(c.step).Sub(c.n).Sign() < 0, nil
		}
	case *Object:
		if m := c.attrs["__contains__"]; m != nil {
			v, err := r.call(m, []starlark.Value{x}, nil)
			return err == nil && bool(v.Truth()), err
		}
	}
	return r.search(container, x)
}

func (r *run) search(container, x starlark.Value) (bool, error) {
	next, err := r.iterate(container)
	if err != nil {
		if kindOf(err) == "TypeError" {
			return false, typeErrorf("argument of type %s is not iterable", literal.Quote(typeName(container)))
		}
		return false, err
	}
	for {
		v, err := next()
		if v == nil || err != nil {
			return false, err
		}
		if err = r.tick(1); err != nil {
			return false, err
		}
		if same(v, x) {
			return true, nil
		}
		if ok, err := r.equal(v, x); ok || err != nil {
			return ok, err
		}
	}
}

// ordered is one of `<`, `<=`, `>`, `>=`.
func (r *run) ordered(op string, a, b starlark.Value) (bool, error) {
	if isNumber(a) && isNumber(b) {
		order, ordered := compareNumbers(number(a), number(b))
		return ordered && holds(op, order), nil
	}
	if x, ok := asString(a); ok {
		if y, ok := asString(b); ok {
			return holds(op, strings.Compare(x, y)), nil
		}
	}
	switch x := a.(type) {
	case *starlark.List:
		if y, ok := b.(*starlark.List); ok {
			return r.orderElements(op, x, y)
		}
	case starlark.Tuple:
		if y, ok := b.(starlark.Tuple); ok {
			return r.orderElements(op, x, y)
		}
	case starlark.Bytes:
		if y, ok := b.(starlark.Bytes); ok {
			return holds(op, strings.Compare(string(x), string(y))), nil
		}
	}
	if x, y := asSet(a), asSet(b); x != nil && y != nil {
		return r.orderSets(op, x, y)
	}
	for _, v := range []starlark.Value{a, b} {
		if u, ok := v.(*Undefined); ok {
			return false, u.fail()
		}
	}
	if x, ok := a.(starlark.Comparable); ok && a.Type() == b.Type() {
		return x.CompareSameType(orderTokens[op], b, 10)
	}
	return false, typeErrorf("%s not supported between instances of %s and %s", literal.Quote(op), literal.Quote(typeName(a)), literal.Quote(typeName(b)))
}

func holds(op string, order int) bool {
	switch op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// orderElements compares at the first elements that differ.
func (r *run) orderElements(op string, a, b starlark.Indexable) (bool, error) {
	if err := r.enter(); err != nil {
		return false, err
	}
	defer r.leave()
	for i := range min(a.Len(), b.Len()) {
		x, y := a.Index(i), b.Index(i)
		if same(x, y) {
			continue
		}
		ok, err := r.equal(x, y)
		if err != nil {
			return false, err
		}
		if !ok {
			return r.ordered(op, x, y)
		}
	}
	return holds(op, cmp.Compare(a.Len(), b.Len())), nil
}

func (r *run) orderSets(op string, a, b *starlark.Set) (bool, error) {
	if op == ">" || op == ">=" {
		a, b = b, a
	}
	if strict := op == "<" || op == ">"; strict && a.Len() >= b.Len() {
		return false, nil
	}
	return r.subset(a, b)
}
