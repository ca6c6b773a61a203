package run

import (
	"io"
	"sync"
)

// output is where a command writes.
type output struct {
	log    *sink // stderr always
	stdout io.Writer
	own    *sink // the command's own stdout, or nil
}

// newOutput returns the output of a command. Without a writer of its own,
// stdout and stderr are one pipe, which keeps their order.
func newOutput(log, stdout io.Writer) *output {
	o := &output{log: &sink{w: log}}
	o.stdout = o.log
	if stdout != nil {
		o.own = &sink{w: stdout}
		o.stdout = o.own
	}
	return o
}

// err returns the first error of a writer. It is the cause when the command
// was then killed by SIGPIPE.
func (o *output) err() error {
	if o.own != nil && o.own.failed() != nil {
		return o.own.failed()
	}
	return o.log.failed()
}

// sink remembers the error of a writer and whether a line is open.
type sink struct {
	mu   sync.Mutex
	w    io.Writer
	err  error
	open bool
}

// Write passes p on.
func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.w.Write(p)
	if err != nil && s.err == nil {
		s.err = err
	}
	if n > 0 {
		s.open = p[n-1] != '\n'
	}
	return n, err
}

func (s *sink) line(text string) { io.WriteString(s, text+"\n") }

// endLine ends the line that the command left open.
func (s *sink) endLine() {
	s.mu.Lock()
	open := s.open && s.err == nil
	s.mu.Unlock()
	if open {
		s.line("")
	}
}

func (s *sink) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
