package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Disk changes files. A nil Disk is a plain one.
type Disk struct {
	// NoSync leaves out what makes changes durable.
	NoSync bool
	// Fault is asked before each change. Its error, if any, is that of the
	// change, which is then not made. It is for tests.
	Fault func(op, path string) error
}

// ErrTorn is the error of a Fault that lets half of a write through. Fault is
// then asked again, about "torn".
var ErrTorn = errors.New("torn write")

func (d *Disk) fault(op, path string) error {
	if d == nil || d.Fault == nil {
		return nil
	}
	if err := d.Fault(op, path); err != nil {
		return &fs.PathError{Op: op, Path: path, Err: err}
	}
	return nil
}

func (d *Disk) noSync() bool { return d != nil && d.NoSync }

// Rename is os.Rename.
func (d *Disk) Rename(from, to string) error {
	if err := d.fault("rename", from); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// Exchange swaps two paths of one file system in one step. The error wraps
// errors.ErrUnsupported where that cannot be done.
func (d *Disk) Exchange(a, b string) error {
	if err := d.fault("exchange", a); err != nil {
		return err
	}
	if err := exchange(a, b); err != nil {
		return &os.LinkError{Op: "exchange", Old: a, New: b, Err: err}
	}
	return nil
}

// Mkdir makes one directory, with mode less the umask.
func (d *Disk) Mkdir(path string, mode fs.FileMode) error {
	if err := d.fault("mkdir", path); err != nil {
		return err
	}
	return os.Mkdir(path, mode)
}

// Open is os.OpenFile.
func (d *Disk) Open(path string, flag int, mode fs.FileMode) (*os.File, error) {
	if flag&(os.O_CREATE|os.O_TRUNC) != 0 {
		if err := d.fault("create", path); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, flag, mode)
}

// WriteAt writes text to f at an offset with one call.
func (d *Disk) WriteAt(f *os.File, text string, at int64) error {
	if err := d.fault("write", f.Name()); err != nil {
		if errors.Is(err, ErrTorn) {
			_, _ = f.WriteAt([]byte(text[:len(text)/2]), at)
			return errors.Join(err, d.fault("torn", f.Name()))
		}
		return err
	}
	_, err := f.WriteAt([]byte(text), at)
	return err
}

// Truncate cuts f off.
func (d *Disk) Truncate(f *os.File, size int64) error {
	if err := d.fault("truncate", f.Name()); err != nil {
		return err
	}
	return f.Truncate(size)
}

// Sync waits until the content of f is on disk.
func (d *Disk) Sync(f *os.File) error {
	if d.noSync() {
		return nil
	}
	if err := d.fault("sync", f.Name()); err != nil {
		return err
	}
	return f.Sync()
}

// SyncDir waits until the entries of a directory are on disk.
func (d *Disk) SyncDir(path string) error {
	if d.noSync() {
		return nil
	}
	if err := d.fault("sync", path); err != nil {
		return err
	}
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil // a file system without it
	}
	return errors.Join(err, dir.Close())
}

// SyncAll waits until all that was written to the file systems of paths is on
// disk. For a path that is missing its nearest directory counts.
func (d *Disk) SyncAll(paths []string) error {
	if d.noSync() {
		return nil
	}
	seen := map[uint64]bool{}
	for _, path := range paths {
		path, device := nearest(path)
		if seen[device] {
			continue
		}
		seen[device] = true
		if err := d.fault("syncfs", path); err != nil {
			return err
		}
		if err := syncFileSystem(path); err != nil {
			return err
		}
	}
	return nil
}

// nearest returns the directory that path is or lies in, and the number of its
// file system. A symbolic link counts by where it lies.
func nearest(path string) (dir string, device uint64) {
	for {
		info, err := os.Lstat(path)
		if err == nil && info.IsDir() {
			return path, deviceOf(info)
		}
		parent := filepath.Dir(path)
		if parent == path {
			return path, 0
		}
		path = parent
	}
}

// deviceOf returns the number of the file system of a file.
func deviceOf(info fs.FileInfo) uint64 {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	return uint64(stat.Dev)
}

// Changed returns when a file was changed last: its content, or its place, or
// its mode. Unlike the time of its content, that cannot be set.
func Changed(info fs.FileInfo) time.Time {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return info.ModTime()
	}
	return changeTime(stat)
}

// Inode returns the number of the file at path in its file system; 0 when
// there is none.
func Inode(path string) uint64 {
	info, err := os.Lstat(path)
	if err != nil {
		return 0
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	return stat.Ino
}
