package condition

import (
	"math"
	"math/big"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// binaryTokens are Python's binary operators in Starlark's terms; those that
// Starlark lacks have ILLEGAL.
var binaryTokens = map[string]syntax.Token{
	"|": syntax.PIPE, "^": syntax.CIRCUMFLEX, "&": syntax.AMP, "<<": syntax.LTLT, ">>": syntax.GTGT,
	"+": syntax.PLUS, "-": syntax.MINUS, "*": syntax.STAR, "/": syntax.SLASH, "//": syntax.SLASHSLASH,
	"%": syntax.PERCENT, "**": syntax.ILLEGAL, "@": syntax.ILLEGAL,
}

// maxBits is the size of the largest integer that an operation may make.
const maxBits = 1 << 16

func (r *run) binary(op string, a, b starlark.Value) (starlark.Value, error) {
	bad := errorf("TypeError", "unsupported operand type(s) for %s: '%s' and '%s'", op, typeName(a), typeName(b))
	if _, text := a.(starlark.String); text && op == "%" {
		return r.format(a, b)
	}
	x, xBool := a.(starlark.Bool)
	y, yBool := b.(starlark.Bool)
	if xBool && yBool {
		switch op {
		case "|":
			return x || y, nil
		case "&":
			return x && y, nil
		case "^":
			return starlark.Bool(x != y), nil
		}
	}
	if isNumeric(a) && isNumeric(b) {
		return r.calculate(op, numeric(a), numeric(b))
	}
	if err := r.admit(op, a, b); err != nil {
		return nil, err
	}
	if binaryTokens[op] == syntax.ILLEGAL {
		return nil, bad
	}
	value, err := starlark.Binary(binaryTokens[op], numeric(a), numeric(b))
	if err != nil {
		return nil, bad
	}
	return value, nil
}

// admit spends the size of the sequence that an operation will make.
func (r *run) admit(op string, a, b starlark.Value) error {
	size := func(v starlark.Value) int {
		if s, ok := v.(starlark.Sequence); ok {
			return s.Len()
		}
		return max(starlark.Len(v), 0)
	}
	if op != "*" {
		return r.spend(size(a) + size(b))
	}
	if isNumeric(a) {
		a, b = b, a
	}
	if !isNumeric(b) {
		return nil
	}
	count, err := starlark.AsInt32(numeric(b))
	switch i, ok := numeric(b).(starlark.Int); {
	case !ok, i.Sign() <= 0:
		return nil
	case err != nil && size(a) > 0:
		return r.spend(-1)
	}
	return r.spend(count * size(a))
}

// calculate applies an arithmetic operator to numbers.
func (r *run) calculate(op string, a, b starlark.Value) (starlark.Value, error) {
	x, xInt := a.(starlark.Int)
	y, yInt := b.(starlark.Int)
	zero := yInt && y.Sign() == 0 || b == starlark.Float(0)
	switch {
	case zero && (op == "/" || op == "//" || op == "%"):
		return nil, errorf("ZeroDivisionError", "division by zero")
	case op == "**":
		return r.power(a, b)
	case xInt && yInt:
		return r.calculateInt(op, x, y)
	}
	value, err := starlark.Binary(binaryTokens[op], a, b)
	if err != nil || binaryTokens[op] == syntax.ILLEGAL {
		return nil, errorf("TypeError", "unsupported operand type(s) for %s: '%s' and '%s'", op, typeName(a), typeName(b))
	}
	return value, nil
}

func (r *run) calculateInt(op string, x, y starlark.Int) (starlark.Value, error) {
	a, b := x.BigInt(), y.BigInt()
	if err := r.spend(1 + (a.BitLen()+b.BitLen())/64); err != nil {
		return nil, err
	}
	switch op {
	case "<<", ">>":
		if b.Sign() < 0 {
			return nil, errorf("ValueError", "negative shift count")
		}
		if op == ">>" {
			shift := uint(maxBits)
			if b.IsUint64() && b.Uint64() < maxBits {
				shift = uint(b.Uint64())
			}
			return starlark.MakeBigInt(new(big.Int).Rsh(a, shift)), nil
		}
		if a.Sign() != 0 && (!b.IsInt64() || b.Int64()+int64(a.BitLen()) > maxBits) {
			return nil, errorf(Limit, "number is too large")
		}
		return starlark.MakeBigInt(new(big.Int).Lsh(a, uint(b.Uint64()))), nil
	case "*":
		if a.BitLen()+b.BitLen() > maxBits {
			return nil, errorf(Limit, "number is too large")
		}
	case "@":
		return nil, errorf("TypeError", "unsupported operand type(s) for @: 'int' and 'int'")
	case "/":
		if _, accuracy := new(big.Float).SetInt(a).Float64(); a.BitLen() > 1024 || b.BitLen() > 1024 {
			return nil, errorf("OverflowError", "integer division result too large for a float (%v)", accuracy)
		}
	}
	return starlark.Binary(binaryTokens[op], x, y)
}

// power is `**`.
func (r *run) power(a, b starlark.Value) (starlark.Value, error) {
	x, xInt := a.(starlark.Int)
	y, yInt := b.(starlark.Int)
	if xInt && yInt && y.Sign() >= 0 {
		base, exponent := x.BigInt(), y.BigInt()
		if base.BitLen() > 1 && (!exponent.IsInt64() || exponent.Int64() > maxBits/int64(base.BitLen())) {
			return nil, errorf(Limit, "number is too large")
		}
		if base.BitLen() <= 1 && exponent.BitLen() > 1 { // -1, 0 or 1: only parity counts
			exponent = new(big.Int).Add(big.NewInt(2), new(big.Int).And(exponent, big.NewInt(1)))
		}
		if err := r.spend(1 + base.BitLen()*int(exponent.Int64())/8); err != nil {
			return nil, err
		}
		return starlark.MakeBigInt(new(big.Int).Exp(base, exponent, nil)), nil
	}
	base, _ := starlark.AsFloat(a)
	exponent, _ := starlark.AsFloat(b)
	if base == 0 && exponent < 0 {
		return nil, errorf("ZeroDivisionError", "0.0 cannot be raised to a negative power")
	}
	result := math.Pow(base, exponent)
	switch {
	case base < 0 && exponent != math.Trunc(exponent) && !math.IsInf(exponent, 0):
		return nil, errorf(Unsupported, "complex numbers are not supported in conditions")
	case math.IsInf(result, 0) && !math.IsInf(base, 0) && !math.IsInf(exponent, 0):
		return nil, errorf("OverflowError", "(34, 'Numerical result out of range')")
	}
	return starlark.Float(result), nil
}

// unary applies +, - or ~.
func unary(op string, v starlark.Value) (starlark.Value, error) {
	switch n := numeric(v).(type) {
	case starlark.Int:
		switch op {
		case "-":
			return starlark.MakeInt(0).Sub(n), nil
		case "~":
			return n.Not(), nil
		}
		return n, nil
	case starlark.Float:
		switch op {
		case "-":
			return -n, nil
		case "+":
			return n, nil
		}
	}
	return nil, errorf("TypeError", "bad operand type for unary %s: '%s'", op, typeName(v))
}
