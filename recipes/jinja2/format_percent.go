package jinja2

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"
)

// percentRun formats one text with the operator %.
type percentRun struct {
	r      *run
	safe   bool // the text is safe, so the values are escaped
	values []starlark.Value
	dict   starlark.Value
	used   int
	b      strings.Builder
}

// percent is `format % v`.
func (r *run) percent(format string, v starlark.Value, safe bool) (string, error) {
	p := &percentRun{r: r, safe: safe}
	switch x := v.(type) {
	case starlark.Tuple:
		p.values = x
	case *Group:
		p.values = x.Tuple
	case *URL:
		p.values = x.Tuple
	default:
		p.values = []starlark.Value{v}
	}
	switch v.(type) {
	case *starlark.Dict, *starlark.List, starlark.Bytes, *Range, *Undefined, *Match:
		p.dict = v
	}
	for {
		i := strings.IndexByte(format, '%')
		if i < 0 {
			p.b.WriteString(format)
			break
		}
		p.b.WriteString(format[:i])
		n, err := p.one(format[i+1:])
		if err != nil {
			return "", err
		}
		format = format[i+1+n:]
		if err := r.room(p.b.Len()); err != nil {
			return "", err
		}
	}
	if p.used < len(p.values) && p.dict == nil {
		return "", typeErrorf("not all arguments converted during string formatting")
	}
	return p.b.String(), nil
}

func (p *percentRun) take() (starlark.Value, error) {
	if p.used >= len(p.values) {
		return nil, typeErrorf("not enough arguments for format string")
	}
	p.used++
	return p.values[p.used-1], nil
}

// star reads a number, or `*`, which is the next value.
func (p *percentRun) star(s string) (n int, rest string, err error) {
	if !strings.HasPrefix(s, "*") {
		n, rest, err = leadingInt(s)
		return n, rest, err
	}
	v, err := p.take()
	if err != nil {
		return 0, s, err
	}
	n, ok := asInt(v)
	if !ok {
		return 0, s, typeErrorf("* wants int")
	}
	return n, s[1:], nil
}

// one formats the directive at the start of s and returns its length.
func (p *percentRun) one(s string) (int, error) {
	rest := s
	var v starlark.Value
	var err error
	if strings.HasPrefix(rest, "(") {
		if v, rest, err = p.named(rest); err != nil {
			return 0, err
		}
	}
	spec := formatSpec{fill: " ", precision: -1}
	left, zero := false, false
	for rest != "" && strings.IndexByte("-+ #0", rest[0]) >= 0 {
		switch rest[0] {
		case '-':
			left = true
		case '0':
			zero = true
		case '#':
			spec.alternate = true
		case '+':
			spec.sign = '+'
		case ' ':
			if spec.sign == 0 {
				spec.sign = ' '
			}
		}
		rest = rest[1:]
	}
	if spec.width, rest, err = p.star(rest); err != nil {
		return 0, err
	}
	if spec.width < 0 {
		left, spec.width = true, -spec.width
	}
	if strings.HasPrefix(rest, ".") {
		if spec.precision, rest, err = p.star(rest[1:]); err != nil {
			return 0, err
		}
		spec.precision = max(spec.precision, 0)
	}
	rest = strings.TrimLeft(rest, "hlL")
	if rest == "" {
		return 0, valueErrorf("incomplete format")
	}
	if err := p.r.room(max(spec.width, spec.precision)); err != nil {
		return 0, err
	}
	c, n := utf8.DecodeRuneInString(rest)
	if left {
		spec.align = '<'
	} else if zero {
		spec.align, spec.fill = '=', "0"
	}
	return len(s) - len(rest) + n, p.convert(c, spec, v)
}

// named reads `(key)` and returns its value.
func (p *percentRun) named(s string) (starlark.Value, string, error) {
	if p.dict == nil || isList(p.dict) {
		return nil, "", typeErrorf("format requires a mapping")
	}
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 {
			v, err := p.r.getitem(p.dict, starlark.String(s[1:i]))
			return v, s[i+1:], err
		}
	}
	return nil, "", valueErrorf("incomplete format key")
}

func isList(v starlark.Value) bool {
	_, ok := v.(*starlark.List)
	return ok
}

