package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts"
)

// crew is a client with parts that log and emit for themselves.
type crew struct {
	*Client
	t      *testing.T
	dir    string
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
	if c.Hold == "" {
		c.Hold = filepath.Join(dir, "hold")
	}
	k := &crew{Client: New(c), t: t, dir: dir, ahead: &events{}, member: map[string]*mate{}}
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
	k.Prefetch(k.t.Context(), Part{Name: name, Dir: k.dir, Events: k.ahead}, requests)
}

// finish closes the client: nothing may be left of what no part took.
func (k *crew) finish() {
	k.Close()
	if k.t.Failed() {
		return
	}
	if _, err := os.Stat(k.config.Hold); !os.IsNotExist(err) {
		k.t.Errorf("the holding place is left: %v %q", err, files(k.t, k.config.Hold))
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

// TestPrefetchedOnce: each file is asked for once, whatever keeps it, and each
// part is told what it would be told without Prefetch.
func TestPrefetchedOnce(t *testing.T) {
	for name, config := range map[string]func(dir string) Config{
		"held":           func(string) Config { return Config{} },
		"source cache":   func(dir string) Config { return Config{Cache: filepath.Join(dir, "cache")} },
		"download cache": func(dir string) Config { return Config{DownloadCache: dir} },
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(r.URL.Path)) })
			k := newCrew(t, config(t.TempDir()))
			request := func(i int) parts.FetchRequest {
				return parts.FetchRequest{URL: fmt.Sprintf("%s/%d", s.URL, i), Sums: md5sums(fmt.Sprint("/", i))}
			}
			const n = 12
			for i := range n {
				k.announce(fmt.Sprint(i), request(i))
			}
			k.landed()
			if asked := len(s.requests()); asked != n {
				t.Errorf("asked %d ahead", asked)
			}
			for i := range n {
				part, r := k.part(fmt.Sprint(i)), request(i)
				got, err := part.Fetch(t.Context(), r)
				if err != nil || readFile(t, got.Path) != fmt.Sprint("/", i) || got.Temp != (name == "held") ||
					got.Temp && !strings.HasPrefix(got.Path, part.part.Temp) {
					t.Errorf("got %+v, %v", got, err)
				}
				if want := "Downloading " + r.URL + "\n"; part.log.String() != want || len(part.events.of(event.Message)) != 1 {
					t.Errorf("logged %q, want %q; messages %v", part.log, want, part.events.of(event.Message))
				}
			}
			if now := s.requests(); len(now) != n {
				t.Errorf("asked %q", now)
			}
		})
	}
}

// TestPrefetchEvents: both the fetching ahead and that of the part are told.
func TestPrefetchEvents(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(payload)) })
	k := newCrew(t, Config{})
	r := parts.FetchRequest{URL: strings.Replace(s.URL, "//", "//user:word@", 1) + "/a?token=secret"}
	k.announce("foo", r)
	k.landed()
	k.takes("foo", r)
	got, err := k.part("foo").Fetch(t.Context(), parts.FetchRequest{URL: s.URL + "/b"})
	if err != nil || !got.Temp {
		t.Fatal(got, err)
	}
	shown := strings.Replace(s.URL, "//", "//user:***@", 1) + "/a?token=***"
	var seen []string
	for _, e := range append(k.ahead.all, k.part("foo").events.all...) {
		if e.Kind == event.FetchStarted || e.Kind == event.FetchDone {
			if e.Time.IsZero() || e.Err != nil {
				t.Errorf("event %+v", e)
			}
			seen = append(seen, fmt.Sprintf("%s %s %s %s %d %v", e.Kind, e.Part, e.Step, e.Text, e.Done, e.Cached))
		}
	}
	want := []string{
		"fetch-started foo prefetch " + shown + " 0 false",
		fmt.Sprintf("fetch-done foo prefetch %s %d false", shown, len(payload)),
		"fetch-started foo fetch " + shown + " 0 false",
		fmt.Sprintf("fetch-done foo fetch %s %d true", shown, len(payload)),
		"fetch-started foo fetch " + s.URL + "/b 0 false",
		fmt.Sprintf("fetch-done foo fetch %s/b %d false", s.URL, len(payload)),
	}
	if !slices.Equal(seen, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(seen, "\n"), strings.Join(want, "\n"))
	}
	for _, e := range k.ahead.all {
		if e.Kind != event.FetchStarted && e.Kind != event.FetchDone {
			t.Errorf("Prefetch emitted %+v", e)
		}
	}
}

