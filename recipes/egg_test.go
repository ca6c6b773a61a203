package recipes

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"gobuild/parts"
	"gobuild/parts/eggs"
)

// eggRunner answers what a Python is, and does nothing else.
type eggRunner struct{ parts.Runner }

func (eggRunner) Run(_ context.Context, c parts.Command) error {
	if c.Step != "python" {
		return nil
	}
	return json.NewEncoder(c.Stdout).Encode(eggs.Python{Executable: "/opt/python", Version: "3.11", Full: "3.11.7", Platform: "linux-x86_64",
		Tags: []string{"py3-none-any"}, Markers: map[string]string{"python_version": "3.11", "sys_platform": "linux"}})
}

func newEggStand(t *testing.T) *stand {
	s := newStand(t)
	s.Work.Proc = eggRunner{s.Runner}
	s.Work.Offline = true
	s.write("python", "#!/bin/sh\n", 0o755)
	s.write("eggs/demo-1.0.egg/EGG-INFO/PKG-INFO", "Name: demo\nVersion: 1.0\nRequires-Dist: needed\n", 0o644)
	s.write("eggs/demo-1.0.egg/EGG-INFO/entry_points.txt", "[console_scripts]\nhello = demo.main:run.it\nbye = demo:bye\n", 0o644)
	s.write("eggs/demo-1.0.egg/EGG-INFO/scripts/own", "#!/usr/bin/python\n# own\nfrom __future__ import x\nimport os\nprint(os)\n", 0o644)
	s.write("eggs/demo-1.0.egg/EGG-INFO/scripts/binary", "\x7fELF", 0o644)
	s.write("eggs/needed-2.0.egg/EGG-INFO/PKG-INFO", "Name: needed\nVersion: 2.0\n", 0o644)
	s.write("eggs/needed-2.0.egg/EGG-INFO/entry_points.txt", "[console_scripts]\nneed = needed:main\n", 0o644)
	return s
}

// eggSection are options of [foo] beside those of [buildout] and [pins].
func (s *stand) eggSection(lines string) parts.Options {
	o := s.section(lines)
	o.Sections["buildout"] = map[string]string{
		"directory": s.Work.Dir, "eggs-directory": s.at("eggs"), "develop-eggs-directory": s.at("develop-eggs"), "bin-directory": s.at("bin"),
		"executable": s.at("python"), "python": "buildout", "find-links": "", "allow-hosts": "*", "versions": "pins", "newest": "true",
	}
	o.Sections["pins"] = map[string]string{"needed": "2.0"}
	o.Sections["variables"] = map[string]string{"ONE": "1", "TWO": "%(ONE)s2"}
	return o
}

func (s *stand) eggInstall(lines string) {
	s.t.Helper()
	a := s.prepare(eggRecipe{true}, s.eggSection(lines))
	if err := a.Run(s.t.Context(), s.Work); err != nil {
		s.t.Fatal(err)
	}
}

const eggHello = "#!/opt/python\n\nimport sys\nsys.path[0:0] = [\n  '@ROOT@/eggs/demo-1.0.egg',\n  '@ROOT@/eggs/needed-2.0.egg',\n  ]\n\nimport demo.main\n\nif __name__ == '__main__':\n    sys.exit(demo.main.run.it())\n"

func TestEggScripts(t *testing.T) {
	s := newEggStand(t)
	s.eggInstall("eggs = demo")
	s.check("bin", "bin dir 0755", "bin/hello file 0755 "+quoteGo(s.fill(eggHello)),
		"bin/bye file 0755 "+quoteGo(s.fill(strings.NewReplacer("demo.main.run.it", "demo.bye", "import demo.main", "import demo").Replace(eggHello))),
		"bin/own file 0755 "+quoteGo(s.fill("#!/opt/python\n# own\nfrom __future__ import x\n\n\nimport sys\nsys.path[0:0] = [\n  '@ROOT@/eggs/demo-1.0.egg',\n  '@ROOT@/eggs/needed-2.0.egg',\n  ]\n\n\nimport os\nprint(os)\n")),
		"bin/binary file 0755 "+quoteGo(s.fill("#!/bin/sh\nexec @ROOT@/eggs/demo-1.0.egg/EGG-INFO/scripts/binary \"$@\"\n")))
	s.checkOwned("@ROOT@/bin/hello", "@ROOT@/bin/bye", "@ROOT@/bin/own", "@ROOT@/bin/binary")
}

func TestEggScriptOptions(t *testing.T) {
	s := newEggStand(t)
	s.eggInstall("eggs = demo\nscripts = hello=hi more nosuch\nentry-points = more=a.b:c\ndependent-scripts = true\ninitialization = x = 1\narguments = x, y=2\nextra-paths =\n  lib\n  /abs")
	head := "#!/opt/python\n\nimport sys\nsys.path[0:0] = [\n  '@ROOT@/eggs/demo-1.0.egg',\n  '@ROOT@/eggs/needed-2.0.egg',\n  '@ROOT@/lib',\n  '/abs',\n  ]\n\nx = 1\n\n"
	s.check("bin", "bin dir 0755",
		"bin/hi file 0755 "+quoteGo(s.fill(head+"import demo.main\n\nif __name__ == '__main__':\n    sys.exit(demo.main.run.it(x, y=2))\n")),
		"bin/more file 0755 "+quoteGo(s.fill(head+"import a.b\n\nif __name__ == '__main__':\n    sys.exit(a.b.c(x, y=2))\n")))
	if said := strings.Join(s.Events.Messages(), "\n"); !strings.Contains(said, "Could not generate script 'nosuch'") {
		t.Errorf("said %q", said)
	}
}

