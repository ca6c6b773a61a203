package jinja2

import (
	"encoding/hex"
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

func intMethods() map[string]native {
	return map[string]native{
		"bit_length": func(c *call) (starlark.Value, error) {
			return starlark.MakeInt(bigOf(number(c.recv).(starlark.Int)).BitLen()), c.none()
		},
		"bit_count": func(c *call) (starlark.Value, error) {
			n := 0
			for _, w := range bigOf(number(c.recv).(starlark.Int)).Bits() {
				n += bits.OnesCount(uint(w))
			}
			return starlark.MakeInt(n), c.none()
		},
		"conjugate": func(c *call) (starlark.Value, error) { return number(c.recv), c.none() },
		"__add__":   operatorMethod("+"),
		"__sub__":   operatorMethod("-"),
		"__mul__":   operatorMethod("*"),
		"__mod__":   operatorMethod("%"),
		"to_bytes":  intToBytes,
	}
}

func intToBytes(c *call) (starlark.Value, error) {
	p, err := c.params(0, "length", "byteorder")
	if err != nil {
		return nil, err
	}
	n, err := c.int(p[0], 1)
	if err == nil {
		err = c.r.room(n)
	}
	if err != nil {
		return nil, err
	}
	order, err := c.text(p[1], "big")
	if err != nil {
		return nil, err
	}
	x := bigOf(number(c.recv).(starlark.Int))
	if x.Sign() < 0 {
		return nil, errorf("OverflowError", "can't convert negative int to unsigned")
	}
	if x.BitLen() > 8*n {
		return nil, errorf("OverflowError", "int too big to convert")
	}
	b := x.FillBytes(make([]byte, n))
	if order == "little" {
		for i, j := 0, n-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
	}
	return starlark.Bytes(b), nil
}

func floatMethods() map[string]native {
	return map[string]native{
		"is_integer": func(c *call) (starlark.Value, error) {
			f := float64(c.recv.(starlark.Float))
			return starlark.Bool(f == math.Trunc(f) && !math.IsInf(f, 0)), c.none()
		},
		"hex":       floatHex,
		"conjugate": func(c *call) (starlark.Value, error) { return c.recv, c.none() },
		"__add__":   operatorMethod("+"),
		"__sub__":   operatorMethod("-"),
		"__mul__":   operatorMethod("*"),
	}
}

func floatHex(c *call) (starlark.Value, error) {
	f := float64(c.recv.(starlark.Float))
	if a := math.Abs(f); a == 0 || math.IsInf(f, 0) || math.IsNaN(f) {
		text := floatText(f)
		if a == 0 {
			text = strings.Replace(text, "0.0", "0x0.0p+0", 1)
		}
		return starlark.String(text), c.none()
	} else if a < 0x1p-1022 {
		return nil, errorf(UnsupportedError, "float.hex of a number as small as %s", floatText(f))
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'x', 13, 64), "p")
	return starlark.String(mantissa + "p" + exponent[:1] + strings.TrimLeft(exponent[1:len(exponent)-1], "0") + exponent[len(exponent)-1:]), c.none()
}

// truncate is int(f).
func truncate(f float64) (starlark.Int, error) {
	switch {
	case math.IsNaN(f):
		return starlark.Int{}, valueErrorf("cannot convert float NaN to integer")
	case math.IsInf(f, 0):
		return starlark.Int{}, errorf("OverflowError", "cannot convert float infinity to integer")
	}
	n, _ := big.NewFloat(f).Int(nil)
	return starlark.MakeBigInt(n), nil
}

func bytesMethods() map[string]native {
	return map[string]native{
		"decode": bytesDecode,
		"hex": func(c *call) (starlark.Value, error) {
			return starlark.String(hex.EncodeToString([]byte(c.recv.(starlark.Bytes)))), c.none()
		},
		"__len__":     lenMethod,
		"__getitem__": getitemMethod,
	}
}

// encoding returns the normalised name of an encoding that is known.
func (c *call) encoding(v starlark.Value) (string, error) {
	name, err := c.text(v, "utf-8")
	if err != nil {
		return "", err
	}
	switch strings.ReplaceAll(strings.ToLower(name), "_", "-") {
	case "utf-8", "utf8", "u8":
		return "utf-8", nil
	case "ascii", "us-ascii":
		return "ascii", nil
	case "latin-1", "latin1", "iso-8859-1", "iso8859-1":
		return "latin-1", nil
	}
	return "", errorf(UnsupportedError, "the encoding %s", literal.Quote(name))
}

func textEncode(c *call) (starlark.Value, error) {
	p, err := c.params(0, "encoding", "errors")
	if err != nil {
		return nil, err
	}
	encoding, err := c.encoding(p[0])
	if err != nil {
		return nil, err
	}
	s, _ := asString(c.recv)
	if encoding == "utf-8" {
		return starlark.Bytes(s), nil
	}
	how, err := c.text(p[1], "strict")
	if err != nil {
		return nil, err
	}
	limit := rune(0x80)
	if encoding == "latin-1" {
		limit = 0x100
	}
	var b []byte
	for _, r := range s {
		switch {
		case r < limit:
			b = append(b, byte(r))
		case how == "ignore":
		case how == "replace":
			b = append(b, '?')
		default:
			return nil, errorf("UnicodeEncodeError", "%s codec can't encode character '%s'", literal.Quote(encoding), asciiOnly(string(r)))
		}
	}
	return starlark.Bytes(b), nil
}

func bytesDecode(c *call) (starlark.Value, error) {
	p, err := c.params(0, "encoding", "errors")
	if err != nil {
		return nil, err
	}
	encoding, err := c.encoding(p[0])
	if err != nil {
		return nil, err
	}
	how, err := c.text(p[1], "strict")
	if err != nil {
		return nil, err
	}
	s := string(c.recv.(starlark.Bytes))
	if encoding == "latin-1" {
		runes := make([]rune, len(s))
		for i := range len(s) {
			runes[i] = rune(s[i])
		}
		return starlark.String(runes), nil
	}
	if encoding == "utf-8" && utf8.ValidString(s) || isASCII(s) {
		return starlark.String(s), nil
	}
	switch how {
	case "ignore":
		return starlark.String(strings.ToValidUTF8(s, "")), nil
	case "replace":
		return starlark.String(strings.ToValidUTF8(s, "\ufffd")), nil
	}
	return nil, errorf("UnicodeDecodeError", "%s codec can't decode bytes", literal.Quote(encoding))
}
