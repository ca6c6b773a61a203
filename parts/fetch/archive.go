package fetch

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// compression is a way in which a tar archive may be compressed.
type compression struct {
	magic string
	open  func(f *os.File, size int64, threads int) (io.ReadCloser, error)
}

// compressions are told apart by their first bytes; file names do not matter.
var compressions = []compression{
	{"\x1f\x8b", openGzip},
	{"BZh", openBzip2},
	{"\xfd7zXZ\x00", openXZ},
	{"\x28\xb5\x2f\xfd", openZstd},
	{"LZIP", openLzip},
}

const readAhead = 256 << 10

func openGzip(f *os.File, _ int64, _ int) (io.ReadCloser, error) {
	return gzip.NewReader(bufio.NewReaderSize(f, readAhead))
}

func openXZ(f *os.File, _ int64, _ int) (io.ReadCloser, error) {
	r, err := xz.NewReader(bufio.NewReaderSize(f, readAhead))
	return io.NopCloser(r), err
}

// maxWindow is the largest window of zstd that is accepted: that of --long=27.
const maxWindow = 128 << 20

func openZstd(f *os.File, _ int64, _ int) (io.ReadCloser, error) {
	r, err := zstd.NewReader(f, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return r.IOReadCloser(), nil
}

// open unpacks an archive of any kind.
func (x *extractor) open(file *os.File, size int64) error {
	head := make([]byte, headSize)
	n, err := file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return err
	}
	head = head[:n]
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06")) {
		return x.zip(file, size)
	}
	for _, c := range compressions {
		if bytes.HasPrefix(head, []byte(c.magic)) {
			return x.compressed(c, file, size)
		}
	}
	if err := x.tar(x.buffered(file)); !errors.Is(err, errNotArchive) {
		return err
	}
	if _, err := zip.NewReader(file, size); err == nil { // a program with a zip at its end
		return x.zip(file, size)
	}
	return errNotArchive
}

func (x *extractor) compressed(c compression, file *os.File, size int64) error {
	r, err := c.open(file, size, x.threads)
	if err != nil {
		return err
	}
	if x.threads > 1 {
		r = newReadAhead(r)
	}
	defer r.Close()
	plain := x.buffered(r)
	if err := x.tar(plain); err != nil {
		return err
	}
	return drain(plain)
}

// buffered returns a metered reader. It keeps an error for its next use.
func (x *extractor) buffered(r io.Reader) *bufio.Reader {
	return bufio.NewReaderSize(x.meter.reader(r), len(x.buf))
}

// drain reads what follows the end of a tar archive, so that the checksums of
// the compressed stream are looked at. Padding after it is legal.
func drain(r io.Reader) error {
	_, err := io.Copy(io.Discard, onlyReader{r}) // bufio's WriteTo would forget its error
	for _, padding := range []error{gzip.ErrHeader, zstd.ErrMagicMismatch,
		bzip2.StructuralError("bad magic value in continuation file")} {
		if errors.Is(err, padding) {
			return nil
		}
	}
	return err
}

const tarBlock = 512

// tar unpacks a tar archive. When its first block is not the header of one the
// error is errNotArchive.
func (x *extractor) tar(r *bufio.Reader) error {
	if _, err := r.Peek(tarBlock); err == io.EOF {
		return errNotArchive
	} else if err != nil {
		return err
	}
	archive := tar.NewReader(r)
	for first := true; ; first = false {
		h, err := archive.Next()
		switch {
		case err == io.EOF:
			return nil
		case first && errors.Is(err, tar.ErrHeader):
			return errNotArchive
		case err != nil && !errors.Is(err, tar.ErrInsecurePath):
			return err
		}
		if err := x.tarMember(h, archive); err != nil {
			return memberError(h.Name, err)
		}
	}
}

// memberError names the member that err is about.
func memberError(name string, err error) error {
	if errors.Is(err, errLimit) || errors.Is(err, errMember) {
		return err
	}
	return fmt.Errorf("member %q: %w", name, err)
}

func (x *extractor) tarMember(h *tar.Header, content io.Reader) error {
	if err := x.meter.member(); err != nil {
		return err
	}
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	name, ok, err := x.clean(h.Name)
	if err != nil || !ok {
		return err
	}
	e := entry{name: name, mode: h.FileInfo().Mode() & permBits, hasMode: true, time: h.ModTime}
	switch h.Typeflag {
	case tar.TypeDir:
		return x.dir(e)
	case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
		return x.file(e, content)
	case tar.TypeSymlink:
		return x.symlink(e, h.Linkname)
	case tar.TypeLink:
		return x.link(e, h.Linkname)
	}
	x.log(fmt.Sprintf("skipping member %q: it is a device, a pipe, or of an unknown type", h.Name))
	return nil
}

// file makes a regular file.
func (x *extractor) file(e entry, content io.Reader) error {
	perm := fs.FileMode(0o666)
	if e.hasMode {
		perm = 0o600
	}
	if !e.hasMode || e.mode&0o111 != 0 {
		// A command that another part starts now would hold the file open for
		// writing until its exec, and whoever runs the file would be told that
		// it is busy. go.dev/issue/22315
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
	}
	var out *os.File
	err := x.place(e.name, func() (err error) {
		out, err = x.root.OpenFile(e.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
		return err
	})
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(x.meter.writer(out), onlyReader{content}, x.buf[:])
	if err == nil && e.hasMode {
		err = out.Chmod(e.mode & permBits)
	}
	if err := errors.Join(err, out.Close()); err != nil {
		return err
	}
	return x.apply(entry{name: e.name, time: e.time})
}

// onlyReader hides other methods of a reader from io.Copy.
type onlyReader struct{ io.Reader }

// zip unpacks a zip archive.
func (x *extractor) zip(file *os.File, size int64) error {
	archive, err := zip.NewReader(file, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return err
	}
	archive.RegisterDecompressor(zipBzip2, func(r io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(r)) })
	archive.RegisterDecompressor(zstd.ZipMethodWinZip, zstd.ZipDecompressor(zstd.WithDecoderMaxWindow(maxWindow)))
	for _, m := range archive.File {
		if err := x.zipMember(m); err != nil {
			return memberError(m.Name, err)
		}
	}
	return nil
}

// Constants of the zip format.
const (
	zipBzip2     = 12
	zipEncrypted = 1
	unixType     = 0o170000
	unixSymlink  = 0o120000
)

func (x *extractor) zipMember(m *zip.File) error {
	if err := x.meter.member(); err != nil {
		return err
	}
	name, ok, err := x.clean(m.Name)
	if err != nil || !ok {
		return err
	}
	attributes := m.ExternalAttrs >> 16
	e := entry{name: name, mode: unixMode(attributes), hasMode: attributes&0o7777 != 0, time: m.Modified}
	if strings.HasSuffix(m.Name, "/") {
		return x.dir(e)
	}
	if m.Flags&zipEncrypted != 0 {
		return fmt.Errorf("%w: %q is encrypted", errMember, m.Name)
	}
	content, err := m.Open()
	if err != nil {
		return err
	}
	defer content.Close()
	if attributes&unixType == unixSymlink {
		target, err := io.ReadAll(io.LimitReader(content, maxNameLength))
		if err != nil {
			return err
		}
		return x.symlink(e, string(target))
	}
	return x.file(e, content)
}

// unixMode turns the mode bits of Unix into those of Go.
func unixMode(bits uint32) fs.FileMode {
	mode := fs.FileMode(bits & 0o777)
	for bit, m := range map[uint32]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if bits&bit != 0 {
			mode |= m
		}
	}
	return mode
}
