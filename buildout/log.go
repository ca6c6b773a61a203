package buildout

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"gobuild/buildout/event"
	"gobuild/parts/run"
)

// excerptLines is how many lines of its log a failed part shows.
const excerptLines = 20

// partLog is the log file of one part. The file is made by the first write, so
// that a part with nothing to do leaves none.
type partLog struct {
	path string
	tail *run.Tail
	keep bool // what an earlier run wrote

	mu      sync.Mutex
	file    *os.File
	failed  error
	current string // step
	secrets redactor
}

func newPartLog(path string) *partLog {
	return &partLog{path: path, tail: run.NewTail(excerptLines)}
}

// Write appends to the file and remembers the last lines.
func (l *partLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.show(l.secrets.pass(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// show writes text without secrets.
func (l *partLog) show(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	l.tail.Write(text)
	if l.file == nil && l.failed == nil {
		l.open()
	}
	if l.failed != nil {
		return l.failed
	}
	_, err := l.file.Write(text)
	return err
}

func (l *partLog) open() {
	if l.failed = os.MkdirAll(filepath.Dir(l.path), 0o777); l.failed == nil {
		mode := os.O_TRUNC
		if l.keep {
			mode = os.O_APPEND
		}
		l.file, l.failed = os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|mode, 0o666)
	}
}

// Close closes the file.
func (l *partLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.show(l.secrets.rest())
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file, l.failed = nil, os.ErrClosed
	return err
}

// watch returns a sink that passes events on to s and remembers the step.
func (l *partLog) watch(s event.Sink) event.Sink { return stepSink{l, s} }

type stepSink struct {
	log *partLog
	to  event.Sink
}

func (s stepSink) Emit(e event.Event) {
	if e.Kind == event.StepStarted {
		s.log.mu.Lock()
		s.log.current = e.Step
		s.log.mu.Unlock()
	}
	s.to.Emit(redactEvent(s.log.secrets.secrets, e))
}

func (l *partLog) step() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.current
}

// excerpt is the end of the log with the path of the file, or "" when nothing
// was logged but steps.
func (l *partLog) excerpt() string {
	l.mu.Lock()
	l.show(l.secrets.rest())
	l.mu.Unlock()
	lines := l.tail.Lines()
	if !slices.ContainsFunc(lines, func(line string) bool { return !strings.HasPrefix(line, "==> ") }) {
		return ""
	}
	return "log: " + l.path + "\n" + strings.Join(lines, "\n")
}
