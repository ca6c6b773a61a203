package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"gobuild/buildout/diag"
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
	s := fmt.Sprintf("process %d on %s since %s", o.PID, o.Host, o.Since.Local().Format(time.DateTime))
	if o.Command != "" {
		s += " (" + o.Command + ")"
	}
	return s
}

// lockVersion is the version of the lock file's format.
const lockVersion = 1

// ErrLocked is wrapped by the error of a Lock that was not to wait.
var ErrLocked = errors.New("the directory is locked")

// LockOptions say what Lock does when another run holds the directory.
type LockOptions struct {
	NoWait bool // fail at once, with ErrLocked
	// Waiting is told who holds the directory before Lock waits, and again
	// when another run got it in the meantime. It may be nil.
	Waiting func(Owner)
	Command string // shown to those who wait for this run; without secrets
	// Inherited is the file of Held.File in the process that this one
	// replaces: when it is that of the directory, the lock is held already.
	Inherited *os.File
}

// Held is a lock that this process holds.
type Held struct{ file *os.File }

// File returns the locked file. The lock lasts until all descriptors of it are
// closed, those of other processes included.
func (h *Held) File() *os.File { return h.file }

// retry is how often a waiting run looks: the kernel cannot be told to stop
// waiting when the context ends.
const retry = 50 * time.Millisecond

// Lock takes the lock of a buildout directory, .gobuild/lock: one run at a
// time. The kernel frees the lock of a dead owner. The file stays: a run that
// waits must see the same one.
func Lock(ctx context.Context, dir string, o LockOptions) (*Held, error) {
	path := filepath.Join(dir, ".gobuild", "lock")
	failed := func(err error) error { return explain("lock", "cannot lock "+dir, dir, err) }
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, failed(err)
	}
	if sameFile(o.Inherited, path) {
		return &Held{o.Inherited}, nil
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, failed(err)
	}
	if err := acquire(ctx, file, dir, o); err != nil {
		file.Close()
		var known *diag.Diagnostic
		if ctx.Err() != nil || errors.As(err, &known) {
			return nil, err
		}
		return nil, failed(err)
	}
	if err := sign(path, o.Command); err != nil {
		file.Close()
		return nil, failed(err)
	}
	return &Held{file}, nil
}

// sameFile reports whether an open file is the one at path.
func sameFile(file *os.File, path string) bool {
	if file == nil {
		return false
	}
	there, err := os.Stat(path)
	if err != nil {
		return false
	}
	info, err := file.Stat()
	return err == nil && os.SameFile(info, there)
}

// tryLock takes the lock unless another process has it.
func tryLock(file *os.File) (taken bool, err error) {
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, syscall.EINTR):
			return false, &fs.PathError{Op: "lock", Path: file.Name(), Err: err}
		}
	}
}

// acquire waits for the lock as o says.
func acquire(ctx context.Context, file *os.File, dir string, o LockOptions) error {
	taken, err := tryLock(file)
	if taken || err != nil {
		return err
	}
	holder := readOwner(file.Name())
	if o.NoWait {
		return diag.At(diag.Span{}, "locked", "another run works in %s: %s", dir, holder).
			WithHint("wait until it is done, or run without --no-wait to have this run wait for it").WithCause(ErrLocked)
	}
	tell := func(who Owner) {
		if o.Waiting != nil {
			o.Waiting(who)
		}
	}
	tell(holder)
	ticker := time.NewTicker(retry)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		if taken, err := tryLock(file); taken || err != nil {
			return err
		}
		if now := readOwner(file.Name()); now.PID != 0 && (now.PID != holder.PID || !now.Since.Equal(holder.Since)) {
			holder = now
			tell(holder)
		}
	}
}

// sign writes who holds the lock.
func sign(path, command string) error {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	text, err := json.Marshal(Owner{lockVersion, os.Getpid(), host, time.Now().UTC(), command})
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o666)
}

// readOwner returns who has signed the file; the zero Owner when it cannot be
// read, as between taking the lock and signing.
func readOwner(path string) Owner {
	text, err := os.ReadFile(path)
	if err != nil {
		return Owner{}
	}
	var o Owner
	if json.Unmarshal(text, &o) != nil || o.Version < 1 {
		return Owner{}
	}
	return o
}

// Release gives the directory free.
func (h *Held) Release() error {
	if err := h.file.Close(); err != nil {
		return fmt.Errorf("unlock %s: %w", filepath.Dir(filepath.Dir(h.file.Name())), err)
	}
	return nil
}
