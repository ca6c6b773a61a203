package store

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"gobuild/parts"
)

// Locate says where the part name lives: in the directory of sharedDirs that
// holds its complete shared directory, else in the first one that is writable.
// With an empty signature, or when no directory of sharedDirs is usable, it is
// partsDirectory/NAME, not shared. sharedDirs are the lines of
// shared-part-list; blank ones and slashes at the end do not matter. The disk
// is read, not changed.
func Locate(sharedDirs []string, partsDirectory, name, signature string) parts.Location {
	private := parts.Location{Path: filepath.Join(partsDirectory, name)}
	if signature == "" {
		return private
	}
	tail := filepath.Join(name, Digest(signature))
	writable := ""
	for _, dir := range sharedDirs {
		dir = strings.TrimRight(strings.TrimSpace(dir), "/")
		if dir == "" {
			continue
		}
		if isComplete(filepath.Join(dir, tail)) {
			return parts.Location{Path: filepath.Join(dir, tail), Signature: signature}
		}
		if writable == "" && isWritable(dir) {
			writable = dir
		}
	}
	if writable == "" {
		return private
	}
	return parts.Location{Path: filepath.Join(writable, tail), Signature: signature}
}

// isComplete reports whether a shared directory holds its signature file.
func isComplete(location string) bool {
	_, err := os.Stat(filepath.Join(location, SignatureFile))
	return err == nil
}

// isWritable reports whether this process may make files in dir.
func isWritable(dir string) bool {
	const writeAccess = 2 // W_OK of access(2)
	return syscall.Access(dir, writeAccess) == nil
}
