package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"gobuild/buildout/diag"
	"gobuild/parts/run"
)

// mark is the variable that tells a process that it is the child of a launch:
// PARENT:DESCRIPTOR, where the descriptor is the pipe on which it tells why it
// could not become the program.
const mark = "GOBUILD_EXEC_CHILD"

// pipeToParent is the pipe of a child.
type pipeToParent struct {
	f   *os.File
	pid int // of the parent
}

// takeMark takes the mark out of the environment. isChild is false when there
// is none, or one that another process left.
func takeMark(l *Launch) (p pipeToParent, isChild bool) {
	value, ok := run.LookupEnv(l.Environ, mark)
	if !ok {
		return p, false
	}
	l.Environ = slices.DeleteFunc(slices.Clone(l.Environ), func(e string) bool { return strings.HasPrefix(e, mark+"=") })
	parent, descriptor, _ := strings.Cut(value, ":")
	fd, err := strconv.Atoi(descriptor)
	if err != nil || fd <= 2 || parent != strconv.Itoa(os.Getppid()) {
		return p, false
	}
	syscall.CloseOnExec(fd)
	return pipeToParent{os.NewFile(uintptr(fd), "parent"), os.Getppid()}, true
}

// message is an error on its way to the parent.
type message struct{ Code, Msg, Hint string }

// tell tells err to the parent, which reports it. An interruption is not told:
// the parent sees it from the end of the child.
func (p pipeToParent) tell(err error) error {
	if i := (*interrupted)(nil); errors.As(err, &i) {
		return err
	}
	m := message{Code: "launch", Msg: err.Error()}
	if d := (*diag.Diagnostic)(nil); errors.As(err, &d) {
		m = message{d.Code, d.Msg, d.Hint}
	}
	if e := json.NewEncoder(p.f).Encode(m); e != nil {
		return errors.Join(err, e)
	}
	return diag.List{}
}

// hear reads from the pipe of a child until the child has become the program,
// for which it returns nil, or has ended.
func hear(r io.Reader) error {
	const most = 1 << 16
	var m message
	if err := json.NewDecoder(io.LimitReader(r, most)).Decode(&m); err != nil {
		return nil
	}
	return &diag.Diagnostic{Code: m.Code, Msg: m.Msg, Hint: m.Hint}
}

// markFor returns the mark for a child of this process, and lets the child
// inherit w under the same number: any number could be taken by a file that
// the program shall inherit.
func markFor(w *os.File) (string, error) {
	fd := w.Fd()
	if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_SETFD, 0); errno != 0 {
		return "", fmt.Errorf("hand over a pipe: %w", errno)
	}
	return fmt.Sprintf("%s=%d:%d", mark, os.Getpid(), fd), nil
}
