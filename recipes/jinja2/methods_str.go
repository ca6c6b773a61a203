package jinja2

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"go.starlark.net/starlark"
)

// textMethod makes a method of what it does with the text.
func textMethod(f func(s string) string) native {
	return func(c *call) (starlark.Value, error) {
		if err := c.none(); err != nil {
			return nil, err
		}
		s, _ := asString(c.recv)
		return starlark.String(f(s)), nil
	}
}

func textMethods() map[string]native {
	return map[string]native{
		"upper":      textMethod(upperText),
		"lower":      textMethod(lowerText),
		"casefold":   textMethod(casefold),
		"title":      textMethod(titleText),
		"capitalize": textMethod(capitalizeText),
		"swapcase":   textMethod(swapcase),
		"strip":      stripMethod(true, true),
		"lstrip":     stripMethod(true, false),
		"rstrip":     stripMethod(false, true),
		"center":     justifyMethod("center"),
		"ljust":      justifyMethod("ljust"),
		"rjust":      justifyMethod("rjust"),
		"zfill":      textZfill,
		"expandtabs": textExpandtabs,
		"replace":    textReplace,
		"split":      splitMethod(false),
		"rsplit":     splitMethod(true),
		"splitlines": textSplitlines,
		"partition":  partitionMethod(false),
		"rpartition": partitionMethod(true),
		"join":       textJoin,
		"format":     textFormat,
		"format_map": textFormatMap,
		"encode":     textEncode,
		"translate":  textTranslate,
		"__len__":    lenMethod,
		"__add__":    operatorMethod("+"),
		"__mod__":    operatorMethod("%"),
		"__mul__":    operatorMethod("*"),

		"__contains__": containsMethod,
		"__getitem__":  getitemMethod,
	}
}

func lenMethod(c *call) (starlark.Value, error) {
	n, err := c.r.length(c.recv)
	return starlark.MakeInt(n), err
}

func operatorMethod(op string) native {
	return func(c *call) (starlark.Value, error) {
		p, err := c.params(1, "other")
		if err != nil {
			return nil, err
		}
		return c.r.binary(op, c.recv, p[0])
	}
}

func containsMethod(c *call) (starlark.Value, error) {
	p, err := c.params(1, "key")
	if err != nil {
		return nil, err
	}
	ok, err := c.r.contains(c.recv, p[0])
	return starlark.Bool(ok), err
}

func getitemMethod(c *call) (starlark.Value, error) {
	p, err := c.params(1, "key")
	if err != nil {
		return nil, err
	}
	return c.r.getitem(c.recv, p[0])
}

// upperSpecials are the characters whose upper case is more than one character.
var upperSpecials = map[rune]string{'ß': "SS", 'ŉ': "ʼN", 'ǰ': "J̌", 'ﬀ': "FF", 'ﬁ': "FI", 'ﬂ': "FL", 'ﬃ': "FFI", 'ﬄ': "FFL", 'ﬅ': "ST", 'ﬆ': "ST", 'և': "ԵՒ"}

func upperText(s string) string {
	if isASCII(s) {
		return strings.ToUpper(s)
	}
	var b strings.Builder
	for _, c := range s {
		if text, ok := upperSpecials[c]; ok {
			b.WriteString(text)
		} else {
			b.WriteRune(unicode.ToUpper(c))
		}
	}
	return b.String()
}

func lowerText(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	var b strings.Builder
	runes := []rune(s)
	for i, c := range runes {
		switch {
		case c == 'İ':
			b.WriteString("i̇")
		case c == 'Σ' && i > 0 && unicode.IsLetter(runes[i-1]) && (i+1 == len(runes) || !unicode.IsLetter(runes[i+1])):
			b.WriteRune('ς')
		default:
			b.WriteRune(unicode.ToLower(c))
		}
	}
	return b.String()
}

func casefold(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	return strings.NewReplacer("ς", "σ", "ß", "ss").Replace(strings.ReplaceAll(lowerText(s), "ẞ", "ss"))
}

func isCased(c rune) bool { return unicode.IsUpper(c) || unicode.IsLower(c) || unicode.IsTitle(c) }

func titleText(s string) string {
	var b strings.Builder
	inWord := false
	for _, c := range s {
		switch {
		case inWord:
			b.WriteRune(unicode.ToLower(c))
		case c == 'ß':
			b.WriteString("Ss")
		default:
			b.WriteRune(unicode.ToTitle(c))
		}
		inWord = isCased(c)
	}
	return b.String()
}

func capitalizeText(s string) string {
	c, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	if c == 'ß' {
		return "Ss" + lowerText(s[n:])
	}
	return string(unicode.ToTitle(c)) + lowerText(s[n:])
}