// TestPrefetchSharedByParts: two parts with the same file cost one request.
func TestPrefetchSharedByParts(t *testing.T) {
	s := static(t, map[string]string{"/a": payload})
	k := newCrew(t, Config{})
	r := parts.FetchRequest{URL: s.URL + "/a"}
	k.announce("foo", r)
	k.announce("bar", r)
	k.landed()
	one, two := k.takes("foo", r), k.takes("bar", r)
	if err := os.Remove(one.Path); err != nil {
		t.Error(err)
	}
	if readFile(t, two.Path) != payload || !two.Temp || len(s.requests()) != 1 {
		t.Errorf("got %+v and %+v, asked %q", one, two, s.requests())
	}
	k.takes("bar", r) // was not announced a second time
	if len(s.requests()) != 2 {
		t.Errorf("asked %q", s.requests())
	}
}

// TestFetchWaits: a part waits for what is on its way, and is told of it.
func TestFetchWaits(t *testing.T) {
	g := newGate(t)
	k := newCrew(t, Config{})
	r := g.request("/a")
	k.announce("foo", r)
	<-g.arrived
	if n := len(k.ahead.of(event.Progress)) + len(k.ahead.of(event.Message)); n > 0 {
		t.Errorf("%d events before the part asks", n)
	}
	foo := k.part("foo")
	var wait sync.WaitGroup
	wait.Go(func() { k.takes("foo", r) })
	foo.heard("Downloading")
	g.open <- struct{}{}
	wait.Wait()
	progress := foo.events.of(event.Progress)
	if len(progress) == 0 || progress[len(progress)-1].Done != int64(len(payload)) || progress[0].Part != "foo" || progress[0].Step != step {
		t.Errorf("progress %+v", progress)
	}
	if len(g.requests()) != 1 {
		t.Errorf("asked %q", g.requests())
	}
}

// TestFetchFirst: what is queued is fetched at once when its part asks, however
// many flights there are.
func TestFetchFirst(t *testing.T) {
	g := newGate(t)
	k := newCrew(t, Config{})
	var all []parts.FetchRequest
	for i := range 8 {
		all = append(all, g.request(fmt.Sprint("/", i)))
	}
	k.announce("foo", all...)
	var wait sync.WaitGroup
	seen := []string{<-g.arrived, <-g.arrived}
	k.part("foo")
	wait.Go(func() { k.takes("foo", all[7]) })
	if path := <-g.arrived; path != "/7" || slices.Contains(seen, "/7") {
		t.Errorf("asked %s after %q", path, seen)
	}
	for range all {
		g.open <- struct{}{}
	}
	wait.Wait()
	for _, r := range all[:7] {
		k.takes("foo", r)
	}
	if n := len(g.requests()); n != len(all) {
		t.Errorf("asked %d times: %q", n, g.requests())
	}
}

// TestPrefetchLimits: four at once, two of one server, in order.
func TestPrefetchLimits(t *testing.T) {
	k := newCrew(t, Config{})
	gates := []*gate{newGate(t), newGate(t), newGate(t)}
	var all []parts.FetchRequest
	for _, g := range gates {
		for i := range 5 {
			all = append(all, g.request(fmt.Sprint("/", i)))
		}
	}
	k.announce("foo", all...)
	for _, g := range gates[:2] {
		if first := []string{<-g.arrived, <-g.arrived}; !slices.Contains(first, "/0") || !slices.Contains(first, "/1") {
			t.Errorf("first were %q", first)
		}
	}
	for i := 2; i < 5; i++ { // the place of one goes to the next of the server
		gates[0].open <- struct{}{}
		if path := <-gates[0].arrived; path != fmt.Sprint("/", i) {
			t.Errorf("asked %s, want /%d", path, i)
		}
	}
	if n := len(gates[2].requests()); n != 0 {
		t.Errorf("the third server was asked %d times while four were on their way", n)
	}
	for _, g := range gates {
		for range 5 {
			g.open <- struct{}{}
		}
	}
	k.landed()
	for i, g := range gates {
		if most := g.most.Load(); most > maxAheadHost || i < 2 && most < maxAheadHost || len(g.requests()) != 5 {
			t.Errorf("server %d: %d at once, asked %q", i, most, g.requests())
		}
	}
}

