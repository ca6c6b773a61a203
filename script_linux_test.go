package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

func namespaces() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
}

func mount(kind, dir string) error {
	switch kind {
	case "small":
		return syscall.Mount("none", dir, "tmpfs", 0, "size=256k")
	case "readonly":
		if err := syscall.Mount(dir, dir, "", syscall.MS_BIND, ""); err != nil {
			return err
		}
		return syscall.Mount("none", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
	case "nonamespaces":
		const mode = 0o644
		return errors.Join(os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), mode),
			os.WriteFile("/proc/sys/user/max_mnt_namespaces", []byte("0"), mode))
	}
	return fmt.Errorf("unknown kind %q", kind)
}
