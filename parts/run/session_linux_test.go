package run

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gobuild/parts"
)

// lines is a log whose lines are sent away.
type lines struct{ w *io.PipeWriter }

func (l lines) Write(p []byte) (int, error) { return l.w.Write(p) }

// started is a command that runs.
type started struct {
	t      *testing.T
	cancel context.CancelFunc
	out    *bufio.Reader
	err    chan error
}

// begin runs script and returns when the line of its command is in the log.
func begin(t *testing.T, script string, grace time.Duration) *started {
	t.Helper()
	reader, writer := io.Pipe()
	r := New(Config{Dir: t.TempDir(), Env: []string{"PATH=/usr/bin:/bin"}, Log: lines{writer}, Grace: grace})
	ctx, cancel := context.WithCancel(t.Context())
	s := &started{t, cancel, bufio.NewReader(reader), make(chan error, 1)}
	t.Cleanup(cancel)
	go func() {
		s.err <- r.Run(ctx, sh(script))
		writer.Close()
	}()
	s.line()
	return s
}

func (s *started) line() string {
	s.t.Helper()
	text, err := s.out.ReadString('\n')
	if err != nil {
		s.t.Fatalf("read the log: %q, %v", text, err)
	}
	return strings.TrimSuffix(text, "\n")
}

// pid reads a line with the number of a process.
func (s *started) pid() int {
	s.t.Helper()
	pid, err := strconv.Atoi(s.line())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { kill(pid) })
	return pid
}

// kill ends a process that a failed test may have left, and its group.
func kill(pid int) {
	syscall.Kill(pid, syscall.SIGKILL)
	syscall.Kill(-pid, syscall.SIGKILL)
}

// wait reads the log to its end and returns what Run returned.
func (s *started) wait() error {
	go io.Copy(io.Discard, s.out)
	return <-s.err
}

func (s *started) mustBeCancelled() {
	s.t.Helper()
	s.cancel()
	err := s.wait()
	var exit *parts.ExitError
	if !errors.Is(err, context.Canceled) || errors.As(err, &exit) {
		s.t.Errorf("got %v, want context.Canceled", err)
	}
}

// alive reports whether a process is there and is no zombie. An orphan may
// stay one until the init of the machine waits for it.
func alive(t *testing.T, pid int) bool {
	t.Helper()
	table, err := processes()
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(table, func(p process) bool { return p.pid == pid })
}

func TestCancelledBeforeStart(t *testing.T) {
	r, log := runner(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Run(ctx, sh("exit 1")); !errors.Is(err, context.Canceled) || log.Len() > 0 {
		t.Errorf("got %v, log %q", err, log)
	}
}

func TestCancelEndsTheGroup(t *testing.T) {
	s := begin(t, "echo $$; exec sleep 1000", 5*time.Second)
	pid := s.pid()
	if group, err := syscall.Getpgid(pid); group != pid || err != nil {
		t.Errorf("process group: got %d, %v, want %d", group, err, pid)
	}
	s.mustBeCancelled()
	if err := syscall.Kill(-pid, 0); err != syscall.ESRCH {
		t.Errorf("kill(-%d, 0): got %v, want ESRCH", pid, err)
	}
}

func TestDeadlineIsNoFailure(t *testing.T) {
	r, _ := runner(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := r.Run(ctx, sh("exec sleep 1000")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want context.DeadlineExceeded", err)
	}
}

func TestCancelLetsCleanUp(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "mark")
	s := begin(t, "trap 'echo clean >"+mark+"; exit 0' TERM; echo $$; while :; do sleep 0.01; done", 30*time.Second)
	s.pid()
	s.mustBeCancelled()
	if text, err := os.ReadFile(mark); string(text) != "clean\n" {
		t.Errorf("mark: got %q, %v", text, err)
	}
}

// A stopped process gets its SIGTERM within the grace.
func TestCancelWakesTheStopped(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "mark")
	s := begin(t, "trap 'echo clean >"+mark+"; exit 0' TERM; echo $$; kill -STOP $$; while :; do sleep 0.01; done", 10*time.Second)
	pid := s.pid()
	for !strings.Contains(status(t, pid), "State:\tT") {
		runtime.Gosched()
	}
	s.mustBeCancelled()
	if text, err := os.ReadFile(mark); string(text) != "clean\n" {
		t.Errorf("mark: got %q, %v", text, err)
	}
}

func status(t *testing.T, pid int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCancelKillsAfterGrace(t *testing.T) {
	s := begin(t, "trap '' TERM; echo $$; while :; do sleep 1000; done", 20*time.Millisecond)
	pid := s.pid()
	s.mustBeCancelled()
	if alive(t, pid) {
		t.Errorf("%d ignores SIGTERM and is alive", pid)
	}
}

func TestCancelEndsDescendants(t *testing.T) {
	for name, script := range map[string]string{
		"child":          "sh -c 'echo $$; exec sleep 1000'; true",
		"background":     "sh -c 'echo $$; exec sleep 1000' & wait",
		"ignores TERM":   "sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1000; done' & wait",
		"orphan":         "(sh -c 'trap \"\" TERM; echo $$; exec sleep 1000' &); exec sleep 1000",
		"stopped":        "sh -c 'echo $$; kill -STOP $$; exec sleep 1000'; true",
		"own group":      "timeout 1000 sh -c 'echo $$; exec sleep 1000'; true",
		"own session":    "setsid sh -c 'echo $$; exec sleep 1000'; true",
		"session, child": "setsid sh -c 'sh -c \"echo \\$\\$; exec sleep 1000\"; true'; true",
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t, "echo $$; "+script, 50*time.Millisecond)
			leader, child := s.pid(), s.pid()
			s.mustBeCancelled()
			if alive(t, leader) || alive(t, child) {
				t.Errorf("alive: leader %d %t, child %d %t", leader, alive(t, leader), child, alive(t, child))
			}
		})
	}
}

