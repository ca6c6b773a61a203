package fetch

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
	"os"
	"slices"
)

// A bzip2 file is a sequence of streams of blocks. Blocks know nothing of each
// other, but begin at any bit: each is found by the 48 bits that it starts with,
// made a file of its own, and decompressed by the standard library, several at
// once. At all that is out of the ordinary (damage, or data that looks like the
// start of a block) the whole file is read again, in one piece, up to where the
// blocks came: what is wrong with it is told by the standard library.

const (
	bzip2Block  = 0x314159265359 // before a block
	bzip2End    = 0x177245385090 // after the last block of a stream
	bzip2Magic  = 48             // bits of these
	bzip2Header = 4              // bytes before the first block of a stream
	bzip2CRC    = 32             // bits after both magics
	// bzip2Most is more than the bytes of any block: 900,000 symbols of 20 bits,
	// and tables.
	bzip2Most = 4 << 20
	// bzip2Plain is how much of a block is decompressed before it is asked for.
	// Only contrived blocks have more than 900,000 bytes and a little.
	bzip2Plain = 4 << 20
	// bzip2Small is the size of files that are read in one piece.
	bzip2Small = 1 << 20
	// bzip2Workers is how many blocks are decompressed at once at most.
	bzip2Workers = 8
)

func openBzip2(f *os.File, size int64, threads int) (io.ReadCloser, error) {
	if size < bzip2Small || threads == 1 {
		return io.NopCloser(bzip2.NewReader(bufio.NewReaderSize(f, readAhead))), nil
	}
	return newBzip2Reader(f, size, min(threads, bzip2Workers)), nil
}

// bzip2Reader gives the blocks in order.
type bzip2Reader struct {
	file    *io.SectionReader
	order   chan *bzip2Job
	quit    chan struct{}
	ended   chan struct{} // closed when the splitter has ended
	current *bzip2Job
	plain   []byte // of current, not yet given
	given   int64
	whole   io.Reader // the file in one piece, once that is needed
	err     error
}

// bzip2Job is a block on its way, or what ends the blocks.
type bzip2Job struct {
	file  []byte // the block as a file
	done  chan struct{}
	plain []byte
	rest  io.Reader // what follows plain; nil at the end of the block
	err   error
}

func newBzip2Reader(f io.ReaderAt, size int64, workers int) *bzip2Reader {
	r := &bzip2Reader{file: io.NewSectionReader(f, 0, size), order: make(chan *bzip2Job, 2*workers),
		quit: make(chan struct{}), ended: make(chan struct{})}
	work := make(chan *bzip2Job)
	for range workers {
		go func() {
			for job := range work {
				job.decompress()
			}
		}()
	}
	go func() {
		defer close(r.ended)
		defer close(work)
		s := &bzip2Splitter{r: io.NewSectionReader(f, 0, size)}
		s.split(func(job *bzip2Job) bool { return r.send(job, work) })
	}()
	return r
}

// send gives a job to the reader and to a worker. false means that the reader
// was closed.
func (r *bzip2Reader) send(job *bzip2Job, work chan<- *bzip2Job) bool {
	select {
	case r.order <- job:
	case <-r.quit:
		return false
	}
	if job.err != nil {
		close(job.done)
		return true
	}
	select {
	case work <- job:
		return true
	case <-r.quit:
		return false
	}
}

// decompress fills plain.
func (j *bzip2Job) decompress() {
	defer close(j.done)
	r := bzip2.NewReader(bytes.NewReader(j.file))
	plain := bytes.NewBuffer(make([]byte, 0, 1<<20))
	n, err := io.CopyN(plain, r, bzip2Plain)
	j.plain, j.file = plain.Bytes(), nil
	switch {
	case n == bzip2Plain:
		j.rest = r
	case err != io.EOF:
		j.err = errBzip2Whole
	}
}

// errBzip2Whole says that the file must be read in one piece.
var errBzip2Whole = errors.New("not in blocks")

