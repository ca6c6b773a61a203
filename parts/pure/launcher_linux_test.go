package pure

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gobuild/parts"
	"gobuild/parts/run"
)

// TestMain makes the test binary a launcher.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Word {
		os.Exit(Run(os.Args[2:], os.Environ()))
	}
	os.Exit(m.Run())
}

// clean returns a runner of commands in a view of this machine, in a directory,
// and the directory.
func clean(t *testing.T, c run.Config, keep ...string) (*run.Runner, *bytes.Buffer) {
	t.Helper()
	v, err := Look(Config{Path: os.Getenv("PATH"), Keep: append(keep, c.Dir, os.TempDir())})
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	must(t, v.Save(dir))
	self, err := os.Executable()
	must(t, err)
	l, err := Permit(t.Context(), self, dir)
	if err != nil {
		t.Skip("no namespaces here: ", err)
	}
	log := &bytes.Buffer{}
	c.View, c.Log, c.Env = l, log, append(Environ(os.Environ(), v.Path, "/nonexistent"), c.Env...)
	return run.New(c), log
}

func TestLaunchCompiles(t *testing.T) {
	if _, err := exec.LookPath("g++"); err != nil {
		t.Skip("no compiler here")
	}
	dir := t.TempDir()
	must(t, os.WriteFile(dir+"/a.c", []byte("#include <stdio.h>\n#include <linux/types.h>\n#include <pthread.h>\n#include <math.h>\n"+
		"int main(int c, char **v) { printf(\"%d\\n\", (int) cos(c - 1)); return 0; }\n"), 0o666))
	must(t, os.WriteFile(dir+"/b.cc", []byte("#include <vector>\n#include <iostream>\nint main() { std::cout << std::vector<int>(2).size() << '\\n'; }\n"), 0o666))
	r, log := clean(t, run.Config{Dir: dir})
	for _, script := range []string{"gcc a.c -o a -lm -lpthread && ./a", "g++ b.cc -o b && ./b", "gcc -static a.c -o s -lm && ./s", "test -z \"$(ls -A /usr/local)$(ls -A /opt)\""} {
		if err := r.Run(t.Context(), parts.Command{Argv: run.Shell(script)}); err != nil {
			t.Errorf("%v\n%s", err, log)
		}
	}
	for _, script := range []string{"echo '#include <zlib.h>' | gcc -E -", "echo '#include <crypt.h>' | gcc -E -", "echo 'int main(){}' >c.c; gcc c.c -lz -o c",
		"gcc c.c -lcrypt -o c", "perl -e 1", "pkg-config --version", "/usr/bin/perl -e 1", "touch /usr/lib/x$$", "touch /usr/include/x$$"} {
		if err := r.Run(t.Context(), parts.Command{Argv: run.Shell(script)}); err == nil {
			t.Errorf("%s: no error", script)
		}
	}
}

func TestLaunchErrors(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(dir+"/script", []byte("#!/no/such/program\n"), 0o777))
	must(t, os.WriteFile(dir+"/plain", nil, 0o666))
	r, _ := clean(t, run.Config{Dir: dir})
	for _, c := range []struct {
		argv   string
		dir    string
		code   int
		signal string
		text   string
	}{
		{argv: "nosuch", code: -1, text: "command not found in PATH"},
		{argv: "./script", code: -1, text: "its interpreter does not exist"},
		{argv: "./plain", code: -1, text: "permission denied"},
		{argv: "true", dir: dir + "/none", code: -1, text: "enter directory"},
		{argv: "sh -c exit\x007", code: 7},
		{argv: "sh -c kill\x00-TERM\x00$$", code: -1, signal: "SIGTERM"},
	} {
		var argv []string
		for _, word := range strings.Fields(c.argv) {
			argv = append(argv, strings.ReplaceAll(word, "\x00", " "))
		}
		err := r.Run(t.Context(), parts.Command{Argv: argv, Dir: c.dir})
		var exit *parts.ExitError
		if !errors.As(err, &exit) || exit.Code != c.code || exit.Signal != c.signal {
			t.Errorf("%q: %#v", c.argv, err)
			continue
		}
		if c.text != "" && (exit.Err == nil || !strings.Contains(exit.Err.Error(), c.text)) {
			t.Errorf("%q: %v, want %s", c.argv, exit.Err, c.text)
		}
		if c.argv == "nosuch" && !errors.Is(exit.Err, run.ErrNotFound) {
			t.Error("it does not count as not found")
		}
	}
}

