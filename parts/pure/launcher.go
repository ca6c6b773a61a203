package pure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"gobuild/parts/run"
)

// Word is the first argument of gobuild when it is started as a launcher:
//
//	Word VIEW REPORT DIR PROGRAM [ARGUMENT…]
//
// VIEW is the directory of the view; REPORT is the number of the descriptor on which it tells why the program could
// not be started. Without PROGRAM it only lays the layers.
const Word = "__pure"

// Launcher starts commands in a view.
type Launcher struct {
	Program string // gobuild
	View    string // the directory of the view, as Save has made it
	User    bool   // a user namespace is needed
}

var _ run.View = Launcher{}

// Launch returns how argv is started in dir: see run.View.
func (l Launcher) Launch(argv []string, dir string, report int, attr *syscall.SysProcAttr) (path string, args []string) {
	l.separate(attr)
	return l.Program, append([]string{l.Program, Word, l.View, strconv.Itoa(report), dir}, argv...)
}

// Run is a launcher with the arguments behind Word. It returns with an exit
// status when it has not become the command; what is wrong is then told.
func Run(args, environ []string) int {
	const failed = 125
	if len(args) < 3 {
		fmt.Fprintln(os.Stderr, "gobuild:", Word, "is not for people")
		return failed
	}
	report, err := strconv.Atoi(args[1])
	if err != nil {
		return failed
	}
	syscall.CloseOnExec(report)
	if err := launch(args[0], args[2], args[3:], environ); err != nil {
		run.Report(os.NewFile(uintptr(report), "report"), err)
		return failed
	}
	return 0
}

func launch(view, dir string, argv, environ []string) error {
	layers, err := load(view)
	if err != nil {
		return err
	}
	if err := lay(layers, view); err != nil {
		return &layError{err}
	}
	if len(argv) == 0 {
		return nil
	}
	return run.Become(argv, dir, environ)
}

// layError says that the layers could not be laid.
type layError struct{ err error }

func (e *layError) Error() string { return "make the view of the part: " + e.err.Error() }
func (e *layError) Unwrap() error { return e.err }

// Permit finds out how a view can be made here, by making it once: as a Launcher
// with the true User. The error is that of the kernel.
func Permit(ctx context.Context, program, view string) (Launcher, error) {
	l := Launcher{Program: program, View: view}
	var refused error
	for _, l.User = range l.ways() {
		err := l.try(ctx)
		if err == nil {
			return l, nil
		}
		refused = err
	}
	return l, refused
}

// try makes the view and runs nothing in it.
func (l Launcher) try(ctx context.Context) error {
	answer, report, err := os.Pipe()
	if err != nil {
		return err
	}
	defer answer.Close()
	const first = 3 // descriptor of ExtraFiles
	attr := &syscall.SysProcAttr{}
	path, args := l.Launch(nil, "/", first, attr)
	cmd := exec.CommandContext(ctx, path)
	cmd.Args, cmd.Env, cmd.SysProcAttr, cmd.ExtraFiles = args, []string{}, attr, []*os.File{report}
	err = cmd.Start()
	report.Close()
	if err != nil {
		if e := (*os.PathError)(nil); errors.As(err, &e) {
			err = e.Err
		}
		return err
	}
	var text bytes.Buffer
	text.ReadFrom(answer)
	err = cmd.Wait()
	if text.Len() > 0 {
		return run.Reported(text.Bytes())
	}
	return err
}