// TestPrefetchAlternates: the limit of a server holds for alternates, too, and a
// part that waits does not wait for it.
func TestPrefetchAlternates(t *testing.T) {
	bad, g := static(t, nil), newGate(t)
	k := newCrew(t, Config{})
	var all []parts.FetchRequest
	for i := range 4 {
		all = append(all, parts.FetchRequest{URL: fmt.Sprintf("%s/%d", bad.URL, i), Alternates: []string{fmt.Sprintf("%s/%d", g.URL, i)}})
	}
	k.announce("foo", all...)
	seen := []string{<-g.arrived, <-g.arrived}
	var wait sync.WaitGroup
	for i, r := range all {
		if path := fmt.Sprint("/", i); !slices.Contains(seen, path) {
			k.part("foo")
			wait.Go(func() { k.takes("foo", r) })
			if got := <-g.arrived; got != path {
				t.Errorf("asked %s, want %s", got, path)
			}
			break
		}
	}
	for range all {
		g.open <- struct{}{}
	}
	wait.Wait()
	k.landed()
	if most := g.most.Load(); most != maxAheadHost+1 {
		t.Errorf("%d at once", most)
	}
}

// TestPrefetchFails: what failed for good is told by the part with its own
// places, and asked for once; the rest is asked for again.
func TestPrefetchFails(t *testing.T) {
	const text = "[a]\nurl = x\nmd5sum = y\n[b]\nurl = x\nmd5sum = y\n"
	source := diag.NewSource("software.cfg", []byte(text))
	at := func(word string, n int) diag.Span {
		from := strings.LastIndex(text[:len(text)/2*n], word)
		return diag.SpanOf(source, from, from+1)
	}
	for _, test := range []struct {
		name   string
		status int
		body   string
		asked  int
		code   string
	}{
		{"not found", 404, "", 1, "fetch-http"},
		{"wrong sum", 200, "something else", 1, "fetch-checksum"},
		{"trouble", 503, "", 6, "fetch-http"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				w.Write([]byte(test.body))
			})
			k := newCrew(t, Config{})
			request := func(n int) parts.FetchRequest {
				sum := sum("md5", payload)
				sum.At = at("y", n)
				return parts.FetchRequest{URL: s.URL + "/a", Sums: []parts.Checksum{sum}, At: at("x", n)}
			}
			k.announce("b", request(1))
			k.landed()
			if n := len(k.ahead.of(event.Message)); n > 0 {
				t.Errorf("Prefetch told of %d", n)
			}
			_, err := k.part("b").Fetch(t.Context(), request(2))
			var d *diag.Diagnostic
			if !errors.As(err, &d) || d.Code != test.code || !slices.Equal(d.Path, []string{"b", step}) {
				t.Fatalf("got %v", err)
			}
			want := request(2).At
			if test.code == "fetch-checksum" {
				want = request(2).Sums[0].At
				if len(d.Related) != 1 || d.Related[0].At != request(2).At {
					t.Errorf("related %+v", d.Related)
				}
			}
			if d.At != want || !strings.Contains(k.part("b").log.String(), d.Msg) {
				t.Errorf("at %v, want %v; log %q", d.At, want, k.part("b").log)
			}
			if n := len(s.requests()); n != test.asked {
				t.Errorf("asked %d times, want %d", n, test.asked)
			}
		})
	}
}

// TestPrefetchFailedLongAgo: a failure that is older than finalFor does not
// count.
func TestPrefetchFailedLongAgo(t *testing.T) {
	var n atomic.Int32
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) == 1 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Write([]byte(payload))
	})
	k := newCrew(t, Config{})
	k.finalFor = 0
	r := parts.FetchRequest{URL: s.URL + "/a"}
	k.announce("foo", r)
	k.landed()
	k.takes("foo", r)
	if log := k.part("foo").log.String(); strings.Contains(log, "404") {
		t.Errorf("log %q", log)
	}
}

// TestFetchWaitsForFailure: parts that wait for the same flight all get its
// error, each its own.
func TestFetchWaitsForFailure(t *testing.T) {
	arrived, open := make(chan struct{}), make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-open
		w.WriteHeader(http.StatusNotFound)
	})
	k := newCrew(t, Config{})
	names := []string{"a", "b", "c"}
	text := "abc"
	k.announce("a", parts.FetchRequest{URL: s.URL + "/x"})
	<-arrived
	var wait sync.WaitGroup
	for i, name := range names {
		m := k.part(name)
		at := spanOf(text, name)
		wait.Go(func() {
			_, err := m.Fetch(t.Context(), parts.FetchRequest{URL: s.URL + "/x", At: at})
			var d *diag.Diagnostic
			if !errors.As(err, &d) || d.At != at || !slices.Equal(d.Path, []string{names[i], step}) {
				t.Errorf("%s got %+v", name, d)
			}
		})
		m.heard("Downloading")
	}
	close(open)
	wait.Wait()
	if len(s.requests()) != 1 {
		t.Errorf("asked %q", s.requests())
	}
}

