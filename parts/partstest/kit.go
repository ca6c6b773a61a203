package partstest

import (
	"bytes"
	"slices"
	"sync"
	"testing"

	"gobuild/buildout/event"
	"gobuild/parts"
)

// Kit is a parts.Work whose surroundings are stand-ins.
type Kit struct {
	Work    *parts.Work
	Log     *Log
	Events  *Sink
	Runner  *Runner
	Fetcher *Fetcher

	mu    sync.Mutex
	owned []string
}

// New returns the Kit of the part "part" in an empty buildout directory. Change
// Work as the test needs it.
func New(t testing.TB) *Kit {
	t.Helper()
	dir := t.TempDir()
	k := &Kit{Log: &Log{}, Events: &Sink{}, Runner: &Runner{Env: []string{"HOME=/home/user", "PATH=/usr/bin:/bin"}}}
	k.Fetcher = &Fetcher{Dir: dir, Files: map[string]string{}, temp: t.TempDir()}
	k.Work = &parts.Work{
		Part: "part", Dir: dir, Temp: t.TempDir(), Log: k.Log, Events: k.Events,
		Proc: k.Runner, Fetch: k.Fetcher, Own: k.own, Disown: k.disown, Umask: 0o22, Launcher: "/opt/gobuild",
	}
	return k
}

// Work returns the Work of a new Kit, for tests that need no stand-in by name.
func Work(t testing.TB) *parts.Work {
	t.Helper()
	return New(t).Work
}

// Options returns the options of section part in a profile of the Kit's
// directory, and makes part the part of k.Work.
func (k *Kit) Options(part string, sections map[string]map[string]string) *Options {
	k.Work.Part = part
	return &Options{Part: part, Dir: k.Work.Dir, Sections: sections}
}

// Owned returns the paths given to Work.Own and not to Work.Disown, in order.
func (k *Kit) Owned() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.owned)
}

func (k *Kit) own(path string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.owned = append(k.owned, path)
}

// disown forgets a path given to Work.Own.
func (k *Kit) disown(path string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.owned = slices.DeleteFunc(k.owned, func(owned string) bool { return owned == path })
}

// Log is a log in memory. It may be used by several goroutines at once.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write appends p.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns all that was written.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Sink keeps events. It may be used by several goroutines at once.
type Sink struct {
	mu     sync.Mutex
	events []event.Event
}

// Emit keeps e.
func (s *Sink) Emit(e event.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

// All returns the events in order.
func (s *Sink) All() []event.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

// Steps returns the names of the steps, in order.
func (s *Sink) Steps() []string {
	var steps []string
	for _, e := range s.All() {
		if e.Kind == event.StepStarted {
			steps = append(steps, e.Step)
		}
	}
	return steps
}

// Messages returns the messages as `level: text`, in order.
func (s *Sink) Messages() []string {
	var texts []string
	for _, e := range s.All() {
		if e.Kind == event.Message {
			texts = append(texts, string(e.Level)+": "+e.Text)
		}
	}
	return texts
}
