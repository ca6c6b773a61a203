package condition

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"
)

// builtins are Python's built-in functions.
func builtins() starlark.StringDict {
	table := map[string]struct {
		least, most int
		f           function
	}{
		"abs": {1, 1, absolute}, "all": {1, 1, quantifier(false)}, "any": {1, 1, quantifier(true)},
		"bin": {1, 1, based("0b", 2)}, "bool": {0, 1, truth}, "callable": {1, 1, callable}, "chr": {1, 1, character},
		"divmod": {2, 2, divide}, "enumerate": {1, 2, enumerate}, "filter": {2, 2, filter}, "float": {0, 1, toFloat},
		"frozenset": {0, 1, newSet}, "getattr": {2, 3, getAttribute}, "hasattr": {2, 2, hasAttribute},
		"hex": {1, 1, based("0x", 16)}, "id": {1, 1, unsupportedFunction("id")},
		"int": {0, 2, toInt}, "isinstance": {2, 2, isInstance}, "iter": {1, 1, iterable}, "len": {1, 1, length},
		"list": {0, 1, toList}, "map": {2, 9, mapping}, "oct": {1, 1, based("0o", 8)}, "open": {1, 2, openFile},
		"ord": {1, 1, ordinal}, "pow": {2, 2, power}, "range": {1, 3, numberRange}, "repr": {1, 1, toRepr},
		"reversed": {1, 1, reversed}, "round": {1, 1, round}, "set": {0, 1, newSet}, "str": {0, 1, toText},
		"sum": {1, 2, sum}, "tuple": {0, 1, toTuple}, "type": {1, 1, typeOf}, "zip": {0, 9, zip},
	}
	all := starlark.StringDict{
		"max":    starlark.NewBuiltin("max", extreme(">")),
		"min":    starlark.NewBuiltin("min", extreme("<")),
		"sorted": starlark.NewBuiltin("sorted", sorted),
		"dict":   starlark.NewBuiltin("dict", dictOf),
	}
	for name, b := range table {
		all[name] = builtin(name, func(r *run, a []starlark.Value) (starlark.Value, error) {
			if len(a) < b.least || len(a) > b.most {
				return nil, errorf("TypeError", "%s() got %d arguments", name, len(a))
			}
			return b.f(r, a)
		})
	}
	return all
}

// typesOf are the built-in functions that are types, by the name that
// typeName gives.
var typesOf = map[string]string{
	"bool": "bool", "dict": "dict", "float": "float", "frozenset": "frozenset", "int": "int",
	"list": "list", "set": "set", "str": "str", "tuple": "tuple", "range": "range",
}

func unsupportedFunction(name string) function {
	return func(*run, []starlark.Value) (starlark.Value, error) {
		return nil, errorf(Unsupported, "%s() is not supported in conditions", name)
	}
}

func truth(_ *run, a []starlark.Value) (starlark.Value, error) {
	return starlark.Bool(len(a) > 0 && bool(a[0].Truth())), nil
}

func quantifier(want bool) function {
	return func(r *run, a []starlark.Value) (starlark.Value, error) {
		items, err := r.elements(a[0])
		if err != nil {
			return nil, err
		}
		found := slices.ContainsFunc(items, func(v starlark.Value) bool { return bool(v.Truth()) == want })
		return starlark.Bool(found == want), nil
	}
}

func absolute(_ *run, a []starlark.Value) (starlark.Value, error) {
	switch n := numeric(a[0]).(type) {
	case starlark.Int:
		if n.Sign() < 0 {
			return starlark.MakeInt(0).Sub(n), nil
		}
		return n, nil
	case starlark.Float:
		return starlark.Float(math.Abs(float64(n))), nil
	}
	return nil, errorf("TypeError", "bad operand type for abs(): '%s'", typeName(a[0]))
}

func based(prefix string, base int) function {
	return func(_ *run, a []starlark.Value) (starlark.Value, error) {
		n, ok := numeric(a[0]).(starlark.Int)
		if !ok {
			return nil, errorf("TypeError", "'%s' object cannot be interpreted as an integer", typeName(a[0]))
		}
		digits := n.BigInt().Text(base)
		if text, negative := strings.CutPrefix(digits, "-"); negative {
			return starlark.String("-" + prefix + text), nil
		}
		return starlark.String(prefix + digits), nil
	}
}

