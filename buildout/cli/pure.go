package cli

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"syscall"

	"gobuild/buildout"
	"gobuild/buildout/diag"
	"gobuild/parts/pure"
	"gobuild/parts/run"
	"gobuild/parts/service"
)

// Launch does the work of this process if it was started as the launcher of a
// command that runs in a clean environment: it becomes the command. Else ok is
// false. It comes first of all: until then no signal is caught.
func Launch(args, environ []string) (status Status, ok bool) {
	if len(args) == 0 || args[0] != pure.Word {
		return StatusOK, false
	}
	return Status(pure.Run(args[1:], environ)), true
}

// inside runs a command in the clean environment of a part, and ends as it ended.
func inside(argv []string, s *buildout.Surroundings) error {
	answer, report, err := os.Pipe()
	if err != nil {
		return err
	}
	defer answer.Close()
	defer s.Clean.Remove()
	// The command ends with gobuild: more exactly, with the thread that starts it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const first = 3 // descriptor of ExtraFiles
	c := &exec.Cmd{Env: slices.Clone(s.Environ), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, ExtraFiles: []*os.File{report}, SysProcAttr: dieTogether()}
	c.Path, c.Args = s.Clean.Launcher.Launch(argv, s.Dir, first, c.SysProcAttr)
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2)
	defer signal.Stop(signals)
	err = c.Start()
	report.Close()
	if err == nil {
		if text, _ := io.ReadAll(answer); len(text) > 0 {
			_ = c.Wait() // why it ended stands in text
			err = run.Reported(text)
		}
	}
	if err != nil {
		return withStatus(StatusPartFailed, diag.At(diag.Span{}, "shell", "cannot start %s: %v", argv[0], err).WithCause(err))
	}
	killedBy, err := ended(c, signals)
	if killedBy != 0 {
		s.Clean.Remove()
		service.Die(killedBy)
	}
	return err
}

// ended waits for a command and passes signals on. It returns the signal that the
// command died of, if it did, or the status that it ended with.
func ended(c *exec.Cmd, signals <-chan os.Signal) (killedBy syscall.Signal, err error) {
	done := make(chan error, 1)
	go func() { done <- c.Wait() }()
	for {
		select {
		case s := <-signals:
			if s != syscall.SIGINT && s != syscall.SIGQUIT { // those of a terminal reach it by themselves
				_ = c.Process.Signal(s)
			}
		case err := <-done:
			var exit *exec.ExitError
			switch {
			case err == nil:
				return 0, nil
			case !errors.As(err, &exit):
				return 0, err
			}
			status := exit.Sys().(syscall.WaitStatus)
			if status.Signaled() {
				return status.Signal(), nil
			}
			return 0, withStatus(Status(status.ExitStatus()), diag.List{}) // it has said why
		}
	}
}
