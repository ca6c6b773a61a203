package recipes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/partstest"
)

// resumable is a recipe with all of its steps, and options for each.
type resumable struct {
	name   string
	recipe parts.Recipe
	lines  string
	steps  string // those that can be resumed at
	hooks  string
}

var resumables = []resumable{
	{"cmmi", cmmi{}, `url = @ROOT@/foo.tgz
patches = README
pre-configure-hook = @ROOT@/hook.py:f
pre-configure = a
pre-make-hook = @ROOT@/hook.py:f
pre-build = b
pre-install = c
post-make-hook = @ROOT@/hook.py:f
post-install = echo %(pre-make-hook-said)s`,
		"pre-configure-hook pre-configure configure pre-make-hook pre-build make pre-install install post-make-hook post-install",
		"pre-configure-hook pre-make-hook post-make-hook"},
	{"hexagoncmmi", hexagoncmmi{}, `url = @ROOT@/foo.tgz
patches = README
pre-configure-hook = @ROOT@/hook.py:f
pre-make-hook = @ROOT@/hook.py:f
post-make-hook = @ROOT@/hook.py:f`,
		"pre-configure-hook configure pre-make-hook make install post-make-hook", ""},
	{"zccmmi", zccmmi{}, "url = @ROOT@/foo.tgz\npatch = README\nautogen = configure", "autogen configure make install", ""},
}

// resumeStand is a stand on which one step fails. Hooks say that they were
// called, in an option and in the environment.
type resumeStand struct {
	*stand
	failing string
}

func newResume(t *testing.T) *resumeStand {
	t.Helper()
	s := &resumeStand{stand: newZccmmi(t)}
	s.write("hook.py", "", 0o644)
	s.write("bin/python3", "", 0o755)
	s.write("shared/.keep", "", 0o644)
	s.Runner.Env = []string{"HOME=/home/user", "PATH=" + s.at("bin"), "TMPDIR=" + s.at("tmp")}
	s.Runner.On("", func(c parts.Command) error {
		switch {
		case c.Step == s.failing:
			return &parts.ExitError{Step: c.Step, Code: 1}
		case strings.HasSuffix(c.Step, "-hook"):
			return answerHook(c)
		}
		return nil
	})
	return s
}

// answerHook does what a hook does.
func answerHook(c parts.Command) error {
	text, err := io.ReadAll(c.Stdin)
	if err != nil {
		return err
	}
	var job hookJob
	if err := json.Unmarshal(text, &job); err != nil {
		return err
	}
	job.Options[c.Step+"-said"], job.Environ["HOOK_"+c.Step] = "X", "1"
	delete(job.Environ, "HOME")
	text, err = json.Marshal(hookResult{Options: job.Options, Environ: job.Environ})
	if err != nil {
		return err
	}
	return os.WriteFile(fromLatin1(job.Result), text, 0o600)
}

// section is that of the stand, with a directory for shared parts.
func (s *resumeStand) section(lines string) *partstest.Options {
	o := s.stand.section(lines)
	o.SharedDirs = []string{s.at("shared")}
	return o
}

// fail runs the part, which fails in step, and returns what that leaves.
func (s *resumeStand) fail(r parts.Recipe, lines, step string) parts.Left {
	s.t.Helper()
	var left parts.Left
	s.Work.Leave = func(l parts.Left) { left = l }
	defer func() { s.Work.Leave = nil }()
	s.failing = step
	defer func() { s.failing = "" }()
	if err := s.prepare(r, s.section(lines)).Run(s.t.Context(), s.Work); err == nil {
		s.t.Fatalf("step %s did not fail", step)
	}
	return left
}

// resume goes on with the part and returns its further commands.
func (s *resumeStand) resume(r parts.Recipe, lines, step string, left parts.Left) ([]parts.Command, error) {
	s.t.Helper()
	before := len(s.Runner.Commands())
	s.Work.From, s.Work.Left = step, &left
	err := s.prepare(r, s.section(lines)).(parts.Resumer).Resume(s.t.Context(), s.Work)
	return s.Runner.Commands()[before:], err
}

// Each step that fails is where the part goes on: no step before it is
// repeated, and none behind it is left out.
func TestResumeAtEachStep(t *testing.T) {
	for _, r := range resumables {
		steps := strings.Fields(r.steps)
		for i, step := range steps {
			t.Run(r.name+"/"+step, func(t *testing.T) {
				s := newResume(t)
				left := s.fail(r.recipe, r.lines, step)
				if left.Step != step {
					t.Errorf("left step %q", left.Step)
				}
				commands, err := s.resume(r.recipe, r.lines, step, left)
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, c := range commands {
					got = append(got, c.Step)
				}
				if !slices.Equal(got, steps[i:]) {
					t.Errorf("went on with %q, want %q", got, steps[i:])
				}
				s.checkOwned("@ROOT@/parts/foo")
				if len(s.left()) > 0 || !isMissing(s.at("parts/foo/.build")) || !isMissing(s.at("parts/foo__compile__")) {
					t.Error("the build directory stays")
				}
			})
		}
	}
}

