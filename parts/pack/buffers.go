package pack

import (
	"io"
	"math/bits"
	"os"
	"sync"
)

// spare is room behind content, so that an ELF file that grows is not copied.
const spare = 16 << 10

// buffers are those of contents that are done with, by the size that they have
// at least: the smallest, twice as much, and so on.
var buffers [12]sync.Pool

// smallest is the size of the smallest buffers.
const smallest = 64 << 10

// classOf is the index of the buffers that have a size at least.
func classOf(size int64) int { return bits.Len64(uint64(max(size-1, 0) / smallest)) }

// bufferOf returns a buffer of a size, with spare room. Its content is
// anything.
func bufferOf(size int64) []byte {
	class := classOf(size + spare)
	if class >= len(buffers) {
		return make([]byte, size, size+spare)
	}
	if b, ok := buffers[class].Get().(*[]byte); ok {
		return (*b)[:size]
	}
	return make([]byte, size, smallest<<class)
}

// reuse gives a buffer back. Nobody uses it any more.
func reuse(b []byte) {
	class := classOf(int64(cap(b))+1) - 1 // that it is large enough for
	if class >= 0 && class < len(buffers) && cap(b) >= smallest<<class {
		buffers[class].Put(&b)
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
