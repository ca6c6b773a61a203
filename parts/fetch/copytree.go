package fetch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// copyTree copies a directory of the user. As in zc.buildout a link to a file
// is copied as that file, and directories follow the umask; a link to a
// directory, or to nothing, stays a link.
func (x *extractor) copyTree(from, dest string) error {
	if err := notInside(from, dest); err != nil {
		return err
	}
	source, err := filepath.EvalSymlinks(from)
	if err != nil {
		return err
	}
	return filepath.WalkDir(source, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(source, name)
		if err != nil || rel == "." {
			return err
		}
		if err := x.meter.member(); err != nil {
			return err
		}
		return x.copyEntry(name, rel)
	})
}

// notInside refuses to copy a directory into itself.
func notInside(from, dest string) error {
	from, err1 := filepath.EvalSymlinks(from)
	dest, err2 := filepath.EvalSymlinks(dest)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if strings.HasPrefix(dest+"/", strings.TrimSuffix(from, "/")+"/") {
		return &fs.PathError{Op: "copy", Path: from, Err: fmt.Errorf("the destination %s is inside", dest)}
	}
	return nil
}

func (x *extractor) copyEntry(name, rel string) error {
	link, err := os.Lstat(name)
	if err != nil {
		return err
	}
	info, err := os.Stat(name)
	switch {
	case link.IsDir():
		return x.dir(entry{name: rel})
	case err == nil && info.Mode().IsRegular():
		return x.copyFile(name, rel, info)
	case link.Mode()&fs.ModeSymlink != 0 && (err != nil || info.IsDir()):
		target, err := os.Readlink(name)
		if err != nil {
			return err
		}
		return x.symlink(entry{name: rel}, target)
	}
	x.log(fmt.Sprintf("skipping %q: not a file, directory or link", name))
	return nil
}

func (x *extractor) copyFile(name, rel string, info fs.FileInfo) error {
	in, err := os.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	return x.file(entry{name: rel, mode: info.Mode() & permBits, hasMode: true, time: info.ModTime()}, in)
}
