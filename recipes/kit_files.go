package recipes

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/google/renameio/v2"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/store"
)

// specialBits are the bits of a mode that chmod sets besides the permissions.
const specialBits = os.ModeSetuid | os.ModeSetgid | os.ModeSticky

// workPath returns path, which may be relative to the buildout directory, as
// an absolute one.
func workPath(w *parts.Work, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(w.Dir, path)
}

// ownAs returns w for a part whose profile calls its directory dir, perhaps
// relative or with a slash at its end: what it owns is recorded so.
func ownAs(w *parts.Work, dir string) *parts.Work {
	path := workPath(w, dir)
	if path == dir {
		return w
	}
	named := *w
	named.Own = func(owned string) {
		rest, ok := strings.CutPrefix(owned, path)
		if !ok || rest != "" && !strings.HasPrefix(rest, "/") {
			w.Own(owned)
			return
		}
		if strings.HasSuffix(dir, "/") {
			rest = strings.TrimPrefix(rest, "/")
		}
		w.Own(dir + rest)
	}
	return &named
}

// umasked returns the mode that a file created with mode gets.
func umasked(w *parts.Work, mode os.FileMode) os.FileMode {
	return mode &^ os.FileMode(w.Umask)
}

// writeFile puts data at path as a new file with exactly this mode, in one
// step: others see the old file or the new one. A link at path is replaced.
func writeFile(path string, data []byte, mode os.FileMode) error {
	return writeFrom(path, bytes.NewReader(data), mode)
}

// writeFrom is writeFile with the data of r.
func writeFrom(path string, r io.Reader, mode os.FileMode) error {
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		return diag.At(diag.Span{}, codeFile, "'%s' is a directory: no file is written in its place", path)
	}
	if mode&0o111 != 0 {
		// As for unpacked programs: no fork may hold it open for writing.
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
	}
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)))
	if err != nil {
		return cleanPathError(err, path)
	}
	defer f.Cleanup()
	if _, err := io.Copy(f, r); err != nil {
		return cleanPathError(err, path)
	}
	if err := f.Chmod(mode); err != nil {
		return cleanPathError(err, path)
	}
	return cleanPathError(f.CloseAtomicallyReplace(), path)
}

// cleanPathError names path instead of the temporary file that err is about.
func cleanPathError(err error, path string) error {
	var onPath *fs.PathError
	var onLink *os.LinkError
	switch {
	case errors.As(err, &onPath):
		return &fs.PathError{Op: "write", Path: path, Err: onPath.Err}
	case errors.As(err, &onLink):
		return &fs.PathError{Op: "write", Path: path, Err: onLink.Err}
	}
	return err
}

// placeFile makes path a file with this data and mode. A file that has the
// data already is not written again, even if path is a link to it.
func placeFile(path string, data []byte, mode os.FileMode) error {
	info, same := fileHolds(path, data)
	if !same {
		return writeFile(path, data, mode)
	}
	if info.Mode()&(fs.ModePerm|specialBits) == mode {
		return nil
	}
	return os.Chmod(path, mode)
}

// fileHolds reports whether path is a regular file, or a link to one, with
// exactly this data.
func fileHolds(path string, data []byte) (fs.FileInfo, bool) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() != int64(len(data)) {
		return info, false
	}
	has, err := os.ReadFile(path)
	return info, err == nil && bytes.Equal(has, data)
}

// copyFile copies the content of a file to a new file with this mode.
func copyFile(ctx context.Context, from, to string, mode os.FileMode) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	return writeFrom(to, contextReader{ctx, f}, mode)
}

// sameFile reports whether to is a regular file with this mode and the content of
// the file from.
func sameFile(ctx context.Context, from, to string, mode os.FileMode) bool {
	info, err := os.Lstat(to)
	if err != nil || info.Mode() != mode {
		return false
	}
	a, err := os.Open(from)
	if err != nil {
		return false
	}
	defer a.Close()
	b, err := os.Open(to)
	if err != nil {
		return false
	}
	defer b.Close()
	var one, other [32 << 10]byte
	for ctx.Err() == nil {
		n, errA := io.ReadFull(a, one[:])
		m, errB := io.ReadFull(b, other[:])
		if !bytes.Equal(one[:n], other[:m]) {
			return false
		}
		if errA != nil || errB != nil {
			end := func(err error) bool { return err == io.EOF || err == io.ErrUnexpectedEOF }
			return end(errA) && end(errB)
		}
	}
	return false
}

// contextReader is a Reader that ends with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

// Read reads from r unless the context has ended.
func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// makeDirs makes dir and its missing parents, the outermost first, with mode
// 0777 less the umask. made is told of each before it is made; it may be nil.
func makeDirs(w *parts.Work, dir string, made func(string)) error {
	return makeDirsMode(w, dir, fs.ModePerm, made)
}

// makeDirsMode is makeDirs with a mode for dir itself, to which the umask
// applies too.
func makeDirsMode(w *parts.Work, dir string, mode os.FileMode, made func(string)) error {
	info, err := os.Stat(dir)
	if err == nil && info.IsDir() {
		return nil
	}
	if err == nil {
		return diag.At(diag.Span{}, codeFile, "File exists: '%s' is not a directory", dir)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := makeDirs(w, parent, made); err != nil {
			return err
		}
	}
	if made != nil {
		made(dir)
	}
	err = os.Mkdir(dir, umasked(w, mode))
	if errors.Is(err, fs.ErrExist) {
		return dirExists(dir, err)
	}
	return err
}

// dirExists returns nil if dir is a directory by now, else err.
func dirExists(dir string, err error) error {
	if info, e := os.Stat(dir); e == nil && info.IsDir() {
		return nil
	}
	return err
}

// removeTree removes what is at path, whatever its modes, without following a
// link. It refuses the buildout directory and what that lies in.
func removeTree(w *parts.Work, path string) error {
	if isWithin(w.Dir, path) {
		return diag.At(diag.Span{}, codeFile, "'%s' holds the buildout directory and is not deleted", path)
	}
	return store.Remove(path)
}

// isWithin reports whether path is dir or lies in it. Links do not count.
func isWithin(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
