package buildout

import (
	"errors"
	"sync"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/disk"
	"gobuild/parts/state"
)

// committer makes finished parts count as installed. One goroutine takes all
// that wait: it syncs their data and directories, notes in the journal what is
// about to be recorded, appends all records with one write, and then calls what
// was to follow. So a part is never recorded before those that were finished
// before it, and the price of syncing is shared.
type committer struct {
	db      *state.DB
	disk    *disk.Disk
	prepare func([]parts.Record) error // with the data on disk, before the records
	paths   func(parts.Record) []string
	stop    func(error) // told of the first failure
	done    chan struct{}

	mu      sync.Mutex
	more    sync.Cond
	waiting []finished
	closed  bool
	err     error // the first failure; nothing is recorded after it
}

// finished is a part that waits to be recorded.
type finished struct {
	record parts.Record
	after  func()
}

// start starts the goroutine; close ends it.
func (k *committer) start() {
	k.more.L, k.done = &k.mu, make(chan struct{})
	go k.loop()
}

// put hands over a finished part; after is called once it is recorded. The
// error is that of an earlier commit.
func (k *committer) put(r parts.Record, after func()) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err == nil {
		k.waiting = append(k.waiting, finished{r, after})
		k.more.Signal()
	}
	return k.err
}

// close waits until all is recorded and returns the first error.
func (k *committer) close() error {
	k.mu.Lock()
	k.closed = true
	k.more.Signal()
	k.mu.Unlock()
	<-k.done
	return k.err
}

func (k *committer) loop() {
	defer close(k.done)
	for {
		group := k.next()
		if len(group) == 0 {
			return
		}
		if err := k.commit(group); err != nil {
			k.fail(err)
			return
		}
		for _, f := range group {
			if f.after != nil {
				f.after()
			}
		}
	}
}

// next waits for parts and takes all that are there; none after close.
func (k *committer) next() []finished {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.waiting) == 0 && !k.closed {
		k.more.Wait()
	}
	group := k.waiting
	k.waiting = nil
	return group
}

// commit records a group.
func (k *committer) commit(group []finished) error {
	records := make([]parts.Record, len(group))
	var paths []string
	for i, f := range group {
		records[i] = f.record
		paths = append(paths, k.paths(f.record)...)
	}
	if err := k.disk.SyncAll(paths); err != nil {
		return unsynced(err)
	}
	if err := k.prepare(records); err != nil {
		return err
	}
	return stateError(k.db.PutAll(records))
}

func (k *committer) fail(err error) {
	k.mu.Lock()
	k.err, k.waiting = err, nil
	k.mu.Unlock()
	if k.stop != nil {
		k.stop(err)
	}
}

// unsynced explains that data did not reach the disk.
func unsynced(err error) error {
	var known *StateError
	if errors.As(err, &known) {
		return err
	}
	return &StateError{diag.At(diag.Span{}, "state-write", "what was installed cannot be brought to disk: %v", err).WithCause(err).
		WithHint("the part does not count as installed: look after the disk and run again")}
}
