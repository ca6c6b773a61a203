package fetch

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"gobuild/buildout/event"
	"gobuild/parts"
)

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