// TestPrefetchNothing: what is not to be fetched ahead.
func TestPrefetchNothing(t *testing.T) {
	yes, url := true, "http://127.0.0.1:1/a"
	cache, mirror := t.TempDir(), t.TempDir()
	write(t, filepath.Join(cache, "md5", sum("md5", payload).Hex), payload)
	write(t, filepath.Join(mirror, "a"), payload)
	for name, c := range map[string]struct {
		config  Config
		request parts.FetchRequest
	}{
		"offline":        {Config{Offline: true}, parts.FetchRequest{URL: url}},
		"offline itself": {Config{}, parts.FetchRequest{URL: url, Offline: &yes}},
		"read-only":      {Config{ReadOnly: true}, parts.FetchRequest{URL: url}},
		"path":           {Config{}, parts.FetchRequest{URL: "a"}},
		"file URL":       {Config{}, parts.FetchRequest{URL: "file:///a"}},
		"other scheme":   {Config{}, parts.FetchRequest{URL: "ftp://127.0.0.1/a"}},
		"no URL":         {Config{}, parts.FetchRequest{}},
		"no sum":         {Config{}, parts.FetchRequest{URL: url, Sums: []parts.Checksum{{Algorithm: "md5", Hex: "TODO"}}}},
		"in the cache":   {Config{Cache: cache}, parts.FetchRequest{URL: url, Sums: md5sums(payload)}},
		"in a mirror":    {Config{Mirrors: []string{mirror}}, parts.FetchRequest{URL: url, Sums: md5sums(payload)}},
	} {
		k := newCrew(t, c.config)
		k.announce("foo", c.request)
		if n := k.flights.ahead.turns; n != 0 {
			t.Errorf("%s: fetched ahead", name)
		}
		k.Close()
		k.announce("foo", parts.FetchRequest{URL: url})
		if n := k.flights.ahead.turns; n != 0 {
			t.Errorf("%s: fetched after Close", name)
		}
	}
}

// TestPrefetchWithoutHold: without a holding place only caches get files ahead.
func TestPrefetchWithoutHold(t *testing.T) {
	s := static(t, map[string]string{"/a": payload})
	c := New(Config{Cache: t.TempDir()})
	defer c.Close()
	c.Prefetch(t.Context(), Part{Name: "foo"}, []parts.FetchRequest{{URL: s.URL + "/b"}, {URL: s.URL + "/a", Sums: md5sums(payload)}})
	c.flights.ahead.tasks.Wait()
	if asked := s.requests(); !slices.Equal(asked, []string{"GET /a"}) || c.fetcher(Part{}).cached(md5sums(payload)) == "" {
		t.Errorf("asked %q", asked)
	}
}

// TestPrefetchIntoHold: on its way into a cache a file is below the holding
// place, where a killed run may leave it.
func TestPrefetchIntoHold(t *testing.T) {
	for _, keep := range []string{"source", "download"} {
		g := newGate(t)
		cache := t.TempDir()
		c := Config{DownloadCache: cache}
		r := g.request("/a")
		if keep == "source" {
			c, r.Sums = Config{Cache: cache}, md5sums(payload)
		}
		k := newCrew(t, c)
		k.announce("foo", r)
		<-g.arrived
		if held, kept := files(t, k.config.Hold), files(t, cache); len(held) != 1 || len(kept) != 0 {
			t.Errorf("held %q, in the cache %q", held, kept)
		}
		g.open <- struct{}{}
		k.landed()
		if held, kept := files(t, k.config.Hold), files(t, cache); len(held) != 0 || len(kept) != 1 {
			t.Errorf("held %q, in the cache %q", held, kept)
		}
	}
}

