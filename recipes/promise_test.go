package recipes

import (
	"encoding/json"
	"os"
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
