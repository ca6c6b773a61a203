package jobs

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

// The descriptors that a make before 4.4 inherits. Scripts use those of one
// digit for themselves.
const (
	readFD  = 98
	writeFD = 99
)

// supported says that makes can be given a jobserver.
const supported = true

// fifo holds the tokens of a part. Its descriptor is gobuild's own: no child
// inherits it, and nobody else makes it blocking.
type fifo struct {
	path string
	fd   int
}

func newFifo(path string) (*fifo, error) {
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return nil, &os.PathError{Op: "mkfifo", Path: path, Err: err}
	}
	if err := os.Chmod(path, 0o600); err != nil { // whatever the umask is
		return nil, err
	}
	fd, err := openFifo(path, syscall.O_RDWR|syscall.O_NONBLOCK)
	if err != nil {
		return nil, err
	}
	return &fifo{path, fd}, nil
}

// openTokens opens the fifo of a share for a client.
func openTokens(path string) (*fifo, error) {
	fd, err := openFifo(path, syscall.O_RDWR|syscall.O_NONBLOCK)
	return &fifo{path, fd}, err
}

func openFifo(path string, flags int) (fd int, err error) {
	for {
		fd, err = syscall.Open(path, flags|syscall.O_CLOEXEC, 0)
		if err == nil {
			return fd, nil
		}
		if err != syscall.EINTR {
			return -1, &os.PathError{Op: "open", Path: path, Err: err}
		}
	}
}

func (f *fifo) close() { syscall.Close(f.fd) }

// unread is how many bytes are in the fifo.
func (f *fifo) unread() int { return readable(f.fd) }

func readable(fd int) int {
	var n int32
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.TIOCINQ, uintptr(unsafe.Pointer(&n)))
	if errno != 0 {
		return 0
	}
	return int(n)
}

// take reads up to n bytes, and returns how many.
func (f *fifo) take(n int) int { return len(readSome(f.fd, n)) }

func readSome(fd, n int) []byte {
	if n <= 0 {
		return nil
	}
	buf := make([]byte, n)
	for {
		got, err := syscall.Read(fd, buf)
		if err != syscall.EINTR {
			return buf[:max(got, 0)]
		}
	}
}

// put writes n tokens, and returns how many.
func (f *fifo) put(n int) int {
	tokens := make([]byte, n)
	for i := range tokens {
		tokens[i] = '+'
	}
	return writeSome(f.fd, tokens)
}

func writeSome(fd int, tokens []byte) int {
	if len(tokens) == 0 {
		return 0
	}
	for {
		n, err := syscall.Write(fd, tokens)
		if err != syscall.EINTR {
			return max(n, 0)
		}
	}
}

// empty throws away what is in the fifo.
func (f *fifo) empty() {
	const most = 1 << 16
	for f.take(most) > 0 {
	}
}

// inherited opens the fifo for a child: an ordinary, blocking descriptor for
// each direction, as make has them. They are for one command only, since a make
// may change their mode.
func inherited(path string) ([]*os.File, error) {
	r, err := openFifo(path, syscall.O_RDONLY)
	if err != nil {
		return nil, err
	}
	w, err := openFifo(path, syscall.O_WRONLY)
	if err != nil {
		syscall.Close(r)
		return nil, err
	}
	files := make([]*os.File, writeFD-2)
	files[readFD-3] = os.NewFile(uintptr(r), fmt.Sprintf("%s (%d)", path, readFD))
	files[writeFD-3] = os.NewFile(uintptr(w), fmt.Sprintf("%s (%d)", path, writeFD))
	return files, nil
}
