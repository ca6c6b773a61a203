package service

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"gobuild/buildout/diag"
)

// pidfile is a pid file that this process has written. nil is none.
type pidfile struct{ path string }

// claim writes the id of this process to the pid file at path, unless the
// process in it runs the same command.
func claim(path string, argv []string) (*pidfile, error) {
	if path == "" {
		return nil, nil
	}
	unlock := lockDirectory(filepath.Dir(path))
	defer unlock()
	if pid := readPid(path); pid > 0 && pid != os.Getpid() && isRunning(pid, argv) {
		return nil, diag.At(diag.Span{}, "already-running", "Already running with pid %d.", pid)
	}
	if err := writePid(path); err != nil {
		return nil, fmt.Errorf("write pid file %s: %w", path, cause(err))
	}
	return &pidfile{path}, nil
}

// remove deletes the pid file while it is still that of this process.
func (p *pidfile) remove() {
	if p != nil && readPid(p.path) == os.Getpid() {
		os.Remove(p.path)
	}
}

// readPid returns the number in a pid file, or 0.
func readPid(path string) int {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(text)))
	if err != nil {
		return 0
	}
	return pid
}

// isRunning reports whether a process runs the command argv. Words before it,
// which a #! line or a launch puts there, do not count. A process that started
// this one, and waits for it, is none.
func isRunning(pid int, argv []string) bool {
	words := commandLine(pid)
	return pid != os.Getppid() && len(words) >= len(argv) && slices.Equal(words[len(words)-len(argv):], argv)
}

// writePid replaces the pid file in one step: others see the old number or the
// new one.
func writePid(path string) error {
	temp := fmt.Sprintf("%s.%d.tmp", path, os.Getpid())
	os.Remove(temp) // of a process that had the same number
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.WriteString(strconv.Itoa(os.Getpid()))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		os.Remove(temp)
	}
	return err
}

// cause is err without the scratch name that it happened to.
func cause(err error) error {
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		return errno
	}
	return err
}

// lockDirectory keeps two launches from writing one pid file at once. Others
// may lock directories for their own reasons, and for long: after a second the
// launch goes on without the lock.
func lockDirectory(dir string) (unlock func()) {
	f, err := os.Open(dir)
	if err != nil {
		return func() {}
	}
	const patience, pause = time.Second, 5 * time.Millisecond
	for start := time.Now(); time.Since(start) < patience; time.Sleep(pause) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	return func() { f.Close() }
}
