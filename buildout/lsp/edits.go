package lsp

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Kinds of code actions.
const (
	kindQuickFix = "quickfix"
	kindFixAll   = "source.fixAll"
)

// workspaceEdit is the edits in the form that the client wants.
func (s *server) workspaceEdit(edits map[string][]textEdit) *workspaceEdit {
	if !s.client.Workspace.Edit.DocumentChanges {
		return &workspaceEdit{Changes: edits}
	}
	w := &workspaceEdit{DocumentChanges: []documentEdit{}}
	for _, uri := range slices.Sorted(maps.Keys(edits)) {
		id := versionedID{URI: uri}
		if d, err := s.document(uri); err == nil {
			id.Version = d.version
		}
		w.DocumentChanges = append(w.DocumentChanges, documentEdit{id, edits[uri]})
	}
	return w
}

// formatting answers the edit that brings the document into house style: the
// lines that change, in one piece.
func (s *server) formatting(_ context.Context, p *documentParams) (any, error) {
	d, err := s.document(p.Document.URI)
	if err != nil {
		return nil, err
	}
	if s.config.Format == nil {
		return nil, &rpcError{codeNoMethod, "formatting is not available"}
	}
	return s.difference(d.index, s.config.Format(d.file)), nil
}

// difference is the edit that makes the file now.
func (s *server) difference(x *index, now []byte) []textEdit {
	old := x.src.Text
	if bytes.Equal(old, now) {
		return []textEdit{}
	}
	before, after := bytes.SplitAfter(old, []byte("\n")), bytes.SplitAfter(now, []byte("\n"))
	from := 0
	for len(before) > 0 && len(after) > 0 && bytes.Equal(before[0], after[0]) {
		from += len(before[0])
		before, after = before[1:], after[1:]
	}
	to := len(old)
	for len(before) > 0 && len(after) > 0 && bytes.Equal(before[len(before)-1], after[len(after)-1]) {
		to -= len(before[len(before)-1])
		before, after = before[:len(before)-1], after[:len(after)-1]
	}
	return []textEdit{{s.extent(x, span{from, to}), string(bytes.Join(after, nil))}}
}

// codeActions answers the fixes of what is wrong in a range, and one action
// for all safe fixes of the document.
func (s *server) codeActions(ctx context.Context, p *actionParams) (any, error) {
	v, err := s.view(ctx, p.Document.URI)
	if err != nil {
		return nil, err
	}
	from, to := s.place(v, p.Range.Start), s.place(v, p.Range.End)
	list := []codeAction{}
	var safe []Finding
	for _, f := range s.findings(ctx, v).findings {
		if f.Fix == nil {
			continue
		}
		if f.Fix.Safe {
			safe = append(safe, f)
		}
		if at := visible(v.index, f.At); at.from <= to && from <= at.to && wanted(p.Context.Only, kindQuickFix) {
			if edit := s.fixEdit(v, []Finding{f}); edit != nil {
				list = append(list, codeAction{Title: f.Fix.Title, Kind: kindQuickFix,
					Diagnostics: []diagnostic{s.diagnostic(v, f)}, Edit: edit, IsPreferred: true})
			}
		}
	}
	if wanted(p.Context.Only, kindFixAll) && len(safe) > 0 {
		if edit := s.fixEdit(v, safe); edit != nil {
			list = append(list, codeAction{Title: fmt.Sprintf("Fix all that lint can fix (%d)", len(safe)), Kind: kindFixAll, Edit: edit})
		}
	}
	return list, nil
}

// wanted reports whether a client that asks only for some kinds of actions
// wants kind. A kind stands for what is below it, too.
func wanted(only []string, kind string) bool {
	return len(only) == 0 || slices.ContainsFunc(only, func(o string) bool {
		return kind == o || strings.HasPrefix(kind, o+".") || o == ""
	})
}

// fixEdit is the edits of fixes, without those that overlap an earlier one; nil
// when one is in no file of the profile.
func (s *server) fixEdit(v view, list []Finding) *workspaceEdit {
	edits := map[string][]textEdit{}
	taken := map[*index][]span{}
	for _, f := range list {
		for _, e := range f.Fix.Edits {
			x := v.sn.index(e.At.From.Src)
			if e.At.From.Src == v.src {
				x = v.index
			}
			if x == nil {
				return nil
			}
			at := span{e.At.From.Offset, e.At.To.Offset}
			if slices.ContainsFunc(taken[x], func(t span) bool { return at.from < t.to && t.from < at.to || at == t }) {
				continue
			}
			taken[x] = append(taken[x], at)
			uri := s.uri(x.src.Name)
			edits[uri] = append(edits[uri], textEdit{s.extent(x, at), e.Text})
		}
	}
	return s.workspaceEdit(edits)
}
