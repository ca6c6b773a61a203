package history

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gobuild/buildout/event"
	"gobuild/buildout/plan"
)

var update = flag.Bool("update", false, "rewrite testdata")

// TestGolden compares the run.json of a run in which everything happens with
// the one in testdata, whose format others read.
func TestGolden(t *testing.T) {
	dir := t.TempDir()
	r := everything(t, dir)
	run := r.finished(t, 20*second, errors.New("1 part failed"))
	text := get(t, filepath.Join(run.Entry(), "run.json"))
	if golden := strings.ReplaceAll(indent(t, text), dir, "/stack"); *update {
		put(t, "testdata/run.json", golden)
	} else if want := get(t, "testdata/run.json"); golden != want {
		t.Errorf("run.json is\n%s\nwant\n%s", golden, want)
	}
	if log := get(t, filepath.Join(run.Entry(), "log", "bad.log")); log != "cc: error\npassword *** in it\n" {
		t.Errorf("copy of the log is %q", log)
	}
	if installed := get(t, filepath.Join(run.Entry(), "installed.cfg")); installed != "[buildout]\nparts = \n" {
		t.Errorf("copy of what is installed is %q", installed)
	}
}

// everything is a run in which everything happens.
func everything(t *testing.T, dir string) *recording {
	t.Helper()
	installed := filepath.Join(dir, ".installed.cfg")
	put(t, installed, "[buildout]\nparts = \n")
	put(t, filepath.Join(dir, ".gobuild/log/bad.log"), "cc: error\npassword hunter2 in it\n")
	r := record(t, dir, epoch)
	r.Planned(graph(node("gone", plan.Remove), node("same", plan.Update), node("base", plan.Reinstall, "same"), node("top", plan.Install, "same", "base"),
		node("refreshed", plan.Update), node("bad", plan.Install, "base"), node("stuck", plan.Install, "bad"), node("above", plan.Install, "stuck"),
		node("late", plan.Install)), Site{dir, installed, 2})
	url := "https://files.example/top.tar.gz"
	r.tells(second, event.Event{Kind: event.RunStarted})
	r.tells(second, event.Event{Kind: event.FetchStarted, Part: "top", Step: "prefetch", Text: url})
	r.started(second, Uninstalling, "gone")
	r.done(2*second, "gone", nil)
	r.started(2*second, Uninstalling, "base")
	r.done(3*second, "base", nil)
	r.started(3*second, Updating, "same")
	r.done(3*second+time.Microsecond, "same", nil)
	r.started(3*second, Installing, "base")
	r.step(3*second, "base", "configure")
	r.tells(3*second, event.Event{Kind: event.JobsUsed, Done: 2, Total: 2})
	r.step(4*second, "base", "make")
	r.tells(5*second, event.Event{Kind: event.FetchDone, Part: "top", Step: "prefetch", Text: url, Done: 1000})
	r.started(3*second, Updating, "refreshed")
	r.done(5*second, "refreshed", nil)
	r.tells(8*second, event.Event{Kind: event.PartDone, Part: "base", CPU: 7 * second, Memory: 1e8})
	r.started(8*second, Installing, "top")
	r.tells(8*second, event.Event{Kind: event.FetchStarted, Part: "top", Text: url})
	r.tells(8*second+time.Millisecond, event.Event{Kind: event.FetchDone, Part: "top", Text: url, Done: 1000, Cached: true})
	r.started(9*second, Installing, "bad")
	r.step(10*second, "bad", "make")
	r.tells(11*second, event.Event{Kind: event.JobsUsed, Done: 1, Total: 2})
	r.done(11*second, "bad", fmt.Errorf("make failed\nhint: hunter2 is wrong"))
	r.done(18*second, "top", nil)
	return r
}

func indent(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text), "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestNothingToDo checks that a run without a change writes nothing, and that
// it is known all the same.
func TestNothingToDo(t *testing.T) {
	dir := t.TempDir()
	r := record(t, dir, epoch)
	g := &plan.Graph{}
	for i := range 10_000 {
		g.Parts = append(g.Parts, node(fmt.Sprint("part", i), plan.Update))
	}
	r.Planned(g, Site{dir, filepath.Join(dir, ".installed.cfg"), 2})
	for i, n := range g.Parts {
		r.started(time.Duration(i)*time.Microsecond, Updating, n.Part)
		r.done(time.Duration(i)*time.Microsecond, n.Part, nil)
	}
	run := r.finished(t, second, nil)
	if run.Counts != (Counts{Unchanged: 10_000}) || len(run.Parts) != 0 || run.Result != Done || run.Entry() != "" {
		t.Errorf("counts %+v, %d parts, %s, entry %q", run.Counts, len(run.Parts), run.Result, run.Entry())
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
		t.Errorf("written: %v %v", list, err)
	}
}

