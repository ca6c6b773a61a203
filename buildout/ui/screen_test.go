package ui

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
)

// stage is a clock that stands still until a test moves it, and the events of
// a run in its time.
type stage struct {
	t     *testing.T
	mu    sync.Mutex
	time  time.Time
	ticks chan time.Time
	sink  Screen
}

func newStage(t *testing.T) *stage {
	return &stage{t: t, time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), ticks: make(chan time.Time)}
}

func (s *stage) clock() Clock { return Clock{Now: s.now, Ticks: s.ticks} }

func (s *stage) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.time
}

// pass lets time pass, and returns when the screen has shown it.
func (s *stage) pass(d time.Duration) {
	s.mu.Lock()
	s.time = s.time.Add(d)
	s.mu.Unlock()
	s.ticks <- s.now()
	s.ticks <- s.now() // taken when the first is shown
}

func (s *stage) emit(e event.Event) { s.sink.Emit(e) }
func (s *stage) run(total int64)    { s.emit(event.Event{Kind: event.RunStarted, Total: total}) }
func (s *stage) part(verb, part string) {
	s.emit(event.Event{Kind: event.PartStarted, Part: part, Verb: verb})
}
func (s *stage) step(part, step string) {
	s.emit(event.Event{Kind: event.StepStarted, Part: part, Step: step})
}
func (s *stage) progress(part string, done, total int64) {
	s.emit(event.Event{Kind: event.Progress, Part: part, Done: done, Total: total})
}
func (s *stage) done(part string, err error) {
	s.emit(event.Event{Kind: event.PartDone, Part: part, Err: err})
}
func (s *stage) say(l event.Level, part, text string) {
	s.emit(event.Event{Kind: event.Message, Part: part, Level: l, Text: text})
}
func (s *stage) close() {
	s.t.Helper()
	if err := s.sink.Close(); err != nil {
		s.t.Errorf("Close: %v", err)
	}
}

// play is a run with all that can happen.
func (s *stage) play() {
	s.run(4)
	s.part("Uninstalling", "old")
	s.done("old", nil)
	s.part("Installing", "zlib")
	s.step("zlib", "fetch")
	s.progress("zlib", 43, 100)
	s.say(event.Debug, "zlib", "get https://joe:pw@host/z.tar")
	s.say(event.Info, "zlib", "two\nlines\x1b[2J")
	s.say(event.Warning, "", "Section `a` contains unused option(s): 'x'.")
	s.pass(2500 * time.Millisecond)
	s.step("zlib", "make")
	s.pass(59 * time.Second)
	s.part("Updating", "a")
	s.pass(time.Second)
	s.done("a", nil)
	s.progress("zlib", 7_300_000, 0)
	s.pass(64 * time.Second)
	s.pass(10 * time.Second)
	s.done("zlib", nil)
	s.part("Installing", "b")
	s.step("b", "configure")
	s.pass(3 * time.Second)
	s.done("b", errors.New("no"))
	s.emit(event.Event{Kind: event.RunDone})
}

func TestPlain(t *testing.T) {
	tests := []struct {
		verbosity int
		want      string
	}{
		{10, `
Uninstalling old.
Installing zlib.
zlib: fetch
zlib: get https://joe:***@host/z.tar
zlib: two
lines\x1b[2J
Section ` + "`a`" + ` contains unused option(s): 'x'.
zlib: make
Updating a.
zlib: still in step make after 1 min 0 s.
zlib: still in step make after 2 min 4 s (7.3 MB).
Installed zlib in 2 min 16 s.
Installing b.
b: configure
Failed b in step configure after 3 s.
`},
		{0, `
Uninstalling old.
Installing zlib.
zlib: two
lines\x1b[2J
Section ` + "`a`" + ` contains unused option(s): 'x'.
zlib: still in step make after 59 s.
Updating a.
zlib: still in step make after 2 min 4 s (7.3 MB).
Installed zlib in 2 min 16 s.
Installing b.
Failed b in step configure after 3 s.
`},
		{-10, `
Section ` + "`a`" + ` contains unused option(s): 'x'.
Failed b in step configure after 3 s.
`},
		{-20, ""},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.verbosity), func(t *testing.T) {
			var b strings.Builder
			s := newStage(t)
			s.sink = Plain(&b, Config{Verbosity: tt.verbosity, Clock: s.clock()})
			s.play()
			s.close()
			check(t, b.String(), tt.want)
		})
	}
}

