package fetch

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"gobuild/buildout/diag"
	"gobuild/parts"
)

const (
	tempPattern = ".fetch-*"
	// staleAfter is the age at which a temporary file in the source cache is
	// taken for the rest of a run that was killed.
	staleAfter = 24 * time.Hour
)

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// isFile reports whether path leads to a regular file.
func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// cachePath returns the place of a file in the source cache.
func (c *Client) cachePath(s parts.Checksum) string {
	return filepath.Join(c.config.Cache, s.Algorithm, s.Hex)
}

// cached returns the file of the source cache that has all sums, or "". A file
// that was damaged is removed.
func (f *fetcher) cached(sums []parts.Checksum) string {
	if f.config.Cache == "" {
		return ""
	}
	for _, s := range sums {
		path := f.cachePath(s)
		if !isFile(path) {
			continue
		}
		err := verify(path, []parts.Checksum{s})
		switch m := (*mismatch)(nil); {
		case err == nil && verify(path, sums) == nil:
			return path
		case err != nil && !errors.As(err, &m):
			f.log("cannot use " + path + " of the source cache: " + err.Error())
		case err != nil && !f.config.ReadOnly:
			f.log("removing damaged " + path + " from the source cache")
			os.Remove(path)
		}
	}
	return ""
}

// keep moves a verified temporary file into the source cache, under each of
// its sums, and returns its path.
func (f *fetcher) keep(temp string, sums []parts.Checksum) (string, error) {
	if err := errors.Join(syncFile(temp), os.Chmod(temp, 0o444)); err != nil {
		return "", err
	}
	first := f.cachePath(sums[0])
	for i, s := range sums {
		if err := os.MkdirAll(filepath.Dir(f.cachePath(s)), 0o777); err != nil {
			return "", err
		}
		if i > 0 { // a convenience: another profile may know another sum
			_ = os.Link(temp, f.cachePath(s))
		}
	}
	return first, move(temp, first)
}

// move renames a file to path, where that is possible, or makes a copy: a bind
// mount looks like a directory of the same file system.
func move(from, path string) error {
	err := os.Rename(from, path)
	if !errors.Is(err, syscall.EXDEV) {
		return err
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if err := copyTo(path, from, info.Mode().Perm()); err != nil {
		return err
	}
	return os.Remove(from)
}

// device is the number of the file system that a file is on.
func device(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Dev)
	}
	return 0
}

// tempIn makes an empty file with a temporary name in dir.
func tempIn(dir, pattern string) (string, error) {
	file, err := os.CreateTemp(dir, pattern)
	if err != nil {
		return "", err
	}
	return file.Name(), file.Close()
}

// cacheTemp makes the directory for downloads into the source cache, free of
// old left-overs.
func (c *Client) cacheTemp() (string, error) {
	dir := filepath.Join(c.config.Cache, "tmp")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	c.sweep.Do(func() { removeStale(dir) })
	return dir, nil
}

func removeStale(dir string) {
	names, _ := filepath.Glob(filepath.Join(dir, tempPattern))
	for _, name := range names {
		if info, err := os.Lstat(name); err == nil && time.Since(info.ModTime()) > staleAfter {
			os.Remove(name)
		}
	}
}

// syncFile makes the content of a file durable, before it gets its real name.
func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// copyTo copies a file to path by a temporary name beside it.
func copyTo(path, from string, mode fs.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	return writeTo(path, in, mode)
}

// writeTo writes a file by a temporary name beside it.
func writeTo(path string, r io.Reader, mode fs.FileMode) error {
	out, err := os.CreateTemp(filepath.Dir(path), tempPattern)
	if err != nil {
		return err
	}
	defer os.Remove(out.Name()) // gone after the rename
	_, err = io.Copy(out, r)
	if err := errors.Join(err, out.Chmod(mode), out.Sync(), out.Close()); err != nil {
		return err
	}
	return os.Rename(out.Name(), path)
}

// unmade reports whether dir is a cache that is not there and that, with
// ReadOnly, nobody makes.
func (c *Client) unmade(dir string) bool { return c.config.ReadOnly && !exists(dir) }

// missingCache returns an error when dir, a cache that zc.buildout defines, does
// not exist.
func missingCache(at diag.Span, dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	return diag.At(at, "fetch-cache", "The directory: '%s' to be used as a download cache doesn't exist.", dir).
		WithHint("make the directory, or correct download-cache in [buildout]")
}

// downloadCached returns the file of the download cache for one of the
// sources, or "". A file there with a wrong checksum is an error and stays.
func (f *fetcher) downloadCached(q *query) (string, error) {
	if f.config.DownloadCache == "" || f.unmade(f.config.DownloadCache) {
		return "", nil
	}
	if err := missingCache(q.at, f.config.DownloadCache); err != nil {
		return "", err
	}
	for _, s := range q.sources {
		path := f.downloadPath(s)
		if s.isLocal() || !isFile(path) {
			continue
		}
		err := verify(path, q.sums)
		if m := (*mismatch)(nil); errors.As(err, &m) {
			return "", q.cachedMismatch(m, s, path)
		}
		return path, err
	}
	return "", nil
}

// downloadPath returns the place of a source's file in the download cache, or
// "" when there is none.
func (c *Client) downloadPath(s source) string {
	if c.config.DownloadCache == "" || s.fresh {
		return ""
	}
	return filepath.Join(c.config.DownloadCache, s.group, md5Name(s.text))
}

// makeGroup makes the folder of the download cache that path is in.
func makeGroup(s source, path string) error {
	if s.group == "" {
		return nil
	}
	return os.MkdirAll(filepath.Dir(path), 0o777)
}

// fillDownloadCache copies a file into the download cache, if there is one.
func (f *fetcher) fillDownloadCache(s source, path string, mode fs.FileMode) error {
	to := f.downloadPath(s)
	if to == "" || f.config.ReadOnly {
		return nil
	}
	if err := makeGroup(s, to); err != nil {
		return err
	}
	return copyTo(to, path, mode)
}

// locks is a set of named locks within this process. Between processes the
// atomic rename is enough.
type locks struct {
	mu   sync.Mutex
	held map[string]chan struct{}
}

// lock waits for a name and returns what releases it. The name "" is free.
func (l *locks) lock(ctx context.Context, name string) (release func(), err error) {
	if name == "" {
		return func() {}, nil
	}
	for {
		wait, release := l.take(name)
		if wait == nil {
			return release, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// take takes a name, or returns the channel that is closed when it is free.
func (l *locks) take(name string) (wait chan struct{}, release func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if wait, busy := l.held[name]; busy {
		return wait, nil
	}
	if l.held == nil {
		l.held = map[string]chan struct{}{}
	}
	mine := make(chan struct{})
	l.held[name] = mine
	return nil, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.held, name)
		close(mine)
	}
}
