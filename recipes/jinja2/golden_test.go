package jinja2

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.starlark.net/starlark"
)

// casesFile is a file of cases, one JSON object per line, that TestCases compares.
var casesFile = flag.String("cases", "", "file of recorded cases to compare (see testdata)")

// recorded is a template with what Python's jinja2 made of it.
type recorded struct {
	Name      string            `json:"name"`
	Template  string            `json:"template"`
	Templates map[string]string `json:"templates"`
	Context   json.RawMessage   `json:"context"`
	Options   struct {
		Undefined           string `json:"undefined"`
		Autoescape          bool   `json:"autoescape"`
		TrimBlocks          bool   `json:"trim_blocks"`
		LstripBlocks        bool   `json:"lstrip_blocks"`
		KeepTrailingNewline bool   `json:"keep_trailing_newline"`
	} `json:"options"`
	Output *string  `json:"output"`
	Error  []string `json:"error"`
}

func (c *recorded) environment() *Environment {
	e := &Environment{Do: true, LoopControls: true, Loader: MapLoader(c.Templates), Globals: PythonBuiltins(),
		Autoescape: c.Options.Autoescape, TrimBlocks: c.Options.TrimBlocks, LstripBlocks: c.Options.LstripBlocks,
		KeepTrailingNewline: c.Options.KeepTrailingNewline}
	e.Undefined = map[string]UndefinedKind{"": Strict, "strict": Strict, "default": Default, "chainable": Chainable, "debug": Debug}[c.Options.Undefined]
	return e
}

func (c *recorded) vars() (map[string]starlark.Value, error) {
	if len(c.Context) == 0 {
		return nil, nil
	}
	v, err := ParseJSON(string(c.Context))
	if err != nil {
		return nil, err
	}
	if v, err = untag(v); err != nil {
		return nil, err
	}
	vars := map[string]starlark.Value{}
	for k, x := range v.(*starlark.Dict).Entries() {
		vars[Str(k)] = x
	}
	return vars, nil
}

// testFunctions are the functions that a recorded context may hold.
var testFunctions = map[string]native{
	"none": func(*call) (starlark.Value, error) { return starlark.None, nil },
	"first": func(c *call) (starlark.Value, error) {
		if len(c.args) == 0 {
			return starlark.String(""), nil
		}
		return c.args[0], nil
	},
	"text": func(*call) (starlark.Value, error) { return starlark.String("text"), nil },
	"args": func(c *call) (starlark.Value, error) {
		d := starlark.NewDict(2)
		if err := c.r.fillDict(d, nil, c.kwargs); err != nil {
			return nil, err
		}
		return starlark.String(Repr(starlark.Tuple(c.args)) + Repr(d)), nil
	},
}

var testFuncs = named(testFunctions)

// untag turns the objects that stand for what JSON does not have into values.
func untag(v starlark.Value) (starlark.Value, error) {
	switch v := v.(type) {
	case *starlark.List:
		items, err := untagAll(v)
		return starlark.NewList(items), err
	case *starlark.Dict:
		if v.Len() == 1 && strings.HasPrefix(Str(v.Keys()[0]), "$") {
			return untagOne(Str(v.Keys()[0]), v.Items()[0][1])
		}
		d := starlark.NewDict(v.Len())
		for _, item := range v.Items() {
			x, err := untag(item[1])
			if err != nil {
				return nil, err
			}
			if err := d.SetKey(item[0], x); err != nil {
				return nil, err
			}
		}
		return d, nil
	}
	return v, nil
}

func untagAll(l *starlark.List) ([]starlark.Value, error) {
	var items []starlark.Value
	for x := range l.Elements() {
		y, err := untag(x)
		if err != nil {
			return nil, err
		}
		items = append(items, y)
	}
	return items, nil
}

func untagOne(kind string, data starlark.Value) (starlark.Value, error) {
	switch kind {
	case "$bytes":
		var b []byte
		for _, r := range Str(data) {
			b = append(b, byte(r))
		}
		return starlark.Bytes(b), nil
	case "$float":
		return parseFloat(Str(data))
	case "$markup":
		return Markup(Str(data)), nil
	case "$module":
		return ImportModule(Str(data))
	case "$func":
		return testFuncs[Str(data)], nil
	}
	items, err := untagAll(data.(*starlark.List))
	if err != nil {
		return nil, err
	}
	switch kind {
	case "$tuple":
		return starlark.Tuple(items), nil
	case "$set":
		s := starlark.NewSet(0)
		for _, x := range items {
			if err := s.Insert(x); err != nil {
				return nil, err
			}
		}
		return s, nil
	case "$dict":
		d := starlark.NewDict(0)
		for _, x := range items {
			pair := x.(*starlark.List)
			if err := d.SetKey(pair.Index(0), pair.Index(1)); err != nil {
				return nil, err
			}
		}
		return d, nil
	}
	return nil, fmt.Errorf("unknown tag %s", kind)
}

// render renders the case.
func (c *recorded) render() (string, error) {
	vars, err := c.vars()
	if err != nil {
		return "", err
	}
	t, err := c.environment().Parse("", c.Template)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	err = t.Render(context.Background(), &b, vars)
	return b.String(), err
}

// difference says how the result differs from that of Python; empty if it does
// not. quiet is set when the difference is a wrong text or an error that is missing.
func (c *recorded) difference() (text string, quiet bool) {
	got, err := c.render()
	switch {
	case c.Output != nil && err != nil:
		return fmt.Sprintf("got error %v\nwant %q", err, *c.Output), false
	case c.Output != nil && got != *c.Output:
		return fmt.Sprintf("got  %q\nwant %q", got, *c.Output), true
	case c.Output == nil && err == nil:
		return fmt.Sprintf("got  %q\nwant error %q", got, c.Error), true
	case c.Output == nil && kindOf(err)[strings.LastIndexByte(kindOf(err), '.')+1:] != c.Error[0]:
		return fmt.Sprintf("got error %v\nwant error %q", err, c.Error), false
	}
	return "", false
}

// TestGolden compares with what testdata/record.py recorded from Python.
func TestGolden(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []recorded
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			if d, _ := c.difference(); d != "" {
				t.Errorf("%s\n%s", c.Template, d)
			}
		})
	}
}

// TestCases compares the cases of a file and counts.
func TestCases(t *testing.T) {
	if *casesFile == "" {
		t.Skip("no -cases")
	}
	f, err := os.Open(*casesFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	count := map[string]int{}
	s := bufio.NewScanner(f)
	s.Buffer(nil, 64<<20)
	for s.Scan() {
		var c recorded
		if err := json.Unmarshal(s.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		kind := "renders"
		if c.Output == nil {
			kind = "fails"
		}
		d, quiet := c.difference()
		switch {
		case d == "":
			count[kind+", same"]++
		case quiet:
			count[kind+", SILENT DIFFERENCE"]++
		default:
			count[kind+", other error"]++
		}
		if d != "" && testing.Verbose() {
			t.Logf("%s: %.300q\ncontext %.300s\n%.1500s", c.Name, c.Template, c.Context, d)
		}
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	for _, k := range sortedKeys(count) {
		fmt.Printf("%6d %s\n", count[k], k)
	}
	for k := range maps.Keys(count) {
		if strings.Contains(k, "SILENT") {
			t.Errorf("%d: %s", count[k], k)
		}
	}
}
