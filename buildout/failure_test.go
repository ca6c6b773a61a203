package buildout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/plan"
	"gobuild/buildout/profile"
	"gobuild/parts"
	"gobuild/parts/partstest"
)

// newFailing returns an engine for a directory of its own.
func newFailing(t *testing.T) *Engine {
	t.Helper()
	return &Engine{Base: &profile.Base{Directory: t.TempDir()}}
}

// What is written of a failure is read again byte for byte.
func TestFailureRoundTrip(t *testing.T) {
	e := newFailing(t)
	for _, part := range []string{"a", ".a/b%", "é"} {
		f := &Failure{
			Version: failureVersion, Part: part, Recipe: "cmmi", Step: "make", Options: map[string]exact{"x": "\xff<&>é\n", "y": ""},
			Command: &failedCommand{Argv: exacts([]string{"sh", "\x00\xfe"}), Dir: "/\xe9", Environ: exacts([]string{"A=\xff", "B={"})},
			Left:    &parts.Left{Step: "make", Dirs: []string{"/tmp/x"}, State: json.RawMessage(`{"a":1}`)},
		}
		if err := e.writeFailure(f); err != nil {
			t.Fatal(err)
		}
		got, err := e.Failure(part)
		if err != nil {
			t.Fatal(err)
		}
		var state map[string]int
		if err := json.Unmarshal(got.Left.State, &state); err != nil || state["a"] != 1 {
			t.Errorf("state: %s, %v", got.Left.State, err)
		}
		got.Left.State = f.Left.State
		if fmt.Sprintf("%q %q %+v", got.Options, got.Command, got.Left) != fmt.Sprintf("%q %q %+v", f.Options, f.Command, f.Left) {
			t.Errorf("\n got %+v\nwant %+v", got, f)
		}
		info, err := os.Stat(e.failurePath(part))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	}
	if info, err := os.Stat(filepath.Join(e.stateDir(), "failed")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("directory: %v, %v", info, err)
	}
	if n := len(e.Failures()); n != 3 {
		t.Errorf("%d failures, want 3", n)
	}
}

