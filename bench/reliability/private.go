//go:build linux && amd64

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// privateName is set in the environment of the program when it runs in a mount
// namespace of its own.
const privateName = "RELIABILITY_PRIVATE"

// runPrivate runs this program again, with the same arguments, in a mount
// namespace of its own, and in a user namespace where that takes one. It
// returns the exit status.
func runPrivate() (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 2, err
	}
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Env = append(os.Environ(), privateName+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	err = cmd.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return ended.ExitCode(), nil
	}
	if err != nil {
		return 2, fmt.Errorf("this machine gives no mount namespace: %w", err)
	}
	return 0, nil
}

// makePrivate keeps the mounts to come out of the namespace outside.
func makePrivate() error {
	if err := syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make the mounts private: %w", err)
	}
	return nil
}

// disk is a file system in memory of a size.
type disk struct{ path string }

// newDisk mounts a file system of this many KiB on a new directory.
func newDisk(path string, size int) (*disk, error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, err
	}
	if err := syscall.Mount("tmpfs", path, "tmpfs", 0, fmt.Sprintf("size=%dk,mode=755", size)); err != nil {
		return nil, fmt.Errorf("mount a file system in memory: %w", err)
	}
	return &disk{path}, nil
}

// resize changes the size, and makes the disk writable or not.
func (d *disk) resize(size int, readOnly bool) error {
	flags := uintptr(syscall.MS_REMOUNT)
	if readOnly {
		flags |= syscall.MS_RDONLY
	}
	if err := syscall.Mount("tmpfs", d.path, "tmpfs", flags, fmt.Sprintf("size=%dk", size)); err != nil {
		return fmt.Errorf("mount again: %w", err)
	}
	return nil
}

// used is how many KiB are in use.
func (d *disk) used() (int, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(d.path, &st); err != nil {
		return 0, err
	}
	return int((st.Blocks - st.Bfree) * uint64(st.Bsize) / 1024), nil
}

// remove unmounts the disk.
func (d *disk) remove() error { return syscall.Unmount(d.path, syscall.MNT_DETACH) }
