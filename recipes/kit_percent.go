package recipes

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxPercentWidth limits the width of a %-conversion: profiles are hostile.
const maxPercentWidth = 1 << 16

// percentError says why a text cannot be %-formatted.
type percentError string

func (e percentError) Error() string { return string(e) }

// formatPercent formats text as Python's % operator does with a mapping of
// strings: %(key)s is the value of key, with flags, width and precision, and %%
// is a percent sign. An error of value is returned as it is, all others are a
// percentError.
func formatPercent(text string, value func(key string) (string, error)) (string, error) {
	var b strings.Builder
	for rest := text; ; {
		before, after, found := strings.Cut(rest, "%")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		p := percentParser{rest: after}
		c, err := p.conversion()
		if err != nil {
			return "", err
		}
		formatted, err := c.format(value, utf8.RuneCountInString(text[:len(text)-len(p.rest)])-1)
		if err != nil {
			return "", err
		}
		b.WriteString(formatted)
		rest = p.rest
	}
}

// percentConversion is one %-conversion.
type percentConversion struct {
	key              string
	keyed, left      bool
	width, precision int // precision is -1 when there is none
	verb             rune
}

func (c percentConversion) format(value func(key string) (string, error), index int) (string, error) {
	text := ""
	if c.keyed {
		v, err := value(c.key)
		if err != nil {
			return "", err
		}
		text = v
	}
	switch {
	case c == percentConversion{precision: -1, verb: '%'}:
		return "%", nil
	case !strings.ContainsRune("srdiouxXeEfFgGca", c.verb):
		return "", percentError(fmt.Sprintf("unsupported format character '%c' (0x%x) at index %d", c.verb, c.verb, index))
	case !c.keyed:
		return "", percentError(fmt.Sprintf("%%%c names no value: it must be %%(name)s", c.verb))
	case c.verb != 's':
		return "", percentError(fmt.Sprintf("%%(%s)%c does not fit: values are text, written as %%(%s)s", c.key, c.verb, c.key))
	}
	return c.pad(text), nil
}

// pad cuts text to the precision and fills it up to the width.
func (c percentConversion) pad(text string) string {
	runes := []rune(text)
	if c.precision >= 0 && c.precision < len(runes) {
		text, runes = string(runes[:c.precision]), runes[:c.precision]
	}
	blanks := strings.Repeat(" ", max(0, c.width-len(runes)))
	if c.left {
		return text + blanks
	}
	return blanks + text
}

// percentParser reads conversions; rest begins after the percent sign.
type percentParser struct{ rest string }

func (p *percentParser) conversion() (percentConversion, error) {
	c := percentConversion{precision: -1}
	var err error
	if strings.HasPrefix(p.rest, "(") {
		c.keyed = true
		if c.key, err = p.key(); err != nil {
			return c, err
		}
	}
	flags := p.take("-+ #0")
	c.left = strings.Contains(flags, "-")
	if c.width, err = p.number(); err != nil {
		return c, err
	}
	if strings.HasPrefix(p.rest, ".") {
		p.rest = p.rest[1:]
		if c.precision, err = p.number(); err != nil {
			return c, err
		}
	}
	if p.rest != "" && strings.ContainsRune("hlL", rune(p.rest[0])) {
		p.rest = p.rest[1:]
	}
	if p.rest == "" {
		return c, percentError("incomplete format")
	}
	verb, size := utf8.DecodeRuneInString(p.rest)
	c.verb, p.rest = verb, p.rest[size:]
	return c, nil
}

// key reads a name in parentheses, which may hold pairs of parentheses.
func (p *percentParser) key() (string, error) {
	depth := 0
	for i, r := range p.rest {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 {
			key := p.rest[1:i]
			p.rest = p.rest[i+1:]
			return key, nil
		}
	}
	return "", percentError("incomplete format key")
}

// take reads the characters at the front that are in set.
func (p *percentParser) take(set string) string {
	end := len(p.rest) - len(strings.TrimLeft(p.rest, set))
	taken := p.rest[:end]
	p.rest = p.rest[end:]
	return taken
}

// number reads a width or a precision.
func (p *percentParser) number() (int, error) {
	if strings.HasPrefix(p.rest, "*") {
		return 0, percentError("not enough arguments for format string: * takes the width from a list")
	}
	digits := p.take("0123456789")
	if digits == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n > maxPercentWidth {
		return 0, percentError("the width " + digits + " is too large")
	}
	return n, nil
}
