package run

import (
	"bytes"
	"slices"
	"sync"
)

// maxLine is how many bytes of one line a Tail keeps.
const maxLine = 4096

// Tail is a writer that keeps the last lines of what passes. It may be used by
// several goroutines at once.
type Tail struct {
	mu    sync.Mutex
	limit int
	ring  []string // complete lines; the oldest is at next when it is full
	next  int
	open  []byte // the line that has no end yet
}

// NewTail returns a Tail that keeps n lines.
func NewTail(n int) *Tail { return &Tail{limit: max(n, 0)} }

// Write takes p. It never fails.
func (t *Tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for rest := p; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte{'\n'})
		t.open = append(t.open, line...)
		if len(t.open) > maxLine {
			t.open = shorten(t.open)
		}
		if ended {
			t.push(string(seen(t.open)))
			t.open = t.open[:0]
		}
		rest = after
	}
	return len(p), nil
}

func (t *Tail) push(line string) {
	switch {
	case t.limit == 0:
	case len(t.ring) < t.limit:
		t.ring = append(t.ring, line)
	default:
		t.ring[t.next] = line
		t.next = (t.next + 1) % t.limit
	}
}

// seen returns what a terminal shows of a line: a carriage return starts it
// anew, unless it ends the line.
func seen(line []byte) []byte {
	line = bytes.TrimRight(line, "\r")
	return line[bytes.LastIndexByte(line, '\r')+1:]
}

// shorten drops what is not seen of an open line, and what is too long.
func shorten(line []byte) []byte {
	returned := bytes.HasSuffix(line, []byte{'\r'})
	visible := seen(line)
	n := copy(line, visible[:min(len(visible), maxLine-1)])
	if returned {
		line[n] = '\r'
		n++
	}
	return line[:n]
}

// Lines returns the last lines, without their ends, oldest first. A line
// without an end counts.
func (t *Tail) Lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := slices.Concat(t.ring[t.next:], t.ring[:t.next])
	if open := seen(t.open); len(open) > 0 {
		lines = append(lines, string(open))
	}
	return lines[max(0, len(lines)-t.limit):]
}
