package pep

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gobuild/parts/literal"
)

// maxDepth limits nested parentheses.
const maxDepth = 600

// Marker is a parsed marker of PEP 508: `or` of `and` of terms.
type Marker [][]term

// MarkerError says why a marker has no value.
type MarkerError struct {
	Offset int    // of the term
	Kind   string // name of Python's exception
	Msg    string
}

// Error is the text without the kind.
func (e *MarkerError) Error() string { return e.Msg }

// term is a comparison or, when group is set, a marker in parentheses.
type term struct {
	left, right operand
	op          string
	group       Marker
	at          int // offset of left
}

type operand struct {
	text     string
	variable bool
}

// variables are the names that PEP 508 knows.
var variables = []string{
	"python_version", "python_full_version", "os_name", "os.name", "sys_platform", "sys.platform",
	"platform_release", "platform_system", "platform_version", "platform.version",
	"platform_machine", "platform.machine", "platform_python_implementation",
	"platform.python_implementation", "python_implementation",
	"implementation_name", "implementation_version", "extra", "extras", "dependency_groups",
}

// comparisons are the operators of markers, a longer one before its beginning.
var comparisons = []string{"===", "==", "~=", "!=", "<=", ">=", "<", ">"}

// markerParser reads a marker.
type markerParser struct {
	text   string
	pos    int
	depth  int
	decode func(string) (string, bool)
}

// ParseMarker returns the marker that text is, or false. decode replaces the
// escapes in the body of a string; nil: a backslash stands for itself.
func ParseMarker(text string, decode func(string) (string, bool)) (Marker, bool) {
	if decode == nil {
		decode = func(body string) (string, bool) { return body, true }
	}
	p := &markerParser{text: text, decode: decode}
	m, ok := p.marker()
	return m, ok && p.pos == len(p.text)
}

func (p *markerParser) marker() (Marker, bool) {
	if p.depth++; p.depth > maxDepth {
		return nil, false
	}
	defer func() { p.depth-- }()
	t, ok := p.term()
	m := Marker{{t}}
	for ok {
		switch {
		case p.word("or"):
			t, ok = p.term()
			m = append(m, []term{t})
		case p.word("and"):
			t, ok = p.term()
			m[len(m)-1] = append(m[len(m)-1], t)
		default:
			return m, true
		}
	}
	return nil, false
}

func (p *markerParser) term() (t term, ok bool) {
	p.blanks()
	t.at = p.pos
	if p.literal("(") {
		p.blanks()
		t.group, ok = p.marker()
		p.blanks()
		ok = ok && p.literal(")")
		p.blanks()
		return t, ok
	}
	if t.left, ok = p.operand(); !ok {
		return t, false
	}
	if t.op, ok = p.operator(); !ok {
		return t, false
	}
	t.right, ok = p.operand()
	t.normalizeExtra()
	return t, ok
}

func (p *markerParser) blanks() {
	for p.pos < len(p.text) && (p.text[p.pos] == ' ' || p.text[p.pos] == '\t') {
		p.pos++
	}
}

func (p *markerParser) literal(s string) bool {
	if !strings.HasPrefix(p.text[p.pos:], s) {
		return false
	}
	p.pos += len(s)
	return true
}

// word reads w if it stands there as a whole word.
func (p *markerParser) word(w string) bool {
	if !strings.HasPrefix(p.text[p.pos:], w) {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(p.text[:p.pos])
	after, _ := utf8.DecodeRuneInString(p.text[p.pos+len(w):])
	if p.pos > 0 && isWord(before) || p.pos+len(w) < len(p.text) && isWord(after) {
		return false
	}
	p.pos += len(w)
	return true
}

func isWord(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r)
}

func (p *markerParser) operator() (string, bool) {
	defer p.blanks()
	if p.word("in") {
		return "in", true
	}
	if p.word("not") {
		from := p.pos
		p.blanks()
		return "not in", p.pos > from && p.word("in")
	}
	for _, op := range comparisons {
		if p.literal(op) {
			return op, true
		}
	}
	return "", false
}

func (p *markerParser) operand() (operand, bool) {
	p.blanks()
	defer p.blanks()
	for _, name := range variables {
		if p.word(name) {
			name = strings.ReplaceAll(name, ".", "_")
			if name == "python_implementation" {
				name = "platform_python_implementation"
			}
			return operand{name, true}, true
		}
	}
	return p.quoted()
}

// quoted reads a string: it ends at the next quote of its kind, whatever
// stands before that, and its escapes are those of Python.
func (p *markerParser) quoted() (operand, bool) {
	rest := p.text[p.pos:]
	if rest == "" || rest[0] != '\'' && rest[0] != '"' {
		return operand{}, false
	}
	n := strings.IndexByte(rest[1:], rest[0])
	if n < 0 {
		return operand{}, false
	}
	p.pos += n + 2
	body := rest[1 : n+1]
	if strings.ContainsAny(body, "\r\n\x00") {
		return operand{}, false
	}
	value, ok := p.decode(body)
	return operand{text: value}, ok
}

// normalizeExtra gives a literal that is compared with the name of an extra
// the normal form of such names (PEP 685).
func (t *term) normalizeExtra() {
	if t.left.variable && t.left.text == "extra" && !t.right.variable {
		t.right.text = Canonical(t.right.text)
	} else if t.right.variable && t.right.text == "extra" && !t.left.variable {
		t.left.text = Canonical(t.left.text)
	}
}

// versioned are the variables whose values are compared as versions.
var versioned = []string{"implementation_version", "platform_release", "python_full_version", "python_version"}

// Eval decides every term, also those that the result does not need: an error
// in any of them is an error of the marker.
func (m Marker) Eval(env map[string]string) (bool, *MarkerError) {
	result := false
	for _, all := range m {
		group := true
		for _, t := range all {
			value, err := t.eval(env)
			if err != nil {
				return false, err
			}
			group = group && value
		}
		result = result || group
	}
	return result, nil
}

func (t term) eval(env map[string]string) (bool, *MarkerError) {
	if t.group != nil {
		return t.group.Eval(env)
	}
	// Exactly one side is looked up: a variable on the right of another one
	// stands for its own name, and a literal on the right of a literal is
	// taken for the name of a variable.
	left, right, key := t.left.text, t.right.text, t.left.text
	value, ok := env[key]
	if t.left.variable {
		left = value
	} else {
		key = t.right.text
		value, ok = env[key]
		right = value
	}
	if !ok {
		return false, &MarkerError{Offset: t.at, Kind: "KeyError", Msg: "no marker variable " + literal.Quote(key)}
	}
	return t.compare(left, right, key)
}

func (t term) compare(left, right, key string) (bool, *MarkerError) {
	if slices.Contains(versioned, key) {
		if s, ok := ParseSpecifier(t.op + right); ok {
			return s.Contains(left), nil
		}
	}
	switch t.op {
	case "in":
		return strings.Contains(right, left), nil
	case "not in":
		return !strings.Contains(right, left), nil
	case "==", "<=", ">=":
		return left == right, nil
	case "!=":
		return left != right, nil
	case "<", ">":
		return false, nil
	}
	msg := "operator " + t.op + " is undefined on " + literal.Quote(left) + " and " + literal.Quote(right)
	return false, &MarkerError{Offset: t.at, Kind: "ValueError", Msg: msg}
}
