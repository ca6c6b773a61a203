package lsp

import (
	"context"
	"maps"
	"slices"
	"strings"

	"gobuild/buildout/cfg"
)

// documentSymbols answers the sections of a document with their options; as a
// flat list for a client that knows no other.
func (s *server) documentSymbols(_ context.Context, p *documentParams) (any, error) {
	d, err := s.document(p.Document.URI)
	if err != nil {
		return nil, err
	}
	tree := []documentSymbol{}
	flat := []symbolInformation{}
	for _, b := range d.blocks {
		symbol := documentSymbol{Name: b.name, Kind: symbolNamespace, Range: s.extent(d.index, d.whole(b.first, b.last)),
			Selection: s.extent(d.index, b.at)}
		flat = append(flat, symbolInformation{b.name, symbolNamespace, location{d.uri, symbol.Range}, ""})
		for _, o := range b.options {
			child := s.optionSymbol(d.index, o)
			symbol.Children = append(symbol.Children, child)
			flat = append(flat, symbolInformation{o.name, symbolProperty, location{d.uri, child.Range}, b.name})
			if o.name == "recipe" {
				symbol.Detail = child.Detail
			}
		}
		tree = append(tree, symbol)
	}
	if s.client.Document.Symbol.Hierarchical {
		return tree, nil
	}
	return flat, nil
}

func (s *server) optionSymbol(x *index, o *option) documentSymbol {
	detail := cfg.Trim(x.text(o.value.from, o.value.to))
	if first, _, more := strings.Cut(detail, "\n"); more {
		detail = cfg.Trim(first) + " …"
	}
	return documentSymbol{Name: o.name, Detail: detail, Kind: symbolProperty,
		Range: s.extent(x, x.whole(o.first, o.last)), Selection: s.extent(x, o.at)}
}

// whole is the text of the lines first to last.
func (x *index) whole(first, last int) span {
	return span{x.file.Lines[first].From, x.file.Lines[last].To}
}

// maxSymbols is how many symbols of the workspace are answered.
const maxSymbols = 500

// workspaceSymbols answers the sections whose names hold the letters of the
// query in their order, of the profiles of all open documents and of the
// configured ones.
func (s *server) workspaceSymbols(ctx context.Context, p *struct {
	Query string `json:"query"`
}) (any, error) {
	list := []symbolInformation{}
	seen := map[*index]bool{}
	for _, sn := range s.all(ctx) {
		for _, x := range sn.files {
			if seen[x] {
				continue
			}
			seen[x] = true
			for _, b := range x.blocks {
				if len(list) < maxSymbols && matches(b.name, p.Query) {
					list = append(list, symbolInformation{b.name, symbolNamespace, s.location(x, b.at), x.src.Name})
				}
			}
		}
	}
	return list, nil
}

// all returns the profiles of open documents, then the configured ones.
func (s *server) all(ctx context.Context) []*snapshot {
	var list []*snapshot
	paths := slices.Sorted(maps.Keys(s.files.documents))
	for _, path := range append(paths, s.roots.configured...) {
		sn := s.snapshot(ctx, s.root(path))
		if ctx.Err() != nil {
			return nil
		}
		if !slices.Contains(list, sn) {
			list = append(list, sn)
		}
	}
	return list
}

// matches reports whether the letters of query stand in name, in this order.
func matches(name, query string) bool {
	name = strings.ToLower(name)
	for _, r := range strings.ToLower(query) {
		i := strings.IndexRune(name, r)
		if i < 0 {
			return false
		}
		name = name[i+len(string(r)):]
	}
	return true
}

// foldingRanges answers sections, values of several lines, and comments of
// several lines.
func (s *server) foldingRanges(_ context.Context, p *documentParams) (any, error) {
	d, err := s.document(p.Document.URI)
	if err != nil {
		return nil, err
	}
	list := []foldingRange{}
	add := func(first, last int, kind string) {
		if last > first {
			list = append(list, foldingRange{first, last, kind})
		}
	}
	for _, b := range d.blocks {
		add(b.first, b.last, "region")
		for _, o := range b.options {
			add(o.first, o.last, "")
		}
	}
	comment := -1
	for i, l := range d.file.Lines {
		switch {
		case l.Kind == cfg.Comment && comment < 0:
			comment = i
		case l.Kind != cfg.Comment && comment >= 0:
			add(comment, i-1, "comment")
			comment = -1
		}
	}
	if comment >= 0 {
		add(comment, len(d.file.Lines)-1, "comment")
	}
	return list, nil
}
