package jinja2

import "testing"

// Options of SlapOS's dialect hold sets and the like as calls.
func TestParseReprCalls(t *testing.T) {
	for text, want := range map[string]string{
		"set(['::1'])": "{'::1'}", "set([])": "set()", "frozenset([1])": "frozenset({1})", "dict([('a', 1)])": "{'a': 1}",
		"{'b': [1, (2,)], 'a': None}": "{'b': [1, (2,)], 'a': None}", "float('inf')": "inf", `'\x24'`: "'$'",
	} {
		v, err := ParseRepr(text)
		if err != nil || Repr(v) != want {
			t.Errorf("%s is %v, %v, want %s", text, v, err, want)
		}
	}
	for _, text := range []string{"open('x')", "set(", "x", "[i for i in range(10) for j in range(1 << 40)]"} {
		if v, err := ParseRepr(text); err == nil {
			t.Errorf("%s is %v", text, v)
		}
	}
}
