package sched

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// weighed returns a gate task with a weight in minutes.
func (g *gate) weighed(name string, minutes, slots int, memory int64, needs ...string) Task {
	t := g.task(name, slots, needs...)
	t.Weight, t.Memory = time.Duration(minutes)*time.Minute, memory
	return t
}

func names(prefix string, n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprint(prefix, i))
	}
	return list
}

// a has the shortest path and c the longest, by its user.
func TestLongestPathFirst(t *testing.T) {
	for _, c := range []struct {
		slots int
		order string
	}{{1, "a b c d e f"}, {2, "c f b a d e"}} {
		synctest.Test(t, func(t *testing.T) {
			all := []string{"a", "b", "c", "d", "e", "f"}
			g := newGate(append(all, "held")...)
			slots := NewSlots(c.slots)
			slots.Take(c.slots - 1) // one is free
			results := begin(t.Context(), []Task{
				g.weighed("a", 1, 1, 0), g.weighed("b", 2, 1, 0), g.weighed("c", 1, 1, 0),
				g.task("d", 1), g.task("e", 1, "b"), g.weighed("f", 3, 1, 0, "c"),
			}, Options{Slots: slots})
			for _, name := range strings.Fields(c.order) {
				g.mustStart(t, name)
				g.end(name, nil)
			}
			if got, want := show(<-results), "a b c d e f||||"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// A wide task is overtaken twice for each slot, then nothing starts before it.
func TestOvertaking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		light := names("l", 6)
		g := newGate(append(light, "long", "wide")...)
		tasks := []Task{g.weighed("long", 9, 1, 0), g.weighed("wide", 8, 2, 0)}
		for _, name := range light {
			tasks = append(tasks, g.task(name, 1))
		}
		results := begin(t.Context(), tasks, Options{Slots: NewSlots(2)})
		g.mustStart(t, "l0 long")
		for i := range 3 {
			g.end(light[i], nil)
			g.mustStart(t, light[i+1])
		}
		g.end("l3", nil)
		g.mustStart(t, "")
		g.end("long", nil)
		g.mustStart(t, "wide")
		g.end("wide", nil)
		g.mustStart(t, "l4 l5")
		g.end("l4", nil)
		g.end("l5", nil)
		if got := len((<-results).Done); got != len(tasks) {
			t.Errorf("%d done", got)
		}
	})
}

func TestMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate("a", "b", "c", "d", "e", "huge")
		results := begin(t.Context(), []Task{
			g.weighed("huge", 9, 1, 101), g.weighed("a", 8, 1, 60), g.weighed("b", 7, 1, 41), g.weighed("c", 6, 1, 0),
			g.weighed("d", 5, 1, 40), g.weighed("e", 4, 1, -5),
		}, Options{Slots: NewSlots(3), Memory: 100})
		g.mustStart(t, "c e huge") // what is unknown counts nothing
		g.end("e", nil)
		g.mustStart(t, "") // a slot is free, but no memory
		g.end("huge", nil)
		g.mustStart(t, "a d")
		g.end("d", nil)
		g.mustStart(t, "")
		g.end("a", nil)
		g.mustStart(t, "b")
		g.end("b", nil)
		g.end("c", nil)
		if got, want := show(<-results), "huge a b c d e||||"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// Tasks without memory do not harm one that lacks memory: they go on after it
// cannot be overtaken any more.
func TestMemoryHarmless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		light, small := names("l", 6), names("s", 6)
		g := newGate(slices.Concat(light, small, []string{"long", "heavy"})...)
		tasks := []Task{g.weighed("long", 9, 1, 50), g.weighed("heavy", 8, 1, 60)}
		for _, name := range small {
			tasks = append(tasks, g.weighed(name, 7, 1, 1))
		}
		for _, name := range light {
			tasks = append(tasks, g.task(name, 1))
		}
		results := begin(t.Context(), tasks, Options{Slots: NewSlots(2), Memory: 100})
		g.mustStart(t, "long s0")
		for i, next := range []string{"s1", "s2", "s3", "l0"} {
			g.end(small[i], nil)
			g.mustStart(t, next)
		}
		for i := range 5 {
			g.end(light[i], nil)
			g.mustStart(t, light[i+1])
		}
		g.end("long", nil)
		g.mustStart(t, "heavy")
		g.end("l5", nil)
		g.mustStart(t, "s4")
		g.end("heavy", nil)
		g.mustStart(t, "s5")
		g.end("s4", nil)
		g.end("s5", nil)
		if got := len((<-results).Done); got != len(tasks) {
			t.Errorf("%d done", got)
		}
	})
}

