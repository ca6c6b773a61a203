package buildout

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"testing"

	"gobuild/buildout/event"
	"gobuild/buildout/plan"
	"gobuild/buildout/profile"
	"gobuild/parts"
	"gobuild/parts/fetch"
)

// asking is an action that fetches files from a server.
type asking []string

func (asking) Run(context.Context, *parts.Work) error { return nil }

func (a asking) Sources() []parts.FetchRequest {
	var all []parts.FetchRequest
	for _, url := range a {
		all = append(all, parts.FetchRequest{URL: url, Sums: []parts.Checksum{{Algorithm: "md5", Hex: "d41d8cd98f00b204e9800998ecf8427e"}}})
	}
	return all
}

// silent is an action that tells nothing.
type silent struct{}

func (silent) Run(context.Context, *parts.Work) error { return nil }

// started keeps the parts of which something is fetched ahead.
type started struct {
	mu    sync.Mutex
	parts []string
}

func (s *started) Emit(e event.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Kind == event.FetchStarted {
		s.parts = append(s.parts, e.Part)
	}
}

// TestPrefetchParts: ahead comes what parts that are going to be installed tell
// of, when there are several jobs.
func TestPrefetchParts(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	other := httptest.NewServer(server.Config.Handler) // of one server only two are fetched at once
	defer other.Close()
	g := &plan.Graph{Parts: []*plan.Node{
		{Part: "update", Action: asking{server.URL + "/1"}, Decision: plan.Update},
		{Part: "install", Action: asking{server.URL + "/2"}, Decision: plan.Install},
		{Part: "reinstall", Action: asking{server.URL + "/3"}, Decision: plan.Reinstall},
		{Part: "nothing", Action: asking{}, Decision: plan.Install},
		{Part: "silent", Action: silent{}, Decision: plan.Install},
		{Part: "resumed", Action: asking{server.URL + "/4"}, Decision: plan.Install},
		{Part: "anew", Action: asking{other.URL + "/5"}, Decision: plan.Install},
	}}
	for jobs, want := range map[int][]string{0: nil, 1: nil, 2: {"anew", "install", "reinstall"}} {
		seen := &started{}
		e := &Engine{Config: Config{Jobs: jobs, Events: seen}, Base: &profile.Base{Directory: t.TempDir()}, client: fetch.New(fetch.Config{})}
		e.resuming.parts = map[string]*resumption{"resumed": {from: "make"}, "anew": {}}
		e.prefetch(t.Context(), g)()
		slices.Sort(seen.parts)
		if !slices.Equal(seen.parts, want) {
			t.Errorf("%d jobs: fetched ahead for %q, want %q", jobs, seen.parts, want)
		}
		if _, err := os.Stat(e.holdDir()); !os.IsNotExist(err) {
			t.Errorf("%d jobs: %s is left: %v", jobs, e.holdDir(), err)
		}
	}
}

// TestMissingMirrors: a mirror that is not there matters to files with a
// checksum that are going to be fetched.
func TestMissingMirrors(t *testing.T) {
	there, missing := t.TempDir(), t.TempDir()+"/missing"
	e := &Engine{Config: Config{Fetch: fetch.Config{Mirrors: []string{there, missing, "http://127.0.0.1:1/"}}}}
	for _, c := range []struct {
		decision plan.Decision
		action   parts.Action
		n        int
	}{{plan.Install, asking{"x", "y"}, 1}, {plan.Update, asking{"x"}, 0}, {plan.Install, silent{}, 0}} {
		n := &plan.Node{Part: "a", Action: c.action, Decision: c.decision}
		list := e.missingMirrors(&plan.Graph{Parts: []*plan.Node{n, n}})
		if len(list) != c.n || c.n > 0 && (list.Err() != nil || list[0].Msg != "the mirror directory "+missing+" does not exist") {
			t.Errorf("%s %T: %v", c.decision, c.action, list)
		}
	}
}

// TestProbing: one client serves all sections.
func TestProbing(t *testing.T) {
	p := &probing{}
	one := p.client(fetch.Config{Offline: true, Mirrors: []string{"a"}})
	if p.client(fetch.Config{Offline: true, Mirrors: []string{"a"}}) != one {
		t.Error("two clients")
	}
	if p.client(fetch.Config{Mirrors: []string{"a"}}) == one || p.client(fetch.Config{DownloadCache: "/x"}) == one {
		t.Error("the client of another configuration")
	}
	p.close()
	p.close()
}
