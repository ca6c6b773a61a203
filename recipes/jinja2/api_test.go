package jinja2

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"go.starlark.net/starlark"
)

func render(t *testing.T, e *Environment, source string, vars map[string]starlark.Value) (string, error) {
	t.Helper()
	tmpl, err := e.Parse("t.in", source)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	err = tmpl.Render(context.Background(), &b, vars)
	if err != nil && b.Len() > 0 {
		t.Errorf("%q: %q was written although there is an error", source, b.String())
	}
	return b.String(), err
}

func TestErrorPlaces(t *testing.T) {
	lib := MapLoader{"lib": "{% macro m(x) %}\n  {{ x.y.z }}{% endmacro %}", "bad": "line\n{% if %}"}
	for _, c := range []struct{ source, want, trail string }{
		{"a\n{{ nope }}", "t.in:2:4: UndefinedError: 'nope' is undefined", ""},
		{"a\n  {% for x in 5 %}{% endfor %}", "t.in:2:6: TypeError: 'int' object is not iterable", ""},
		{"{% if x %}\n", "t.in:1:11: TemplateSyntaxError: Unexpected end of template. Jinja was looking for the following tags: 'elif' or 'else' or 'endif'. The innermost block that needs to be closed is 'if'.", ""},
		{"\n\n{{ 'abc'|nosuch }}", "t.in:3:10: TemplateAssertionError: No filter named 'nosuch'.", ""},
		{"\n{% import 'lib' as l %}{{ l.m({}) }}", "lib:2:10: UndefinedError: 'dict object' has no attribute 'y'", "t.in:2: macro m"},
		{"{% include 'bad' %}", "bad:2:7: TemplateSyntaxError: Expected an expression, got 'end of statement block'", ""},
		{"x {{ {'a': 1}.a + 'b' }}", "t.in:1:17: TypeError: unsupported operand type(s) for +: 'int' and 'str'", ""},
		{"{{ 1\n  / 0 }}", "t.in:2:3: ZeroDivisionError: division by zero", ""},
		{"{% block b %}\n{{ nope() }}{% endblock %}", "t.in:2:4: UndefinedError: 'nope' is undefined", "t.in:1: block b"},
		{"{% import 'zz' as q %}", "t.in:1:4: TemplateNotFound: zz", ""},
	} {
		_, err := render(t, &Environment{Undefined: Strict, Loader: lib}, c.source, nil)
		e, ok := errors.AsType[*Error](err)
		if !ok {
			t.Errorf("%q: error %v", c.source, err)
			continue
		}
		place := e.Template + ":" + Str(starlark.MakeInt(e.Line)) + ":" + Str(starlark.MakeInt(e.Column)) + ": " + e.Kind + ": " + e.Msg
		if place != c.want {
			t.Errorf("%q:\ngot  %s\nwant %s", c.source, place, c.want)
		}
		d := e.Diagnostic("some-code")
		if trail := strings.Join(d.Trail, "\n"); trail != c.trail {
			t.Errorf("%q: trail %q, want %q", c.source, trail, c.trail)
		}
		if d.Code != "some-code" || !d.At.IsValid() || !errors.Is(d, err) {
			t.Errorf("%q: diagnostic %+v", c.source, d)
		}
	}
}

