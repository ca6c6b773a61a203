package sched

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// trial is a random graph whose tasks sleep, and note when they start. Tasks
// are given in the order of their ranks, so that names are ranks.
type trial struct {
	tasks  []Task
	lasts  []time.Duration // how long each runs
	bad    []bool
	slots  int
	memory int64
	mu     sync.Mutex
	starts []time.Duration // -1: it did not
	now    load
	most   load
}

// load is what runs at a time.
type load struct {
	slots  int
	memory int64
	tasks  int
}

// traits says how often of a hundred a task has a property.
type traits struct{ wide, heavy, inOrder, quick, bad, edge int }

func newTrial(random *rand.Rand, n, slots int, f traits) *trial {
	one := func(of int) bool { return random.IntN(100) < of }
	t := &trial{slots: slots, memory: 1000, lasts: make([]time.Duration, n), bad: make([]bool, n), starts: make([]time.Duration, n)}
	for i := range n {
		task := Task{Name: fmt.Sprint(i), InOrder: one(f.inOrder), Quick: one(f.quick)}
		t.starts[i] = -1
		t.bad[i] = one(f.bad)
		// Nanoseconds, so that no two tasks end at the same moment.
		t.lasts[i] = time.Duration(1 + random.Int64N(int64(time.Minute)))
		if task.Quick {
			t.lasts[i] = 0
		}
		task.Weight = t.lasts[i] / time.Duration(1+random.IntN(3))
		if one(f.wide) {
			task.Slots = random.IntN(slots + 3)
		}
		if one(f.heavy) {
			task.Memory = random.Int64N(1300)
		}
		for range 4 {
			if i > 0 && one(f.edge) {
				task.Needs = append(task.Needs, fmt.Sprint(random.IntN(i)))
			}
		}
		task.Run = func(context.Context) error { return t.run(i) }
		t.tasks = append(t.tasks, task)
	}
	return t
}

// need is what the rules count for a task.
func (t *trial) need(i int) load {
	task := t.tasks[i]
	if task.Quick {
		return load{}
	}
	return load{min(max(task.Slots, 1), t.slots), min(task.Memory, t.memory), 1}
}

func (t *trial) count(i, sign int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.need(i)
	t.now.slots += sign * n.slots
	t.now.memory += int64(sign) * n.memory
	t.now.tasks += sign * n.tasks
	t.most = load{max(t.most.slots, t.now.slots), max(t.most.memory, t.now.memory), max(t.most.tasks, t.now.tasks)}
}

func (t *trial) run(i int) error {
	t.count(i, 1)
	defer t.count(i, -1)
	t.starts[i] = time.Since(began)
	time.Sleep(t.lasts[i])
	if t.bad[i] {
		return errBad
	}
	return nil
}

// began is when every synctest bubble begins.
var began = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func (t *trial) options() Options {
	return Options{Slots: NewSlots(t.slots), Memory: t.memory, KeepGoing: true}
}

// model is the rules of the package comment once more, in the plainest way.
type model struct {
	*trial
	paths  []time.Duration
	ends   []time.Duration // of running tasks
	state  []state
	passed []int
	front  int
	used   load
	starts []time.Duration
}

func newModel(t *trial) *model {
	n := len(t.tasks)
	m := &model{trial: t, ends: make([]time.Duration, n), state: make([]state, n), passed: make([]int, n), front: -1}
	m.paths, m.starts = make([]time.Duration, n), make([]time.Duration, n)
	for i := n - 1; i >= 0; i-- {
		m.starts[i] = -1
		m.paths[i] = m.path(i)
	}
	return m
}

// path is the longest path from a task, among what is before the next barrier.
func (m *model) path(i int) time.Duration {
	var longest time.Duration
	for user := i + 1; user < len(m.tasks) && !m.tasks[user].InOrder; user++ {
		if m.needs(user, i) {
			longest = max(longest, m.paths[user])
		}
	}
	if m.tasks[i].Quick {
		return longest
	}
	return longest + max(m.tasks[i].Weight, time.Millisecond)
}

func (m *model) needs(user, i int) bool { return slices.Contains(m.tasks[user].Needs, m.tasks[i].Name) }

