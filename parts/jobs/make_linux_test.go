package jobs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gobuild/parts"
)

// count is how often something is done: short, or what the environment says.
func count(name string, short int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return short
}

// until waits for a state that others bring about.
func until(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !reached(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came that %s", what)
		}
	}
}

func TestMakeUsesTheBudget(t *testing.T) {
	for _, m := range makes(t) {
		t.Run(m.name, func(t *testing.T) {
			s := newStand(t, 4, m)
			if !s.pool.Take(1) {
				t.Fatal("no token")
			}
			r, share, log := s.part("a", "JOBS_TEST_CROWD=4")
			for range 2 {
				if err := r.Run(t.Context(), s.build(12, time.Millisecond, r)); err != nil {
					t.Fatal(err)
				}
				if used := s.pool.InUse(); used != 1 {
					t.Errorf("after a command %d tokens are in use, want 1", used)
				}
			}
			share.Close()
			s.pool.Release(1)
			if _, most := s.meter.change(0, 0); most != 4 {
				t.Errorf("%d compilers at once, want 4", most)
			}
			if strings.Count(log.String(), "\n") != 2 {
				t.Errorf("log: %s", log)
			}
			s.mustBeFull()
		})
	}
}

// Several parts build at once, more than there are tokens, and all budgets hold.
func TestManyParts(t *testing.T) {
	for _, m := range makes(t) {
		for _, total := range []int{2, 3, 7, 16} {
			t.Run(fmt.Sprint(m.name, "-", total), func(t *testing.T) {
				s := newStand(t, total, m)
				var parts sync.WaitGroup
				for i := range 3 {
					parts.Go(func() {
						if err := s.runPart(t.Context(), fmt.Sprint(i), 8, 5*time.Millisecond, "JOBS_TEST_CROWD=2"); err != nil {
							t.Error(err)
						}
					})
				}
				parts.Wait()
				if _, most := s.meter.change(0, 0); most > total || most < 2 {
					t.Errorf("%d compilers at once, want 2 to %d", most, total)
				}
				s.mustBeFull()
			})
		}
	}
}

// A part that is ready gets its token although a make uses all of them and has
// no end.
func TestTakeFromHungryMake(t *testing.T) {
	for _, m := range makes(t) {
		t.Run(m.name, func(t *testing.T) {
			s := newStand(t, 3, m)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- s.runPart(ctx, "a", 20_000, 2*time.Millisecond) }()
			until(t, "a uses all", func() bool { return s.pool.InUse() == 3 })
			if err := s.runPart(t.Context(), "b", 3, time.Millisecond); err != nil {
				t.Error(err)
			}
			until(t, "a has all again", func() bool { return s.pool.InUse() == 3 })
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("a: got %v", err)
			}
			if _, most := s.meter.change(0, 0); most > 3 {
				t.Errorf("%d compilers at once, want at most 3", most)
			}
			s.mustBeFull()
		})
	}
}

// Two hungry makes come to share evenly, although the first had it all.
func TestHungryMakesShare(t *testing.T) {
	for _, m := range makes(t) {
		t.Run(m.name, func(t *testing.T) {
			s := newStand(t, 6, m)
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			shares := make([]*Share, 2)
			for i := range shares {
				if !s.pool.Take(1) {
					until(t, "there is a token", func() bool { return s.pool.Take(1) })
				}
				r, share, _ := s.part(fmt.Sprint(i))
				shares[i] = share
				command := s.build(20_000, 2*time.Millisecond, r)
				running.Go(func() { r.Run(ctx, command) })
				if i == 0 {
					until(t, "all is used", func() bool { return s.pool.InUse() == 6 })
				}
			}
			until(t, "they have as much", func() bool {
				s.pool.mu.Lock()
				defer s.pool.mu.Unlock()
				return shares[0].granted == 2 && shares[1].granted == 2 && s.pool.inUse() == 6
			})
			cancel()
			running.Wait()
			for _, share := range shares {
				share.Close()
				s.pool.Release(1)
			}
			s.mustBeFull()
		})
	}
}

// Compilers and makes are killed; tokens are never lost for longer than the
// command runs. GOBUILD_TEST_KILLS=200 is the full run.
func TestKills(t *testing.T) {
	for _, m := range makes(t) {
		t.Run(m.name, func(t *testing.T) {
			s := newStand(t, 4, m)
			random := rand.New(rand.NewPCG(1, 2))
			for i := range count("GOBUILD_TEST_KILLS", 8) {
				ended := make(chan error, 1)
				go func() { ended <- s.runPart(t.Context(), "a", 20_000, 50*time.Millisecond) }()
				var victim int
				until(t, "compilers run", func() bool {
					live, _ := s.meter.change(0, 0)
					if len(live) < 2 {
						return false
					}
					victim = live[random.IntN(len(live))]
					return true
				})
				if i%2 == 1 || m.fake { // a make that is played does not mind a dead compiler
					victim = parentOf(t, victim)
				}
				syscall.Kill(victim, syscall.SIGKILL)
				var exit *parts.ExitError
				if err := <-ended; !errors.As(err, &exit) {
					t.Fatalf("kill %d: got %v", i, err)
				}
				s.mustBeFull()
			}
			if _, most := s.meter.change(0, 0); most > 4 {
				t.Errorf("%d compilers at once, want at most 4", most)
			}
		})
	}
}

// parentOf returns the make that started a compiler, or its parent's when a
// shell stands between.
func parentOf(t *testing.T, pid int) int {
	t.Helper()
	for range 2 {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, rest, ok := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		if err != nil || !ok || len(fields) < 2 {
			return pid
		}
		parent, _ := strconv.Atoi(fields[1])
		if parent == os.Getpid() {
			break
		}
		pid = parent
	}
	return pid
}

// A client that writes a thousand tokens gains nothing for others.
func TestHostileClient(t *testing.T) {
	for _, m := range makes(t)[:2] {
		t.Run(m.name, func(t *testing.T) {
			s := newStand(t, 4, m)
			if !s.pool.Take(1) {
				t.Fatal("no token")
			}
			r, share, _ := s.part("a", "JOBS_TEST_HOSTILE=1")
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- r.Run(ctx, s.build(20_000, 5*time.Millisecond, r)) }()
			until(t, "it is found out", func() bool {
				s.pool.mu.Lock()
				defer s.pool.mu.Unlock()
				return share.spoiled
			})
			until(t, "its fifo is short", func() bool {
				s.pool.mu.Lock()
				defer s.pool.mu.Unlock()
				return share.fifo.unread() <= 1
			})
			if s.pool.Take(1) {
				t.Error("a token was free beside one who cheats with all of them")
			}
			if used := s.pool.InUse(); used != 4 {
				t.Errorf("%d tokens are in use, want 4", used)
			}
			cancel()
			<-ended
			share.Close()
			s.pool.Release(1)
			s.mustBeFull()
		})
	}
}
