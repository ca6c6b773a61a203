package fetch

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"

	"github.com/sorairolake/lzip-go"
)

// Sizes of the lzip format.
const (
	lzipMagic   = "LZIP"
	lzipTrailer = 8  // bytes of the member size, at the end of a member
	lzipMin     = 36 // bytes of the smallest member
	// lzipMax limits the size of a member: the decoder reads it whole.
	lzipMax     = 2 << 30
	lzipMembers = 1 << 16 // most members of a file
)

var (
	errLzipSize = errors.New("lzip: a member has a wrong size")
	errLzipMany = errors.New("lzip: too many members")
)

// openLzip reads a file of one or more members, as parallel compressors write.
func openLzip(f *os.File, size int64, _ int) (io.ReadCloser, error) {
	members, err := findMembers(f, size)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(&lzipReader{members: members}), nil
}

// findMembers finds the members from the end of the file, where the size of the
// last one is.
func findMembers(f io.ReaderAt, end int64) ([]*io.SectionReader, error) {
	var members []*io.SectionReader
	for end > 0 {
		var trailer [lzipTrailer]byte
		switch {
		case end < lzipMin:
			return nil, errLzipSize
		case len(members) == lzipMembers:
			return nil, errLzipMany
		}
		if _, err := f.ReadAt(trailer[:], end-lzipTrailer); err != nil {
			return nil, err
		}
		size := binary.LittleEndian.Uint64(trailer[:])
		if size < lzipMin || size > uint64(end) || size > lzipMax {
			return nil, errLzipSize
		}
		var magic [len(lzipMagic)]byte
		if _, err := f.ReadAt(magic[:], end-int64(size)); err != nil || string(magic[:]) != lzipMagic {
			return nil, errLzipSize
		}
		end -= int64(size)
		members = append(members, io.NewSectionReader(f, end, int64(size)))
	}
	slices.Reverse(members)
	return members, nil
}

// lzipReader reads members one after the other.
type lzipReader struct {
	members []*io.SectionReader
	current io.Reader
}

func (r *lzipReader) Read(p []byte) (int, error) {
	for {
		if r.current == nil {
			if len(r.members) == 0 {
				return 0, io.EOF
			}
			next, err := lzip.NewReader(r.members[0])
			if err != nil {
				return 0, err
			}
			r.current, r.members = next, r.members[1:]
		}
		n, err := r.current.Read(p)
		if err != io.EOF {
			return n, err
		}
		if r.current = nil; n > 0 {
			return n, nil
		}
	}
}