func TestEggRelativePaths(t *testing.T) {
	s := newEggStand(t)
	s.eggInstall("eggs = demo\nscripts = bye\nrelative-paths = true\nextra-paths =\n  /abs\n  @ROOT@")
	s.check("bin", "bin dir 0755", "bin/bye file 0755 "+quoteGo("#!/opt/python\n\nimport os\n\njoin = os.path.join\nbase = os.path.dirname(os.path.abspath(os.path.realpath(__file__)))\n"+
		"base = os.path.dirname(base)\n\nimport sys\nsys.path[0:0] = [\n  join(base, 'eggs/demo-1.0.egg'),\n  join(base, 'eggs/needed-2.0.egg'),\n  '/abs',\n  base,\n  ]\n\n"+
		"import demo\n\nif __name__ == '__main__':\n    sys.exit(demo.bye())\n"))
}

func TestEggNoScripts(t *testing.T) {
	s := newEggStand(t)
	s.eggInstall("eggs = demo\nscripts =\ninterpreter = py")
	s.check("bin")
	s.checkOwned()
	s.eggInstall("eggs = demo\nscripts = bye\ninterpreter = py")
	s.checkOwned("@ROOT@/bin/bye", "@ROOT@/bin/py")
}

func TestEggComputed(t *testing.T) {
	s := newEggStand(t)
	o := s.eggSection("eggs = demo\nfind-links = a  b\nextra-paths = x")
	s.prepare(eggRecipe{true}, o)
	for key, want := range map[string]string{"_b": "@ROOT@/bin", "bin-directory": "@ROOT@/bin", "_e": "@ROOT@/eggs", "eggs-directory": "@ROOT@/eggs",
		"_d": "@ROOT@/develop-eggs", "develop-eggs-directory": "@ROOT@/develop-eggs", "find-links": "a\nb", "extra-paths": "@ROOT@/x"} {
		if got := optionText(o, key); got != s.fill(want) {
			t.Errorf("%s is %q, not %q", key, got, s.fill(want))
		}
	}
}

func TestEggRefuses(t *testing.T) {
	for lines, want := range map[string]string{
		"entry-points = a=b":                        "Invalid entry point",
		"relative-paths = yes":                      "is not a boolean",
		"dependent-scripts = 1":                     "is not a boolean",
		"egg-versions = demo":                       "is not NAME = VERSION",
		"demo-patches = #md5":                       "names no file",
		"demo-patches = x\ndemo-patch-revision = z": "no whole number",
	} {
		s := newEggStand(t)
		if _, err := (eggRecipe{true}).Prepare(t.Context(), s.eggSection(lines)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", lines, err, want)
		}
	}
}

func TestEggCustomOptions(t *testing.T) {
	s := newEggStand(t)
	o := s.eggSection("egg = demo ==1.0\ninclude-dirs =\n  inc\n  /usr/inc\nrpath =\n  $ORIGIN/x\n  lib\ndefine = A,B\nenvironment = variables\nsetup-eggs =\n  cython\n  cffi\npatches = p#00")
	a := s.prepare(eggCustomRecipe{}, o).(*eggCustomAction)
	want := []eggs.Option{{Name: "include_dirs", Value: s.fill("@ROOT@/inc:/usr/inc")}, {Name: "rpath", Value: s.fill("$ORIGIN/x:@ROOT@/lib")}, {Name: "define", Value: "A,B"}}
	for i, option := range want {
		if i >= len(a.options) || a.options[i] != option {
			t.Errorf("options are %+v", a.options)
		}
	}
	if got := optionText(o, "_environment-data"); got != "[('ONE', '1'), ('TWO', '%(ONE)s2')]" {
		t.Errorf("_environment-data is %s", got)
	}
	if got := optionText(o, "rpath"); got != s.fill("$ORIGIN/x:@ROOT@/lib") {
		t.Errorf("rpath is %s", got)
	}
	environ, err := a.environ([]string{"ONE=0", "PATH=/bin"})
	if err != nil || strings.Join(environ, " ") != "ONE=1 PATH=/bin TWO=12" {
		t.Errorf("the environment is %q: %v", environ, err)
	}
	if a.target != "demo ==1.0" || len(a.setup) != 2 || len(a.patches["demo"].files) != 1 {
		t.Errorf("read as %+v", a)
	}
	if err := a.Run(t.Context(), s.Work); err != nil || len(s.Owned()) > 0 {
		t.Errorf("offline it does something: %v %q", err, s.Owned())
	}
}

func quoteGo(text string) string { return strconv.Quote(text) }