// TestPrefetchBounded: files that wait for their parts stop it.
func TestPrefetchBounded(t *testing.T) {
	g := newGate(t)
	k := newCrew(t, Config{HoldBytes: 1})
	all := []parts.FetchRequest{g.request("/0"), g.request("/1"), g.request("/2")}
	k.announce("foo", all...)
	<-g.arrived
	<-g.arrived
	g.open <- struct{}{}
	g.open <- struct{}{}
	k.landed()
	if n := len(g.requests()); n != 2 {
		t.Errorf("asked %d times", n)
	}
	k.takes("foo", all[0])
	k.takes("foo", all[1])
	if path := <-g.arrived; path != "/2" {
		t.Errorf("asked %s", path)
	}
	g.open <- struct{}{}
	k.takes("foo", all[2])
}

// TestCloseEndsFlights: Close leaves neither files nor goroutines, and a part
// that waits gets its file itself.
func TestCloseEndsFlights(t *testing.T) {
	g := newGate(t)
	cache := t.TempDir()
	k := newCrew(t, Config{Cache: cache})
	for i := range 6 {
		r := g.request(fmt.Sprint("/", i))
		if i == 1 {
			r.Sums = md5sums(payload)
		}
		k.announce("foo", r)
	}
	<-g.arrived
	<-g.arrived
	foo := k.part("foo")
	var wait sync.WaitGroup
	wait.Go(func() { k.takes("foo", g.request("/0")) })
	foo.heard("Downloading")
	k.Close()
	if path := <-g.arrived; path != "/0" {
		t.Errorf("asked %s", path)
	}
	g.open <- struct{}{}
	wait.Wait()
	if names := files(t, cache); len(names) > 0 {
		t.Errorf("the cache holds %q", names)
	}
	if n := len(g.requests()); n != 3 {
		t.Errorf("asked %d times", n)
	}
}

// TestPrefetchCancelled: the end of its context is the end of it.
func TestPrefetchCancelled(t *testing.T) {
	g := newGate(t)
	k := newCrew(t, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	k.Prefetch(ctx, Part{Name: "foo", Events: k.ahead}, []parts.FetchRequest{g.request("/0"), g.request("/1"), g.request("/2")})
	<-g.arrived
	<-g.arrived
	cancel()
	k.landed()
	if n := len(g.requests()); n != 2 {
		t.Errorf("asked %d times", n)
	}
}

// TestLeaderCancelled: a part that followed another one asks anew when that one
// is cancelled, and is cancelled without the other one.
func TestLeaderCancelled(t *testing.T) {
	g := newGate(t)
	k := newCrew(t, Config{})
	r := g.request("/a")
	ctx, cancel := context.WithCancelCause(t.Context())
	a, b, c := k.part("a"), k.part("b"), k.part("c")
	var wait sync.WaitGroup
	why := errors.New("why")
	gone := func(m *mate, ctx context.Context) func() {
		return func() {
			if _, err := m.Fetch(ctx, r); err != why {
				t.Errorf("%s got %v", m.part.Name, err)
			}
		}
	}
	wait.Go(gone(a, ctx))
	<-g.arrived
	other, leave := context.WithCancelCause(t.Context())
	follower := make(chan struct{})
	go func() { gone(c, other)(); close(follower) }()
	c.heard("Downloading")
	leave(why)
	<-follower
	wait.Go(func() { k.takes("b", r) })
	b.heard("Downloading")
	cancel(why)
	<-g.arrived
	g.open <- struct{}{}
	wait.Wait()
	if n := len(g.requests()); n != 2 {
		t.Errorf("asked %d times", n)
	}
}

// TestFlightsOfManyParts: parts that ask for a few files at any time, some of
// them cancelled, each get what they asked for.
func TestFlightsOfManyParts(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "3") {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Write([]byte(payload))
	})
	k := newCrew(t, Config{})
	var wait sync.WaitGroup
	for i := range 60 {
		m := k.part(fmt.Sprint("p", i))
		r := parts.FetchRequest{URL: fmt.Sprint(s.URL, "/", i%7)}
		if i%3 > 0 {
			k.announce(m.part.Name, r)
		}
		ctx, cancel := context.WithCancel(t.Context())
		wait.Go(func() {
			got, err := m.Fetch(ctx, r)
			switch {
			case i%5 == 4 && errors.Is(err, context.Canceled):
			case (err != nil) != (i%7 == 3):
				t.Errorf("%s got %v", r.URL, err)
			case err == nil && (readFile(t, got.Path) != payload || os.Remove(got.Path) != nil):
				t.Errorf("%s got %+v", r.URL, got)
			}
		})
		wait.Go(func() {
			if i%5 == 4 {
				cancel()
			}
		})
		defer cancel()
	}
	wait.Wait()
	if left := files(t, k.dir+"/temp"); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}
