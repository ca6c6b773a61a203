package bridge

import (
	"context"
	"errors"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts"
	"gobuild/parts/partstest"
	"gobuild/parts/run"
)

// host is a section of a profile in memory.
type host struct {
	*partstest.Options
	kit     *partstest.Kit
	session *parts.Session
	proc    parts.Runner
	changes *[]parts.Environment
}

func (h *host) Probe() (parts.Runner, parts.Fetcher) { return h.proc, h.kit.Fetcher }

func (h *host) Get(_ context.Context, key string) (string, bool, error) {
	v, _, ok := h.Lookup(key)
	return v, ok, nil
}

func (h *host) Section(ctx context.Context, name string) (parts.Options, error) {
	return h.Options.Section(ctx, name)
}

func (h *host) Other(ctx context.Context, name string) (parts.Host, error) {
	o, err := h.Options.Section(ctx, name)
	if err != nil {
		return nil, err
	}
	other := *h
	other.Options = o.(*partstest.Options)
	return &other, nil
}

func (h *host) Define(context.Context, string) error { return errors.New("not here") }
func (h *host) Setenv(change parts.Environment)      { *h.changes = append(*h.changes, change) }
func (h *host) Say(level event.Level, text string) {
	h.kit.Events.Emit(event.Event{Kind: event.Message, Level: level, Text: text})
}
func (h *host) Log() io.Writer          { return h.kit.Log }
func (h *host) Session() *parts.Session { return h.session }

// newHost returns the section [a] of a profile, whose scripts Python runs.
func newHost(t testing.TB, options map[string]string) *host {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3")
	}
	kit := partstest.New(t)
	h := &host{kit: kit, session: &parts.Session{}, changes: &[]parts.Environment{}}
	h.Options = kit.Options("a", map[string]map[string]string{
		"a": options, "data": {"x": "1"}, "buildout": {"executable": python, "log-level": "INFO", "directory": kit.Work.Dir,
			"parts-directory": kit.Work.Dir + "/parts"}})
	h.proc = run.New(run.Config{Dir: kit.Work.Dir, Env: []string{"PATH=/usr/bin:/bin", "HOME=" + kit.Work.Dir}})
	h.session.Buildout = func(ctx context.Context) (parts.Host, error) { return h.Other(ctx, "buildout") }
	kit.Work.Proc, kit.Work.Session = h.proc, h.session
	t.Cleanup(func() {
		if err := h.session.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// script prepares the scripts of a section, which must succeed.
func script(t testing.TB, h *host) *Script {
	t.Helper()
	s, err := NewScript(t.Context(), h)
	if err != nil {
		t.Fatalf("%v\n%s", err, h.kit.Log.String())
	}
	return s
}

func TestScript(t *testing.T) {
	h := newHost(t, map[string]string{
		"init":    "options['y'] = self.buildout['data']['x'] + 'é'; print('printed'); self.logger.info('said'); self.kept = 3",
		"install": "open(location, 'w').write(options['y'] + str(self.kept))", "location": "made"})
	s := script(t, h)
	if y, _, _ := h.Lookup("y"); y != "1é" {
		t.Errorf("y is %q", y)
	}
	if got := h.kit.Log.String(); got != "printed\na: said\n" {
		t.Errorf("log: %q", got)
	}
	if got := h.kit.Events.Messages(); !slices.Equal(got, []string{"info: said"}) {
		t.Errorf("messages: %q", got)
	}
	if err := s.Run(t.Context(), h.kit.Work, "install", filepath.Join(h.kit.Work.Dir, "made"), []string{"made"}); err != nil {
		t.Fatal(err)
	}
}

// Changes of os.environ come back, each once, and are there in the next order.
func TestEnvironment(t *testing.T) {
	h := newHost(t, map[string]string{"init": "import os; os.environ['NEW'] = 'n'; del os.environ['HOME']", "update": "options['seen'] = os.environ.get('NEW', '-') + os.environ.get('HOME', '-') + os.environ['PART']; os.environ['PATH'] += ':/x'"})
	h.Options.Sections["a"]["update"] = "import os\n" + h.Options.Sections["a"]["update"]
	s := script(t, h)
	var changes []parts.Environment
	h.kit.Work.Setenv = func(c parts.Environment) { changes = append(changes, c) }
	h.kit.Work.Proc = run.New(run.Config{Dir: h.kit.Work.Dir, Env: []string{"PATH=/bin", "NEW=other", "PART=a"}})
	if err := s.Run(t.Context(), h.kit.Work, "update", "", nil); err != nil {
		t.Fatal(err)
	}
	if got := *h.changes; len(got) != 1 || !maps.Equal(got[0].Set, map[string]string{"NEW": "n"}) || !slices.Equal(got[0].Unset, []string{"HOME"}) {
		t.Errorf("changes of init: %+v", got)
	}
	if seen, _, _ := h.Lookup("seen"); seen != "other-a" {
		t.Errorf("seen: %q", seen)
	}
	if len(changes) != 1 || !maps.Equal(changes[0].Set, map[string]string{"PATH": "/bin:/x"}) || len(changes[0].Unset) != 0 {
		t.Errorf("changes of update: %+v", changes)
	}
}

// A process that was lost is started again, and knows the part.
func TestRestart(t *testing.T) {
	h := newHost(t, map[string]string{"init": "options['times'] = options.get('times', '') + 'i'", "install": "import os; os._exit(1)", "update": "options['x'] = options['times']"})
	s := script(t, h)
	err := s.Run(t.Context(), h.kit.Work, "install", "", nil)
	var d *diag.Diagnostic
	if !errors.As(err, &d) || d.Code != codeEnded {
		t.Fatalf("got %v", err)
	}
	if err := s.Run(t.Context(), h.kit.Work, "update", "", nil); err != nil {
		t.Fatal(err)
	}
	if x, _, _ := h.Lookup("x"); x != "ii" {
		t.Errorf("x is %q", x)
	}
}

// A cancellation ends the process, and is no failure of the part.
func TestCancelled(t *testing.T) {
	h := newHost(t, map[string]string{"init": "pass", "install": "print('started')\nimport time; time.sleep(600)"})
	s := script(t, h)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx, h.kit.Work, "install", "", nil) }()
	for !strings.Contains(h.kit.Log.String(), "started") {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Without a session no code is run.
func TestNotRun(t *testing.T) {
	h := newHost(t, map[string]string{"init": "raise"})
	h.session = nil
	if _, err := NewScript(t.Context(), h); !errors.Is(err, parts.ErrNotRun) {
		t.Errorf("got %v", err)
	}
	if _, err := Spec("x.y", nil).Recipe.Prepare(t.Context(), h); !errors.Is(err, parts.ErrNotRun) {
		t.Errorf("got %v", err)
	}
	h.session = &parts.Session{}
}

// BenchmarkAsk is one question of a recipe: at most 0.3 ms.
func BenchmarkAsk(b *testing.B) {
	h := newHost(b, map[string]string{"init": "pass", "update": "for i in range(int(options['n'])): options.get('x')", "x": "y"})
	h.Options.Set("n", "0")
	s := script(b, h)
	h.Options.Set("n", strconv.Itoa(b.N))
	b.ResetTimer()
	if err := s.Run(b.Context(), h.kit.Work, "update", "", nil); err != nil {
		b.Fatal(err)
	}
}
