package buildout

import (
	"sync"
	"time"

	"gobuild/parts/jobs"
)

// lentSlots are the slots of a nested run: those of the outer run, and first of
// all those that the part holds which waits for it. Two runs take of one pool,
// but only one can be told when a slot becomes free: the nested one asks again.
type lentSlots struct {
	pool  *jobs.Pool
	freed chan struct{}

	mu       sync.Mutex
	own      int // lent and not taken
	borrowed int // of those taken, what the pool has given
}

// askAgain is how long a nested run that waits for slots of the pool waits at
// most.
const askAgain = 50 * time.Millisecond

// lend returns slots of which n are lent.
func lend(pool *jobs.Pool, n int) *lentSlots {
	return &lentSlots{pool: pool, own: n, freed: make(chan struct{}, 1)}
}

// Take takes n slots, lent ones first.
func (l *lentSlots) Take(n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	more := max(n-l.own, 0)
	if more > 0 && !l.pool.Take(more) {
		return false
	}
	l.own -= n - more
	l.borrowed += more
	return true
}

// Release gives n slots back, those of the pool first.
func (l *lentSlots) Release(n int) {
	l.mu.Lock()
	back := min(n, l.borrowed)
	l.borrowed -= back
	l.own += n - back
	l.mu.Unlock()
	if back > 0 {
		l.pool.Release(back)
	}
	l.tell()
}

// Freed receives when slots were released, and after a while in any case.
func (l *lentSlots) Freed() <-chan struct{} {
	time.AfterFunc(askAgain, l.tell)
	return l.freed
}

// Total is the number of slots of the pool.
func (l *lentSlots) Total() int { return l.pool.Total() }

func (l *lentSlots) tell() {
	select {
	case l.freed <- struct{}{}:
	default: // told, and not read yet
	}
}
