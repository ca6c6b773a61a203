package fetch

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts"
)

// payload is what test servers send.
const payload = "the payload of a source archive\n"

func sum(algorithm, content string) parts.Checksum {
	b := []byte(content)
	hex := map[string]string{
		"md5":    fmt.Sprintf("%x", md5.Sum(b)),
		"sha1":   fmt.Sprintf("%x", sha1.Sum(b)),
		"sha256": fmt.Sprintf("%x", sha256.Sum256(b)),
		"sha512": fmt.Sprintf("%x", sha512.Sum512(b)),
	}[algorithm]
	return parts.Checksum{Algorithm: algorithm, Hex: hex}
}

func md5sums(content string) []parts.Checksum { return []parts.Checksum{sum("md5", content)} }

// server is a web server on 127.0.0.1 that remembers what it was asked.
type server struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
	heads []http.Header
}

func serve(t *testing.T, h http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r.Method+" "+r.RequestURI)
		s.heads = append(s.heads, r.Header.Clone())
		s.mu.Unlock()
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// static serves fixed paths; all others are 404.
func static(t *testing.T, files map[string]string) *server {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		if content, ok := files[r.URL.Path]; ok {
			w.Write([]byte(content))
			return
		}
		w.WriteHeader(http.StatusNotFound)
	})
}

func (s *server) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// events keeps events.
type events struct {
	mu  sync.Mutex
	all []event.Event
}

func (s *events) Emit(e event.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, e)
}

func (s *events) of(kind event.Kind) []event.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []event.Event
	for _, e := range s.all {
		if e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}

// kit is a fetcher with what it writes to.
type kit struct {
	parts.Fetcher
	client *Client
	dir    string
	temp   string
	log    *bytes.Buffer
	events *events
}

func newKit(t *testing.T, c Config) *kit {
	t.Helper()
	setDefault(&c.Backoff, time.Microsecond)
	k := &kit{client: New(c), dir: t.TempDir(), temp: t.TempDir(), log: &bytes.Buffer{}, events: &events{}}
	k.Fetcher = k.client.For(Part{Name: "foo", Dir: k.dir, Temp: k.temp, Log: k.log, Events: k.events})
	return k
}

// get fetches a URL that must come with payload as its content.
func (k *kit) get(t *testing.T, r parts.FetchRequest) parts.Fetched {
	t.Helper()
	got, err := k.Fetch(context.Background(), r)
	if err != nil {
		t.Fatalf("Fetch(%q): %v\nlog:\n%s", r.URL, err, k.log)
	}
	if text := readFile(t, got.Path); text != payload {
		t.Fatalf("Fetch(%q) gave %q, want the payload", r.URL, text)
	}
	return got
}

// fail fetches a URL that must fail, and returns its diagnostic.
func (k *kit) fail(t *testing.T, r parts.FetchRequest) *diag.Diagnostic {
	t.Helper()
	got, err := k.Fetch(context.Background(), r)
	if err == nil {
		t.Fatalf("Fetch(%q) = %+v, want an error", r.URL, got)
	}
	var d *diag.Diagnostic
	if !errors.As(err, &d) {
		t.Fatalf("Fetch(%q): %v (%T), want a diagnostic", r.URL, err, err)
	}
	return d
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// tree lists what is below dir: `path mode` with type, content or target.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		switch {
		case d.IsDir():
			out = append(out, fmt.Sprintf("%s/ %o", rel, unixBits(info.Mode())))
		case d.Type()&fs.ModeSymlink != 0:
			target, _ := os.Readlink(path)
			out = append(out, rel+" -> "+target)
		default:
			out = append(out, fmt.Sprintf("%s %o %q", rel, unixBits(info.Mode()), readFile(t, path)))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func unixBits(m fs.FileMode) uint32 {
	bits := uint32(m.Perm())
	if m&fs.ModeSetuid != 0 {
		bits |= 0o4000
	}
	return bits
}

func wantTree(t *testing.T, dir string, want ...string) {
	t.Helper()
	got := tree(t, dir)
	if !slices.Equal(got, want) {
		t.Errorf("tree is\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// files lists the files below dir.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	for _, line := range tree(t, dir) {
		if name, _, _ := strings.Cut(line, " "); !strings.HasSuffix(name, "/") {
			out = append(out, name)
		}
	}
	return out
}

// spanOf returns the place of text in a profile.
func spanOf(profile, text string) diag.Span {
	at := strings.Index(profile, text)
	return diag.SpanOf(diag.NewSource("software.cfg", []byte(profile)), at, at+len(text))
}
