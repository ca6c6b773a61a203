package jinja2

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.starlark.net/starlark"
)

// largest returns the 20 largest templates of the file of cases, or those of
// the golden cases.
func largest(b *testing.B) []recorded {
	b.Helper()
	var cases []recorded
	if *casesFile == "" {
		data, err := os.ReadFile(filepath.Join("testdata", "golden.json"))
		if err != nil {
			b.Fatal(err)
		}
		if err := json.Unmarshal(data, &cases); err != nil {
			b.Fatal(err)
		}
	} else {
		f, err := os.Open(*casesFile)
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		s := bufio.NewScanner(f)
		s.Buffer(nil, 64<<20)
		for s.Scan() {
			var c recorded
			if err := json.Unmarshal(s.Bytes(), &c); err != nil {
				b.Fatal(err)
			}
			cases = append(cases, c)
		}
	}
	cases = slices.DeleteFunc(cases, func(c recorded) bool { return c.Output == nil })
	slices.SortFunc(cases, func(a, b recorded) int {
		return cmp.Or(cmp.Compare(len(b.Template), len(a.Template)), cmp.Compare(a.Name, b.Name))
	})
	return cases[:min(20, len(cases))]
}

// contexts returns what makes the contexts of the cases anew: templates change
// them. Modules are made once.
func contexts(b *testing.B, cases []recorded) func() []map[string]starlark.Value {
	b.Helper()
	var tagged []*starlark.Dict
	for _, c := range cases {
		v, err := ParseJSON(string(c.Context))
		if err != nil {
			b.Fatal(err)
		}
		d := v.(*starlark.Dict)
		for _, item := range d.Items() {
			k, x := item[0], item[1]
			if m, ok := x.(*starlark.Dict); ok && m.Len() == 1 && Str(m.Keys()[0]) == "$module" {
				if x, err = untag(x); err == nil {
					err = d.SetKey(k, x)
				}
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		tagged = append(tagged, d)
	}
	return func() []map[string]starlark.Value {
		var all []map[string]starlark.Value
		for _, d := range tagged {
			vars := make(map[string]starlark.Value, d.Len())
			for k, x := range d.Entries() {
				v, err := untag(x)
				if err != nil {
					b.Fatal(err)
				}
				vars[Str(k)] = v
			}
			all = append(all, vars)
		}
		return all
	}
}

// shortest runs f as a benchmark and reports the shortest run: on a machine
// with other work it is what can be compared.
func shortest(b *testing.B, f func()) {
	b.Helper()
	least := time.Hour
	for b.Loop() {
		start := time.Now()
		f()
		least = min(least, time.Since(start))
	}
	b.ReportMetric(float64(least.Nanoseconds()), "min-ns/op")
}

// BenchmarkCasesRender renders the 20 largest templates, which are parsed
// already. Contexts are made anew: templates change them.
func BenchmarkCasesRender(b *testing.B) {
	cases := largest(b)
	var templates []*Template
	for _, c := range cases {
		t, err := c.environment().Parse("", c.Template)
		if err != nil {
			b.Fatal(err)
		}
		templates = append(templates, t)
	}
	fresh := contexts(b, cases)
	shortest(b, func() {
		vars := fresh()
		for i, t := range templates {
			if err := t.Render(context.Background(), io.Discard, vars[i]); err != nil {
				b.Fatal(cases[i].Name, err)
			}
		}
	})
}

// BenchmarkCasesAll makes the environment, parses and renders.
func BenchmarkCasesAll(b *testing.B) {
	cases := largest(b)
	fresh := contexts(b, cases)
	shortest(b, func() {
		vars := fresh()
		for i := range cases {
			t, err := cases[i].environment().Parse("", cases[i].Template)
			if err != nil {
				b.Fatal(err)
			}
			if err := t.Render(context.Background(), io.Discard, vars[i]); err != nil {
				b.Fatal(cases[i].Name, err)
			}
		}
	})
}

// BenchmarkLoop is the machinery alone: a loop with arithmetic and a condition.
func BenchmarkLoop(b *testing.B) {
	e := &Environment{}
	t, err := e.Parse("", "{% for i in range(1000) %}{% if i % 3 == 0 %}{{ i * 2 }},{{ loop.index }}{% endif %}{% endfor %}")
	if err != nil {
		b.Fatal(err)
	}
	shortest(b, func() {
		if err := t.Render(context.Background(), io.Discard, nil); err != nil {
			b.Fatal(err)
		}
	})
}
