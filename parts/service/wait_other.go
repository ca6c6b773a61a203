//go:build unix && !linux

package service

import (
	"context"
	"time"
)

// watcher knows of nothing: files are looked for again and again.
type watcher struct{}

func newWatcher() watcher { return watcher{} }

func (watcher) close() {}

func (watcher) watch([]string) bool { return false }

func (watcher) wait(ctx context.Context, d time.Duration) { sleep(ctx, d) }
