package fetch

import (
	"io"
	"os"
)

// What a readAheadReader holds at most.
const (
	aheadChunk  = 256 << 10
	aheadChunks = 4
)

// readAheadReader reads in a goroutine of its own, so that an archive is
// decompressed while files are written. It is used by one goroutine.
type readAheadReader struct {
	from    io.ReadCloser
	full    chan chunk
	free    chan []byte
	quit    chan struct{}
	current chunk
	unread  []byte // of current
}

// chunk is what was read, and the error that followed.
type chunk struct {
	data []byte
	err  error
}

// newReadAhead returns a reader of what from gives, and of its errors. Close
// closes from, too.
func newReadAhead(from io.ReadCloser) *readAheadReader {
	r := &readAheadReader{from: from, full: make(chan chunk, aheadChunks), free: make(chan []byte, aheadChunks), quit: make(chan struct{})}
	for range aheadChunks {
		r.free <- nil // made when it is needed: most archives are small
	}
	go r.run()
	return r
}

// run fills chunks until there is an error.
func (r *readAheadReader) run() {
	defer close(r.full)
	for {
		var buf []byte
		select {
		case buf = <-r.free:
		case <-r.quit:
			return
		}
		if buf == nil {
			buf = make([]byte, aheadChunk)
		}
		n, err := readFull(r.from, buf)
		r.full <- chunk{buf[:n], err} // there is room for all chunks
		if err != nil {
			return
		}
	}
}

// readFull reads until buf is full or there is an error, which it returns as it
// is.
func readFull(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var m int
		m, err = r.Read(buf[n:])
		n += m
	}
	return n, err
}

func (r *readAheadReader) Read(p []byte) (int, error) {
	for len(r.unread) == 0 {
		if r.current.err != nil {
			return 0, r.current.err
		}
		if r.current.data != nil {
			r.free <- r.current.data[:cap(r.current.data)]
		}
		r.current = <-r.full
		r.unread = r.current.data
	}
	n := copy(p, r.unread)
	r.unread = r.unread[n:]
	return n, nil
}

// Close ends the goroutine.
func (r *readAheadReader) Close() error {
	close(r.quit)
	for range r.full {
	}
	r.unread, r.current = nil, chunk{err: os.ErrClosed}
	return r.from.Close()
}
