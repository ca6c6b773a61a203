package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// Owner is the run that holds a directory, as the lock file tells.
type Owner struct {
	Version int       `json:"version"`
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Since   time.Time `json:"since"`
	Command string    `json:"command"`
}

// String is the owner in words.
func (o Owner) String() string {
	if o.PID == 0 {
		return "a run that has just started"
	}
	return fmt.Sprintf("process %d on %s since %s (%s)", o.PID, o.Host, o.Since.Format("15:04:05"), o.Command)
}

// lockVersion is the version of the lock file's format.
const lockVersion = 1

// LockOptions say what Lock does when another run holds the directory.
type LockOptions struct {
	NoWait  bool        // fail at once
	Waiting func(Owner) // told once before waiting; may be nil
	Command string      // shown to those who wait for this run
}

// Held is a lock that this process holds.
type Held struct{ lock *flock.Flock }

// retry is how often a waiting run looks.
const retry = 100 * time.Millisecond

// Lock takes the lock of a buildout directory: one run at a time. The kernel
// frees the lock of a dead owner.
func Lock(ctx context.Context, dir string, o LockOptions) (*Held, error) {
	path := filepath.Join(dir, ".gobuild", "lock")
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	l := flock.New(path, flock.SetPermissions(0o666))
	taken, err := l.TryLock()
	if err == nil && !taken {
		if o.NoWait {
			return nil, fmt.Errorf("lock %s: it is held by %s", dir, owner(path))
		}
		if o.Waiting != nil {
			o.Waiting(owner(path))
		}
		_, err = l.TryLockContext(ctx, retry)
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return &Held{l}, sign(path, o.Command)
}

// sign writes who holds the lock. The file is never deleted: a run that waits
// for it must see the same file.
func sign(path, command string) error {
	host, _ := os.Hostname()
	text, err := json.Marshal(Owner{lockVersion, os.Getpid(), host, time.Now(), command})
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o666)
}

func owner(path string) Owner {
	var o Owner
	if text, err := os.ReadFile(path); err == nil {
		json.Unmarshal(text, &o)
	}
	return o
}

// Release gives the directory free.
func (h *Held) Release() error { return errors.Join(h.lock.Close()) }