// What hooks before the step changed holds on, although they are not called;
// what hooks behind it will change is not there yet.
func TestResumeKeepsWhatHooksChanged(t *testing.T) {
	r := resumables[0]
	s := newResume(t)
	left := s.fail(r.recipe, r.lines, "make")
	s.Runner.Env = append(s.Runner.Env, "NEW=1")
	commands, err := s.resume(r.recipe, r.lines, "make", left)
	if err != nil {
		t.Fatal(err)
	}
	env := commands[0].Env
	for name, want := range map[string]bool{"HOOK_pre-configure-hook=1": true, "HOOK_pre-make-hook=1": true, "HOOK_post-make-hook=1": false, "HOME=/home/user": false, "NEW=1": true} {
		if slices.Contains(env, name) != want {
			t.Errorf("%s in the environment is %t: %q", name, !want, env)
		}
	}
	if last := commands[len(commands)-1]; last.Argv[2] != "set -e;echo X" {
		t.Errorf("post-install is %q", last.Argv[2])
	}
	// From an earlier step on, the hooks behind it are called again.
	s = newResume(t)
	left = s.fail(r.recipe, r.lines, "make")
	if commands, err = s.resume(r.recipe, r.lines, "configure", left); err != nil || slices.Contains(commands[0].Env, "HOOK_pre-make-hook=1") || commands[1].Step != "pre-make-hook" {
		t.Errorf("from configure: %v, %q", err, commands)
	}
}

// A resume that fails is resumed in turn.
func TestResumeTwice(t *testing.T) {
	for _, r := range resumables {
		s := newResume(t)
		left := s.fail(r.recipe, r.lines, "make")
		s.failing = "install"
		var again parts.Left
		s.Work.Leave = func(l parts.Left) { again = l }
		if _, err := s.resume(r.recipe, r.lines, "make", left); err == nil || again.Step != "install" {
			t.Fatalf("%s: %v, left %q", r.name, err, again.Step)
		}
		s.failing = ""
		commands, err := s.resume(r.recipe, r.lines, "install", again)
		if err != nil || commands[0].Step != "install" {
			t.Errorf("%s: %v, %q", r.name, err, commands)
		}
		if r.name == "cmmi" && !slices.Contains(commands[0].Env, "HOOK_pre-make-hook=1") {
			t.Errorf("what a hook changed is lost: %q", commands[0].Env)
		}
	}
}

// Options that changed since count from the step on.
func TestResumeWithOtherOptions(t *testing.T) {
	for _, r := range resumables {
		s := newResume(t)
		lines := "url = @ROOT@/foo.tgz\nenvironment = A=1"
		left := s.fail(r.recipe, lines, "make")
		commands, err := s.resume(r.recipe, "url = @ROOT@/foo.tgz\nenvironment = A=2", "make", left)
		if err != nil || !slices.Contains(commands[0].Env, "A=2") {
			t.Errorf("%s: %v, %q", r.name, err, commands)
		}
	}
}

func TestResumeGone(t *testing.T) {
	for _, r := range resumables {
		s := newResume(t)
		left := s.fail(r.recipe, "url = @ROOT@/foo.tgz", "make")
		for _, dir := range append(left.Dirs, s.at("parts/foo")) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
		_, err := s.resume(r.recipe, "url = @ROOT@/foo.tgz", "make", left)
		var d *diag.Diagnostic
		if !errors.As(err, &d) || d.Code != "resume-gone" || !strings.HasSuffix(d.Msg, " is gone") {
			t.Errorf("%s: %v", r.name, err)
		}
	}
}

// An interrupted build can be resumed as a failed one.
func TestResumeInterrupted(t *testing.T) {
	for _, r := range resumables {
		s := newResume(t)
		ctx, cancel := context.WithCancel(t.Context())
		var left parts.Left
		s.Work.Leave = func(l parts.Left) { left = l }
		s.Runner.On("make", func(parts.Command) error {
			cancel()
			return fmt.Errorf("run make: %w", context.Canceled)
		})
		if err := s.prepare(r.recipe, s.section(r.lines)).Run(ctx, s.Work); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		s.Runner.On("make", func(parts.Command) error { return nil })
		commands, err := s.resume(r.recipe, r.lines, "make", left)
		if err != nil || commands[0].Step != "make" {
			t.Errorf("%s: %v, %q", r.name, err, commands)
		}
	}
}

