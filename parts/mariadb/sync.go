package mariadb

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// syncTree waits until all files of a tree are on the disk.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() && !d.IsDir() {
			return err
		}
		return syncDirectory(path)
	})
}

// syncDirectory waits until a directory, or a file, is on the disk.
func syncDirectory(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