// handOver gives commands a file as descriptor 3 and none as 4.
type handOver struct{ file *os.File }

func (h handOver) Prepare(env []string, _ string) ([]string, []*os.File, error) {
	return env, []*os.File{h.file, nil}, nil
}
func (h handOver) Ended() {}

// A command inherits the descriptors of its jobserver and no other one.
func TestLaunchDescriptors(t *testing.T) {
	dir := t.TempDir()
	file, err := os.Create(dir + "/out")
	must(t, err)
	r, log := clean(t, run.Config{Dir: dir, Jobs: handOver{file}})
	must(t, r.Run(t.Context(), parts.Command{Argv: run.Shell("echo told >&3; for i in 4 5 6 7 8; do if [ -e /proc/self/fd/$i ]; then readlink /proc/self/fd/$i; fi; done")}))
	text, err := os.ReadFile(dir + "/out")
	must(t, err)
	if string(text) != "told\n" || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("%q, log %s", text, log)
	}
}

// Cancellation reaches a command that has become what it is.
func TestLaunchCancelled(t *testing.T) {
	dir := t.TempDir()
	must(t, syscall.Mkfifo(dir+"/started", 0o666))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, _ := clean(t, run.Config{Dir: dir})
	go func() {
		os.ReadFile(dir + "/started")
		cancel()
	}()
	err := r.Run(ctx, parts.Command{Argv: run.Shell("trap 'echo ended >out; exit 1' TERM; echo >started; while :; do read x <started; done")})
	if !errors.Is(err, context.Canceled) || errors.Is(err, parts.ErrKilled) {
		t.Errorf("%v", err)
	}
	if text, _ := os.ReadFile(dir + "/out"); string(text) != "ended\n" {
		t.Errorf("it wrote %q", text)
	}
}

// A launcher that is started by hand does not change the mounts of the machine.
func TestLaunchByHand(t *testing.T) {
	dir := t.TempDir()
	v := &View{layers: []*layer{{dir: dir}}}
	must(t, v.Save(dir))
	self, err := os.Executable()
	must(t, err)
	c := exec.Command(self, Word, dir, "2", "/", "true")
	out, err := c.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "no mount namespace of its own") {
		t.Errorf("%v: %s", err, out)
	}
	c = exec.Command(self, Word)
	if out, err := c.CombinedOutput(); err == nil || !strings.Contains(string(out), "not for people") {
		t.Errorf("%v: %s", err, out)
	}
}

// What is kept can be written, and what lies in it can be seen, where all else is
// covered.
func TestLaunchKept(t *testing.T) {
	root := t.TempDir()
	must(t, os.MkdirAll(root+"/own/build", 0o777))
	must(t, os.MkdirAll(root+"/own/hidden", 0o777))
	l := &layer{dir: root + "/own", seen: map[string]bool{}}
	l.add(bound, "build", "")
	v := &View{layers: []*layer{l}}
	dir := t.TempDir()
	must(t, v.Save(dir))
	self, err := os.Executable()
	must(t, err)
	launcher, err := Permit(t.Context(), self, dir)
	if err != nil {
		t.Skip("no namespaces here: ", err)
	}
	r := run.New(run.Config{Dir: root + "/own/build", View: launcher, Env: os.Environ()})
	must(t, r.Run(t.Context(), parts.Command{Argv: run.Shell("touch made; test ! -e ../hidden; ! touch ../x 2>/dev/null")}))
	if _, err := os.Stat(filepath.Join(root, "own/build/made")); err != nil {
		t.Error(err)
	}
}
