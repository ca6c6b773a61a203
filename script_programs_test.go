package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// upon runs a program and sends it a signal as soon as a file appears: upon
// FILE SIGNAL PROGRAM [ARG…]. Its status is that of the program, or 128 and
// the number of the signal that ended it.
func upon(args []string) int {
	signals := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}
	c := exec.Command(args[2], args[3:]...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := c.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "upon:", err)
		return 125
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for {
		select {
		case err := <-ended:
			return statusOf(err)
		case <-time.After(5 * time.Millisecond):
		}
		if _, err := os.Stat(args[0]); err == nil {
			c.Process.Signal(signals[args[1]])
			return statusOf(<-ended)
		}
	}
}

func statusOf(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case !errors.As(err, &exit):
		fmt.Fprintln(os.Stderr, err)
		return 125
	}
	status := exit.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

// confined runs a program in name spaces of its own, where the directory DIR
// is read-only, or an empty file system with room for 256 kB, or where no further
// name spaces are permitted: confined readonly|small|nonamespaces DIR PROGRAM [ARG…].
func confined(args []string) int {
	if os.Getenv("CONFINED") == "" {
		return outside(args)
	}
	runtime.LockOSThread()
	os.Unsetenv("CONFINED")
	if err := mount(args[0], args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "confined:", err)
		return 125
	}
	c := exec.Command(args[2], args[3:]...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	return statusOf(c.Run())
}

// outside starts the program again in new name spaces.
func outside(args []string) int {
	self, err := os.Executable()
	if err != nil {
		return 125
	}
	c := exec.Command(self, args...)
	c.Args[0] = "confined"
	c.Env = append(os.Environ(), "CONFINED=1")
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.SysProcAttr = namespaces()
	return statusOf(c.Run())
}
