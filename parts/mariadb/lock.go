package mariadb

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Pauses between two looks at something that another process does.
const (
	pause = 20 * time.Millisecond
	// patience is how long a setup waits for another one, and for a server to
	// answer or to end.
	patience = time.Minute
)

// errHeld says that another process holds the lock.
var errHeld = errors.New("another process works on the data directory")

// lock takes the lock of the data directory at once, or returns errHeld.
func (s *Server) lock() (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(s.Data), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(s.Data+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return nil, errHeld
	}
	return nil, err
}

// await takes the lock, and waits until a server that was started without it has
// let go of its files.
func (s *Server) await(ctx context.Context) (*os.File, error) {
	var lock *os.File
	err := poll(ctx, func() (bool, error) {
		var err error
		if lock, err = s.lock(); errors.Is(err, errHeld) {
			return false, nil
		}
		return true, err
	})
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"ibdata1", "aria_log_control"} {
		if err := poll(ctx, func() (bool, error) { return isFree(filepath.Join(s.Data, name)) }); err != nil {
			lock.Close()
			return nil, err
		}
	}
	return lock, nil
}

// poll asks until the answer is yes.
func poll(ctx context.Context, ask func() (bool, error)) error {
	for {
		if ok, err := ask(); ok || err != nil {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// isFree reports whether no process has locked a file, as servers do.
func isFree(path string) (bool, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	l := syscall.Flock_t{Type: syscall.F_WRLCK}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &l); err != nil {
		return false, err
	}
	return l.Type == syscall.F_UNLCK, nil
}
