//go:build unix && !linux

package service

import (
	"os"
	"os/signal"
	"syscall"

	"gobuild/buildout/diag"
)

// ignore makes this process, and the program after exec, ignore s.
func ignore(s syscall.Signal) { signal.Ignore(s) }

func ignoredSignals() uint64 { return 0 }

func realtime() []os.Signal { return nil }

// Die ends this process by a signal. It returns when the signal does not end a
// process.
func Die(s syscall.Signal) {
	signal.Reset(s)
	syscall.Kill(os.Getpid(), s)
}

func isForeground() bool { return false }

func selfPath(self string) string { return self }

// commandLine knows of no process: there is no /proc.
func commandLine(int) []string { return nil }

func dieWithParent(int) {}

func attributes(bool) *syscall.SysProcAttr { return nil }

func mountAll(list []Tmpfs) error {
	if len(list) == 0 {
		return nil
	}
	return diag.At(diag.Span{}, "private-tmpfs", "private-tmpfs needs Linux")
}

func refusedNamespaces(err error) error { return err }

func isRefusal(error) bool { return false }
