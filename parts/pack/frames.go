package pack

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
)

const (
	// frameSize is how much one frame holds at most.
	frameSize = 4 << 20
	// frameOverhead is by how much a frame of data that cannot be compressed
	// may be longer than the data.
	frameOverhead = 64 << 10
	// blockHeader and frameSum are lengths within a frame.
	blockHeader = 3
	frameSum    = 4
	blockMax    = 128 << 10
)

// The last frame: a skippable one.
const (
	sealMagic = "\x5e\x2a\x4d\x18"
	sealName  = "gobuild archive 1"
	sealSize  = len(sealMagic) + 4 + len(sealName) + sha256.Size
)

// seal returns the last frame of an archive whose bytes have the sum.
func seal(sum []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(sealMagic), uint32(len(sealName)+len(sum)))
	return append(append(b, sealName...), sum...)
}

// Level is how hard the packer tries, in the numbers of zstd. 1 and 2 are the
// same, and so are those from 3, 6 and 10 on.
type Level int

// LevelDefault takes about as long as tar and zstd -3 take with two threads.
const LevelDefault Level = 1

// encoders gives each of several goroutines an encoder.
type encoders struct {
	level Level
	mu    sync.Mutex
	free  []*zstd.Encoder
}

func newEncoders(level Level) *encoders { return &encoders{level: level} }

// take returns an encoder that nobody uses.
func (e *encoders) take() *zstd.Encoder {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := len(e.free); n > 0 {
		w := e.free[n-1]
		e.free = e.free[:n-1]
		return w
	}
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(int(e.level))), zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(true), zstd.WithSingleSegment(true), zstd.WithZeroFrames(true))
	if err != nil {
		panic(err) // the options are constant
	}
	return w
}

// encode packs data in one frame.
func (e *encoders) encode(data []byte) []byte {
	w := e.take()
	defer func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.free = append(e.free, w)
	}()
	return w.EncodeAll(data, bufferOf(int64(len(data) / 2))[:0])
}

// frameReader splits an archive into frames.
type frameReader struct {
	in   *bufio.Reader
	sums sums
	read int64
}

func newFrameReader(r io.Reader) *frameReader {
	return &frameReader{in: bufio.NewReaderSize(r, 256<<10)}
}

// next returns the next frame. After the last one, whose sum is right, it
// returns io.EOF.
func (f *frameReader) next() ([]byte, error) {
	head, err := f.in.Peek(zstd.HeaderMaxSize)
	if len(head) < len(sealMagic) {
		if f.read == 0 {
			return nil, errNotArchive
		}
		return nil, damaged("it ends before its checksum: %w", noEOF(err))
	}
	if string(head[:len(sealMagic)]) == sealMagic {
		return nil, f.end()
	}
	var h zstd.Header
	if err := h.Decode(head); err != nil {
		if f.read == 0 {
			return nil, errNotArchive
		}
		return nil, damaged("a frame: %w", noEOF(err))
	}
	if h.Skippable || !h.HasFCS || !h.HasCheckSum || h.DictionaryID != 0 || h.FrameContentSize > frameSize {
		return nil, fmt.Errorf("%w: its frames are others", errNotArchive)
	}
	frame, err := f.frame(h)
	if err != nil {
		return nil, damaged("a frame: %w", noEOF(err))
	}
	f.sums.add(sha256.Sum256(frame))
	f.read += int64(len(frame))
	return frame, nil
}

// frame reads the frame whose header is h.
func (f *frameReader) frame(h zstd.Header) ([]byte, error) {
	b := bytes.NewBuffer(bufferOf(int64(h.FrameContentSize) / 2)[:0])
	if _, err := io.CopyN(b, f.in, int64(h.HeaderSize)); err != nil {
		return nil, err
	}
	for last := false; !last; {
		head, err := f.in.Peek(blockHeader)
		if err != nil {
			return nil, err
		}
		bits := uint32(head[0]) | uint32(head[1])<<8 | uint32(head[2])<<16
		last = bits&1 != 0
		size := int64(bits >> 3)
		if bits>>1&3 == 1 { // one byte, repeated
			size = 1
		}
		if size > blockMax || int64(b.Len())+size > frameSize+frameOverhead {
			return nil, fmt.Errorf("a block of %d bytes", size)
		}
		if _, err := io.CopyN(b, f.in, blockHeader+size); err != nil {
			return nil, err
		}
	}
	_, err := io.CopyN(b, f.in, frameSum)
	return b.Bytes(), err
}

// end checks the last frame, and that nothing follows.
func (f *frameReader) end() error {
	want := seal(f.sums.total())
	got := make([]byte, sealSize)
	if _, err := io.ReadFull(f.in, got); err != nil {
		return damaged("its checksum: %w", noEOF(err))
	}
	if !bytes.Equal(got, want) {
		return damaged("its checksum does not fit")
	}
	if _, err := f.in.ReadByte(); err != io.EOF {
		return damaged("something follows its end")
	}
	return io.EOF
}

// noEOF makes the end of a file an error: more was expected.
func noEOF(err error) error {
	if err == nil || err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// framesIn decompresses the frames of an archive in the background and returns
// a reader of their content. Its end is io.EOF only if the last frame is
// right. stop ends the work.
func framesIn(ctx context.Context, r io.Reader, workers int) (content io.Reader, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	p := &pieces{full: make(chan []byte, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.err = decodeFrames(ctx, newFrameReader(r), workers, p)
		close(p.full)
	}()
	return p, func() {
		cancel()
		for range p.full {
		}
		<-done
	}
}

func decodeFrames(ctx context.Context, f *frameReader, workers int, p *pieces) error {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(workers), zstd.WithDecoderMaxMemory(frameSize), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return err
	}
	defer d.Close()
	type read struct {
		frame []byte
		err   error
	}
	return inOrder(ctx, workers,
		func(emit func(read) error) error {
			for {
				frame, err := f.next()
				if err == io.EOF {
					return nil
				}
				// What was read before an error comes first.
				if ended := emit(read{frame, err}); ended != nil || err != nil {
					return ended
				}
			}
		},
		func(_ context.Context, r read) ([]byte, error) {
			frame := r.frame
			if r.err != nil {
				return nil, r.err
			}
			data, err := d.DecodeAll(frame, bufferOf(frameSize)[:0])
			reuse(frame)
			if err != nil {
				return nil, damaged("a frame: %w", err)
			}
			return data, nil
		},
		func(data []byte) error {
			if !send(ctx, p.full, data) {
				return ctx.Err()
			}
			return nil
		})
}

// pieces is a reader of what arrives in pieces. err belongs to the writer until
// full is closed.
type pieces struct {
	full chan []byte
	err  error
	all  []byte // the piece that is read
	rest []byte // of it
}

func (p *pieces) Read(to []byte) (int, error) {
	for len(p.rest) == 0 {
		reuse(p.all)
		data, ok := <-p.full
		if !ok {
			if p.all, p.rest = nil, nil; p.err != nil {
				return 0, p.err
			}
			return 0, io.EOF
		}
		p.all, p.rest = data, data
	}
	n := copy(to, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}
