package buildout

import (
	"os/exec"
	"syscall"
)

// namespacesWork reports whether this process may mount in a namespace of its
// own.
func namespacesWork() bool {
	c := exec.Command("mount", "--bind", "/tmp", "/tmp")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	return c.Run() == nil
}
