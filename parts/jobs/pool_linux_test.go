package jobs

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// still returns a pool that does not tick by itself.
func still(t *testing.T, total int, o Options) *Pool {
	t.Helper()
	if o.Dir == "" {
		o.Dir = filepath.Join(t.TempDir(), "jobs")
	}
	p, err := New(total, o)
	if err != nil {
		t.Fatal(err)
	}
	p.ticking = true
	t.Cleanup(func() { p.Close() })
	return p
}

// client is a make of a part, which the test moves by hand.
type client struct {
	t     *testing.T
	share *Share
	fifo  *fifo
}

// begin takes a token for a part and begins a command of it.
func begin(t *testing.T, p *Pool, part string) *client {
	t.Helper()
	if !p.Take(1) {
		t.Fatalf("no token for %s", part)
	}
	s := p.Share(part)
	home, err := s.begin(true)
	if err != nil {
		t.Fatal(err)
	}
	f, err := openTokens(home.fifo)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.close)
	return &client{t, s, f}
}

func (c *client) mustRead(n int) {
	c.t.Helper()
	if got := c.fifo.take(n); got != n {
		c.t.Fatalf("%s read %d tokens, want %d", c.share.part, got, n)
	}
}

// mustHave checks how many tokens are in the fifo.
func (c *client) mustHave(n int) {
	c.t.Helper()
	if got := c.fifo.unread(); got != n {
		c.t.Fatalf("%s has %d tokens to read, want %d", c.share.part, got, n)
	}
}

func ticks(p *Pool, n int) {
	for range n {
		p.tick()
	}
}

func TestTakeAndRelease(t *testing.T) {
	p := still(t, 3, Options{})
	for _, step := range []struct {
		take, release int
		ok            bool
		used          int
	}{
		{take: 4}, {take: 2, ok: true, used: 2}, {take: 2, used: 2}, {take: 1, ok: true, used: 3},
		{take: 1, used: 3}, {release: 3}, {take: 3, ok: true, used: 3}, {release: 3},
	} {
		if step.take > 0 && p.Take(step.take) != step.ok {
			t.Errorf("Take(%d): got %t", step.take, !step.ok)
		}
		p.Release(step.release)
		if got := p.InUse(); got != step.used {
			t.Errorf("%+v: %d in use", step, got)
		}
	}
	if p.Total() != 3 {
		t.Errorf("total: got %d", p.Total())
	}
	defer func() {
		if recover() == nil {
			t.Error("what was not taken was released")
		}
	}()
	p.Release(1)
}

func TestNoBudget(t *testing.T) {
	if _, err := New(0, Options{}); err == nil {
		t.Error("a budget of no jobs was made")
	}
}

func TestFreed(t *testing.T) {
	p := still(t, 2, Options{})
	p.Take(2)
	select {
	case <-p.Freed():
		t.Error("signal without a release")
	default:
	}
	p.Release(1)
	p.Release(1)
	select {
	case <-p.Freed():
	default:
		t.Error("no signal after a release")
	}
}

// All is fed to one part; Take pulls back what is unread, but no more.
func TestTakePullsBack(t *testing.T) {
	p := still(t, 6, Options{})
	a := begin(t, p, "a")
	a.mustHave(5)
	a.mustRead(3)
	if p.InUse() != 4 {
		t.Errorf("in use: got %d, want 4", p.InUse())
	}
	if p.Take(3) {
		t.Error("Take(3) with 2 unread")
	}
	a.mustHave(0) // they are kept for the next Take
	if !p.Take(2) {
		t.Error("Take(2) with 2 kept")
	}
	if p.Take(1) {
		t.Error("a seventh token")
	}
	a.fifo.put(1)
	if !p.Take(1) {
		t.Error("a token that was given back is not free")
	}
	p.Release(4)
	a.share.Close()
	if !p.Take(6) {
		t.Error("tokens are lost")
	}
}

// What a failed Take keeps goes back to makes when nobody comes for it.
func TestDemandIsForgotten(t *testing.T) {
	p := still(t, 4, Options{})
	a := begin(t, p, "a")
	if p.Take(4) {
		t.Fatal("Take(4) beside a part")
	}
	a.mustHave(0)
	p.Take(5) // never possible: keeps nothing
	ticks(p, 1)
	a.mustHave(3)
	a.mustRead(2)
	if p.Take(2) {
		t.Fatal("Take(2) with 1 unread")
	}
	a.fifo.put(1)
	until(t, "the token is kept", func() bool { p.tick(); return a.fifo.unread() == 0 })
	ticks(p, 11)
	a.mustHave(2)
}

func TestEvenly(t *testing.T) {
	p := still(t, 12, Options{})
	a := begin(t, p, "a")
	a.mustHave(11)
	b := begin(t, p, "b")
	c := begin(t, p, "c")
	ticks(p, 4)
	if n := a.fifo.unread() + b.fifo.unread() + c.fifo.unread(); n != 9 {
		t.Errorf("%d tokens are unread, want 9", n)
	}
	b.fifo.take(99)
	c.fifo.take(99)
	until(t, "hungry ones have half each", func() bool {
		p.tick()
		b.fifo.take(99)
		c.fifo.take(99)
		return b.share.granted >= 4 && c.share.granted >= 4 && a.share.granted <= 1
	})
	if p.InUse() > 12 {
		t.Errorf("in use: %d", p.InUse())
	}
}

