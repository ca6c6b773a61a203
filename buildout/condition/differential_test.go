package condition

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"gobuild/parts/pep"
)

// pythonProgram answers for each expression of the JSON list on its standard
// input what a condition is: true, false or the name of an exception; and the
// same for markers, when `packaging` can be imported.
const pythonProgram = `
import json, os, platform, re, struct, sys, warnings
warnings.simplefilter('ignore')
try:
    from packaging.markers import Marker, InvalidMarker
    import packaging
    markers = tuple(int(n) for n in packaging.__version__.split('.')[:2]) >= (26, 3)
except Exception:
    markers = False
v = platform.python_version_tuple()
names = dict(sys=sys, os=os, platform=platform, re=re, linux='linux' in sys.platform, posix=os.name == 'posix',
    python2=v[0] == '2', python3=v[0] == '3', python311=v[:2] == ('3', '11'), python27=False, cpython=True, pypy=False,
    windows=False, bits32=struct.calcsize('P') == 4, bits64=struct.calcsize('P') == 8, little_endian=sys.byteorder == 'little')
def python(expr):
    try:
        return bool(eval('[' + expr + ']', dict(names))[0])
    except Exception as e:
        return type(e).__name__
def marker(expr):
    if not markers:
        return None
    try:
        m = Marker(expr)
    except InvalidMarker:
        return 'InvalidMarker'
    except RecursionError:
        return 'RecursionError'
    try:
        return m.evaluate()
    except Exception as e:
        return type(e).__name__
given = json.load(sys.stdin)
json.dump({
    'version': [int(n) for n in v], 'machine': platform.machine(), 'system': platform.system(), 'release': platform.release(),
    'build': platform.version(), 'node': platform.node(), 'bits': struct.calcsize('P') * 8,
    'python': [python(e) for e in given['python']], 'markers': [marker(e) for e in given['markers']],
}, sys.stdout)
`

type pythonAnswers struct {
	Version                               [3]int
	Machine, System, Release, Build, Node string
	Bits                                  int
	Python, Markers                       []any
}

// askPython evaluates expressions with the python3 of PATH; the test is
// skipped when there is none.
func askPython(t *testing.T, python, markers []string) pythonAnswers {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	input, err := json.Marshal(map[string][]string{"python": python, "markers": markers})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "-c", pythonProgram)
	cmd.Stdin = bytes.NewReader(input)
	output, err := cmd.Output()
	if err != nil {
		t.Skipf("python3: %v", err)
	}
	var answers pythonAnswers
	if err := json.Unmarshal(output, &answers); err != nil {
		t.Fatal(err)
	}
	return answers
}

// exprMaker makes random expressions.
type exprMaker struct{ *rand.Rand }

func (m exprMaker) pick(list ...string) string { return list[m.IntN(len(list))] }

