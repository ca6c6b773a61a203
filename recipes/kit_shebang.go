package recipes

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxShebang is the longest first line of a script, with its end, that kernels
// before Linux 5.1 execute.
const maxShebang = 128

// shebangSuffix is added to the name of a script whose first line is too long.
const shebangSuffix = ".shebang"

// shebangLauncher starts the script beside it by the interpreter and the one
// argument that its first line names. There may be no line end.
const shebangLauncher = `#!/bin/sh -e
# The first line of $0.shebang is too long for some kernels.
read -r line < "$0.shebang" || [ "$line" ]
read -r program argument <<end
${line#??}
end
exec "$program" ${argument:+"$argument"} "$0.shebang" "$@"
`

// fixShebangs puts a launcher before each script in bin and sbin of location
// whose first line is too long. Directories that are links out of location, or
// to a directory that was seen, are left alone.
func fixShebangs(location string) error {
	root, err := filepath.EvalSymlinks(location)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, name := range []string{"bin", "sbin"} {
		dir, err := filepath.EvalSymlinks(filepath.Join(root, name))
		if errors.Is(err, fs.ErrNotExist) || err == nil && (seen[dir] || !isWithin(dir, root)) {
			continue
		}
		if err != nil {
			return err
		}
		seen[dir] = true
		if err := fixShebangsIn(dir); err != nil {
			return err
		}
	}
	return nil
}

func fixShebangsIn(dir string) error {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() || hasLauncher(path) {
			continue
		}
		long, err := hasLongShebang(path)
		if err != nil {
			return err
		}
		if !long {
			continue
		}
		if err := os.Rename(path, path+shebangSuffix); err != nil {
			return err
		}
		if err := writeFile(path, []byte(shebangLauncher), info.Mode()&(fs.ModePerm|specialBits)); err != nil {
			return err
		}
	}
	return nil
}

// hasLauncher reports whether path is a script that has its launcher already.
func hasLauncher(path string) bool {
	launcher, ok := strings.CutSuffix(path, shebangSuffix)
	return ok && !isMissing(launcher)
}

// hasLongShebang reports whether a file begins with #! and its first line does
// not end within maxShebang bytes.
func hasLongShebang(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	head, err := io.ReadAll(io.LimitReader(file, maxShebang))
	return bytes.HasPrefix(head, []byte("#!")) && !bytes.ContainsRune(head, '\n'), err
}
