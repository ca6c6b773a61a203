package recipes

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// percentValues are the values of the tests, and an error for others.
func percentValues(key string) (string, error) {
	values := map[string]string{"x": "val", "a(b)": "paren", "é": "ü", "": "empty", "p": "50%"}
	if value, ok := values[key]; ok {
		return value, nil
	}
	return "", fmt.Errorf("no %q", key)
}

// The results are those of Python's % with the same mapping, except where it
// would format something else than text.
func TestFormatPercent(t *testing.T) {
	for _, c := range []struct{ text, want, err string }{
		{"", "", ""},
		{"plain", "plain", ""},
		{"%%", "%", ""},
		{"100%% sure", "100% sure", ""},
		{"-%(x)s-%(x)s", "-val-val", ""},
		{"%(p)s", "50%", ""},
		{"%()s", "empty", ""},
		{"%(a(b))s", "paren", ""},
		{"%(é)s", "ü", ""},
		{"[%(x)6s]", "[   val]", ""},
		{"[%(x)-6s]", "[val   ]", ""},
		{"[%(x)06s]", "[   val]", ""},
		{"[%(x).2s]", "[va]", ""},
		{"[%(x).s]", "[]", ""},
		{"[%(é)3.1s]", "[  ü]", ""},
		{"%(x)ls", "val", ""},
		{"%5%", "", "unsupported format character '%' (0x25) at index 2"},
		{"%(x)%", "", "unsupported format character '%' (0x25) at index 4"},
		{"%", "", "incomplete format"},
		{"--rate=100%", "", "incomplete format"},
		{"%(x)", "", "incomplete format"},
		{"%(x)-", "", "incomplete format"},
		{"%(x", "", "incomplete format key"},
		{"%(a(b)s", "", "incomplete format key"},
		{"%(none)s", "", `no "none"`},
		{"%(none)%", "", `no "none"`},
		{"date +%Y", "", "unsupported format character 'Y' (0x59) at index 7"},
		{"é%é", "", "unsupported format character 'é' (0xe9) at index 2"},
		{"%s", "", "%s names no value: it must be %(name)s"},
		{"100% sure", "", "%s names no value: it must be %(name)s"},
		{"%d", "", "%d names no value: it must be %(name)s"},
		{"%(x)d", "", "%(x)d does not fit: values are text, written as %(x)s"},
		{"%(x)r", "", "%(x)r does not fit: values are text, written as %(x)s"},
		{"%(x)*s", "", "not enough arguments for format string: * takes the width from a list"},
		{"%(x).*s", "", "not enough arguments for format string: * takes the width from a list"},
		{"%(x)99999999999999999999s", "", "the width 99999999999999999999 is too large"},
		{"%(x)70000s", "", "the width 70000 is too large"},
	} {
		got, err := formatPercent(c.text, percentValues)
		if message := fmt.Sprint(err); got != c.want || err == nil != (c.err == "") || err != nil && message != c.err {
			t.Errorf("%q: got %q, %v, want %q, %s", c.text, got, err, c.want, c.err)
		}
	}
}

func TestFormatPercentErrors(t *testing.T) {
	_, err := formatPercent("%", percentValues)
	if bad := percentError(""); !errors.As(err, &bad) {
		t.Errorf("syntax: got %T", err)
	}
	_, err = formatPercent("%(none)s", percentValues)
	if bad := percentError(""); errors.As(err, &bad) {
		t.Errorf("unknown key: got %T", err)
	}
}

func FuzzFormatPercent(f *testing.F) {
	for _, text := range []string{"%(x)s", "%%", "%(x)-5.2s", "a%", "%(", "%(x)é"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := formatPercent(text, func(key string) (string, error) { return key, nil })
		if err == nil && !strings.Contains(text, "%") && got != text {
			t.Errorf("%q: got %q", text, got)
		}
		escaped, err := formatPercent(strings.ReplaceAll(text, "%", "%%"), percentValues)
		if err != nil || escaped != text {
			t.Errorf("%q escaped: got %q, %v", text, escaped, err)
		}
	})
}