// A part that leaves its tokens unread does not keep them from a hungry one,
// and gets them again when it becomes hungry.
func TestSparesMove(t *testing.T) {
	p := still(t, 8, Options{})
	idle, hungry := begin(t, p, "idle"), begin(t, p, "hungry")
	got := 0
	until(t, "the hungry part has all", func() bool {
		got += hungry.fifo.take(99)
		p.tick()
		return got == 6
	})
	until(t, "the idle part is asked", func() bool {
		got -= hungry.fifo.put(min(got, 1)) // as makes do at each end of a job
		p.tick()
		n := idle.fifo.take(99)
		got += hungry.fifo.take(99)
		return n > 0
	})
	until(t, "it has its half", func() bool {
		got -= hungry.fifo.put(min(got, 1))
		p.tick()
		idle.fifo.take(99)
		got += hungry.fifo.take(99)
		return idle.share.granted == 3 && hungry.share.granted == 3
	})
}

// At the end of a command all that was granted is free, read or not.
func TestEndedRecovers(t *testing.T) {
	p := still(t, 4, Options{})
	a := begin(t, p, "a")
	a.mustRead(3)
	if _, err := a.share.begin(true); err != nil { // a second command at once
		t.Fatal(err)
	}
	a.share.Ended()
	if p.InUse() != 4 {
		t.Errorf("beside another command: %d in use, want 4", p.InUse())
	}
	a.fifo.put(1)
	a.share.Ended()
	a.mustHave(0)
	if p.InUse() != 1 || !p.Take(3) {
		t.Errorf("after the last: %d in use, want 1", p.InUse())
	}
	p.Release(3)
	if _, err := a.share.begin(true); err != nil {
		t.Fatal(err)
	}
	a.mustHave(3)
}

// One byte above what was granted is the implicit token, lent.
func TestLentImplicitToken(t *testing.T) {
	p := still(t, 3, Options{})
	a := begin(t, p, "a")
	a.fifo.put(1)
	p.tick()
	a.mustHave(3)
	if a.share.spoiled {
		t.Error("lending the implicit token was taken for cheating")
	}
	if p.Take(3) {
		t.Error("the implicit token was taken")
	}
	a.mustHave(1)
	a.mustRead(1)
}

func TestCheat(t *testing.T) {
	p := still(t, 5, Options{})
	a := begin(t, p, "a")
	a.fifo.put(1000)
	p.tick()
	a.mustHave(1)
	if p.Take(1) || p.InUse() != 5 {
		t.Errorf("in use: got %d, want 5", p.InUse())
	}
	a.fifo.put(1000)
	p.tick()
	a.mustHave(1)
	a.share.Ended()
	a.mustHave(0)
	if p.InUse() != 1 {
		t.Errorf("in use: got %d, want 1", p.InUse())
	}
}

func TestChanged(t *testing.T) {
	var told []int
	p := still(t, 4, Options{Changed: func(used int) { told = append(told, used) }})
	a := begin(t, p, "a")
	ticks(p, 3)
	a.mustRead(2)
	ticks(p, 3)
	a.fifo.put(1)
	ticks(p, 1)
	a.share.Close()
	p.Release(1)
	if want := []int{1, 3, 2, 1, 0}; !slices.Equal(told, want) {
		t.Errorf("told: got %d, want %d", told, want)
	}
}

// What the pool makes is deleted and closed, and what a killed run left too.
func TestNothingIsLeft(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "jobs")
	if err := os.MkdirAll(filepath.Join(dir, "part-old"), 0o700); err != nil {
		t.Fatal(err)
	}
	goroutines, files := runtime.NumGoroutine(), descriptors(t)
	for range 3 {
		p, err := New(4, Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Error("New left the directory of an earlier run")
		}
		clients := []*client{begin(t, p, "same"), begin(t, p, "same")}
		clients[0].fifo.take(9)
		p.Take(1) // a hunt
		clients[0].share.Close()
		clients[0].share.Close()
		for _, c := range clients {
			c.share.Ended()
		}
		if _, err := clients[0].share.begin(true); err == nil {
			t.Error("a command began in a closed share")
		}
		if err := p.Close(); err != nil { // the second share too
			t.Error(err)
		}
		if p.Close() != nil || p.Take(1) {
			t.Error("closed twice, or taken from")
		}
		for _, c := range clients {
			c.fifo.close()
			c.fifo.fd = -1
		}
	}
	until(t, "goroutines ended", func() bool { return runtime.NumGoroutine() <= goroutines })
	if n := descriptors(t); n > files {
		t.Errorf("%d descriptors are open, %d before", n, files)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the directory is left")
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// BenchmarkGrant measures the time from the moment at which a make gives a
// token back to the Take that waits for it.
func BenchmarkGrant(b *testing.B) {
	p, err := New(2, Options{Dir: filepath.Join(b.TempDir(), "jobs")})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	p.Take(1)
	s := p.Share("a")
	home, err := s.begin(true)
	if err != nil {
		b.Fatal(err)
	}
	f, err := openTokens(home.fifo)
	if err != nil {
		b.Fatal(err)
	}
	defer f.close()
	for b.Loop() {
		for f.take(1) == 0 {
			runtime.Gosched()
		}
		if p.Take(1) {
			b.Fatal("a token that is in use was taken")
		}
		f.put(1)
		<-p.Freed()
		if !p.Take(1) {
			b.Fatal("the signal was false")
		}
		p.Release(1)
		<-p.Freed()
	}
}

// BenchmarkTick measures a tick with sixteen parts.
func BenchmarkTick(b *testing.B) {
	p, err := New(64, Options{Dir: filepath.Join(b.TempDir(), "jobs")})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	p.ticking = true
	for range 16 {
		p.Take(1)
		if _, err := p.Share("a").begin(true); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		p.tick()
	}
}
