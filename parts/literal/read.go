package literal

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Parse reads the text of one value.
func Parse(text string) (any, error) {
	v, rest, err := Read(text)
	if err != nil {
		return nil, err
	}
	r := &reader{rest}
	if r.blanks(); r.rest != "" {
		return nil, r.bad()
	}
	return v, nil
}

// Read reads the value at the start of text and returns what stands behind it.
// Keys that are no texts become the text of their literal.
func Read(text string) (value any, rest string, err error) {
	r := &reader{text}
	if value, err = r.value(0); err != nil {
		return nil, text, err
	}
	return value, r.rest, nil
}

// reader reads a value from the left.
type reader struct{ rest string }

// deepest is how deep containers may lie in each other.
const deepest = 200

func (r *reader) bad() error {
	shown := r.rest
	if len(shown) > 20 {
		shown = strings.ToValidUTF8(shown[:20], "") + "…"
	}
	if shown == "" {
		return errors.New("the Python value ends too soon")
	}
	return fmt.Errorf("%q is not understood in a Python value", shown)
}

// blanks skips blanks and comments.
func (r *reader) blanks() {
	for {
		r.rest = strings.TrimLeft(r.rest, " \t\r\n\f")
		if !strings.HasPrefix(r.rest, "#") {
			return
		}
		_, r.rest, _ = strings.Cut(r.rest, "\n")
	}
}

// take takes a word if it comes next.
func (r *reader) take(word string) bool {
	r.blanks()
	rest, ok := strings.CutPrefix(r.rest, word)
	if ok {
		r.rest = rest
	}
	return ok
}

// takeName takes a name if it comes next, and not a longer one.
func (r *reader) takeName(name string) bool {
	r.blanks()
	rest, ok := strings.CutPrefix(r.rest, name)
	if !ok || rest != "" && (rest[0] == '_' || rest[0] >= utf8.RuneSelf || isLetter(rest[0]) || isDigit(rest[0])) {
		return false
	}
	r.rest = rest
	return true
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func (r *reader) value(depth int) (any, error) {
	if depth > deepest {
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
	case r.takeName("None"):
		return nil, nil
	case r.takeName("True"):
		return true, nil
	case r.takeName("False"):
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
func (r *reader) items(closing string, depth int) ([]any, error) {
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
func (r *reader) tuple(depth int) (any, error) {
	if r.take(")") {
		return Tuple{}, nil
	}
	first, err := r.value(depth + 1)
	if err != nil || r.take(")") {
		return first, err
	}
	if !r.take(",") {
		return nil, r.bad()
	}
	more, err := r.items(")", depth)
	return append(Tuple{first}, more...), err
}

// braces reads a dict or a set.
func (r *reader) braces(depth int) (any, error) {
	dict := map[string]any{}
	if r.take("}") {
		return dict, nil
	}
	for {
		k, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if !r.take(":") {
			if len(dict) > 0 {
				return nil, r.bad()
			}
			return r.setOf(k, depth)
		}
		if dict[key(k)], err = r.value(depth + 1); err != nil {
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
func (r *reader) setOf(first any, depth int) (any, error) {
	if r.take("}") {
		return Set{first}, nil
	}
	if !r.take(",") {
		return nil, r.bad()
	}
	more, err := r.items("}", depth)
	return append(Set{first}, more...), err
}

// key is a key as that of a JSON object.
func key(k any) string {
	if text, ok := k.(string); ok {
		return text
	}
	return Repr(k)
}

// set reads what follows `set(`.
func (r *reader) set(depth int) (any, error) {
	args, err := r.items(")", depth)
	if err != nil || len(args) == 0 {
		return Set{}, err
	}
	switch v := args[0].(type) {
	case []any:
		return Set(v), nil
	case Tuple:
		return Set(v), nil
	case Set:
		return v, nil
	}
	return nil, r.bad()
}

func (r *reader) number() (any, error) {
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
