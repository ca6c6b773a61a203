package supervise

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// launchLimit is how long supervisord may take until it answers, or ends.
const launchLimit = 30 * time.Second

func (s *supervisord) conf() string { return filepath.Join(s.state(), "supervisord.conf") }

// exists reports whether there was a supervisord for this root.
func (s *supervisord) exists() bool {
	_, err := os.Lstat(s.conf())
	return err == nil
}

// runs reports whether there is a supervisord, be it without its socket.
func (s *supervisord) runs(ctx context.Context) bool {
	return s.exists() && (!isDead(s.ping(ctx)) || findProcess("supervisord", s.conf()) > 0)
}

// ping asks supervisord whether it is there.
func (s *supervisord) ping(ctx context.Context) error {
	answer, err := s.client().call(ctx, callLimit, "supervisor.getState")
	if err != nil {
		return err
	}
	fields, _ := answer.(map[string]any)
	if code, _ := fields["statecode"].(int64); code != 1 {
		return &Fault{faultShutdown, "it is ending"}
	}
	return nil
}

// isDead reports whether nobody listens at a socket: the error of a call.
func isDead(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTSOCK)
}

// isCut reports whether the server ended while it was asked: the error of a call.
func isCut(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// launch starts supervisord unless it runs. A socket without a server is removed;
// a server without its socket is ended first.
func (s *supervisord) launch(ctx context.Context) error {
	if err := replaceFile(s.conf(), s.mainText(), 0o600); err != nil {
		return err
	}
	err := s.ping(ctx)
	for end := time.Now().Add(stopLimit); isFault(err, faultShutdown) && time.Now().Before(end); err = s.ping(ctx) {
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
	if err == nil {
		return nil
	}
	if !isDead(err) {
		return s.explain(err)
	}
	if err := s.clear(ctx); err != nil {
		return err
	}
	return s.run(ctx)
}

// clear makes room for a new supervisord.
func (s *supervisord) clear(ctx context.Context) error {
	if pid := findProcess("supervisord", s.conf()); pid > 0 {
		s.Warn("supervisord runs without its socket: it is started anew, and with it what it runs")
		syscall.Kill(pid, syscall.SIGTERM)
		if err := gone(ctx, []int{pid}, stopLimit); err != nil {
			return err
		}
	}
	if orphans := marked(rootVariable + "=" + rootMark(s.Root)); len(orphans) > 0 {
		s.Warn("programs that have outlived their supervisord are ended, to be started anew")
		for _, pid := range orphans {
			syscall.Kill(pid, syscall.SIGTERM)
		}
		if err := gone(ctx, orphans, stopSeconds*time.Second); err != nil {
			return err
		}
	}
	if err := s.makeSocketDir(); err != nil {
		return err
	}
	if err := os.Remove(s.socket()); err == nil {
		s.Warn("the socket of a supervisord that is gone was removed")
	}
	return nil
}

// run starts supervisord, which becomes a daemon once it listens.
func (s *supervisord) run(ctx context.Context) error {
	limited, stop := context.WithTimeout(ctx, launchLimit)
	defer stop()
	cmd := exec.CommandContext(limited, lookPath(s.Program, s.Environ), "-c", s.conf())
	cmd.Dir, cmd.Env = s.Root, s.environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.WaitDelay = time.Second
	output, err := cmd.CombinedOutput()
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return fail("supervisord does not start: %s", strings.TrimSpace(err.Error()+"\n"+lastLines(output))).WithHint("its log is %s", s.logPath())
	}
	for {
		err := s.ping(ctx)
		if err == nil {
			return nil
		}
		if limited.Err() != nil {
			return s.explain(err)
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// lastLines is the end of an output.
func lastLines(output []byte) string {
	const most = 10
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}
