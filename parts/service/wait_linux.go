package service

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// watcher tells by inotify that something happened in directories. f is nil
// when the user has no inotify instance left.
type watcher struct{ f *os.File }

func newWatcher() watcher {
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC | syscall.IN_NONBLOCK)
	if err != nil {
		return watcher{}
	}
	return watcher{os.NewFile(uintptr(fd), "inotify")}
}

func (w watcher) close() {
	if w.f != nil {
		w.f.Close()
	}
}

// watch watches the directories, and reports whether it can watch them all. A
// directory that is watched already is not watched twice.
func (w watcher) watch(dirs []string) bool {
	if w.f == nil {
		return false
	}
	raw, err := w.f.SyscallConn()
	if err != nil {
		return false
	}
	all := true
	raw.Control(func(fd uintptr) {
		for _, dir := range dirs {
			_, err := syscall.InotifyAddWatch(int(fd), dir, syscall.IN_CREATE|syscall.IN_MOVED_TO|syscall.IN_DELETE_SELF|syscall.IN_MOVE_SELF)
			all = all && err == nil
		}
	})
	return all
}

// wait waits until something happened, ctx ends, or the time is over.
func (w watcher) wait(ctx context.Context, d time.Duration) {
	if w.f == nil {
		sleep(ctx, d)
		return
	}
	w.f.SetReadDeadline(time.Now().Add(d))
	stop := context.AfterFunc(ctx, func() { w.f.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	var events [1 << 14]byte
	if _, err := w.f.Read(events[:]); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		sleep(ctx, d)
	}
}
