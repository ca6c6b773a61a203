package lsp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The limits of a frame.
const (
	maxMessage     = 64 << 20 // bytes of content
	maxHeaderLines = 16
	maxHeaderLine  = 4096 // bytes
)

// newFrameReader returns a reader whose buffer limits a header line.
func newFrameReader(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, maxHeaderLine) }

// readFrame reads one message: header lines, an empty line, and as many bytes
// as Content-Length says. io.EOF means that the stream ended between messages;
// after any other error the stream cannot be read on.
func readFrame(r *bufio.Reader) ([]byte, error) {
	length := -1
	for n := 0; ; n++ {
		line, err := headerLine(r)
		switch {
		case errors.Is(err, io.EOF) && n == 0 && line == "":
			return nil, io.EOF
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		case n > maxHeaderLines:
			return nil, fmt.Errorf("message has more than %d header lines", maxHeaderLines)
		}
		if line == "" {
			break
		}
		if length, err = contentLength(line, length); err != nil {
			return nil, err
		}
	}
	if length < 0 {
		return nil, errors.New("message without Content-Length")
	}
	return body(r, length)
}

// headerLine reads a line without its end.
func headerLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", fmt.Errorf("header line is longer than %d bytes", maxHeaderLine)
	}
	return string(bytes.TrimRight(line, "\r\n")), err
}

// contentLength returns the length that a header line gives, or the one known
// so far.
func contentLength(line string, known int) (int, error) {
	name, value, found := strings.Cut(line, ":")
	if !found {
		return known, fmt.Errorf("header line %.40q has no colon", line)
	}
	if !strings.EqualFold(strings.TrimSpace(name), "Content-Length") {
		return known, nil
	}
	n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 32)
	if err != nil || n > maxMessage {
		return known, fmt.Errorf("Content-Length %.20q is not a number up to %d", value, maxMessage)
	}
	if known >= 0 && known != int(n) {
		return known, errors.New("two different Content-Length")
	}
	return int(n), nil
}

// body reads length bytes; memory grows with what arrives, not with what the
// header claims.
func body(r io.Reader, length int) ([]byte, error) {
	var b bytes.Buffer
	n, err := io.CopyN(&b, r, int64(length))
	if errors.Is(err, io.EOF) || err == nil && n < int64(length) {
		err = io.ErrUnexpectedEOF
	}
	return b.Bytes(), err
}

// writeFrame writes one message.
func writeFrame(w io.Writer, content []byte) error {
	frame := append([]byte("Content-Length: "+strconv.Itoa(len(content))+"\r\n\r\n"), content...)
	_, err := w.Write(frame)
	return err
}
