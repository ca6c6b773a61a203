package run

import "syscall"

// setUmask gives the calling thread, which is locked, a umask of its own. The
// runtime makes new threads from others than a locked one.
func setUmask(umask int) error {
	if err := syscall.Unshare(syscall.CLONE_FS); err != nil {
		return err
	}
	syscall.Umask(umask)
	return nil
}
