package buildout

import (
	"os"
	"path/filepath"
	"strings"
)

// Clean returns path without `.`, `..` and `//`: where the directory before a
// `..` is a symbolic link, `..` leads to the parent of its target.
func (o *opener) Clean(path string) (string, error) {
	clean := "/"
	for name := range strings.SplitSeq(path, "/") {
		switch name {
		case "", ".":
		case "..":
			parent, err := parentOf(clean)
			if err != nil {
				return "", err
			}
			clean = parent
		default:
			clean = filepath.Join(clean, name)
		}
	}
	return clean, nil
}

// parentOf returns the directory that dir/.. is.
func parentOf(dir string) (string, error) {
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	if info.Mode()&os.ModeSymlink != 0 {
		if dir, err = filepath.EvalSymlinks(dir); err != nil {
			return "", err
		}
	} else if !info.IsDir() {
		_, err := os.Stat(dir + "/.")
		return "", err
	}
	return filepath.Dir(dir), nil
}
