package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gobuild/buildout/event"
	"gobuild/parts"
)

func TestDownloadIntoCache(t *testing.T) {
	for _, algorithm := range []string{"md5", "sha1", "sha256", "sha512"} {
		t.Run(algorithm, func(t *testing.T) {
			s := static(t, map[string]string{"/a.tar.gz": payload})
			cache := t.TempDir()
			k := newKit(t, Config{Cache: cache})
			r := parts.FetchRequest{URL: s.URL + "/a.tar.gz", Sums: []parts.Checksum{sum(algorithm, payload)}}
			got := k.get(t, r)
			if want := cache + "/" + algorithm + "/" + r.Sums[0].Hex; got != (parts.Fetched{Path: want, From: r.URL}) {
				t.Errorf("got %+v, want %s", got, want)
			}
			if got := k.get(t, r); got.From != "" {
				t.Errorf("a cache knows that the file is from %s", got.From)
			}
			if asked := s.requests(); len(asked) != 1 {
				t.Errorf("asked %q, want one request", asked)
			}
			if names := files(t, cache); len(names) != 1 {
				t.Errorf("the cache holds %q", names)
			}
		})
	}
}

func TestAllSumsMustHold(t *testing.T) {
	s := static(t, map[string]string{"/a": payload})
	cache := t.TempDir()
	k := newKit(t, Config{Cache: cache})
	bad := sum("sha256", "other")
	d := k.fail(t, parts.FetchRequest{URL: s.URL + "/a", Sums: []parts.Checksum{sum("md5", payload), bad}})
	if want := "SHA256 checksum mismatch downloading '" + s.URL + "/a'"; d.Msg != want {
		t.Errorf("got %q, want %q", d.Msg, want)
	}
	if names := files(t, cache); len(names) > 0 {
		t.Errorf("kept %q after a mismatch", names)
	}
	k.get(t, parts.FetchRequest{URL: s.URL + "/a", Sums: []parts.Checksum{sum("md5", payload), sum("sha256", payload)}})
	other := newKit(t, Config{Cache: cache, Offline: true})
	other.get(t, parts.FetchRequest{URL: "http://elsewhere.invalid/a", Sums: []parts.Checksum{sum("sha256", payload)}})
}

func TestWithoutChecksum(t *testing.T) {
	s := static(t, map[string]string{"/a": payload})
	cache := t.TempDir()
	k := newKit(t, Config{Cache: cache})
	got := k.get(t, parts.FetchRequest{URL: s.URL + "/a"})
	if !got.Temp || got.Local || !strings.HasPrefix(got.Path, k.temp) {
		t.Errorf("got %+v, want a temporary file", got)
	}
	if names := files(t, cache); len(names) > 0 {
		t.Errorf("the cache holds %q", names)
	}
	if info, err := os.Stat(got.Path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
}

// The URL reaches the server as it is: go-getter by itself would take `//` for
// a sub-directory, and sort and edit the query.
func TestURLIsKeptExactly(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(payload)) })
	for _, path := range []string{
		"/a//b/c.tar.gz",
		"/x?z=1&a=2&archive=false&checksum=md5:00&filename=q",
		"/p%2Fq/r%20s.zip?u=http://h//i",
		"/pkg@1.0.tgz",
		"/",
	} {
		k := newKit(t, Config{})
		k.get(t, parts.FetchRequest{URL: s.URL + path, Sums: md5sums(payload)})
		if asked := s.requests(); asked[len(asked)-1] != "GET "+path {
			t.Errorf("asked %q, want %q", asked[len(asked)-1], path)
		}
	}
	k := newKit(t, Config{UserAgent: "tester/1"})
	k.get(t, parts.FetchRequest{URL: s.URL + "/with space?q=a b#part"})
	if asked := s.requests(); asked[len(asked)-1] != "GET /with%20space?q=a%20b" {
		t.Errorf("asked %q", asked[len(asked)-1])
	}
	for _, h := range s.heads {
		if h.Get("Range") != "" || h.Get("Accept-Encoding") != "" {
			t.Errorf("sent %v", h)
		}
	}
	if got := s.heads[len(s.heads)-1].Get("User-Agent"); got != "tester/1" {
		t.Errorf("User-Agent is %q", got)
	}
}

