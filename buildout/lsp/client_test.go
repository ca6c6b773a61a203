package lsp

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
	"gobuild/recipes"
)

// patience ends a test that waits for an answer which does not come.
const patience = 20 * time.Second

// mark stands where the cursor is in texts of tests.
const mark = "§"

// client is an editor in the same process.
type client struct {
	t      *testing.T
	dir    string
	to     *io.PipeWriter
	from   chan reply
	ended  chan error
	next   int
	kept   []reply // notifications not yet looked at
	cancel context.CancelFunc
}

// reply is anything that the server sends.
type reply struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *rpcError       `json:"error"`
}

// diskOpener reads files; URLs are not found.
type diskOpener struct{}

func (diskOpener) Open(_ context.Context, name string, option func(string) string) (*diag.Source, error) {
	if option("offline") != "true" {
		return nil, fmt.Errorf("%s: the network would be asked", name)
	}
	return nil, os.ErrNotExist
}

func (diskOpener) Exists(name string) bool { _, err := os.Stat(name); return err == nil }

// testConfig is a server over the built-in recipes; its lint dislikes options
// named old and would name them new.
func testConfig(dir string) Config {
	return Config{Dir: dir, Home: dir, Version: "test", Recipes: recipes.Table{}, Format: cfg.Format,
		Setup: func(string) (Setup, error) {
			return Setup{Config: profile.Config{Dir: dir, Home: dir, Dialect: profile.Auto, Open: diskOpener{}, Executable: "/python",
				Condition: func(expr string) (bool, error) {
					if strings.TrimSpace(expr) == "bad" {
						return false, fmt.Errorf("name 'bad' is not defined")
					}
					return !strings.Contains(expr, "windows"), nil
				}}, Silence: []string{"silenced"}}, nil
		},
		Lint: func(_ context.Context, p *profile.Profile) []Finding {
			var list []Finding
			for _, name := range p.Names() {
				if v := p.Value(name, "old"); v != nil {
					d := diag.At(v.KeyAt(), "old-name", "option old is out of use")
					d.Severity = diag.Warning
					list = append(list, Finding{d, &Fix{"Call it new", true, []Edit{{v.KeyAt(), "new"}}}})
				}
			}
			return list
		}}
}

// start starts a server in a directory with the files of an archive and
// initializes it.
func start(t *testing.T, archive string, initialize map[string]any) *client {
	t.Helper()
	c := connect(t, archive)
	c.initialize(initialize)
	return c
}

// connect starts a server that is not initialized.
func connect(t *testing.T, archive string) *client {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	unpack(t, dir, archive)
	ctx, cancel := context.WithCancel(context.Background())
	toServer, fromClient := io.Pipe()
	fromServer, toClient := io.Pipe()
	c := &client{t: t, dir: dir, to: fromClient, from: make(chan reply, 1000), ended: make(chan error, 1), cancel: cancel}
	go func() {
		err := Serve(ctx, toServer, toClient, testConfig(dir))
		toClient.Close()
		c.ended <- err
	}()
	go c.receive(fromServer)
	t.Cleanup(func() {
		cancel()
		fromClient.Close()
		fromServer.Close()
	})
	return c
}

// unpack writes the files of an archive.
func unpack(t *testing.T, dir, archive string) {
	t.Helper()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func (c *client) receive(r io.Reader) {
	defer close(c.from)
	frames := newFrameReader(r)
	for {
		content, err := readFrame(frames)
		if err != nil {
			return
		}
		var m reply
		if err := json.Unmarshal(content, &m); err != nil {
			m = reply{Method: "not JSON: " + string(content)}
		}
		c.from <- m
	}
}

// initialize begins the conversation; members of params are added to what a
// plain client says.
func (c *client) initialize(members map[string]any) json.RawMessage {
	c.t.Helper()
	params := map[string]any{"processId": nil, "rootUri": "file://" + c.dir, "capabilities": map[string]any{
		"textDocument": map[string]any{"publishDiagnostics": map[string]any{"relatedInformation": true, "versionSupport": true},
			"documentSymbol": map[string]any{"hierarchicalDocumentSymbolSupport": true}}}}
	for k, v := range members {
		params[k] = v
	}
	result := c.result("initialize", params)
	c.notify("initialized", map[string]any{})
	return result
}

func (c *client) send(v any) {
	c.t.Helper()
	content, err := json.Marshal(v)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := writeFrame(c.to, content); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) notify(method string, params any) {
	c.t.Helper()
	c.send(map[string]any{"jsonrpc": "2.0", "method": method, "params": params})
}

// receiveOne waits for the next message of the server.
func (c *client) receiveOne() reply {
	c.t.Helper()
	select {
	case m, open := <-c.from:
		if !open {
			c.t.Fatal("the server is gone")
		}
		return m
	case <-time.After(patience):
		c.t.Fatal("the server does not answer")
	}
	return reply{}
}

// request sends a request and waits for its answer.
func (c *client) request(method string, params any) reply {
	c.t.Helper()
	c.next++
	c.send(map[string]any{"jsonrpc": "2.0", "id": c.next, "method": method, "params": params})
	return c.answerTo(fmt.Sprint(c.next))
}

func (c *client) answerTo(id string) reply {
	c.t.Helper()
	for {
		m := c.receiveOne()
		if m.Method == "" && string(m.ID) == id {
			return m
		}
		c.kept = append(c.kept, m)
	}
}

// result sends a request that must succeed.
func (c *client) result(method string, params any) json.RawMessage {
	c.t.Helper()
	m := c.request(method, params)
	if m.Error != nil {
		c.t.Fatalf("%s: %s", method, m.Error.Message)
	}
	return m.Result
}

// into sends a request that must succeed and decodes its result.
func (c *client) into(method string, params, result any) {
	c.t.Helper()
	decode(c.t, c.result(method, params), result)
}

func decode(t *testing.T, text json.RawMessage, v any) {
	t.Helper()
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func (c *client) uri(name string) string { return "file://" + filepath.Join(c.dir, name) }

// open opens a file of the archive with the text, or with that on disk when
// text is empty, and returns the position of the mark in it.
func (c *client) open(name, text string) position {
	c.t.Helper()
	if text == "" {
		content, err := os.ReadFile(filepath.Join(c.dir, name))
		if err != nil {
			c.t.Fatal(err)
		}
		text = string(content)
	}
	text, at := cursor(text)
	c.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{
		"uri": c.uri(name), "languageId": "cfg", "version": 1, "text": text}})
	return at
}