// BenchmarkNothingToDo measures what remembering costs a part that has nothing
// to do.
func BenchmarkNothingToDo(b *testing.B) {
	r := NewRecorder(event.Discard, Config{Keep: 1})
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		r.Emit(event.Event{Kind: event.PartStarted, Part: "part", Verb: Updating, Time: now})
		r.Emit(event.Event{Kind: event.PartDone, Part: "part", Time: now})
	}
}

// TestKilled checks that a run that is killed leaves what it was about to do.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	r := record(t, dir, epoch)
	r.Planned(graph(node("same", plan.Update), node("new", plan.Install)), Site{dir, "", 2})
	runs, warnings := List(dir)
	if len(runs) != 1 || len(warnings) != 0 {
		t.Fatalf("%d runs, %v", len(runs), warnings)
	}
	run := runs[0]
	if run.Result != Running || len(run.Parts) != 1 || run.Parts[0].Part != "new" || run.Parts[0].Result != NotStarted || run.Counts.NotStarted != 1 {
		t.Errorf("run %+v, parts %+v", run, run.Parts)
	}
	run.PID, run.Host = os.Getpid(), hostname(t)
	if !run.Alive() {
		t.Error("this process counts as dead")
	}
	run.PID = 1 << 30 // more than any system has
	if run.Alive() {
		t.Error("a process that is not there counts as alive")
	}
}

func hostname(t *testing.T) string {
	t.Helper()
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// TestInterrupted checks what becomes of parts and downloads that had not
// ended.
func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	r := record(t, dir, epoch)
	r.Planned(graph(node("a", plan.Install), node("b", plan.Install), node("c", plan.Install)), Site{dir, "", 2})
	r.started(second, Installing, "a")
	r.started(second, Installing, "b")
	r.step(second, "b", "make")
	r.tells(second, event.Event{Kind: event.FetchStarted, Part: "c", Text: "u"})
	r.done(2*second, "a", fmt.Errorf("wait: %w", context.Canceled))
	run := r.finished(t, 3*second, context.Canceled)
	want := Counts{Interrupted: 2, NotStarted: 1}
	if run.Result != Interrupted || run.Counts != want || run.Error != "" {
		t.Errorf("result %s, %+v, %q", run.Result, run.Counts, run.Error)
	}
	if f := run.Downloads[0]; f.End != 3*second || f.Error != "interrupted" {
		t.Errorf("download %+v", f)
	}
	if p := run.Parts[1]; p.End != 3*second || p.Steps[0].End != 3*second {
		t.Errorf("part %+v", p)
	}
}

// TestFailedBefore checks a run that fails before its parts.
func TestFailedBefore(t *testing.T) {
	dir := t.TempDir()
	r := record(t, dir, epoch)
	run := r.finished(t, second, errors.New("no such profile"))
	if run.Result != Failed || run.Error != "no such profile" || run.Entry() != "" {
		t.Errorf("run %+v", run)
	}
	r = record(t, dir, epoch)
	r.Planned(graph(node("a", plan.Install)), Site{dir, "", 2})
	run = r.finished(t, second, errors.New("the disk is full"))
	if run.Error != "the disk is full" || run.Entry() == "" || run.Counts.NotStarted != 1 {
		t.Errorf("run %+v", run)
	}
}

// TestWriteFails checks that a history that cannot be written is a warning.
func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, ".gobuild"), "in the way")
	r := record(t, dir, epoch)
	r.Planned(graph(node("a", plan.Install)), Site{dir, "", 2})
	r.started(second, Installing, "a")
	r.done(second, "a", nil)
	run, err := r.Finish(nil)
	if err == nil || !strings.Contains(err.Error(), "the history of this run cannot be written") || run.Counts.Installed != 1 {
		t.Errorf("history-write: %v, counts %+v", err, run.Counts)
	}
}

