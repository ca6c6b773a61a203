package buildout

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"gobuild/buildout/diag"
)

// Bootstrap makes the standard directories and returns those that it made.
func (e *Engine) Bootstrap() (made []string, err error) {
	for _, dir := range e.standardDirectories() {
		info, err := os.Stat(dir)
		if err == nil && info.IsDir() {
			continue
		}
		if err == nil {
			err = &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR}
		} else {
			err = os.MkdirAll(dir, 0o777)
		}
		if err != nil {
			return made, &StateError{notMade(dir, err)}
		}
		made = append(made, dir)
	}
	return made, e.linkRelocatable()
}

// notMade is the error for a standard directory.
func notMade(dir string, err error) error {
	reason := err
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		reason = e.Err
	}
	d := diag.At(diag.Span{}, "directory", "cannot make the directory %s: %v", dir, reason).WithCause(err)
	if errors.Is(err, syscall.ENOTDIR) {
		d.WithHint("something that is no directory is in its place")
	}
	return d
}

// standardDirectories are those that every run needs.
func (e *Engine) standardDirectories() []string {
	dirs := []string{e.Base.BinDirectory, e.Base.PartsDirectory, e.Base.DevelopEggs}
	if e.Base.DownloadCache != "" {
		// dist is where zc.buildout keeps the archives of eggs.
		dirs = append(dirs, e.path(e.Base.DownloadCache), e.path(e.Base.DownloadCache)+"/dist")
	}
	return dirs
}
