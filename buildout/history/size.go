package history

import (
	"encoding/hex"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// blockSize is the unit of st_blocks.
const blockSize = 512

// diskUse is how many bytes of disk the paths take, links to the same file
// once.
func diskUse(dir string, paths []string) int64 {
	type inode struct{ device, number uint64 }
	seen := map[inode]bool{}
	var sum int64
	for _, path := range outermost(dir, paths) {
		filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil // what is gone takes no room
			}
			info, err := d.Info()
			if err != nil {
				return nil
			}
			st, ok := info.Sys().(*syscall.Stat_t)
			if !ok {
				sum += info.Size()
				return nil
			}
			if id := (inode{uint64(st.Dev), st.Ino}); st.Nlink > 1 && !d.IsDir() {
				if seen[id] {
					return nil
				}
				seen[id] = true
			}
			sum += st.Blocks * blockSize
			return nil
		})
	}
	return sum
}

// outermost makes paths absolute and leaves out those below others.
func outermost(dir string, paths []string) []string {
	var list, roots []string
	for _, path := range paths {
		if path != "" {
			list = append(list, absolute(dir, path))
		}
	}
	slices.Sort(list)
	for _, path := range list {
		if n := len(roots); n == 0 || !isBelow(path, roots[n-1]) {
			roots = append(roots, path)
		}
	}
	return roots
}

// isBelow reports whether path is dir or in it.
func isBelow(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

// absolute joins a recorded path to the buildout directory.
func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// isShared reports whether a location is that of a shared part: its last
// element is the digest of its signature.
func isShared(location string) bool {
	const digest = 16 // bytes of md5
	name := filepath.Base(location)
	_, err := hex.DecodeString(name)
	return filepath.IsAbs(location) && err == nil && len(name) == 2*digest && name == strings.ToLower(name)
}