// ready returns what can start but for slots and memory, in order.
func (m *model) ready() []int {
	var list []int
	allEnded := true
	for i := range m.tasks {
		ended := m.state[i] == done || m.state[i] == failed || m.state[i] == blocked
		if m.state[i] == waiting && m.free(i) && (allEnded || !m.tasks[i].InOrder) {
			list = append(list, i)
		}
		allEnded = allEnded && ended
		if m.tasks[i].InOrder && !allEnded {
			break
		}
	}
	if m.slots > 1 {
		slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(m.paths[b], m.paths[a]) })
	}
	if at := slices.Index(list, m.front); at > 0 {
		list = slices.Insert(slices.Delete(list, at, at+1), 0, m.front)
	}
	return list
}

// free reports whether the needs of a task are done.
func (m *model) free(i int) bool {
	for need := range i {
		if m.needs(i, need) && m.state[need] != done {
			return false
		}
	}
	return true
}

// pick returns the task to start, or -1.
func (m *model) pick() int {
	list := m.ready()
	lacksMemory := false
	for k, i := range list {
		n := m.need(i)
		noMemory, noSlots := m.used.memory+n.memory > m.memory, m.used.slots+n.slots > m.slots
		if k == 0 {
			lacksMemory = noMemory
		}
		if m.slots == 1 && (k > 0 || m.used.tasks > 0) {
			return -1
		}
		if noMemory || noSlots {
			continue
		}
		if k == 0 {
			m.front = -1
			return i
		}
		harm := n.slots > 0 && !lacksMemory || n.memory > 0 && lacksMemory
		if harm && m.passed[list[0]] == 2*m.slots {
			continue
		}
		if harm {
			m.passed[list[0]]++
		}
		if m.passed[list[0]] == 2*m.slots {
			m.front = list[0]
		}
		return i
	}
	return -1
}

// play runs all, and leaves the time of each start in starts.
func (m *model) play() {
	var now time.Duration
	for {
		for i := m.pick(); i >= 0; i = m.pick() {
			m.starts[i], m.ends[i], m.state[i] = now, now+m.lasts[i], running
			n := m.need(i)
			m.used = load{m.used.slots + n.slots, m.used.memory + n.memory, m.used.tasks + n.tasks}
			if m.tasks[i].Quick {
				m.end(i)
			}
		}
		next := -1
		for i, s := range m.state {
			if s == running && (next < 0 || m.ends[i] < m.ends[next]) {
				next = i
			}
		}
		if next < 0 {
			return
		}
		now = m.ends[next]
		m.end(next)
	}
}

func (m *model) end(i int) {
	n := m.need(i)
	m.used = load{m.used.slots - n.slots, m.used.memory - n.memory, m.used.tasks - n.tasks}
	m.state[i] = done
	if !m.bad[i] {
		return
	}
	m.state[i] = failed
	for user := i + 1; user < len(m.tasks); user++ {
		for need := range user {
			if (m.state[need] == failed || m.state[need] == blocked) && m.needs(user, need) {
				m.state[user] = blocked
			}
		}
	}
}

// TestAgainstModel: every task of random graphs starts at the moment at which
// the rules say. A goroutine that is left over ends the bubble with a panic.
func TestAgainstModel(t *testing.T) {
	kinds := []traits{
		{edge: 20}, {edge: 5, wide: 30}, {edge: 5, heavy: 50}, {edge: 20, inOrder: 20}, {edge: 20, quick: 50},
		{edge: 10, wide: 30, heavy: 30, inOrder: 5, quick: 20}, {edge: 10, wide: 30, heavy: 30, inOrder: 10, quick: 20, bad: 10},
	}
	for seed := range uint64(700) {
		random := rand.New(rand.NewPCG(seed, 2))
		tr := newTrial(random, random.IntN(50), 1+random.IntN(6), kinds[seed%uint64(len(kinds))])
		synctest.Test(t, func(t *testing.T) {
			if _, err := Run(t.Context(), tr.tasks, tr.options()); err != nil {
				t.Fatal(err)
			}
		})
		if tr.most.slots > tr.slots || tr.most.memory > tr.memory || tr.now != (load{}) {
			t.Fatalf("seed %d: %d slots and %d memory, at most %+v ran", seed, tr.slots, tr.memory, tr.most)
		}
		m := newModel(tr)
		m.play()
		if !slices.Equal(tr.starts, m.starts) {
			t.Fatalf("seed %d: %d slots, started at\n%v, want\n%v", seed, tr.slots, tr.starts, m.starts)
		}
	}
}
