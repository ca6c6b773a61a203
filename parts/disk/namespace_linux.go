package disk

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// insideVariable is set for a process that Enter has started: the number of
// the descriptor of the lock and, if the process is a child, that of a pipe on
// which it says that it is ready.
const insideVariable = "GOBUILD_NAMESPACE"

// self is the running program, even when its file has been replaced.
const self = "/proc/self/exe"

// Enter starts this program anew in a mount namespace of its own, with its
// arguments and environ, handing over a locked file.
//
// A process that may have such a namespace becomes the new one: Enter does not
// return. Else, where users may have namespaces, the program is started as a
// child, signals are passed on to it, and its exit status is returned; the
// child ends when this process is killed. An error means that neither could be
// done and nothing has happened.
func Enter(lock *os.File, environ []string) (status int, err error) {
	if err := become(lock, environ); err != nil {
		return startChild(lock, environ)
	}
	return 0, nil
}

// become replaces this process. It only returns with an error.
func become(lock *os.File, environ []string) error {
	failed := make(chan error)
	go func() {
		// A thread whose namespace has changed ends with the goroutine that is
		// locked to it.
		runtime.LockOSThread()
		failed <- becomeHere(lock, environ)
	}()
	return <-failed
}

func becomeHere(lock *os.File, environ []string) error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return err
	}
	if err := separate(); err != nil {
		return err
	}
	fd := lock.Fd()
	if _, err := unix.FcntlInt(fd, unix.F_SETFD, 0); err != nil {
		return err
	}
	err := syscall.Exec(self, os.Args, append(environ[:len(environ):len(environ)], fmt.Sprintf("%s=%d", insideVariable, fd)))
	unix.CloseOnExec(int(fd))
	return err
}

// separate makes mounts of this namespace unseen elsewhere.
func separate() error {
	return unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, "")
}

// startChild runs the program in a user namespace.
func startChild(lock *os.File, environ []string) (int, error) {
	ready, tell, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer ready.Close()
	// The child ends when the thread that started it does.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c := exec.Command(self)
	c.Args, c.Env = os.Args, append(environ[:len(environ):len(environ)], insideVariable+"=3,4")
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.ExtraFiles = []*os.File{lock, tell}
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL, AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN},
		UidMappings: []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}},
	}
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2)
	defer signal.Stop(signals)
	err = c.Start()
	tell.Close()
	if err != nil {
		return 0, err
	}
	if answer, _ := io.ReadAll(ready); string(answer) != readyAnswer {
		return 0, errors.Join(errors.New("mounts are not permitted"), c.Wait())
	}
	// The child holds the lock by its own descriptor from now on.
	lock.Close()
	return relay(c, signals), nil
}

// readyAnswer is what a child says when its namespace is fit for use.
const readyAnswer = "ready"

// relay passes signals on to the child and returns its exit status.
func relay(c *exec.Cmd, signals <-chan os.Signal) int {
	done := make(chan struct{})
	go func() {
		_ = c.Wait() // its end is in ProcessState
		close(done)
	}()
	for {
		select {
		case s := <-signals:
			_ = c.Process.Signal(s)
		case <-done:
			status := c.ProcessState.Sys().(syscall.WaitStatus)
			if status.Signaled() {
				return 128 + int(status.Signal())
			}
			return status.ExitStatus()
		}
	}
}

// Inherit returns the locked file that Enter has handed over, and environ
// without what is meant for this function; nil when this process was not
// started by Enter. A child whose namespace is of no use ends here.
func Inherit(environ []string) (lock *os.File, rest []string) {
	for i, assignment := range environ {
		if value, ok := strings.CutPrefix(assignment, insideVariable+"="); ok {
			return adopt(value), slices.Concat(environ[:i], environ[i+1:])
		}
	}
	return nil, environ
}

// adopt takes over the descriptors that the variable names.
func adopt(value string) *os.File {
	os.Unsetenv(insideVariable)
	first, second, child := strings.Cut(value, ",")
	lock := inherited(first)
	if !child || lock == nil {
		return lock
	}
	ready := inherited(second)
	if ready == nil {
		return nil
	}
	defer ready.Close()
	if separate() != nil {
		os.Exit(1) // the parent goes on by itself
	}
	// Commands of parts need no privilege.
	_, _, _ = syscall.AllThreadsSyscall(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0)
	_, _ = ready.WriteString(readyAnswer)
	return lock
}

// inherited returns the open file with a number.
func inherited(number string) *os.File {
	fd, err := strconv.Atoi(number)
	if err != nil || fd < 3 {
		return nil
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil {
		return nil
	}
	unix.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), "descriptor "+number)
}
