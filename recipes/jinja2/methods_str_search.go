package jinja2

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"go.starlark.net/starlark"
)

// textTest makes a method that says whether all characters, of which there is
// at least one, are so.
func textTest(is func(rune) bool, emptyToo bool) native {
	return func(c *call) (starlark.Value, error) {
		if err := c.none(); err != nil {
			return nil, err
		}
		s, _ := asString(c.recv)
		no := strings.ContainsFunc(s, func(r rune) bool { return !is(r) })
		return starlark.Bool(!no && (s != "" || emptyToo)), nil
	}
}

// caseTest makes a method that says whether there is a cased character, and
// none is of the wrong case.
func caseTest(wrong func(rune) bool) native {
	return func(c *call) (starlark.Value, error) {
		if err := c.none(); err != nil {
			return nil, err
		}
		s, _ := asString(c.recv)
		return starlark.Bool(strings.ContainsFunc(s, isCased) && !strings.ContainsFunc(s, wrong)), nil
	}
}

func isNumeric(r rune) bool { return unicode.IsNumber(r) }

// isDigit is str.isdigit: decimal digits, and those that are small or in circles.
func isDigit(r rune) bool {
	return unicode.Is(unicode.Nd, r) || strings.ContainsRune("²³¹⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", r) || r >= 0x2460 && r <= 0x2468
}

func isPrintable(r rune) bool { return r == ' ' || unicode.IsPrint(r) }

func textTests() map[string]native {
	return map[string]native{
		"isalpha":      textTest(unicode.IsLetter, false),
		"isdigit":      textTest(isDigit, false),
		"isdecimal":    textTest(func(r rune) bool { return unicode.Is(unicode.Nd, r) }, false),
		"isnumeric":    textTest(isNumeric, false),
		"isalnum":      textTest(func(r rune) bool { return unicode.IsLetter(r) || isNumeric(r) }, false),
		"isspace":      textTest(isSpace, false),
		"isprintable":  textTest(isPrintable, true),
		"isascii":      textTest(func(r rune) bool { return r < utf8.RuneSelf }, true),
		"isupper":      caseTest(func(r rune) bool { return unicode.IsLower(r) || unicode.IsTitle(r) }),
		"islower":      caseTest(func(r rune) bool { return unicode.IsUpper(r) || unicode.IsTitle(r) }),
		"istitle":      textIstitle,
		"isidentifier": textIsidentifier,
	}
}

func textIstitle(c *call) (starlark.Value, error) {
	s, _ := asString(c.recv)
	return starlark.Bool(strings.ContainsFunc(s, isCased) && titleText(s) == s), c.none()
}

func textIsidentifier(c *call) (starlark.Value, error) {
	s, _ := asString(c.recv)
	first, _ := utf8.DecodeRuneInString(s)
	ok := s != "" && (first == '_' || unicode.IsLetter(first)) && !strings.ContainsFunc(s, func(r rune) bool { return !isWord(r) })
	return starlark.Bool(ok), c.none()
}

func textSearches() map[string]native {
	return map[string]native{
		"find":         findMethod(strings.Index, false),
		"rfind":        findMethod(strings.LastIndex, false),
		"index":        findMethod(strings.Index, true),
		"rindex":       findMethod(strings.LastIndex, true),
		"count":        textCount,
		"startswith":   affixMethod(strings.HasPrefix),
		"endswith":     affixMethod(strings.HasSuffix),
		"removeprefix": removeMethod(strings.TrimPrefix),
		"removesuffix": removeMethod(strings.TrimSuffix),
	}
}

// window returns the part of the text between the optional arguments start and
// end, and the number of characters before it; ok is false if start is behind
// the text.
func (c *call) window(start, end starlark.Value) (part string, before int, ok bool, err error) {
	s, _ := asString(c.recv)
	if start == nil && end == nil {
		return s, 0, true, nil
	}
	bound := func(v starlark.Value) starlark.Value {
		if v == nil {
			return starlark.None
		}
		return v
	}
	n := textLen(s)
	if i, ok := asInt(bound(start)); ok && i > n {
		return "", 0, false, nil
	}
	from, to, _, err := sliceBounds(n, bound(start), bound(end), starlark.None)
	if err != nil {
		return "", 0, false, err
	}
	return sliceText(s, from, to, 1), from, true, nil
}