// Read gives what was decompressed.
func (r *bzip2Reader) Read(p []byte) (int, error) {
	for r.err == nil {
		n, err := r.next(p)
		r.given += int64(n)
		switch {
		case err == errBzip2Whole:
			r.err = r.startOver()
		case err != nil:
			r.err = err
		}
		if n > 0 || len(p) == 0 && r.err == nil {
			return n, nil
		}
	}
	return 0, r.err
}

// next gives a piece: of the whole file, of the current block, or none, after
// which there is another block.
func (r *bzip2Reader) next(p []byte) (int, error) {
	switch {
	case r.whole != nil:
		return r.whole.Read(p)
	case len(r.plain) > 0:
		n := copy(p, r.plain)
		r.plain = r.plain[n:]
		return n, nil
	case r.current != nil && r.current.rest != nil:
		n, err := r.current.rest.Read(p)
		if err == io.EOF {
			r.current, err = nil, nil
		} else if err != nil {
			err = errBzip2Whole
		}
		return n, err
	}
	r.current = <-r.order
	<-r.current.done
	r.plain = r.current.plain
	return 0, r.current.err
}

// startOver reads the whole file up to what was given.
func (r *bzip2Reader) startOver() error {
	r.stop()
	r.whole = bzip2.NewReader(bufio.NewReaderSize(r.file, readAhead))
	_, err := io.CopyN(io.Discard, r.whole, r.given)
	return err
}

func (r *bzip2Reader) stop() {
	select {
	case <-r.quit:
	default:
		close(r.quit)
	}
	<-r.ended
}

// Close ends the splitter; a worker ends with its block.
func (r *bzip2Reader) Close() error {
	r.stop()
	r.err = os.ErrClosed
	return nil
}

// bzip2Splitter finds the blocks of a file.
type bzip2Splitter struct {
	r    io.Reader
	data []byte
	base int64  // place of data[0] in the file
	next int    // index in data of the byte that find looks at next
	last uint64 // the last 64 bits before it
	from int64  // bit before which nothing is found
}

// split sends the blocks, and at last a job with an error.
func (s *bzip2Splitter) split(send func(*bzip2Job) bool) {
	err := errBzip2Whole
	for first := true; ; first = false {
		at := s.base + int64(s.next)
		header, got := s.bits(at*8, bzip2Header*8)
		if !got || header>>8 != 'B'<<16|'Z'<<8|'h' || header&0xff < '1' || header&0xff > '9' {
			if !first {
				err = s.afterStream(at)
			}
			break
		}
		if ok, closed := s.stream(at, byte(header), send); closed {
			return
		} else if !ok {
			break
		}
	}
	send(&bzip2Job{err: err, done: make(chan struct{})})
}

// afterStream is what the standard library says where no other stream begins.
func (s *bzip2Splitter) afterStream(at int64) error {
	if _, got := s.bits(at*8, 8); !got {
		return io.EOF
	}
	if two, got := s.bits(at*8, 16); got && two != 'B'<<8|'Z' {
		return bzip2.StructuralError("bad magic value in continuation file")
	}
	return errBzip2Whole
}

// stream sends the blocks of the stream at a byte. It is not ok when it is
// damaged; it leaves next at the byte after the stream.
func (s *bzip2Splitter) stream(at int64, level byte, send func(*bzip2Job) bool) (ok, closed bool) {
	start := (at + bzip2Header) * 8
	s.seek(at+bzip2Header, start)
	sum := uint32(0)
	pos, end, found := s.find()
	for ok = found && pos == start; ok && !end; {
		crc, got := s.bits(pos+bzip2Magic, bzip2CRC)
		block := pos
		pos, end, found = s.find()
		if ok = got && found; !ok {
			return false, false
		}
		sum = bits.RotateLeft32(sum, 1) ^ uint32(crc)
		if !send(s.cut(level, block, pos, uint32(crc))) {
			return false, true
		}
	}
	if !ok {
		return false, false
	}
	crc, got := s.bits(pos+bzip2Magic, bzip2CRC)
	after := (pos + bzip2Magic + bzip2CRC + 7) / 8
	s.seek(after, after*8)
	return got && uint32(crc) == sum, false
}

