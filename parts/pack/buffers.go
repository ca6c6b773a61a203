package pack

import (
	"io"
	"os"
	"sync"
)

// spare is room behind content, so that an ELF file that grows is not copied.
const spare = 16 << 10

// buffers are those of contents that are done with.
var buffers sync.Pool

// bufferOf returns a buffer of a size, with spare room. Its content is
// anything.
func bufferOf(size int64) []byte {
	if b, ok := buffers.Get().(*[]byte); ok {
		if int64(cap(*b)) >= size+spare {
			return (*b)[:size]
		}
		buffers.Put(b)
	}
	return make([]byte, size, max(size, 4*spare)+spare)
}

// reuse gives a buffer back. Nobody uses it any more.
func reuse(b []byte) {
	if cap(b) >= spare {
		buffers.Put(&b)
	}
}

// readWhole reads a file that should have a size.
func readWhole(path string, size int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := bufferOf(size)
	if _, err := io.ReadFull(f, b); err != nil {
		return nil, changedSize(path, err)
	}
	var more [1]byte
	if n, _ := f.Read(more[:]); n > 0 {
		return nil, changedSize(path, nil)
	}
	return b, nil
}

// changedSize is the error of a file that another process changes.
func changedSize(path string, err error) error {
	if err == nil || err == io.EOF || err == io.ErrUnexpectedEOF {
		return changedError([]string{path})
	}
	return err
}