func TestTries(t *testing.T) {
	type answer = func(http.ResponseWriter)
	status := func(code int) answer { return func(w http.ResponseWriter) { w.WriteHeader(code) } }
	text := func(s string) answer { return func(w http.ResponseWriter) { w.Write([]byte(s)) } }
	truncated := func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", fmt.Sprint(len(payload)))
		w.Write([]byte(payload[:5]))
	}
	longer := text(strings.Repeat("x", 2*len(payload)))
	partial := func(w http.ResponseWriter) { w.WriteHeader(http.StatusPartialContent); w.Write([]byte(payload)) }
	for _, test := range []struct {
		name    string
		answers []answer
		want    string // of the error; "" for success
		asked   int
	}{
		{"503 then good", []answer{status(503), text(payload)}, "", 2},
		{"429 then good", []answer{status(429), text(payload)}, "", 2},
		{"truncated then good", []answer{truncated, text(payload)}, "", 2},
		{"truncated long try leaves no tail", []answer{truncated, truncated, text(payload)}, "", 3},
		{"always 503", []answer{status(503), status(503), status(503)}, "HTTP Error 503: Service Unavailable", 3},
		{"always truncated", []answer{truncated, truncated, truncated}, "unexpected EOF", 3},
		{"404 is not tried again", []answer{status(404)}, "HTTP Error 404: Not Found", 1},
		{"401", []answer{status(401)}, "HTTP Error 401: Unauthorized", 1},
		{"206 without a range", []answer{partial}, "HTTP Error 206: Partial Content", 1},
		{"wrong sum is not tried again", []answer{longer}, "MD5 checksum mismatch downloading", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			var n atomic.Int32
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				i := int(n.Add(1)) - 1
				if i >= len(test.answers) {
					t.Errorf("asked %d times", i+1)
					return
				}
				test.answers[i](w)
			})
			cache := t.TempDir()
			k := newKit(t, Config{Cache: cache})
			r := parts.FetchRequest{URL: s.URL + "/a", Sums: md5sums(payload)}
			if test.want == "" {
				k.get(t, r)
			} else if d := k.fail(t, r); !strings.Contains(d.Msg, test.want) || d.Hint == "" {
				t.Errorf("got %q (hint %q), want %q", d.Msg, d.Hint, test.want)
			} else if names := files(t, cache); len(names) > 0 {
				t.Errorf("left %q", names)
			}
			if got := int(n.Load()); got != test.asked {
				t.Errorf("asked %d times, want %d", got, test.asked)
			}
		})
	}
}

func TestHTTPErrorText(t *testing.T) {
	s := static(t, nil)
	profile := "url = " + s.URL + "/a"
	r := parts.FetchRequest{URL: s.URL + "/a", At: spanOf(profile, s.URL)}
	d := newKit(t, Config{}).fail(t, r)
	if want := "Error downloading extends for URL " + s.URL + "/a: HTTP Error 404: Not Found"; d.Msg != want {
		t.Errorf("got %q, want %q", d.Msg, want)
	}
	if d.At != r.At || d.Code != "fetch-http" || !slices.Equal(d.Path, []string{"foo", "fetch"}) {
		t.Errorf("got %+v", d)
	}
	s.Close()
	d = newKit(t, Config{Tries: 1}).fail(t, r)
	if !strings.HasPrefix(d.Msg, "Error downloading extends for URL "+s.URL+"/a: dial tcp") || strings.Contains(d.Msg, "Get ") {
		t.Errorf("got %q", d.Msg)
	}
}

func TestChecksumDiagnostic(t *testing.T) {
	s := static(t, map[string]string{"/a": payload, "/page": "<!DOCTYPE HTML><html>moved</html>"})
	bad := strings.Repeat("0", 32)
	profile := "url = " + s.URL + "/a\nmd5sum = " + bad
	r := parts.FetchRequest{URL: s.URL + "/a", At: spanOf(profile, s.URL), Sums: []parts.Checksum{{Algorithm: "md5", Hex: bad, At: spanOf(profile, bad)}}}
	d := newKit(t, Config{}).fail(t, r)
	if want := "MD5 checksum mismatch downloading '" + s.URL + "/a'"; d.Msg != want {
		t.Errorf("got %q, want %q", d.Msg, want)
	}
	if d.At != r.Sums[0].At || len(d.Related) != 1 || d.Related[0].At != r.At {
		t.Errorf("points to %v and %v", d.At, d.Related)
	}
	if good := sum("md5", payload).Hex; !strings.Contains(d.Hint, bad) || strings.Count(d.Hint, good) != 2 {
		t.Errorf("hint is %q", d.Hint)
	}
	r.URL = s.URL + "/page"
	if d := newKit(t, Config{}).fail(t, r); !strings.Contains(d.Hint, "web page") {
		t.Errorf("hint is %q", d.Hint)
	}
	asked := len(s.requests())
	r.Sums[0].Hex = "0"
	if d := newKit(t, Config{}).fail(t, r); !strings.Contains(d.Msg, "MD5 checksum mismatch downloading") || !strings.Contains(d.Hint, "32 hex digits") {
		t.Errorf("got %q, hint %q", d.Msg, d.Hint)
	}
	if len(s.requests()) != asked {
		t.Error("asked for a file that cannot match")
	}
}

