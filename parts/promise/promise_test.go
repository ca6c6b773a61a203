package promise

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// module is a module as promise.plugin writes it.
func module(check, config string) string {
	return `# This script is auto generated
import sys
sys.path[0:0] = ( '/eggs/one',
  '/eggs/two')

extra_config_dict = ` + config + `

for module in list(sys.modules):
  if 'slapos' in module or 'pkg_resources' in module:
    del sys.modules[module]

from slapos.promise.plugin.` + check + ` import RunPromise
`
}

func TestReadPlugin(t *testing.T) {
	p, err := ReadPlugin(module("check_socket_listening", "{ 'host': '127.0.0.1',\n  'port': 80}"))
	want := Plugin{"slapos.promise.plugin.check_socket_listening", "RunPromise", []string{"/eggs/one", "/eggs/two"}, Config{"host": "127.0.0.1", "port": json.Number("80")}}
	if err != nil || !reflect.DeepEqual(p, want) {
		t.Errorf("got %#v, %v", p, err)
	}
	if _, ok := p.check(); !ok {
		t.Error("check_socket_listening is not known")
	}
	if _, err := ReadPlugin("import os\nclass RunPromise: pass\n"); err == nil {
		t.Error("a module that was written by hand was read")
	}
}

// put makes a file.
func put(t *testing.T, path, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// listening returns an address where something listens.
func listening(t *testing.T, network, address string) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// checkOf runs one check.
func checkOf(t *testing.T, dir, name string, c Config) Outcome {
	t.Helper()
	return checks()[name](t.Context(), Scope{dir, os.Environ()}, c)
}

func TestSocket(t *testing.T) {
	dir := t.TempDir()
	l := listening(t, "tcp", "127.0.0.1:0")
	host, port, _ := net.SplitHostPort(l.Addr().String())
	listening(t, "unix", filepath.Join(dir, "s"))
	put(t, filepath.Join(dir, "file"), "", 0o644)
	for _, c := range []struct {
		config Config
		failed bool
		text   string
	}{
		{Config{"host": host, "port": port}, false, host + ":" + port + " is listening"},
		{Config{"host": host, "port": 1}, true, host + ":1 isn't listening: connection refused"},
		{Config{"pathname": "s"}, false, dir + "/s is listening"},
		{Config{"pathname": "file"}, true, dir + "/file isn't listening: connection refused"},
		{Config{"pathname": "none"}, true, dir + "/none isn't listening: no such file or directory"},
		{Config{"abstract": "gobuild none"}, true, "@gobuild none isn't listening: connection refused"},
		{Config{"host": host}, true, "the address must be given as host and port, as pathname or as abstract"},
		{Config{"host": host, "port": 1, "pathname": "s"}, true, "the address must be given as host and port, as pathname or as abstract"},
		{Config{}, true, "the address must be given as host and port, as pathname or as abstract"},
	} {
		if got := checkOf(t, dir, "check_socket_listening", c.config); got != (Outcome{c.failed, c.text}) {
			t.Errorf("%v: got %+v, want %q", c.config, got, c.text)
		}
	}
}

func TestURL(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/here", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/to", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/here", http.StatusFound) })
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		if name, secret, _ := r.BasicAuth(); name != "me" || secret != "pw" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	plain, secure := httptest.NewServer(mux), httptest.NewTLSServer(mux)
	defer plain.Close()
	defer secure.Close()
	for _, c := range []struct {
		config Config
		failed bool
		text   string
	}{
		{Config{"url": plain.URL + "/here"}, false, plain.URL + "/here is available (returned 200)"},
		{Config{"url": plain.URL + "/none"}, true, plain.URL + "/none is not available (returned 404, expected 200)"},
		{Config{"url": plain.URL + "/none", "http-code": "404"}, false, plain.URL + "/none is available (returned 404)"},
		{Config{"url": plain.URL + "/none", "ignore-code": "1"}, false, plain.URL + "/none is available (returned 404)"},
		{Config{"url": plain.URL + "/to"}, false, plain.URL + "/to is available (returned 200)"},
		{Config{"url": plain.URL + "/to", "allow-redirects": "0", "http-code": 302}, false, plain.URL + "/to is available (returned 302)"},
		{Config{"url": plain.URL + "/login", "username": "me", "password": "pw"}, false, plain.URL + "/login is available (returned 200)"},
		{Config{"url": plain.URL + "/slow", "timeout": "0.05"}, true, plain.URL + "/slow is not available: no answer in time"},
		{Config{"url": secure.URL + "/here"}, false, secure.URL + "/here is available (returned 200)"},
		{Config{"url": "http://127.0.0.1:1/"}, true, "http://127.0.0.1:1/ is not available: connection refused"},
		{Config{"url": "http://me:pw@127.0.0.1:1/"}, true, "http://me:xxxxx@127.0.0.1:1/ is not available: connection refused"},
		{Config{"url": plain.URL, "http-code": "x"}, true, `http-code is "x", which is no number`},
	} {
		if got := checkOf(t, t.TempDir(), "check_url_available", c.config); got != (Outcome{c.failed, c.text}) {
			t.Errorf("%v: got %+v, want %q", c.config, got, c.text)
		}
	}
	got := checkOf(t, t.TempDir(), "check_url_available", Config{"url": secure.URL + "/here", "verify": "1"})
	if !got.Failed || !strings.Contains(got.Message, "certificate") {
		t.Errorf("an unknown authority: %+v", got)
	}
}

func TestFileState(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "empty"), "", 0o644)
	put(t, filepath.Join(dir, "full"), "x", 0o644)
	for state, want := range map[string][3]bool{ // whether it fails for empty, full, none
		"absent": {true, true, false}, "empty": {false, true, true}, "not-empty": {true, false, true}, "": {false, false, true},
	} {
		for i, name := range []string{"empty", "full", "none"} {
			if got := checkOf(t, dir, "check_file_state", Config{"filename": name, "state": state}); got.Failed != want[i] {
				t.Errorf("%s of %s: %+v", state, name, got)
			}
		}
	}
	got := checkOf(t, dir, "check_file_state", Config{"filename": "full", "state": "empty", "url": "http://h/full"})
	if want := dir + "/full is not empty, content available at http://h/full"; got.Message != want {
		t.Errorf("got %q, want %q", got.Message, want)
	}
}

