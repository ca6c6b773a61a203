package buildout

import (
	"errors"
	"io/fs"
	"syscall"
)

// readFile is os.ReadFile for one regular file among hundreds: os.Open asks for
// each file whether it can be waited for, in five more system calls.
func readFile(path string) ([]byte, error) {
	fail := func(op string, err error) ([]byte, error) { return nil, &fs.PathError{Op: op, Path: path, Err: err} }
	fd, err := retry(func() (int, error) { return syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0) })
	if err != nil {
		return fail("open", err)
	}
	defer syscall.Close(fd)
	var info syscall.Stat_t
	if err := syscall.Fstat(fd, &info); err != nil {
		return fail("stat", err)
	}
	// One byte more than the file has, which shows whether it has grown.
	text := make([]byte, 0, max(int(info.Size), 0)+1)
	for {
		n, err := retry(func() (int, error) { return syscall.Read(fd, text[len(text):cap(text)]) })
		if err != nil {
			return fail("read", err)
		}
		text = text[:len(text)+n]
		if n == 0 || info.Size > 0 && int64(len(text)) == info.Size {
			return text, nil
		}
		if len(text) == cap(text) {
			text = append(text, 0)[:len(text)]
		}
	}
}

// retry repeats a call that a signal interrupted.
func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, syscall.EINTR) {
			return n, err
		}
	}
}