// TestKeepNone checks that no history is written when none is wanted.
func TestKeepNone(t *testing.T) {
	dir := t.TempDir()
	r := NewRecorder(event.Discard, Config{})
	r.Planned(graph(node("a", plan.Install)), Site{dir, "", 2})
	if _, err := r.Finish(errors.New("x")); err != nil {
		t.Error(err)
	}
	if list, _ := os.ReadDir(dir); len(list) != 0 {
		t.Errorf("written: %v", list)
	}
}

// TestPassesOn checks that the sink behind gets every event, with a time.
func TestPassesOn(t *testing.T) {
	var got []event.Event
	r := NewRecorder(sink(func(e event.Event) { got = append(got, e) }), Config{Now: func() time.Time { return epoch }})
	r.Emit(event.Event{Kind: event.Message, Text: "x"})
	if len(got) != 1 || got[0].Text != "x" || !got[0].Time.Equal(epoch) {
		t.Errorf("got %+v", got)
	}
}

type sink func(event.Event)

func (s sink) Emit(e event.Event) { s(e) }

// TestUsage checks that the area below the curve stays exact when samples are
// joined.
func TestUsage(t *testing.T) {
	u := &usage{}
	var want float64
	now := time.Duration(0)
	for i := range 3000 {
		used := i % 5
		u.set(now, used, 4)
		step := time.Duration(i%97+1) * time.Millisecond * 7
		now += step
		want += float64(used) * float64(step)
	}
	end := u.end(now)
	var got float64
	for i, level := range end.Levels {
		until := now
		if i+1 < len(end.Levels) {
			until = time.Duration(end.Levels[i+1][0]) * end.Step
		}
		got += level[1] * float64(until-time.Duration(level[0])*end.Step)
	}
	if len(end.Levels) > maxSamples || end.check() != nil || end.Total != 4 || got < want*0.995 || got > want*1.005 {
		t.Errorf("%d samples of %v, area %v, want %v", len(end.Levels), end.Step, got, want)
	}
	if (&usage{}).end(second) != nil {
		t.Error("there is a curve though nothing was counted")
	}
}

// TestCritical checks the longest chain.
func TestCritical(t *testing.T) {
	part := func(name string, from, to int, needs ...string) *Part {
		return &Part{Part: name, Verb: Installing, Result: Done, Needs: needs,
			Interval: Interval{time.Duration(from) * second, time.Duration(to) * second}}
	}
	tests := []struct {
		name  string
		parts []*Part
		want  string
	}{
		{"none", nil, "0s []"},
		{"chain", []*Part{part("a", 0, 3), part("b", 3, 5, "a"), part("c", 3, 4, "a"), part("d", 5, 6, "b", "c")}, "6s [a b d]"},
		{"alone", []*Part{part("a", 0, 3), part("b", 0, 9), part("c", 3, 4, "a")}, "9s [b]"},
		{"first of equals", []*Part{part("a", 0, 3), part("b", 0, 3)}, "3s [a]"},
		{"circle", []*Part{part("x", 0, 4), part("a", 4, 7, "x", "b"), part("b", 7, 9, "a")}, "7s [x a]"},
		{"unknown need", []*Part{part("a", 0, 3, "nowhere")}, "3s [a]"},
		{"removal", []*Part{{Part: "a", Verb: Uninstalling, Interval: Interval{0, 9 * second}}, part("b", 9, 10, "a")}, "1s [b]"},
	}
	for _, test := range tests {
		length, path := critical(test.parts)
		if got := fmt.Sprint(length, " ", path); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// TestBound checks the lower bound and the ratio of a run.
func TestBound(t *testing.T) {
	r := &Run{Origin: Origin{Cores: 8, Jobs: 2}, Parts: []*Part{
		{Part: "a", Verb: Installing, Interval: Interval{0, 4 * second}, Cost: Cost{CPU: 9 * second}},
		{Part: "b", Verb: Installing, Interval: Interval{0, 3 * second}, Cost: Cost{CPU: 3 * second}}}}
	b := r.bound(Interval{second, 10 * second})
	if b.Slots != 2 || b.Lower != 6*second || b.Wall != 9*second || b.Ratio() != 1.5 {
		t.Errorf("bound %+v, ratio %v", b, b.Ratio())
	}
	r.Jobs = 0
	if b := r.bound(Interval{0, 8 * second}); b.Slots != 8 || b.Lower != 4*second || b.Ratio() != 2 {
		t.Errorf("bound %+v, ratio %v", b, b.Ratio())
	}
	if (Bound{}).Ratio() != 0 {
		t.Error("a ratio to nothing")
	}
}
