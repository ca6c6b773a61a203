package sched

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

func TestRemaining(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name  string
		tasks []Task
		want  []time.Duration
	}{
		{"chain", []Task{{Name: "a", Weight: s}, {Name: "b", Weight: 2 * s, Needs: []string{"a"}}}, []time.Duration{3 * s, 2 * s}},
		{"heavier user", []Task{
			{Name: "a", Weight: s}, {Name: "b", Weight: 2 * s, Needs: []string{"a"}}, {Name: "c", Weight: 5 * s, Needs: []string{"a"}},
		}, []time.Duration{6 * s, 2 * s, 5 * s}},
		{"no weights", []Task{{Name: "a"}, {Name: "b", Needs: []string{"a"}}, {Name: "c", Weight: -s}}, []time.Duration{2 * light, light, light}},
		{"quick", []Task{{Name: "a", Quick: true, Weight: s}, {Name: "b", Weight: s, Needs: []string{"a"}}}, []time.Duration{s, s}},
		{"barrier", []Task{
			{Name: "a", Weight: s}, {Name: "b", Weight: s, InOrder: true, Needs: []string{"a"}}, {Name: "c", Weight: 9 * s, Needs: []string{"a", "b"}},
		}, []time.Duration{s, 10 * s, 9 * s}},
		{"no end", []Task{{Name: "a", Weight: 2}, {Name: "b", Weight: math.MaxInt64 - 1, Needs: []string{"a"}}},
			[]time.Duration{math.MaxInt64, math.MaxInt64 - 1}},
	} {
		nodes, err := rank(c.tasks)
		if err != nil {
			t.Fatal(err)
		}
		if got := remaining(nodes); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// Ties go by rank.
func TestTies(t *testing.T) {
	var tasks []Task
	for i := range 200 {
		tasks = append(tasks, Task{Name: fmt.Sprint(i), Weight: time.Duration(i%2) * time.Hour})
	}
	nodes, err := rank(tasks)
	if err != nil {
		t.Fatal(err)
	}
	for place, i := range plan(nodes, 2, 0) {
		if place < 100 && i != 2*place+1 || place >= 100 && i != 2*(place-100) {
			t.Fatalf("place %d has rank %d", place, i)
		}
	}
}

func TestPaths(t *testing.T) {
	const s = time.Second
	got, err := Paths([]Task{{Name: "a", Weight: s, Needs: []string{"b"}}, {Name: "b", Weight: 2 * s}, {Name: "c"}})
	if want := map[string]time.Duration{"a": s, "b": 3 * s, "c": light}; err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if _, err := Paths([]Task{{Name: "a", Needs: []string{"a"}}}); err == nil {
		t.Error("a circle is no error")
	}
}

// longest tries every chain of needs that ends with a task.
func (t *trial) longest(i int) time.Duration {
	var before time.Duration
	for _, need := range t.tasks[i].Needs {
		n, _ := strconv.Atoi(need)
		before = max(before, t.longest(n))
	}
	return before + t.lasts[i]
}

// bounds returns the length of the critical path, and the sum of all tasks.
func (t *trial) bounds() (path, sum time.Duration) {
	for i, last := range t.lasts {
		path = max(path, t.longest(i))
		sum += last
	}
	return path, sum
}

// TestMakespan compares the time of random graphs with the lower bound
// max(critical path, sum / slots). No order without idle slots is ever above
// sum/slots + path*(1-1/slots).
func TestMakespan(t *testing.T) {
	const graphs = 100
	for _, slots := range []int{2, 4, 8, 16} {
		for _, known := range []bool{true, false} {
			var ratios, worst float64
			for seed := range uint64(graphs) {
				random := rand.New(rand.NewPCG(seed, 5))
				tr := newTrial(random, 10+random.IntN(150), slots, traits{edge: 5 + random.IntN(25)})
				for i := range tr.tasks {
					tr.tasks[i].Weight = tr.lasts[i]
					if !known {
						tr.tasks[i].Weight = 0
					}
				}
				path, sum := tr.bounds()
				took := tr.makespan(t)
				if limit := sum/time.Duration(slots) + path - path/time.Duration(slots) + 1; took > limit {
					t.Errorf("seed %d, %d slots: took %v, limit %v", seed, slots, took, limit)
				}
				ratio := float64(took) / float64(max(path, sum/time.Duration(slots)))
				ratios, worst = ratios+ratio, max(worst, ratio)
			}
			mean := ratios / graphs
			t.Logf("%2d slots, weights known %5t: %.3f times the lower bound, worst of %d: %.3f", slots, known, mean, graphs, worst)
			if known && mean > 4.0/3 {
				t.Errorf("%d slots: %.3f times the lower bound", slots, mean)
			}
		}
	}
}

// makespan is how long the run of a trial takes.
func (t *trial) makespan(test *testing.T) (took time.Duration) {
	synctest.Test(test, func(test *testing.T) {
		if _, err := Run(test.Context(), t.tasks, t.options()); err != nil {
			test.Fatal(err)
		}
		took = time.Since(began)
	})
	return took
}

// benchTasks returns n tasks with nothing to do, each with a need.
func benchTasks(n int, change func(i int, t *Task)) []Task {
	tasks := make([]Task, n)
	for i := range tasks {
		tasks[i] = Task{Name: fmt.Sprint(i), Run: func(context.Context) error { return nil }}
		if i > 0 {
			tasks[i].Needs = []string{fmt.Sprint(i / 2)}
		}
		change(i, &tasks[i])
	}
	return tasks
}

func benchmark(b *testing.B, tasks []Task, o Options) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Run(b.Context(), tasks, o); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(tasks)), "ns/task")
}

// Each task has a goroutine of its own.
func Benchmark10000Tasks(b *testing.B) {
	for _, slots := range []int{1, 2, 8} {
		b.Run(fmt.Sprint("slots=", slots), func(b *testing.B) {
			benchmark(b, benchTasks(10000, func(int, *Task) {}), Options{Slots: NewSlots(slots)})
		})
	}
}

func Benchmark100000Quick(b *testing.B) {
	benchmark(b, benchTasks(100000, func(_ int, t *Task) { t.Quick = true }), Options{Slots: NewSlots(2)})
}

// All are ready at once; half of them lack memory or slots most of the time.
func Benchmark10000Ready(b *testing.B) {
	benchmark(b, benchTasks(10000, func(i int, t *Task) {
		t.Needs, t.Weight = nil, time.Duration(i%97)
		if i%2 == 0 {
			t.Memory, t.Slots = int64(i), i%5
		}
	}), Options{Slots: NewSlots(8), Memory: 10000})
}

func Benchmark10000Barriers(b *testing.B) {
	benchmark(b, benchTasks(10000, func(i int, t *Task) { t.InOrder = i%2 == 0 }), Options{Slots: NewSlots(2)})
}
