package jinja2

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
)

func jsonModule() *Object {
	return newModule("json", map[string]native{"dumps": jsonDumps, "loads": jsonLoads}, nil)
}

// jsonEncoder writes JSON as Python's json.dumps does.
type jsonEncoder struct {
	r         *run
	b         strings.Builder
	sortKeys  bool
	skipKeys  bool
	unicode   bool // ensure_ascii is off
	strictNaN bool
	indent    string
	pretty    bool
	comma     string
	colon     string
	otherwise starlark.Value // function for values that JSON does not have
}

func newJSONEncoder(r *run) *jsonEncoder { return &jsonEncoder{r: r, comma: ", ", colon: ": "} }

// setIndent takes the argument indent of json.dumps.
func (e *jsonEncoder) setIndent(v starlark.Value) error {
	if orNone(v) == nil {
		return nil
	}
	e.pretty, e.comma = true, ","
	if text, ok := asString(v); ok {
		e.indent = text
		return nil
	}
	n, ok := asInt(v)
	if !ok {
		return typeErrorf("can't multiply sequence by non-int of type %s", literal.Quote(typeName(v)))
	}
	e.indent = strings.Repeat(" ", max(0, min(n, 1000)))
	return nil
}

func (e *jsonEncoder) encode(v starlark.Value) (string, error) {
	err := e.value(v, 0)
	return e.b.String(), err
}

func (e *jsonEncoder) value(v starlark.Value, depth int) error {
	if err := e.r.enter(); err != nil {
		return valueErrorf("Circular reference detected")
	}
	defer e.r.leave()
	if err := e.r.room(e.b.Len()); err != nil {
		return err
	}
	switch v := v.(type) {
	case starlark.NoneType:
		e.b.WriteString("null")
	case starlark.Bool:
		e.b.WriteString(strings.ToLower(Str(v)))
	case starlark.Int:
		e.b.WriteString(v.String())
	case starlark.Float:
		return e.float(float64(v))
	case starlark.String:
		e.text(string(v))
	case Markup:
		e.text(string(v))
	case *starlark.List:
		return e.list(v, depth)
	case starlark.Tuple:
		return e.list(v, depth)
	case *Group:
		return e.list(v.Tuple, depth)
	case *starlark.Dict:
		return e.dict(v, depth)
	default:
		if e.otherwise != nil {
			other, err := e.r.call(e.otherwise, []starlark.Value{v}, nil)
			if err != nil {
				return err
			}
			return e.value(other, depth)
		}
		return typeErrorf("Object of type %s is not JSON serializable", typeName(v))
	}
	return nil
}

func (e *jsonEncoder) float(f float64) error {
	text := floatText(f)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		if e.strictNaN {
			return valueErrorf("Out of range float values are not JSON compliant")
		}
		text = map[string]string{"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[text]
	}
	e.b.WriteString(text)
	return nil
}

func (e *jsonEncoder) text(s string) {
	e.b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			e.b.WriteByte('\\')
			e.b.WriteRune(c)
		case c == '\n':
			e.b.WriteString(`\n`)
		case c == '\r':
			e.b.WriteString(`\r`)
		case c == '\t':
			e.b.WriteString(`\t`)
		case c == '\f':
			e.b.WriteString(`\f`)
		case c == '\b':
			e.b.WriteString(`\b`)
		case c < ' ' || c >= 0x7f && !e.unicode && c <= 0xffff:
			fmt.Fprintf(&e.b, `\u%04x`, c)
		case c > 0xffff && !e.unicode:
			c -= 0x10000
			fmt.Fprintf(&e.b, `\u%04x\u%04x`, 0xd800+c>>10, 0xdc00+c&0x3ff)
		default:
			e.b.WriteRune(c)
		}
	}
	e.b.WriteByte('"')
}

func (e *jsonEncoder) newline(depth int) {
	if e.pretty {
		e.b.WriteString("\n" + strings.Repeat(e.indent, depth))
	}
}

func (e *jsonEncoder) list(v starlark.Indexable, depth int) error {
	if v.Len() == 0 {
		e.b.WriteString("[]")
		return nil
	}
	e.b.WriteByte('[')
	for i := range v.Len() {
		if i > 0 {
			e.b.WriteString(e.comma)
		}
		e.newline(depth + 1)
		if err := e.value(v.Index(i), depth+1); err != nil {
			return err
		}
	}
	e.newline(depth)
	e.b.WriteByte(']')
	return nil
}

