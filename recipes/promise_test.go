package recipes

import (
	"encoding/json"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"gobuild/parts/promise"
)

const promiseLines = "eggs =\noutput = @ROOT@/p.py\nmodule = slapos.promise.plugin.check_socket_listening\n"

// promiseText installs a promise and returns the module.
func promiseText(t *testing.T, lines string) string {
	t.Helper()
	s := newStand(t)
	s.install(promiseRecipe{}, lines)
	text, err := os.ReadFile(s.at("p.py"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestPromise reads what is written back.
func TestPromise(t *testing.T) {
	text := promiseText(t, promiseLines+"config-host = ::1\nconfig-port = !py!8080\nconfig-quoted = it's \"a\\b\" é\nconfig-lines = one\n  two\nother = x")
	got, err := promise.ReadPlugin(text)
	want := promise.Plugin{Module: "slapos.promise.plugin.check_socket_listening", Class: "RunPromise",
		Config: promise.Config{"host": "::1", "port": json.Number("8080"), "quoted": `it's "a\b" é`, "lines": "one\ntwo"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, %v\nof %s", got, err, text)
	}
	s := newStand(t)
	s.Work.Umask = 0o077
	o := s.section(promiseLines + "mode = 600")
	o.Sections["buildout"] = map[string]string{"eggs-directory": "/eggs", "develop-eggs-directory": "/develop"}
	a := s.prepare(promiseRecipe{}, o)
	s.checkSet(o, map[string]string{"eggs-directory": "/eggs", "develop-eggs-directory": "/develop"})
	if err := a.Run(t.Context(), s.Work); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(s.at("p.py")); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	s.checkOwned("@ROOT@/p.py")
}

func TestPromiseClass(t *testing.T) {
	const base = "eggs =\noutput = @ROOT@/p.py\n"
	for lines, want := range map[string]string{
		"module = a.b":                          "from a.b import RunPromise\n",
		"module = a.b\nclass = RunPromise":      "from a.b import RunPromise\n",
		"module = a.b\nclass = Other":           "from a.b import Other as RunPromise\n",
		"file = /it's/p.py":                     "with open(\"/it's/p.py\") as promise_file:\n    exec(compile(promise_file.read(), \"/it's/p.py\", 'exec'))\n",
		"file = /p.py\nclass = Other\nmodule =": "'exec'))\n\nRunPromise = Other\n",
	} {
		if text := promiseText(t, base+lines); !strings.HasSuffix(text, want) {
			t.Errorf("%q: got %q, want the end %q", lines, text, want)
		}
	}
}

// TestPromiseKnown: without the eggs of a check, the module asks gobuild.
func TestPromiseKnown(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3")
	}
	s := newStand(t)
	s.Work.Launcher = s.at("it's gobuild")
	s.write("it's gobuild", "#!/bin/sh\nprintf '%s\\n' \"$@\" >\"$0.words\"\ncat \"$0.told\"\n", 0o755)
	for name, text := range map[string]string{
		"slapos/__init__.py": "", "slapos/grid/__init__.py": "", "slapos/grid/promise/__init__.py": "", "slapos/grid/promise/interface.py": "IPromise = None\n",
		"slapos/grid/promise/generic.py": "import logging\nclass GenericPromise:\n    logger = logging.getLogger()\n",
		"zope/__init__.py":               "", "zope/interface.py": "def implementer(interface):\n    return lambda one: one\n",
	} {
		s.write("fakes/"+name, text, 0o644)
	}
	o := s.section(promiseLines)
	if err := s.prepare(promiseRecipe{}, o).Run(t.Context(), s.Work); err != nil {
		t.Fatal(err)
	}
	for told, want := range map[string]string{
		`{"promises":[{"failed":true,"message":"no 100%s"}]}`: "ERROR:root:no 100%s\n",
		`{"promises":[{"failed":false,"message":"yes"}]}`:     "INFO:root:yes\n",
		`{`: "ERROR:root:gobuild does not tell a result\n",
	} {
		s.write("it's gobuild.told", told, 0o644)
		c := exec.Command(python, "-B", "-c", "import logging; logging.basicConfig(level=20); import p; p.RunPromise().sense()")
		c.Dir, c.Env = s.at("."), []string{"PYTHONPATH=" + s.at("fakes")}
		if got, err := c.CombinedOutput(); err != nil || string(got) != want {
			t.Errorf("%s: %v: got %q, want %q", told, err, got, want)
		}
	}
	words, err := os.ReadFile(s.at("it's gobuild.words"))
	want := "promise\nrun\n--json\n--only\np.py\n--python\n" + pythonOf(t, python) + "\n" + s.at("") + "\n"
	if err != nil || strings.ReplaceAll(string(words), "/\n", "\n") != strings.ReplaceAll(want, "/\n", "\n") {
		t.Errorf("gobuild was asked for %q, %v, want %q", words, err, want)
	}
}

// pythonOf is what a Python says that its program is.
func pythonOf(t *testing.T, python string) string {
	t.Helper()
	told, err := exec.Command(python, "-c", "import sys; sys.stdout.write(sys.executable)").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(told)
}

// TestPromiseEggs: a promise that gobuild checks needs no eggs, others do.
func TestPromiseEggs(t *testing.T) {
	for module, fails := range map[string]bool{"slapos.promise.plugin.check_socket_listening": false, "slapos.promise.plugin.other": true} {
		s := newStand(t)
		o := s.section("eggs = none-such\noutput = @ROOT@/p.py\nmodule = " + module)
		o.Sections["buildout"] = map[string]string{"eggs-directory": s.at("eggs"), "develop-eggs-directory": s.at("develop")}
		err := s.prepare(promiseRecipe{}, o).Run(t.Context(), s.Work)
		if (err != nil) != fails {
			t.Errorf("%s: %v", module, err)
		}
	}
}

func TestPromiseRefused(t *testing.T) {
	const either = "Either 'module' or 'file' is required but not both"
	checkRefused(t, promiseRecipe{}, []prepareCase{
		{"both", "module = a\nfile = b", "module", either},
		{"none", "eggs =", "module", either},
		{"class", promiseLines + "class = a.b", "class", "'a.b' is not a valid class name"},
		{"keyword", promiseLines + "class = None", "class", "'None' is not a valid class name"},
		{"module", "module = a.1b", "module", "'a.1b' is not a valid module name"},
		{"eggs", "module = a\noutput = o", "eggs", "Missing option: foo:eggs"},
		{"output", "module = a\neggs =", "output", "Missing option: foo:output"},
		{"mode", promiseLines + "mode = rw", "mode", `"rw" is not a file mode: it must be octal digits such as 0644`},
	})
}
