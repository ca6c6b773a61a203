package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"gobuild/parts"
)

// View starts commands where they see only some of the machine. It may be used
// by several goroutines at once.
type View interface {
	// Launch returns the program that makes the view and then becomes the
	// command argv in dir, with its arguments. It may add to the attributes of
	// its process. When it cannot start the command it writes why on descriptor
	// report, by Report, which is closed when it has.
	Launch(argv []string, dir string, report int, attr *syscall.SysProcAttr) (path string, args []string)
}

// startInside starts c, whose defaults are filled in, in a view.
func startInside(v View, c parts.Command, files []*os.File, out *output, grace time.Duration) (*exec.Cmd, error) {
	if len(c.Argv) == 0 {
		return nil, errEmpty
	}
	answer, report, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	const first = 3 // descriptor of the files
	cmd := command("", c, append(slices.Clip(files), report), out, grace)
	cmd.Path, cmd.Args = v.Launch(c.Argv, c.Dir, first+len(files), cmd.SysProcAttr)
	cmd.Dir = "/" // the launcher enters the directory that is there in the view
	err = cmd.Start()
	report.Close()
	if err != nil {
		return nil, explain(cmd.Path, err)
	}
	text, err := io.ReadAll(answer)
	if len(text) == 0 && err == nil {
		return cmd, nil
	}
	_ = cmd.Wait() // why it ended stands in text
	return nil, errors.Join(Reported(text), err)
}

// report is why a command was not started, as a launcher tells it.
type report struct {
	Text     string `json:"text"`
	Errno    int    `json:"errno,omitempty"`
	NotFound bool   `json:"not_found,omitempty"`
}

// Error is the text.
func (r *report) Error() string { return r.Text }

// Is reports whether target is the error that was reported.
func (r *report) Is(target error) bool {
	return target == ErrNotFound && r.NotFound || r.Errno != 0 && target == syscall.Errno(r.Errno)
}

// Report writes err for Reported.
func Report(w io.Writer, err error) {
	r := report{Text: err.Error(), NotFound: errors.Is(err, ErrNotFound)}
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		r.Errno = int(errno)
	}
	text, _ := json.Marshal(r)
	w.Write(text)
}

// Reported returns the error that Report has written.
func Reported(text []byte) error {
	r := &report{}
	if err := json.Unmarshal(text, r); err != nil {
		return fmt.Errorf("the launcher says %q", text)
	}
	return r
}

// Become turns this process into the command argv with the environment env, in
// dir. It returns only with an error.
func Become(argv []string, dir string, env []string) error {
	if err := syscall.Chdir(dir); err != nil {
		return &fs.PathError{Op: "enter directory", Path: dir, Err: err}
	}
	path, err := LookPath(argv[0], dir, env)
	if err != nil {
		return err
	}
	for pause := time.Millisecond; ; pause *= 2 {
		err := syscall.Exec(path, argv, env)
		if !errors.Is(err, syscall.ETXTBSY) || pause > longestBusy {
			return explain(path, &fs.PathError{Op: "exec", Path: path, Err: err})
		}
		time.Sleep(pause)
	}
}
