package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts"
)

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

// TestPrefetchLocalAlternate: the servers are not asked again where a local
// file answers instead of them.
func TestPrefetchLocalAlternate(t *testing.T) {
	s := static(t, nil)
	k := newCrew(t, Config{})
	path := write(t, filepath.Join(k.dir, "local"), payload)
	r := parts.FetchRequest{URL: s.URL + "/a", Alternates: []string{"local"}}
	k.announce("foo", r)
	k.landed()
	used := ""
	p := k.part("foo").part
	p.Used = func(path string) { used = path }
	got, err := k.For(p).Fetch(t.Context(), r)
	if err != nil || got != (parts.Fetched{Path: path, Local: true, From: "local"}) || used != path || len(s.requests()) != 1 {
		t.Errorf("got %+v, %v; used %q; asked %q", got, err, used, s.requests())
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
		if held, kept := files(t, k.hold), files(t, cache); len(held) != 1 || len(kept) != 0 {
			t.Errorf("held %q, in the cache %q", held, kept)
		}
		g.open <- struct{}{}
		k.landed()
		if held, kept := files(t, k.hold), files(t, cache); len(held) != 0 || len(kept) != 1 {
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
	done := make(chan struct{})
	go func() {
		wait.Wait()
		close(done)
	}()
	// The server may not have noticed that the flights have ended: they, too, are let go.
	for answered := false; !answered; {
		select {
		case g.open <- struct{}{}:
		case <-done:
			answered = true
		}
	}
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
	k.Prefetch(ctx, Part{Name: "foo", Temp: k.hold, Events: k.ahead}, []parts.FetchRequest{g.request("/0"), g.request("/1"), g.request("/2")})
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