// A shared tree that somebody else has built or replaced meanwhile is known as
// such.
func TestResumeShared(t *testing.T) {
	failed := func() (*resumeStand, parts.Left) {
		s := newResume(t)
		return s, s.fail(cmmi{}, sharedLines, "make")
	}
	resume := func(s *resumeStand, left parts.Left) ([]parts.Command, error) {
		return s.resume(cmmi{}, sharedLines, "make", left)
	}
	location := func(s *resumeStand) string {
		o := s.section(sharedLines)
		s.prepare(cmmi{}, o)
		path, _, _ := o.Lookup("location")
		return path
	}
	s, left := failed()
	if commands, err := resume(s, left); err != nil || commands[0].Step != "make" {
		t.Fatalf("%v, %q", err, commands)
	}
	if isMissing(location(s) + "/.buildout-shared.json") {
		t.Error("the tree is not complete")
	}
	if commands, err := resume(s, left); err != nil || len(commands) > 0 {
		t.Errorf("complete already: %v, %q", err, commands)
	}
	s, left = failed()
	s.fail(cmmi{}, sharedLines, "make")
	var d *diag.Diagnostic
	if _, err := resume(s, left); !errors.As(err, &d) || d.Code != "resume-gone" {
		t.Errorf("replaced: %v", err)
	}
}

const sharedLines = "url = @ROOT@/foo.tgz\nshared = true"

// resumeArchive is a source archive with ten files to compile. File 9 does so
// only when there is a file fix, and each is counted.
const resumeArchive = `-- foo-1/configure --
#!/bin/sh
for a; do case $a in --prefix=*) prefix=${a#--prefix=};; esac; done
echo configure >> @ROOT@/count
echo "prefix = $prefix" > config.mk
-- foo-1/Makefile --
include config.mk
FILES = 0.o 1.o 2.o 3.o 4.o 5.o 6.o 7.o 8.o 9.o
.PHONY: all install
all: $(FILES)
$(FILES): %.o:
	echo $* >> @ROOT@/count
	test $* != 9 -o -e @ROOT@/fix
	echo $* > $@
install: all
	mkdir -p $(prefix)
	cat *.o > $(prefix)/all
`

// The real make goes on where it stopped.
func TestResumeMake(t *testing.T) {
	for _, r := range resumables {
		s := newStand(t)
		s.real("TMPDIR=" + t.TempDir())
		s.write("foo.tgz", s.fill(resumeArchive), 0o644)
		a := s.prepare(r.recipe, s.section("url = @ROOT@/foo.tgz"))
		var left parts.Left
		s.Work.Leave = func(l parts.Left) { left = l }
		if err := a.Run(t.Context(), s.Work); err == nil {
			t.Fatal("it did not fail")
		}
		s.write("fix", "", 0o644)
		s.Work.From, s.Work.Left = left.Step, &left
		if err := a.(parts.Resumer).Resume(t.Context(), s.Work); err != nil {
			t.Fatalf("%s: %v\n%s", r.name, err, s.Log)
		}
		count, _ := os.ReadFile(s.at("count"))
		if got := strings.Join(strings.Fields(string(count)), " "); got != "configure 0 1 2 3 4 5 6 7 8 9 9" {
			t.Errorf("%s: done were %s", r.name, got)
		}
		if all, err := os.ReadFile(s.at("parts/foo/all")); string(all) != "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n" {
			t.Errorf("%s: %q, %v", r.name, all, err)
		}
	}
}

func TestEnviron(t *testing.T) {
	for _, c := range []struct {
		recipe parts.Recipe
		dir    string
	}{{cmmi{}, "parts/foo/.build/foo-1"}, {hexagoncmmi{}, "parts/foo__compile__/foo-1"}, {zccmmi{}, "parts/foo"}} {
		s := newStand(t)
		s.write(c.dir+"/x", "", 0o644)
		env, dir, err := s.prepare(c.recipe, s.section("url = x\nenvironment = A=1")).(parts.Environer).Environ([]string{"B=2", "A=0"})
		if err != nil || dir != s.at(c.dir) || !slices.Equal(env, []string{"A=1", "B=2"}) {
			t.Errorf("%T: %q in %s, %v", c.recipe, env, dir, err)
		}
	}
}

func TestChange(t *testing.T) {
	before, after := map[string]string{"a": "1", "b": "2", "c": "3"}, map[string]string{"a": "1", "b": "x", "d": "\xff"}
	c := changeOf(before, after).convert(toLatin1).convert(fromLatin1)
	got := c.apply(map[string]string{"a": "other", "c": "3"})
	if want := map[string]string{"a": "other", "b": "x", "d": "\xff"}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
