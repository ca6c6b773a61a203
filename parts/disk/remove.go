package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// MountError says that something was not deleted because another file system,
// or a bind mount, is at a path of it.
type MountError struct{ Path string }

// Error names the mount point.
func (e *MountError) Error() string { return fmt.Sprintf("%s is a mount point", e.Path) }

// RemoveTree deletes a file, a link or a tree; one that is missing is fine.
// Trees that lost their write bits are deleted too. No link is followed, not
// even one that has a slash behind it. A *MountError is returned before
// anything is deleted. Of a directory that is staged the content is deleted.
func (d *Disk) RemoveTree(path string) error {
	path = withoutSlash(path)
	info, err := os.Lstat(path)
	if IsMissing(err) {
		return nil
	}
	if err == nil && info.IsDir() {
		staged, err := clearOfMounts(path)
		if err != nil {
			return err
		}
		if staged {
			return d.removeEntries(path)
		}
	}
	return d.remove(path, info, err)
}

// remove deletes what RemoveTree has looked at.
func (d *Disk) remove(path string, info fs.FileInfo, err error) error {
	if err == nil && info.IsDir() {
		err = filepath.WalkDir(path, makeRemovable)
	}
	// Whatever stood in the way of the walk, RemoveAll names it better.
	if removed := d.removeAll(path); removed != nil {
		return removed
	}
	if _, err := os.Lstat(path); IsMissing(err) {
		return nil
	}
	return err
}

// removeAll is os.RemoveAll. Tests see each of its steps.
func (d *Disk) removeAll(path string) error {
	if d == nil || d.Fault == nil {
		return os.RemoveAll(path)
	}
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		if err := d.removeEntries(path); err != nil {
			return err
		}
	}
	if err := d.fault("remove", path); err != nil {
		return err
	}
	return os.RemoveAll(path)
}

// removeEntries empties a directory.
func (d *Disk) removeEntries(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := filepath.Join(path, e.Name())
		info, err := os.Lstat(name)
		if err := d.remove(name, info, err); err != nil {
			return err
		}
	}
	return nil
}

// Remove deletes a file or an empty directory; one that is missing is fine.
func (d *Disk) Remove(path string) error {
	if err := d.fault("remove", path); err != nil {
		return err
	}
	if err := os.Remove(path); !IsMissing(err) {
		return err
	}
	return nil
}

// CheckMounts returns a *MountError when a file system is mounted at path or
// below it. A directory that is staged counts as a mount point as well.
func CheckMounts(path string) error {
	list, err := mounts(path)
	if err != nil || len(list) == 0 {
		return err
	}
	return &MountError{list[0].point}
}

// MountPoints returns the mount points at path and below it, and never nil. A
// directory that is staged is none.
func MountPoints(path string) []string {
	list, _ := mounts(path)
	points := []string{}
	for _, m := range list {
		if !isStage(m.root) {
			points = append(points, filepath.Join(path, m.below))
		}
	}
	return points
}

// clearOfMounts looks for mount points at path and below it. It is no error
// when the only one is that of a staged directory, path itself.
func clearOfMounts(path string) (staged bool, err error) {
	list, err := mounts(path)
	if err != nil || len(list) == 0 {
		return false, err
	}
	if len(list) == 1 && list[0].below == "." && isStage(list[0].root) {
		return true, nil
	}
	return false, &MountError{list[0].point}
}

// StageMark is part of the name of a directory that Stage mounts.
const StageMark = ".gobuild-new"

// isStage reports whether the root of a mount is a directory for Stage.
func isStage(root string) bool {
	return strings.HasPrefix(filepath.Base(root), ".") && strings.Contains(filepath.Base(root), StageMark)
}

// withoutSlash returns path without slashes at its end.
func withoutSlash(path string) string {
	if short := strings.TrimRight(path, "/"); short != "" {
		return short
	}
	return path
}

// IsMissing reports whether err says that there is no such path; a file in the
// place of one of its directories says so too.
func IsMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// Exists reports whether there is anything at path, be it a dead link.
func Exists(path string) bool {
	_, err := os.Lstat(path)
	return !IsMissing(err)
}

// makeRemovable gives a directory the bits that deleting its entries needs.
func makeRemovable(path string, entry fs.DirEntry, err error) error {
	if err != nil || !entry.IsDir() {
		return err
	}
	info, err := entry.Info()
	if err != nil || info.Mode().Perm()&0o700 == 0o700 {
		return err
	}
	return os.Chmod(path, info.Mode().Perm()|0o700)
}
