package bridge

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"testing"
)

// python runs code behind one of the modules of the shim and returns what it
// makes of cases.
func python(t *testing.T, module, code string, cases, answers any) {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3")
	}
	input, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	var problems bytes.Buffer
	c := exec.Command(path, "-c", source(module)+"\nimport json, sys\n"+code)
	c.Stdin, c.Stderr = bytes.NewReader(input), &problems
	output, err := c.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, problems.String())
	}
	if err := json.Unmarshal(output, answers); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
}

func TestSatisfies(t *testing.T) {
	cases := []struct {
		Requirement, Version string
		Want                 bool
	}{
		{"a", "1", true}, {"a==1", "1.0", true}, {"a == 1.0", "1", true}, {"a==1.*", "1.5", true}, {"a==1.*", "2", false}, {"a!=1.*", "1.5", false},
		{"a>=1,<2", "1.9.9", true}, {"a>=1,<2", "2", false}, {"a<2", "2rc1", false}, {"a<2rc2", "2rc1", true}, {"a>1", "1.post1", false}, {"a>1", "1.0.1", true},
		{"a~=1.4", "1.9", true}, {"a~=1.4", "2.0", false}, {"a~=1.4.2", "1.5", false}, {"a~=1.4.2", "1.4.9", true}, {"a==1", "1+local", true}, {"a==1+x", "1+y", false},
		{"a===1.0", "1.0", true}, {"a===1.0", "1", false}, {"a<1", "1.dev1", false}, {"a>=1.dev1", "1a1", true}, {"a>=1a1", "1.dev1", false}, {"a (>=2)", "1", false},
		{"a[x,y]>=1 ; python_version > '2'", "1", true}, {"a>=10", "9", false}, {"a>=1!0", "9", false}, {"A.b_c>=1", "v1.0", true},
	}
	var got []bool
	python(t, "dists.py", "print(json.dumps([Requirement(c['Requirement']).accepts(c['Version']) for c in json.load(sys.stdin)]))", cases, &got)
	for i, c := range cases {
		if got[i] != c.Want {
			t.Errorf("%s accepts %s: %v, want %v", c.Requirement, c.Version, got[i], c.Want)
		}
	}
}

func TestVersionOrder(t *testing.T) {
	order := []string{"0.9", "1.dev1", "1a1.dev1", "1a1", "1a2", "1b1", "1rc1", "1", "1+a", "1+1", "1.post1.dev1", "1.post1", "1.0.1", "1.10", "2", "1!0"}
	var got []string
	python(t, "dists.py", "print(json.dumps(sorted(reversed(json.load(sys.stdin)), key=version_key)))", order, &got)
	for i := range order {
		if got[i] != order[i] {
			t.Fatalf("got  %q\nwant %q", got, order)
		}
	}
}

func TestMarkers(t *testing.T) {
	cases := []struct {
		Marker string
		Extras []string
		Want   bool
	}{
		{"", nil, true}, {"python_version >= '3.8'", nil, true}, {"python_version < '3'", nil, false}, {"'3.8' <= python_version", nil, true},
		{"sys_platform == 'win32'", nil, false}, {"sys.platform == 'win32' or os.name == 'posix'", nil, true}, {"extra == 'test'", nil, false},
		{"extra == 'test'", []string{"test"}, true}, {"python_version > '3' and extra == 'a'", []string{"b"}, false}, {"python_version in '2.6 2.7'", nil, false},
		{"platform_system not in 'Windows'", nil, true}, {"python_full_version >= '3.8.0'", nil, true}, {"python_version == '3.*'", nil, true},
	}
	var got []bool
	python(t, "dists.py", "print(json.dumps([holds(c['Marker'], c['Extras'] or ()) for c in json.load(sys.stdin)]))", cases, &got)
	for i, c := range cases {
		if got[i] != c.Want {
			t.Errorf("%s with %q: %v, want %v", c.Marker, c.Extras, got[i], c.Want)
		}
	}
}

// Values go to their text and back; what cannot come back is refused.
func TestValues(t *testing.T) {
	var got []string
	python(t, "values.py", `
slapos = True
told = []
for code in json.load(sys.stdin):
    try:
        value = eval(code)
        text = encode(value)
        back = decode(text)
        told.append(text if back == value and type(back) is type(value) else 'DIFFERS %r' % (back,))
    except Exception as err:
        told.append(type(err).__name__)
print(json.dumps(told))
`, []string{"'a'", "1", "None", "True", "[1, 'a;b$']", "{'b': 1, 'a': (2,)}", "{1, 2}", "frozenset([1])", "b'x'", "bytearray(b'x')", "1.5", "float('inf')", "object()", "[object()]", "2j", "set()", "()"}, &got)
	want := []string{"a", "!py!1", "!py!None", "!py!True", `!py![1, 'a\x3bb\x24']`, "!py!{'a': (2,), 'b': 1}", "!py!{1, 2}", "!py!frozenset({1})", "!py!b'x'",
		"!py!bytearray(b'x')", "!py!1.5", "ValueError", "ValueError", "ValueError", "!py!2j", "!py!set()", "!py!()"}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: got %q, want %q", i, got[i], want[i])
		}
	}
}