func TestCommand(t *testing.T) {
	dir := t.TempDir()
	for command, want := range map[string]Outcome{
		"true":                          {false, "true: done"},
		"echo out; echo err >&2\nfalse": {true, "echo out; echo err >&2 ...: out\nerr (exit status 1)"},
		"kill -9 $$":                    {true, "kill -9 $$: ended by SIGKILL"},
		"test -d . && pwd >here":        {false, "test -d . && pwd >here: done"},
		" ":                             {true, "no command is given"},
	} {
		if got := checkOf(t, dir, "check_command_execute", Config{"command": command}); got != want {
			t.Errorf("%q: got %+v, want %+v", command, got, want)
		}
	}
	if text, err := os.ReadFile(filepath.Join(dir, "here")); err != nil || strings.TrimSpace(string(text)) != dir {
		t.Errorf("the command ran in %q, %v", text, err)
	}
}

func TestMachine(t *testing.T) {
	for name, none := range map[string]Config{
		"check_free_disk_space": {"threshold": "0"}, "check_server_cpu_load": {"cpu-load-threshold": "100000"}, "check_ram_usage": {"min-threshold-ram": "0"},
	} {
		if got := checkOf(t, t.TempDir(), name, none); got.Failed {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := checkOf(t, t.TempDir(), "check_free_disk_space", Config{"threshold": "1e12"}); !got.Failed {
		t.Errorf("no disk has so much: %+v", got)
	}
	if got := checkOf(t, t.TempDir(), "check_ram_usage", Config{"min-threshold-ram": "1e12"}); !got.Failed {
		t.Errorf("no machine has so much: %+v", got)
	}
}

// TestRun checks an instance with promises of all kinds.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	l := listening(t, "tcp", "127.0.0.1:0")
	host, port, _ := net.SplitHostPort(l.Addr().String())
	put(t, dir+"/etc/plugin/listens.py", module("check_socket_listening", "{'host': '"+host+"', 'port': '"+port+"'}"), 0o644)
	put(t, dir+"/etc/plugin/__init__.py", "", 0o644)
	put(t, dir+"/etc/plugin/listens.pyc", "", 0o644)
	put(t, dir+"/etc/promise/good", "#!/bin/sh\necho fine", 0o755)
	put(t, dir+"/etc/promise/bad", "#!/bin/sh\necho the cause >&2; exit 127", 0o755)
	put(t, dir+"/etc/promise/plain", "#!/bin/sh\n", 0o644)
	put(t, dir+"/etc/promise/sub/x", "", 0o755)
	found, err := Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	results, err := Run(t.Context(), found, Options{Environ: os.Environ(), Jobs: 2})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range results {
		got = append(got, r.Title+" "+string(r.Kind)+" "+strconv.FormatBool(r.Failed)+" "+r.Message)
	}
	want := []string{
		"listens native false " + host + ":" + port + " is listening",
		"bad program true the cause (exit status 127)",
		"good program false fine",
		"plain broken true " + dir + "/etc/promise/plain is not executable",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if Failures(results) != 2 {
		t.Errorf("%d failures, want 2", Failures(results))
	}
	if text, err := json.Marshal(results[0]); err != nil || !strings.Contains(string(text), `"title":"listens"`) {
		t.Errorf("%s, %v", text, err)
	}
	if _, err := Find(dir + "/none"); err == nil {
		t.Error("found promises in a directory that does not exist")
	}
	if list, err := Find(dir + "/etc/promise"); err != nil || len(list) != 3 || list[0].Dir != dir {
		t.Errorf("the folder itself: %+v, %v", list, err)
	}
}

// TestHung: a promise that does not end is ended with what it has started.
func TestHung(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/etc/promise/hung", "#!/bin/sh\ntrap '' TERM\necho waiting\nsleep 1000 & echo $! >child\nwait\n", 0o755)
	found, err := Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	results, err := Run(t.Context(), found, Options{Environ: os.Environ(), Timeout: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if r := results[0]; !r.TimedOut || !r.Failed || r.Message != "timed out after 300ms; its output: waiting" {
		t.Errorf("got %+v", r)
	}
	text, err := os.ReadFile(dir + "/child")
	if err != nil {
		t.Fatal(err)
	}
	if pid := strings.TrimSpace(string(text)); pid == "" || lives(pid) {
		t.Errorf("process %q lives", pid)
	}
}

// lives reports whether a process is there and is no zombie, which only waits
// for whoever adopted it.
func lives(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	_, state, _ := strings.Cut(string(stat), ") ")
	return err == nil && !strings.HasPrefix(state, "Z")
}

func TestCancelled(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/etc/promise/x", "#!/bin/sh\n", 0o755)
	found, err := Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Run(ctx, found, Options{}); err == nil {
		t.Error("no error of a run that was interrupted")
	}
}

// pythonModule is a module that this package does not know, with what it needs
// of slapos.core.
const pythonModule = `import sys
sys.path[0:0] = ()
extra_config_dict = {'limit': 3, 'promise': 'x'}
class Item:
  def __init__(self, failed, message): self.failed, self.message = failed, message
  def hasFailed(self): return self.failed
class Result:
  pass
class RunPromise:
  def __init__(self, config):
    self.config = config
  def run(self, check_anomaly, can_bang):
    print('not the result')
    r = Result()
    r.item = Item(self.config['limit'] < 5, 'limit %s of %s in %s' % (self.config['limit'], self.config['name'], self.config['promise-timeout']))
    self.config['queue'].put_nowait(r)
`

func TestPython(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no Python")
	}
	dir := t.TempDir()
	put(t, dir+"/etc/plugin/a_limit.py", pythonModule, 0o644)
	put(t, dir+"/etc/plugin/b_wrong.py", "raise ValueError('the reason')", 0o644)
	found, err := Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	results, err := Run(t.Context(), found, Options{Environ: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	if r := results[0]; !r.Failed || r.Message != "limit 3 of a_limit.py in 20" || r.Kind != Python {
		t.Errorf("got %+v", r)
	}
	if r := results[1]; !r.Failed || r.Message != "ValueError: the reason (exit status 1)" {
		t.Errorf("got %+v", r)
	}
	if entries, _ := os.ReadDir(dir + "/etc/plugin"); len(entries) != 2 {
		t.Errorf("Python left files behind: %v", entries)
	}
}