func TestBarrier(t *testing.T) {
	for _, c := range []struct {
		name      string
		needs     []string // of the barrier
		keepGoing bool
		a         error
		want      string
	}{
		{"all well", nil, false, nil, "a b bar c||||"},
		{"a failure that it does not need", nil, true, errBad, "b bar c|a|||"},
		{"a failure that it needs", []string{"a"}, true, errBad, "b c|a||bar<a|"},
		{"a failure that halts", nil, false, errBad, "b|a|||bar c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate("a", "b", "bar", "c")
				bar := g.task("bar", 1, c.needs...)
				bar.InOrder = true
				results := begin(t.Context(), []Task{g.task("a", 1), g.task("b", 1), bar, g.weighed("c", 9, 1, 0)},
					Options{Slots: NewSlots(4), KeepGoing: c.keepGoing})
				g.mustStart(t, "a b")
				g.end("a", c.a)
				g.mustStart(t, "")
				g.end("b", nil)
				for _, name := range []string{"bar", "c"} {
					if !strings.Contains(strings.Split(c.want, "|")[0], name) {
						continue
					}
					g.mustStart(t, name)
					g.end(name, nil)
				}
				if got := show(<-results); got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
			})
		})
	}
}

// quick is a gate task that is quick and ends by itself.
func (g *gate) quick(name string, err error, needs ...string) Task {
	return Task{Name: name, Needs: needs, Quick: true, Slots: 9, Memory: 9, Run: func(context.Context) error {
		g.started <- name
		return err
	}}
}

// A quick task starts while all slots are taken; with one slot only in its turn.
func TestQuick(t *testing.T) {
	for _, c := range []struct {
		slots                 int
		first, afterA, afterB string
	}{{1, "a", "b", "p q"}, {2, "a b p q", "", ""}} {
		synctest.Test(t, func(t *testing.T) {
			g := newGate("a", "b", "p", "q", "c")
			results := begin(t.Context(), []Task{g.task("a", 1), g.task("b", 1), g.quick("p", nil), g.quick("q", errBad, "p"), g.task("c", 1, "q")},
				Options{Slots: NewSlots(c.slots), Memory: 1, KeepGoing: true})
			g.mustStart(t, c.first)
			g.end("a", nil)
			g.mustStart(t, c.afterA)
			g.end("b", nil)
			g.mustStart(t, c.afterB)
			if got, want := show(<-results), "a b p|q||c<q|"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// A quick task that fails halts the run like any other.
func TestQuickHalts(t *testing.T) {
	g := newGate("q", "r")
	result, err := Run(t.Context(), []Task{g.quick("q", errBad), g.quick("r", nil)}, Options{Slots: NewSlots(2)})
	if got := show(result); err != nil || got != "|q|||r" {
		t.Errorf("got %q, %v", got, err)
	}
}

// Quick tasks run by rank, and do not keep answers waiting.
func TestQuickOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate("slow", "next")
		var r record
		tasks := []Task{g.task("slow", 1), g.task("next", 1, "slow")}
		for i, name := range names("q", 50) {
			q := Task{Name: name, Quick: true, Run: func(context.Context) error {
				if i == 10 {
					g.finish["slow"] <- nil
					time.Sleep(time.Second)
				}
				if i == 20 {
					time.Sleep(time.Second)
					if len(g.started) != 2 {
						t.Error("the answer of slow was not taken")
					}
				}
				r.add(name)
				return nil
			}}
			tasks = append(tasks, q)
		}
		results := begin(t.Context(), tasks, Options{Slots: NewSlots(2)})
		time.Sleep(time.Hour)
		g.end("next", nil)
		if got := len((<-results).Done); got != len(tasks) || !slices.Equal(r.names, names("q", 50)) {
			t.Errorf("%d done, started %q", got, r.names)
		}
	})
}

// Others hold the slots: the run waits until they are freed, or until it is
// cancelled.
func TestSharedSlots(t *testing.T) {
	for _, cancelled := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			g := newGate("a")
			slots := NewSlots(2)
			slots.Take(2)
			results := begin(ctx, []Task{g.task("a", 2)}, Options{Slots: slots})
			slots.Release(1)
			g.mustStart(t, "")
			want := "||||a"
			if cancelled {
				cancel()
			} else {
				slots.Release(1)
				g.mustStart(t, "a")
				g.end("a", nil)
				want = "a||||"
			}
			if got := show(<-results); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// With one slot nothing overtakes, not even when others hold it.
func TestSharedSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate("a", "q")
		slots := NewSlots(1)
		slots.Take(1)
		results := begin(t.Context(), []Task{g.task("a", 1), g.quick("q", nil)}, Options{Slots: slots})
		g.mustStart(t, "")
		slots.Release(1)
		g.mustStart(t, "a")
		g.end("a", nil)
		g.mustStart(t, "q")
		if got, want := show(<-results), "a q||||"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestCounter(t *testing.T) {
	s := NewSlots(-3)
	if !s.Take(0) || !s.Take(1) || s.Take(1) || s.Total() != 1 {
		t.Error("NewSlots(-3) is not one slot")
	}
	s.Release(0)
	if len(s.Freed()) != 0 {
		t.Error("0 slots were freed")
	}
	s.Release(1)
	if len(s.Freed()) != 1 || cap(s.Freed()) != 1 {
		t.Error("Freed does not tell")
	}
	defer func() {
		if got, want := recover(), "2 slots are free, but there are only 1"; got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}()
	s.Release(1)
}

// Many take of one budget at the same time.
func TestCounterShared(t *testing.T) {
	s := NewSlots(3)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for n := range 3000 {
				if s.Take(n % 4) {
					s.Release(n % 4)
				}
			}
		})
	}
	wg.Wait()
	if !s.Take(3) || s.Take(1) {
		t.Error("slots were lost or made")
	}
}

