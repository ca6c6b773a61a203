//go:build unix && !linux

package mariadb

import "syscall"

func attributes() *syscall.SysProcAttr { return nil }
