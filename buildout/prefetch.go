package buildout

import (
	"context"
	"path/filepath"
	"slices"

	"gobuild/buildout/diag"
	"gobuild/buildout/plan"
	"gobuild/parts"
	"gobuild/parts/fetch"
)

// holdDir is where files wait that are fetched before their part asks. No part
// has a directory of that name: a dot in front is written as %2E.
func (e *Engine) holdDir() string { return filepath.Join(e.stateDir(), "tmp", ".fetch") }

// prefetch starts the downloads of the parts that are going to be installed, in
// the order of the graph. The function returned ends what no part asked for; it
// is called after the last part. With one job everything happens in the order
// of zc.buildout, so nothing is started.
func (e *Engine) prefetch(ctx context.Context, g *plan.Graph) (stop func()) {
	if e.Jobs > 1 {
		for _, n := range g.Parts {
			if requests := e.sources(n); len(requests) > 0 {
				e.client.Prefetch(ctx, fetch.Part{Name: n.Part, Dir: e.Base.Directory, Temp: e.holdDir(), Events: e.Events}, requests)
			}
		}
	}
	return e.client.Close
}

// sources returns what the installation of a part is going to fetch, as far as
// the recipe can tell. A part that goes on at a step has its sources.
func (e *Engine) sources(n *plan.Node) []parts.FetchRequest {
	s, ok := n.Action.(parts.Sourcer)
	if !ok || n.Decision != plan.Install && n.Decision != plan.Reinstall {
		return nil
	}
	if r := e.resuming.parts[n.Part]; r != nil && r.from != "" {
		return nil
	}
	return s.Sources()
}

// missingMirrors warns of mirrors that are directories and do not exist, when
// they would be asked: for the file of a part that has a checksum.
func (e *Engine) missingMirrors(g *plan.Graph) diag.List {
	if !slices.ContainsFunc(g.Parts, e.needsMirror) {
		return nil
	}
	var list diag.List
	for _, dir := range fetch.MissingMirrors(e.Fetch.Mirrors) {
		d := diag.At(diag.Span{}, "mirror-missing", "the mirror directory %s does not exist", dir)
		d.Severity = diag.Warning
		list.Add(d.WithHint("make it, or take it out of `mirrors` in gobuild.ini and of GOBUILD_MIRRORS"))
	}
	return list
}

func (e *Engine) needsMirror(n *plan.Node) bool {
	return slices.ContainsFunc(e.sources(n), func(r parts.FetchRequest) bool { return len(r.Sums) > 0 })
}

// probing holds the Client of the sections that are prepared: one for all, as
// long as the options of [buildout] that it depends on stay the same. They can
// change while [buildout] is evaluated.
type probing struct {
	last   *fetch.Client
	config probingConfig
}

// probingConfig is what can change.
type probingConfig struct {
	offline       bool
	downloadCache string
}

// client returns the Client for c, which differs from what was asked before in
// nothing else than probingConfig.
func (p *probing) client(c fetch.Config) *fetch.Client {
	config := probingConfig{c.Offline, c.DownloadCache}
	if p.last == nil || p.config != config {
		p.close()
		p.last, p.config = fetch.New(c), config
	}
	return p.last
}

// close ends the connections of the Client.
func (p *probing) close() {
	if p.last != nil {
		p.last.Close()
		p.last = nil
	}
}
