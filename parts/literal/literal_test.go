package literal

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestParses(t *testing.T) {
	for text, want := range map[string]any{
		"None": nil, " True ": true, "False": false, "12": json.Number("12"), "-1.5": json.Number("-1.5"), "1e3": json.Number("1e3"),
		`'a'`: "a", `"it's"`: "it's", `'\x24\u00e9\n\\'`: "$é\n\\", `'\q\101'`: `\qA`, `'a' 'b'`: "ab", `u'x'`: "x",
		"[1, 'a', ]": []any{json.Number("1"), "a"}, "()": Tuple{}, "(1,)": Tuple{json.Number("1")}, "(1)": json.Number("1"),
		"{}": map[string]any{}, "{'a': {'b': None}, 1: 2}": map[string]any{"a": map[string]any{"b": nil}, "1": json.Number("2")},
		"{'a'}": Set{"a"}, "set(['b', 'a'])": Set{"b", "a"}, "set()": Set{}, "frozenset({'a'})": Set{"a"},
	} {
		got, err := Parse(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %#v, %v, want %#v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "[", "[1 2]", "{1:2", "{'a', 'b': 1}", "{'a': 1, 'b'}", "'a", "'\\x2'", "x", "1 2", "os.system('x')", "set(1)", "--", strings.Repeat("[", 300)} {
		if v, err := Parse(text); err == nil {
			t.Errorf("%s: %#v, want an error", text, v)
		}
	}
}

func TestRepr(t *testing.T) {
	for want, value := range map[string]any{
		"None": nil, "True": true, "12": json.Number("12"), "1.0": json.Number("1.00"), "0.5": json.Number("5e-1"), `"it's"`: "it's", `'a\\\n\x01é\u200b'`: "a\\\n\x01é\u200b",
		"{'a': [1, (2,)], 'b': set(['x', 'y'])}": map[string]any{"b": Set{"y", "x"}, "a": []any{json.Number("1"), Tuple{json.Number("2")}}},
	} {
		if got := Repr(value); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestRead(t *testing.T) {
	for text, want := range map[string]any{
		"-12":        json.Number("-12"),
		"1.5e3":      json.Number("1.5e3"),
		`u"\u00e9"`:  "\u00e9",
		`r'\d\''`:    `\d\'`,
		`'\d\101\0'`: "\\dA\x00",
		`'''a
"b'''`: "a\n\"b",
		"('a'\n 'b')":      "ab",
		"{ 'a': 1, # c\n}": map[string]any{"a": json.Number("1")},
		"{'command': 'one '\n  'two', 'n': None}": map[string]any{"command": "one two", "n": nil},
	} {
		got, rest, err := Read(text + "\nimport os")
		if err != nil || rest != "\nimport os" && rest != "import os" || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %#v, rest %q, %v; want %#v", text, got, rest, err, want)
		}
	}
	for _, text := range []string{"'a\nb'", "Nonesuch", "[Trueish]", `'\xg0'`, `'\`, "r'\\'", "'''a'", strings.Repeat("[", 300)} {
		if got, _, err := Read(text); err == nil {
			t.Errorf("%q: got %#v, want an error", text, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"{'a': [1, 'b', None], }", "set(['x'])", `("\x24", 1.5, True)`, "'''"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, rest, err := Read(text); !strings.HasSuffix(text, rest) {
			t.Errorf("the rest %q is not the end of %q (%v)", rest, text, err)
		}
		v, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(Repr(v))
		if err != nil || Repr(again) != Repr(v) {
			t.Errorf("%q: %s is read as %s, %v", text, Repr(v), Repr(again), err)
		}
	})
}