func TestFailureDamaged(t *testing.T) {
	e := newFailing(t)
	path := e.failurePath("a")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "{", `{"version": 2}`, `{"version": 1, "options": {"x": {"base64": "?"}}}`, `{"version": 1, "command": 1}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if f, err := e.Failure("a"); err == nil || f != nil || len(e.Failures()) != 0 {
			t.Errorf("%q: got %+v, %v", text, f, err)
		}
	}
	e.forgetFailure("a", nil)
	if f, err := e.Failure("a"); f != nil || err != nil {
		t.Errorf("it is still there: %v, %v", f, err)
	}
}

// Only what a failed run left is deleted, and not what holds the buildout.
func TestForgetFailure(t *testing.T) {
	e := newFailing(t)
	outside := t.TempDir()
	for _, name := range []string{"left", "owned", "other"} {
		if err := os.MkdirAll(filepath.Join(outside, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	owned := filepath.Join(outside, "owned")
	f := &Failure{Version: failureVersion, Part: "a", Left: &parts.Left{Dirs: []string{
		filepath.Join(outside, "left"), owned, e.Base.Directory, filepath.Dir(e.Base.Directory), "relative", "",
	}}}
	if err := e.writeFailure(f); err != nil {
		t.Fatal(err)
	}
	e.forgetFailure("a", []string{owned})
	entries, _ := os.ReadDir(outside)
	if len(entries) != 2 || entries[0].Name() != "other" || entries[1].Name() != "owned" {
		t.Errorf("left are %v", entries)
	}
	if !fileExists(e.Base.Directory) || fileExists(e.failurePath("a")) {
		t.Error("the wrong things are gone")
	}
}

// The recorder keeps the last command, if that one failed.
func TestRecorder(t *testing.T) {
	inner := &partstest.Runner{Env: []string{"A=1"}}
	inner.Fail("bad", 1)
	inner.On("killed", func(parts.Command) error { return fmt.Errorf("%w: %w", context.Canceled, parts.ErrKilled) })
	r := newRecorder(inner)
	run := func(words ...string) (*failedCommand, bool) {
		r.Run(t.Context(), parts.Command{Argv: words, Dir: "sub"})
		return r.last("/root")
	}
	if c, _ := run("good"); c != nil {
		t.Errorf("a good command: %q", c)
	}
	c, killed := run("bad", "x")
	if c == nil || killed || !slices.Equal(texts(c.Argv), []string{"bad", "x"}) || c.Dir != "/root/sub" || !slices.Equal(texts(c.Environ), inner.Env) {
		t.Errorf("got %q, %t", c, killed)
	}
	if c, killed := run("killed"); c == nil || !killed {
		t.Errorf("killed: %q, %t", c, killed)
	}
	if c, killed := run("good"); c != nil || killed {
		t.Errorf("a good command after a bad one: %q", c)
	}
}

// building is an action that can be resumed.
type building struct{ parts.Action }

func (building) Resume(context.Context, *parts.Work) error { return nil }

func (building) Steps() []parts.BuildStep {
	return []parts.BuildStep{
		{Name: "fetch", Anew: true, Options: []string{"url"}}, {Name: "patch", Anew: true, Options: []string{"patches"}},
		{Name: "configure", Options: []string{"flags"}}, {Name: "make", Options: []string{"jobs"}}, {Name: "install"},
	}
}

func TestResumeDecision(t *testing.T) {
	then := map[string]string{"url": "u", "patches": "p", "flags": "f", "jobs": "1", "location": "/l", "data": "d"}
	with := func(key, value string) map[string]string {
		now := map[string]string{}
		for k, v := range then {
			now[k] = v
		}
		now[key] = value
		return now
	}
	for _, c := range []struct {
		name, step, from string
		now              map[string]string
		want             string // the step, or part of the message
	}{
		{"nothing changed", "make", "", then, "make"},
		{"named", "make", "configure", then, "configure"},
		{"left out", "make", "install", then, "install"},
		{"later option", "configure", "", with("jobs", "2"), "configure"},
		{"own option", "make", "", with("jobs", "2"), "make"},
		{"earlier option", "make", "", with("flags", "2"), "make; flags has changed: the configure step is not repeated; --from configure repeats it"},
		{"option of a step that cannot be repeated", "make", "", with("patches", "2"), "make; patches has changed: the patch step is not repeated"},
		{"other option", "make", "", with("data", "2"), "make; data has changed: the steps before make are not repeated"},
		{"sources", "make", "", with("url", "2"), "; url has changed: the part is built from its beginning"},
		{"sources, but named", "make", "make", with("url", "2"), "make; url has changed: the fetch step is not repeated"},
		{"location", "make", "make", with("location", "2"), "; the location is another one than that of the failed build: the part is built from its beginning"},
		{"patch", "patch", "", then, "; the patch step cannot go on where it failed: the part is built from its beginning"},
		{"patched by hand", "patch", "configure", then, "configure"},
		{"unknown step", "make", "mkae", then, `part a cannot go on at step "mkae": it is one of configure, make, install`},
		{"anew", "make", "patch", then, `part a cannot go on at step "patch": it is one of configure, make, install`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &Failure{Part: "a", Recipe: "r", Step: c.step, Options: map[string]exact{}, Left: &parts.Left{Step: c.step}}
			for k, v := range then {
				f.Options[k] = exact(v)
			}
			n := &plan.Node{Part: "a", Spec: parts.Spec{Names: []string{"r"}}, Action: building{}, Options: c.now}
			r, err := f.resume(n, c.from)
			got := ""
			if err != nil {
				got = err.Error()
			} else {
				got = strings.Join(append([]string{r.from}, slices.DeleteFunc(r.messages, func(m string) bool { return strings.HasPrefix(m, "going on") })...), "; ")
			}
			if got != c.want && (err == nil || !strings.Contains(got, c.want)) {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

// A build that was killed goes on only when that is asked for.
func TestResumeKilledOnlyWhenNamed(t *testing.T) {
	f := &Failure{Part: "a", Recipe: "r", Step: "make", Killed: true, Left: &parts.Left{Step: "make"}}
	n := &plan.Node{Part: "a", Spec: parts.Spec{Names: []string{"r"}}, Action: building{}}
	if _, err := f.resume(n, ""); err == nil {
		t.Error("it goes on")
	}
	if r, err := f.resume(n, "make"); err != nil || r.from != "make" {
		t.Errorf("named: %+v, %v", r, err)
	}
}

// Options of steps that were not repeated are those of the first failure.
func TestOptionsInEffect(t *testing.T) {
	f := &Failure{Options: map[string]exact{"flags": "old", "jobs": "old", "gone": "old"}}
	got := f.inEffect(map[string]exact{"flags": "new", "jobs": "new", "data": "new", "patches": "new"}, building{}.Steps(), "make")
	if want := map[string]exact{"flags": "old", "jobs": "new", "gone": "old"}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestShellEnviron(t *testing.T) {
	e := &Engine{Config: Config{Jobs: 3}}
	for before, after := range map[string]string{
		"MAKEFLAGS= -j2 --jobserver-auth=fifo:/tmp/x -k":         "MAKEFLAGS=-j2 -k",
		"MAKEFLAGS=k --jobserver-fds=3,4 --jobserver-auth=3,4":   "MAKEFLAGS=k -j3",
		"MAKEFLAGS= -j --jobserver-fds=3,4 --jobserver-auth=3,4": "MAKEFLAGS=-j",
		"MAKEFLAGS=-j8": "MAKEFLAGS=-j8",
		"MAKEFLAGS=":    "MAKEFLAGS=-j3",
	} {
		env := []string{"A=--jobserver-auth=3,4", before}
		if got := e.shellEnviron(env); got[0] != env[0] || got[1] != after || env[1] != before {
			t.Errorf("%s: got %q", before, got)
		}
	}
	e.Jobs = 1
	if got := e.shellEnviron([]string{"A=1"}); !slices.Equal(got, []string{"A=1"}) {
		t.Errorf("one job: got %q", got)
	}
}

func FuzzExact(f *testing.F) {
	f.Add("\xff")
	f.Add(`{"base64":"eA=="}`)
	f.Fuzz(func(t *testing.T, text string) {
		coded, err := json.Marshal(exact(text))
		if err != nil {
			t.Fatal(err)
		}
		var back exact
		if err := json.Unmarshal(coded, &back); err != nil || string(back) != text {
			t.Errorf("%q: got %q by %s, %v", text, back, coded, err)
		}
	})
}

// A failure that cannot be written is no error of the part.
func TestFailureUnwritable(t *testing.T) {
	e := newFailing(t)
	if err := os.WriteFile(e.stateDir(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := e.writeFailure(&Failure{Part: "a"}); err == nil {
		t.Error("no error")
	}
	if _, err := e.Failure("a"); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