func TestAlternates(t *testing.T) {
	s := static(t, map[string]string{"/good": payload, "/wrong": "other"})
	k := newKit(t, Config{})
	k.get(t, parts.FetchRequest{URL: s.URL + "/none", Alternates: []string{s.URL + "/wrong", s.URL + "/good"}, Sums: md5sums(payload)})
	k.get(t, parts.FetchRequest{URL: "absent/file", Alternates: []string{s.URL + "/good"}, Sums: md5sums(payload)})
	here := write(t, k.dir+"/here", payload)
	if got := k.get(t, parts.FetchRequest{URL: s.URL + "/none", Alternates: []string{"here"}}); got.Path != here || !got.Local {
		t.Errorf("got %+v", got)
	}
	d := k.fail(t, parts.FetchRequest{URL: s.URL + "/none", Alternates: []string{s.URL + "/wrong"}, Sums: md5sums(payload)})
	if !strings.Contains(d.Msg, "/none: HTTP Error 404") || !strings.Contains(d.Excerpt, "also tried "+s.URL+"/wrong: MD5 checksum mismatch: want") {
		t.Errorf("got %q with %q", d.Msg, d.Excerpt)
	}
}

func TestTooLarge(t *testing.T) {
	for _, chunked := range []bool{false, true} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if chunked {
				w.(http.Flusher).Flush()
			}
			w.Write([]byte(payload))
		})
		k := newKit(t, Config{MaxBytes: int64(len(payload)) - 1})
		d := k.fail(t, parts.FetchRequest{URL: s.URL + "/a", Sums: md5sums(payload)})
		if !errors.Is(d, errTooLarge) || len(s.requests()) != 1 {
			t.Errorf("chunked %v: got %q after %d requests", chunked, d.Msg, len(s.requests()))
		}
		if names := files(t, k.temp); len(names) > 0 {
			t.Errorf("left %q", names)
		}
		newKit(t, Config{MaxBytes: int64(len(payload))}).get(t, parts.FetchRequest{URL: s.URL + "/a"})
	}
}

func TestStall(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			w.Write([]byte("begin"))
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
	})
	k := newKit(t, Config{StallTimeout: 300 * time.Millisecond, Tries: 2})
	d := k.fail(t, parts.FetchRequest{URL: s.URL + "/body"})
	if !errors.Is(d, errStalled) || len(s.requests()) != 2 {
		t.Errorf("got %q after %d requests", d.Msg, len(s.requests()))
	}
	d = k.fail(t, parts.FetchRequest{URL: s.URL + "/header"})
	if !strings.Contains(d.Msg, "timeout awaiting response headers") {
		t.Errorf("got %q", d.Msg)
	}
}

func TestCancel(t *testing.T) {
	begun := make(chan bool)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("begin"))
		w.(http.Flusher).Flush()
		begun <- true
		<-r.Context().Done()
	})
	cause := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() {
		<-begun
		cancel(cause)
	}()
	k := newKit(t, Config{})
	if _, err := k.Fetch(ctx, parts.FetchRequest{URL: s.URL + "/a"}); err != cause {
		t.Errorf("got %v, want the cause", err)
	}
	if names := files(t, k.temp); len(names) > 0 {
		t.Errorf("left %q", names)
	}
	if _, err := k.Fetch(ctx, parts.FetchRequest{URL: s.URL + "/a"}); err != cause || len(s.requests()) != 1 {
		t.Errorf("got %v after the end", err)
	}
}

func TestRedirect(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/a":
			w.Header().Set("Location", "/b//c?x=1") // http.Redirect would clean it
			w.WriteHeader(http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		default:
			w.Write([]byte(payload))
		}
	})
	k := newKit(t, Config{Tries: 1})
	k.get(t, parts.FetchRequest{URL: s.URL + "/a", Sums: md5sums(payload)})
	if asked := s.requests(); asked[1] != "GET /b//c?x=1" {
		t.Errorf("asked %q", asked)
	}
	k.fail(t, parts.FetchRequest{URL: s.URL + "/loop"})
	k.fail(t, parts.FetchRequest{URL: s.URL + "/file"})
}

