package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"gobuild/buildout/diag"
)

// TestMain makes this test binary a launcher: TEST launch JSON PROGRAM [ARG…],
// where JSON is a Launch.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 3 && os.Args[1] == "launch":
		os.Exit(launch(os.Args))
	case len(os.Args) == 2 && os.Args[1] == "catch":
		os.Exit(catch())
	}
	os.Exit(m.Run())
}

func launch(args []string) int {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGTERM) // as gobuild does
	var l Launch
	if err := json.Unmarshal([]byte(args[2]), &l); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 120
	}
	l.Argv, l.Environ, l.Self = args[3:], os.Environ(), args
	l.Warn = func(err error) { fmt.Fprintln(os.Stderr, "warning:", err) }
	// Never the first thread: what is a property of a thread must be right in
	// any of them.
	runtime.LockOSThread()
	var exit Exit
	var err error
	done := make(chan struct{})
	go func() { exit, err = Run(l); close(done) }()
	<-done
	for _, d := range diag.All(err) {
		fmt.Fprintln(os.Stderr, d.Msg)
	}
	switch {
	case err != nil:
		return 121
	case exit.Signal != 0:
		Die(exit.Signal)
	}
	return exit.Code
}

// launched is a launcher that runs. Its program starts in dir.
type launched struct {
	*exec.Cmd
	t      *testing.T
	out    strings.Builder
	ended  chan struct{}
	dir    string
	stderr strings.Builder
}

// start starts a launcher whose program is a shell that runs script.
func start(t *testing.T, dir string, l Launch, argv ...string) *launched {
	t.Helper()
	text, err := json.Marshal(struct {
		Ignore     syscall.Signal
		Pidfile    string
		ReserveCPU bool
		WaitFor    []string
		Tmpfs      []Tmpfs
		Redirect   Redirect
	}{l.Ignore, l.Pidfile, l.ReserveCPU, l.WaitFor, l.Tmpfs, l.Redirect})
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &launched{Cmd: exec.Command(self, append([]string{"launch", string(text)}, argv...)...), t: t, ended: make(chan struct{}), dir: dir}
	p.Dir, p.Stdout, p.Stderr = dir, &p.out, &p.stderr
	// With the race detector a process would sleep a second before its end.
	p.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "A=b c", "GORACE=atexit_sleep_ms=0"}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.Wait(); close(p.ended) }()
	t.Cleanup(func() { p.Process.Kill(); <-p.ended })
	return p
}

func sh(script string, args ...string) []string {
	return append([]string{"/bin/sh", "-c", script, "sh"}, args...)
}

// end waits for the end, which must be this one: `status N` or `signal NAME`.
func (p *launched) end(want string) {
	p.t.Helper()
	<-p.ended
	status := p.ProcessState.Sys().(syscall.WaitStatus)
	got := fmt.Sprintf("status %d", status.ExitStatus())
	if status.Signaled() {
		got = "signal " + signalName(status.Signal())
	}
	if got != want {
		p.t.Errorf("ended with %s, want %s; stderr: %s", got, want, p.stderr.String())
	}
}

// fifo makes a named pipe on which a program tells that it has come to a point.
func fifo(t *testing.T, dir, name string) {
	t.Helper()
	if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
		t.Fatal(err)
	}
}

// read returns what is in a file, or what is written to a named pipe.
func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// content returns what is in a file, if there is one.
func content(dir, name string) string {
	text, _ := os.ReadFile(filepath.Join(dir, name))
	return string(text)
}

func exists(dir, name string) bool {
	_, err := os.Lstat(filepath.Join(dir, name))
	return err == nil
}

// eventually waits until done.
func eventually(done func() bool) {
	for !done() {
		runtime.Gosched()
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func absent(t *testing.T, dir, name string) {
	t.Helper()
	if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is there: %v", name, err)
	}
}

// variants are the ways to start a program; each must look alike from outside.
func variants(t *testing.T) map[string]Launch {
	all := map[string]Launch{"plain": {}, "redirect": {Redirect: Redirect{Stderr: "err"}}}
	if haveNamespaces(t) {
		mounted := []Tmpfs{{"1m", "mounted"}}
		all["tmpfs"] = Launch{Tmpfs: mounted}
		all["tmpfs and redirect"] = Launch{Tmpfs: mounted, Redirect: Redirect{Stderr: "err"}}
	}
	return all
}

func TestRunEndsAsTheProgram(t *testing.T) {
	for name, l := range variants(t) {
		t.Run(name, func(t *testing.T) {
			p := start(t, t.TempDir(), l, sh(`echo "$A $GOBUILD_EXEC_CHILD|$#|$1|$2"; exit 7`, "x  y", "")...)
			p.end("status 7")
			if got, want := p.out.String(), "b c |2|x  y|\n"; got != want {
				t.Errorf("output: got %q, want %q", got, want)
			}
			start(t, t.TempDir(), l, sh(`kill -TERM $$; sleep 60`)...).end("signal TERM")
			start(t, t.TempDir(), l, sh(`kill -SEGV $$; sleep 60`)...).end("signal SEGV")
			start(t, t.TempDir(), l, "/bin/true").end("status 0")
		})
	}
}

func TestRunPassesSignals(t *testing.T) {
	for name, l := range variants(t) {
		for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR2, syscall.Signal(realtimeMax - 4)} {
			t.Run(name+" "+signalName(s), func(t *testing.T) {
				dir := t.TempDir()
				fifo(t, dir, "ready")
				p := start(t, dir, l, sh(fmt.Sprintf(`trap 'exit 9' %d; echo >ready; while :; do sleep 0.01; done`, s))...)
				read(t, dir, "ready")
				p.Process.Signal(s)
				p.end("status 9")
			})
		}
	}
}