// cursor takes the mark out of a text and returns its position in UTF-16.
func cursor(text string) (string, position) {
	before, after, _ := strings.Cut(text, mark)
	return before + after, newLineTable([]byte(before+after)).position(len(before), utf16Encoding)
}

// find returns the position of the mark in needle, where needle without it
// stands in the text of a file of the archive.
func (c *client) find(name, needle string) position {
	c.t.Helper()
	content, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		c.t.Fatal(err)
	}
	before, after, _ := strings.Cut(needle, mark)
	i := strings.Index(string(content), before+after)
	if i < 0 {
		c.t.Fatalf("%q is not in %s", before+after, name)
	}
	return newLineTable(content).position(i+len(before), utf16Encoding)
}

func (c *client) place(name string, at position) map[string]any {
	return map[string]any{"textDocument": map[string]any{"uri": c.uri(name)}, "position": at}
}

func (c *client) document(name string) map[string]any {
	return map[string]any{"textDocument": map[string]any{"uri": c.uri(name)}}
}

// diagnostics waits for the next diagnostics of a file, as lines
// `line:column-line:column severity code message`.
func (c *client) diagnostics(name string) string {
	c.t.Helper()
	p := c.published(name)
	var b strings.Builder
	for _, d := range p.Diagnostics {
		fmt.Fprintf(&b, "%s %d %s %s\n", rangeText(d.Range), d.Severity, d.Code, strings.ReplaceAll(d.Message, "\n", " | "))
		for _, r := range d.Related {
			fmt.Fprintf(&b, "  %s %s\n", c.placeText(r.Location), r.Message)
		}
	}
	return b.String()
}

func (c *client) published(name string) publishParams {
	c.t.Helper()
	m := c.notification("textDocument/publishDiagnostics", func(m reply) bool {
		return strings.Contains(string(m.Params), `"`+c.uri(name)+`"`)
	})
	var p publishParams
	decode(c.t, m.Params, &p)
	return p
}

// notification waits for a message of the server.
func (c *client) notification(method string, is func(reply) bool) reply {
	c.t.Helper()
	for i, m := range c.kept {
		if m.Method == method && is(m) {
			c.kept = append(c.kept[:i:i], c.kept[i+1:]...)
			return m
		}
	}
	for {
		m := c.receiveOne()
		if m.Method == method && is(m) {
			return m
		}
		c.kept = append(c.kept, m)
	}
}

// rangeText and placeText write places with lines and columns from 1.
func rangeText(r extent) string {
	return fmt.Sprintf("%d:%d-%d:%d", r.Start.Line+1, r.Start.Character+1, r.End.Line+1, r.End.Character+1)
}

func (c *client) placeText(l location) string {
	return strings.TrimPrefix(l.URI, "file://"+c.dir+"/") + ":" + rangeText(l.Range)
}

func (c *client) placesText(list []location) string {
	var b strings.Builder
	for _, l := range list {
		b.WriteString(c.placeText(l) + "\n")
	}
	return b.String()
}

// changed applies a workspace edit with `changes` to the files on disk and
// returns the texts that changed, as an archive.
func (c *client) changed(w workspaceEdit) string {
	c.t.Helper()
	var out txtar.Archive
	for _, name := range []string{"base.cfg", "software.cfg", "other.cfg"} {
		edits := w.Changes[c.uri(name)]
		if len(edits) == 0 {
			continue
		}
		content, err := os.ReadFile(filepath.Join(c.dir, name))
		if err != nil {
			c.t.Fatal(err)
		}
		out.Files = append(out.Files, txtar.File{Name: name, Data: apply(content, edits)})
	}
	return string(txtar.Format(&out))
}

// apply makes edits, the last one first.
func apply(text []byte, edits []textEdit) []byte {
	table := newLineTable(text)
	result := string(text)
	for done := len(text) + 1; ; {
		best, from, to := -1, -1, 0
		for i, e := range edits {
			if f := table.offset(e.Range.Start, utf16Encoding); f < done && f > from {
				best, from, to = i, f, table.offset(e.Range.End, utf16Encoding)
			}
		}
		if best < 0 {
			return []byte(result)
		}
		result = result[:from] + edits[best].NewText + result[to:]
		done = from
	}
}

// replaceDir makes a text independent of where the test runs.
func replaceDir(text, dir string) string { return strings.ReplaceAll(text, dir, "DIR") }

// same compares two texts.
func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\ngot:\n%s\nwant:\n%s", what, got, want)
	}
}
