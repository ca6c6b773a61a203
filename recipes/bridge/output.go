package bridge

import (
	"bytes"
	"io"
	"strconv"
	"sync"
	"time"

	"gobuild/parts/run"
)

// output divides what the process and its children print among the logs of the
// parts. The process writes marks into the stream, a line each: NUL, the token,
// + or -, and the number of an order, where that begins and ends.
type output struct {
	mark []byte

	mu    sync.Mutex
	held  []byte // what may be the beginning of a mark
	logs  map[int]io.Writer
	open  []int
	ended map[int]chan struct{}
	tail  *run.Tail // what no order has printed
}

// startLines is how much is shown of what a process printed that did not start.
const startLines = 10

func newOutput(token string) *output {
	return &output{mark: []byte("\x00" + token), logs: map[int]io.Writer{}, ended: map[int]chan struct{}{}, tail: run.NewTail(startLines)}
}

// begin says where the output of an order goes.
func (o *output) begin(id int, log io.Writer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.logs[id], o.ended[id] = log, make(chan struct{})
}

// patience is how long the rest of the output of an order is waited for: a
// recipe may have closed the stream.
const patience = 2 * time.Second

// end waits until all that an order printed is in its log, or the process is over
// and its output read.
func (o *output) end(id int, over <-chan struct{}) {
	o.mu.Lock()
	ended := o.ended[id]
	o.mu.Unlock()
	if ended == nil {
		return // it was waited for
	}
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case <-ended:
	case <-over:
	case <-wait.C:
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.logs, id)
	delete(o.ended, id)
}

// Write takes a piece of the stream.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := append(o.held, p...)
	o.held = nil
	for {
		at := bytes.Index(text, o.mark)
		if at < 0 {
			break
		}
		end := bytes.IndexByte(text[at:], '\n')
		if end < 0 {
			o.print(text[:at])
			o.held = bytes.Clone(text[at:])
			return len(p), nil
		}
		o.print(text[:at])
		o.marked(string(text[at+len(o.mark) : at+end]))
		text = text[at+end+1:]
	}
	keep := 0
	for n := min(len(o.mark)-1, len(text)); n > 0; n-- {
		if bytes.HasSuffix(text, o.mark[:n]) {
			keep = n
			break
		}
	}
	o.print(text[:len(text)-keep])
	o.held = bytes.Clone(text[len(text)-keep:])
	return len(p), nil
}

// marked follows a mark.
func (o *output) marked(text string) {
	if text == "" {
		return
	}
	id, err := strconv.Atoi(text[1:])
	if err != nil {
		return
	}
	switch ended := o.ended[id]; {
	case text[0] == '+' && o.logs[id] != nil:
		o.open = append(o.open, id)
	case text[0] == '-' && len(o.open) > 0 && o.open[len(o.open)-1] == id:
		o.open = o.open[:len(o.open)-1]
		if ended != nil {
			close(ended)
		}
	}
}

func (o *output) print(text []byte) {
	if len(text) == 0 {
		return
	}
	for i := len(o.open) - 1; i >= 0; i-- {
		if log := o.logs[o.open[i]]; log != nil {
			log.Write(text)
			return
		}
	}
	o.tail.Write(text)
}
