package jobs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// outerServer is a make that gobuild runs under; it has n tokens to read.
func outerServer(t *testing.T, n int) (*fifo, string) {
	t.Helper()
	f, err := newFifo(filepath.Join(t.TempDir(), "outer"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.close)
	f.put(n)
	return f, fmt.Sprintf(" -j%d --jobserver-auth=fifo:%s", n+1, f.path)
}

func TestOuter(t *testing.T) {
	server, flags := outerServer(t, 3)
	if n, ok := Outer(flags); n != 4 || !ok {
		t.Fatalf("Outer: got %d, %t", n, ok)
	}
	p := still(t, 4, Options{Makeflags: flags})
	if !p.Joined() {
		t.Fatal("not joined")
	}
	a := begin(t, p, "a") // by the implicit token
	if a.fifo.take(9) > 0 {
		p.tick()
	}
	until(t, "the hungry part has all", func() bool { p.tick(); a.fifo.take(9); return p.InUse() == 4 })
	if server.unread() != 0 {
		t.Errorf("%d tokens are with the outer make", server.unread())
	}
	if p.Take(1) {
		t.Error("a fifth token")
	}
	a.fifo.put(2)
	if !p.Take(1) {
		t.Error("a token that was given back was not taken")
	}
	p.Release(1)
	until(t, "what nobody needs is back", func() bool { p.tick(); return server.unread() > 0 })
	a.share.Close()
	if server.unread() != 3 {
		t.Errorf("%d tokens are with the outer make, want 3", server.unread())
	}
	if !p.Take(3) { // one is taken by the part
		t.Error("tokens of the outer make are not taken")
	}
	if server.unread() != 0 {
		t.Errorf("%d tokens are with the outer make, want 0", server.unread())
	}
	if err := p.Close(); err != nil || server.unread() != 3 {
		t.Errorf("after the end: %v, %d", err, server.unread())
	}
}

// The tokens that come back are those that were read.
func TestOuterTokensKeepTheirValue(t *testing.T) {
	server, flags := outerServer(t, 0)
	writeSome(server.fd, []byte("abc"))
	p := still(t, 4, Options{Makeflags: flags})
	if !p.Take(4) {
		t.Fatal("not four tokens")
	}
	p.Release(4)
	if got := string(readSome(server.fd, 9)); len(got) != 3 || !strings.Contains(got, "a") || !strings.Contains(got, "b") || !strings.Contains(got, "c") {
		t.Errorf("got %q", got)
	}
}

// A waiting Take is told when the outer make has a token again.
func TestOuterWaits(t *testing.T) {
	server, flags := outerServer(t, 0)
	p, err := New(2, Options{Dir: filepath.Join(t.TempDir(), "jobs"), Makeflags: flags})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if !p.Take(1) || p.Take(1) {
		t.Fatal("want one token, no more")
	}
	server.put(1)
	<-p.Freed()
	if !p.Take(1) {
		t.Error("the token was not taken")
	}
}

func TestNoOuter(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe() // closed on exec: nobody gave it to this process
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for _, flags := range []string{
		"", "-j4", "--jobserver-auth=fifo:/no/such", "--jobserver-auth=fifo:" + text, "--jobserver-auth=-2,-2", "--jobserver-auth=0,1",
		"--jobserver-auth=900,901", "--jobserver-auth=x", fmt.Sprintf("--jobserver-auth=%d,%d", r.Fd(), w.Fd()),
	} {
		if _, ok := Outer(flags); ok {
			t.Errorf("%q is taken for a jobserver", flags)
		}
		p := still(t, 4, Options{Makeflags: flags})
		if p.Joined() || !p.Take(4) {
			t.Errorf("%q: joined, or no budget", flags)
		}
	}
}

// The jobserver that gobuild was started with does not keep a part from having
// its own; one that the user names for a part does.
func TestPrepareUnderOuter(t *testing.T) {
	server, flags := outerServer(t, 3)
	alone := still(t, 4, Options{Makeflags: flags, Alone: true})
	if alone.Joined() || !alone.Take(4) || server.unread() != 3 {
		t.Error("a budget of its own came from the outer make")
	}
	for _, given := range []string{flags, "w -j9 --jobserver-auth=7,8 -- A=b"} {
		p, env := poolAt(t, filepath.Join(t.TempDir(), "jobs"), "4.4")
		p.options.Makeflags = given
		got, _, err := p.Share("a").Prepare(with(env, "MAKEFLAGS", given), "/")
		if err != nil || auth(got[1]) == auth(given) || makeflagsJobs(strings.TrimPrefix(got[1], "MAKEFLAGS=")) != 4 {
			t.Errorf("%q: got %q, %v", given, got[1], err)
		}
		own := with(env, "MAKEFLAGS", " -j2 --jobserver-auth=fifo:/own")
		if got, _, err := p.Share("b").Prepare(own, "/"); err != nil || got[1] != own[1] {
			t.Errorf("own: got %q, %v", got[1], err)
		}
	}
}