func callable(_ *run, a []starlark.Value) (starlark.Value, error) {
	_, ok := a[0].(starlark.Callable)
	return starlark.Bool(ok), nil
}

func character(_ *run, a []starlark.Value) (starlark.Value, error) {
	n, ok := numeric(a[0]).(starlark.Int)
	if !ok {
		return nil, errorf("TypeError", "'%s' object cannot be interpreted as an integer", typeName(a[0]))
	}
	i, fits := n.Int64()
	if !fits || i < 0 || i > utf8.MaxRune {
		return nil, errorf("ValueError", "chr() arg not in range(0x110000)")
	}
	return starlark.String(rune(i)), nil
}

func ordinal(_ *run, a []starlark.Value) (starlark.Value, error) {
	s, ok := a[0].(starlark.String)
	c, n := utf8.DecodeRuneInString(string(s))
	if !ok || n == 0 || n != len(s) {
		return nil, errorf("TypeError", "ord() expected a character")
	}
	return starlark.MakeInt(int(c)), nil
}

func divide(r *run, a []starlark.Value) (starlark.Value, error) {
	quotient, err := r.binary("//", a[0], a[1])
	if err != nil {
		return nil, err
	}
	rest, err := r.binary("%", a[0], a[1])
	return starlark.Tuple{quotient, rest}, err
}

func power(r *run, a []starlark.Value) (starlark.Value, error) { return r.binary("**", a[0], a[1]) }

func length(r *run, a []starlark.Value) (starlark.Value, error) {
	switch v := unwrap(a[0]).(type) {
	case starlark.String:
		return starlark.MakeInt(utf8.RuneCountInString(string(v))), nil
	case *generator, *object:
	default:
		if n := starlark.Len(v); n >= 0 {
			return starlark.MakeInt(n), nil
		}
	}
	return nil, errorf("TypeError", "object of type '%s' has no len()", typeName(a[0]))
}

func toList(r *run, a []starlark.Value) (starlark.Value, error) {
	if len(a) == 0 {
		return starlark.NewList(nil), nil
	}
	return iterable(r, a)
}

func toTuple(r *run, a []starlark.Value) (starlark.Value, error) {
	if len(a) == 0 {
		return starlark.Tuple{}, nil
	}
	items, err := r.elements(a[0])
	return starlark.Tuple(slices.Clone(items)), err
}

func toText(r *run, a []starlark.Value) (starlark.Value, error) {
	if len(a) == 0 {
		return starlark.String(""), nil
	}
	s, err := r.str(a[0])
	return starlark.String(s), err
}

func toRepr(r *run, a []starlark.Value) (starlark.Value, error) {
	if err := r.measure(a[0]); err != nil {
		return nil, err
	}
	return starlark.String(repr(a[0])), nil
}

// toInt is int(): of a number, or of a text in a base.
func toInt(r *run, a []starlark.Value) (starlark.Value, error) {
	if len(a) == 0 {
		return starlark.MakeInt(0), nil
	}
	if f, ok := a[0].(starlark.Float); ok && (math.IsNaN(float64(f)) || math.IsInf(float64(f), 0)) {
		kind := map[bool]string{true: "ValueError", false: "OverflowError"}[math.IsNaN(float64(f))]
		return nil, errorf(kind, "cannot convert float %s to integer", strings.TrimLeft(f.String(), "+-"))
	}
	s, isText := a[0].(starlark.String)
	args := starlark.Tuple{numeric(a[0])}
	if isText {
		if len(s) > 4300 {
			return nil, errorf("ValueError", "Exceeds the limit (4300 digits) for integer string conversion")
		}
		digits := strings.TrimFunc(string(s), isSpace)
		if !underscoresFit(digits) {
			return nil, errorf("ValueError", "invalid literal for int() with base 10: %s", quote(string(s)))
		}
		args[0] = starlark.String(strings.ReplaceAll(digits, "_", ""))
	} else if len(a) == 2 {
		return nil, errorf("TypeError", "int() can't convert non-string with explicit base")
	}
	value, err := starlark.Call(r.thread, starlark.Universe["int"], append(args, a[1:]...), nil)
	switch {
	case err == nil:
		return value, nil
	case isText:
		return nil, errorf("ValueError", "invalid literal for int(): %s", quote(string(s)))
	}
	return nil, errorf("TypeError", "int() argument must be a string or a number, not '%s'", typeName(a[0]))
}

