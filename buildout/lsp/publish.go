package lsp

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/buildout/diag"
)

// yields reports whether diagnostics have to wait: answers come first.
func (s *server) yields(ctx context.Context) bool {
	if len(s.in.waiting()) > 0 {
		s.later()
		return true
	}
	return ctx.Err() != nil
}

// found is what is wrong in a document.
type found struct {
	*index
	sn       *snapshot
	findings []Finding // in the order of the text
}

// later has diagnostics sent when the user has stopped typing.
func (s *server) later() {
	s.pace.pending = true
	s.pace.timer.Reset(s.options.delay())
}

// publish sends the diagnostics of every open document for which something has
// changed.
func (s *server) publish(ctx context.Context) {
	s.pace.pending = false
	s.files.refresh()
	var err error
	defer s.survive("diagnostics", &err)
	for _, path := range slices.Sorted(maps.Keys(s.files.documents)) {
		d := s.files.documents[path]
		v := view{d, s.snapshot(ctx, s.root(path))}
		if s.yields(ctx) {
			return
		}
		v.sn.diagnose() // each step takes less time than a user notices
		if s.yields(ctx) {
			return
		}
		p := publishParams{URI: d.uri, Diagnostics: []diagnostic{}}
		if s.client.Document.Publish.Version {
			p.Version = d.version
		}
		for _, f := range s.findings(ctx, v).findings {
			p.Diagnostics = append(p.Diagnostics, s.diagnostic(v, f))
		}
		if text, err := json.Marshal(p); err == nil && d.told != string(text) {
			d.told = string(text)
			s.out.notify("textDocument/publishDiagnostics", p)
		}
	}
}

// findings returns what is wrong in a document.
func (s *server) findings(ctx context.Context, v view) *found {
	if f := v.found; f != nil && f.index == v.index && f.sn == v.sn {
		return f
	}
	var list []Finding
	for _, f := range v.sn.diagnose() {
		if f.At.From.Src == v.src || !f.At.IsValid() && v.sn.root == v.path {
			list = append(list, f)
		}
	}
	list = append(list, s.elsewhere(v)...)
	list = append(list, s.lint(ctx, v, list)...)
	slices.SortStableFunc(list, func(f, g Finding) int { return cmp.Compare(f.At.From.Offset, g.At.From.Offset) })
	v.document.found = &found{v.index, v.sn, list}
	return v.document.found
}

// maxElsewhere is how many errors of other files a root profile shows.
const maxElsewhere = 20

// elsewhere returns the errors in other files of the profile whose root the
// document is, each at the entry of extends that leads to its file: without
// them a profile that cannot be read would look as if it could.
func (s *server) elsewhere(v view) []Finding {
	if v.sn.root != v.path {
		return nil
	}
	var list []Finding
	for _, f := range v.sn.diagnose() {
		if f.Severity != diag.Error || !f.At.IsValid() || f.At.From.Src == v.src || len(list) == maxElsewhere {
			continue
		}
		for _, r := range v.refs {
			if r.kind == toFile && s.distance(s.entryPath(v.path, r.text), localPath(f.At.From.Src.Name)) >= 0 {
				line, _ := f.At.From.LineColumn()
				d := diag.At(v.span(r.at), f.Code, "in %s:%d: %s", relative(v.sn.root, f.At.From.Src.Name), line, f.Msg)
				list = append(list, Finding{Diagnostic: d.WithRelated(f.At, "the error")})
				break
			}
		}
	}
	return list
}

// relative is a file as people call it: from the directory of the root.
func relative(root, file string) string {
	if rel, err := filepath.Rel(filepath.Dir(root), file); err == nil && filepath.IsAbs(file) {
		return rel
	}
	return file
}

// lint returns the findings of the rules that are not known already.
func (s *server) lint(ctx context.Context, v view, known []Finding) []Finding {
	if s.config.Lint == nil || !s.options.Lint || v.sn.lost {
		return nil
	}
	if !v.sn.linted {
		v.sn.lint, v.sn.linted = s.config.Lint(ctx, v.sn.profile), true
	}
	var list []Finding
	for _, f := range v.sn.lint {
		if f.At.From.Src != v.src || slices.Contains(v.sn.setup.Silence, f.Code) || slices.ContainsFunc(known, f.sameAs) {
			continue
		}
		list = append(list, f)
	}
	return list
}

// diagnostic is a finding in the words of the protocol.
func (s *server) diagnostic(v view, f Finding) diagnostic {
	d := diagnostic{Severity: severities[f.Severity], Code: f.Code, Source: "gobuild", Message: f.Msg}
	if f.At.IsValid() {
		d.Range = s.extent(v.index, visible(v.index, f.At))
	}
	if f.Hint != "" {
		d.Message += "\n" + f.Hint
	}
	if strings.HasPrefix(f.Code, "unused-") {
		d.Tags = []int{tagUnnecessary}
	}
	if s.client.Document.Publish.Related {
		for _, r := range f.Related {
			if at, ok := s.locationOf(v.sn, r.At); ok {
				d.Related = append(d.Related, relatedInfo{at, r.Msg})
			}
		}
	}
	return d
}

// severities are the numbers of the protocol.
var severities = map[diag.Severity]int{
	diag.Error: severityError, diag.Warning: severityWarning, diag.Note: severityInformation}

// visible returns at without blanks around it; of what is then empty, the line.
func visible(x *index, at diag.Span) span {
	text := at.Text()
	from := at.From.Offset + len(text) - len(strings.TrimLeft(text, " \t\r\n"))
	if text = strings.TrimSpace(text); text != "" {
		return span{from, from + len(text)}
	}
	n := x.lines.line(min(at.From.Offset, len(x.src.Text)))
	return span{x.lines.start[n], x.lines.end[n]}
}
