package jinja2

import "testing"

func TestParseRepr(t *testing.T) {
	for _, text := range []string{"1", "'a'", "[1, 'b', None, True]", "{'k': (1, 2.5)}", "'\\n\\'\"'", "-3", "10000000000000000000000000", "()", "(1,)"} {
		v, err := ParseRepr(text)
		if err != nil || Repr(v) != text {
			t.Errorf("%s: %v, %v", text, v, err)
		}
	}
	if v, err := ParseRepr(`'\x24{a}\x3b'`); err != nil || Str(v) != "${a};" {
		t.Errorf("escapes: %v, %v", v, err)
	}
	for _, text := range []string{"", "x", "__import__('os')", "1 +", "[1"} {
		if v, err := ParseRepr(text); err == nil {
			t.Errorf("%q is taken for %v", text, v)
		}
	}
}
