package jinja2

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"
)

// formatSpec is a parsed format specification of Python.
type formatSpec struct {
	fill      string
	align     byte // 0 when it is not given
	sign      byte
	alternate bool
	zeroNeg   bool // z
	width     int
	group     string // "," or "_"
	precision int    // -1 when it is not given
	kind      byte   // 0 when it is not given
}

func parseFormatSpec(text string) (formatSpec, error) {
	s := formatSpec{fill: " ", precision: -1}
	rest := text
	_, n := utf8.DecodeRuneInString(rest)
	if len(rest) > n && strings.IndexByte("<>=^", rest[n]) >= 0 {
		s.fill, s.align = rest[:n], rest[n]
		rest = rest[n+1:]
	} else if rest != "" && strings.IndexByte("<>=^", rest[0]) >= 0 {
		s.align = rest[0]
		rest = rest[1:]
	}
	take := func(set string) byte {
		if rest != "" && strings.IndexByte(set, rest[0]) >= 0 {
			c := rest[0]
			rest = rest[1:]
			return c
		}
		return 0
	}
	s.sign = take("+- ")
	s.zeroNeg = take("z") != 0
	s.alternate = take("#") != 0
	if take("0") != 0 && s.align == 0 {
		s.fill, s.align = "0", '='
	}
	var err error
	if s.width, rest, err = leadingInt(rest); err != nil {
		return s, err
	}
	if c := take(",_"); c != 0 {
		s.group = string(c)
	}
	if take(".") != 0 {
		if rest == "" || rest[0] < '0' || rest[0] > '9' {
			return s, valueErrorf("Format specifier missing precision")
		}
		if s.precision, rest, err = leadingInt(rest); err != nil {
			return s, err
		}
	}
	if len(rest) > 1 {
		return s, valueErrorf("Invalid format specifier")
	}
	if rest != "" {
		s.kind = rest[0]
	}
	return s, nil
}

func leadingInt(s string) (n int, rest string, err error) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i > 7 {
		return 0, s, valueErrorf("Too many decimal digits in format string")
	}
	n, _ = strconv.Atoi(s[:i])
	return n, s[i:], nil
}

// format is format(v, spec).
func (r *run) format(v starlark.Value, spec string) (string, error) {
	if u, ok := v.(*Undefined); ok && u.kind() == Strict && spec != "" {
		return "", typeErrorf("unsupported format string passed to StrictUndefined.__format__")
	}
	if spec == "" {
		return r.str(v)
	}
	s, err := parseFormatSpec(spec)
	if err != nil {
		return "", err
	}
	if err := r.room(max(s.width, s.precision)); err != nil {
		return "", err
	}
	switch v := v.(type) {
	case starlark.String, Markup:
		text, _ := asString(v)
		return s.text(text)
	case starlark.Bool:
		return s.integer(number(v).(starlark.Int))
	case starlark.Int:
		return s.integer(v)
	case starlark.Float:
		return s.float(float64(v))
	}
	return "", typeErrorf("unsupported format string passed to %s.__format__", typeName(v))
}

// pad fills body, which begins with a sign or prefix of length head, to the width.
func (s formatSpec) pad(head, body string, usual byte) string {
	missing := s.width - textLen(head) - textLen(body)
	if missing <= 0 {
		return head + body
	}
	align := s.align
	if align == 0 {
		align = usual
	}
	switch align {
	case '<':
		return head + body + strings.Repeat(s.fill, missing)
	case '^':
		return strings.Repeat(s.fill, missing/2) + head + body + strings.Repeat(s.fill, missing-missing/2)
	case '=':
		return head + strings.Repeat(s.fill, missing) + body
	}
	return strings.Repeat(s.fill, missing) + head + body
}

func (s formatSpec) text(text string) (string, error) {
	switch {
	case s.kind != 0 && s.kind != 's':
		return "", valueErrorf("Unknown format code '%c' for object of type 'str'", s.kind)
	case s.sign != 0:
		return "", valueErrorf("Sign not allowed in string format specifier")
	case s.alternate:
		return "", valueErrorf("Alternate form (#) not allowed in string format specifier")
	case s.align == '=' && s.fill != "0":
		return "", valueErrorf("'=' alignment not allowed in string format specifier")
	case s.group != "":
		return "", valueErrorf("Cannot specify '%s' with 's'.", s.group)
	}
	if s.precision >= 0 && textLen(text) > s.precision {
		text = string([]rune(text)[:s.precision])
	}
	if s.align == '=' {
		s.align = '<'
	}
	return s.pad("", text, '<'), nil
}

func (s formatSpec) signOf(negative bool) string {
	switch {
	case negative:
		return "-"
	case s.sign == '+' || s.sign == ' ':
		return string(s.sign)
	}
	return ""
}

