package lsp

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestReadFrame(t *testing.T) {
	for _, c := range []struct{ name, in, want, err string }{
		{"one message", "Content-Length: 2\r\n\r\n{}", "{}", ""},
		{"other headers, any case, bare LF", "content-TYPE: x\ncontent-length:2\n\n{}", "{}", ""},
		{"nothing", "", "", "EOF"},
		{"ends in the header", "Content-Length: 2\r\n", "", "unexpected EOF"},
		{"ends in the content", "Content-Length: 5\r\n\r\n{}", "", "unexpected EOF"},
		{"no length", "X: 1\r\n\r\n{}", "", "message without Content-Length"},
		{"no colon", "hello\r\n\r\n", "", `header line "hello" has no colon`},
		{"negative", "Content-Length: -2\r\n\r\n{}", "", `Content-Length " -2" is not a number up to 67108864`},
		{"too long", "Content-Length: 99999999999\r\n\r\n{}", "", `Content-Length " 99999999999" is not a number up to 67108864`},
		{"two lengths", "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "", "two different Content-Length"},
		{"endless header", strings.Repeat("x", 5000), "", "header line is longer than 4096 bytes"},
		{"many headers", strings.Repeat("a: b\n", 20), "", "message has more than 16 header lines"},
	} {
		got, err := readFrame(newFrameReader(strings.NewReader(c.in)))
		text := ""
		if err != nil {
			text = err.Error()
			got = nil
		}
		if string(got) != c.want || text != c.err {
			t.Errorf("%s: got %q, error %q; want %q, error %q", c.name, got, text, c.want, c.err)
		}
	}
}

// FuzzFrame checks that reading never panics and never loses its place: what
// was written is read back.
func FuzzFrame(f *testing.F) {
	f.Add([]byte("Content-Length: 2\r\n\r\n{}"))
	f.Add([]byte("content-length:1\n\n\xff"))
	f.Add([]byte("\r\n\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		r := newFrameReader(bytes.NewReader(in))
		for range 10 {
			if _, err := readFrame(r); err != nil {
				break
			}
		}
		var b bytes.Buffer
		if err := writeFrame(&b, in); err != nil {
			t.Fatal(err)
		}
		r = newFrameReader(&b)
		got, err := readFrame(r)
		if err != nil || !bytes.Equal(got, in) {
			t.Fatalf("wrote %q, read %q, %v", in, got, err)
		}
		if _, err := readFrame(r); !errors.Is(err, io.EOF) {
			t.Fatalf("after the only message: %v", err)
		}
	})
}
