package lsp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// stack is a profile of two files with a macro.
const stack = `
-- base.cfg --
[buildout]
parts = zlib

[template]
recipe = slapos.recipe.cmmi
url = https://example.invalid/${:name}-${:version}.tar.gz
md5sum = 9855b6d802d7fe5b7bd5b196a2271655
version = 1.0

[zlib]
<= template
name = zlib
version = 1.3.1
-- software.cfg --
[buildout]
extends = base.cfg
parts += app

[app]
recipe = slapos.recipe.cmmi
url = https://example.invalid/app.tar.gz
md5sum = 9855b6d802d7fe5b7bd5b196a2271655
configure-options =
  --with-zlib=${zlib:location}
  --version=${zlib:version}
environment =
  NAME=${:url}

[zlib]
version = 1.3.2
`

func TestLifecycle(t *testing.T) {
	c := connect(t, stack)
	if m := c.request("textDocument/hover", c.place("base.cfg", position{})); m.Error == nil || m.Error.Code != codeNotInitialized {
		t.Errorf("before initialize: %+v", m)
	}
	result := string(c.initialize(map[string]any{}))
	for _, want := range []string{`"positionEncoding":"utf-16"`, `"change":2`, `"name":"gobuild"`, `"version":"test"`} {
		if !strings.Contains(result, want) {
			t.Errorf("initialize answers %s without %s", result, want)
		}
	}
	if m := c.request("no/such", nil); m.Error == nil || m.Error.Code != codeNoMethod {
		t.Errorf("unknown method: %+v", m)
	}
	if m := c.request("initialize", map[string]any{}); m.Error == nil || m.Error.Code != codeInvalidRequest {
		t.Errorf("initialize again: %+v", m)
	}
	if m := c.request("textDocument/hover", []int{1}); m.Error == nil || m.Error.Code != codeInvalidParams {
		t.Errorf("wrong parameters: %+v", m)
	}
	if m := c.request("textDocument/hover", c.place("base.cfg", position{})); m.Error == nil || m.Error.Code != codeInvalidParams {
		t.Errorf("document that is not open: %+v", m)
	}
	if got := string(c.result("shutdown", nil)); got != "null" {
		t.Errorf("shutdown answers %s", got)
	}
	if m := c.request("workspace/symbol", map[string]any{"query": ""}); m.Error == nil || m.Error.Code != codeInvalidRequest {
		t.Errorf("after shutdown: %+v", m)
	}
	c.notify("exit", nil)
	if err := c.end(); err != nil {
		t.Errorf("exit after shutdown: %v", err)
	}
}

// end waits for the server to end.
func (c *client) end() error {
	c.t.Helper()
	select {
	case err := <-c.ended:
		return err
	case <-time.After(patience):
		c.t.Fatal("the server does not end")
	}
	return nil
}

func TestEndWithoutShutdown(t *testing.T) {
	c := start(t, stack, nil)
	c.notify("exit", nil)
	if err := c.end(); !errors.Is(err, ErrNoShutdown) {
		t.Errorf("exit without shutdown: %v", err)
	}
	c = start(t, stack, nil)
	c.to.Close()
	if err := c.end(); !errors.Is(err, ErrNoShutdown) {
		t.Errorf("end of input without shutdown: %v", err)
	}
	c = start(t, stack, nil)
	c.result("shutdown", nil)
	c.to.Close()
	if err := c.end(); err != nil {
		t.Errorf("end of input after shutdown: %v", err)
	}
	c = start(t, stack, nil)
	c.cancel()
	if err := c.end(); err == nil {
		t.Error("no error after cancellation")
	}
}

func TestMalformedMessages(t *testing.T) {
	c := start(t, stack, nil)
	for _, m := range []struct {
		text string
		code int
	}{
		{"{", codeParse}, {"\xff", codeParse}, {"[]", codeInvalidRequest}, {`{"method":1}`, codeInvalidRequest}, {"3", codeInvalidRequest},
	} {
		if err := writeFrame(c.to, []byte(m.text)); err != nil {
			t.Fatal(err)
		}
		if got := c.answerTo("null"); got.Error == nil || got.Error.Code != m.code {
			t.Errorf("%q: got %+v, want code %d", m.text, got.Error, m.code)
		}
	}
	// An answer to nothing, notifications that are unknown or wrong: no answer.
	c.send(map[string]any{"jsonrpc": "2.0", "id": 7, "result": nil})
	c.notify("$/setTrace", map[string]any{"value": "off"})
	c.notify("textDocument/didChange", map[string]any{"textDocument": map[string]any{"uri": "file:///nothing"}})
	c.result("workspace/symbol", map[string]any{"query": ""})
}

func TestBrokenFrameEnds(t *testing.T) {
	c := start(t, stack, nil)
	if _, err := io.WriteString(c.to, "Content-Length: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := c.end(); err == nil || !strings.Contains(err.Error(), "Content-Length") {
		t.Errorf("got %v", err)
	}
}

// TestCancel cancels a request that waits behind another message.
func TestCancel(t *testing.T) {
	dir := t.TempDir()
	var in, out bytes.Buffer
	for _, m := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}`,
		`{"jsonrpc":"2.0","id":"two","method":"workspace/symbol","params":{"query":""}}`,
		`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":"two"}}`,
		`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":"none"}}`,
		`{"jsonrpc":"2.0","method":"$/cancelRequest","params":7}`,
	} {
		if err := writeFrame(&in, []byte(m)); err != nil {
			t.Fatal(err)
		}
	}
	s := newServer(testConfig(dir), &out)
	s.in = receive(t.Context(), &in)
	var calls []call
	for c := range s.in.queue { // all is read, so the cancellation is noted
		calls = append(calls, c)
	}
	for _, c := range calls {
		s.handle(c)
	}
	if !strings.Contains(out.String(), fmt.Sprintf(`"id":"two","error":{"code":%d`, codeCancelled)) {
		t.Errorf("got %s", out.String())
	}
	if len(s.in.pending) > 0 {
		t.Errorf("%d requests are still pending", len(s.in.pending))
	}
}