func toFloat(r *run, a []starlark.Value) (starlark.Value, error) {
	if len(a) == 0 {
		return starlark.Float(0), nil
	}
	s, isText := a[0].(starlark.String)
	arg := numeric(a[0])
	if isText {
		arg = starlark.String(strings.TrimFunc(string(s), isSpace))
	}
	value, err := starlark.Call(r.thread, starlark.Universe["float"], starlark.Tuple{arg}, nil)
	switch {
	case err == nil:
		return value, nil
	case isText:
		return nil, errorf("ValueError", "could not convert string to float: %s", quote(string(s)))
	}
	return nil, errorf("TypeError", "float() argument must be a string or a real number, not '%s'", typeName(a[0]))
}

func round(r *run, a []starlark.Value) (starlark.Value, error) {
	if f, ok := a[0].(starlark.Float); ok {
		return toInt(r, []starlark.Value{starlark.Float(math.RoundToEven(float64(f)))})
	}
	if isNumeric(a[0]) {
		return numeric(a[0]), nil
	}
	return nil, errorf("TypeError", "type %s doesn't define __round__ method", typeName(a[0]))
}

func sum(r *run, a []starlark.Value) (starlark.Value, error) {
	items, err := r.elements(a[0])
	if err != nil {
		return nil, err
	}
	var total starlark.Value = starlark.MakeInt(0)
	if len(a) == 2 {
		total = a[1]
	}
	if _, isText := total.(starlark.String); isText {
		return nil, errorf("TypeError", "sum() can't sum strings [use ''.join(seq) instead]")
	}
	for _, item := range items {
		if total, err = r.binary("+", unwrap(total), unwrap(item)); err != nil {
			return nil, err
		}
	}
	return total, nil
}

func numberRange(r *run, a []starlark.Value) (starlark.Value, error) {
	args := make(starlark.Tuple, len(a))
	for i, v := range a {
		n, ok := numeric(v).(starlark.Int)
		if !ok {
			return nil, errorf("TypeError", "'%s' object cannot be interpreted as an integer", typeName(v))
		}
		args[i] = n
	}
	if len(a) == 3 && args[2].(starlark.Int).Sign() == 0 {
		return nil, errorf("ValueError", "range() arg 3 must not be zero")
	}
	value, err := starlark.Call(r.thread, starlark.Universe["range"], args, nil)
	if err != nil {
		return nil, errorf(Limit, "range is too large")
	}
	return value, nil
}

func hasAttribute(r *run, a []starlark.Value) (starlark.Value, error) {
	if _, err := textArgument(a, 1, "hasattr()"); err != nil {
		return nil, err
	}
	_, err := attribute(r, a)
	return starlark.Bool(err == nil), nil
}

func getAttribute(r *run, a []starlark.Value) (starlark.Value, error) {
	if _, err := textArgument(a, 1, "getattr()"); err != nil {
		return nil, err
	}
	value, err := attribute(r, a)
	if err != nil && len(a) == 3 {
		return a[2], nil
	}
	return value, err
}

// typeOf returns the built-in function that is the type of a value.
func typeOf(_ *run, a []starlark.Value) (starlark.Value, error) {
	name := typeName(unwrap(a[0]))
	return &object{kind: "type", name: "<class '" + name + "'>", members: starlark.StringDict{"__name__": starlark.String(name)}}, nil
}

func isInstance(r *run, a []starlark.Value) (starlark.Value, error) {
	classes := []starlark.Value{a[1]}
	if tuple, ok := a[1].(starlark.Tuple); ok {
		classes = tuple
	}
	name := typeName(unwrap(a[0]))
	for _, class := range classes {
		b, ok := class.(*starlark.Builtin)
		if !ok || typesOf[b.Name()] == "" {
			return nil, errorf("TypeError", "isinstance() arg 2 must be a type, a tuple of types, or a union")
		}
		if b.Name() == name || b.Name() == "int" && name == "bool" {
			return starlark.True, nil
		}
	}
	return starlark.False, nil
}
