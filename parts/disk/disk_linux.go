package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// exchange swaps two paths.
func exchange(a, b string) error {
	err := unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOSYS) {
		return fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
	}
	return err
}

// syncFileSystem writes the file system of a directory to disk.
func syncFileSystem(dir string) error {
	f, err := os.Open(dir)
	if errors.Is(err, fs.ErrPermission) {
		syscall.Sync() // a directory that may not be read
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		err := unix.Syncfs(int(f.Fd()))
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.EINTR) {
			return &fs.PathError{Op: "syncfs", Path: dir, Err: err}
		}
	}
}

// mounts returns the mount points at path and below it.
func mounts(path string) ([]mount, error) {
	real, err := realPath(path)
	if err != nil {
		return nil, err
	}
	table, err := os.ReadFile("/proc/self/mountinfo")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // without /proc nothing can be told
	}
	if err != nil {
		return nil, err
	}
	return findMounts(table, real), nil
}

// Reserve makes room on disk for a file to grow to size, as far as the file
// system can.
func Reserve(f *os.File, size int64) {
	_ = syscall.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, size)
}

// stableInodes are the file systems whose files keep their inode numbers.
var stableInodes = map[uint32]bool{
	unix.EXT4_SUPER_MAGIC: true, unix.XFS_SUPER_MAGIC: true, unix.BTRFS_SUPER_MAGIC: true,
	unix.TMPFS_MAGIC: true, unix.F2FS_SUPER_MAGIC: true, 0x2fc12fc1: true, // zfs
}

// CanStage reports whether the directory dir is of a kind that can be staged:
// one of a file system with lasting inode numbers, and no mount point is at it
// or below it.
func CanStage(dir string) bool {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil || !stableInodes[uint32(stat.Type)] {
		return false
	}
	info, err := os.Lstat(dir)
	return err == nil && info.IsDir() && CheckMounts(dir) == nil
}

// Stage mounts the directory dir over the directory at, in the mount namespace
// of this process. The name of dir holds StageMark.
func Stage(dir, at string) error {
	if err := unix.Mount(dir, at, "", unix.MS_BIND, ""); err != nil {
		return &fs.PathError{Op: "mount", Path: at, Err: err}
	}
	return nil
}

// Unstage ends Stage. Processes that still use the directory keep it.
func Unstage(at string) error {
	if err := unix.Unmount(at, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil {
		return &fs.PathError{Op: "unmount", Path: at, Err: err}
	}
	return nil
}

func changeTime(stat *syscall.Stat_t) time.Time { return time.Unix(stat.Ctim.Unix()) }

// Clock returns the time that a file system gives to a file which is changed now:
// no later than that of the clock.
func Clock() time.Time {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &t); err != nil {
		return time.Now().Add(-10 * time.Millisecond)
	}
	return time.Unix(t.Unix())
}
