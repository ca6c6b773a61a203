package promise

import "syscall"

// diskOf measures the file system of a directory.
func diskOf(dir string) (disk, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return disk{}, err
	}
	block := uint64(s.Bsize)
	return disk{s.Blocks * block, s.Bavail * block, s.Files, s.Ffree}, nil
}
