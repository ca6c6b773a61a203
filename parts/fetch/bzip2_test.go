package fetch

import (
	"bytes"
	"compress/bzip2"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// blocks is a file of four streams: of several blocks of text, of one that is
// much longer than it looks, of none, and of one that is short.
func blocks(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/blocks.bz2")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// outcome is what comes out of a reader: its length, its digest, its error.
func outcome(r io.Reader) string {
	h := md5.New()
	n, err := io.Copy(h, onlyReader{r})
	return fmt.Sprintf("%d bytes %x, %v", n, h.Sum(nil), err)
}

// sameAsStandard checks that data comes out as from the standard library.
func sameAsStandard(t testing.TB, name string, data []byte) {
	t.Helper()
	want := outcome(bzip2.NewReader(bytes.NewReader(data)))
	r := newBzip2Reader(bytes.NewReader(data), int64(len(data)), 3)
	if got := outcome(r); got != want {
		t.Errorf("%s: got %s, want %s", name, got, want)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("%s: after Close: %v", name, err)
	}
}

func TestBzip2Blocks(t *testing.T) {
	data := blocks(t)
	sameAsStandard(t, "whole", data)
	r := newBzip2Reader(bytes.NewReader(data), int64(len(data)), 2)
	defer r.Close()
	if err := iotest.TestReader(r, mustRead(t, bzip2.NewReader(bytes.NewReader(data)))); err != nil {
		t.Error(err)
	}
	if r.whole != nil {
		t.Error("the file was read in one piece")
	}
}

func mustRead(t testing.TB, r io.Reader) []byte {
	t.Helper()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestBzip2Damaged: what is damaged gives what the standard library gives, up
// to the same error.
func TestBzip2Damaged(t *testing.T) {
	data := blocks(t)
	const magic = "1AY&SY"                                     // of a block
	text := data[:bytes.LastIndex(data, []byte("BZh1"+magic))] // its stream alone
	cases := map[string][]byte{
		"nothing":             {},
		"no header":           []byte("PK"),
		"garbage behind":      append(slices.Clone(text), "garbage"...),
		"B behind":            append(slices.Clone(text), 'B'),
		"BZ behind":           append(slices.Clone(text), "BZ"...),
		"header behind":       append(slices.Clone(text), "BZh9"...),
		"wrong level":         append(slices.Clone(text), "BZh0"+magic...),
		"zeros behind":        append(slices.Clone(text), make([]byte, 4096)...),
		"text twice":          append(slices.Clone(text), text...),
		"magic in the middle": overwritten(text, len(text)/2, magic),
		"end in the middle":   overwritten(text, len(text)/2, "\x17rE8P\x90"),
		"magic at the start":  overwritten(text, 30, magic),
		"sum of the stream":   overwritten(text, len(text)-3, "\x00"),
	}
	for n := 1; n < len(text); n += len(text)/9 + 1 {
		cases[fmt.Sprint("cut at ", n)] = text[:n]
		cases[fmt.Sprint("changed at ", n)] = overwritten(text, n, string(text[n]^0x10))
	}
	for name, data := range cases {
		sameAsStandard(t, name, data)
	}
}

func overwritten(data []byte, at int, with string) []byte {
	data = slices.Clone(data)
	copy(data[at:], with)
	return data
}

// TestBzip2Close: a reader that is closed in the middle leaves no goroutine.
func TestBzip2Close(t *testing.T) {
	data := blocks(t)
	data = bytes.Repeat(data[:bytes.LastIndex(data, []byte("BZh1"))], 20)
	r := newBzip2Reader(bytes.NewReader(data), int64(len(data)), 2)
	if _, err := io.ReadFull(r, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	r.Close()
	<-r.ended
}

// FuzzBzip2Blocks: whatever the data, the outcome is that of the standard
// library.
func FuzzBzip2Blocks(f *testing.F) {
	f.Add(blocks(f)[:2000])
	f.Add([]byte("BZh9\x17rE8P\x90\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) { sameAsStandard(t, "fuzzed", data) })
}

// TestReadAhead: it gives what its reader gives, with the error, and ends with
// Close.
func TestReadAhead(t *testing.T) {
	for _, n := range []int{0, 1, aheadChunk, aheadChunk + 1, 7 * aheadChunk} {
		want := bytes.Repeat([]byte("abcdefg"), n/7+1)[:n]
		r := newReadAhead(io.NopCloser(iotest.HalfReader(bytes.NewReader(want))))
		if err := iotest.TestReader(r, want); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	broken := errors.New("broken")
	r := newReadAhead(io.NopCloser(io.MultiReader(strings.NewReader("text"), iotest.ErrReader(broken))))
	if got, err := io.ReadAll(r); string(got) != "text" || err != broken {
		t.Errorf("got %q, %v", got, err)
	}
	r.Close()
	endless := &closing{Reader: zeros{}}
	r = newReadAhead(endless)
	if _, err := io.ReadFull(r, make([]byte, 10*aheadChunk)); err != nil {
		t.Error(err)
	}
	if err := r.Close(); err != nil || !endless.closed {
		t.Errorf("Close: %v, %v", err, endless.closed)
	}
	// One that has told its end may still be there.
	buf, stacks := make([]byte, 1<<20), "readAheadReader).run"
	for end := time.Now().Add(10 * time.Second); strings.Contains(stacks, "readAheadReader).run"); time.Sleep(time.Millisecond) {
		if stacks = string(buf[:runtime.Stack(buf, true)]); time.Now().After(end) {
			t.Fatalf("a goroutine is left:\n%s", stacks)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }
