package service

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"gobuild/buildout/diag"
)

const (
	signalDefault = 0 // SIG_DFL
	signalIgnore  = 1 // SIG_IGN
	signalSetSize = 8 // bytes of the kernel's sigset_t
)

// ignore makes this process, and the program after exec, ignore s. The call of
// the kernel is for those signals that package signal has no power over.
func ignore(s syscall.Signal) {
	signal.Ignore(s)
	dispose(s, signalIgnore)
}

// dispose sets what a signal does, when that needs no handler. The handler is
// the first word of the kernel's structure; all others are zero.
func dispose(s syscall.Signal, handler uintptr) {
	action := [8]uintptr{handler}
	syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(&action)), 0, signalSetSize, 0, 0)
}

// ignoredSignals returns the signals that this process ignores, as a set of
// bits.
func ignoredSignals() uint64 {
	text, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(text), "\nSigIgn:\t")
	line, _, _ := strings.Cut(rest, "\n")
	bits, _ := strconv.ParseUint(strings.TrimSpace(line), 16, 64)
	return bits
}

// realtime returns the real-time signals that can be caught. The first is that
// of one C library's own, which the Go runtime leaves alone.
func realtime() []os.Signal {
	var signals []os.Signal
	for s := realtimeMin + 1; s <= realtimeMax; s++ {
		signals = append(signals, syscall.Signal(s))
	}
	return signals
}

// Die ends this process by a signal, without a core file. It returns when the
// signal does not end a process.
func Die(s syscall.Signal) {
	runtime.LockOSThread()
	syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
	signal.Reset(s)
	dispose(s, signalDefault)
	syscall.Tgkill(os.Getpid(), syscall.Gettid(), s)
}

// isForeground reports whether this process is in the foreground of its
// terminal: then the terminal sends what is typed to the program too.
func isForeground() bool {
	tty, err := os.OpenFile("/dev/tty", os.O_RDONLY|syscall.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	defer tty.Close()
	var group int32
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, tty.Fd(), syscall.TIOCGPGRP, uintptr(unsafe.Pointer(&group)))
	return errno == 0 && int(group) == syscall.Getpgrp()
}

// selfPath is the file that a child executes: this program, even if its file
// was replaced since.
func selfPath(string) string { return "/proc/self/exe" }

// commandLine returns the words of a running process.
func commandLine(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
}

// dieWithParent kills this thread's process when the parent ends. The wish is a
// property of a thread: that of the first thread, which came with the start of
// the process, is lost when another one executes the program.
func dieWithParent(parent int) {
	syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0)
	if os.Getppid() != parent {
		Die(syscall.SIGKILL)
	}
}

const capSysAdmin = 21

// attributes are those of a child. In name spaces of its own it has the
// capability to mount; without the ambient set it would lose that by exec,
// unless it runs as root.
func attributes(namespaces bool) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if namespaces {
		a.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
		a.AmbientCaps = []uintptr{capSysAdmin}
	}
	return a
}

// mountAll mounts the file systems and gives up the capability to do so.
func mountAll(list []Tmpfs) error {
	if len(list) == 0 {
		return nil
	}
	for _, t := range list {
		if err := os.Mkdir(t.Path, 0o777); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("make a private tmpfs: %w", err)
		}
		if err := syscall.Mount("tmpfs", t.Path, "tmpfs", 0, "size="+t.Size); err != nil {
			return mountError(t, err)
		}
	}
	return dropInheritable()
}

func mountError(t Tmpfs, err error) error {
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		return refusedNamespaces(err)
	}
	d := diag.At(diag.Span{}, "private-tmpfs", "mount a private tmpfs of size %s at %s: %v", t.Size, t.Path, err)
	return d.WithCause(err)
}

// refusedNamespaces explains why there is no name space, or nothing may be
// mounted in it.
func refusedNamespaces(err error) error {
	d := diag.At(diag.Span{}, "private-tmpfs", "private-tmpfs needs a user name space, and this system does not permit one: %v", err)
	d.Hint = "the administrator can allow them (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, " +
		"kernel.apparmor_restrict_unprivileged_userns; in a container its seccomp profile)"
	return d.WithCause(err)
}

// isRefusal reports whether a child could not start for lack of a name space.
func isRefusal(err error) bool {
	for _, errno := range []syscall.Errno{syscall.EPERM, syscall.EACCES, syscall.ENOSPC, syscall.EINVAL, syscall.EUSERS} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// dropInheritable empties the inheritable capabilities of this thread, and with
// them the ambient ones.
func dropInheritable() error {
	const version3 = 0x20080522
	header := struct {
		version uint32
		pid     int32
	}{version: version3}
	var data [2]struct{ effective, permitted, inheritable uint32 }
	_, _, errno := syscall.Syscall(syscall.SYS_CAPGET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data)), 0)
	if errno == 0 {
		data[0].inheritable, data[1].inheritable = 0, 0
		_, _, errno = syscall.Syscall(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data)), 0)
	}
	if errno != 0 {
		return fmt.Errorf("give up capabilities: %w", errno)
	}
	return nil
}
