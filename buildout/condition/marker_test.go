package condition

import (
	"testing"

	"gobuild/parts/pep"
)

// What packaging 26.3 answers for CPython 3.11.7 on Linux.
func TestMarkers(t *testing.T) {
	env := testPython(t).withDefaults().markerVariables()
	const invalid = "invalid"
	for _, c := range []struct {
		text string
		want any // true, false, invalid, or the kind of an error
	}{
		{"'a' == 'a'", "KeyError"}, {"'posix' == 'os_name'", true}, {"os_name == os_name", false}, {"os_name == sys_platform", false},
		{"extra == 'x'", false}, {"extra == ''", true}, {"'' == extra", true}, {"extra == 'A_b.c'", false}, {"extra < 'a'", false},
		{"extra ~= 'a'", "ValueError"}, {"'a' == 'extra'", false}, {"'x' in extras", "KeyError"}, {"'x' in dependency_groups", "KeyError"},
		{"python_version in '3.11 3.12'", true}, {"'3.11' in python_version", true}, {"python_version not in '3.11'", false},
		{"python_version ~= '3.8'", true}, {"python_version ~= '3'", "ValueError"}, {"python_version === '3.11'", true},
		{"os_name ~= 'x'", "ValueError"}, {"os_name === 'posix'", "ValueError"}, {"os_name < 'q'", false}, {"os_name <= 'posix'", true}, {"os_name >= 'a'", false},
		{"python_version < 'abc'", false}, {"python_version < '=3.11'", true}, {"python_version >= ' 3.8 '", true}, {"python_version >= '3.8;'", false},
		{"platform_release >= '1'", false}, {"platform_version > '1'", false}, {"python_version == ''", false},
		{"python_full_version == '3.11.*'", true}, {"python_full_version < '3.11.10'", true}, {"python_version < '3.9'", false},
		{"'3.8 ' <= python_version", true}, {"''==os_name", false}, {"'\\x70osix' == os_name", true}, {"'\\q' == os_name", false},
		{"os.name=='posix'or'x'==os.name", true}, {"os_name not\tin 'a'", true}, {"implementation_name == \"cpython\"", true},
		{"python_implementation == 'CPython' and platform.python_implementation == 'CPython'", true},
		{"((os_name == 'posix') and (sys.platform=='linux'))", true}, {"os_name == 'nt' and extra == 'a' or os_name == 'posix'", true},
		{"os_name == 'nt' or os_name == 'posix' and sys_platform == 'win32'", false}, {"os_name == 'posix' or 'x' == 'y'", "KeyError"},
		{"platform.machine == 'x86_64' and platform.version == '#1 SMP' and platform_system == 'Linux'", true},
		{"'\\' == os_name", invalid}, {"not 'a' == os_name", invalid}, {"os_name == 'posix' and", invalid}, {"os_name in ('posix')", invalid},
		{"os_name", invalid}, {"'a'", invalid}, {"", invalid}, {"os_name == 'a' b", invalid}, {"os_namex == 'a'", invalid}, {"xos_name == 'a'", invalid},
		{"os_name = 'a'", invalid}, {"os_name == 'a", invalid}, {"os_name == 'a'\n", invalid}, {"os_name notin 'a'", invalid},
		{"(os_name == 'a'", invalid}, {"os_name == 'a')", invalid}, {"platform.release == 'a'", invalid}, {"linux", invalid},
		{"os_name == 'a' or linux", invalid}, {"os_name == u'a'", invalid}, {"os_name == 'a'and\u00e9", invalid},
	} {
		var got any = invalid
		if m, ok := parseMarker(c.text); ok {
			value, err := m.eval(env)
			if got = value; err != nil {
				got = err.Kind
			}
		}
		if got != c.want {
			t.Errorf("%s: got %v, want %v", c.text, got, c.want)
		}
	}
}

