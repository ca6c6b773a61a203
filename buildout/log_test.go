package buildout

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gobuild/buildout/event"
)

func TestLogIsMadeByTheFirstWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log", "a.log")
	l := newPartLog(path)
	if err := l.Close(); err != nil {
		t.Errorf("close a log without text: %v", err)
	}
	if _, err := os.Stat(filepath.Dir(path)); err == nil {
		t.Error("a log without text was made")
	}
	if l.excerpt() != "" {
		t.Errorf("excerpt %q of nothing", l.excerpt())
	}
}

func TestLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	l := newPartLog(path)
	var want strings.Builder
	for i := range excerptLines + 5 {
		fmt.Fprintf(l, "line %d\n", i)
		fmt.Fprintf(&want, "line %d\n", i)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != want.String() {
		t.Errorf("the file has %q, %v", text, err)
	}
	shown := strings.Split(l.excerpt(), "\n")
	if len(shown) != excerptLines+1 || shown[0] != "log: "+path || shown[1] != "line 5" || shown[excerptLines] != "line 24" {
		t.Errorf("excerpt %q", shown)
	}
	if _, err := l.Write([]byte("late")); err == nil {
		t.Error("a closed log takes text")
	}
}

func TestExcerptOfStepsAlone(t *testing.T) {
	l := newPartLog(filepath.Join(t.TempDir(), "a.log"))
	l.Write([]byte("==> a: fetch\n==> a: unpack\n"))
	if l.excerpt() != "" {
		t.Errorf("excerpt %q", l.excerpt())
	}
	l.Write([]byte("tar: bad\n"))
	if want := "log: " + l.path + "\n==> a: fetch\n==> a: unpack\ntar: bad"; l.excerpt() != want {
		t.Errorf("excerpt %q, want %q", l.excerpt(), want)
	}
	l.Close()
}

func TestLogThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "log"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	l := newPartLog(filepath.Join(dir, "log", "a.log"))
	for range 2 {
		if _, err := l.Write([]byte("text\n")); err == nil {
			t.Error("no error")
		}
	}
	if !strings.HasSuffix(l.excerpt(), "\ntext") && !strings.HasSuffix(l.excerpt(), "\ntext\ntext") {
		t.Errorf("excerpt %q: the last lines are known all the same", l.excerpt())
	}
}

func TestLogKnowsTheStep(t *testing.T) {
	l := newPartLog(filepath.Join(t.TempDir(), "a.log"))
	var passed int
	s := l.watch(sinkFunc(func(event.Event) { passed++ }))
	s.Emit(event.Event{Kind: event.Message, Step: "no step"})
	s.Emit(event.Event{Kind: event.StepStarted, Step: "make"})
	if l.step() != "make" || passed != 2 {
		t.Errorf("step %q, %d events passed on", l.step(), passed)
	}
}