func (m exprMaker) value(depth int) string {
	if depth <= 0 {
		return m.pick("0", "1", "2", "-3", "1.5", "''", "'a'", "'ab'", `"x86_64"`, "'3.11'", "True", "False", "None", "()", "[]", "{}",
			"linux", "python3", "posix", "bits32", "sys.platform", "sys.version_info", "os.sep", "os.name", "platform.machine()",
			"platform.system()", "(1, 2)", "[1, 2]", "(3,)", "(3, 8)", "{'a': 1}", "{1, 2}", "nosuch", "'a b  c'", "10**2", "0x1f", "1_000",
			"r'\\d'", "'a' 'b'", "python311", "u'ab'", "not", "'É'")
	}
	v := func() string { return m.value(depth - 1 - m.IntN(2)) }
	switch m.IntN(22) {
	case 0, 1:
		return v() + " " + m.pick("and", "or") + " " + v()
	case 2:
		return "not " + v()
	case 3, 4, 5:
		return v() + " " + m.pick("<", "<=", "==", "!=", ">", ">=", "in", "not in") + " " + v()
	case 6:
		return v() + " " + m.pick("<", "<=", "==", ">") + " " + v() + " " + m.pick("<=", "!=", "in") + " " + v()
	case 7, 8:
		return "(" + v() + ")"
	case 9:
		return v() + " " + m.pick("+", "-", "*", "/", "//", "%", "|", "&", "^") + " " + v()
	case 10:
		return v() + " if " + v() + " else " + v()
	case 11:
		return "(" + v() + ")[" + m.pick("0", "1", "-1", "5", "'a'", "True") + "]"
	case 12:
		return "(" + v() + ")[" + m.pick("", "0", "1", "-2") + ":" + m.pick("", "2", "-1") + m.pick("", ":2", ":-1") + "]"
	case 13:
		return m.pick("len", "bool", "str", "int", "list", "tuple", "sorted", "any", "all", "set", "sum", "max", "min", "repr", "abs", "float", "ord") + "(" + v() + ")"
	case 14:
		return "(" + v() + ")." + m.pick("split()", "split('.')", "rsplit(None, 1)", "upper()", "startswith('a')", "endswith(('b', '6'))", "strip()",
			"isdigit()", "find('b')", "count('a')", "replace('a', 'b')", "index('b')", "major", "get('a')", "nosuch", "join(['x', 'y'])", "lstrip('a')",
			"partition('b')[2]", "zfill(5)", "isalpha()", "format(1)", "split('a', 1)", "title()", "splitlines()", "keys()", "swapcase()")
	case 15:
		return "[" + v() + " for x in " + v() + m.pick("", " if x", " if "+v()) + "]"
	case 16:
		return m.pick("any", "all", "sum", "list", "tuple") + "(x " + m.pick("==", "!=", "in") + " " + v() + " for x in " + v() + ")"
	case 17:
		return m.pick("re.match", "re.search", "re.fullmatch") + "(" + m.pick("'a'", "'[a-z]+'", "'x86.*'", "'^3'", "'('", "1") + ", " + v() + ")"
	case 18:
		return m.pick("(", "[", "{") + v() + ", " + v() + m.pick(")", ")", "]", "}")
	case 19:
		return "(lambda x: " + v() + ")(" + v() + ")"
	case 20:
		return "'%s-%s' % (" + v() + ", " + v() + ")"
	}
	return m.pick("isinstance(", "hasattr(") + v() + ", " + m.pick("str", "int", "(int, tuple)", "'major'") + ")"
}

func (m exprMaker) marker(depth int) string {
	operand := func() string {
		return m.pick("python_version", "python_full_version", "os_name", "sys.platform", "platform_machine", "platform.python_implementation",
			"implementation_version", "platform_release", "extra", "os.name", "python_implementation", "extras", "'3.8'", `"3.11"`, "'3.11.*'",
			"'linux'", "'posix'", "'3.12.0a1'", "''", "'>3'", "'3.11.7'", "'v3.11.0'", "'CPython'", "'os_name'", `'\x41'`, "'3.11.7+local'", "'3.5 3.11'", "'1!3'", "'3.11.post1.dev2'", "'3'")
	}
	if depth > 0 && m.IntN(3) > 0 {
		switch m.IntN(3) {
		case 0:
			return "(" + m.marker(depth-1) + ")"
		default:
			return m.marker(depth-1) + m.pick(" and ", " or ", "and", " or") + m.marker(depth-1)
		}
	}
	return operand() + m.pick(" ", "", "  ") + m.pick("<", "<=", "==", "!=", ">", ">=", "~=", "===", "in", "not in", "not  in", "not", "=") + m.pick(" ", "") + operand()
}

func answer(value bool, err error) any {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return value
}

