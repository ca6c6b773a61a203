package relocate

import (
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// maxInflated is how much of compressed data is looked into.
const maxInflated = 256 << 20

// isCompressed reports whether a prefix may be in a file without being seen,
// or cannot be rewritten without a checksum.
func isCompressed(name string, content []byte) bool {
	return packing(name, content) != ""
}

// packing names the format of a file that packs others.
func packing(name string, content []byte) string {
	switch {
	case bytes.HasPrefix(content, []byte("\xfd7zXZ\x00")):
		return "xz"
	case bytes.HasPrefix(content, []byte("BZh")) && len(content) > 10 && (bytes.Equal(content[4:10], []byte("1AY&SY")) || bytes.Equal(content[4:10], []byte("\x17rE8P\x90"))):
		return "bzip2"
	case bytes.HasPrefix(content, []byte("\x28\xb5\x2f\xfd")):
		return "zstd"
	case isZip(name, content):
		return "zip"
	case isTar(content):
		return "tar"
	}
	return ""
}

// compressed fills the fact of a compressed file. A gzip file of text gets the
// sites of its content; all others get a note if they name a prefix.
func (s *scanner) compressed(f *Fact, content []byte, mode fs.FileMode) {
	format := packing(f.Path, content)
	if f.Kind == KindGzip {
		format = "gzip"
		if text, err := gunzip(content); err == nil && bytes.IndexByte(text, 0) < 0 {
			f.Sites = s.matcher.find(text, formText)
			return
		}
	}
	f.Kind = KindCompressed
	count, whole := s.countPacked(format, content)
	switch {
	case count > 0:
		f.note(CodeCompressed, compressedLevel(f.Path, mode), fmt.Sprintf("the %s file names a prefix within, %s", format, times(count)), "it is left as it is; install it uncompressed")
	case !whole:
		f.note(CodeCompressed, Hint, fmt.Sprintf("the %s file cannot be looked into, or only in part", format), "")
	}
}

// compressedLevel says how bad an old name within a file is: it is nothing in
// documents, and breaks programs that are archives.
func compressedLevel(name string, mode fs.FileMode) Level {
	for _, dir := range []string{"man/", "doc/", "info/", "gtk-doc/", "help/"} {
		if strings.HasPrefix(name, "share/"+dir) || strings.HasPrefix(name, dir) {
			return Hint
		}
	}
	if mode&0o111 != 0 {
		return Error
	}
	return Warning
}

// gunzip returns what a gzip file holds, up to a limit.
func gunzip(content []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(r, maxInflated+1))
	if err == nil && len(text) > maxInflated {
		err = fmt.Errorf("more than %d bytes", maxInflated)
	}
	return text, err
}

// regzip packs text so that the same text always gives the same bytes.
func regzip(text []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// countPacked counts the sites within a packed file. It reports whether all
// of it could be read.
func (s *scanner) countPacked(format string, content []byte) (int, bool) {
	src := bytes.NewReader(content)
	switch format {
	case "gzip":
		r, err := gzip.NewReader(src)
		if err != nil {
			return 0, false
		}
		return s.countIn(r)
	case "xz":
		r, err := xz.NewReader(src)
		if err != nil {
			return 0, false
		}
		return s.countIn(r)
	case "bzip2":
		return s.countIn(bzip2.NewReader(src))
	case "zstd":
		r, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxInflated))
		if err != nil {
			return 0, false
		}
		defer r.Close()
		return s.countIn(r)
	case "zip":
		return s.countZip(content)
	}
	return s.countIn(src)
}

// countZip counts the sites within the members of a zip archive.
func (s *scanner) countZip(content []byte) (int, bool) {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return 0, false
	}
	count, whole, left := 0, true, int64(maxInflated)
	for _, member := range archive.File {
		if left -= int64(min(member.UncompressedSize64, maxInflated)); left < 0 {
			return count, false
		}
		r, err := member.Open()
		if err != nil {
			whole = false
			continue
		}
		n, all := s.countIn(r)
		r.Close()
		count, whole = count+n, whole && all
	}
	return count, whole
}

// countIn counts the sites of what a reader gives, piece by piece.
func (s *scanner) countIn(r io.Reader) (int, bool) {
	const piece, overlap = 1 << 16, 1 << 13
	buffer := make([]byte, 0, piece+overlap)
	count := 0
	for total := 0; total < maxInflated; {
		n, err := io.ReadFull(r, buffer[len(buffer):cap(buffer)])
		total += n
		buffer = buffer[:len(buffer)+n]
		sites := s.matcher.find(buffer, formBinary)
		last := err != nil
		keep := max(0, len(buffer)-overlap)
		if last {
			keep = len(buffer)
		}
		// A site that starts in the overlap is counted with the next piece.
		count += len(slices.DeleteFunc(sites, func(s Site) bool { return s.Offset >= int64(keep) }))
		if last {
			return count, err == io.EOF || err == io.ErrUnexpectedEOF
		}
		buffer = append(buffer[:0], buffer[keep:]...)
	}
	return count, false
}
