package service

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gobuild/buildout/diag"
)

// newWeb serves a directory on a socket and returns a client that reaches it by
// any URL.
func newWeb(t *testing.T, change func(*Web)) (*http.Client, Web) {
	t.Helper()
	dir := t.TempDir()
	s := Web{Socket: filepath.Join(dir, "s"), Dir: filepath.Join(dir, "www"), Log: filepath.Join(dir, "log")}
	if err := os.Mkdir(s.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&s)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		for {
			c, err := (&net.Dialer{}).DialContext(ctx, "unix", s.Socket)
			if err == nil || ctx.Err() != nil {
				return c, err
			}
			time.Sleep(time.Millisecond) // until the server listens
		}
	}}}
	t.Cleanup(client.CloseIdleConnections)
	return client, s
}

// asked returns the status and the body of an answer.
func asked(t *testing.T, r *http.Response, err error) (int, string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

func TestWebRead(t *testing.T) {
	client, s := newWeb(t, nil)
	if err := os.WriteFile(filepath.Join(s.Dir, "a.txt"), []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/a.txt": 200, "/": 200, "/none": 404, "/%2e%2e/log": 404} {
		r, err := client.Get("http://x" + path)
		if status, body := asked(t, r, err); status != want || path == "/a.txt" && body != "text" {
			t.Errorf("%s: status %d, %q; want %d", path, status, body, want)
		}
	}
	r, err := client.PostForm("http://x/", url.Values{"path": {"b"}, "content": {"c"}})
	if status, body := asked(t, r, err); status != 403 || body != "Forbidden" {
		t.Errorf("POST: status %d, %q", status, body)
	}
	log, err := os.ReadFile(s.Log)
	if err != nil || !strings.Contains(string(log), ` INFO - <unnamedsocket> - - "GET /a.txt HTTP/1.1" 200`+"\n") {
		t.Errorf("log %s, %v", log, err)
	}
}

func TestWebWrite(t *testing.T) {
	client, s := newWeb(t, func(s *Web) { s.Write = true })
	if err := os.Symlink("..", filepath.Join(s.Dir, "out")); err != nil {
		t.Fatal(err)
	}
	post := func(values url.Values) (int, string) {
		r, err := client.PostForm("http://x/", values)
		return asked(t, r, err)
	}
	if status, body := post(url.Values{"path": {"sub/f"}, "content": {"one\n"}, "clear": {"1"}}); status != 200 || body != "Content written to sub/f" {
		t.Errorf("status %d, %q", status, body)
	}
	post(url.Values{"path": {filepath.Join(s.Dir, "sub/f")}, "content": {"two\n"}})
	if text, err := os.ReadFile(filepath.Join(s.Dir, "sub/f")); err != nil || string(text) != "one\ntwo\n" {
		t.Errorf("%q, %v", text, err)
	}
	for _, path := range []string{"../f", "/etc/f", "", ".", "sub/../../f"} {
		if status, _ := post(url.Values{"path": {path}, "content": {"x"}}); status != 403 {
			t.Errorf("%q: status %d", path, status)
		}
	}
	if status, _ := post(url.Values{"path": {"out/f"}, "content": {"x"}}); status != 500 {
		t.Errorf("by a link: status %d", status)
	}
	if _, err := os.Stat(filepath.Join(s.Dir, "../f")); err == nil {
		t.Error("a file outside of the directory was written")
	}
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	m.WriteField("path", "upload")
	w, _ := m.CreateFormFile("content", "x")
	io.WriteString(w, "bytes\x00")
	m.Close()
	r, err := client.Post("http://x/", m.FormDataContentType(), &form)
	if status, body := asked(t, r, err); status != 200 {
		t.Errorf("upload: status %d, %q", status, body)
	}
	if text, err := os.ReadFile(filepath.Join(s.Dir, "upload")); err != nil || string(text) != "bytes\x00" {
		t.Errorf("%q, %v", text, err)
	}
}

// TestWebSocket: a socket that was left behind is replaced, one in use is not.
func TestWebSocket(t *testing.T) {
	dir := t.TempDir()
	s := Web{Socket: filepath.Join(dir, "s"), Dir: dir, Log: os.DevNull}
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: s.Socket})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	if l, err := s.listen(t.Context()); err == nil {
		l.Close()
		t.Error("a socket in use was replaced")
	}
	left.Close()
	l, err := s.listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := os.WriteFile(s.Socket, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if l, err := s.listen(t.Context()); err == nil {
		l.Close()
		t.Error("a file was replaced")
	}
}