// convert writes v, or the next value, after the conversion c.
func (p *percentRun) convert(c rune, spec formatSpec, v starlark.Value) error {
	if c == '%' {
		p.b.WriteByte('%')
		return nil
	}
	if v == nil {
		var err error
		if v, err = p.take(); err != nil {
			return err
		}
	}
	var text string
	var err error
	switch c {
	case 's', 'r', 'a':
		text, err = p.text(c, v)
		if err != nil {
			return err
		}
		if spec.align == '=' {
			spec.align, spec.fill = '>', " "
		}
		if spec.align == 0 {
			spec.align = '>'
		}
		spec.sign, spec.alternate = 0, false
		text, err = spec.text(text)
	case 'd', 'i', 'u', 'x', 'X', 'o':
		text, err = p.integer(c, spec, v)
	case 'e', 'E', 'f', 'F', 'g', 'G':
		var f float64
		if u, ok := v.(*Undefined); ok {
			return u.fail()
		}
		if f, err = asFloat(v); err == nil {
			spec.kind = byte(c)
			text, err = spec.float(f)
		}
	case 'c':
		text, err = p.char(spec, v)
	default:
		return valueErrorf("unsupported format character '%c' (0x%x)", c, c)
	}
	p.b.WriteString(text)
	return err
}

func (p *percentRun) text(c rune, v starlark.Value) (string, error) {
	var text string
	var err error
	if c == 's' {
		text, err = p.r.str(v)
	} else {
		text, err = p.r.repr(v)
	}
	if c == 'a' {
		text = asciiOnly(text)
	}
	if _, markup := v.(Markup); p.safe && (!markup || c != 's') {
		text = escapeHTML(text)
	}
	return text, err
}

// asciiOnly escapes all characters that are not ASCII.
func asciiOnly(s string) string {
	var b strings.Builder
	for _, c := range s {
		if c < utf8.RuneSelf {
			b.WriteRune(c)
			continue
		}
		text := strconv.FormatInt(int64(c), 16)
		switch {
		case c <= 0xff:
			b.WriteString(`\x` + text)
		case c <= 0xffff:
			b.WriteString(`\u` + strings.Repeat("0", 4-len(text)) + text)
		default:
			b.WriteString(`\U` + strings.Repeat("0", 8-len(text)) + text)
		}
	}
	return b.String()
}

func (p *percentRun) integer(c rune, spec formatSpec, v starlark.Value) (string, error) {
	var n starlark.Int
	switch x := number(v).(type) {
	case starlark.Int:
		n = x
	case starlark.Float:
		if strings.ContainsRune("xXo", c) {
			return "", typeErrorf("%%%c format: an integer is required, not float", c)
		}
		var err error
		if n, err = truncate(float64(x)); err != nil {
			return "", err
		}
	case *Undefined:
		if x.kind() == Strict {
			return "", typeErrorf("%%%c format: a real number is required, not %s", c, typeName(v))
		}
		return "", typeErrorf("%%%c format: a real number is required, not %s", c, typeName(v))
	default:
		what := "a real number"
		if strings.ContainsRune("xXo", c) {
			what = "an integer"
		}
		return "", typeErrorf("%%%c format: %s is required, not %s", c, what, typeName(v))
	}
	if spec.kind = byte(c); c == 'i' || c == 'u' {
		spec.kind = 'd'
	}
	digits := spec.precision
	spec.precision = -1
	width := spec
	width.width, width.align = 0, 0
	text, err := width.integer(n)
	if err != nil {
		return "", err
	}
	head := text[:strings.IndexFunc(text, func(c rune) bool { return c != '-' && c != '+' && c != ' ' })]
	text = text[len(head):]
	if spec.alternate && strings.ContainsRune("xXo", c) {
		head, text = head+text[:2], text[2:]
	}
	if len(text) < digits {
		text = strings.Repeat("0", digits-len(text)) + text
	}
	return spec.pad(head, text, '>'), nil
}

func (p *percentRun) char(spec formatSpec, v starlark.Value) (string, error) {
	text, ok := asString(v)
	if n, isInt := asInt(v); isInt {
		if n < 0 || n > utf8.MaxRune {
			return "", errorf("OverflowError", "%%c arg not in range(0x110000)")
		}
		text, ok = string(rune(n)), true
	}
	if !ok || textLen(text) != 1 {
		return "", typeErrorf("%%c requires int or char")
	}
	if spec.align == '=' {
		spec.align = '>'
	}
	return spec.pad("", text, '>'), nil
}