func swapcase(s string) string {
	var b strings.Builder
	for _, c := range s {
		switch {
		case unicode.IsUpper(c):
			b.WriteRune(unicode.ToLower(c))
		case unicode.IsLower(c):
			b.WriteString(upperText(string(c)))
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

func stripMethod(left, right bool) native {
	return func(c *call) (starlark.Value, error) {
		p, err := c.params(0, "chars")
		if err != nil {
			return nil, err
		}
		s, _ := asString(c.recv)
		chars, err := c.text(orNone(p[0]), "")
		if err != nil {
			return nil, err
		}
		return starlark.String(strip(s, chars, orNone(p[0]) == nil, left, right)), nil
	}
}

func strip(s, chars string, blanks, left, right bool) string {
	cut := func(c rune) bool { return strings.ContainsRune(chars, c) }
	if blanks {
		cut = isSpace
	}
	if left {
		s = strings.TrimLeftFunc(s, cut)
	}
	if right {
		s = strings.TrimRightFunc(s, cut)
	}
	return s
}

func justifyMethod(how string) native {
	return func(c *call) (starlark.Value, error) {
		p, err := c.params(1, "width", "fillchar")
		if err != nil {
			return nil, err
		}
		s, _ := asString(c.recv)
		width, err := c.int(p[0], 0)
		if err != nil {
			return nil, err
		}
		fill, err := c.text(p[1], " ")
		if err != nil {
			return nil, err
		}
		if textLen(fill) != 1 {
			return nil, typeErrorf("The fill character must be exactly one character long")
		}
		if err := c.r.room(width); width > 0 && err != nil {
			return nil, err
		}
		return starlark.String(justify(s, how, width, fill)), nil
	}
}

func justify(s, how string, width int, fill string) string {
	missing := width - textLen(s)
	if missing <= 0 {
		return s
	}
	left := 0
	switch how {
	case "center":
		left = missing/2 + missing&width&1
	case "rjust":
		left = missing
	}
	return strings.Repeat(fill, left) + s + strings.Repeat(fill, missing-left)
}

func textZfill(c *call) (starlark.Value, error) {
	p, err := c.params(1, "width")
	if err != nil {
		return nil, err
	}
	s, _ := asString(c.recv)
	width, err := c.int(p[0], 0)
	if err == nil && width > 0 {
		err = c.r.room(width)
	}
	if err != nil {
		return nil, err
	}
	sign := ""
	if strings.HasPrefix(s, "-") || strings.HasPrefix(s, "+") {
		sign, s = s[:1], s[1:]
	}
	return starlark.String(sign + justify(s, "rjust", width-len(sign), "0")), nil
}

func textExpandtabs(c *call) (starlark.Value, error) {
	p, err := c.params(0, "tabsize")
	if err != nil {
		return nil, err
	}
	size, err := c.int(p[0], 8)
	if err != nil {
		return nil, err
	}
	s, _ := asString(c.recv)
	var b strings.Builder
	column := 0
	for _, ch := range s {
		switch ch {
		case '\t':
			if size > 0 {
				n := size - column%size
				column += n
				if err := c.r.room(b.Len() + n); err != nil {
					return nil, err
				}
				b.WriteString(strings.Repeat(" ", n))
			}
			continue
		case '\n', '\r':
			column = -1
		}
		column++
		b.WriteRune(ch)
	}
	return starlark.String(b.String()), nil
}

func textReplace(c *call) (starlark.Value, error) {
	p, err := c.params(2, "old", "new", "count")
	if err != nil {
		return nil, err
	}
	old, err := c.text(p[0], "")
	if err != nil {
		return nil, typeErrorf("replace() argument 1 must be str, not %s", typeName(p[0]))
	}
	text, err := c.text(p[1], "")
	if err != nil {
		return nil, typeErrorf("replace() argument 2 must be str, not %s", typeName(p[1]))
	}
	n, err := c.int(p[2], -1)
	if err != nil {
		return nil, err
	}
	s, _ := asString(c.recv)
	out, err := c.r.replaceText(s, old, text, n)
	return starlark.String(out), err
}

func (r *run) replaceText(s, old, text string, n int) (string, error) {
	times := strings.Count(s, old)
	if n >= 0 {
		times = min(times, n)
	}
	if err := r.room(len(s) + times*max(0, len(text)-len(old))); err != nil {
		return "", err
	}
	return strings.Replace(s, old, text, n), nil
}

func textFormat(c *call) (starlark.Value, error) {
	s, _ := asString(c.recv)
	f := &bracesRun{r: c.r, args: c.args, kwargs: c.kwargs}
	text, err := f.format(s, 2)
	return starlark.String(text), err
}

func textFormatMap(c *call) (starlark.Value, error) {
	p, err := c.params(1, "mapping")
	if err != nil {
		return nil, err
	}
	s, _ := asString(c.recv)
	f := &bracesRun{r: c.r, dict: p[0]}
	text, err := f.format(s, 2)
	return starlark.String(text), err
}

func textTranslate(c *call) (starlark.Value, error) {
	p, err := c.params(1, "table")
	if err != nil {
		return nil, err
	}
	s, _ := asString(c.recv)
	var b strings.Builder
	for _, ch := range s {
		v, err := c.r.getitem(p[0], starlark.MakeInt(int(ch)))
		if err != nil && kindOf(err) != "KeyError" && kindOf(err) != "IndexError" {
			return nil, err
		}
		switch n, isInt := asInt(v); {
		case v == nil:
			b.WriteRune(ch)
		case v == starlark.None:
		case isInt:
			b.WriteRune(rune(n))
		default:
			text, _ := asString(v)
			b.WriteString(text)
		}
	}
	return starlark.String(b.String()), nil
}
