package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// errLimit says that an archive is larger than an archive of sources can be.
var errLimit = errors.New("it is too large when unpacked")

// limits of one archive. The largest that profiles unpack are far below them:
// boost has 80,000 members, a browser engine 400,000 and 10 GB, and sources
// compress 4 to 20 times.
type limits struct {
	members int
	bytes   int64
	// An archive may grow by ratio, and by free bytes on top.
	ratio int64
	free  int64
}

const (
	maxMembers   = 4 << 20
	maxUnpacked  = 128 << 30
	maxRatio     = 200
	freeUnpacked = 512 << 20
)

func defaultLimits() limits {
	return limits{maxMembers, maxUnpacked, maxRatio, freeUnpacked}
}

// meter counts what comes out of one archive, and ends it at the limits or
// when the context ends.
type meter struct {
	limits
	ended   func() error // why the work must stop, or nil
	archive int64        // size of the archive; 0 for a directory
	seen    int
	stream  int64 // bytes decompressed
	written int64 // bytes of files
}

func newMeter(ctx context.Context, l limits) *meter { return &meter{limits: l, ended: ctx.Err} }

// member counts one member.
func (m *meter) member() error {
	if m.seen++; m.seen > m.limits.members {
		return fmt.Errorf("%w: more than %d members", errLimit, m.limits.members)
	}
	return m.ended()
}

func (m *meter) check(n int64) error {
	switch {
	case n > m.limits.bytes:
		return fmt.Errorf("%w: more than %d bytes", errLimit, m.limits.bytes)
	case m.archive > 0 && n > m.free && (n-m.free)/m.ratio > m.archive:
		return fmt.Errorf("%w: more than %d times its size", errLimit, m.ratio)
	}
	return m.ended()
}

// reader returns r, counted as decompressed data.
func (m *meter) reader(r io.Reader) io.Reader {
	return &meteredReader{r, m}
}

type meteredReader struct {
	r io.Reader
	m *meter
}

func (r *meteredReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.m.stream += int64(n)
	if limit := r.m.check(r.m.stream); limit != nil {
		return 0, limit
	}
	return n, err
}

// writer returns w, counted as content of files. It hides other methods of w,
// so that io.CopyBuffer uses the buffer that it is given.
func (m *meter) writer(w io.Writer) io.Writer {
	return &meteredWriter{w, m}
}

type meteredWriter struct {
	w io.Writer
	m *meter
}

func (w *meteredWriter) Write(p []byte) (int, error) {
	w.m.written += int64(len(p))
	if err := w.m.check(w.m.written); err != nil {
		return 0, err
	}
	return w.w.Write(p)
}
