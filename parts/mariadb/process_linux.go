package mariadb

import "syscall"

// attributes make a program end with gobuild, should that be killed.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