// The result does not depend on the slots and the memory.
func TestSameResult(t *testing.T) {
	for seed := range uint64(300) {
		var first Result
		for _, slots := range []int{1, 2, 3, 16} {
			tr := newTrial(rand.New(rand.NewPCG(seed, 3)), 30, 4, traits{wide: 30, heavy: 30, inOrder: 10, quick: 30, bad: 10, edge: 10})
			tr.slots, tr.memory = slots, int64(slots*100)
			synctest.Test(t, func(t *testing.T) {
				result, err := Run(t.Context(), tr.tasks, tr.options())
				if slots == 1 {
					first = result
				}
				if err != nil || !reflect.DeepEqual(result, first) {
					t.Fatalf("seed %d, %d slots: %v, got %q, want %q", seed, slots, err, show(result), show(first))
				}
			})
		}
	}
}

// The queue finds what a walk over all places finds.
func TestQueue(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 4))
	for n := range 40 {
		q := newQueue(n)
		in := map[int]need{}
		for range 20 * n {
			place := random.IntN(n)
			if _, ok := in[place]; ok {
				q.remove(place)
				delete(in, place)
			} else {
				in[place] = need{random.IntN(4), random.Int64N(4)}
				q.add(place, in[place])
			}
			most, want := need{random.IntN(5) - 1, random.Int64N(4)}, -1
			for p := n - 1; p >= 0; p-- {
				if have, ok := in[p]; ok && have.width <= most.width && have.memory <= most.memory {
					want = p
				}
			}
			if got := q.first(most); got != want || q.empty() != (len(in) == 0) {
				t.Fatalf("%d places, %v, most %v: got %d, want %d, empty %t", n, in, most, got, want, q.empty())
			}
		}
	}
}

// TestBegin: Begin is called in the order of starts, before Run.
func TestBegin(t *testing.T) {
	var begun []string
	var tasks []Task
	for i := range 50 {
		name := fmt.Sprint(i)
		ran := false
		tasks = append(tasks, Task{Name: name, Quick: i%5 == 0, Begin: func() {
			if ran {
				t.Errorf("Run of %s came before Begin", name)
			}
			begun = append(begun, name)
		}, Run: func(context.Context) error { ran = true; return nil }})
	}
	if _, err := Run(t.Context(), tasks, Options{Slots: NewSlots(1)}); err != nil {
		t.Fatal(err)
	}
	for i, name := range begun {
		if name != fmt.Sprint(i) {
			t.Fatalf("begun in the order %v", begun)
		}
	}
	if len(begun) != len(tasks) {
		t.Errorf("%d of %d tasks were begun", len(begun), len(tasks))
	}
}
