package jinja2

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"go.starlark.net/starlark"
)

var jsonNumber = regexp.MustCompile(`^(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)?`)

func (d *jsonDecoder) number() (starlark.Value, error) {
	m := jsonNumber.FindStringSubmatch(d.s[d.i:])
	if m == nil {
		return nil, d.fail(d.i, "Expecting value")
	}
	d.i += len(m[0])
	if m[2] == "" && m[3] == "" {
		n, _ := new(big.Int).SetString(m[1], 10)
		return starlark.MakeBigInt(n), nil
	}
	f, _ := strconv.ParseFloat(m[0], 64) // out of range is infinite, as in Python
	return starlark.Float(f), nil
}

func (d *jsonDecoder) list() (starlark.Value, error) {
	d.i++
	l := starlark.NewList(nil)
	for d.space(); ; d.space() {
		if d.i < len(d.s) && d.s[d.i] == ']' && l.Len() == 0 {
			break
		}
		v, err := d.value()
		if err == nil {
			err = d.r.tick(1)
		}
		if err != nil {
			return nil, err
		}
		if err := l.Append(v); err != nil {
			return nil, err
		}
		if d.space(); d.i < len(d.s) && d.s[d.i] == ',' {
			d.i++
			continue
		}
		if d.i >= len(d.s) || d.s[d.i] != ']' {
			return nil, d.fail(d.i, "Expecting ',' delimiter")
		}
		break
	}
	d.i++
	return l, nil
}

func (d *jsonDecoder) object() (starlark.Value, error) {
	d.i++
	o := starlark.NewDict(4)
	for d.space(); ; d.space() {
		if d.i < len(d.s) && d.s[d.i] == '}' && o.Len() == 0 {
			break
		}
		if d.i >= len(d.s) || d.s[d.i] != '"' {
			return nil, d.fail(d.i, "Expecting property name enclosed in double quotes")
		}
		name, err := d.text()
		if err != nil {
			return nil, err
		}
		if d.space(); d.i >= len(d.s) || d.s[d.i] != ':' {
			return nil, d.fail(d.i, "Expecting ':' delimiter")
		}
		d.i++
		d.space()
		v, err := d.value()
		if err != nil {
			return nil, err
		}
		if err := d.r.setKey(o, starlark.String(name), v); err != nil {
			return nil, err
		}
		if d.space(); d.i < len(d.s) && d.s[d.i] == ',' {
			d.i++
			continue
		}
		if d.i >= len(d.s) || d.s[d.i] != '}' {
			return nil, d.fail(d.i, "Expecting ',' delimiter")
		}
		break
	}
	d.i++
	return o, nil
}

var jsonEscapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// text reads a string.
func (d *jsonDecoder) text() (string, error) {
	start := d.i
	d.i++
	var b strings.Builder
	for d.i < len(d.s) {
		c := d.s[d.i]
		switch {
		case c == '"':
			d.i++
			return b.String(), nil
		case c < ' ':
			return "", d.fail(d.i, "Invalid control character at")
		case c != '\\':
			b.WriteByte(c)
			d.i++
			continue
		}
		if d.i+1 >= len(d.s) {
			break
		}
		if c, ok := jsonEscapes[d.s[d.i+1]]; ok {
			b.WriteByte(c)
			d.i += 2
			continue
		}
		if d.s[d.i+1] != 'u' {
			return "", d.fail(d.i, `Invalid \escape`)
		}
		r, err := d.unicode()
		if err != nil {
			return "", err
		}
		b.WriteRune(r)
	}
	return "", d.fail(start, "Unterminated string starting at")
}

// unicode reads \uXXXX, or two of them that make one character.
func (d *jsonDecoder) unicode() (rune, error) {
	one := func() (rune, bool) {
		if d.i+6 > len(d.s) || d.s[d.i:d.i+2] != `\u` {
			return 0, false
		}
		n, err := strconv.ParseUint(d.s[d.i+2:d.i+6], 16, 16)
		return rune(n), err == nil
	}
	r, ok := one()
	if !ok {
		return 0, d.fail(d.i+1, `Invalid \uXXXX escape`)
	}
	d.i += 6
	if !utf16.IsSurrogate(r) {
		return r, nil
	}
	if second, ok := one(); ok {
		if pair := utf16.DecodeRune(r, second); pair != utf8.RuneError {
			d.i += 6
			return pair, nil
		}
	}
	return 0, errorf(UnsupportedError, "text with half a surrogate pair")
}
