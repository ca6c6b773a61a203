package jinja2

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

func numberFilters() map[string]native {
	return map[string]native{
		"abs":            filterAbs,
		"filesizeformat": filterFilesize,
		"float":          filterFloat,
		"int":            filterInt,
		"round":          filterRound,
	}
}

func filterAbs(c *call) (starlark.Value, error) {
	p, err := c.params(1, "x")
	if err != nil {
		return nil, err
	}
	switch n := number(p[0]).(type) {
	case starlark.Int:
		if n.Sign() < 0 {
			return starlark.MakeInt(0).Sub(n), nil
		}
		return n, nil
	case starlark.Float:
		return starlark.Float(math.Abs(float64(n))), nil
	case *Undefined:
		return nil, n.fail()
	}
	return nil, typeErrorf("bad operand type for abs(): %s", literal.Quote(typeName(p[0])))
}

// parseInt is int(text, base). Base 0 takes the base from the prefix.
func parseInt(text string, base int) (starlark.Int, error) {
	bad := valueErrorf("invalid literal for int() with base %d: %s", base, literal.Quote(text))
	s := strings.TrimFunc(text, isSpace)
	digits, negative := s, false
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		digits, negative = rest, true
	} else {
		digits = strings.TrimPrefix(s, "+")
	}
	digits = asciiDigits(digits)
	prefixes := map[int]string{2: "0b", 8: "0o", 16: "0x"}
	prefixed := false
	for b, prefix := range prefixes {
		if (base == b || base == 0) && len(digits) > 2 && strings.EqualFold(digits[:2], prefix) {
			digits, base, prefixed = strings.TrimPrefix(digits[2:], "_"), b, true
			break
		}
	}
	if base == 0 {
		base = 10
		if len(digits) > 1 && digits[0] == '0' && strings.Trim(digits, "0_") != "" {
			return starlark.Int{}, bad
		}
	}
	if digits == "" || !prefixed && digits[0] == '_' || strings.HasSuffix(digits, "_") || strings.Contains(digits, "__") || strings.ContainsAny(digits[:1], "+-") {
		return starlark.Int{}, bad
	}
	digits = strings.ReplaceAll(digits, "_", "")
	if len(digits) > 4300 && base&(base-1) != 0 {
		return starlark.Int{}, valueErrorf("Exceeds the limit (4300 digits) for integer string conversion: value has %d digits", len(digits))
	}
	n, ok := new(big.Int).SetString(digits, base)
	if !ok {
		return starlark.Int{}, bad
	}
	if negative {
		n.Neg(n)
	}
	return starlark.MakeBigInt(n), nil
}

// asciiDigits replaces the decimal digits of other scripts.
func asciiDigits(s string) string {
	if isASCII(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r >= 0x660 && r <= 0x669 {
			return r - 0x660 + '0'
		}
		if r >= 0xff10 && r <= 0xff19 {
			return r - 0xff10 + '0'
		}
		return r
	}, s)
}

// parseFloat is float(text).
func parseFloat(text string) (starlark.Float, error) {
	s := asciiDigits(strings.TrimFunc(text, isSpace))
	bad := valueErrorf("could not convert string to float: %s", literal.Quote(text))
	plain := strings.ToLower(strings.TrimLeft(s, "+-"))
	if strings.ContainsAny(s, "xXpP") || strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") || strings.Contains(s, "__") ||
		(strings.Contains(plain, "n") && plain != "nan" && plain != "inf" && plain != "infinity") {
		return 0, bad
	}
	if plain == "nan" {
		s = "nan"
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, bad
	}
	return starlark.Float(f), nil
}

// toInt is int(v, base); base is 0 when it is not given.
func (r *run) toInt(v starlark.Value, base int, given bool) (starlark.Value, error) {
	if text, ok := asString(v); ok {
		if !given {
			base = 10
		}
		return parseInt(text, base)
	}
	if given {
		return nil, typeErrorf("int() can't convert non-string with explicit base")
	}
	switch n := number(v).(type) {
	case starlark.Int:
		return n, nil
	case starlark.Float:
		return truncate(float64(n))
	case starlark.Bytes:
		return parseInt(string(n), 10)
	case *Undefined:
		return nil, n.fail()
	case *Object:
		if m := n.attrs["__int__"]; m != nil {
			return r.call(m, nil, nil)
		}
	}
	return nil, typeErrorf("int() argument must be a string, a bytes-like object or a real number, not %s", literal.Quote(typeName(v)))
}

// toFloat is float(v).
func (r *run) toFloat(v starlark.Value) (starlark.Value, error) {
	if text, ok := asString(v); ok {
		return parseFloat(text)
	}
	if u, ok := v.(*Undefined); ok {
		return nil, u.fail()
	}
	if !isNumber(v) {
		return nil, typeErrorf("float() argument must be a string or a real number, not %s", literal.Quote(typeName(v)))
	}
	f, err := asFloat(v)
	return starlark.Float(f), err
}

