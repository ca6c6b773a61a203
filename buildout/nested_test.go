package buildout

import (
	"testing"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts/jobs"
)

// A nested run first takes what was lent to it, and gives back first what it has
// of the pool.
func TestLentSlots(t *testing.T) {
	pool, err := jobs.New(3, jobs.Options{Dir: t.TempDir(), Alone: true})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if !pool.Take(2) { // one by the part that waits, one by another
		t.Fatal("the pool is empty")
	}
	l := lend(pool, 1)
	if l.Total() != 3 || !l.Take(0) || !l.Take(1) || pool.InUse() != 2 {
		t.Fatalf("the lent slot was not taken first: %d in use", pool.InUse())
	}
	if l.Take(2) || pool.InUse() != 2 {
		t.Error("two slots were taken, and there is one")
	}
	if !l.Take(1) || pool.InUse() != 3 || l.Take(1) {
		t.Errorf("%d in use", pool.InUse())
	}
	l.Release(2)
	if pool.InUse() != 2 {
		t.Errorf("%d in use at the end", pool.InUse())
	}
	<-l.Freed()
	<-l.Freed() // nobody has told anything: it is time to ask again
	if !l.Take(2) {
		t.Error("what was released cannot be taken")
	}
}

func TestNestedSink(t *testing.T) {
	var got []string
	s := nestedSink{"sw", []string{"pass"}, sinkFunc(func(e event.Event) { got = append(got, string(e.Kind)+" "+e.Part+" "+e.Text) })}
	for _, e := range []event.Event{
		{Kind: event.RunStarted}, {Kind: event.PartStarted, Part: "a"}, {Kind: event.Message, Text: "the pass"}, {Kind: event.RunDone},
	} {
		s.Emit(e)
	}
	if want := "[part-started sw/a  message sw the ********]"; len(got) != 2 || "["+got[0]+" "+got[1]+"]" != want {
		t.Errorf("%q, want %s", got, want)
	}
}

func TestNestedDiagnostic(t *testing.T) {
	d := nestedDiagnostic("sw", diag.At(diag.Span{}, "x", "m").WithPath("a", "b"))
	if len(d.Path) != 2 || d.Path[0] != "sw/a" || d.Path[1] != "b" {
		t.Errorf("path %q", d.Path)
	}
	if d := nestedDiagnostic("sw", diag.At(diag.Span{}, "x", "m")); len(d.Path) != 1 || d.Path[0] != "sw" {
		t.Errorf("path %q", d.Path)
	}
}
