package jinja2

import (
	"math"
	"math/big"
	"strings"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// maxBits is the size of the largest integer that an operation may make.
const maxBits = 1 << 20

// operands complains about types that op does not take.
func operands(op string, a, b starlark.Value) error {
	for _, v := range []starlark.Value{a, b} {
		if u, ok := v.(*Undefined); ok {
			return u.fail()
		}
	}
	if op == "**" {
		op = "** or pow()"
	}
	return typeErrorf("unsupported operand type(s) for %s: %s and %s", op, literal.Quote(typeName(a)), literal.Quote(typeName(b)))
}

func isNumber(v starlark.Value) bool {
	switch v.(type) {
	case starlark.Int, starlark.Float, starlark.Bool:
		return true
	}
	return false
}

// number returns bools as ints, and all else as it is.
func number(v starlark.Value) starlark.Value {
	if b, ok := v.(starlark.Bool); ok {
		n, _ := asInt(b)
		return starlark.MakeInt(n)
	}
	return v
}

// binary applies an arithmetic operator.
func (r *run) binary(op string, a, b starlark.Value) (starlark.Value, error) {
	if isNumber(a) && isNumber(b) {
		return r.arithmetic(op, number(a), number(b))
	}
	if _, ok := a.(*IPAddress); ok && (op == "+" || op == "-") {
		return starlark.Binary(map[string]syntax.Token{"+": syntax.PLUS, "-": syntax.MINUS}[op], a, number(b))
	}
	if o, ok := a.(*Object); ok && o.attrs[operatorNames[op]] != nil {
		return r.call(o.attrs[operatorNames[op]], []starlark.Value{b}, nil)
	}
	switch op {
	case "+":
		return r.add(a, b)
	case "*":
		return r.multiply(a, b)
	case "%":
		switch x := a.(type) {
		case starlark.String:
			text, err := r.percent(string(x), b, false)
			return starlark.String(text), err
		case Markup:
			text, err := r.percent(string(x), b, true)
			return Markup(text), err
		}
	case "-":
		if x, y := asSet(a), asSet(b); x != nil && y != nil {
			return r.setMinus(a, x, y)
		}
	}
	return nil, operands(op, a, b)
}

// operatorNames are the methods by which objects define operators.
var operatorNames = map[string]string{"+": "__add__", "-": "__sub__", "*": "__mul__", "/": "__truediv__", "//": "__floordiv__", "%": "__mod__"}

// add is `+` of what is no numbers.
func (r *run) add(a, b starlark.Value) (starlark.Value, error) {
	x, aText := asString(a)
	y, bText := asString(b)
	if aText && bText {
		if err := r.room(len(x) + len(y)); err != nil {
			return nil, err
		}
		_, aSafe := a.(Markup)
		_, bSafe := b.(Markup)
		switch {
		case aSafe && !bSafe:
			return Markup(x + escapeHTML(y)), nil
		case bSafe && !aSafe:
			return Markup(escapeHTML(x) + y), nil
		case aSafe:
			return Markup(x + y), nil
		}
		return starlark.String(x + y), nil
	}
	if aText {
		if u, ok := b.(*Undefined); ok {
			return nil, u.fail()
		}
		return nil, typeErrorf("can only concatenate str (not %s) to str", `"`+typeName(b)+`"`)
	}
	switch x := a.(type) {
	case *starlark.List:
		if y, ok := b.(*starlark.List); ok {
			return r.concatenate(x, y)
		}
	case starlark.Tuple:
		if y, ok := b.(starlark.Tuple); ok {
			return append(append(make(starlark.Tuple, 0, len(x)+len(y)), x...), y...), r.tick(len(x) + len(y))
		}
	case starlark.Bytes:
		if y, ok := b.(starlark.Bytes); ok {
			return x + y, r.room(len(x) + len(y))
		}
	}
	return nil, operands("+", a, b)
}

func (r *run) concatenate(a, b *starlark.List) (starlark.Value, error) {
	x, err := r.list(a)
	if err != nil {
		return nil, err
	}
	y, err := r.list(b)
	return starlark.NewList(append(x, y...)), err
}

// multiply is `*` of a sequence and a number.
func (r *run) multiply(a, b starlark.Value) (starlark.Value, error) {
	seq, count := a, b
	if isNumber(a) {
		seq, count = b, a
	}
	n, ok := number(count).(starlark.Int)
	if !ok {
		return nil, operands("*", a, b)
	}
	times, fits := n.Int64()
	if n.Sign() <= 0 {
		times, fits = 0, true
	}
	if !fits {
		times = math.MaxInt32
	}
	size := 0
	switch s := seq.(type) {
	case starlark.String:
		size = len(s)
	case Markup:
		size = len(s)
	case starlark.Bytes:
		size = len(s)
	case *starlark.List, starlark.Tuple:
		return r.repeat(seq, times)
	default:
		return nil, operands("*", a, b)
	}
	if size > 0 && times > int64(r.env.Limits.Output/size) {
		return nil, r.room(r.env.Limits.Output + 1)
	}
	switch s := seq.(type) {
	case starlark.String:
		return starlark.String(strings.Repeat(string(s), int(times))), nil
	case Markup:
		return Markup(strings.Repeat(string(s), int(times))), nil
	}
	return starlark.Bytes(strings.Repeat(string(seq.(starlark.Bytes)), int(times))), nil
}

func (r *run) repeat(seq starlark.Value, times int64) (starlark.Value, error) {
	items, err := r.list(seq)
	if err != nil {
		return nil, err
	}
	if len(items) > 0 && times > int64(r.steps/len(items)) {
		return nil, r.tick(-1)
	}
	if err := r.tick(len(items) * int(times)); err != nil {
		return nil, err
	}
	all := make([]starlark.Value, 0, len(items)*int(times))
	for range times {
		all = append(all, items...)
	}
	if _, ok := seq.(starlark.Tuple); ok {
		return starlark.Tuple(all), nil
	}
	return starlark.NewList(all), nil
}

// arithmetic applies op to ints and floats.
func (r *run) arithmetic(op string, a, b starlark.Value) (starlark.Value, error) {
	x, xInt := a.(starlark.Int)
	y, yInt := b.(starlark.Int)
	if !xInt || !yInt {
		u, err := asFloat(a)
		if err != nil {
			return nil, err
		}
		v, err := asFloat(b)
		if err != nil {
			return nil, err
		}
		return floatOp(op, u, v)
	}
	switch op {
	case "+":
		return x.Add(y), nil
	case "-":
		return x.Sub(y), nil
	case "*":
		if bits := bitLen(x) + bitLen(y); bits > maxBits {
			return nil, errorf(LimitError, "a number of more than %d bits", maxBits)
		}
		return x.Mul(y), nil
	case "**":
		return r.power(x, y)
	}
	if y.Sign() == 0 {
		if op == "/" {
			return nil, errorf("ZeroDivisionError", "division by zero")
		}
		return nil, errorf("ZeroDivisionError", "integer division or modulo by zero")
	}
	switch op {
	case "//":
		return x.Div(y), nil
	case "%":
		return x.Mod(y), nil
	}
	f, _ := new(big.Rat).SetFrac(bigOf(x), bigOf(y)).Float64()
	if math.IsInf(f, 0) {
		return nil, errorf("OverflowError", "integer division result too large for a float")
	}
	return starlark.Float(f), nil
}

func bitLen(x starlark.Int) int {
	if _, ok := x.Int64(); ok {
		return 64
	}
	return bigOf(x).BitLen()
}

// asFloat converts a number.
func asFloat(v starlark.Value) (float64, error) {
	switch v := number(v).(type) {
	case starlark.Float:
		return float64(v), nil
	case starlark.Int:
		f := float64(v.Float())
		if math.IsInf(f, 0) {
			return 0, errorf("OverflowError", "int too large to convert to float")
		}
		return f, nil
	}
	return 0, typeErrorf("must be real number, not %s", typeName(v))
}

func floatOp(op string, x, y float64) (starlark.Value, error) {
	switch op {
	case "+":
		return starlark.Float(x + y), nil
	case "-":
		return starlark.Float(x - y), nil
	case "*":
		return starlark.Float(x * y), nil
	case "**":
		return floatPower(x, y)
	}
	if y == 0 {
		if op == "/" {
			return nil, errorf("ZeroDivisionError", "float division by zero")
		}
		return nil, errorf("ZeroDivisionError", "float floor division by zero")
	}
	if op == "/" {
		return starlark.Float(x / y), nil
	}
	div, mod := floatDivmod(x, y)
	if op == "//" {
		return starlark.Float(div), nil
	}
	return starlark.Float(mod), nil
}

// floatDivmod is divmod of floats: the remainder has the sign of y.
func floatDivmod(x, y float64) (div, mod float64) {
	mod = math.Mod(x, y)
	div = (x - mod) / y
	if mod != 0 {
		if (y < 0) != (mod < 0) {
			mod += y
			div--
		}
	} else {
		mod = math.Copysign(0, y)
	}
	if div == 0 {
		return math.Copysign(0, x/y), mod
	}
	floor := math.Floor(div)
	if div-floor > 0.5 {
		floor++
	}
	return floor, mod
}

func floatPower(x, y float64) (starlark.Value, error) {
	if x == 0 && y < 0 {
		return nil, errorf("ZeroDivisionError", "0.0 cannot be raised to a negative power")
	}
	result := math.Pow(x, y)
	switch {
	case x < 0 && y != math.Trunc(y) && !math.IsInf(y, 0) && !math.IsInf(x, 0):
		return nil, errorf(UnsupportedError, "complex numbers")
	case math.IsInf(result, 0) && !math.IsInf(x, 0) && !math.IsInf(y, 0):
		return nil, errorf("OverflowError", "(34, 'Numerical result out of range')")
	}
	return starlark.Float(result), nil
}

// power is `**` of ints.
func (r *run) power(x, y starlark.Int) (starlark.Value, error) {
	if y.Sign() < 0 {
		u, err := asFloat(x)
		if err != nil {
			return nil, err
		}
		v, err := asFloat(y)
		if err != nil {
			return nil, err
		}
		return floatPower(u, v)
	}
	base, exponent := bigOf(x), bigOf(y)
	if base.BitLen() > 1 && (!exponent.IsInt64() || exponent.Int64() > int64(maxBits/base.BitLen())) {
		return nil, errorf(LimitError, "a number of more than %d bits", maxBits)
	}
	if base.BitLen() <= 1 && exponent.BitLen() > 1 { // of -1, 0 and 1 only the parity counts
		exponent = new(big.Int).Add(big.NewInt(2), new(big.Int).And(exponent, big.NewInt(1)))
	}
	return starlark.MakeBigInt(new(big.Int).Exp(base, exponent, nil)), nil
}

// unary is `-v` or `+v`.
func (r *run) unary(op string, v starlark.Value) (starlark.Value, error) {
	switch n := number(v).(type) {
	case starlark.Int:
		if op == "-" {
			return starlark.MakeInt(0).Sub(n), nil
		}
		return n, nil
	case starlark.Float:
		if op == "-" {
			return -n, nil
		}
		return n, nil
	case *Undefined:
		return nil, n.fail()
	}
	return nil, typeErrorf("bad operand type for unary %s: %s", op, literal.Quote(typeName(v)))
}

// asSet returns the elements of a set or frozen set, else nil.
func asSet(v starlark.Value) *starlark.Set {
	switch v := v.(type) {
	case *starlark.Set:
		return v
	case *FrozenSet:
		return v.set
	case *View:
		if v.kind == "values" {
			return nil
		}
		s := starlark.NewSet(v.d.Len())
		for _, x := range v.elements() {
			if s.Insert(x) != nil {
				return nil
			}
		}
		return s
	}
	return nil
}

func (r *run) setMinus(like starlark.Value, x, y *starlark.Set) (starlark.Value, error) {
	s := starlark.NewSet(x.Len())
	for v := range x.Elements() {
		ok, err := r.has(y, v)
		if err != nil {
			return nil, err
		}
		if !ok {
			if err := s.Insert(v); err != nil {
				return nil, err
			}
		}
	}
	return setLike(like, s), r.tick(x.Len())
}

// setLike returns s as a set of the kind of like.
func setLike(like starlark.Value, s *starlark.Set) starlark.Value {
	if _, ok := like.(*FrozenSet); ok {
		return &FrozenSet{s}
	}
	return s
}

// orderTokens are the comparisons that Starlark values define for themselves.
var orderTokens = map[string]syntax.Token{"<": syntax.LT, "<=": syntax.LE, ">": syntax.GT, ">=": syntax.GE}
