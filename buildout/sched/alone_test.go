package sched

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Tasks that need the same for themselves run one after the other, beside others.
func TestAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		running, most, beside := 0, 0, 0
		count := func(n int) {
			mu.Lock()
			defer mu.Unlock()
			if running += n; n == 0 {
				beside = max(beside, running)
			}
			most = max(most, running)
		}
		task := func(name, alone string, minutes int) Task {
			return Task{Name: name, Alone: alone, Weight: time.Duration(minutes) * time.Minute, Run: func(context.Context) error {
				if alone != "" {
					count(1)
					defer count(-1)
				} else {
					count(0)
				}
				time.Sleep(time.Duration(minutes) * time.Minute)
				return nil
			}}
		}
		began := time.Now()
		result, err := Run(t.Context(), []Task{
			task("a", "python", 3), task("b", "python", 2), task("c", "python", 1), task("d", "", 1), task("e", "", 1), task("f", "", 1),
		}, Options{Slots: NewSlots(2)})
		if err != nil || len(result.Done) != 6 {
			t.Fatalf("%+v, %v", result, err)
		}
		if most != 1 || beside != 1 {
			t.Errorf("%d ran at once, %d beside others", most, beside)
		}
		if took := time.Since(began); took != 6*time.Minute {
			t.Errorf("took %v: a slot was idle", took)
		}
	})
}

// A task that was overtaken too often waits for what it needs for itself too.
func TestAloneFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		running := 0
		var tasks []Task
		for _, name := range names("w", 6) {
			tasks = append(tasks, Task{Name: name, Alone: "x", Slots: 2, Run: func(context.Context) error {
				if running++; running > 1 {
					t.Errorf("%s runs beside another one", name)
				}
				time.Sleep(time.Minute)
				running--
				return nil
			}})
		}
		for _, name := range names("l", 20) {
			tasks = append(tasks, Task{Name: name, Run: func(context.Context) error { time.Sleep(time.Second); return nil }})
		}
		result, err := Run(t.Context(), tasks, Options{Slots: NewSlots(3)})
		if err != nil || len(result.Done) != 26 {
			t.Fatalf("%+v, %v", result, err)
		}
	})
}
