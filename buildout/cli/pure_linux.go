package cli

import "syscall"

// dieTogether lets a process end when this one is killed.
func dieTogether() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
