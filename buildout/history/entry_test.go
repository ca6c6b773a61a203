package history

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/plan"
)

// past records a run in which one part was installed.
func past(t *testing.T, dir string, start time.Time) *Run {
	t.Helper()
	r := record(t, dir, start)
	r.Planned(graph(node("a", plan.Install)), Site{dir, "", 2})
	r.started(second, Installing, "a")
	r.done(2*second, "a", nil)
	return r.finished(t, 3*second, nil)
}

// TestLoad finds runs by what users write.
func TestLoad(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(dir, Last); err == nil || !strings.Contains(err.Error(), "no run is recorded") {
		t.Errorf("history-unknown: %v", err)
	}
	first, second := past(t, dir, epoch), past(t, dir, epoch.Add(time.Hour))
	for id, want := range map[string]string{Last: second.ID, first.ID: first.ID, "20260102T03": first.ID, "20260102T04": second.ID,
		"050405.000Z-4242": "no", "20260102": "stands for 2 runs", "-4242": "stands for 2 runs", "nothing": "there is no run", "": "there is no run"} {
		run, err := Load(dir, id)
		switch {
		case err != nil && !strings.Contains(err.Error(), want), err == nil && run.ID != want:
			t.Errorf("%q: %v, %v; want %s", id, run, err, want)
		}
	}
}

// TestBroken checks that entries which no recorder has written are passed over
// with a warning.
func TestBroken(t *testing.T) {
	dir := t.TempDir()
	good := past(t, dir, epoch)
	text := get(t, filepath.Join(good.Entry(), "run.json"))
	id := "20270101T000000.000Z-1"
	own := strings.ReplaceAll(text, good.ID, id)
	for name, bad := range map[string]string{
		"empty":         "",
		"no JSON":       "{",
		"other run":     text,
		"newer version": strings.Replace(own, `"version":1`, `"version":2`, 1),
		"no version":    strings.Replace(own, `"version":1,`, "", 1),
		"wild lane":     strings.Replace(own, `"lane":0`, `"lane":1000000000`, 1),
		"wild time":     strings.Replace(own, `"end_ns":2000000000`, `"end_ns":2000000000000`, 1),
		"negative":      strings.Replace(own, `"start_ns":1000000000`, `"start_ns":-1`, 1),
		"null part":     strings.Replace(own, `"parts":[`, `"parts":[null,`, 1),
		"wild slots":    strings.Replace(own, `"downloads"`, `"slots":{"step_ns":1,"levels":[[1e300,1]]},"downloads"`, 1),
	} {
		if bad == own {
			t.Fatalf("%s: nothing is replaced", name)
		}
		put(t, filepath.Join(dir, ".gobuild/history", id, "run.json"), bad)
		runs, warnings := List(dir)
		if len(runs) != 1 || len(warnings) != 1 || warnings[0].Severity != diag.Warning || warnings[0].Code != "history-broken" {
			t.Errorf("%s: %d runs, %v", name, len(runs), warnings)
		}
		if _, err := Load(dir, id); err == nil {
			t.Errorf("%s: it can be loaded", name)
		}
	}
	put(t, filepath.Join(dir, ".gobuild/history", id, "run.json"), own)
	if runs, warnings := List(dir); len(runs) != 2 || len(warnings) != 0 {
		t.Errorf("%d runs, %v", len(runs), warnings)
	}
}

