//go:build !linux

package cli

import "syscall"

func dieTogether() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
