package service

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// How often files are looked for: where nothing tells when one appears, and
// where something does, in case it cannot know (a file made by another machine,
// a renamed directory further up).
const (
	pollPause  = 100 * time.Millisecond
	watchPause = 2 * time.Second
)

// interruptible returns a context that ends, with an *interrupted as its cause,
// when a signal comes that ends a process.
func interruptible() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, without([]os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM}, ignoredSignals())...)
	go func() {
		select {
		case s := <-signals:
			cancel(&interrupted{s.(syscall.Signal)})
		case <-ctx.Done():
		}
	}()
	return ctx, func() { signal.Stop(signals); cancel(nil) }
}

// awaitAll waits until all files exist, or ctx ends.
func awaitAll(ctx context.Context, files []string) error {
	if allExist(files) {
		return context.Cause(ctx)
	}
	w := newWatcher()
	defer w.close()
	dirs := directories(files)
	for {
		// Watched first, then looked for: nothing is missed in between.
		pause := pollPause
		if w.watch(dirs) {
			pause = watchPause
		}
		if allExist(files) {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		w.wait(ctx, pause)
	}
}

func allExist(files []string) bool {
	return !slices.ContainsFunc(files, func(f string) bool {
		_, err := os.Lstat(f)
		return err != nil
	})
}

func directories(files []string) []string {
	dirs := make([]string, len(files))
	for i, f := range files {
		dirs[i] = filepath.Dir(f)
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// sleep waits for a time, or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
