package recipes

import (
	"slices"
	"testing"
)

func TestDebug(t *testing.T) {
	s := newStand(t)
	a := s.install(debugRecipe{}, "recipe = zc.buildout:debug\nb = it's\na =\n  x\n  y")
	want := []string{`info:   a='x\ny'`, `info:   b="it's"`, "info:   recipe='zc.buildout:debug'"}
	if got := s.Events.Messages(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, e := range s.Events.All() {
		if e.Part != "" {
			t.Errorf("a line is said by part %q", e.Part)
		}
	}
	if err := s.update(a); err != nil || len(s.Events.All()) != 6 {
		t.Errorf("update gives %v, %d events", err, len(s.Events.All()))
	}
	s.checkOwned()
}

// TestDebugRepr has values as Python 3.11 writes them.
func TestDebugRepr(t *testing.T) {
	for text, want := range map[string]string{
		"":             `''`,
		"a":            `'a'`,
		"it's":         `"it's"`,
		`"`:            `'"'`,
		`'"`:           `'\'"'`,
		"\\\n\r\t":     `'\\\n\r\t'`,
		"\x00\x1f\x7f": `'\x00\x1f\x7f'`,
		"\u00e9\u20ac": "'\u00e9\u20ac'",
		"\u00a0\u00ad": `'\xa0\xad'`,
		"\u2028\ufeff": `'\u2028\ufeff'`,
		"\U0001f600":   "'\U0001f600'",
		"\U000e0001":   `'\U000e0001'`,
		"\xff":         `'\udcff'`,
		"\ufffd":       "'\ufffd'",
	} {
		if got := debugRepr(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
