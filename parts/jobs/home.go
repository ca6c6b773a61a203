package jobs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// home is the directory of all shares. It is made when it is first needed.
type home struct {
	dir      string
	pipeOnly bool // its path cannot stand in MAKEFLAGS
	note     string
	used     map[string]bool // names of shares
}

const (
	longestPath = 512
	awayPrefix  = "gobuild-jobs-"
	awayNote    = "elsewhere" // file that holds the path of the directory used instead
)

// clean deletes what a killed run left in dir, and elsewhere for it.
func clean(dir string) error {
	if dir == "" {
		return nil
	}
	if away, err := os.ReadFile(filepath.Join(dir, awayNote)); err == nil {
		path := filepath.Clean(string(away))
		if filepath.Dir(path) == filepath.Clean(os.TempDir()) && strings.HasPrefix(filepath.Base(path), awayPrefix) {
			os.RemoveAll(path) // what is not ours cannot be deleted
		}
	}
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return os.RemoveAll(dir)
}

// make makes the directory of a share below dir.
func (h *home) make(dir, part string) (string, error) {
	if h.dir == "" {
		if err := h.settle(dir); err != nil {
			return "", err
		}
	}
	name := shareName(part)
	for i := 2; h.used[name]; i++ {
		name = shareName(part) + "~" + strconv.Itoa(i)
	}
	path := filepath.Join(h.dir, name)
	if err := os.RemoveAll(path); err != nil {
		return "", err
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		return "", err
	}
	h.used[name] = true
	return path, nil
}

// leave lets another share have the directory, which is deleted.
func (h *home) leave(path string) { delete(h.used, filepath.Base(path)) }

// settle chooses the place: dir, unless make would not read its path back; then
// a directory of its own for temporary files, unless that is no better.
func (h *home) settle(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	place := dir
	if !plain(dir) {
		if away, err := os.MkdirTemp("", awayPrefix); err == nil && plain(away) {
			place, h.note = away, filepath.Join(dir, awayNote)
			if err := os.WriteFile(h.note, []byte(away), 0o600); err != nil {
				os.RemoveAll(away)
				return err
			}
		} else if err == nil {
			os.RemoveAll(away)
		}
	}
	h.dir, h.pipeOnly, h.used = place, !plain(place), map[string]bool{}
	return nil
}

// plain reports whether path can stand in MAKEFLAGS and in a recipe's shell.
func plain(path string) bool {
	bad := func(r rune) bool {
		return r <= ' ' || strings.ContainsRune("$\\\"'`#;&|<>()*?[]{}~!=,%\x7f", r)
	}
	return len(path) <= longestPath && filepath.IsAbs(path) && !strings.ContainsFunc(path, bad)
}

// shareName is the name of a part as that of a directory.
func shareName(part string) string {
	const longest = 100
	name := strings.Map(func(r rune) rune {
		if r < '0' && r != '-' && r != '.' || r > 'z' || r > '9' && r < 'A' || r > 'Z' && r < 'a' && r != '_' {
			return '_'
		}
		return r
	}, part)
	return "part-" + name[:min(len(name), longest)]
}

// remove deletes the directory.
func (h *home) remove() error {
	if h.dir == "" {
		return nil
	}
	err := os.RemoveAll(h.dir)
	if h.note != "" {
		err = errors.Join(err, os.RemoveAll(filepath.Dir(h.note)))
	}
	return err
}
