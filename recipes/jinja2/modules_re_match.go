package jinja2

import (
	"fmt"
	"strings"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

// Match is a match of a regular expression.
type Match struct {
	opaque
	p    *Pattern
	text string
	at   []int
}

// String returns the repr.
func (m *Match) String() string {
	return fmt.Sprintf("<re.Match object; span=(%d, %d), match=%s>", m.place(0), m.place(1), literal.Quote(m.text[m.at[0]:m.at[1]]))
}

// Type implements starlark.Value.
func (m *Match) Type() string { return "Match" }

// place returns an entry of the match in characters.
func (m *Match) place(i int) int {
	if m.at[i] < 0 {
		return -1
	}
	return textLen(m.text[:m.at[i]])
}

func (m *Match) group(i int, otherwise starlark.Value) starlark.Value {
	if m.at[2*i] < 0 {
		return otherwise
	}
	return starlark.String(m.text[m.at[2*i]:m.at[2*i+1]])
}

// Get implements starlark.Mapping: `match[group]`.
func (m *Match) Get(k starlark.Value) (starlark.Value, bool, error) {
	i, err := m.p.groupIndex(k)
	if err != nil {
		return nil, false, err
	}
	return m.group(i, starlark.None), true, nil
}

// attr returns a method of the match, or nil.
func (m *Match) attr(name string) starlark.Value {
	switch name {
	case "string":
		return starlark.String(m.text)
	case "re":
		return m.p
	case "lastindex":
		for i := len(m.at)/2 - 1; i > 0; i-- {
			if m.at[2*i] >= 0 {
				return starlark.MakeInt(i)
			}
		}
		return starlark.None
	case "group":
		return newFunc(name, m.groups)
	case "groups":
		return newFunc(name, m.allGroups)
	case "groupdict":
		return newFunc(name, m.groupdict)
	case "start", "end", "span":
		return newFunc(name, m.span)
	case "expand":
		return newFunc(name, func(c *call) (starlark.Value, error) {
			v, err := c.one()
			if err != nil {
				return nil, err
			}
			template, err := c.text(v, "")
			if err != nil {
				return nil, err
			}
			text, err := m.expand(template)
			return starlark.String(text), err
		})
	}
	return nil
}

func (m *Match) groups(c *call) (starlark.Value, error) {
	keys := c.args
	if len(keys) == 0 {
		keys = []starlark.Value{starlark.MakeInt(0)}
	}
	var all starlark.Tuple
	for _, k := range keys {
		i, err := m.p.groupIndex(k)
		if err != nil {
			return nil, err
		}
		all = append(all, m.group(i, starlark.None))
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

func (m *Match) otherwise(c *call) (starlark.Value, error) {
	p, err := c.params(0, "default")
	if err != nil || p[0] == nil {
		return starlark.None, err
	}
	return p[0], nil
}

func (m *Match) allGroups(c *call) (starlark.Value, error) {
	otherwise, err := m.otherwise(c)
	all := starlark.Tuple{}
	for i := 1; i < len(m.at)/2; i++ {
		all = append(all, m.group(i, otherwise))
	}
	return all, err
}

func (m *Match) groupdict(c *call) (starlark.Value, error) {
	otherwise, err := m.otherwise(c)
	d := starlark.NewDict(4)
	for i, name := range m.p.re.SubexpNames() {
		if name != "" {
			if err := d.SetKey(starlark.String(name), m.group(i, otherwise)); err != nil {
				return nil, err
			}
		}
	}
	return d, err
}

func (m *Match) span(c *call) (starlark.Value, error) {
	p, err := c.params(0, "group")
	if err != nil {
		return nil, err
	}
	i := 0
	if p[0] != nil {
		if i, err = m.p.groupIndex(p[0]); err != nil {
			return nil, err
		}
	}
	start, end := starlark.MakeInt(m.place(2*i)), starlark.MakeInt(m.place(2*i+1))
	switch c.name {
	case "start":
		return start, nil
	case "end":
		return end, nil
	}
	return starlark.Tuple{start, end}, nil
}

// expand replaces the references to groups in a template.
func (m *Match) expand(template string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(template); i++ {
		if template[i] != '\\' || i+1 == len(template) {
			b.WriteByte(template[i])
			continue
		}
		i++
		var key starlark.Value
		switch c := template[i]; {
		case c >= '1' && c <= '9':
			n, size := numberIn(template[i:], 2)
			key = starlark.MakeInt(n)
			i += size - 1
		case c == 'g' && strings.HasPrefix(template[i+1:], "<"):
			name, _, ok := strings.Cut(template[i+2:], ">")
			if !ok {
				return "", errorf("re.error", "missing >, unterminated name")
			}
			key = indexOf(name)
			i += len(name) + 2
		case c == '0':
			b.WriteByte(0)
			continue
		default:
			text, ok := simpleEscapes[c]
			if !ok || c == '\'' || c == '"' || c == '\n' {
				if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
					return "", errorf("re.error", `bad escape \%c`, c)
				}
				text = "\\" + string(rune(c))
			}
			b.WriteString(text)
			continue
		}
		n, err := m.p.groupIndex(key)
		if err != nil {
			return "", errorf("re.error", "invalid group reference %s", Str(key))
		}
		b.WriteString(Str(m.group(n, starlark.String(""))))
	}
	return b.String(), nil
}

// translator rewrites a regular expression of Python for Go.
type translator struct {
	src   string
	flags int
	b     strings.Builder
}

// Classes as Python has them for text, without brackets.
const (
	classDigit    = `\p{Nd}`
	classWord     = `\p{L}\p{N}_`
	classSpace    = `\s\x{0b}\x{1c}-\x{1f}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}`
	classNotDigit = `\P{Nd}`
)

func (t *translator) unsupported(what string) error {
	return errorf(UnsupportedError, "%s in the regular expression %s", what, literal.Quote(t.src))
}

func (t *translator) translate() (string, error) {
	s := t.src
	for i := 0; i < len(s); {
		n, err := t.piece(s[i:])
		if err != nil {
			return "", err
		}
		i += n
	}
	return t.b.String(), nil
}

// piece translates what s begins with and returns its length.
func (t *translator) piece(s string) (int, error) {
	switch s[0] {
	case '\\':
		return t.escape(s, false)
	case '[':
		return t.class(s)
	case '(':
		return t.group(s)
	case '$':
		if t.flags&reMultiline == 0 {
			t.b.WriteString(`\z`)
			return 1, nil
		}
	case '*', '+', '?', '}':
		if len(s) > 1 && s[1] == '+' {
			return 0, t.unsupported("a possessive quantifier")
		}
	case '{':
		if i := strings.IndexByte(s, '}'); i > 0 && strings.HasPrefix(s, "{,") {
			t.b.WriteString("{0" + s[1:i+1])
			return i + 1, nil
		} else if i < 0 || strings.Trim(s[1:i], "0123456789,") != "" || i == 1 {
			t.b.WriteString(`\{`)
			return 1, nil
		}
	}
	t.b.WriteByte(s[0])
	return 1, nil
}

func (t *translator) group(s string) (int, error) {
	if !strings.HasPrefix(s, "(?") || len(s) < 3 {
		t.b.WriteByte('(')
		return 1, nil
	}
	switch rest := s[2:]; {
	case strings.HasPrefix(rest, "P="):
		return 0, t.unsupported("a backreference")
	case rest[0] == '=' || rest[0] == '!' || strings.HasPrefix(rest, "<=") || strings.HasPrefix(rest, "<!"):
		return 0, t.unsupported("a look-around assertion")
	case rest[0] == '>':
		return 0, t.unsupported("an atomic group")
	case rest[0] == '(':
		return 0, t.unsupported("a conditional group")
	case rest[0] == '#':
		i := strings.IndexByte(s, ')')
		if i < 0 {
			return 0, errorf("re.error", "missing ), unterminated comment")
		}
		return i + 1, nil
	case strings.HasPrefix(rest, "P<"):
		t.b.WriteString("(?P<")
		return 4, nil
	}
	i := strings.IndexAny(s, ":)")
	if i < 0 {
		i = len(s) - 1
	}
	if strings.ContainsAny(s[2:i], "axuL") {
		return 0, t.unsupported("the flags `" + s[2:i] + "`")
	}
	t.b.WriteString(s[:i+1])
	return i + 1, nil
}

// escape translates `\x`; within is true between brackets.
func (t *translator) escape(s string, within bool) (int, error) {
	if len(s) < 2 {
		return 0, errorf("re.error", "bad escape (end of pattern)")
	}
	open, shut := "[", "]"
	if within {
		open, shut = "", ""
	}
	ascii := t.flags&reASCII != 0
	switch c := s[1]; c {
	case 'd', 'w', 's':
		class := map[byte]string{'d': classDigit, 'w': classWord, 's': classSpace}[c]
		if ascii {
			class = map[byte]string{'d': "0-9", 'w': "0-9A-Za-z_", 's': `\s\x{0b}`}[c]
		}
		t.b.WriteString(open + class + shut)
	case 'D', 'W', 'S':
		return 2, t.complement(c, within)
	case 'Z':
		t.b.WriteString(`\z`)
	case 'b':
		if within {
			t.b.WriteString(`\x08`)
			break
		}
		t.b.WriteString(`\b`)
	case 'A', 'B', 'a', 'f', 'n', 'r', 't', 'v', 'x':
		t.b.WriteString(s[:2])
	case 'u', 'U':
		size := map[byte]int{'u': 4, 'U': 8}[c]
		if len(s) < 2+size {
			return 0, errorf("re.error", `incomplete escape %s`, s)
		}
		t.b.WriteString(`\x{` + s[2:2+size] + "}")
		return 2 + size, nil
	case '0':
		t.b.WriteString(`\x00`)
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return 0, t.unsupported("a backreference")
	default:
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return 0, errorf("re.error", `bad escape \%c`, c)
		}
		if c >= 0x80 {
			return 1, nil // the character stands for itself
		}
		t.b.WriteString(quoteClass(c))
	}
	return 2, nil
}

// complement translates \D, \W or \S.
func (t *translator) complement(c byte, within bool) error {
	ascii := t.flags&reASCII != 0
	if within && c == 'D' && !ascii {
		t.b.WriteString(classNotDigit)
		return nil
	}
	if within {
		return t.unsupported(`\` + string(rune(c)) + " between brackets")
	}
	class := map[byte]string{'D': classDigit, 'W': classWord, 'S': classSpace}[c]
	if ascii {
		class = map[byte]string{'D': "0-9", 'W': "0-9A-Za-z_", 'S': `\s\x{0b}`}[c]
	}
	t.b.WriteString("[^" + class + "]")
	return nil
}

// quoteClass writes a character that stands for itself, within brackets or not.
func quoteClass(c byte) string {
	if c == '_' || c >= '0' && c <= '9' || c <= ' ' {
		return string(rune(c))
	}
	return `\` + string(rune(c))
}

// class translates what stands between brackets.
func (t *translator) class(s string) (int, error) {
	t.b.WriteByte('[')
	i := 1
	if i < len(s) && s[i] == '^' {
		t.b.WriteByte('^')
		i++
	}
	for first := true; i < len(s); first = false {
		switch c := s[i]; {
		case c == ']' && !first:
			t.b.WriteByte(']')
			return i + 1, nil
		case c == '\\':
			n, err := t.escape(s[i:], true)
			if err != nil {
				return 0, err
			}
			i += n
		case c == '[' || c == ']' || c == '&' || c == '~' || c == '|':
			t.b.WriteString(`\` + string(rune(c)))
			i++
		default:
			t.b.WriteByte(c)
			i++
		}
	}
	return 0, errorf("re.error", "unterminated character set")
}