// FuzzDecode holds the reader of run.json against any text.
func FuzzDecode(f *testing.F) {
	golden, err := os.ReadFile("testdata/run.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden)
	f.Add([]byte(`{"version":1,"parts":[{"part":"a","steps":[{}]}],"slots":{"step_ns":9,"levels":[[0,1]]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		run := &Run{}
		if decode(text, run) != nil || run.check(run.ID) != nil {
			return
		}
		var b strings.Builder
		for _, write := range []func() error{
			func() error { return WriteTrace(&b, run) }, func() error { return WriteJUnit(&b, run) }, func() error { return WriteReport(&b, run) }} {
			if err := write(); err != nil {
				t.Errorf("%v in %s", err, text)
			}
		}
	})
}

// TestPrune checks which entries and which kept trees remain.
func TestPrune(t *testing.T) {
	dir := t.TempDir()
	var all []*Run
	for i := range 5 {
		run := past(t, dir, epoch.Add(time.Duration(i)*time.Hour))
		all = append(all, run)
		put(t, filepath.Join(dir, "tree"), "old")
		if err := Keep(dir, run.ID, "a", []string{"tree"}); err != nil {
			t.Fatal(err)
		}
	}
	put(t, filepath.Join(dir, ".gobuild/history/notes/mine"), "not an entry")
	prune(dir, 3)
	runs, _ := List(dir)
	if len(runs) != 3 || runs[0].ID != all[2].ID {
		t.Errorf("%d runs are left, the first is %s", len(runs), runs[0].ID)
	}
	kept, err := ids(previousDir(dir))
	// What run 3 replaced belongs to the state after run 2, which is forgotten.
	if want := fmt.Sprint([]string{all[3].ID, all[4].ID}); err != nil || fmt.Sprint(kept) != want {
		t.Errorf("kept are the trees of %v, want %s", kept, want)
	}
	if get(t, filepath.Join(dir, ".gobuild/history/notes/mine")) == "" {
		t.Error("what is no entry was touched")
	}
}

// TestRecorderPrunes checks that a run removes the entries that are too many.
func TestRecorderPrunes(t *testing.T) {
	dir := t.TempDir()
	for i := range 4 {
		r := record(t, dir, epoch.Add(time.Duration(i)*time.Hour))
		r.c.Keep = 2
		r.Planned(graph(node("a", plan.Install)), Site{dir, "", 2})
		r.finished(t, second, fmt.Errorf("no"))
	}
	if runs, _ := List(dir); len(runs) != 2 || runs[1].Start != epoch.Add(3*time.Hour) {
		t.Errorf("%d runs are left", len(runs))
	}
}

// TestLongCopies checks that a long copy is compressed and reads the same.
func TestLongCopies(t *testing.T) {
	path := filepath.Join(t.TempDir(), "installed.cfg")
	for _, text := range []string{"", "short\n", strings.Repeat("long text\n", longText/5)} {
		if err := keepText(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		got, err := keptText(path)
		if err != nil || string(got) != text {
			t.Errorf("%d bytes came back as %d, %v", len(text), len(got), err)
		}
		os.Remove(path)
	}
	if info, err := os.Stat(path + ".gz"); err != nil || info.Size() > longText/10 {
		t.Errorf("the long one is not compressed: %v", err)
	}
}

// TestTail checks that the end of a log begins with a line.
func TestTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	put(t, path, "first line\nsecond\nthird\n")
	for limit, want := range map[int64]string{1000: "first line\nsecond\nthird\n", 10: "third\n", 3: "d\n", 24: "first line\nsecond\nthird\n", 23: "second\nthird\n"} {
		if got, err := tail(path, limit); err != nil || got != want && limit != 3 {
			t.Errorf("%d: %q %v, want %q", limit, got, err, want)
		}
	}
	put(t, path, strings.Repeat("x", 100))
	if got, _ := tail(path, 10); got != strings.Repeat("x", 10) {
		t.Errorf("a log without lines gives %q", got)
	}
}

// TestSize measures files once.
func TestSize(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "parts/a/file"), strings.Repeat("x", 100_000))
	one := diskUse(dir, []string{"parts/a"})
	if err := os.Link(filepath.Join(dir, "parts/a/file"), filepath.Join(dir, "parts/a/link")); err != nil {
		t.Fatal(err)
	}
	many := diskUse(dir, []string{"parts/a", filepath.Join(dir, "parts/a/file"), "", "missing"})
	if one < 100_000 || many != one {
		t.Errorf("%d bytes, %d with a link and doubles", one, many)
	}
}
