package recipes

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Values of options that are no strings travel as a text: this mark and a Python
// literal (SPEC-engine 5). In Go they are what encoding/json decodes with
// UseNumber, and pythonSet and pythonTuple.
const pythonMark = "!py!"

type (
	pythonSet   []any
	pythonTuple []any
)

// pythonOption is the text of an option with this value.
func pythonOption(value any) string {
	if text, ok := value.(string); ok && !strings.HasPrefix(text, pythonMark) {
		return strings.ReplaceAll(text, "${", "$${")
	}
	return pythonMark + pythonEscape(pythonRepr(value))
}

// pythonEscape writes the characters of a literal that have a meaning in
// profiles in another way.
func pythonEscape(literal string) string {
	return strings.NewReplacer("$", `\x24`, ";", `\x3b`).Replace(literal)
}

// pythonRepr is the literal of a value, with dicts in the order of their keys
// and sets in that of their elements.
func pythonRepr(value any) string {
	switch v := value.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return pythonQuote(v)
	case json.Number:
		return pythonNumber(v)
	case int:
		return strconv.Itoa(v)
	case []any:
		return "[" + pythonItems(v) + "]"
	case pythonTuple:
		if len(v) == 1 {
			return "(" + pythonItems(v) + ",)"
		}
		return "(" + pythonItems(v) + ")"
	case pythonSet:
		sorted := slices.SortedFunc(slices.Values(v), func(a, b any) int { return cmp.Compare(pythonRepr(a), pythonRepr(b)) })
		return "set([" + pythonItems(sorted) + "])"
	case map[string]any:
		var items []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			items = append(items, pythonQuote(key)+": "+pythonRepr(v[key]))
		}
		return "{" + strings.Join(items, ", ") + "}"
	}
	panic(fmt.Sprintf("a value of type %T has no literal", value))
}

func pythonItems(list []any) string {
	items := make([]string, len(list))
	for i, v := range list {
		items[i] = pythonRepr(v)
	}
	return strings.Join(items, ", ")
}