func TestWebAddress(t *testing.T) {
	for _, s := range []Web{{}, {Host: "h"}, {Port: "1"}, {Host: "h", Port: "1", Socket: "s"}, {Socket: "s", Abstract: "a"}, {Port: "1", Abstract: "a"}} {
		var d *diag.Diagnostic
		if err := s.Serve(t.Context()); !errors.As(err, &d) || d.Msg != "Specify one of (host, port) | socketpath | abstract" {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

func TestStamp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	now := func() time.Time { return time.Unix(1700000000, 0).UTC() }
	for _, text := range []string{"a\nb", ""} {
		if err := Stamp(strings.NewReader(text), path, now); err != nil {
			t.Fatal(err)
		}
	}
	const at = "2023-11-14.22:13.1700000000: "
	want := at + "a\n" + at + "b\n" + at + "------------------------\n" + at + "------------------------\n"
	if text, err := os.ReadFile(path); err != nil || string(text) != want {
		t.Errorf("got %q, %v; want %q", text, err, want)
	}
}

// TestMakeKeys makes keys by stand-ins for both generators.
func TestMakeKeys(t *testing.T) {
	for name, want := range map[string]string{
		"ssh-keygen":    "-N  -C  -t ed25519 -f PRIVATE -b 4096\n-f PRIVATE -y\n",
		"dropbearkey":   "-t ed25519 -f PRIVATE -s 4096\n-f PRIVATE -y\n",
		"openssh-maker": "-N  -C  -t ed25519 -f PRIVATE -b 4096\n-f PRIVATE -y\n",
	} {
		dir := t.TempDir()
		requests, private := filepath.Join(dir, "requests"), filepath.Join(dir, "key")
		if err := os.Mkdir(requests, 0o755); err != nil {
			t.Fatal(err)
		}
		const script = "#!/bin/sh\necho \"$*\" >>\"$LOG\"\necho 'Public key portion is:'\necho 'ssh-ed25519 AAAA me@here'\nfor a; do [ \"$o\" = -f ] && : >>\"$a\"; o=$a; done\n"
		keygen := filepath.Join(dir, name)
		for path, text := range map[string]string{
			keygen: script, filepath.Join(requests, "junk"): "{", private + ".pub": "old",
			filepath.Join(requests, "good"): `{"private_key": "` + private + `", "public_key": "` + private + `.pub", "type": "ed25519"}`,
		} {
			if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		environ := append(os.Environ(), "LOG="+filepath.Join(dir, "log"))
		made, err := MakeKeys(t.Context(), requests, keygen, environ)
		if err != nil || len(made) != 1 || made[0] != private {
			t.Fatalf("%s: made %q, %v", name, made, err)
		}
		log, err := os.ReadFile(filepath.Join(dir, "log"))
		if got := strings.ReplaceAll(string(log), private, "PRIVATE"); err != nil || got != want {
			t.Errorf("%s: ran %q, %v; want %q", name, got, err, want)
		}
		if text, err := os.ReadFile(private + ".pub"); err != nil || string(text) != "ssh-ed25519 AAAA" {
			t.Errorf("%s: public key %q, %v", name, text, err)
		}
		if made, err := MakeKeys(t.Context(), requests, keygen, environ); err != nil || len(made) != 0 {
			t.Errorf("%s: made again %q, %v", name, made, err)
		}
	}
}

func TestFollow(t *testing.T) {
	dir := t.TempDir()
	calls := 0
	stop := errors.New("enough")
	err := Follow(t.Context(), dir, time.Hour, func() error {
		if calls++; calls == 2 {
			return stop
		}
		return os.WriteFile(filepath.Join(dir, "new"), nil, 0o644)
	})
	if !errors.Is(err, stop) || calls != 2 {
		t.Errorf("%d calls, %v", calls, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := Follow(ctx, dir, time.Hour, func() error { cancel(); return nil }); err != nil {
		t.Error(err)
	}
}