func TestBasicAuthIsMasked(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "me" || password != "s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.URL.Path != "/a" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Write([]byte(payload))
	})
	url := strings.Replace(s.URL, "://", "://me:s3cret@", 1)
	k := newKit(t, Config{Mirrors: []string{url + "/mirror"}})
	k.get(t, parts.FetchRequest{URL: url + "/a"})
	var shown []string
	for _, path := range []string{"/b?token=s3cret", "/a"} {
		d := k.fail(t, parts.FetchRequest{URL: url + path, Sums: md5sums("other")})
		shown = append(shown, d.Error(), d.Hint, d.Excerpt)
	}
	for _, bad := range []string{"://me:s3cret@h:x/y", "://me:s3/cret@h/y"} {
		d := k.fail(t, parts.FetchRequest{URL: "http" + bad})
		shown = append(shown, d.Error(), d.Hint)
	}
	for _, e := range k.events.all {
		shown = append(shown, e.Text)
	}
	all := strings.Join(append(shown, k.log.String()), "\n")
	if strings.Contains(all, "s3") || !strings.Contains(all, "://me:***@") {
		t.Errorf("shown:\n%s", all)
	}
}

func TestOffline(t *testing.T) {
	s := static(t, map[string]string{"/a": payload})
	yes, no := true, false
	r := parts.FetchRequest{URL: s.URL + "/a", Sums: md5sums(payload), At: spanOf("url = "+s.URL, s.URL)}
	k := newKit(t, Config{Offline: true, Cache: t.TempDir()})
	d := k.fail(t, r)
	if want := "Couldn't download '" + s.URL + "/a' in offline mode."; d.Msg != want || d.At != r.At || d.Code != "fetch-offline" || d.Hint == "" {
		t.Errorf("got %+v", d)
	}
	r.Offline = &yes
	newKit(t, Config{}).fail(t, r)
	if asked := s.requests(); len(asked) > 0 {
		t.Errorf("asked %q", asked)
	}
	r.Offline = &no
	k.get(t, r)
	r.Offline = nil
	k.get(t, r) // out of the cache
	write(t, k.dir+"/here", payload)
	k.get(t, parts.FetchRequest{URL: "here"})
	k.get(t, parts.FetchRequest{URL: s.URL + "/b", Alternates: []string{"here"}})
}

func TestProgress(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/unknown" {
			w.(http.Flusher).Flush()
		}
		w.Write([]byte(payload))
	})
	size := int64(len(payload))
	for path, total := range map[string]int64{"/known": size, "/unknown": 0} {
		k := newKit(t, Config{})
		k.get(t, parts.FetchRequest{URL: s.URL + path})
		all := k.events.of(event.Progress)
		if len(all) < 2 {
			t.Fatalf("%s: got %v", path, all)
		}
		first, last := all[0], all[len(all)-1]
		if first.Done != 0 || last.Done != size || last.Total != total || last.Part != "foo" || last.Step != "fetch" {
			t.Errorf("%s: from %+v to %+v", path, first, last)
		}
		if m := k.events.of(event.Message); len(m) != 1 || m[0].Text != "Downloading "+s.URL+path {
			t.Errorf("%s: messages %+v", path, m)
		}
	}
}

// Two requests for one file at once lead to one download.
func TestConcurrent(t *testing.T) {
	const n = 8
	var asked atomic.Int32
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Write([]byte(payload))
	})
	client := New(Config{Cache: t.TempDir()})
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			got, err := client.For(Part{Name: fmt.Sprint(i)}).Fetch(context.Background(), parts.FetchRequest{URL: s.URL + "/a", Sums: md5sums(payload)})
			if err != nil {
				t.Error(err)
			} else if data, err := os.ReadFile(got.Path); err != nil || string(data) != payload {
				t.Errorf("got %q, %v", data, err)
			}
		})
	}
	wait.Wait()
	if got := asked.Load(); got != 1 {
		t.Errorf("%d downloads, want 1", got)
	}
}

func TestLockGivesUpOnCancel(t *testing.T) {
	var l locks
	release, err := l.lock(context.Background(), "x")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.lock(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	release()
	if release, err = l.lock(context.Background(), "x"); err != nil {
		t.Fatal(err)
	}
	release()
}

const proxyVariable = "FETCH_TEST_PROXY_CHILD"

// The proxy settings of a process are read once, so a child process has them.
func TestProxyFromEnvironment(t *testing.T) {
	if os.Getenv(proxyVariable) != "" {
		newKit(t, Config{Tries: 1}).get(t, parts.FetchRequest{URL: "http://upstream.invalid/a"})
		return
	}
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(payload)) })
	cmd := exec.Command(os.Args[0], "-test.run=^TestProxyFromEnvironment$")
	cmd.Env = append(os.Environ(), proxyVariable+"=1", "HTTP_PROXY="+s.URL, "http_proxy="+s.URL, "NO_PROXY=", "no_proxy=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if asked := s.requests(); !slices.Equal(asked, []string{"GET http://upstream.invalid/a"}) {
		t.Errorf("the proxy was asked %q", asked)
	}
}