// pythonNumber is the literal of a JSON number. One that is no integer is a
// float, also when it is one by its value.
func pythonNumber(n json.Number) string {
	text := n.String()
	if !strings.ContainsAny(text, ".eE") {
		return text
	}
	f, err := n.Float64()
	if err != nil || math.IsInf(f, 0) {
		return text
	}
	if f == math.Trunc(f) && math.Abs(f) < 1e16 {
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// pythonQuote is the literal of a string, as Python's repr writes it.
func pythonQuote(text string) string {
	quote := byte('\'')
	if strings.Contains(text, "'") && !strings.Contains(text, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteByte(quote)
	for _, c := range text {
		switch {
		case c == rune(quote) || c == '\\':
			b.WriteString(`\` + string(c))
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(c):
			b.WriteRune(c)
		case c < 0x100:
			fmt.Fprintf(&b, `\x%02x`, c)
		case c < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			fmt.Fprintf(&b, `\U%08x`, c)
		}
	}
	b.WriteByte(quote)
	return b.String()
}

// pythonValue is the value that the text of an option stands for: the text
// itself unless it is marked.
func pythonValue(text string) (any, error) {
	literal, ok := strings.CutPrefix(text, pythonMark)
	if !ok {
		return text, nil
	}
	return pythonLiteral(literal)
}

// pythonLiteral reads a literal.
func pythonLiteral(text string) (any, error) {
	r := &pythonReader{rest: text}
	v, err := r.value(0)
	if r.blanks(); err == nil && r.rest != "" {
		err = r.bad()
	}
	return v, err
}

// pythonReader reads a literal from the left.
type pythonReader struct{ rest string }

// pythonDepth is how deep containers may lie in each other.
const pythonDepth = 200

func (r *pythonReader) bad() error {
	shown := r.rest
	if len(shown) > 20 {
		shown = strings.ToValidUTF8(shown[:20], "") + "…"
	}
	if shown == "" {
		return errors.New("the Python value ends too soon")
	}
	return fmt.Errorf("%q is not understood in a Python value", shown)
}

func (r *pythonReader) blanks() { r.rest = strings.TrimLeft(r.rest, " \t\r\n\f") }

// take takes a word if it comes next.
func (r *pythonReader) take(word string) bool {
	r.blanks()
	rest, ok := strings.CutPrefix(r.rest, word)
	if ok {
		r.rest = rest
	}
	return ok
}

func (r *pythonReader) value(depth int) (any, error) {
	if depth > pythonDepth {
		return nil, errors.New("the Python value is nested too deeply")
	}
	switch {
	case r.take("["):
		return r.items("]", depth)
	case r.take("("):
		return r.tuple(depth)
	case r.take("{"):
		return r.braces(depth)
	case r.take("frozenset("), r.take("set("):
		return r.set(depth)
	case r.take("None"):
		return nil, nil
	case r.take("True"):
		return true, nil
	case r.take("False"):
		return false, nil
	}
	if r.rest == "" {
		return nil, r.bad()
	}
	if strings.IndexByte("+-.0123456789", r.rest[0]) >= 0 {
		return r.number()
	}
	return r.text()
}

// items reads values up to the closing bracket, which may follow a comma.
func (r *pythonReader) items(closing string, depth int) ([]any, error) {
	list := []any{}
	for !r.take(closing) {
		if len(list) > 0 && !r.take(",") {
			return nil, r.bad()
		}
		if len(list) > 0 && r.take(closing) {
			break
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// tuple reads what follows a parenthesis: one value without a comma is that
// value.
func (r *pythonReader) tuple(depth int) (any, error) {
	if r.take(")") {
		return pythonTuple{}, nil
	}
	first, err := r.value(depth + 1)
	if err != nil || r.take(")") {
		return first, err
	}
	if !r.take(",") {
		return nil, r.bad()
	}
	more, err := r.items(")", depth)
	return append(pythonTuple{first}, more...), err
}

// braces reads a dict or a set.
func (r *pythonReader) braces(depth int) (any, error) {
	dict := map[string]any{}
	if r.take("}") {
		return dict, nil
	}
	for {
		key, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if !r.take(":") {
			if len(dict) > 0 {
				return nil, r.bad()
			}
			return r.setOf(key, depth)
		}
		if dict[pythonKey(key)], err = r.value(depth + 1); err != nil {
			return nil, err
		}
		more := r.take(",")
		if r.take("}") {
			return dict, nil
		}
		if !more {
			return nil, r.bad()
		}
	}
}

// setOf reads the rest of a set display behind its first element.
func (r *pythonReader) setOf(first any, depth int) (any, error) {
	if r.take("}") {
		return pythonSet{first}, nil
	}
	if !r.take(",") {
		return nil, r.bad()
	}
	more, err := r.items("}", depth)
	return append(pythonSet{first}, more...), err
}

// pythonKey is a key as that of a JSON object.
func pythonKey(key any) string {
	if text, ok := key.(string); ok {
		return text
	}
	return pythonRepr(key)
}

// set reads what follows `set(`.
func (r *pythonReader) set(depth int) (any, error) {
	args, err := r.items(")", depth)
	if err != nil || len(args) == 0 {
		return pythonSet{}, err
	}
	switch v := args[0].(type) {
	case []any:
		return pythonSet(v), nil
	case pythonTuple:
		return pythonSet(v), nil
	case pythonSet:
		return v, nil
	}
	return nil, r.bad()
}

func (r *pythonReader) number() (any, error) {
	end := strings.IndexFunc(r.rest, func(c rune) bool {
		return !strings.ContainsRune("+-.0123456789eE_", c)
	})
	if end < 0 {
		end = len(r.rest)
	}
	text := strings.ReplaceAll(strings.TrimPrefix(r.rest[:end], "+"), "_", "")
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return nil, r.bad()
	}
	if !json.Valid([]byte(text)) { // such as 1. or .5
		text = strconv.FormatFloat(f, 'g', -1, 64)
	}
	r.rest = r.rest[end:]
	return json.Number(text), nil
}

// text reads strings, several of which may follow each other.
func (r *pythonReader) text() (any, error) {
	var b strings.Builder
	for found := false; ; found = true {
		r.blanks()
		start := strings.TrimPrefix(strings.TrimPrefix(r.rest, "u"), "b")
		if start == "" || start[0] != '\'' && start[0] != '"' {
			if found {
				return b.String(), nil
			}
			return nil, r.bad()
		}
		r.rest = start[1:]
		if err := r.quoted(&b, start[0]); err != nil {
			return nil, err
		}
	}
}

func (r *pythonReader) quoted(b *strings.Builder, quote byte) error {
	for {
		i := strings.IndexAny(r.rest, `\`+string(quote)+"\n")
		switch {
		case i < 0 || r.rest[i] == '\n':
			r.rest = ""
			return r.bad()
		case r.rest[i] == quote:
			b.WriteString(r.rest[:i])
			r.rest = r.rest[i+1:]
			return nil
		}
		b.WriteString(r.rest[:i])
		r.rest = r.rest[i:]
		if err := r.escape(b); err != nil {
			return err
		}
	}
}

// pythonEscapes are the escapes of one character.
var pythonEscapes = map[byte]string{
	'\n': "", '\\': `\`, '\'': "'", '"': `"`, 'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v",
}

// escape reads a backslash and what belongs to it.
func (r *pythonReader) escape(b *strings.Builder) error {
	if len(r.rest) < 2 {
		return r.bad()
	}
	c := r.rest[1]
	if text, ok := pythonEscapes[c]; ok {
		b.WriteString(text)
		r.rest = r.rest[2:]
		return nil
	}
	digits, base := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c], 16
	from := 2
	if c >= '0' && c <= '7' {
		from, base = 1, 8
		for digits = 1; digits < 3 && len(r.rest) > from+digits && r.rest[from+digits] >= '0' && r.rest[from+digits] <= '7'; digits++ {
		}
	}
	if digits == 0 { // it stands for itself
		b.WriteString(r.rest[:2])
		r.rest = r.rest[2:]
		return nil
	}
	if len(r.rest) < from+digits {
		return r.bad()
	}
	n, err := strconv.ParseUint(r.rest[from:from+digits], base, 32)
	if err != nil || n > utf8.MaxRune {
		return r.bad()
	}
	b.WriteRune(rune(n))
	r.rest = r.rest[from+digits:]
	return nil
}