func TestEndSweepsTheGroup(t *testing.T) {
	for name, code := range map[string]int{"success": 0, "failure": 4} {
		t.Run(name, func(t *testing.T) {
			s := begin(t, fmt.Sprintf("sleep 1000 >/dev/null 2>&1 & echo $!; exit %d", code), 50*time.Millisecond)
			child := s.pid()
			err := s.wait()
			var exit *parts.ExitError
			if (code != 0) != errors.As(err, &exit) || exit != nil && exit.Code != code || exit == nil && err != nil {
				t.Errorf("got %v, want exit status %d", err, code)
			}
			if alive(t, child) {
				t.Errorf("%d is alive", child)
			}
		})
	}
}

// Output that a background process of the same group writes in time is kept.
func TestEndReadsLateOutput(t *testing.T) {
	r, log := runner(t)
	if err := r.Run(t.Context(), sh("(sleep 0.05; echo late) &")); err != nil {
		t.Fatal(err)
	}
	if got, want := log.String(), "$ script\nlate\n"; got != want {
		t.Errorf("log: got %q, want %q", got, want)
	}
}

// A daemon that keeps the output open neither hangs Run nor is killed.
func TestDaemonKeepsOutputOpen(t *testing.T) {
	script := "mkfifo f; setsid sh -c 'echo $$ >f; exec sleep 1000' & read pid <f; echo $pid"
	s := begin(t, script, 50*time.Millisecond)
	daemon := s.pid()
	if err := s.wait(); err != nil {
		t.Errorf("got %v", err)
	}
	if !alive(t, daemon) {
		t.Errorf("daemon %d was killed", daemon)
	}
}

func TestNoTerminal(t *testing.T) {
	r, log := runner(t)
	if err := r.Run(t.Context(), sh("(: </dev/tty) 2>/dev/null && echo terminal || echo none")); err != nil {
		t.Fatal(err)
	}
	if got, want := log.String(), "$ script\nnone\n"; got != want {
		t.Errorf("log: got %q, want %q", got, want)
	}
}

// helperVariable makes TestHelper run a command that holds a named pipe open.
const helperVariable = "RUN_TEST_PIPE"

func TestHelper(t *testing.T) {
	pipe := os.Getenv(helperVariable)
	if pipe == "" {
		t.Skip("started by TestKilledParent only")
	}
	r := New(Config{Dir: "/", Env: []string{"PATH=/usr/bin:/bin"}})
	r.Run(t.Context(), sh("exec 3>"+Quote(pipe)+"; echo $$ >&3; exec sleep 1000"))
}

// A process ends when gobuild is killed.
func TestKilledParent(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	helper := exec.Command(os.Args[0], "-test.run=^TestHelper$")
	helper.Env = append(os.Environ(), helperVariable+"="+pipe)
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	reader, err := os.Open(pipe) // waits for the writer, which is the command
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	reader.SetReadDeadline(time.Now().Add(20 * time.Second))
	lines := bufio.NewReader(reader)
	line, err := lines.ReadString('\n')
	pid, bad := strconv.Atoi(strings.TrimSuffix(line, "\n"))
	if err != nil || bad != nil {
		t.Fatalf("read the pipe: %q, %v", line, err)
	}
	t.Cleanup(func() { kill(pid) })
	helper.Process.Kill()
	helper.Wait()
	if text, err := io.ReadAll(lines); len(text) > 0 || err != nil {
		t.Errorf("%d is alive: read %q, %v", pid, text, err)
	}
}

func TestParseStat(t *testing.T) {
	for text, want := range map[string]process{
		"12 (sh) S 3 4 5 0 -1":       {12, 3, 4, 5},
		"12 (a) Z 1 (b) R 3 4 5 6\n": {12, 3, 4, 5},
		"12 (sh) Z 3 4 5 0":          {},
		"12 (sh) X 3 4 5 0":          {},
		"12 (sh) S 3 4":              {},
		"12 (sh) S x 4 5":            {},
		"x (sh) S 3 4 5":             {},
		"12 sh S 3 4 5":              {},
		"":                           {},
	} {
		got, ok := parseStat([]byte(text))
		if got != want || ok != (want != process{}) {
			t.Errorf("%q: got %+v, %t, want %+v", text, got, ok, want)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("12 (sh) S 3 4 5 0"))
	f.Add([]byte(")"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, ok := parseStat(text); !ok && p != (process{}) {
			t.Errorf("%q: got %+v and not ok", text, p)
		}
	})
}

func TestMembers(t *testing.T) {
	table := []process{
		{1, 0, 1, 1}, {50, 1, 50, 50}, // others; 50 is gobuild
		{100, 50, 100, 100},  // the leader
		{90, 101, 90, 90},    // a session made by its descendant, listed first
		{101, 100, 101, 100}, // a group of its own
		{91, 90, 90, 90},
		{200, 50, 200, 200}, // another command
	}
	s := newSession(100)
	var pids []int
	for _, p := range s.members(table) {
		pids = append(pids, p.pid)
	}
	if want := []int{100, 90, 101, 91}; !slices.Equal(pids, want) {
		t.Errorf("members: got %d, want %d", pids, want)
	}
	// The parents are gone: the sessions are remembered.
	pids = nil
	for _, p := range s.members([]process{{91, 1, 90, 90}, {101, 1, 101, 100}, {200, 50, 200, 200}}) {
		pids = append(pids, p.pid)
	}
	if want := []int{91, 101}; !slices.Equal(pids, want) {
		t.Errorf("members later: got %d, want %d", pids, want)
	}
}
