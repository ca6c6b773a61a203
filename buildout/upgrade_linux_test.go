package buildout

import (
	"os"
	"os/exec"
	"syscall"
)

// namespacesWork reports whether this process may mount in a namespace of its
// own.
func namespacesWork() bool {
	c := exec.Command("mount", "--bind", "/tmp", "/tmp")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		c.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	return c.Run() == nil
}