func filterInt(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value", "default", "base")
	if err != nil {
		return nil, err
	}
	base, err := c.int(p[2], 10)
	if err != nil {
		return nil, err
	}
	_, isText := asString(p[0])
	v, err := c.r.toInt(p[0], base, isText)
	if err == nil || kindOf(err) != "TypeError" && kindOf(err) != "ValueError" {
		return v, err
	}
	f, err := c.r.toFloat(p[0])
	if err == nil {
		v, err = truncate(float64(f.(starlark.Float)))
	}
	switch {
	case err == nil:
		return v, nil
	case kindOf(err) == UndefinedError:
		return nil, err
	case p[1] == nil:
		return starlark.MakeInt(0), nil
	}
	return p[1], nil
}

func filterFloat(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value", "default")
	if err != nil {
		return nil, err
	}
	f, err := c.r.toFloat(p[0])
	switch {
	case err == nil || kindOf(err) != "TypeError" && kindOf(err) != "ValueError":
		return f, err
	case p[1] == nil:
		return starlark.Float(0), nil
	}
	return p[1], nil
}

// round is round(v, digits); without digits the result is an integer.
func round(v starlark.Value, digits int, given bool) (starlark.Value, error) {
	switch n := number(v).(type) {
	case starlark.Int:
		if digits >= 0 || !given {
			return n, nil
		}
		if -digits > 4*bitLen(n) {
			return starlark.MakeInt(0), nil
		}
		power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(-digits)), nil)
		return starlark.MakeBigInt(roundHalfEven(new(big.Rat).SetFrac(bigOf(n), power), power)), nil
	case starlark.Float:
		f := float64(n)
		if !given {
			if math.IsNaN(f) || math.IsInf(f, 0) {
				return truncate(f)
			}
			return truncate(math.RoundToEven(f))
		}
		if math.IsNaN(f) || math.IsInf(f, 0) || digits > 323 {
			return n, nil
		}
		if digits < -308 {
			return starlark.Float(math.Copysign(0, f)), nil
		}
		if digits >= 0 {
			g, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'f', digits, 64), 64)
			return starlark.Float(g), nil
		}
		exact, _ := new(big.Float).SetFloat64(f).Rat(nil)
		power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(-digits)), nil)
		whole := roundHalfEven(new(big.Rat).Quo(exact, new(big.Rat).SetInt(power)), power)
		g, _ := new(big.Float).SetInt(whole).Float64()
		return starlark.Float(math.Copysign(g, f)), nil
	case *Undefined:
		return nil, n.fail()
	}
	return nil, typeErrorf("type %s doesn't define __round__ method", typeName(v))
}

// roundHalfEven returns x rounded to an integer, times factor.
func roundHalfEven(x *big.Rat, factor *big.Int) *big.Int {
	double := new(big.Int).Lsh(x.Num(), 1)
	double.Add(double, x.Denom())
	q, m := new(big.Int).DivMod(double, new(big.Int).Lsh(x.Denom(), 1), new(big.Int))
	if m.Sign() == 0 && q.Bit(0) == 1 {
		q.Sub(q, big.NewInt(1))
	}
	return q.Mul(q, factor)
}

func filterRound(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value", "precision", "method")
	if err != nil {
		return nil, err
	}
	digits, err := c.int(p[1], 0)
	if err != nil {
		return nil, err
	}
	method, err := c.text(p[2], "common")
	if err != nil {
		return nil, err
	}
	up := math.Floor
	switch method {
	case "common":
		return round(p[0], digits, true)
	case "ceil":
		up = math.Ceil
	case "floor":
	default:
		return nil, errorf("FilterArgumentError", "method must be common, ceil or floor")
	}
	power := starlark.Value(starlark.MakeInt(10))
	if power, err = c.r.binary("**", power, starlark.MakeInt(digits)); err != nil {
		return nil, err
	}
	v, err := c.r.binary("*", p[0], power)
	if err != nil {
		return nil, err
	}
	var whole starlark.Value = v
	if f, ok := v.(starlark.Float); ok {
		if whole, err = truncate(up(float64(f))); err != nil {
			return nil, err
		}
	}
	return c.r.binary("/", whole, power)
}

func filterFilesize(c *call) (starlark.Value, error) {
	p, err := c.params(1, "value", "binary")
	if err != nil {
		return nil, err
	}
	binary, err := c.bool(p[1], false)
	if err != nil {
		return nil, err
	}
	v, err := c.r.toFloat(p[0])
	if err != nil {
		return nil, err
	}
	size, base := float64(v.(starlark.Float)), 1000.0
	units := []string{"kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"}
	if binary {
		base, units = 1024, []string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"}
	}
	if size == 1 {
		return starlark.String("1 Byte"), nil
	}
	if size < base {
		return starlark.String(fmt.Sprintf("%d Bytes", int(size))), nil
	}
	unit := base
	for i, name := range units {
		unit *= base
		if size < unit || i == len(units)-1 {
			return starlark.String(fmt.Sprintf("%.1f %s", base*size/unit, name)), nil
		}
	}
	return nil, nil
}
