package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"gobuild/parts"
)

// DefaultGrace is the Grace of a Config that has none.
const DefaultGrace = 5 * time.Second

// Config says how the processes of one part run.
type Config struct {
	Part string
	Dir  string    // absolute; where commands run by default
	Env  []string  // the complete environment; nothing is inherited
	Log  io.Writer // takes all output; nil discards it
	// Grace is the time between SIGTERM and SIGKILL, and how long output may
	// be open after the end of a command.
	Grace time.Duration
}

// Runner runs the processes of one part. Its methods may be called by several
// goroutines at once when the log allows that.
type Runner struct{ config Config }

var _ parts.Runner = (*Runner)(nil)

// New returns the Runner of a part.
func New(c Config) *Runner {
	if c.Grace <= 0 {
		c.Grace = DefaultGrace
	}
	if c.Log == nil {
		c.Log = io.Discard
	}
	return &Runner{c}
}

// Environ returns Config.Env sorted by name, each name once. It is never nil:
// os/exec would pass on that of gobuild.
func (r *Runner) Environ() []string { return MergeEnv(r.config.Env, nil) }

// Run runs c and waits for it. Its first line in the log is `$ COMMAND`. A bad
// end is a *parts.ExitError. After a cancellation the error wraps that of the
// context and is none.
func (r *Runner) Run(ctx context.Context, c parts.Command) error {
	c, shown := r.complete(c)
	if err := ctx.Err(); err != nil {
		return interrupted(c, err)
	}
	out := newOutput(r.config.Log, c.Stdout)
	out.log.line("$ " + shown)
	if err := out.err(); err != nil {
		return unwritten(c, err)
	}
	// The kernel sends a process its parent-death signal when the thread that
	// started it ends. Locked from start to end, the thread outlives it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd, err := start(ctx, c, out, r.config.Grace)
	if err != nil {
		if ctx.Err() != nil {
			return interrupted(c, ctx.Err())
		}
		return failure(c, parts.ExitError{Code: -1, Err: err})
	}
	cancelled, err := r.await(ctx, cmd)
	out.log.endLine()
	if cancelled {
		return interrupted(c, ctx.Err())
	}
	if err := out.err(); err != nil {
		return unwritten(c, err)
	}
	return result(c, cmd, err)
}

// complete fills in the defaults of c. It also returns the line that shows the
// command in the log.
func (r *Runner) complete(c parts.Command) (full parts.Command, shown string) {
	if c.Show == "" {
		c.Show = Join(c.Argv)
	}
	switch {
	case c.Dir == "":
		c.Dir = r.config.Dir
	case !filepath.IsAbs(c.Dir):
		c.Dir = filepath.Join(r.config.Dir, c.Dir)
	}
	if c.Env == nil {
		c.Env = r.Environ()
	}
	if c.Dir == r.config.Dir {
		return c, c.Show
	}
	return c, "cd " + Quote(c.Dir) + " && " + c.Show
}

// await waits until cmd and all that belongs to it have ended. cancelled says
// that they were told to.
func (r *Runner) await(ctx context.Context, cmd *exec.Cmd) (cancelled bool, err error) {
	s := newSession(cmd.Process.Pid)
	over, told := make(chan struct{}), make(chan bool)
	go func() {
		select {
		case <-over:
			told <- false
		case <-ctx.Done():
			s.end(r.config.Grace)
			told <- true
		}
	}()
	err = cmd.Wait()
	close(over)
	cancelled = <-told
	if !cancelled && s.hasGroup() {
		s.end(r.config.Grace)
	}
	return cancelled, err
}

// result turns the end of cmd into an error. err is that of cmd.Wait.
func result(c parts.Command, cmd *exec.Cmd, err error) error {
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case ok && status.Signaled():
		return failure(c, parts.ExitError{Code: -1, Signal: signalName(status.Signal())})
	case !cmd.ProcessState.Success():
		return failure(c, parts.ExitError{Code: cmd.ProcessState.ExitCode()})
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return fmt.Errorf("feed the input of %s: %w", c.Show, err)
	}
	return nil
}

func failure(c parts.Command, e parts.ExitError) error {
	e.Step, e.Command, e.Dir = c.Step, c.Show, c.Dir
	return &e
}

func interrupted(c parts.Command, err error) error {
	return fmt.Errorf("run %s: %w", c.Show, err)
}

func unwritten(c parts.Command, err error) error {
	return fmt.Errorf("write the output of %s: %w", c.Show, err)
}
