package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Remove deletes a file, a link or a tree; one that is missing is fine. Trees
// that lost their write bits are deleted too. No link is followed.
func Remove(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && info.IsDir() {
		err = filepath.WalkDir(path, makeRemovable)
	}
	// Whatever stood in the way of the walk, RemoveAll names it better.
	if removed := os.RemoveAll(path); removed != nil {
		return removed
	}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
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