func (e *jsonEncoder) dict(d *starlark.Dict, depth int) error {
	if d.Len() == 0 {
		e.b.WriteString("{}")
		return nil
	}
	items := (&View{d: d, kind: "items"}).elements()
	if e.sortKeys {
		var err error
		first := func(v starlark.Value) (starlark.Value, error) { return v.(starlark.Tuple)[0], nil }
		if items, err = e.r.sorted(items, first, false); err != nil {
			return err
		}
	}
	e.b.WriteByte('{')
	written := false
	for _, item := range items {
		name, ok := jsonKey(item.(starlark.Tuple)[0])
		if !ok {
			if e.skipKeys {
				continue
			}
			return typeErrorf("keys must be str, int, float, bool or None, not %s", typeName(item.(starlark.Tuple)[0]))
		}
		if written {
			e.b.WriteString(e.comma)
		}
		written = true
		e.newline(depth + 1)
		e.text(name)
		e.b.WriteString(e.colon)
		if err := e.value(item.(starlark.Tuple)[1], depth+1); err != nil {
			return err
		}
	}
	if written {
		e.newline(depth)
	}
	e.b.WriteByte('}')
	return nil
}

func jsonKey(k starlark.Value) (string, bool) {
	switch k := k.(type) {
	case starlark.String:
		return string(k), true
	case Markup:
		return string(k), true
	case starlark.NoneType:
		return "null", true
	case starlark.Bool:
		return strings.ToLower(Str(k)), true
	case starlark.Int, starlark.Float:
		return Str(k), true
	}
	return "", false
}

func jsonDumps(c *call) (starlark.Value, error) {
	p, err := c.params(1, "obj", "skipkeys", "ensure_ascii", "check_circular", "allow_nan", "cls", "indent", "separators", "default", "sort_keys")
	if err != nil {
		return nil, err
	}
	if orNone(p[5]) != nil {
		return nil, errorf(UnsupportedError, "the argument cls of json.dumps")
	}
	e := newJSONEncoder(c.r)
	flags := []*bool{&e.skipKeys, &e.unicode, &e.strictNaN, &e.sortKeys}
	for i, at := range []int{1, 2, 4, 9} {
		inverted := at == 2 || at == 4
		on, err := c.bool(p[at], inverted)
		if err != nil {
			return nil, err
		}
		*flags[i] = on != inverted
	}
	if err := e.setIndent(p[6]); err != nil {
		return nil, err
	}
	if orNone(p[7]) != nil {
		both, err := c.r.list(p[7])
		if err != nil {
			return nil, err
		}
		if len(both) != 2 {
			return nil, valueErrorf("not enough values to unpack (expected 2, got %d)", len(both))
		}
		e.comma, e.colon = Str(both[0]), Str(both[1])
	}
	e.otherwise = orNone(p[8])
	text, err := e.encode(p[0])
	return starlark.String(text), err
}

func jsonLoads(c *call) (starlark.Value, error) {
	if len(c.args) != 1 || len(c.kwargs) > 0 {
		return nil, errorf(UnsupportedError, "json.loads with more than one argument")
	}
	var text string
	switch v := c.args[0].(type) {
	case starlark.String, Markup:
		text, _ = asString(v)
	case starlark.Bytes:
		text = string(v)
	default:
		return nil, typeErrorf("the JSON object must be str, bytes or bytearray, not %s", typeName(v))
	}
	d := &jsonDecoder{r: c.r, s: text}
	return d.document()
}

// jsonDecoder reads JSON as Python's json.loads does.
type jsonDecoder struct {
	r *run
	s string
	i int
}

func (d *jsonDecoder) fail(at int, msg string) error {
	before := d.s[:min(at, len(d.s))]
	line := strings.Count(before, "\n") + 1
	column := textLen(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return errorf("JSONDecodeError", "%s: line %d column %d (char %d)", msg, line, column, utf8.RuneCountInString(before))
}

func (d *jsonDecoder) space() {
	for d.i < len(d.s) && strings.IndexByte(" \t\n\r", d.s[d.i]) >= 0 {
		d.i++
	}
}

func (d *jsonDecoder) document() (starlark.Value, error) {
	d.space()
	v, err := d.value()
	if err != nil {
		return nil, err
	}
	if d.space(); d.i < len(d.s) {
		return nil, d.fail(d.i, "Extra data")
	}
	return v, nil
}

// jsonWords are the values that are written as words.
var jsonWords = map[string]starlark.Value{"null": starlark.None, "true": starlark.True, "false": starlark.False,
	"NaN": starlark.Float(math.NaN()), "Infinity": starlark.Float(math.Inf(1)), "-Infinity": starlark.Float(math.Inf(-1))}

func (d *jsonDecoder) value() (starlark.Value, error) {
	if err := d.r.enter(); err != nil {
		return nil, err
	}
	defer d.r.leave()
	rest := d.s[d.i:]
	for word, v := range jsonWords {
		if strings.HasPrefix(rest, word) {
			d.i += len(word)
			return v, nil
		}
	}
	switch {
	case strings.HasPrefix(rest, `"`):
		text, err := d.text()
		return starlark.String(text), err
	case strings.HasPrefix(rest, "["):
		return d.list()
	case strings.HasPrefix(rest, "{"):
		return d.object()
	}
	return d.number()
}
