package condition

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// testPython is a fixed interpreter: CPython 3.11.7 on Linux, x86_64.
func testPython(t testing.TB) Python {
	t.Helper()
	release := filepath.Join(t.TempDir(), "os-release")
	text := "# comment\nID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME='Debian \\$12'\nbad line\nbad\"=x\nTORN=\"x\n"
	if err := os.WriteFile(release, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return Python{
		Env:     []string{"HOME=/home/user", "EMPTY=", "A=1", "A=2", "odd"},
		Machine: "x86_64", System: "Linux", Release: "6.1.0-18-amd64", Build: "#1 SMP", Node: "host", Bits: 64,
		OSRelease: []string{release + ".absent", release},
	}
}

const yes, no = true, false

func TestEval(t *testing.T) {
	e := New(testPython(t))
	for _, c := range []struct {
		expr string
		want bool
	}{
		// The conformance cases of the topic cond.
		{"[1,2,3][1] == 2", yes}, {"len([1]) == 2", no}, {"", yes}, {"False", no}, {"True", yes},
		{"linux", yes}, {"windows or macosx", no}, {"posix", yes},
		{"str(sys.version_info).startswith('sys.version_info(major=3, minor=11')", yes}, {"'a' % [] == 'a' and {1} not in {1}", yes},
		{`python_version >= "3"`, yes}, {`platform_system == "Windows"`, no}, {`sys_platform == "linux"`, yes},
		{"platform.machine() in ('x86_64', 'aarch64')", yes}, {`linux and platform.machine() == "sparc"`, no},
		{"python2", no}, {"python3", yes}, {"re.match('a', 'abc') and os.sep == '/'", yes},
		{"sys.version_info < (3,)", no}, {"sys.version_info >= (3,)", yes},
		// The text is the inside of a list, whose first element counts.
		{"0, 1", no}, {"1, 0", yes}, {"x for x in (0, 1)", no}, {"*(0, 1)", no}, {"0] + [1", no}, {"[]", no}, {"[0]", yes},
		{" True ", yes}, {"True,", yes}, {"1] and [0", no},
		// Escapes of what cannot stand in a header.
		{`'\x23' == chr(35)`, yes}, {`'a\x3bb' == 'a' + chr(59) + 'b'`, yes},
		// Names.
		{"python311", yes}, {"python310 or python27 or python24 or python319", no}, {"cpython", yes},
		{"pypy or jython or ironpython", no}, {"bits64 and not bits32", yes}, {"little_endian != big_endian", yes},
		{"solaris or cygwin", no}, {"False and nosuch", no}, {"True or nosuch", yes}, {"1 if True else nosuch", yes},
		// Modules.
		{"sys.version_info.major == 3 and sys.version_info.minor == 11 and sys.version_info[2] == 7", yes},
		{"sys.version_info[:2] == (3, 11)", yes}, {"sys.version_info[3] == 'final'", yes}, {"sys.maxsize > 2**32", yes},
		{"(2, 7) <= sys.version_info[:2] < (3, 12)", yes}, {"sys.platform.startswith('linux')", yes},
		{"sys.implementation.name == 'cpython'", yes}, {"sys.hexversion >= 0x030b07f0", yes}, {"sys.byteorder in ('little', 'big')", yes},
		{"sys.version.startswith('3.11.7')", yes}, {"len(sys.version_info) == 5", yes}, {"(3, 8) in [sys.version_info[:2]]", no},
		{"os.environ['HOME'] == '/home/user'", yes}, {"os.environ.get('NONE')", no}, {"os.environ.get('NONE', 1)", yes},
		{"'EMPTY' in os.environ and not os.environ['EMPTY']", yes}, {"os.getenv('A') == '1'", yes}, {"os.getenv('NONE') is None", yes},
		{"os.name == 'posix' and os.path.sep == '/'", yes}, {"os.uname()[4] == 'x86_64'", yes}, {"os.uname().machine == 'x86_64'", yes},
		{"os.path.exists('/') and os.path.isdir('/') and not os.path.isfile('/')", yes}, {"os.path.exists('/no/such')", no},
		{"os.path.join('a', 'b/', 'c') == 'a/b/c'", yes}, {"os.path.basename('/a/b') + os.path.dirname('/a/b') == 'b/a'", yes},
		{"os.access('/', os.R_OK)", yes}, {"os.path.islink('/no/such') or os.path.isabs('a')", no},
		{"platform.system() == 'Linux' and platform.python_version() == '3.11.7'", yes},
		{"platform.architecture()[0] == '64bit'", yes}, {"platform.uname().system == 'Linux'", yes},
		{"platform.freedesktop_os_release()['ID'] == 'debian'", yes},
		{"int(platform.freedesktop_os_release()['VERSION_ID']) < 12", no},
		{"platform.freedesktop_os_release()['PRETTY_NAME'] == 'Debian $12'", yes}, {"'TORN' in platform.freedesktop_os_release()", no},
		{"platform.python_version_tuple()[:2] == ('3', '11')", yes},
		{"re.search('b+', 'abbc').group() == 'bb'", yes}, {"re.match('b', 'abc')", no}, {"re.match('(a)(?P<n>b)', 'abc').group('n', 1) == ('b', 'a')", yes},
		{"re.fullmatch(r'\\d+', '12') and not re.fullmatch('[0-9]', '12')", yes}, {"re.match('A', 'a', re.I)", yes},
		{"re.compile('a|b').match('b').groups() == ()", yes}, {"re.match('(a)?b', 'b')[1] is None", yes}, {"re.findall('[0-9]+', 'a1b22') == ['1', '22']", yes},
		{"re.split('[.]', '3.11') == ['3', '11']", yes}, {"re.match('a{,2}b\\Z', 'aab')", yes},
	} {
		got, err := e.Eval(c.expr)
		if err != nil || got != c.want {
			t.Errorf("Eval(%q) = %v, %v; want %v", c.expr, got, err, c.want)
		}
	}
}

func TestErrors(t *testing.T) {
	e := New(testPython(t))
	for _, c := range []struct {
		expr   string
		kind   string
		msg    string // part of the message
		offset int
	}{
		{"nosuchname", "NameError", "name 'nosuchname' is not defined", 0},
		{"linux and nosuch", "NameError", "name 'nosuch' is not defined", 10},
		{"[x for y in [1]]", "NameError", "name 'x' is not defined", 1},
		{"[x for x in x]", "NameError", "name 'x' is not defined", 12},
		{"print", "NameError", "name 'print' is not defined", 0},
		{" ", "IndexError", "list index out of range", 0},
		{"a b", "SyntaxError", "invalid syntax", 2},
		{"1 +", "SyntaxError", "invalid syntax", 3},
		{"(1", "SyntaxError", "invalid syntax", 2},
		{"x = 1", "SyntaxError", "invalid syntax", 2},
		{"'abc", "SyntaxError", "invalid syntax", 0},
		{"1 ? 2", "SyntaxError", "invalid syntax", 2},
		{`\x3b nosuch ?`, "SyntaxError", "invalid syntax", 0},
		{`'\x23' + nosuch`, "NameError", "nosuch", 9},
		{"é + 1", "NameError", "name 'é' is not defined", 0},
		{"'é' + 1", "TypeError", "unsupported operand type(s) for +: 'str' and 'int'", 5},
		{"\xff", "SyntaxError", "invalid syntax", 0},
		{"a\x00b", "SyntaxError", "invalid syntax", 1},
		{"12abc", "SyntaxError", "invalid syntax", 2}, {"0123", "SyntaxError", "invalid syntax", 0},
		{"1 < 'a'", "TypeError", "'<' not supported between instances of 'int' and 'str'", 2},
		{"sys.nosuch", "AttributeError", "module 'sys' has no attribute 'nosuch'", 3},
		{"'a'.elems()", "AttributeError", "'str' object has no attribute 'elems'", 3},
		{"None.x", "AttributeError", "'NoneType' object has no attribute 'x'", 4},
		{"os.environ['NONE']", "KeyError", "'NONE'", 10},
		{"(1, 2)[5]", "IndexError", "tuple index out of range", 6},
		{"1 // 0", "ZeroDivisionError", "division by zero", 2},
		{"int('x')", "ValueError", "invalid literal", 3},
		{"len(1)", "TypeError", "has no len()", 3},
		{"1()", "TypeError", "", 1},
		{"{[]: 1}", "TypeError", "unhashable type: 'list'", 0},
		{"f'{1}'", Unsupported, "f-strings", 0},
		{"(x := 1)", Unsupported, ":=", 3},
		{"1j", Unsupported, "complex", 1}, {"re.match('(?=a)', 'a')", Unsupported, "regular expression", 8},
		{"open('/dev/zero').read()", Unsupported, "regular files only", 4},
		{"open('x', 'w')", Unsupported, "reading text only", 4},
		{"open('/no/such')", "FileNotFoundError", "/no/such", 4},
		{"'x' == 'y'", "KeyError", "no marker variable 'y'", 0},
		{"os_name == 'posix' or 'x' in extras", "KeyError", "'extras'", 22},
		{"os_name ~= 'x'", "ValueError", "operator ~= is undefined", 0},
	} {
		_, err := e.Eval(c.expr)
		var got *Error
		if !errors.As(err, &got) {
			t.Errorf("Eval(%q): error %v, want *Error", c.expr, err)
			continue
		}
		if got.Kind != c.kind || !strings.Contains(got.Msg, c.msg) || got.Offset != c.offset {
			t.Errorf("Eval(%q) = %s %q at %d, want %s %q at %d", c.expr, got.Kind, got.Msg, got.Offset, c.kind, c.msg, c.offset)
		}
	}
}

// The conditions of the SlapOS profiles (August 2026), as CPython 3.11 on
// Linux x86_64 decides them.
func TestSlapOS(t *testing.T) {
	e := New(testPython(t))
	for expr, want := range map[string]bool{
		`python2`: no, `python3`: yes, `python27`: no, `bits32`: no, `posix`: yes, `pypy`: no,
		`linux and platform.machine() == "x86_64"`: yes, `linux and platform.machine() == 'x86_64'`: yes,
		`linux and platform.machine() == "i386"`: no, `linux and platform.machine() == 'i686'`: no,
		`not (linux and platform.machine() == "x86_64")`: no, `not linux or platform.machine() != 'riscv64'`: yes,
		`platform.machine() == 'aarch64'`: no,
		`sys.version_info < (3,8)`:        no, `sys.version_info < (3,9)`: no, `sys.version_info < (3,10)`: no, `sys.version_info < (3,11)`: no,
		`pypy or sys.version_info >= (3,13)`:                         no,
		`[int(q) for q in platform.release().split(".")[:2]]<[4,14]`: no,
		`os.path.isdir('/usr/lib/arm-linux-gnueabihf') and os.access('/proc/device-tree/model', os.R_OK) and 'OLinuXino' in open('/proc/device-tree/model').read()`: no,
		`sys.version_info < (3, 10) or (platform.freedesktop_os_release()['ID'] == 'debian' and int(platform.freedesktop_os_release()['VERSION_ID']) < 12)`:         no,
	} {
		if got, err := e.Eval(expr); err != nil || got != want {
			t.Errorf("Eval(%q) = %v, %v; want %v", expr, got, err, want)
		}
	}
}

// Hostile conditions end soon and with an error that says why.
func TestLimits(t *testing.T) {
	e := New(testPython(t))
	for name, expr := range map[string]string{
		"long":        strings.Repeat(" ", maxText+1),
		"deep":        strings.Repeat("(", 5000) + strings.Repeat(")", 5000),
		"unary":       strings.Repeat("-", 5000) + "1",
		"not":         strings.Repeat("not ", 5000) + "1",
		"or":          "0" + strings.Repeat(" or 0", 10000),
		"chain":       "0" + strings.Repeat(" < 1", 100),
		"marker":      strings.Repeat("(", 5000) + "os_name == 'a'" + strings.Repeat(")", 5000),
		"lambda":      strings.Repeat("lambda: ", 5000) + "1",
		"loop":        "[1 for a in range(10000) for b in range(10000) for c in range(10000)]",
		"range":       "list(range(10**12))",
		"huge range":  "range(10**30)",
		"power":       "9**9**9**9",
		"shift":       "1 << 10**10",
		"product":     "(1 << 60000) * (1 << 60000)",
		"repeat":      "'a' * 10**12",
		"list repeat": "[0] * 10**9",
		"doubling":    "(lambda x: x+x+x+x+x+x+x+x)((lambda x: x+x+x+x+x+x+x+x)('a' * 1000000))",
		"replace":     "('a' * 100000).replace('a', 'b' * 100000)",
		"join":        "','.join(['a' * 100000] * 100000)",
		"percent":     "('%s' * 10000) % (('a' * 100000,) * 10000)",
		"format":      "('{0}' * 10000).format('a' * 100000)",
		"named":       "('%(a)s' * 10000) % {'a': 'b' * 100000}",
		"zfill":       "'a'.zfill(10**12)",
		"shared":      "(lambda d: (lambda c: (lambda b: b == b + [])([c] * 1000))([d] * 1000))(['a'] * 1000) == 1 and str((lambda d: [[d] * 1000] * 1000)(['a'] * 1000))",
		"hash":        "{((((1,) * 300,) * 300,) * 300,): 1}",
		"recursion":   "(lambda f: f(f))(lambda f: f(f))",
		"sort":        "sorted([[[1] * 1000] * 1000] * 1000)",
	} {
		_, err := e.Eval(expr)
		var got *Error
		if !errors.As(err, &got) || got.Kind != Limit {
			t.Errorf("%s: error %v, want one of kind %s", name, err, Limit)
		}
	}
}

func TestOtherPython(t *testing.T) {
	p := testPython(t)
	p.Version = [3]int{2, 7, 18}
	p.Machine, p.Bits, p.Sysname, p.System = "i686", 32, "darwin", "Darwin"
	e := New(p)
	for expr, want := range map[string]bool{
		"python2 and python27 and not python3": yes,
		"bits32 and macosx and not linux":      yes,
		"sys.version_info < (3, 0)":            yes,
		"sys.maxsize > 2**32":                  no,
		"python_version < '3'":                 yes,
		"platform_machine == 'i686'":           yes,
		"platform.architecture()[0] == '32bit' and platform.system() == 'Darwin'": yes,
	} {
		if got, err := e.Eval(expr); err != nil || got != want {
			t.Errorf("Eval(%q) = %v, %v; want %v", expr, got, err, want)
		}
	}
}

func TestDefaults(t *testing.T) {
	e := New(Python{})
	for _, expr := range []string{"sys.version_info[:3] == (3, 11, 7)", "linux == (sys.platform == 'linux')", "posix", "platform.machine()", "os_name == 'posix'"} {
		if got, err := e.Eval(expr); err != nil || !got {
			t.Errorf("Eval(%q) = %v, %v; want true", expr, got, err)
		}
	}
}

// A condition must not change what another one sees.
func TestNoEffects(t *testing.T) {
	e := New(testPython(t))
	if got, err := e.Eval("os.environ.update({'NEW': '1'}) or 1"); err == nil {
		t.Errorf("changing os.environ: %v, want an error", got)
	}
	if got, _ := e.Eval("'NEW' in os.environ"); got {
		t.Error("os.environ was changed")
	}
}

func TestConcurrent(t *testing.T) {
	e := New(testPython(t))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, expr := range []string{"python3", "nosuch", "os_name == 'posix'", "sys.version_info >= (3,)"} {
				if got, err := e.Eval(expr); got == (err != nil) {
					t.Errorf("Eval(%q) = %v, %v", expr, got, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model")
	if err := os.WriteFile(path, []byte("A20-OLinuXino\r\nMICRO\x00"), 0o666); err != nil {
		t.Fatal(err)
	}
	e := New(testPython(t))
	for expr, want := range map[string]bool{
		"'OLinuXino' in open('" + path + "').read()":                            yes,
		"open('" + path + "').readlines()[0] == 'A20-OLinuXino\\n'":             yes,
		"open('" + path + "', 'r').read().endswith('\\0')":                      yes,
		"os.path.isfile('" + path + "') and os.access('" + path + "', os.F_OK)": yes,
	} {
		if got, err := e.Eval(expr); err != nil || got != want {
			t.Errorf("Eval(%q) = %v, %v; want %v", expr, got, err, want)
		}
	}
}

func BenchmarkFirstMarker(b *testing.B) {
	for b.Loop() {
		New(Python{}).Eval("python_version >= '3'")
	}
}

func BenchmarkFirstPython(b *testing.B) {
	for b.Loop() {
		New(Python{}).Eval("linux and platform.machine() == 'x86_64'")
	}
}

func BenchmarkMemo(b *testing.B) {
	e := New(Python{})
	for b.Loop() {
		e.Eval("python3")
	}
}
