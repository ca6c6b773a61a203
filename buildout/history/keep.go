package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"gobuild/buildout/diag"
	"gobuild/parts/store"
)

// noteName is the file beside kept trees that says where they were.
const noteName = "kept.json"

// noteVersion is the version of its format.
const noteVersion = 1

// note says what of a part is kept.
type note struct {
	Version int        `json:"version"`
	Part    string     `json:"part"`
	Paths   []keptPath `json:"paths"` // in the order in which they were moved
}

// keptPath is one path that the part owned.
type keptPath struct {
	Path    string `json:"path"`              // where it was, absolute
	Name    string `json:"name,omitempty"`    // its name beside the note
	Deleted string `json:"deleted,omitempty"` // why it had to be deleted instead
}

// Tree is something that a part owned.
type Tree struct {
	Path string // where the part had it
	At   string // where it is now
}

// Keep moves what a part owned to .gobuild/previous/RUN/PART, so that a
// rollback can put it back. Paths that do not exist are passed over. What
// cannot be moved by a rename is deleted, and noted as such; the error is then
// a warning to show. Any other error means that something is still there.
func Keep(dir, runID, part string, paths []string) error {
	trees := make([]Tree, 0, len(paths))
	for _, path := range paths {
		if path != "" {
			trees = append(trees, Tree{Path: absolute(dir, path), At: absolute(dir, path)})
		}
	}
	return KeepTrees(dir, runID, part, trees)
}

// KeepTrees is Keep for what was set aside before.
func KeepTrees(dir, runID, part string, trees []Tree) error {
	place := keptDir(dir, runID, part)
	n, err := readNote(place)
	if errors.Is(err, fs.ErrNotExist) {
		n, err = &note{Version: noteVersion, Part: part}, nil
	}
	if err != nil {
		return dropTrees(dir, part, trees, err)
	}
	first := len(n.Paths)
	var present []Tree
	for _, t := range trees {
		if _, err := os.Lstat(t.At); err != nil || insideOf(present, t.At) {
			continue
		}
		present = append(present, t)
		n.Paths = append(n.Paths, keptPath{Path: absolute(dir, t.Path), Name: strconv.Itoa(len(n.Paths))})
	}
	if len(present) == 0 {
		return nil
	}
	// The note comes first: what is moved without one would be lost.
	if err := n.write(place); err != nil {
		return dropTrees(dir, part, present, err)
	}
	return n.take(dir, place, present, n.Paths[first:])
}

// insideOf reports whether path lies in one of the trees.
func insideOf(trees []Tree, path string) bool {
	for _, t := range trees {
		if isBelow(path, t.At) {
			return true
		}
	}
	return false
}

// take moves trees to their names beside the note.
func (n *note) take(dir, place string, trees []Tree, names []keptPath) error {
	var lost []Tree
	var cause error
	for i, t := range trees {
		err := os.Rename(t.At, filepath.Join(place, names[i].Name))
		if err != nil {
			lost, cause = append(lost, t), err
			names[i].Name, names[i].Deleted = "", reason(err).Error()
		}
	}
	if len(lost) == 0 {
		return nil
	}
	return errors.Join(dropTrees(dir, n.Part, lost, cause), n.write(place))
}

// dropTrees deletes what cannot be kept.
func dropTrees(dir, part string, trees []Tree, cause error) error {
	var left error
	for _, t := range trees {
		if store.Holds(t.At, dir) {
			left = errors.Join(left, fmt.Errorf("%s holds the buildout directory", t.At))
			continue
		}
		if err := store.Remove(t.At); err != nil {
			left = errors.Join(left, fmt.Errorf("delete the previous %s: %w", part, err))
		}
	}
	if left != nil {
		return left
	}
	d := diag.At(diag.Span{}, "not-kept", "the previous state of the part cannot be kept and was deleted: %v", reason(cause)).
		WithPath(part).WithCause(cause).WithHint("`gobuild rollback` cannot go back to it; %s has to be on the same file system as the part", previousDir(dir))
	d.Severity = diag.Warning
	return d
}

// keptDir is where the trees of a part are kept that a run replaced.
func keptDir(dir, runID, part string) string {
	return filepath.Join(previousDir(dir), fileName(runID), fileName(part))
}

func (n *note) write(place string) error {
	text, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(place, 0o777); err != nil {
		return err
	}
	return replace(filepath.Join(place, noteName), append(text, '\n'))
}

func readNote(place string) (*note, error) {
	text, err := os.ReadFile(filepath.Join(place, noteName))
	if err != nil {
		return nil, err
	}
	n := &note{}
	if err := json.Unmarshal(text, n); err != nil {
		return nil, fmt.Errorf("%s: %w", noteName, err)
	}
	if n.Version != noteVersion {
		return nil, fmt.Errorf("%s is of version %d, this gobuild knows %d", noteName, n.Version, noteVersion)
	}
	for _, p := range n.Paths {
		if p.Name != "" && (filepath.Base(p.Name) != p.Name || p.Name == ".." || p.Name == ".") || !filepath.IsAbs(p.Path) {
			return nil, fmt.Errorf("%s is damaged", noteName)
		}
	}
	return n, nil
}

// pruneTrees deletes what was kept by runs up to one.
func pruneTrees(dir, upTo string) {
	names, err := ids(previousDir(dir))
	if err != nil {
		return
	}
	for _, id := range names {
		if id <= upTo {
			store.Remove(filepath.Join(previousDir(dir), id))
		}
	}
}