func TestPanicIsAnswered(t *testing.T) {
	var out bytes.Buffer
	s := newServer(testConfig(t.TempDir()), &out)
	s.phase = running
	s.config.Format = nil
	s.files = nil
	_, err := func() (v any, err error) {
		defer s.survive("test", &err)
		return s.document("file:///x")
	}()
	var e *rpcError
	if !errors.As(err, &e) || e.Code != codeInternal {
		t.Errorf("got %v", err)
	}
}

// TestSync applies the same changes to a document and to a string.
func TestSync(t *testing.T) {
	c := start(t, "-- a.cfg --\n[a]\n", nil)
	c.open("a.cfg", "[a]\nx = 😀é1\r\n[b]\n")
	change := func(from, to position, text string) map[string]any {
		return map[string]any{"range": extent{from, to}, "text": text}
	}
	c.notify("textDocument/didChange", map[string]any{
		"textDocument": map[string]any{"uri": c.uri("a.cfg"), "version": 2},
		"contentChanges": []any{
			change(position{1, 6}, position{1, 7}, "ü"),    // é behind the surrogate pair
			change(position{1, 4}, position{1, 6}, "€"),    // the pair itself
			change(position{2, 1}, position{2, 2}, "c"),    // [c]
			change(position{9, 0}, position{9, 0}, "y=2"),  // behind the end
			change(position{1, 99}, position{1, 0}, "3\n"), // end before begin: an insertion
		}})
	var symbols []documentSymbol
	c.into("textDocument/documentSymbol", c.document("a.cfg"), &symbols)
	got := fmt.Sprint(symbols[0].Name, symbols[0].Children[0].Detail, symbols[1].Name, symbols[1].Children[0].Detail)
	if want := fmt.Sprint("a", "€ü13", "c", "2"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	c.notify("textDocument/didChange", map[string]any{
		"textDocument":   map[string]any{"uri": c.uri("a.cfg"), "version": 3},
		"contentChanges": []any{map[string]any{"text": "[z]\nq = 1\n"}}})
	c.into("textDocument/documentSymbol", c.document("a.cfg"), &symbols)
	if len(symbols) != 1 || symbols[0].Name != "z" {
		t.Errorf("after a full change: %+v", symbols)
	}
}

func TestEncodings(t *testing.T) {
	for _, e := range []struct {
		offered []encoding
		want    encoding
		column  int
	}{
		{nil, utf16Encoding, 8}, {[]encoding{"utf-8", "utf-16"}, utf8Encoding, 10},
		{[]encoding{"utf-32", "utf-8"}, utf32Encoding, 7}, {[]encoding{"ebcdic"}, utf16Encoding, 8},
	} {
		c := connect(t, "-- a.cfg --\n[buildout]\n")
		result := c.initialize(map[string]any{"capabilities": map[string]any{"general": map[string]any{"positionEncodings": e.offered}}})
		if !strings.Contains(string(result), `"positionEncoding":"`+string(e.want)+`"`) {
			t.Errorf("%v: %s", e.offered, result)
		}
		c.open("a.cfg", "[buildout]\nx = 😀 ${no:where}\n")
		p := c.published("a.cfg")
		if len(p.Diagnostics) != 1 || p.Diagnostics[0].Range.Start.Character != e.column+1 {
			t.Errorf("%v: %+v", e.offered, p.Diagnostics)
		}
	}
}

func TestUnsavedTextCounts(t *testing.T) {
	c := start(t, stack, nil)
	c.open("software.cfg", "")
	same(t, "on disk", c.diagnostics("software.cfg"), "")
	c.open("base.cfg", "[buildout]\nparts =\n")
	got := c.diagnostics("software.cfg")
	if !strings.Contains(got, "unknown-section The referenced section, 'zlib', was not defined.") &&
		!strings.Contains(got, "unknown-option Referenced option does not exist: zlib location") {
		t.Errorf("with a base that is emptied in the editor: %s", got)
	}
	c.notify("textDocument/didClose", c.document("base.cfg"))
	same(t, "after the base is closed", c.diagnostics("software.cfg"), "")
}

func TestChangeOnDiskCounts(t *testing.T) {
	c := start(t, stack, map[string]any{"capabilities": map[string]any{"workspace": map[string]any{
		"didChangeWatchedFiles": map[string]any{"dynamicRegistration": true}}}})
	m := c.notification("client/registerCapability", func(reply) bool { return true })
	if !strings.Contains(string(m.Params), "**/*.cfg") {
		t.Errorf("registration: %s", m.Params)
	}
	c.open("software.cfg", "")
	same(t, "at first", c.diagnostics("software.cfg"), "")
	if err := os.WriteFile(filepath.Join(c.dir, "base.cfg"), []byte("[nothing]\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	c.notify("workspace/didChangeWatchedFiles", map[string]any{"changes": []any{}})
	if got := c.diagnostics("software.cfg"); !strings.Contains(got, "zlib") {
		t.Errorf("after the change on disk: %q", got)
	}
}
