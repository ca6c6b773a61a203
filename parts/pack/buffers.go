package pack

import (
	"io"
	"math/bits"
	"os"
	"sync"
)

// spare is room behind content, so that an ELF file that grows is not copied.
const spare = 16 << 10

// buffers are those of contents that are done with. A sync.Pool would lose them
// at each collection of garbage, and fresh memory is slow.
var buffers freeList

// freeList keeps buffers by the size that they have beside their spare room: the
// smallest, twice as much, and so on.
type freeList struct {
	mu   sync.Mutex
	free [8][][]byte
}

const (
	// smallest is the size of the smallest buffers.
	smallest = 64 << 10
	// mostKept is how many bytes of one size are kept, and framesKept how many
	// buffers of the size of a frame.
	mostKept   = 4 << 20
	framesKept = 8
)

// classOf is the index of the buffers that have a size at least.
func classOf(size int64) int { return bits.Len64(uint64(max(size-1, 0) / smallest)) }

// bufferOf returns a buffer of a size, with spare room. Its content is
// anything.
func bufferOf(size int64) []byte {
	class := classOf(size)
	if class >= len(buffers.free) {
		return make([]byte, size, size+spare)
	}
	buffers.mu.Lock()
	defer buffers.mu.Unlock()
	if free := buffers.free[class]; len(free) > 0 {
		last := len(free) - 1
		b := free[last]
		buffers.free[class], free[last] = free[:last], nil
		return b[:size]
	}
	return make([]byte, size, smallest<<class+spare)
}

// reuse gives a buffer back. Nobody uses it any more.
func reuse(b []byte) {
	class := classOf(int64(cap(b))-spare+1) - 1 // that it is large enough for
	if class < 0 || class >= len(buffers.free) {
		return
	}
	buffers.mu.Lock()
	defer buffers.mu.Unlock()
	most := max(mostKept/(smallest<<class), 1)
	if smallest<<class == frameSize {
		most = framesKept
	}
	if len(buffers.free[class]) < most {
		buffers.free[class] = append(buffers.free[class], b)
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
