package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"gobuild/buildout/event"
	"gobuild/parts"
)

// pollInterval is the time between two attempts to take a lock that another
// process holds.
const pollInterval = 200 * time.Millisecond

// lockPath returns the lock file of the shared directory DIR/NAME/DIGEST:
// DIR/.gobuild/locks/NAME-DIGEST.lock.
func lockPath(location string) string {
	named := filepath.Dir(location)
	file := filepath.Base(named) + "-" + filepath.Base(location) + ".lock"
	return filepath.Join(filepath.Dir(named), ".gobuild", "locks", file)
}

// Lock takes the lock that file stands for while location is made, waiting for
// another process that holds it. The lock ends with the process, whatever its
// end. unlock is called once.
func Lock(ctx context.Context, w *parts.Work, file, location string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return nil, fmt.Errorf("make the directory of locks: %w", err)
	}
	lock := flock.New(file, flock.SetPermissions(0o666))
	locked, err := lock.TryLock()
	if err == nil && !locked {
		w.Say(event.Info, "waiting for the process that builds "+location)
		_, err = lock.TryLockContext(ctx, pollInterval)
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", file, err)
	}
	return func() { _ = lock.Close() }, nil
}