func TestSpecifiers(t *testing.T) {
	const invalid = "invalid"
	for _, c := range []struct {
		spec, version string
		want          any
	}{
		{"==1", "1.0.0", true}, {"==1.0", "1+local", true}, {"==1.0+local", "1", false}, {"==1.0+l_1", "1+L.01", true}, {"!=1.0", "1.0+x", false},
		{"==1.*", "1.9rc1", true}, {"==1.2.*", "1.20", false}, {"!=1.2.*", "1.3", true}, {"==1.2.*", "1.2.dev0", true}, {"==1!1.*", "1.5", false},
		{"~=1.2", "1.9", true}, {"~=1.2", "2.0.dev0", false}, {"~=1.2.3", "1.2.10", true}, {"~=1.2.3", "1.3", false}, {"~=1", "1", invalid}, {"~=1.0+l", "1", invalid},
		{"<1.0", "1.0a1", false}, {"<1.0", "0.9", true}, {"<1.0a2", "1.0a1", true}, {"<1.0.post1", "1.0", true}, {"<1.0.post1", "1.0.post1.dev3", false},
		{">1.0", "1.0.post1", false}, {">1.0", "1.0+local", false}, {">1.0", "1.0.1", true}, {">1.0.post1", "1.0.post2", true}, {">1.0.post1", "1.0.post1+l", false},
		{">1.0a1", "1.0a1.post1", false}, {">1.0a1", "1.0a2", true}, {">1.0.dev1", "1.0.dev2", true},
		{">=1.0", "1.0rc1", false}, {">=1.0", "1.0+l", true}, {"<=1.0", "1.0+l", true}, {"<=1.0", "1.0.post1", false}, {">=1.0+l", "1", invalid}, {">=1.*", "1", invalid},
		{"===x", "X", true}, {"=== 1.0", "1.0", true}, {"===1 0", "1", invalid}, {"===1;", "1", invalid},
		{"==v1.0-1", "1.0.post1", true}, {"==1.0-rev2", "1.0.post2", true}, {"==1.0c3", "1.0rc3", true}, {"==1.0-Preview_3", "1.0rc3", true}, {"==1.0alpha", "1.0a0", true},
		{"==99999999999999999999999.1", "99999999999999999999999.1", true}, {"<1", "x", false}, {"==1", "", false}, {"==", "1", invalid}, {"=1", "1", invalid},
		{"==1..2", "1", invalid}, {"==1.0+", "1", invalid}, {"==1.0+a..b", "1", invalid}, {"==1.0+é", "1", invalid}, {"==1.0.*+l", "1", invalid}, {"==1.0x", "1", invalid},
		{">1.0", "1.0.0.0+abc", false}, {"<1.0", "1!0", false}, {">=1.0+", "1", invalid}, {"==1.0+1", "1.0+a", false}, {"==1.0+1.a", "1.0+1", false},
	} {
		var got any = invalid
		if s, ok := pep.ParseSpecifier(c.spec); ok {
			got = s.Contains(c.version)
		}
		if got != c.want {
			t.Errorf("%s contains %q: got %v, want %v", c.spec, c.version, got, c.want)
		}
	}
}

func FuzzEval(f *testing.F) {
	for _, s := range []string{"python2", "(1 < 2) < [3]", "os_name == 'posix' or x", "[x for x, (y, z) in {1: 'a'}.items() if x]", "lambda a, b=1: a(*b, **c)",
		"'%s' % 1", "'{}'.format(2)", "re.match('a', \"b\")", "{**a}", "x[1:2:3][None]", "\\x23\\x3b", "0x_1 + 1_0.5e-3", "b'\\x00' rb\"\"\"a\"\"\"", "not a is not b", "*a, b", "1] + [2",
		"platform.release().split('.')[:2] < ['4']", "'\\N{DASH}' '\\777'", "{1, *x}", "(yield)", "~-+2 ** -1 @ 3 // 0"} {
		f.Add(s)
	}
	p := Python{Version: [3]int{3, 11, 7}, Env: []string{"A=b"}, OSRelease: []string{}}
	f.Fuzz(func(t *testing.T, s string) {
		value, err := New(p).Eval(s)
		if err == nil {
			return
		}
		e, ok := err.(*Error)
		if !ok || value || e.Msg == "" || e.Offset < -1 || e.Offset > len(s) {
			t.Errorf("Eval(%q) = %v, %#v", s, value, err)
		}
	})
}
