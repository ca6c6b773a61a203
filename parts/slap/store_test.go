package slap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"gobuild/buildout/diag"
)

// open returns the client of a partition of a store.
func open(t *testing.T, dir, id string) *Store {
	t.Helper()
	c, err := Open(Connection{Server: "file://" + dir, Computer: "local", Partition: id, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	return c.(*Store)
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestOpen(t *testing.T) {
	if _, err := Open(Connection{Server: "https://user:pw@example.org", Partition: "a"}); !errors.Is(err, ErrRemote) || strings.Contains(err.Error(), "pw") {
		t.Errorf("a remote master: %v", err)
	}
	for _, c := range []Connection{{Server: "file://relative", Partition: "a"}, {Server: "/a"}} {
		if _, err := Open(c); err == nil || errors.Is(err, ErrRemote) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if s := open(t, "/a//b/", "x/../y"); s.Dir != "/a/b" || s.ID != "x%2F..%2Fy" {
		t.Errorf("%+v", s)
	}
}

func TestFileID(t *testing.T) {
	for id, want := range map[string]string{
		"slappart0": "slappart0", "main.a": "main.a", "..": "%2E.", "a b": "a%20b", "a%20b": "a%20b", "100%": "100%25", "a%zz": "a%25zz", "é": "%C3%A9",
	} {
		if got := FileID(id); got != want || FileID(got) != got {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
	long := strings.Repeat("x", 300)
	if a, b := FileID(long+"a"), FileID(long+"b"); a == b || len(a) > longestID || FileID(a) != a {
		t.Errorf("%q and %q", a, b)
	}
}

// Nothing is asked of a partition without files: it has what is usual.
func TestPartitionDefaults(t *testing.T) {
	p, err := open(t, t.TempDir(), "main").Partition(t.Context())
	must(t, err)
	want := &Partition{Computer: "local", ID: "main", SoftwareType: "default", Title: "main", RootTitle: "main", RootShortTitle: "main",
		GUID: "local-main", State: Started, Parameters: Values{Texts: map[string]string{}, Value: map[string]any{}},
		IPv4: []string{"127.0.0.1"}, IPv6: []string{"::1"}}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("\n got %+v\nwant %+v", p, want)
	}
}

func TestParameters(t *testing.T) {
	for name, c := range map[string]struct {
		text      string
		plain     map[string]string
		unwrapped any
	}{
		"texts":      {`{"parameters": {"a": "1"}}`, map[string]string{"a": "1"}, map[string]any{"a": "1"}},
		"others":     {`{"parameters": {"a": true, "b": [1, "x"]}}`, map[string]string{"a": "true", "b": `[1,"x"]`}, map[string]any{"a": true, "b": []any{jsonNumber("1"), "x"}}},
		"magic":      {`{"parameters": {"_": "{\"a\": null}"}}`, map[string]string{"_": `{"a": null}`}, map[string]any{"a": nil}},
		"serialised": {`{"_": {"b": 1.50, "a": "<&>"}}`, map[string]string{"_": `{"a":"<&>","b":1.50}`}, map[string]any{"a": "<&>", "b": jsonNumber("1.50")}},
		"as text":    {`{"_": "[1]"}`, map[string]string{"_": `[1]`}, []any{jsonNumber("1")}},
		"no object":  {`{"_": [1]}`, map[string]string{"_": `[1]`}, []any{jsonNumber("1")}},
	} {
		dir := t.TempDir()
		put(t, dir+"/a/parameters.json", c.text)
		p, err := open(t, dir, "a").Partition(t.Context())
		must(t, err)
		if got := p.Parameters.Plain(); !reflect.DeepEqual(got, c.plain) {
			t.Errorf("%s: plain %q, want %q", name, got, c.plain)
		}
		if got := p.Parameters.Unwrapped(); !reflect.DeepEqual(got, c.unwrapped) {
			t.Errorf("%s: %#v, want %#v", name, got, c.unwrapped)
		}
	}
}

func TestBadFiles(t *testing.T) {
	for text, want := range map[string]string{
		`{"state": "running"}`: `the state "running" is none of started, stopped and destroyed`,
		"{\n \"sate\": 1}":     `2:2: there is no "sate" in this file`,
		`{"ipv4": "x"}`:        `1:12: ipv4 may not be a string`,
		`{"title": "x"`:        `1:13: the file ends within a value`,
		``:                     `1:1: the file ends within a value`,
		`{"title": x}`:         `1:11: invalid character 'x' looking for beginning of value`,
		`{} {}`:                `1:4: there is something behind the JSON value`,
	} {
		dir := t.TempDir()
		put(t, dir+"/a/parameters.json", text)
		_, err := open(t, dir, "a").Partition(t.Context())
		var d *diag.Diagnostic
		if !errors.As(err, &d) || d.Code != "slap-file" {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := d.Msg
		if d.At.IsValid() {
			line, column := d.At.From.LineColumn()
			got = fmt.Sprintf("%d:%d: %s", line, column, got)
		}
		if !strings.HasSuffix(got, want) {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestPublish(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s := open(t, dir, "a")
	v, err := s.Published(t.Context())
	must(t, err)
	if len(v.Plain()) != 0 {
		t.Errorf("published before: %+v", v)
	}
	must(t, s.Publish(t.Context(), "slave", Values{Texts: map[string]string{"u": "1"}}))
	must(t, s.Publish(t.Context(), "", Values{Serialised: true, Value: map[string]any{"p": 1}, Secret: []string{"p"}}))
	v, err = s.Published(t.Context())
	must(t, err)
	if got := v.Plain(); !reflect.DeepEqual(got, map[string]string{"_": `{"p":1}`}) || !reflect.DeepEqual(v.Secret, []string{"p"}) {
		t.Errorf("published %q, secret %q", got, v.Secret)
	}
	path := dir + "/a/published.json"
	before, err := os.Stat(path)
	must(t, err)
	must(t, s.Publish(t.Context(), "", Values{Serialised: true, Value: map[string]any{"p": 1}, Secret: []string{"p"}}))
	after, err := os.Stat(path)
	must(t, err)
	if !os.SameFile(before, after) {
		t.Error("the same was written again")
	}
	for path, mode := range map[string]os.FileMode{path: 0o600, dir: 0o700, dir + "/a": 0o700, dir + "/.lock": 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v, want %v", path, info.Mode().Perm(), err, mode)
		}
	}
}

// request is a wish for an instance with one parameter.
func request(name, value string) Request {
	return Request{Name: name, SoftwareURL: "soft", SoftwareType: "default", State: Started, Parameters: Values{Texts: map[string]string{"p": value}}}
}

func TestRequest(t *testing.T) {
	dir := t.TempDir()
	root := open(t, dir, "root")
	put(t, dir+"/root/parameters.json", `{"title": "The Root"}`)
	i, err := root.Look(t.Context(), request("x", "1"))
	must(t, err)
	if i.State != "" {
		t.Errorf("before: %+v", i)
	}
	if _, err := os.Stat(dir + "/root.x"); err == nil {
		t.Error("Look has written")
	}
	i, err = root.Request(t.Context(), request("x", "1"))
	must(t, err)
	if i.State != Started || i.GUID != "local-root.x" || !strings.Contains(i.Hint, "slap-connection:partition-id=root.x") {
		t.Errorf("asked: %+v", i)
	}
	x := open(t, dir, "root.x")
	p, err := x.Partition(t.Context())
	must(t, err)
	if p.Title != "x" || p.RootTitle != "The Root" || p.Parameters.Plain()["p"] != "1" {
		t.Errorf("%+v", p)
	}
	// The child asks: the name counts in the whole tree.
	i, err = x.Request(t.Context(), request("y", "2"))
	must(t, err)
	if i.GUID != "local-root.y" {
		t.Errorf("child of the child: %+v", i)
	}
	if _, err := x.Request(t.Context(), request("x", "2")); err == nil || !strings.Contains(err.Error(), "asks for itself") {
		t.Errorf("a request for itself: %v", err)
	}
	must(t, open(t, dir, "root.y").Publish(t.Context(), "", Values{Texts: map[string]string{"url": "u"}}))
	i, err = root.Look(t.Context(), request("y", "2"))
	must(t, err)
	if got := i.Connection.Plain()["url"]; got != "u" {
		t.Errorf("connection %q", got)
	}
}

// What a request does not speak of stays, and a state may change.
func TestRequestAgain(t *testing.T) {
	dir := t.TempDir()
	root := open(t, dir, "root")
	_, err := root.Request(t.Context(), Request{Name: "x", State: Destroyed})
	must(t, err)
	if _, err := os.Stat(dir + "/root.x"); err == nil {
		t.Error("what is to be destroyed was made")
	}
	put(t, dir+"/root.x/parameters.json", `{"ipv4": ["10.0.0.1"], "slaves": [{"reference": "s"}]}`)
	r := request("x", "1")
	r.State = Stopped
	i, err := root.Request(t.Context(), r)
	must(t, err)
	p, err := open(t, dir, "root.x").Partition(t.Context())
	must(t, err)
	if i.State != Stopped || p.State != Stopped || p.IPv4[0] != "10.0.0.1" || len(p.Slaves) != 1 {
		t.Errorf("%+v, %+v", i, p)
	}
	r.State = "started again"
	if _, err := root.Request(t.Context(), r); err == nil {
		t.Error("a state that is none was taken")
	}
}

func TestShared(t *testing.T) {
	dir := t.TempDir()
	root := open(t, dir, "root")
	r := request("site", "1")
	r.Shared = true
	i, err := root.Request(t.Context(), r)
	must(t, err)
	if i.State != "" {
		t.Errorf("nobody serves it: %+v", i)
	}
	put(t, dir+"/front/parameters.json", `{"software-release-url": "soft", "slaves": [{"reference": "by hand", "_": {"q": 2}}]}`)
	put(t, dir+"/other/parameters.json", `{"software-release-url": "other"}`)
	_, err = root.Request(t.Context(), r)
	must(t, err)
	front := open(t, dir, "front")
	p, err := front.Partition(t.Context())
	must(t, err)
	if len(p.Slaves) != 2 || p.Slaves[0].Parameters.Plain()["_"] != `{"q":2}` || p.Slaves[1].Reference != "root.site" || p.Slaves[1].Title != "site" ||
		p.Slaves[1].Parameters.Plain()["p"] != "1" {
		t.Errorf("slaves %+v", p.Slaves)
	}
	must(t, front.Publish(t.Context(), "root.site", Values{Texts: map[string]string{"url": "u"}}))
	i, err = root.Look(t.Context(), r)
	must(t, err)
	if i.State != Started || i.Connection.Plain()["url"] != "u" {
		t.Errorf("%+v", i)
	}
	r.Filter = map[string]string{"instance_guid": "local-elsewhere"}
	if i, err := root.Look(t.Context(), r); err != nil || i.State != "" {
		t.Errorf("another provider: %+v, %v", i, err)
	}
	r.Filter["instance_guid"], r.State = "local-front", Destroyed
	_, err = root.Request(t.Context(), r)
	must(t, err)
	if p, err := front.Partition(t.Context()); err != nil || len(p.Slaves) != 1 {
		t.Errorf("slaves %+v, %v", p.Slaves, err)
	}
}

func TestReport(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, "a")
	must(t, s.Report(t.Context(), nil))
	must(t, s.Report(t.Context(), map[string]string{"s": "bad"}))
	if text, err := os.ReadFile(dir + "/a/errors.json"); err != nil || !strings.Contains(string(text), `"s": "bad"`) {
		t.Errorf("%s, %v", text, err)
	}
	must(t, s.Report(t.Context(), nil))
	if _, err := os.Stat(dir + "/a/errors.json"); err == nil {
		t.Error("errors.json is still there")
	}
}

// Several writers at once lose nothing.
func TestWriters(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/front/parameters.json", "{}")
	var wait sync.WaitGroup
	for n := range 8 {
		wait.Go(func() {
			s := &Store{Dir: dir, Computer: "local", ID: fmt.Sprint("p", n), NoSync: true}
			r := request("site", "1")
			r.Shared = true
			if _, err := s.Request(context.Background(), r); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	p, err := open(t, dir, "front").Partition(t.Context())
	if err != nil || len(p.Slaves) != 8 {
		t.Errorf("%d slaves, %v", len(p.Slaves), err)
	}
}

// A writer that waits ends with its context.
func TestLockCancelled(t *testing.T) {
	s := open(t, t.TempDir(), "a")
	ctx, cancel := context.WithCancel(t.Context())
	must(t, s.locked(t.Context(), func() error {
		cancel()
		err := s.locked(ctx, func() error { t.Error("two writers at once"); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		return nil
	}))
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"parameters": {"a": 1}, "_": null}`))
	f.Add([]byte(`{"slaves": [{"reference": "x"`))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		var w wishFile
		if _, err := read(path, &w); err == nil {
			v := values(w.Parameters, w.Serialised, w.Secret)
			v.Plain()
			v.Unwrapped()
		}
	})
}

func jsonNumber(text string) json.Number { return json.Number(text) }