func TestPlainColor(t *testing.T) {
	var b strings.Builder
	s := newStage(t)
	s.sink = Plain(&b, Config{Style: Style{Color: true}, Clock: s.clock()})
	s.say(event.Warning, "a", "careful")
	s.say(event.Info, "a", "fine")
	s.close()
	check(t, b.String(), "\x1b[1;33ma: careful\x1b[0m\na: fine\n")
}

// TestPlainPart: events that do not fit together still make sense.
func TestPlainPart(t *testing.T) {
	var b strings.Builder
	s := newStage(t)
	s.sink = Plain(&b, Config{Verbosity: 10, Clock: s.clock()})
	s.step("ghost", "make")
	s.progress("ghost", 1, 2)
	s.emit(event.Event{Kind: event.PartDone, Part: "ghost", Verb: "Updating", Elapsed: 90 * time.Minute})
	s.emit(event.Event{Kind: event.PartStarted, Part: "a"})
	s.emit(event.Event{Kind: event.PartDone, Part: "a", Error: "text only"})
	s.say(event.Info, "a", "")
	s.close()
	check(t, b.String(), "ghost: make\nUpdated ghost in 1 h 30 min.\nInstalling a.\nFailed a.\n")
}

func TestJSON(t *testing.T) {
	var b strings.Builder
	s := newStage(t)
	s.sink = JSON(&b)
	emit := func(after time.Duration, e event.Event) {
		e.Time = s.time.Add(after)
		s.sink.Emit(e)
	}
	emit(0, event.Event{Kind: event.RunStarted, Total: 1})
	emit(0, event.Event{Kind: event.PartStarted, Part: "a", Verb: "Installing", Log: "/x/a.log"})
	emit(0, event.Event{Kind: event.Message, Part: "a", Level: event.Debug, Text: "<https://joe:pw@h/>"})
	emit(time.Second, event.Event{Kind: event.PartDone, Part: "a", Elapsed: time.Second, Err: errors.New("token=abc")})
	s.close()
	check(t, b.String(), `
{"event":"run-started","time":"2026-01-02T03:04:05Z","total":1}
{"event":"part-started","time":"2026-01-02T03:04:05Z","part":"a","verb":"Installing","log":"/x/a.log"}
{"event":"message","time":"2026-01-02T03:04:05Z","part":"a","level":"debug","text":"<https://joe:***@h/>"}
{"event":"part-done","time":"2026-01-02T03:04:06Z","part":"a","elapsed_ns":1000000000,"error":"token=***"}
`)
}

// TestJSONProgress: one Progress a second for each step, and its last.
func TestJSONProgress(t *testing.T) {
	p := &stream{shown: map[string]time.Time{}}
	from := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	take := func(after time.Duration, kind event.Kind, done int64) {
		p.take(event.Event{Kind: kind, Part: "a", Time: from.Add(after), Done: done, Total: 5})
	}
	take(0, event.Progress, 1)
	take(time.Second/2, event.Progress, 2)
	take(time.Second, event.Progress, 3)
	take(time.Second, event.Progress, 5)
	take(time.Second, event.StepStarted, 0)
	take(time.Second, event.Progress, 4)
	var got []string
	for line := range strings.Lines(string(p.frame())) {
		_, rest, _ := strings.Cut(line, `"part":"a",`)
		got = append(got, strings.TrimSpace(rest))
	}
	check(t, strings.Join(got, " "), `"done":1,"total":5} "done":3,"total":5} "done":5,"total":5} "total":5} "done":4,"total":5}`)
}

// TestEmitJoins: Progress that comes faster than it is shown takes no memory.
func TestEmitJoins(t *testing.T) {
	s := &screen{now: time.Now, last: map[string]int{}, wake: make(chan struct{}, 1)}
	for i := range 1000 {
		s.Emit(event.Event{Kind: event.Progress, Part: "a", Done: int64(i)})
		s.Emit(event.Event{Kind: event.Progress, Part: "b", Done: int64(i)})
	}
	s.Emit(event.Event{Kind: event.StepStarted, Part: "a"})
	s.Emit(event.Event{Kind: event.Progress, Part: "a", Done: 1})
	var got []string
	for _, e := range s.queue {
		got = append(got, fmt.Sprint(e.Kind, e.Part, e.Done))
	}
	check(t, strings.Join(got, " "), "progressa999 progressb999 step-starteda0 progressa1")
}

