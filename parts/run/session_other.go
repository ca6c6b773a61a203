//go:build unix && !linux

package run

import "syscall"

// maxrssUnit is what the kernel counts the memory of processes in: bytes on
// macOS, which is what is meant here.
const maxrssUnit = 1

// attributes makes the process lead a session of its own.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true}
}

// groups returns the leader's process group while it has members.
func (s *session) groups() []int { return s.onlyGroup() }
