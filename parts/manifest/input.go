package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Stat is what tells without reading that a file is the same.
type Stat struct {
	Size  int64
	Time  int64  // of its last change, in nanoseconds
	Inode uint64 // 0 means that the file has to be read to know
}

// Same reports whether a file surely has not changed between s and t.
func (s Stat) Same(t Stat) bool { return s == t && s.Inode != 0 }

// Input is a local file that a part was made from.
type Input struct {
	Path string
	Stat
	Sum string // SHA-256 in hexadecimal; "" when it changed while it was used
}

// racy is how long after its last change a file can change again so that its
// times do not tell.
const racy = 2 * time.Second

// StatFile looks at a regular file. A file that has just changed gets no inode:
// its next change may not show.
func StatFile(path string) (Stat, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Stat{}, err
	}
	if !info.Mode().IsRegular() {
		return Stat{}, &fs.PathError{Op: "read", Path: path, Err: fs.ErrInvalid}
	}
	s := Stat{Size: info.Size(), Time: info.ModTime().UnixNano()}
	if time.Since(info.ModTime()) > racy {
		s.Inode = inode(info)
	}
	return s, nil
}

// SumFile returns the SHA-256 of a file in hexadecimal.
func SumFile(path string) (string, error) {
	sum := sha256.New()
	if err := sumInto(sum, path); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func sumInto(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// Tracker collects the local files that a part uses while it is installed.
type Tracker struct {
	// Known are inputs whose sums need not be computed again.
	Known []Input

	mu   sync.Mutex
	used []Input // without sums
}

// Used notes a file at the moment when it is used. What is no regular file is
// not noted.
func (t *Tracker) Used(path string) {
	s, err := StatFile(path)
	if err != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, i := range t.used {
		if i.Path == path {
			return
		}
	}
	t.used = append(t.used, Input{Path: path, Stat: s})
}

// IsEmpty reports whether no file was used.
func (t *Tracker) IsEmpty() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.used) == 0
}

// Inputs returns the files that were used, but those in own: directories and
// files that the part has made itself. A file that has changed in the meantime
// has no sum, so that the next run finds it changed; one that is gone does not
// count.
func (t *Tracker) Inputs(own ...string) []Input {
	t.mu.Lock()
	defer t.mu.Unlock()
	var inputs []Input
	for _, i := range t.used {
		if within(i.Path, own) {
			continue
		}
		if i, ok := t.sum(i); ok {
			inputs = append(inputs, i)
		}
	}
	return inputs
}

func (t *Tracker) sum(i Input) (Input, bool) {
	for _, known := range t.Known {
		if known.Path == i.Path && known.Same(i.Stat) {
			return known, true
		}
	}
	s, err := StatFile(i.Path)
	if err != nil {
		return i, false
	}
	if s.Size == i.Size && s.Time == i.Time {
		i.Sum, err = SumFile(i.Path)
	}
	return i, err == nil
}

func within(path string, dirs []string) bool {
	for _, dir := range dirs {
		if rest, ok := strings.CutPrefix(path, filepath.Clean(dir)); ok && (rest == "" || rest[0] == filepath.Separator) {
			return true
		}
	}
	return false
}
