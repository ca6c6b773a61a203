package sched

import (
	"fmt"
	"sync"
)

// Slots is the budget of a run. Others may take of it at the same time, so a
// slot that is free now need not be so a moment later. All methods may be
// called by several goroutines at once, and none blocks.
type Slots interface {
	// Take takes n slots if so many are free now, else none. 0 always succeeds.
	Take(n int) bool
	// Release gives n slots back that Take took.
	Release(n int)
	// Freed receives after slots may have become free, whoever held them. Its
	// capacity is 1: several releases may be told once. It has one reader, which
	// calls Freed each time before it waits.
	Freed() <-chan struct{}
	// Total is how many slots there are. It is at least 1 and never changes.
	Total() int
}

// NewSlots returns n slots; less than 1 means 1.
func NewSlots(n int) Slots {
	n = max(n, 1)
	return &counter{free: n, total: n, freed: make(chan struct{}, 1)}
}

// counter is the Slots of a run that shares them with nobody.
type counter struct {
	mu    sync.Mutex
	free  int
	total int
	freed chan struct{}
}

func (c *counter) Take(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n > c.free {
		return false
	}
	c.free -= n
	return true
}

func (c *counter) Release(n int) {
	if n == 0 {
		return
	}
	c.mu.Lock()
	c.free += n
	free := c.free
	c.mu.Unlock()
	if free > c.total {
		panic(fmt.Sprintf("%d slots are free, but there are only %d", free, c.total))
	}
	select {
	case c.freed <- struct{}{}:
	default: // told, and not read yet
	}
}

func (c *counter) Freed() <-chan struct{} { return c.freed }

func (c *counter) Total() int { return c.total }
