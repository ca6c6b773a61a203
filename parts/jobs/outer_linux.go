package jobs

import (
	"fmt"
	"strings"
	"syscall"
)

// outer is the jobserver that gobuild is itself a client of. The token that
// gobuild was started with is implicit.
type outer struct {
	r, w int
	held []byte // as they were read; the same are written back
}

// Outer reports whether MAKEFLAGS names a jobserver that this process can use,
// and how many jobs it says that there are, or 0.
func Outer(makeflags string) (jobs int, ok bool) {
	o := openOuter(auth(makeflags))
	if o == nil {
		return 0, false
	}
	o.close()
	return max(makeflagsJobs(makeflags), 0), true
}

// openOuter opens a jobserver anew, so that its mode is our own.
func openOuter(auth string) *outer {
	r, w := "", ""
	if path, ok := strings.CutPrefix(auth, "fifo:"); ok {
		r, w = path, path
	} else if r, w, ok = inheritedPipe(auth); !ok {
		return nil
	}
	if !isFifo(r) || !isFifo(w) {
		return nil
	}
	o := &outer{r: -1, w: -1}
	var err, err2 error
	o.r, err = openFifo(r, syscall.O_RDONLY|syscall.O_NONBLOCK)
	o.w, err2 = openFifo(w, syscall.O_WRONLY|syscall.O_NONBLOCK)
	if err != nil || err2 != nil {
		o.close()
		return nil
	}
	return o
}

func isFifo(path string) bool {
	var st syscall.Stat_t
	return syscall.Stat(path, &st) == nil && st.Mode&syscall.S_IFMT == syscall.S_IFIFO
}

// inheritedPipe returns names for the descriptors of auth, R,W, if they are
// inherited: what this process opened itself is closed on exec.
func inheritedPipe(auth string) (r, w string, ok bool) {
	var fds [2]int
	if n, err := fmt.Sscanf(auth, "%d,%d", &fds[0], &fds[1]); n != 2 || err != nil {
		return "", "", false
	}
	for _, fd := range fds {
		const getFlags = syscall.F_GETFD
		flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), getFlags, 0)
		if fd < 3 || errno != 0 || flags&syscall.FD_CLOEXEC != 0 {
			return "", "", false
		}
	}
	return fmt.Sprintf("/proc/self/fd/%d", fds[0]), fmt.Sprintf("/proc/self/fd/%d", fds[1]), true
}

func (o *outer) close() {
	for _, fd := range []int{o.r, o.w} {
		if fd >= 0 {
			syscall.Close(fd)
		}
	}
}

// take reads up to n tokens.
func (o *outer) take(n int) int {
	got := readSome(o.r, n)
	o.held = append(o.held, got...)
	return len(got)
}

// give writes back up to n tokens.
func (o *outer) give(n int) int {
	n = min(n, len(o.held))
	at := len(o.held) - n
	n = writeSome(o.w, o.held[at:])
	o.held = append(o.held[:at], o.held[at+n:]...)
	return n
}
