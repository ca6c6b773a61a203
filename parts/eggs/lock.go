package eggs

import (
	"os"
	"path/filepath"
	"syscall"
)

// lockRecords keeps others from writing the records of a directory. The function
// returned ends that.
func lockRecords(state string) func() {
	path := filepath.Join(state, "eggs.lock")
	if err := os.MkdirAll(state, 0o777); err != nil {
		return func() {}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return func() {}
	}
	for {
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != syscall.EINTR {
			return func() { f.Close() }
		}
	}
}
