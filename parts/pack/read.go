package pack

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"gobuild/buildout/diag"
)

// archive is an archive that is read. Its manifest was read and is consistent.
type archive struct {
	*Manifest
	text []byte // of the manifest
	in   io.Reader
	stop func()
	file *os.File
	head []byte // that of a member is compared with
}

// openArchive reads the manifest of an archive. sum is the SHA-256 that it must
// have, "" for any.
func openArchive(ctx context.Context, name, sum string, jobs int) (*archive, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, diag.At(diag.Span{}, "archive-unpack", "%v", err).WithCause(err).WithHint("name a file that `gobuild pack` has made")
	}
	a := &archive{file: f}
	if err := a.begin(ctx, sum, max(jobs, 1)); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

func (a *archive) close() {
	if a.stop != nil {
		a.stop()
	}
	a.file.Close()
}

func (a *archive) begin(ctx context.Context, sum string, jobs int) error {
	info, err := a.file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errNotArchive
	}
	a.in, a.stop = framesIn(ctx, a.file, jobs)
	if err := a.readManifest(); err != nil {
		return err
	}
	if got := sumOf(a.text); sum != "" && got != sum {
		return diag.At(diag.Span{}, "unpack-sum", "the manifest of %s has the SHA-256 %s, not %s", a.file.Name(), got, sum).
			WithHint("this is not the archive that the sum was made of: get it again from where the sum comes from")
	}
	if a.Manifest, err = decodeManifest(a.text); err != nil {
		return err
	}
	var size int64
	for _, f := range a.Files {
		size += f.Size
	}
	if size > freeSize && (size-freeSize)/maxRatio > info.Size() {
		return hostile("%d bytes in an archive of %d", size, info.Size())
	}
	head, err := tarHeader(a.manifestFile(), a.Time)
	if err != nil || !bytes.Equal(head, a.head) {
		return damaged("the header of its manifest is another one")
	}
	return nil
}

func (a *archive) manifestFile() File {
	return File{Path: ManifestName, Type: TypeFile, Mode: 0o644, Size: int64(len(a.text))}
}

// readManifest reads the first member.
func (a *archive) readManifest() error {
	a.head = make([]byte, tarBlock)
	if _, err := io.ReadFull(a.in, a.head); err != nil {
		return early(err)
	}
	h, err := tar.NewReader(bytes.NewReader(a.head)).Next()
	if err != nil || h.Name != ManifestName || h.Typeflag != tar.TypeReg {
		return fmt.Errorf("%w: its first member is not %s", errNotArchive, ManifestName)
	}
	if h.Size > maxManifest {
		return hostile("a manifest of %d bytes", h.Size)
	}
	var text bytes.Buffer // it grows with what is really there
	if _, err := io.CopyN(&text, a.in, h.Size); err != nil {
		return early(err)
	}
	a.text = text.Bytes()
	return a.zeros(padding(h.Size))
}

// early words an archive that ends where more must follow.
func early(err error) error {
	if errors.Is(err, errDamaged) {
		return err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("it ends early")
	}
	return err
}

// zeros reads padding.
func (a *archive) zeros(n int64) error {
	var block [tarEnd]byte
	if _, err := io.ReadFull(a.in, block[:n]); err != nil {
		return early(err)
	}
	if block != [tarEnd]byte{} {
		return damaged("something stands between its members")
	}
	return nil
}

// each calls use with each member and its content, which use need not read.
func (a *archive) each(use func(i int, f *File, content io.Reader) error) error {
	for i := range a.Files {
		f := &a.Files[i]
		want, err := tarHeader(*f, a.Time)
		if err != nil {
			return hostile("%q: %v", f.Path, err)
		}
		if len(a.head) < len(want) {
			a.head = make([]byte, len(want))
		}
		if _, err := io.ReadFull(a.in, a.head[:len(want)]); err != nil {
			return early(err)
		}
		if !bytes.Equal(a.head[:len(want)], want) {
			return damaged("member %q is not the one that its manifest has here", f.Path)
		}
		content := io.LimitedReader{R: a.in, N: f.Size}
		if err := use(i, f, &content); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, &content); err != nil {
			return err
		}
		if content.N > 0 {
			return early(io.EOF)
		}
		if err := a.zeros(padding(f.Size)); err != nil {
			return err
		}
	}
	if err := a.zeros(tarEnd); err != nil {
		return err
	}
	if n, err := a.in.Read(make([]byte, 1)); n > 0 {
		return damaged("something follows its last member")
	} else if err != io.EOF {
		return err
	}
	return nil
}
