package fetch

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"

	"gobuild/parts"
)

// newHash returns the hash of an algorithm, or nil when there is none.
func newHash(algorithm string) hash.Hash {
	switch algorithm {
	case "md5":
		return md5.New()
	case "sha1":
		return sha1.New()
	case "sha256":
		return sha256.New()
	case "sha512":
		return sha512.New()
	}
	return nil
}

// normalSums returns sums in lower case. An unknown algorithm is an error.
func normalSums(sums []parts.Checksum) ([]parts.Checksum, error) {
	out := make([]parts.Checksum, len(sums))
	for i, s := range sums {
		s.Algorithm = strings.ToLower(s.Algorithm)
		s.Hex = strings.ToLower(strings.TrimSpace(s.Hex))
		if newHash(s.Algorithm) == nil {
			return nil, fmt.Errorf("unknown checksum algorithm %q", s.Algorithm)
		}
		out[i] = s
	}
	return out, nil
}

// wellFormed reports whether a file can have s at all.
func wellFormed(s parts.Checksum) bool {
	b, err := hex.DecodeString(s.Hex)
	return err == nil && len(b) == newHash(s.Algorithm).Size()
}

// mismatch is the error of a file without the checksum that it must have.
type mismatch struct {
	sum  parts.Checksum
	got  string // "" when the file was not looked at
	size int64
	page bool // it looks like a web page
}

func (m *mismatch) Error() string {
	return strings.ToUpper(m.sum.Algorithm) + " checksum mismatch: " + m.detail()
}

// detail tells what was wanted and what came.
func (m *mismatch) detail() string {
	switch {
	case m.got == "", !wellFormed(m.sum):
		return fmt.Sprintf("%q is not the form of an %s sum (%d hex digits)",
			m.sum.Hex, strings.ToUpper(m.sum.Algorithm), 2*newHash(m.sum.Algorithm).Size())
	case m.page:
		return fmt.Sprintf("want %s %s, got %s (%d bytes, a web page)", m.sum.Algorithm, m.sum.Hex, m.got, m.size)
	}
	return fmt.Sprintf("want %s %s, got %s (%d bytes)", m.sum.Algorithm, m.sum.Hex, m.got, m.size)
}

// verify checks that a file has all sums. The error is a *mismatch when it was
// read and has not.
func verify(path string, sums []parts.Checksum) error {
	if len(sums) == 0 {
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	head := &headWriter{}
	hashes, writers := make([]hash.Hash, len(sums)), []io.Writer{head}
	for i, s := range sums {
		hashes[i] = newHash(s.Algorithm)
		writers = append(writers, hashes[i])
	}
	size, err := io.Copy(io.MultiWriter(writers...), file)
	if err != nil {
		return err
	}
	for i, s := range sums {
		if got := hex.EncodeToString(hashes[i].Sum(nil)); got != s.Hex {
			return &mismatch{sum: s, got: got, size: size, page: head.isPage()}
		}
	}
	return nil
}

// headWriter keeps the first bytes that are written to it.
type headWriter struct{ head []byte }

const headSize = 256

func (w *headWriter) Write(p []byte) (int, error) {
	if room := headSize - len(w.head); room > 0 {
		w.head = append(w.head, p[:min(room, len(p))]...)
	}
	return len(p), nil
}

func (w *headWriter) isPage() bool { return looksLikePage(w.head) }

// looksLikePage reports whether a file starts as web pages do: what a server
// sends instead of a file that moved.
func looksLikePage(head []byte) bool {
	head = bytes.ToLower(bytes.TrimLeft(head, " \t\r\n\ufeff"))
	return bytes.HasPrefix(head, []byte("<!doctype html")) || bytes.HasPrefix(head, []byte("<html"))
}

// md5Name returns the name of a URL's file in a cache of zc.buildout.
func md5Name(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}
