//go:build unix

package elf

import (
	"io/fs"
	"syscall"
)

// identity tells a file from all others. links says how many names it has.
func identity(info fs.FileInfo) (id fileID, links uint64) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return fileID{uint64(s.Dev), uint64(s.Ino)}, uint64(s.Nlink)
	}
	return fileID{}, 1
}

// noWait keeps a file from being waited for, should it have become a pipe.
const noWait = syscall.O_NONBLOCK
