//go:build unix

package manifest

import (
	"io/fs"
	"syscall"
)

// inode returns the number of a file as the manifest keeps it.
func inode(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Ino) & (1<<63 - 1)
	}
	return 0
}
