package fetch

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gobuild/buildout/event"
	"gobuild/parts"
)

// crew is a client with parts that log and emit for themselves.
type crew struct {
	*Client
	t      *testing.T
	dir    string
	hold   string  // where files wait
	ahead  *events // of Prefetch
	member map[string]*mate
}

// mate is one part.
type mate struct {
	parts.Fetcher
	part   Part
	log    *strings.Builder
	events *events
	told   chan string // texts of messages
}

// Emit keeps an event.
func (m *mate) Emit(e event.Event) {
	m.events.Emit(e)
	if e.Kind == event.Message {
		m.told <- e.Text
	}
}

func newCrew(t *testing.T, c Config) *crew {
	t.Helper()
	setDefault(&c.Backoff, time.Microsecond)
	dir := t.TempDir()
	k := &crew{Client: New(c), t: t, dir: dir, hold: filepath.Join(dir, "hold"), ahead: &events{}, member: map[string]*mate{}}
	t.Cleanup(k.finish)
	return k
}

// part returns a part of the crew.
func (k *crew) part(name string) *mate {
	if m := k.member[name]; m != nil {
		return m
	}
	m := &mate{log: &strings.Builder{}, events: &events{}, told: make(chan string, 100)}
	m.part = Part{Name: name, Dir: k.dir, Temp: filepath.Join(k.dir, "temp", name), Log: m.log, Events: m}
	m.Fetcher = k.For(m.part)
	k.member[name] = m
	return m
}

// announce prefetches for a part.
func (k *crew) announce(name string, requests ...parts.FetchRequest) {
	k.Prefetch(k.t.Context(), Part{Name: name, Dir: k.dir, Temp: k.hold, Events: k.ahead}, requests)
}

// finish closes the client: nothing may be left of what no part took.
func (k *crew) finish() {
	k.Close()
	if k.t.Failed() {
		return
	}
	if _, err := os.Stat(k.hold); !os.IsNotExist(err) {
		k.t.Errorf("the holding place is left: %v %q", err, files(k.t, k.hold))
	}
	s := k.flights
	if len(s.known) > 0 || s.ahead.flying != 0 || s.ahead.held != 0 {
		k.t.Errorf("left: %d flights, %d flying, %d bytes held", len(s.known), s.ahead.flying, s.ahead.held)
	}
	noGoroutines(k.t)
}

// noGoroutines checks that this package runs none but tests.
func noGoroutines(t *testing.T) {
	t.Helper()
	buf := make([]byte, 1<<20)
	for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, "fetch.(*fetcher).fly") {
			t.Errorf("a goroutine is left:\n%s", g)
		}
	}
}

// landed waits until what was announced has come to something.
func (k *crew) landed() { k.flights.ahead.tasks.Wait() }

// heard waits until the part is told a text. Then it follows its flight.
func (m *mate) heard(text string) {
	for !strings.Contains(<-m.told, text) {
	}
}

// takes fetches a file that must be payload.
func (k *crew) takes(name string, r parts.FetchRequest) parts.Fetched {
	k.t.Helper()
	got, err := k.part(name).Fetch(k.t.Context(), r)
	if err != nil {
		k.t.Fatalf("%s: Fetch(%q): %v", name, r.URL, err)
	}
	if text := readFile(k.t, got.Path); text != payload {
		k.t.Fatalf("%s: Fetch(%q) gave %q", name, r.URL, text)
	}
	return got
}

// gate is a server whose answers wait.
type gate struct {
	*server
	arrived chan string   // paths that were asked for
	open    chan struct{} // each value lets one answer go
	now     atomic.Int32  // requests at this moment
	most    atomic.Int32
}

func newGate(t *testing.T) *gate {
	g := &gate{arrived: make(chan string, 100), open: make(chan struct{}, 100)}
	g.server = serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := g.now.Add(1)
		defer g.now.Add(-1)
		for most := g.most.Load(); n > most && !g.most.CompareAndSwap(most, n); most = g.most.Load() {
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(payload)))
		w.Write([]byte(payload[:5]))
		http.NewResponseController(w).Flush()
		g.arrived <- r.URL.Path
		select {
		case <-g.open:
			w.Write([]byte(payload[5:]))
		case <-r.Context().Done():
		}
	})
	return g
}

func (g *gate) request(path string) parts.FetchRequest { return parts.FetchRequest{URL: g.URL + path} }
