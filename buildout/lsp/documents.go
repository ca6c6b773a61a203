package lsp

import (
	"context"

	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
)

func (s *server) didOpen(ctx context.Context, p *openParams) (any, error) {
	version := p.Document.Version
	s.files.open(p.Document.URI, pathOf(p.Document.URI, s.config.Dir), p.Document.Text, &version)
	s.roots.reset()
	s.publish(ctx)
	return nil, nil
}

func (s *server) didChange(_ context.Context, p *changeParams) (any, error) {
	d, err := s.document(p.Document.URI)
	if err != nil {
		return nil, err
	}
	before := extendsText(d.index)
	text, table := d.src.Text, d.lines
	for _, c := range p.Changes {
		if table == nil {
			table = newLineTable(text)
		}
		text, table = s.changed(text, table, c), nil
	}
	d.index, d.version = newIndex(diag.NewSource(d.path, text)), p.Document.Version
	if extendsText(d.index) != before {
		s.roots.reset()
	}
	s.later()
	return nil, nil
}

// changed returns the text after one change; text itself stays as it is.
func (s *server) changed(text []byte, table *lineTable, c contentChange) []byte {
	if c.Range == nil {
		return []byte(c.Text)
	}
	from := table.offset(c.Range.Start, s.encoding)
	to := max(from, table.offset(c.Range.End, s.encoding))
	result := make([]byte, 0, len(text)-(to-from)+len(c.Text))
	result = append(result, text[:from]...)
	result = append(result, c.Text...)
	return append(result, text[to:]...)
}

func (s *server) didSave(ctx context.Context, _ *documentParams) (any, error) {
	s.roots.reset()
	s.publish(ctx)
	return nil, nil
}

func (s *server) didClose(ctx context.Context, p *documentParams) (any, error) {
	d, err := s.document(p.Document.URI)
	if err != nil {
		return nil, err
	}
	delete(s.files.documents, d.path)
	s.roots.reset()
	s.out.notify("textDocument/publishDiagnostics", publishParams{URI: d.uri, Diagnostics: []diagnostic{}})
	s.publish(ctx)
	return nil, nil
}

// document returns the open document with the URI.
func (s *server) document(uri string) (*document, error) {
	if d := s.files.documents[pathOf(uri, s.config.Dir)]; d != nil {
		return d, nil
	}
	return nil, &rpcError{codeInvalidParams, "the document is not open: " + uri}
}

// view is a document in the profile that it belongs to, as both are now.
type view struct {
	*document
	sn *snapshot
}

func (s *server) view(ctx context.Context, uri string) (view, error) {
	d, err := s.document(uri)
	if err != nil {
		return view{}, err
	}
	return view{d, s.snapshot(ctx, s.root(d.path))}, nil
}

// maxSnapshots is how many profiles are kept in memory.
const maxSnapshots = 32

// snapshot returns the profile root as it is now.
func (s *server) snapshot(ctx context.Context, root string) *snapshot {
	sn := s.snapshots[root]
	if sn == nil || !sn.disk.current() {
		sn = load(ctx, s.files, s.config.Recipes, s.setup(root), root)
		if ctx.Err() == nil {
			s.snapshots[root] = sn
		}
	}
	sn.used = s.pace.clock
	if len(s.snapshots) > maxSnapshots {
		s.evict()
	}
	return sn
}

// evict drops the profile that was not asked for the longest.
func (s *server) evict() {
	oldest := ""
	for root, sn := range s.snapshots {
		if old := s.snapshots[oldest]; old == nil || sn.used < old.used || sn.used == old.used && root < oldest {
			oldest = root
		}
	}
	delete(s.snapshots, oldest)
}

// setup returns how a profile is read. Settings of gobuild that are wrong are
// left out here; every other command tells of them.
func (s *server) setup(root string) Setup {
	setup, err := s.config.Setup(root)
	if err != nil {
		s.config.Log("settings of %s: %v", root, err)
	}
	setup.Open = opener{setup.Open, s.options.Network}
	if s.options.Dialect != "" {
		setup.Dialect = profile.Dialect(s.options.Dialect)
	}
	return setup
}

// place turns a position of a request into an offset.
func (s *server) place(v view, p position) int { return v.lines.offset(p, s.encoding) }

// extent returns the range of a part of a file.
func (s *server) extent(x *index, at span) extent { return x.lines.extent(at.from, at.to, s.encoding) }

// location returns the place of a part of a file.
func (s *server) location(x *index, at span) location {
	return location{s.uri(x.src.Name), s.extent(x, at)}
}

// uri returns the URI of a source as the client writes it.
func (s *server) uri(name string) string {
	if d := s.files.documents[localPath(name)]; d != nil {
		return d.uri
	}
	if path := localPath(name); path != "" {
		name = path
	}
	return uriOf(name)
}

// locationOf returns the place of a span of a source of the profile; false for
// one that is in no file.
func (s *server) locationOf(sn *snapshot, at diag.Span) (location, bool) {
	x := sn.index(at.From.Src)
	if x == nil {
		return location{}, false
	}
	return s.location(x, span{at.From.Offset, at.To.Offset}), true
}