func TestClose(t *testing.T) {
	size := func() (int, int) { return 80, 24 }
	for name, open := range map[string]func(*bytes.Buffer, Config) Screen{
		"terminal": func(b *bytes.Buffer, c Config) Screen { return Terminal(b, size, c) },
		"plain":    func(b *bytes.Buffer, c Config) Screen { return Plain(b, c) },
		"json":     func(b *bytes.Buffer, _ Config) Screen { return JSON(b) },
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			s := open(&b, Config{})
			var emitters sync.WaitGroup
			for i := range 8 {
				emitters.Go(func() {
					part := fmt.Sprint(i)
					s.Emit(event.Event{Kind: event.PartStarted, Part: part, Verb: "Installing"})
					for n := range 100 {
						s.Emit(event.Event{Kind: event.Progress, Part: part, Done: int64(n)})
						s.Emit(event.Event{Kind: event.Message, Part: part, Text: "x"})
					}
					s.Emit(event.Event{Kind: event.PartDone, Part: part})
				})
			}
			emitters.Wait()
			s.Close()
			if n := strings.Count(b.String(), "x"); n < 800 {
				t.Errorf("%d of 800 messages", n)
			}
			length := b.Len()
			s.Emit(event.Event{Kind: event.Message, Text: "late"})
			s.Emit(event.Event{Kind: event.Progress, Part: "late"})
			s.Emit(event.Event{Kind: event.Progress, Part: "late"})
			s.Diagnostics(warnings())
			if err := s.Close(); err != nil || b.Len() != length {
				t.Errorf("after Close: %v, %q", err, b.String()[length:])
			}
		})
	}
}

// warnings returns diagnostics of the middle of a run.
func warnings() diag.List {
	d := diag.At(span("a.cfg", "[a]\n⟦x⟧ = 1\n"), "unused-option", "unused option").WithPath("a", "x")
	d.Severity = diag.Warning
	return diag.List{d}
}

// TestScreenDiagnostics: warnings stand where they come, in their own colours.
func TestScreenDiagnostics(t *testing.T) {
	const text = "a.cfg:2:1: warning: a:x: unused option [unused-option]\n 2 | x = 1\n   | ^\n"
	const object = `{"severity":"warning","code":"unused-option","file":"a.cfg","line":2,"column":1,"end_line":2,"end_column":2,"path":["a","x"],"message":"unused option"}` + "\n"
	terminal := func(b *bytes.Buffer, c Config) Screen { return Terminal(b, func() (int, int) { return 80, 24 }, c) }
	plain := func(b *bytes.Buffer, c Config) Screen { return Plain(b, c) }
	tests := []struct {
		name      string
		open      func(*bytes.Buffer, Config) Screen
		verbosity int
		want      string
	}{
		{"terminal", terminal, 0, text},
		{"plain", plain, 0, text},
		{"quiet", plain, -10, text},
		{"silent plain", plain, -20, ""},
		{"silent terminal", terminal, -20, ""},
		{"json", func(b *bytes.Buffer, c Config) Screen { return JSON(b) }, 0, object},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			s := tt.open(&b, Config{Verbosity: tt.verbosity})
			s.Diagnostics(nil)
			s.Diagnostics(warnings())
			s.Close()
			check(t, b.String(), tt.want)
		})
	}
	var b bytes.Buffer
	s := Plain(&b, Config{Style: Style{Color: true}})
	s.Diagnostics(warnings())
	s.Close()
	check(t, b.String(), render(t, warnings(), Style{Color: true}))
}

type brokenWriter struct{ calls int }

func (w *brokenWriter) Write([]byte) (int, error) {
	w.calls++
	return 0, os.ErrClosed
}

// TestBrokenWriter: the first error is told by Close, and no more is written.
func TestBrokenWriter(t *testing.T) {
	w := &brokenWriter{}
	s := newStage(t)
	s.sink = Plain(w, Config{Clock: s.clock()})
	s.say(event.Info, "", "a")
	s.pass(0)
	s.say(event.Info, "", "b")
	if err := s.sink.Close(); !errors.Is(err, os.ErrClosed) || w.calls != 1 {
		t.Errorf("Close = %v after %d writes", err, w.calls)
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-1: "0 s", 0: "0 s", 1234 * time.Millisecond: "1.2 s", 59960 * time.Millisecond: "1 min 0 s",
		61 * time.Second: "1 min 1 s", 3725 * time.Second: "1 h 2 min",
	} {
		if got := duration(d); got != want {
			t.Errorf("duration(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestSizeText(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1500: "1.5 kB", 7_300_000: "7.3 MB", 5e15: "5000.0 TB"} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %q, want %q", n, got, want)
		}
	}
}