// TestDifferential compares random conditions with Python's own evaluation:
// the truth, or the exception.
func TestDifferential(t *testing.T) {
	m := exprMaker{rand.New(rand.NewPCG(3, 11))}
	python, markers := make([]string, 4000), make([]string, 4000)
	for i := range python {
		python[i] = m.value(1 + m.IntN(3))
		markers[i] = m.marker(m.IntN(3))
	}
	answers := askPython(t, python, markers)
	e := New(Python{Version: answers.Version, Machine: answers.Machine, System: answers.System, Release: answers.Release,
		Build: answers.Build, Node: answers.Node, Bits: answers.Bits})
	values, unsupported := 0, 0
	for i, expr := range python {
		got := answer(flat(e.evalPython(expr)))
		switch want := answers.Python[i]; {
		case got == Unsupported || got == Limit:
			unsupported++
		case got != canonicalException(want):
			t.Errorf("%s: got %v, Python says %v", expr, got, want)
		case got == true || got == false:
			values++
		}
	}
	if values < len(python)/4 || unsupported > len(python)/50 {
		t.Errorf("%d of %d expressions have a value, %d are unsupported", values, len(python), unsupported)
	}
	for i, expr := range markers {
		want := answers.Markers[i]
		if want == nil {
			t.Log("no packaging 26.3: markers are not compared")
			return
		}
		var got any = "InvalidMarker"
		if parsed, ok := parseMarker(expr); ok {
			got = answer(flat(parsed.eval(e.python.markerVariables())))
		}
		if got != canonicalException(want) {
			t.Errorf("marker %s: got %v, packaging says %v", expr, got, want)
		}
	}
}

func flat(value bool, err *Error) (bool, error) {
	if err != nil {
		return false, err
	}
	return value, nil
}

// canonicalException gives exceptions of packaging the name of their base.
func canonicalException(answer any) any {
	switch answer {
	case "UndefinedEnvironmentName":
		return "KeyError"
	case "UndefinedComparison":
		return "ValueError"
	case "error":
		return "re.error"
	}
	return answer
}

// TestVersionsDifferential compares the operators of PEP 440.
func TestVersionsDifferential(t *testing.T) {
	m := exprMaker{rand.New(rand.NewPCG(4, 40))}
	part := func() string {
		return m.pick("", "", "a1", "b", "rc2", "-1", ".post3", "r4", ".dev0", "dev5", "a1.dev2", "+local.1", "+1", "c1", "-preview_2", "alpha", "rev", "+", "a.")
	}
	version := func() string {
		return m.pick("", "", "", "v", "1!", "0!") + m.pick("1", "1.0", "1.2", "1.2.0", "0", "1.10", "01.2", "0.0.0", "1.2.3") + part() + part() + m.pick("", "", "", ".*", " ")
	}
	var python []string
	for range 3000 {
		python = append(python, fmt.Sprintf("spec(%q, %q)", m.pick("<", "<=", "==", "!=", ">", ">=", "~=", "===")+m.pick("", "", " ")+version(), version()))
	}
	program := strings.Replace(pythonProgram, "names = dict(", `from packaging.specifiers import Specifier, InvalidSpecifier
def spec(s, v):
    try: return Specifier(s).contains(v, prereleases=True)
    except InvalidSpecifier: raise ValueError
names = dict(spec=spec, `, 1)
	path, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	input, _ := json.Marshal(map[string][]string{"python": python, "markers": {}})
	cmd := exec.Command(path, "-c", program)
	cmd.Stdin = bytes.NewReader(input)
	output, err := cmd.Output()
	if err != nil {
		t.Skipf("no packaging: %v", err)
	}
	var answers pythonAnswers
	if err := json.Unmarshal(output, &answers); err != nil {
		t.Fatal(err)
	}
	for i, call := range python {
		var s, v string
		if _, err := fmt.Sscanf(call, "spec(%q, %q)", &s, &v); err != nil {
			t.Fatal(err)
		}
		var got any = "ValueError"
		if parsed, ok := pep.ParseSpecifier(s); ok {
			got = parsed.Contains(v)
		}
		if got != answers.Python[i] {
			t.Errorf("%s: got %v, packaging says %v", call, got, answers.Python[i])
		}
	}
}
