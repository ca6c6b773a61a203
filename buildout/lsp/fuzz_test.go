package lsp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// answerable are the requests that are about a document.
var answerable = []string{"definition", "references", "documentHighlight", "hover", "completion", "prepareRename", "rename",
	"documentLink", "documentSymbol", "foldingRange", "formatting", "codeAction"}

// fuzzed is a server without a stream, in which a panic is one.
func fuzzed(t testing.TB, dir string) *server {
	s := newServer(testConfig(dir), io.Discard)
	s.pace.strict = true
	s.handle(callOf(t, "initialize", map[string]any{"capabilities": map[string]any{"textDocument": map[string]any{
		"publishDiagnostics": map[string]any{"relatedInformation": true}}}}))
	return s
}

func callOf(t testing.TB, method string, params any) call {
	text, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	return call{message: message{Method: method, ID: json.RawMessage("1"), Params: text}, ctx: t.Context(), done: func() {}}
}

// FuzzDocument opens and changes any text and asks everything about any place
// in it: no panic, an answer to each request, and findings within the text.
func FuzzDocument(f *testing.F) {
	for _, s := range []string{
		"[buildout]\nparts = a\nextends = b.cfg\n[a]\nrecipe = slapos.recipe.cmmi\nurl = ${:x} ${b:y} ${\n<= c\n",
		"[a:bad]\r\nx +=\r  1\n", "=> a\n", "[a]\n=> b ${c:d}\n<=\n  a\n  b\n", "[a]\n\U0001f600 = ${a:\U0001f600}\n", "\x85x\u2003=\n[", "[a]\nx = $${a:b} $$${:x}",
		"[buildout]\nparts += ${:parts}\nversions = v\n[v]\nx -= 1\nx += 2\n", "[b]\n<= a\n[a]\n<= b\n",
	} {
		f.Add(s, "[b]\ny = ${a:url}\n<= a\n", 2, 3, "z")
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text, other string, line, character int, typed string) {
		if len(text) > 1<<14 || len(other) > 1<<12 {
			return
		}
		s := fuzzed(t, dir)
		uri := uriOf(filepath.Join(dir, "software.cfg"))
		for name, content := range map[string]string{uri: text, uriOf(filepath.Join(dir, "b.cfg")): other} {
			s.handle(callOf(t, "textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": name, "version": 1, "text": content}}))
		}
		at := position{line, character}
		ask(t, s, uri, at, typed)
		s.handle(callOf(t, "textDocument/didChange", map[string]any{"textDocument": map[string]any{"uri": uri, "version": 2},
			"contentChanges": []any{map[string]any{"range": extent{at, position{line, character + 1}}, "text": typed}}}))
		ask(t, s, uri, at, typed)
		s.publish(t.Context())
	})
}

// ask sends every request about a place.
func ask(t *testing.T, s *server, uri string, at position, typed string) {
	var out bytes.Buffer
	s.out = &outbox{w: &out}
	for _, name := range answerable {
		s.handle(callOf(t, "textDocument/"+name, map[string]any{"textDocument": map[string]any{"uri": uri}, "position": at,
			"newName": typed, "range": extent{at, position{at.Line + 3, 0}}, "context": map[string]any{"includeDeclaration": true}}))
	}
	s.handle(callOf(t, "workspace/symbol", map[string]any{"query": typed}))
	frames := newFrameReader(&out)
	for range len(answerable) + 1 {
		content, err := readFrame(frames)
		if err != nil {
			t.Fatal(err)
		}
		var m reply
		if err := json.Unmarshal(content, &m); err != nil {
			t.Fatalf("%s: %v", content, err)
		}
		if m.Error != nil && m.Error.Code == codeInternal {
			t.Fatalf("%s", content)
		}
	}
	for _, f := range s.snapshot(t.Context(), s.root(pathOf(uri, ""))).diagnose() {
		if !f.At.IsValid() {
			continue
		}
		if f.At.From.Offset < 0 || f.At.To.Offset > len(f.At.From.Src.Text) || f.At.To.Offset < f.At.From.Offset {
			t.Fatalf("%s at %d-%d of %d bytes", f.Code, f.At.From.Offset, f.At.To.Offset, len(f.At.From.Src.Text))
		}
	}
}

// FuzzRename renames a section and reads the result: the profile has the same
// shape as before under the new name.
func FuzzRename(f *testing.F) {
	f.Add("[buildout]\nparts = a\n[a]\nx = ${a:y} ${b:x}\n[b]\n<= a\n=> a\n", 11)
	f.Add("[a]\n[b]\nx = ${a:y}$${a:z}\n", 1)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string, offset int) {
		if len(text) > 1<<12 || offset < 0 || strings.Contains(text, "newname") || strings.Contains(text, "extends") {
			return
		}
		s := fuzzed(t, dir)
		uri := uriOf(filepath.Join(dir, "software.cfg"))
		open := func(text string) view {
			s.handle(callOf(t, "textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": uri, "version": 1, "text": text}}))
			v, err := s.view(t.Context(), uri)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		v := open(text)
		sub := v.subject(min(offset, len(v.src.Text)))
		if sub == nil || sub.what != aSection {
			return
		}
		at := v.lines.position(sub.at.from, utf16Encoding)
		value, err := s.rename(t.Context(), &renameParams{placeParams{documentID{uri}, at}, "newname"})
		if err != nil {
			return
		}
		before := shape(v.index, sub.section, "newname")
		after := open(string(apply(v.src.Text, value.(*workspaceEdit).Changes[uri])))
		if got := shape(after.index, "", ""); got != before {
			t.Fatalf("renaming %q in %q:\ngot:\n%s\nwant:\n%s", sub.section, text, got, before)
		}
	})
}

// shape lists what names sections in a file, with one name replaced.
func shape(x *index, old, new string) string {
	name := func(n string) string {
		if n == old {
			return new
		}
		return n
	}
	var b strings.Builder
	for _, block := range x.blocks {
		fmt.Fprintf(&b, "[%s]\n", name(block.name))
	}
	for _, r := range x.refs {
		if r.kind <= toSection && r.section != "" {
			fmt.Fprintf(&b, "%d %s %s\n", r.kind, name(r.section), r.option)
		}
	}
	return b.String()
}
