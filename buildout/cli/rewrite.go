package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// rewrite gives an existing file a new content by way of a temporary file
// beside it: whoever reads the file sees the old or the new content. The mode
// stays. Of a symbolic link the file that it names is rewritten, so that the
// link stays one.
func rewrite(name string, text []byte) error {
	name, err := filepath.EvalSymlinks(name)
	if err != nil {
		return err
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("write %s: it is not a regular file", name)
	}
	return replace(name, text, info.Mode().Perm())
}

// replace makes a file by way of a temporary file beside it. A symbolic link
// there is replaced, not followed.
func replace(name string, text []byte, perm fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(perm), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
