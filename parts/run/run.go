package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
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
	// Umask is that of the processes; nil means that of gobuild.
	Umask *int
	// View is what the processes see of the machine; nil means all of it.
	View View
	// Jobs is the jobserver of the part, or nil.
	Jobs Jobs
	// Started is told of each command when it has been started, and the function
	// that it returns is called when nothing is left of it. nil: nobody asks.
	Started func(Orphan) (ended func())
}

// Jobs gives commands a jobserver. It may be used by several goroutines at once.
type Jobs interface {
	// Prepare returns the environment of a command that is to be started with
	// env in dir, and the files that it inherits: the first as descriptor 3,
	// nil is none. They are closed when the command is started. After an error
	// env is unchanged.
	Prepare(env []string, dir string) (changed []string, files []*os.File, err error)
	// Ended is called once for each Prepare, whatever that returned, when no
	// process of the command is left.
	Ended()
}

// Runner runs the processes of one part. Its methods may be called by several
// goroutines at once when the log allows that.
type Runner struct {
	config Config
	mu     sync.Mutex
	usage  usage
}

var _ parts.Runner = (*Runner)(nil)

// New returns the Runner of a part.
func New(c Config) *Runner {
	if c.Grace <= 0 {
		c.Grace = DefaultGrace
	}
	if c.Log == nil {
		c.Log = io.Discard
	}
	return &Runner{config: c}
}

// Environ returns Config.Env sorted by name, each name once. It is never nil:
// os/exec would pass on that of gobuild.
func (r *Runner) Environ() []string { return MergeEnv(r.config.Env, nil) }

// Run runs c and waits for it. Its first line in the log is `$ COMMAND`. A bad
// end is a *parts.ExitError. After a cancellation the error wraps that of the
// context and is none; it wraps parts.ErrKilled too when SIGTERM did not do.
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
	files, ended := r.share(&c, out)
	defer ended()
	return r.onThread(c, func(c parts.Command) error { return r.follow(ctx, c, files, out) })
}

// follow runs c, which is complete, and waits for it.
func (r *Runner) follow(ctx context.Context, c parts.Command, files []*os.File, out *output) error {
	cmd, err := r.begin(ctx, c, files, out)
	closeAll(files)
	if err != nil {
		if ctx.Err() != nil {
			return interrupted(c, ctx.Err())
		}
		return failure(c, parts.ExitError{Code: -1, Err: err})
	}
	if r.config.Started != nil {
		defer r.config.Started(identify(cmd.Process.Pid))()
	}
	cancelled, err := r.await(ctx, cmd)
	r.count(cmd.ProcessState)
	out.log.endLine()
	if cancelled != nil {
		return interrupted(c, cancelled)
	}
	if err := out.err(); err != nil {
		return unwritten(c, err)
	}
	return result(c, cmd, err)
}

// begin starts c in the view of the part.
func (r *Runner) begin(ctx context.Context, c parts.Command, files []*os.File, out *output) (*exec.Cmd, error) {
	if r.config.View != nil {
		return startInside(r.config.View, c, files, out, r.config.Grace)
	}
	return start(ctx, c, files, out, r.config.Grace)
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
// why they were told to, if they were.
func (r *Runner) await(ctx context.Context, cmd *exec.Cmd) (cancelled, err error) {
	s := newSession(cmd.Process.Pid)
	over, told := make(chan struct{}), make(chan error)
	go func() {
		select {
		case <-over:
			told <- nil
		case <-ctx.Done():
			end := ctx.Err()
			if s.end(r.config.Grace) {
				end = fmt.Errorf("%w: %w", end, parts.ErrKilled)
			}
			told <- end
		}
	}()
	err = cmd.Wait()
	close(over)
	cancelled = <-told
	if cancelled == nil && s.hasGroup() {
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
