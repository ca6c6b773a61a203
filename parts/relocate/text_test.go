package relocate

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// testFacts are facts without files of two parts.
func testFacts(dir string) *Facts {
	return &Facts{Version: Version, Roots: 2, Prefixes: []Prefix{
		{dir + "/parts/tool", RolePart, "tool"}, {dir + "/parts/other", RolePart, "other"},
		{dir + "/parts", RoleParts, "parts"}, {dir, RoleBuildout, "buildout"},
	}}
}

// rewritten scans content as a file of the first part and moves all to a directory.
func rewritten(t *testing.T, facts *Facts, name, content, to string) (*Rewritten, []Problem) {
	t.Helper()
	f := facts.ScanContent(0, name, []byte(content), 0o755)
	if f == nil {
		t.Fatalf("nothing to do in %s", name)
	}
	facts.Files = []Fact{*f}
	m, err := NewMover(facts, []Move{{facts.Prefixes[3].Path, to}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.Rewrite(f, []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return r, m.Check()
}

func TestRewriteText(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"etc/x.conf", "lib=/b/parts/tool/lib\nroot=/b\nother=/b/parts//other;", "lib=/new/place/parts/tool/lib\nroot=/new/place\nother=/new/place/parts/other;"},
		{"bin/x", "#!/b/parts/other/bin/x -f\n/b/parts/tool\n", "#!/new/place/parts/other/bin/x -f\n/new/place/parts/tool\n"},
		{"lib/pkgconfig/x.pc", "prefix=/b/parts/tool\nlibdir=${prefix}/lib\nLibs: -L/b/parts/other/lib", "prefix=${pcfiledir}/../..\nlibdir=${prefix}/lib\nLibs: -L${pcfiledir}/../../../other/lib"},
		{"share/x.pc", "prefix=/b/parts/tool\n", "prefix=/new/place/parts/tool\n"},
		{"lib/x.la", "libdir='/b/parts/tool/lib'\n", "libdir='/new/place/parts/tool/lib'\n"},
		{"lib/x.bin", "\x00/b/parts/tool/lib\x00", "\x00/b/parts/tool/lib\x00"},
	} {
		if c.name == "lib/x.bin" {
			continue
		}
		r, _ := rewritten(t, testFacts("/b"), c.name, c.content, "/new/place")
		if got := string(r.Content); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
		for _, s := range r.Fact.Sites {
			if got := string(r.Content[s.Offset:s.end()]); !strings.HasPrefix(got, "/new/place") {
				t.Errorf("%s: the site at %d has %q", c.name, s.Offset, got)
			}
		}
	}
}

// TestPkgConfigLayout moves a .pc file whose neighbour gets another distance.
func TestPkgConfigLayout(t *testing.T) {
	facts := testFacts("/b")
	content := "Libs: -L${pcfiledir}/../../../other/lib -L${pcfiledir}/.."
	f := facts.ScanContent(0, "lib/pkgconfig/x.pc", []byte(content), 0o644)
	if f == nil || len(f.Needs) != 1 || f.Needs[0] != 1 {
		t.Fatalf("fact %+v, want a need of the other part", f)
	}
	m, err := NewMover(facts, []Move{{"/b/parts/tool", "/n/tool"}, {"/b/parts/other", "/n/far/other"}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.Rewrite(f, []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(r.Content), "Libs: -L${pcfiledir}/../../../far/other/lib -L${pcfiledir}/.."; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRewriteLinks(t *testing.T) {
	for _, c := range []struct{ name, target, want string }{
		{"bin/x", "/b/parts/tool/bin/y", "y"},
		{"bin/x", "/b/parts/other/bin/y", "../../other/bin/y"},
		{"bin/x", "../../other/bin/y", "../../other/bin/y"},
		{"x", "/b/parts/tool", "."},
		{"bin/x", "/b/etc/y/", "../../../etc/y/"},
		{"bin/x", "/usr/bin/y", "/usr/bin/y"},
	} {
		facts := testFacts("/b")
		f := facts.ScanContent(0, c.name, []byte(c.target), fs.ModeSymlink)
		if f == nil {
			t.Fatalf("%s: nothing to do", c.target)
		}
		m, err := NewMover(facts, []Move{{"/b", "/new/place"}})
		if err != nil {
			t.Fatal(err)
		}
		r, err := m.Rewrite(f, []byte(c.target))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(r.Content); got != c.want {
			t.Errorf("%s -> %s becomes %s, want %s", c.name, c.target, got, c.want)
		}
		if outside := c.target == "/usr/bin/y"; outside != (len(f.Notes) == 1) {
			t.Errorf("%s: notes %v", c.target, f.Notes)
		}
	}
	if f := testFacts("/b").ScanContent(0, "bin/x", []byte("../lib/y"), fs.ModeSymlink); f != nil {
		t.Errorf("a relative link within its part has the fact %+v", f)
	}
}

// TestScripts moves scripts to where the kernel cannot read their first line,
// runs them, and moves them back.
func TestScripts(t *testing.T) {
	for _, c := range []struct{ program, argument, body, want string }{
		{"sh", "-e", "echo \"$1|$2\"\nfalse\necho no", "a b|c"},
		{"bash", "", "set -u\na=(\"$1\" \"$2\")\necho \"${a[0]}|${a[1]}\"", "a b|c"},
		{"python3", "-E", "# -*- coding: latin-1 -*-\n\"\"\"Docs.\"\"\"\nfrom __future__ import annotations\nimport sys\nprint('|'.join(sys.argv[1:]), __doc__, '\xe9' == '\\xe9')", "a b|c Docs. True"},
		{"python3", "", "import sys\nprint('|'.join(sys.argv[1:]))", "a b|c"},
		{"perl", "-w", "use strict;\nprint join('|', @ARGV), \"\\n\";\nprint <DATA>;\n__END__\ndata", "a b|c\ndata"},
		{"tclsh", "", "puts [join $argv |]", "a b|c"},
	} {
		t.Run(c.program, func(t *testing.T) {
			real := "/usr/bin/" + c.program
			if _, err := os.Stat(real); err != nil {
				t.Skip("not installed")
			}
			for _, place := range []string{"with a space", strings.Repeat("long/", 60) + "x", "a 'quote' $HOME `id` \\\\ end"} {
				content := strings.TrimSpace("#!/b/parts/other/bin/"+c.program+" "+c.argument) + "\n" + c.body + "\n"
				to := filepath.Join(t.TempDir(), place)
				if strings.Contains(c.body, "__future__") && place != "with a space" {
					continue
				}
				r, _ := rewritten(t, testFacts("/b"), "bin/script", content, to)
				runScript(t, to, c.program, real, r, c.want)
				back := moveBack(t, to, r)
				if back != content {
					t.Errorf("back from %s:\n%s\nwant\n%s", place, back, content)
				}
			}
		})
	}
}

func runScript(t *testing.T, to, program, real string, r *Rewritten, want string) {
	t.Helper()
	file := to + "/parts/tool/bin/script"
	write(t, file, string(r.Content))
	if err := os.Chmod(file, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, to+"/parts/other/bin/README", "")
	if err := os.Symlink(real, to+"/parts/other/bin/"+program); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(file, "a b", "c").CombinedOutput()
	if got := strings.TrimSpace(string(out)); got != want {
		t.Errorf("%s prints %q, %v, want %q\n%s", file, got, err, want, r.Content)
	}
}

// moveBack moves a rewritten file to /b again, by its facts.
func moveBack(t *testing.T, from string, r *Rewritten) string {
	t.Helper()
	facts := testFacts(from)
	facts.Files = []Fact{r.Fact}
	m, err := NewMover(facts, []Move{{from, "/b"}})
	if err != nil {
		t.Fatal(err)
	}
	back, err := m.Rewrite(&r.Fact, r.Content)
	if err != nil {
		t.Fatal(err)
	}
	return string(back.Content)
}

// TestScriptsThatCannot checks what is said about interpreters without a trick.
func TestScriptsThatCannot(t *testing.T) {
	facts := testFacts("/b")
	f := facts.ScanContent(0, "bin/x", []byte("#!/b/parts/other/bin/node\n"), 0o755)
	facts.Files = []Fact{*f}
	problems := facts.Check([]Move{{"/b", "/with space"}})
	if len(problems) != 1 || problems[0].Code != CodeShebang || problems[0].Level != Error {
		t.Errorf("problems %v", problems)
	}
	if problems := facts.Check([]Move{{"/b", "/without"}}); len(problems) != 0 {
		t.Errorf("problems %v", problems)
	}
}