// TestLimits checks that templates which would not end, or fill the memory, end.
func TestLimits(t *testing.T) {
	small := Limits{Output: 10000, Steps: 100000, Depth: 100}
	for source, kind := range map[string]string{
		"{% for i in range(10**12) %}x{% endfor %}":       LimitError,
		"{% for i in range(10**12) %}{% endfor %}":        LimitError,
		"{{ 'x' * 10**9 }}":                               LimitError,
		"{{ [0] * 10**9 }}":                               LimitError,
		"{{ 10 ** (10 ** 9) }}":                           LimitError,
		"{{ '%1000000000d' % 1 }}":                        "ValueError",
		"{{ '%9999999d' % 1 }}":                           LimitError,
		"{{ '{:9999999}'.format(1) }}":                    LimitError,
		"{{ 'x'.center(10**9) }}":                         LimitError,
		"{{ ('a' * 5000).replace('a', 'bbbb') }}":         LimitError,
		"{{ range(10**15)|list }}":                        LimitError,
		"{{ range(10**15)|sum }}":                         LimitError,
		"{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}": "RecursionError",
		"{% include 'self' %}":                            "RecursionError",
		"{% extends 'parent' %}":                          "RecursionError",
		"{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}":                                             LimitError,
		"{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = ns.l + ns.l %}{% endfor %}":                                                        LimitError,
		"{% set ns = namespace(s='x') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}":                                                        LimitError,
		"{% set ns = namespace(a=[1], b=[1]) %}{% for i in range(60) %}{% set ns.a = [ns.a, ns.a] %}{% set ns.b = [ns.b, ns.b] %}{% endfor %}{{ ns.a == ns.b }}": LimitError,
		"{{ " + strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000) + " }}":                                                                              SyntaxError,
		strings.Repeat("{% if true %}", 5000):                          SyntaxError,
		"{{ 1" + strings.Repeat(" + 1", 5000) + " }}":                  "",
		"{% set l = [] %}{% set _ = l.append(l) %}{{ l }}{{ l == l }}": "",
		"{{ lipsum(10**9) }}":                                          LimitError,
	} {
		e := &Environment{Limits: small, Loader: MapLoader{"self": "{% include 'self' %}", "parent": "{% extends 'parent' %}"}}
		_, err := render(t, e, source, nil)
		if kindOf(err) != kind {
			t.Errorf("%.100s: error %v, want %s", source, err, kind)
		}
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	tmpl, err := (&Environment{Limits: Limits{Steps: 1 << 60}}).Parse("t", "{% for i in range(10**15) %}{% endfor %}")
	if err != nil {
		t.Fatal(err)
	}
	err = tmpl.Render(ctx, &bytes.Buffer{}, nil)
	if kindOf(err) != CancelledError || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestModuleAPI(t *testing.T) {
	e := &Environment{}
	tmpl, err := e.Parse("t", "text{% macro m(a) %}<{{ a }}>{% endmacro %}{% set v = 1 %}{% set _p = 2 %}")
	if err != nil {
		t.Fatal(err)
	}
	m, err := tmpl.Module(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(m.AttrNames(), " "); got != "m v" || m.Text() != "text" {
		t.Errorf("exports %q, text %q", got, m.Text())
	}
	out, err := render(t, e, "{{ mod.m(5) }}", map[string]starlark.Value{"mod": m})
	if out != "<5>" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
}

// TestConcurrent renders one template in several goroutines (for -race).
func TestConcurrent(t *testing.T) {
	e := &Environment{Loader: MapLoader{"lib": "{% macro m(a) %}{{ a|upper }}{% endmacro %}"}}
	tmpl, err := e.Parse("t", "{% import 'lib' as l %}{% for i in range(50) %}{{ l.m('x') }}{{ [i]|sum }}{% endfor %}")
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := tmpl.Render(context.Background(), &want, nil); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			var b bytes.Buffer
			if err := tmpl.Render(context.Background(), &b, nil); err != nil || b.String() != want.String() {
				t.Errorf("%q, %v", b.String(), err)
			}
		})
	}
	all.Wait()
}

func TestOwnFunctions(t *testing.T) {
	twice := starlark.NewBuiltin("twice", func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		s, ok := starlark.AsString(args[0])
		if !ok {
			return nil, errors.New("twice takes a text")
		}
		return starlark.String(s + s), nil
	})
	e := &Environment{Filters: map[string]starlark.Callable{"twice": twice}, Tests: map[string]starlark.Callable{"doubled": twice},
		Globals:    map[string]starlark.Value{"twice": twice, "word": starlark.String("w")},
		Delimiters: Delimiters{VariableStart: "${", VariableEnd: "}", BlockStart: "<%", BlockEnd: "%>", CommentStart: "<#", CommentEnd: "#>"}}
	out, err := render(t, e, "${ 'a'|twice }${ twice(word) }<% if 'x' is doubled %>y<% endif %><# c #>{{ }}", nil)
	if out != "aawwy{{ }}" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
	if _, err = render(t, e, "${ 5|twice }", nil); err == nil || err.Error() != "t.in:1: Exception: twice takes a text" {
		t.Errorf("error %v", err)
	}
}

