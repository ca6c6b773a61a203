package jinja2

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"go.starlark.net/starlark"
)

// FuzzRender checks that no template makes the package panic, run on, or use
// more than its limits, and that every error has a kind.
func FuzzRender(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("testdata", "golden.json"))
	if err != nil {
		f.Fatal(err)
	}
	var cases []recorded
	if err := json.Unmarshal(data, &cases); err != nil {
		f.Fatal(err)
	}
	for _, c := range cases {
		f.Add(c.Template, c.Options.TrimBlocks)
	}
	f.Fuzz(func(t *testing.T, source string, option bool) {
		e := &Environment{Do: true, LoopControls: true, TrimBlocks: option, LstripBlocks: option, Autoescape: option,
			Globals: PythonBuiltins(), Limits: Limits{Output: 1 << 16, Steps: 1 << 12, Depth: 50}, Loader: MapLoader{"a": source, "b": "{% block a %}{% endblock %}"}}
		if option {
			e.Undefined = Strict
		}
		template, err := e.Parse("fuzz", source)
		if err == nil {
			d := starlark.NewDict(1)
			_ = d.SetKey(starlark.String("k"), starlark.NewList([]starlark.Value{starlark.MakeInt(1), starlark.Float(2.5), starlark.None}))
			err = template.Render(context.Background(), io.Discard, map[string]starlark.Value{"x": d, "s": starlark.String("text é"), "n": starlark.MakeInt(7)})
		}
		if err != nil && kindOf(err) == "" {
			t.Errorf("an error without a kind: %v", err)
		}
	})
}

// FuzzRegexp checks that translated expressions never panic.
func FuzzRegexp(f *testing.F) {
	for _, s := range []string{`a(b+)`, `[^\w.-]+`, `(?P<n>\d{2,})$`, `\bx\Z`, `(?i:a|b)*?`, `[]a]`, `a{,3}`, `\u00e9\x41`} {
		f.Add(s, "aab é12")
	}
	re := reModule()
	f.Fuzz(func(t *testing.T, pattern, text string) {
		r := newRun(context.Background(), &Environment{Limits: Limits{Output: 1 << 16, Steps: 1 << 16}})
		args := []starlark.Value{starlark.String(pattern), starlark.String(text)}
		for _, name := range []string{"search", "findall", "split", "match", "fullmatch"} {
			_, _ = r.call(re.attrs[name], args, nil)
		}
	})
}
