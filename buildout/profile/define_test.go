package profile

import (
	"errors"
	"testing"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
)

func TestDefine(t *testing.T) {
	ev := evaluator(t, "[buildout]\nparts =\n[a]\nx = 1\n")
	if err := ev.Define(t.Context(), "<here>", "[b]\ny = ${a:x}2\n[c]\n<= b\nz = ${:y}\n"); err != nil {
		t.Fatal(err)
	}
	c := ev.Known("c")
	if c == nil {
		t.Fatal("it is not evaluated")
	}
	if z, _, err := c.Get(t.Context(), "z"); z != "12" || err != nil {
		t.Errorf("z is %q, %v", z, err)
	}
	for text, code := range map[string]string{
		"[a]\n": "section-exists", "[b]\n": "section-exists", "x = 1\n": "no-section-header", "[d]\nx = ${none:y}\n": "unknown-section",
	} {
		err := ev.Define(t.Context(), "<here>", text)
		var d *diag.Diagnostic
		if !errors.As(err, &d) || d.Code != code {
			t.Errorf("%q: %v, want %s", text, err, code)
		}
	}
}

func TestDedent(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "a": "a", "  a\n  b": "a\nb", "\n    a\n      b\n  ": "\na\n  b\n", "\ta\n  b": "\ta\n  b", "  a\n\n\tb": "  a\n\n\tb", "    a\n  b": "  a\nb",
	} {
		if got := cfg.Dedent(text); got != want {
			t.Errorf("Dedent(%q): got %q, want %q", text, got, want)
		}
	}
}
