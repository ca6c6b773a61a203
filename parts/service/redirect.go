package service

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// output is one file that output of the program is copied to.
type output struct {
	path string
	warn func(error)
	r, w *os.File // the pipe; w is that of the program

	mu      sync.Mutex
	f       *os.File
	failing bool // the last write failed, and was reported
}

// outputs are the files of a launch. copied is closed when the program, and
// all that inherited its output, has closed it.
type outputs struct {
	stdout, stderr *os.File // what the child gets
	all            []*output
	copied         chan struct{}
}

// openOutputs opens the files. Streams that are not redirected are those of
// this process.
func openOutputs(r Redirect, warn func(error)) (*outputs, error) {
	o := &outputs{stdout: os.Stdout, stderr: os.Stderr, copied: make(chan struct{})}
	var err error
	if r.Stdout != "" {
		o.stdout, err = o.open(r.Stdout, warn)
	}
	switch {
	case err != nil:
	case r.Stderr != "" && r.Stderr == r.Stdout:
		o.stderr = o.stdout
	case r.Stderr != "":
		o.stderr, err = o.open(r.Stderr, warn)
	}
	if err != nil {
		return nil, fmt.Errorf("redirect output: %w", err)
	}
	return o, nil
}

// open adds a file and returns where the program writes to.
func (o *outputs) open(path string, warn func(error)) (*os.File, error) {
	f, err := openLog(path)
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	o.all = append(o.all, &output{path: path, warn: warn, r: r, w: w, f: f})
	return w, nil
}

func openLog(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
}

// copy starts to copy. It is called when the child has the pipes.
func (o *outputs) copy() {
	var group sync.WaitGroup
	for _, out := range o.all {
		out.w.Close()
		group.Go(out.copy)
	}
	go func() { group.Wait(); close(o.copied) }()
}

// reopen opens all files again, for those that were renamed.
func (o *outputs) reopen() {
	for _, out := range o.all {
		out.reopen()
	}
}

// copy copies until the pipe is closed at its other end.
func (o *output) copy() {
	buffer := make([]byte, 1<<15)
	for {
		n, err := o.r.Read(buffer)
		if n > 0 {
			o.write(buffer[:n])
		}
		if err != nil {
			return
		}
	}
}

// write writes to the file. What cannot be written is lost: the program shall
// neither stop nor end for it. It is told once.
func (o *output) write(data []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, err := o.f.Write(data)
	if err != nil && !o.failing {
		o.warn(fmt.Errorf("output of the program is lost: %w", err))
	}
	o.failing = err != nil
}

// reopen goes on with the old file when there is no new one. Once the new file
// is there, nothing more is written to the old one.
func (o *output) reopen() {
	o.mu.Lock()
	defer o.mu.Unlock()
	f, err := openLog(o.path)
	if err != nil {
		o.warn(fmt.Errorf("open redirected output again: %w", err))
		return
	}
	if err := o.f.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		o.warn(fmt.Errorf("output of the program is lost: %w", err))
	}
	o.f = f
}
