package store

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gobuild/parts/disk"
)

// Holds reports whether Remove(path) would delete the directory dir: path is
// dir or above it, by its name or by the directories that links lead to. Both
// are absolute. A path that is itself a link holds nothing by what it leads to.
func Holds(path, dir string) bool {
	return isAbove(path, dir) || isAbove(removed(path), removed(dir+"/."))
}

// isAbove reports whether the name path is dir or above it.
func isAbove(path, dir string) bool {
	relative, err := filepath.Rel(path, dir)
	return err == nil && relative != ".." && !strings.HasPrefix(relative, "../")
}

// removed returns the real name of what Remove(path) deletes: links are
// followed, but for one at the end. A path that does not exist stays.
func removed(path string) string {
	parent, last := filepath.Split(trimSlash(path))
	if last == "." || last == ".." {
		parent, last = parent+last, ""
	}
	real, err := filepath.EvalSymlinks(parent)
	if err != nil {
		return path
	}
	return filepath.Join(real, last)
}

// trimSlash returns path without slashes at its end.
func trimSlash(path string) string {
	if short := strings.TrimRight(path, "/"); short != "" {
		return short
	}
	return path
}

// Remove deletes a file, a link or a tree; one that is missing is fine. Trees
// that lost their write bits are deleted too. No link is followed, not even
// one that has a slash behind it, and no mount point is crossed
// (*disk.MountError). Of a directory that is staged the content is deleted.
func Remove(path string) error { return (*disk.Disk)(nil).RemoveTree(path) }

// isMissing reports whether err says that there is no such path.
func isMissing(err error) bool { return disk.IsMissing(err) }

// makeReadOnly takes the write bits, and the bits beyond the permissions, from
// every entry of a tree but its links.
func makeReadOnly(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		return os.Chmod(path, info.Mode().Perm()&0o555)
	})
}
