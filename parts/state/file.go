package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"gobuild/buildout/diag"
	"gobuild/parts/disk"
)

// file is the file of a DB as it was last read or written.
type file struct {
	path   string
	disk   *disk.Disk
	exists bool
	size   int64 // what is there
	valid  int64 // what counts; the rest is an unfinished append
	open   bool  // the part that counts does not end with a line end
}

// append adds text with one write, and waits until it is on disk. When it
// fails, the file tells what it told before.
func (f *file) append(text string) error {
	if f.open {
		text = "\n" + text
	}
	w, err := f.disk.Open(f.path, os.O_WRONLY, 0)
	if err != nil {
		return f.failed(err)
	}
	err = f.appendTo(w, text)
	if closing := w.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return f.failed(err)
	}
	f.valid += int64(len(text))
	f.size, f.open = f.valid, false
	return nil
}

func (f *file) appendTo(w *os.File, text string) error {
	info, err := w.Stat()
	if err != nil {
		return err
	}
	if info.Size() != f.size {
		return errors.New("another program has changed it during this run")
	}
	if f.size > f.valid {
		if err := f.disk.Truncate(w, f.valid); err != nil {
			return err
		}
		f.size = f.valid
	}
	if err = f.disk.WriteAt(w, text, f.valid); err == nil {
		err = f.disk.Sync(w)
	}
	if err != nil {
		// Best effort: without it the rest is recognised as unfinished.
		err = errors.Join(err, f.disk.Truncate(w, f.valid))
		if info, lost := w.Stat(); lost == nil {
			f.size = info.Size()
		}
	}
	return err
}

// replace writes the whole file and renames it into place.
func (f *file) replace(text string) error {
	path, mode := f.target()
	temp := path + ".tmp"
	if err := f.writeSynced(temp, text, mode); err != nil {
		_ = f.disk.Remove(temp)
		return f.failed(err)
	}
	if err := f.disk.Rename(temp, path); err != nil {
		_ = f.disk.Remove(temp)
		return f.failed(err)
	}
	f.exists, f.size, f.valid, f.open = true, int64(len(text)), int64(len(text)), false
	return f.syncDirectory(path)
}

// target returns the path to replace, symbolic links followed, and the mode of
// the file there; 0 when there is none.
func (f *file) target() (string, fs.FileMode) {
	path := f.path
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	info, err := os.Stat(path)
	if err != nil {
		return path, 0
	}
	return path, info.Mode().Perm()
}

// writeSynced writes a file that is on disk when it returns. A temporary file
// of a killed run is overwritten.
func (f *file) writeSynced(path, text string, mode fs.FileMode) error {
	w, err := f.disk.Open(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o666)
	if err != nil {
		return err
	}
	if err = f.disk.WriteAt(w, text, 0); err == nil && mode != 0 {
		err = w.Chmod(mode)
	}
	if err == nil {
		err = f.disk.Sync(w)
	}
	return errors.Join(err, w.Close())
}

// remove deletes the file.
func (f *file) remove() error {
	if err := f.disk.Remove(f.path); err != nil {
		return f.failed(err)
	}
	f.exists, f.size, f.valid, f.open = false, 0, 0, false
	return f.syncDirectory(f.path)
}

// syncDirectory makes a rename or removal durable.
func (f *file) syncDirectory(path string) error {
	if err := f.disk.SyncDir(filepath.Dir(path)); err != nil {
		return f.failed(err)
	}
	return nil
}

// failed explains why the file could not be written.
func (f *file) failed(err error) error {
	return explain("state-write", fmt.Sprintf("cannot record in %s what is installed", f.path), filepath.Dir(f.path), err)
}

// explain makes a diagnostic of a failed write in dir.
func explain(code, msg, dir string, err error) error {
	reason := err
	var path *fs.PathError
	var link *os.LinkError
	if errors.As(err, &path) {
		reason = path.Err
	} else if errors.As(err, &link) {
		reason = link.Err
	}
	d := diag.At(diag.Span{}, code, "%s: %v", msg, reason).WithCause(err)
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return d.WithHint("free some space and run again; the file still tells the state before")
	case errors.Is(err, syscall.ENOTDIR) && path != nil:
		return d.WithHint("%s is in the way: it is no directory", path.Path)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return d.WithHint("make %s writable for this user and run again", dir)
	}
	return d
}
