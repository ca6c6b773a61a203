package condition

import (
	"cmp"
	"math"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// comparisonTokens are the orderings in Starlark's terms.
var comparisonTokens = map[string]syntax.Token{"<": syntax.LT, "<=": syntax.LE, ">": syntax.GT, ">=": syntax.GE, "==": syntax.EQL}

// compare applies a comparison of Python. Starlark's own ones keep booleans
// and numbers apart.
func (r *run) compare(op string, a, b starlark.Value) (bool, error) {
	switch op {
	case "==":
		return r.equal(a, b)
	case "!=":
		equal, err := r.equal(a, b)
		return !equal, err
	case "in":
		return r.contains(a, b)
	case "not in":
		found, err := r.contains(a, b)
		return !found, err
	case "is":
		return identical(a, b), nil
	case "is not":
		return !identical(a, b), nil
	}
	return r.ordered(op, a, b)
}

// numeric returns booleans as integers.
func numeric(v starlark.Value) starlark.Value {
	if b, ok := v.(starlark.Bool); ok {
		if b {
			return starlark.MakeInt(1)
		}
		return starlark.MakeInt(0)
	}
	return v
}

func isNumeric(v starlark.Value) bool {
	switch v.(type) {
	case starlark.Int, starlark.Float, starlark.Bool:
		return true
	}
	return false
}

func isNaN(v starlark.Value) bool {
	f, ok := v.(starlark.Float)
	return ok && math.IsNaN(float64(f))
}

func (r *run) equal(a, b starlark.Value) (bool, error) {
	if err := r.spend(1); err != nil {
		return false, err
	}
	a, b = unwrap(a), unwrap(b)
	if isNumeric(a) && isNumeric(b) {
		if isNaN(a) || isNaN(b) {
			return false, nil
		}
		return starlark.Equal(numeric(a), numeric(b))
	}
	switch x := a.(type) {
	case starlark.Tuple:
		y, ok := b.(starlark.Tuple)
		if !ok || len(x) != len(y) {
			return false, nil
		}
		return same(r.equalItems(x, y, len(x)))
	case *starlark.List:
		y, ok := b.(*starlark.List)
		if !ok || x.Len() != y.Len() {
			return false, nil
		}
		return same(r.equalItems(x, y, x.Len()))
	case *starlark.Dict:
		y, ok := b.(*starlark.Dict)
		if !ok || x.Len() != y.Len() {
			return false, nil
		}
		return same(r.equalDicts(x, y))
	case *starlark.Set:
		y, ok := b.(*starlark.Set)
		if !ok {
			return false, nil
		}
		return starlark.Equal(x, y)
	case starlark.String:
		y, ok := b.(starlark.String)
		return ok && x == y, nil
	case starlark.Bytes:
		y, ok := b.(starlark.Bytes)
		return ok && x == y, nil
	}
	return identical(a, b), nil
}

// errDiffer ends a comparison of items.
var errDiffer = errorf("", "items differ")

func same(err error) (bool, error) {
	if err == error(errDiffer) {
		return false, nil
	}
	return err == nil, err
}

func (r *run) equalItems(x, y starlark.Indexable, n int) error {
	for i := range n {
		if equal, err := r.equal(x.Index(i), y.Index(i)); err != nil {
			return err
		} else if !equal {
			return errDiffer
		}
	}
	return nil
}

func (r *run) equalDicts(x, y *starlark.Dict) error {
	for _, item := range x.Items() {
		other, found, err := y.Get(item[0])
		if err != nil {
			return err
		}
		if !found {
			return errDiffer
		}
		if equal, err := r.equal(item[1], other); err != nil {
			return err
		} else if !equal {
			return errDiffer
		}
	}
	return nil
}

// ordered applies <, <=, > or >=.
func (r *run) ordered(op string, a, b starlark.Value) (bool, error) {
	if err := r.spend(1); err != nil {
		return false, err
	}
	a, b = unwrap(a), unwrap(b)
	if isNumeric(a) && isNumeric(b) {
		if isNaN(a) || isNaN(b) {
			return false, nil
		}
		return starlark.Compare(comparisonTokens[op], numeric(a), numeric(b))
	}
	switch x := a.(type) {
	case starlark.String:
		if y, ok := b.(starlark.String); ok {
			return fits(op, cmp.Compare(x, y)), nil
		}
	case starlark.Bytes:
		if y, ok := b.(starlark.Bytes); ok {
			return fits(op, cmp.Compare(x, y)), nil
		}
	case starlark.Tuple:
		if y, ok := b.(starlark.Tuple); ok {
			return r.orderedItems(op, x, y)
		}
	case *starlark.List:
		if y, ok := b.(*starlark.List); ok {
			return r.orderedItems(op, x, y)
		}
	case *starlark.Set:
		if y, ok := b.(*starlark.Set); ok {
			return starlark.Compare(comparisonTokens[op], x, y)
		}
	}
	return false, errorf("TypeError", "'%s' not supported between instances of '%s' and '%s'", op, typeName(a), typeName(b))
}

// orderedItems compares at the first difference, else the lengths.
func (r *run) orderedItems(op string, x, y starlark.Indexable) (bool, error) {
	for i := range min(x.Len(), y.Len()) {
		equal, err := r.equal(x.Index(i), y.Index(i))
		if err != nil {
			return false, err
		}
		if !equal {
			return r.ordered(op, x.Index(i), y.Index(i))
		}
	}
	return fits(op, cmp.Compare(x.Len(), y.Len())), nil
}

func fits(op string, order int) bool {
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

// contains reports whether a is in b.
func (r *run) contains(a, b starlark.Value) (bool, error) {
	switch b := b.(type) {
	case starlark.String:
		s, ok := a.(starlark.String)
		if !ok {
			return false, errorf("TypeError", "'in <string>' requires string as left operand, not %s", typeName(a))
		}
		return strings.Contains(string(b), string(s)), r.spend(len(b))
	case *starlark.Dict:
		key, err := r.key(a)
		if err != nil {
			return false, err
		}
		_, found, err := b.Get(key)
		return found, err
	case *starlark.Set:
		if _, isSet := a.(*starlark.Set); isSet {
			return false, nil // looked up as a frozen set, which no set here holds
		}
		key, err := r.key(a)
		if err != nil {
			return false, err
		}
		return b.Has(key)
	}
	items, err := r.elements(b)
	if err != nil {
		return false, errorf("TypeError", "argument of type '%s' is not iterable", typeName(b))
	}
	for _, item := range items {
		if equal, err := r.equal(a, item); err != nil || equal {
			return equal, err
		}
	}
	return false, nil
}

// identical is `is`: exact for None, booleans and objects; equal numbers and
// texts count as one, as CPython has it for most literals.
func identical(a, b starlark.Value) bool {
	switch x := a.(type) {
	case starlark.NoneType, starlark.Bool, starlark.String, starlark.Bytes, starlark.Float:
		return typeName(a) == typeName(b) && x == b
	case starlark.Int:
		y, ok := b.(starlark.Int)
		return ok && x.BigInt().Cmp(y.BigInt()) == 0
	case starlark.Tuple:
		y, ok := b.(starlark.Tuple)
		return ok && len(x) == 0 && len(y) == 0
	case *starlark.List, *starlark.Dict, *starlark.Set, *starlark.Builtin, *starlark.Function, *object, *generator, *structure:
		return a == b
	}
	return false
}

// key returns v as a key of a dictionary or set.
func (r *run) key(v starlark.Value) (starlark.Value, error) {
	if err := r.measure(v); err != nil {
		return nil, err
	}
	switch v := unwrap(v).(type) {
	case starlark.Tuple:
		keys := make(starlark.Tuple, len(v))
		for i, item := range v {
			var err error
			if keys[i], err = r.key(item); err != nil {
				return nil, err
			}
		}
		return keys, nil
	case *starlark.List, *starlark.Dict, *starlark.Set:
		return nil, errorf("TypeError", "unhashable type: '%s'", typeName(v))
	default:
		return numeric(v), nil
	}
}

// measure spends the size of v, shared parts counted each time: it bounds what
// walks through v.
func (r *run) measure(v starlark.Value) error {
	switch v := v.(type) {
	case starlark.String:
		return r.spend(1 + len(v))
	case starlark.Bytes:
		return r.spend(1 + len(v))
	case *starlark.Dict:
		for _, item := range v.Items() {
			if err := r.measure(item); err != nil {
				return err
			}
		}
	case starlark.Tuple:
		for _, item := range v {
			if err := r.measure(item); err != nil {
				return err
			}
		}
	case *starlark.List:
		for i := range v.Len() {
			if err := r.measure(v.Index(i)); err != nil {
				return err
			}
		}
	}
	return r.spend(1)
}