func TestExtensionsOff(t *testing.T) {
	for _, source := range []string{"{% do [] %}", "{% for x in [] %}{% break %}{% endfor %}", "{% for x in [] %}{% continue %}{% endfor %}"} {
		if _, err := render(t, &Environment{}, source, nil); kindOf(err) != SyntaxError || !strings.Contains(err.Error(), "Encountered unknown tag") {
			t.Errorf("%s: %v", source, err)
		}
	}
	if _, err := render(t, &Environment{LoopControls: true}, "{% break %}", nil); kindOf(err) != SyntaxError {
		t.Errorf("break outside of a loop: %v", err)
	}
	if _, err := render(t, &Environment{}, "{% include 'x' %}", nil); kindOf(err) != "TypeError" || !strings.Contains(err.Error(), "no loader for this environment specified") {
		t.Errorf("no loader: %v", err)
	}
}

func TestConversions(t *testing.T) {
	v, err := ParseJSON(`{"b": [1, 2.5, null, true, "é"], "a": {"x": 12345678901234567890}}`)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := Repr(v), "{'b': [1, 2.5, None, True, 'é'], 'a': {'x': 12345678901234567890}}"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	data, err := ToGo(v)
	if err != nil {
		t.Fatal(err)
	}
	again, err := FromGo(data)
	if err != nil || Repr(again) != Repr(v) {
		t.Errorf("round trip: %s, %v", Repr(again), err)
	}
	sorted, err := FromGo(map[string]any{"b": []string{"x"}, "a": 1})
	if err != nil || Repr(sorted) != "{'a': 1, 'b': ['x']}" {
		t.Errorf("%s, %v", Repr(sorted), err)
	}
	if _, err := FromGo(struct{}{}); err == nil {
		t.Error("a struct was converted")
	}
	if _, err := ParseJSON("{"); kindOf(err) != "JSONDecodeError" {
		t.Errorf("bad JSON: %v", err)
	}
}

func TestModulesImport(t *testing.T) {
	for _, name := range ModuleNames() {
		v, err := ImportModule(name)
		if err != nil || !strings.HasPrefix(Repr(v), "<module ") {
			t.Errorf("%s: %v, %v", name, v, err)
		}
	}
	if _, err := ImportModule("nosuch"); kindOf(err) != "ModuleNotFoundError" {
		t.Errorf("unknown module: %v", err)
	}
	os, err := ImportModule("os")
	if err != nil {
		t.Fatal(err)
	}
	for source, kind := range map[string]string{"{{ os.system('x') }}": UnsupportedError, "{{ os.nosuch }}": UndefinedError, "{{ re.match('a(?=b)', 'ab') }}": UnsupportedError,
		"{{ re.match('(a)\\\\1', 'aa') }}": UnsupportedError, "{{ re.match('a$', 'a\\n') }}": UnsupportedError} {
		re, _ := ImportModule("re")
		if _, err := render(t, &Environment{Undefined: Strict}, source, map[string]starlark.Value{"os": os, "re": re}); kindOf(err) != kind {
			t.Errorf("%s: %v, want %s", source, err, kind)
		}
	}
}

// TestNetaddr is not recorded: the module is not in Python itself.
func TestNetaddr(t *testing.T) {
	m, err := ImportModule("netaddr")
	if err != nil {
		t.Fatal(err)
	}
	out, err := render(t, &Environment{Undefined: Strict, Globals: PythonBuiltins()},
		"{% set n = netaddr.IPNetwork('1234::/71') %}{{ n }} {{ n.prefixlen }} {{ n[1] }} {{ n.size }} {{ netaddr.IPNetwork('10.1.2.3/16').network }}"+
			" {{ netaddr.IPNetwork('10.0.0.0/255.255.255.0') }} {{ netaddr.IPAddress('10.0.0.1') + 5 }} {{ n.ip == netaddr.IPAddress('1234::') }} {{ netaddr.IPNetwork('10.1.2.3/16').netmask }}",
		map[string]starlark.Value{"netaddr": m})
	if want := "1234::/71 71 1234::1 144115188075855872 10.1.0.0 10.0.0.0/24 10.0.0.6 True 255.255.0.0"; out != want || err != nil {
		t.Errorf("got %q, %v\nwant %q", out, err, want)
	}
}
