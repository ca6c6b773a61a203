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
			if requests := sources(n); len(requests) > 0 {
				e.client.Prefetch(ctx, fetch.Part{Name: n.Part, Dir: e.Base.Directory, Events: e.Events}, requests)
			}
		}
	}
	return e.client.Close
}

// sources returns what the installation of a part is going to fetch, as far as
// the recipe can tell.
func sources(n *plan.Node) []parts.FetchRequest {
	s, ok := n.Action.(parts.Sourcer)
	if !ok || n.Decision != plan.Install && n.Decision != plan.Reinstall {
		return nil
	}
	return s.Sources()
}

// missingMirrors warns of mirrors that are directories and do not exist, when
// they would be asked: for the file of a part that has a checksum.
func (e *Engine) missingMirrors(g *plan.Graph) diag.List {
	if !slices.ContainsFunc(g.Parts, needsMirror) {
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

func needsMirror(n *plan.Node) bool {
	return slices.ContainsFunc(sources(n), func(r parts.FetchRequest) bool { return len(r.Sums) > 0 })
}