func (s formatSpec) integer(n starlark.Int) (string, error) {
	switch s.kind {
	case 'e', 'E', 'f', 'F', 'g', 'G', '%':
		f, err := asFloat(n)
		if err != nil {
			return "", err
		}
		return s.float(f)
	}
	if s.precision >= 0 {
		return "", valueErrorf("Precision not allowed in integer format specifier")
	}
	base, prefix, every := 10, "", 3
	switch s.kind {
	case 0, 'd', 'n':
	case 'b':
		base, prefix, every = 2, "0b", 4
	case 'o':
		base, prefix, every = 8, "0o", 4
	case 'x', 'X':
		base, prefix, every = 16, "0"+string(s.kind), 4
	case 'c':
		c, ok := n.Int64()
		if !ok || c < 0 || c > utf8.MaxRune {
			return "", errorf("OverflowError", "%%c arg not in range(0x110000)")
		}
		return s.pad("", string(rune(c)), '<'), nil
	default:
		return "", valueErrorf("Unknown format code '%c' for object of type 'int'", s.kind)
	}
	if s.group == "," && base != 10 {
		return "", valueErrorf("Cannot specify ',' with '%c'.", s.kind)
	}
	digits := new(big.Int).Abs(bigOf(n)).Text(base)
	if s.kind == 'X' {
		digits = strings.ToUpper(digits)
	}
	head := s.signOf(n.Sign() < 0)
	if s.alternate {
		head += prefix
	}
	return s.pad(head, s.grouped(head, digits, "", every), '>'), nil
}

// grouped puts separators into digits. With zeros as fill, the zeros are
// grouped too.
func (s formatSpec) grouped(head, digits, tail string, every int) string {
	if s.group == "" {
		return digits + tail
	}
	if s.fill == "0" && s.align == '=' {
		for len(head)+len(insertSeparators(digits, s.group, every))+len(tail) < s.width {
			digits = "0" + digits
		}
	}
	return insertSeparators(digits, s.group, every) + tail
}

func insertSeparators(digits, separator string, every int) string {
	for i := len(digits) - every; i > 0; i -= every {
		digits = digits[:i] + separator + digits[i:]
	}
	return digits
}

func (s formatSpec) float(f float64) (string, error) {
	if s.kind != 0 && strings.IndexByte("eEfFgGn%", s.kind) < 0 {
		return "", valueErrorf("Unknown format code '%c' for object of type 'float'", s.kind)
	}
	head := s.signOf(math.Signbit(f) && !math.IsNaN(f))
	kind, tail := s.kind, ""
	if kind == '%' {
		f, kind, tail = f*100, 'f', "%"
	}
	body := floatDigits(math.Abs(f), kind, s.precision, s.alternate)
	if s.zeroNeg && strings.Trim(body, "0.") == "" && head == "-" {
		head = s.signOf(false)
	}
	whole, rest := body, ""
	if i := strings.IndexFunc(body, func(c rune) bool { return c < '0' || c > '9' }); i >= 0 {
		whole, rest = body[:i], body[i:]
	}
	if whole == "" {
		return s.pad(head, rest+tail, '>'), nil
	}
	return s.pad(head, s.grouped(head, whole, rest+tail, 3), '>'), nil
}

// floatDigits formats f, which is not negative.
func floatDigits(f float64, kind byte, precision int, alternate bool) string {
	upper := kind == 'E' || kind == 'F' || kind == 'G'
	if math.IsInf(f, 0) || math.IsNaN(f) {
		if upper {
			return strings.ToUpper(floatText(f))
		}
		return floatText(f)
	}
	if kind == 0 && precision < 0 {
		return floatText(f)
	}
	if precision < 0 {
		precision = 6
	}
	var text string
	switch kind {
	case 'f', 'F':
		text = strconv.FormatFloat(f, 'f', precision, 64)
		if alternate && precision == 0 {
			text += "."
		}
	case 'e', 'E':
		text = strconv.FormatFloat(f, 'e', precision, 64)
	default:
		text = generalDigits(f, precision, alternate, kind == 0)
	}
	if upper {
		text = strings.ToUpper(text)
	}
	return text
}

// generalDigits is the format g. Without a kind there is at least one digit
// behind the point, and the exponent is used one power earlier.
func generalDigits(f float64, precision int, alternate, bare bool) string {
	precision = max(precision, 1)
	e := strconv.FormatFloat(f, 'e', precision-1, 64)
	i := strings.IndexByte(e, 'e')
	exponent, _ := strconv.Atoi(e[i+1:])
	limit := precision
	if bare {
		limit--
	}
	if exponent < -4 || exponent >= limit && !(bare && exponent == 0) {
		mantissa := e[:i]
		if !alternate && strings.Contains(mantissa, ".") {
			mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
		}
		return mantissa + e[i:]
	}
	text := strconv.FormatFloat(f, 'f', max(precision-1-exponent, 0), 64)
	if !alternate && strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if bare && !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}
