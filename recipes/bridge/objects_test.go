package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"gobuild/parts"
	"gobuild/recipes/jinja2"
)

// remote are the objects of the process as templates ask for them.
type remote struct{ *Objects }

func (r remote) Ask(ctx context.Context, q jinja2.RemoteQuery) (a jinja2.RemoteAnswer, err error) {
	err = r.Use(ctx, q, &a)
	return a, err
}

// expressions mean the same in Python and in a template.
var expressions = []string{
	`decimal.Decimal('1.10') == decimal.Decimal('1.1')`,
	`decimal.Decimal('1.10')`,
	`decimal.Decimal('1.10').as_tuple().digits`,
	`ipaddress.ip_network('10.0.0.0/30').num_addresses`,
	`list(ipaddress.ip_network('10.0.0.0/30').hosts())[0]`,
	`list(ipaddress.ip_network('10.0.0.0/30').hosts())`,
	`ipaddress.ip_address('10.0.0.1') in ipaddress.ip_network('10.0.0.0/30')`,
	`len(collections.Counter('hello'))`,
	`collections.Counter('hello')['l']`,
	`sorted(collections.Counter('hello').keys())`,
	`[fractions.Fraction(1, 3), None, True, 1.5, 'é\n', (1,), {'a': [2]}]`,
	`fractions.Fraction(1, 3).numerator`,
	`html.escape('<a "b">', quote=False)`,
	`html.unescape('&eacute;&#0;')`,
	`statistics.mean([1, 2, 4.5])`,
	`struct.unpack('>HH', struct.pack('>HH', 1, 65535))`,
	`zlib.crc32('x'.encode())`,
	`zlib.decompress(zlib.compress('x'.encode()))`,
	`calendar.monthrange(2024, 2)`,
	`datetime.timedelta(0) and 1`,
	`datetime.date(2024, 2, 29).timetuple()[0]`,
	`heapq.nsmallest(2, [3, 1, 2])`,
	`bisect.bisect([1, 2, 3], 2)`,
	`keyword.kwlist[0]`,
	`unicodedata.name('é')`,
	`copy.copy(set([1, 2]))`,
	`copy.copy(set())`,
	`copy.copy(10 ** 30)`,
	`cmath.phase(1)`,
}

// What templates get from modules is what Python gets.
func TestObjects(t *testing.T) {
	h := newHost(t, nil)
	modules := strings.Fields("decimal ipaddress collections fractions html statistics struct zlib calendar datetime heapq bisect keyword unicodedata copy cmath")
	list, _ := json.Marshal(expressions)
	out, err := exec.Command("python3", "-c", "import json, "+strings.Join(modules, ", ")+"\nprint(json.dumps([str(eval(e)) for e in json.loads("+quote(string(list))+")]))").Output()
	var want []string
	if err != nil || json.Unmarshal(out, &want) != nil {
		t.Fatalf("%v: %s", err, out)
	}
	o, err := NewObjects(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	context := map[string]jinja2.Value{}
	for _, name := range modules {
		if missing, err := o.Import(t.Context(), name); missing != "" || err != nil {
			t.Fatal(missing, err)
		}
		context[name] = jinja2.RemoteModule(remote{o}, name)
	}
	env := &jinja2.Environment{Undefined: jinja2.Strict, Globals: jinja2.PythonBuiltins()}
	for i, e := range expressions {
		got, err := render(t, env, "{{ "+e+" }}", context)
		if err != nil || got != want[i] {
			t.Errorf("%s is %q, %v, want %q", e, got, err, want[i])
		}
	}
	for text, want := range map[string]string{
		"{{ heapq.heappush([2], 1) }}":       "the function changes what it is given",
		"{{ decimal.Decimal('x') }}":         "InvalidOperation",
		"{{ decimal.nothing }}":              "has no attribute 'nothing'",
		"{{ decimal.nothing() }}":            "has no attribute 'nothing'",
		"{{ copy.copy(range) }}":             "cannot be given to a function of Python",
		"{{ copy.copy(nobody) }}":            "'nobody' is undefined",
		"{% for x in decimal %}{% endfor %}": "not iterable",
	} {
		if _, err := render(t, env, text, context); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func render(t *testing.T, env *jinja2.Environment, text string, context map[string]jinja2.Value) (string, error) {
	t.Helper()
	template, err := env.Parse("x", text)
	var out strings.Builder
	if err == nil {
		err = template.Render(t.Context(), &out, context)
	}
	return out.String(), err
}

// quote writes a text as a literal of Python.
func quote(text string) string {
	literal, _ := json.Marshal(text)
	return string(literal)
}

// A profile that is only looked at runs no code; a module that is missing is told.
func TestObjectsMissing(t *testing.T) {
	h := newHost(t, nil)
	o, err := NewObjects(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	if missing, err := o.Import(t.Context(), "no.where"); err != nil || missing != "ModuleNotFoundError: No module named 'no'" {
		t.Errorf("%q, %v", missing, err)
	}
	session := h.session
	h.session = nil
	if _, err := NewObjects(t.Context(), h); !errors.Is(err, parts.ErrNotRun) {
		t.Error(err)
	}
	h.session = session
}

// An object is gone with its process.
func TestObjectsRestart(t *testing.T) {
	h := newHost(t, nil)
	o, err := NewObjects(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	env := &jinja2.Environment{Undefined: jinja2.Strict}
	context := map[string]jinja2.Value{"os": jinja2.RemoteModule(remote{o}, "os"), "datetime": jinja2.RemoteModule(remote{o}, "datetime")}
	if _, err := render(t, env, "{{ os._exit(3) }}", context); err == nil || !strings.Contains(err.Error(), "ended with status 3") {
		t.Errorf("got %v", err)
	}
	if got, err := render(t, env, "{{ datetime.date(2024, 1, 1) }}", context); err != nil || got != "2024-01-01" {
		t.Errorf("got %q, %v", got, err)
	}
}