// seek goes on at a byte, which is loaded or follows what is.
func (s *bzip2Splitter) seek(at, from int64) {
	s.next, s.last, s.from = int(at-s.base), 0, from
	for s.next > len(s.data) && s.load() {
	}
	s.next = min(s.next, len(s.data))
}

// load reads more of the file.
func (s *bzip2Splitter) load() bool {
	old := len(s.data)
	s.data = slices.Grow(s.data, readAhead)
	n, _ := io.ReadFull(s.r, s.data[old:old+readAhead]) // the end, or an error: told when the whole file is read
	s.data = s.data[:old+n]
	return n > 0
}

// bits returns n bits, at most 64, from a bit on that is loaded or follows.
func (s *bzip2Splitter) bits(pos int64, n int) (uint64, bool) {
	first := int(pos/8 - s.base)
	for first+9 > len(s.data) && s.load() {
	}
	if first < 0 || int64(len(s.data))*8 < pos-s.base*8+int64(n) {
		return 0, false
	}
	var window [9]byte
	copy(window[:], s.data[first:])
	shift := uint(pos % 8)
	v := binary.BigEndian.Uint64(window[:8])<<shift | uint64(window[8])>>(8-shift)
	return v >> (64 - n), true
}

// bzip2Hints tells of each value of a byte at which shifts it can be the bits
// 16 to 24 of the end of a magic.
var bzip2Hints = func() (hints [256]uint8) {
	for shift := range 8 {
		for _, magic := range []uint64{bzip2Block, bzip2End} {
			hints[byte(magic>>(16-shift))] |= 1 << shift
		}
	}
	return hints
}()

// find returns the bit at which the next magic starts, and whether it is that
// of the end. Too long a way is not gone.
func (s *bzip2Splitter) find() (pos int64, end, found bool) {
	for limit := s.base + int64(s.next) + bzip2Most; ; {
		for ; s.next < len(s.data); s.next++ {
			s.last = s.last<<8 | uint64(s.data[s.next])
			for hints := bzip2Hints[byte(s.last>>16)]; hints != 0; hints &= hints - 1 {
				shift := bits.TrailingZeros8(hints)
				magic := s.last >> shift & (1<<bzip2Magic - 1)
				pos := (s.base+int64(s.next)+1)*8 - int64(shift) - bzip2Magic
				if (magic == bzip2Block || magic == bzip2End) && pos >= s.from {
					s.next++
					s.from = pos + bzip2Magic
					return pos, magic == bzip2End, true
				}
			}
		}
		if s.base+int64(s.next) > limit || !s.load() {
			return 0, false, false
		}
	}
}

// cut returns the job of a block, and forgets what is before its end.
func (s *bzip2Splitter) cut(level byte, from, to int64, crc uint32) *bzip2Job {
	file := make([]byte, 0, (to-from)/8+24)
	file = append(file, 'B', 'Z', 'h', level)
	shift := uint(from % 8)
	in := s.data[from/8-s.base : (to+7)/8-s.base]
	for i := range in {
		b := uint16(in[i]) << 8
		if i+1 < len(in) {
			b |= uint16(in[i+1])
		}
		file = append(file, byte(b<<shift>>8))
	}
	file = appendBits(file[:bzip2Header+(to-from+7)/8], uint((to-from)%8), bzip2End<<16|uint64(crc>>16), 64)
	file = appendBits(file, uint((to-from)%8), uint64(crc&0xffff), 16)
	drop := to/8 - s.base
	s.data, s.base, s.next = s.data[drop:], s.base+drop, s.next-int(drop)
	return &bzip2Job{file: file, done: make(chan struct{})}
}

// appendBits appends n bits of v (a multiple of 8) to a file of which the last
// byte has used bits; 0 means all.
func appendBits(file []byte, used uint, v uint64, n int) []byte {
	for n -= 8; n >= 0; n -= 8 {
		b := byte(v >> n)
		if used == 0 {
			file = append(file, b)
			continue
		}
		last := len(file) - 1
		file[last] = file[last]&^(0xff>>used) | b>>used
		file = append(file, b<<(8-used))
	}
	return file
}
