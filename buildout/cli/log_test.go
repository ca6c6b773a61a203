package cli

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLastLines(t *testing.T) {
	long := strings.Repeat("x", 70_000) // longer than a block
	for _, c := range []struct {
		text  string
		lines int
		want  string
	}{
		{"", 3, ""}, {"\n", 1, "\n"}, {"a\nb\nc\n", 1, "c\n"}, {"a\nb\nc\n", 2, "b\nc\n"}, {"a\nb\nc", 2, "b\nc"},
		{"a\nb\n", 9, "a\nb\n"}, {"a\n\n", 1, "\n"}, {"a\n" + long + "\nb\n", 2, long + "\nb\n"}, {long + "\n" + long, 1, long},
	} {
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		at, err := lastLines(file, c.lines)
		if err != nil || c.text[at:] != c.want {
			t.Errorf("last %d lines of %.20q: got %.20q, %v", c.lines, c.text, c.text[at:], err)
		}
	}
}

// gate is a writer that tells of each flush.
type gate struct {
	bytes.Buffer
	wrote chan string
}

func (g *gate) Write(p []byte) (int, error) {
	n, err := g.Buffer.Write(p)
	g.wrote <- g.String()
	return n, err
}

// A log is followed from before it is there, through lines that are written in
// pieces, and when it is started anew.
func TestFollow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	ctx, cancel := context.WithCancel(t.Context())
	out := &gate{wrote: make(chan string, 1)}
	r := &logReader{path: path, out: bufio.NewWriter(out)}
	defer r.close()
	ended := make(chan error, 1)
	go func() { ended <- r.follow(ctx) }()
	write := func(text string) {
		t.Helper()
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if _, err := file.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want string) {
		t.Helper()
		if got := <-out.wrote; got != want {
			t.Fatalf("shown is %q, want %q", got, want)
		}
	}
	write("one\ntw")
	expect("one\n")
	write("o\n")
	expect("one\ntwo\n")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write("anew\n")
	expect("one\ntwo\nanew\n")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestLogSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 1_234_567: "1.2 MB"} {
		if got := logSize(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}