func findMethod(find func(s, sub string) int, must bool) native {
	return func(c *call) (starlark.Value, error) {
		p, err := c.params(1, "sub", "start", "end")
		if err != nil {
			return nil, err
		}
		sub, err := c.text(p[0], "")
		if err != nil {
			return nil, err
		}
		part, before, ok, err := c.window(p[1], p[2])
		if err != nil {
			return nil, err
		}
		i := -1
		if ok {
			i = find(part, sub)
		}
		if i < 0 {
			if must {
				return nil, valueErrorf("substring not found")
			}
			return starlark.MakeInt(-1), nil
		}
		return starlark.MakeInt(before + textLen(part[:i])), nil
	}
}

func textCount(c *call) (starlark.Value, error) {
	p, err := c.params(1, "sub", "start", "end")
	if err != nil {
		return nil, err
	}
	sub, err := c.text(p[0], "")
	if err != nil {
		return nil, err
	}
	part, _, ok, err := c.window(p[1], p[2])
	if err != nil || !ok {
		return starlark.MakeInt(0), err
	}
	return starlark.MakeInt(strings.Count(part, sub)), nil
}

func affixMethod(has func(s, affix string) bool) native {
	return func(c *call) (starlark.Value, error) {
		p, err := c.params(1, "prefix", "start", "end")
		if err != nil {
			return nil, err
		}
		part, _, ok, err := c.window(p[1], p[2])
		if err != nil {
			return nil, err
		}
		affixes := []starlark.Value{p[0]}
		if t, isTuple := p[0].(starlark.Tuple); isTuple {
			affixes = t
		}
		for _, a := range affixes {
			text, isText := asString(a)
			if !isText {
				if u, undefined := a.(*Undefined); undefined {
					return nil, u.fail()
				}
				return nil, typeErrorf("%s first arg must be str or a tuple of str, not %s", c.name, typeName(a))
			}
			if ok && has(part, text) {
				return starlark.True, nil
			}
		}
		return starlark.False, nil
	}
}

func removeMethod(remove func(s, affix string) string) native {
	return func(c *call) (starlark.Value, error) {
		p, err := c.params(1, "affix")
		if err != nil {
			return nil, err
		}
		affix, err := c.text(p[0], "")
		s, _ := asString(c.recv)
		return starlark.String(remove(s, affix)), err
	}
}

func splitMethod(right bool) native {
	return func(c *call) (starlark.Value, error) {
		p, err := c.params(0, "sep", "maxsplit")
		if err != nil {
			return nil, err
		}
		n, err := c.int(p[1], -1)
		if err != nil {
			return nil, err
		}
		s, _ := asString(c.recv)
		if orNone(p[0]) == nil {
			return c.r.texts(splitBlanks(s, n, right))
		}
		sep, err := c.text(p[0], "")
		if err != nil {
			return nil, err
		}
		if sep == "" {
			return nil, valueErrorf("empty separator")
		}
		return c.r.texts(splitText(s, sep, n, right))
	}
}

// texts returns a list of texts.
func (r *run) texts(parts []string) (starlark.Value, error) {
	values := make([]starlark.Value, len(parts))
	for i, p := range parts {
		values[i] = starlark.String(p)
	}
	return starlark.NewList(values), r.tick(len(parts))
}

func splitText(s, sep string, n int, right bool) []string {
	if n < 0 {
		return strings.Split(s, sep)
	}
	if !right {
		return strings.SplitN(s, sep, n+1)
	}
	parts := strings.Split(s, sep)
	if extra := len(parts) - 1 - n; extra > 0 {
		parts = append([]string{strings.Join(parts[:extra+1], sep)}, parts[extra+1:]...)
	}
	return parts
}

// splitBlanks splits at runs of blanks, at most n times if n is not negative.
func splitBlanks(s string, n int, right bool) []string {
	if n < 0 {
		return strings.FieldsFunc(s, isSpace)
	}
	var parts []string
	if right {
		for s = strings.TrimRightFunc(s, isSpace); s != ""; s = strings.TrimRightFunc(s, isSpace) {
			i := strings.LastIndexFunc(s, isSpace)
			if i < 0 || len(parts) == n {
				parts = append([]string{s}, parts...)
				break
			}
			_, size := utf8.DecodeRuneInString(s[i:])
			parts = append([]string{s[i+size:]}, parts...)
			s = s[:i]
		}
		return parts
	}
	for s = strings.TrimLeftFunc(s, isSpace); s != ""; s = strings.TrimLeftFunc(s, isSpace) {
		i := strings.IndexFunc(s, isSpace)
		if i < 0 || len(parts) == n {
			parts = append(parts, s)
			break
		}
		parts = append(parts, s[:i])
		s = s[i:]
	}
	return parts
}

func textSplitlines(c *call) (starlark.Value, error) {
	p, err := c.params(0, "keepends")
	if err != nil {
		return nil, err
	}
	keep, err := c.bool(p[0], false)
	if err != nil {
		return nil, err
	}
	s, _ := asString(c.recv)
	return c.r.texts(splitLines(s, keep))
}

// splitLines splits at everything that Python takes for the end of a line.
func splitLines(s string, keep bool) []string {
	var lines []string
	for s != "" {
		i := strings.IndexFunc(s, func(r rune) bool {
			return r >= '\n' && r <= '\r' || r >= 0x1c && r <= 0x1e || r == 0x85 || r == 0x2028 || r == 0x2029
		})
		if i < 0 {
			return append(lines, s)
		}
		_, n := utf8.DecodeRuneInString(s[i:])
		if strings.HasPrefix(s[i:], "\r\n") {
			n = 2
		}
		if keep {
			lines = append(lines, s[:i+n])
		} else {
			lines = append(lines, s[:i])
		}
		s = s[i+n:]
	}
	return lines
}

func partitionMethod(right bool) native {
	return func(c *call) (starlark.Value, error) {
		p, err := c.params(1, "sep")
		if err != nil {
			return nil, err
		}
		sep, err := c.text(p[0], "")
		if err != nil {
			return nil, err
		}
		if sep == "" {
			return nil, valueErrorf("empty separator")
		}
		s, _ := asString(c.recv)
		i := strings.Index(s, sep)
		if right {
			i = strings.LastIndex(s, sep)
		}
		parts := []string{s, "", ""}
		if i >= 0 {
			parts = []string{s[:i], sep, s[i+len(sep):]}
		} else if right {
			parts = []string{"", "", s}
		}
		var t starlark.Tuple
		for _, part := range parts {
			t = append(t, starlark.String(part))
		}
		return t, nil
	}
}

func textJoin(c *call) (starlark.Value, error) {
	p, err := c.params(1, "iterable")
	if err != nil {
		return nil, err
	}
	sep, _ := asString(c.recv)
	items, err := c.r.list(p[0])
	if err != nil {
		if kindOf(err) == "TypeError" {
			return nil, typeErrorf("can only join an iterable")
		}
		return nil, err
	}
	parts := make([]string, len(items))
	size := 0
	for i, item := range items {
		text, ok := asString(item)
		if !ok {
			if u, undefined := item.(*Undefined); undefined && u.kind() == Strict {
				return nil, typeErrorf("sequence item %d: expected str instance, StrictUndefined found", i)
			}
			return nil, typeErrorf("sequence item %d: expected str instance, %s found", i, typeName(item))
		}
		parts[i] = text
		size += len(text) + len(sep)
	}
	if err := c.r.room(size); err != nil {
		return nil, err
	}
	return starlark.String(strings.Join(parts, sep)), nil
}
