//go:build !linux

package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

func exchange(string, string) error { return errors.ErrUnsupported }

// syncFileSystem writes all file systems to disk.
func syncFileSystem(string) error {
	syscall.Sync()
	return nil
}

// mounts returns directories at path and below it that are on another file
// system than the directory of path.
func mounts(path string) ([]mount, error) {
	real, err := realPath(path)
	if err != nil {
		return nil, err
	}
	_, home := nearest(filepath.Dir(real))
	var list []mount
	err = filepath.WalkDir(real, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil
		}
		info, err := entry.Info()
		if err != nil || deviceOf(info) == home {
			return nil
		}
		below, err := filepath.Rel(real, name)
		list = append(list, mount{point: name, below: below})
		return errors.Join(err, fs.SkipDir)
	})
	return list, err
}

// Reserve does nothing.
func Reserve(*os.File, int64) {}

// CanStage is false: there are no mount namespaces.
func CanStage(string) bool { return false }

// Stage cannot be done.
func Stage(string, string) error { return errors.ErrUnsupported }

// Unstage cannot be done.
func Unstage(string) error { return errors.ErrUnsupported }

func changeTime(stat *syscall.Stat_t) time.Time { return time.Unix(stat.Ctimespec.Unix()) }

// Clock returns the time that a file system gives to a file which is changed now,
// or an earlier one: no later than that of the clock.
func Clock() time.Time { return time.Now().Truncate(time.Second) }
