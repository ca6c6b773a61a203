package service

import (
	"context"
	"time"
)

// Follow calls work at once, whenever a file appears in the directory, and after
// each pause, until ctx ends or work returns an error.
func Follow(ctx context.Context, dir string, pause time.Duration, work func() error) error {
	w := newWatcher()
	defer w.close()
	for {
		// Watched first, then looked at: nothing is missed in between.
		wait := pause
		if !w.watch([]string{dir}) {
			wait = min(pause, watchPause)
		}
		if err := work(); err != nil {
			return err
		}
		w.wait(ctx, wait)
		if ctx.Err() != nil {
			return nil
		}
	}
}
