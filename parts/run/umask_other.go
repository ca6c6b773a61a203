//go:build !linux

package run

import "errors"

// setUmask fails: only a process has a umask.
func setUmask(int) error { return errors.ErrUnsupported }