func TestRunKillsTheProgram(t *testing.T) {
	for name, l := range variants(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			fifo(t, dir, "ready")
			fifo(t, dir, "held") // its other end closes with the program
			p := start(t, dir, l, sh(`exec 3>held; echo >ready; read x <ready`)...)
			held, err := os.Open(filepath.Join(dir, "held"))
			if err != nil {
				t.Fatal(err)
			}
			defer held.Close()
			read(t, dir, "ready")
			p.Process.Kill()
			p.end("signal 9")
			if n, err := held.Read(make([]byte, 1)); n > 0 || err == nil {
				t.Errorf("read: %d, %v", n, err)
			}
		})
	}
}

func TestRunNoProgram(t *testing.T) {
	for name, l := range variants(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "text", "#!/no/such/interpreter\n")
			os.Chmod(filepath.Join(dir, "text"), 0o700)
			l.Pidfile = "pid"
			for program, want := range map[string]string{
				"./none": "no such file or directory", "./pid": "permission denied", "./text": "no such file or directory",
			} {
				p := start(t, dir, l, program)
				p.end("status 121")
				if got, want := p.stderr.String(), "start "+program+": "+want+"\n"; got != want {
					t.Errorf("stderr: got %q, want %q", got, want)
				}
				absent(t, dir, "pid")
			}
		})
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		l    Launch
		want string
	}{
		{Launch{}, "no program is given"},
		{Launch{Argv: []string{"echo", "/x"}}, `"echo" is not a path: the program is not searched in PATH`},
		{Launch{Argv: []string{"/x"}, Redirect: Redirect{Signal: 1}}, "redirect-signal without redirecting any output makes no sense"},
		{Launch{Argv: []string{"/x"}, Ignore: syscall.SIGSEGV, Redirect: Redirect{Stdout: "o"}},
			"signal SEGV cannot be caught, so it cannot open the redirected files again"},
	} {
		_, err := Run(c.l)
		if d := (*diag.Diagnostic)(nil); !errors.As(err, &d) || d.Msg != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// ignoredBy returns the signals that a program ignores, of those named.
func ignoredBy(text string, names ...string) []string {
	var bits uint64
	fmt.Sscanf(text, "SigIgn:\t%x", &bits)
	var ignored []string
	for _, name := range names {
		if s, _ := ParseSignal(name); bits>>(s-1)&1 != 0 {
			ignored = append(ignored, name)
		}
	}
	return ignored
}

func TestRunIgnores(t *testing.T) {
	names := []string{"HUP", "INT", "USR1", "USR2", "TERM", "RTMIN", "RTMIN+1"}
	for name, l := range variants(t) {
		cases := map[string][]string{"": nil, "HUP": {"HUP"}, "USR2": {"USR2"}, "RTMIN+1": {"RTMIN+1"}}
		if !l.Redirect.wanted() {
			cases["RTMIN"] = []string{"RTMIN"}
		}
		for signal, want := range cases {
			t.Run(name+" "+signal, func(t *testing.T) {
				s, err := ParseSignal(signal)
				if err != nil {
					t.Fatal(err)
				}
				if l.Redirect.wanted() {
					l.Redirect.Signal = s // the one that the program ignores
				} else {
					l.Ignore = s
				}
				p := start(t, t.TempDir(), l, "/bin/grep", "SigIgn", "/proc/self/status")
				p.end("status 0")
				if got := ignoredBy(p.out.String(), names...); !slices.Equal(got, want) {
					t.Errorf("ignored: got %q, want %q", got, want)
				}
			})
		}
	}
}

// TestRunKeepsIgnored: nohup works through a launcher.
func TestRunKeepsIgnored(t *testing.T) {
	for name, l := range variants(t) {
		t.Run(name, func(t *testing.T) {
			p := start(t, t.TempDir(), Launch{}, sh(`trap '' HUP INT; exec "$@"`, relaunch(t, l, "/bin/grep", "SigIgn", "/proc/self/status")...)...)
			p.end("status 0")
			if got, want := ignoredBy(p.out.String(), "HUP", "INT", "USR1"), []string{"HUP", "INT"}; !slices.Equal(got, want) {
				t.Errorf("ignored: got %q, want %q", got, want)
			}
		})
	}
}

// relaunch is the command line of a launcher.
func relaunch(t *testing.T, l Launch, argv ...string) []string {
	t.Helper()
	l.Warn = nil
	text, err := json.Marshal(map[string]any{"Tmpfs": l.Tmpfs, "Redirect": l.Redirect})
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{self, "launch", string(text)}, argv...)
}

func TestRunReservesCPU(t *testing.T) {
	for name, l := range variants(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, ".slapos-cpu-exclusive", "1\n")
			l.ReserveCPU = true
			p := start(t, dir, l, sh("echo 1; echo $$")...)
			p.end("status 0")
			if got, want := read(t, dir, ".slapos-cpu-exclusive")+"\n", p.out.String(); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
