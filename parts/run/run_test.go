package run

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gobuild/parts"
)

// runner returns a Runner in an empty directory, and its log.
func runner(t *testing.T) (*Runner, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	return New(Config{
		Part: "part", Dir: t.TempDir(), Env: []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}, Log: log, Grace: 5 * time.Second,
	}), log
}

func sh(script string) parts.Command { return parts.Command{Argv: Shell(script), Show: "script"} }

func TestRunLogsInOrder(t *testing.T) {
	r, log := runner(t)
	script := "for i in 1 2 3; do echo out $i; echo err $i >&2; done; printf end"
	if err := r.Run(t.Context(), sh(script)); err != nil {
		t.Fatal(err)
	}
	want := "$ script\nout 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\nend\n"
	if got := log.String(); got != want {
		t.Errorf("log: got %q, want %q", got, want)
	}
}

func TestRunShowsTheCommand(t *testing.T) {
	r, log := runner(t)
	if err := os.Mkdir(filepath.Join(r.config.Dir, "a b"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := r.Run(t.Context(), parts.Command{Argv: []string{"printf", "%s", "x y"}}); err != nil {
		t.Fatal(err)
	}
	if err := r.Run(t.Context(), parts.Command{Argv: []string{"pwd"}, Dir: "a b"}); err != nil {
		t.Fatal(err)
	}
	sub := filepath.Join(r.config.Dir, "a b")
	want := "$ printf %s 'x y'\nx y\n$ cd '" + sub + "' && pwd\n" + sub + "\n"
	if got := log.String(); got != want {
		t.Errorf("log: got %q, want %q", got, want)
	}
}

func TestRunEnvironment(t *testing.T) {
	t.Setenv("LEAK", "1")
	r, log := runner(t)
	for _, c := range []struct {
		env  []string
		want string
	}{
		{nil, "LC_ALL=C\nPATH=/usr/bin:/bin\n"},
		{[]string{"PATH=/bin:/usr/bin", "A=1"}, "PATH=/bin:/usr/bin\nA=1\n"},
		{[]string{}, ""}, // empty is not nil: PATH is then that of execvp
	} {
		log.Reset()
		if err := r.Run(t.Context(), parts.Command{Argv: []string{"env"}, Env: c.env}); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimPrefix(log.String(), "$ env\n"); got != c.want {
			t.Errorf("env of %q: got %q, want %q", c.env, got, c.want)
		}
	}
	env := r.Environ()
	env[0] = "changed"
	if got := r.Environ()[0]; got != "LC_ALL=C" {
		t.Errorf("Environ gave its own slice: %q", got)
	}
	log.Reset()
	if err := New(Config{Dir: "/", Log: log}).Run(t.Context(), parts.Command{Argv: []string{"env"}}); err != nil {
		t.Fatal(err)
	}
	if got, want := log.String(), "$ env\n"; got != want {
		t.Errorf("env of an empty Config: got %q, want %q", got, want)
	}
}

func TestRunStreams(t *testing.T) {
	r, log := runner(t)
	if err := r.Run(t.Context(), sh("cat; echo done")); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	c := sh("cat; echo err >&2")
	c.Stdin, c.Stdout = strings.NewReader("in"), &out
	if err := r.Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if got, want := log.String(), "$ script\ndone\n$ script\nerr\n"; got != want || out.String() != "in" {
		t.Errorf("log: got %q, want %q; stdout: got %q, want in", got, want, out.String())
	}
	c = sh("exit 0") // nobody reads the input
	c.Stdin = strings.NewReader(strings.Repeat("x", 1<<20))
	if err := r.Run(t.Context(), c); err != nil {
		t.Error(err)
	}
	c = sh("cat")
	c.Stdin = io.MultiReader(strings.NewReader("a"), failing{})
	if err := r.Run(t.Context(), c); !errors.Is(err, errFull) {
		t.Errorf("failing input: got %v", err)
	}
	if err := New(Config{Dir: "/"}).Run(t.Context(), parts.Command{Argv: []string{"true"}}); err != nil {
		t.Errorf("no log: %v", err)
	}
}

var errFull = errors.New("full")

// failing is a writer and reader that fails.
type failing struct{}

func (failing) Write(p []byte) (int, error) { return 0, errFull }
func (failing) Read(p []byte) (int, error)  { return 0, errFull }

func TestRunOutputFails(t *testing.T) {
	r := New(Config{Dir: "/", Env: []string{"PATH=/bin"}, Log: failing{}})
	if err := r.Run(t.Context(), sh("yes")); !errors.Is(err, errFull) {
		t.Errorf("log: got %v, want %v", err, errFull)
	}
	r, _ = runner(t)
	c := sh("yes")
	c.Stdout = failing{}
	if err := r.Run(t.Context(), c); !errors.Is(err, errFull) {
		t.Errorf("stdout: got %v, want %v", err, errFull)
	}
}

func TestRunFails(t *testing.T) {
	r, _ := runner(t)
	dir := r.config.Dir
	write(t, filepath.Join(dir, "script"), "#!/no/such/shell\n", 0o755)
	write(t, filepath.Join(dir, "text"), "text\n", 0o644)
	write(t, filepath.Join(dir, "noexec"), "text\n", 0o755)
	for _, c := range []struct {
		argv []string
		dir  string
		want parts.ExitError
		is   error
		text string
	}{
		{argv: Shell("exit 3"), want: parts.ExitError{Code: 3},
			text: "command /bin/sh -c 'exit 3' returned non-zero exit status 3"},
		{argv: Shell("kill -9 $$"), want: parts.ExitError{Code: -1, Signal: "SIGKILL"},
			text: "command /bin/sh -c 'kill -9 $$' was killed by SIGKILL"},
		{argv: []string{"none", "x y"}, want: parts.ExitError{Code: -1}, is: ErrNotFound,
			text: `cannot run none 'x y': command not found in PATH "/usr/bin:/bin"`},
		{argv: []string{"./none"}, want: parts.ExitError{Code: -1}, is: fs.ErrNotExist,
			text: "cannot run ./none: stat " + dir + "/none: no such file or directory"},
		{argv: []string{"./script"}, want: parts.ExitError{Code: -1}, is: fs.ErrNotExist,
			text: "cannot run ./script: start " + dir + "/script: its interpreter does not exist: no such file or directory"},
		{argv: []string{"./text"}, want: parts.ExitError{Code: -1}, is: fs.ErrPermission,
			text: "cannot run ./text: exec " + dir + "/text: permission denied"},
		{argv: []string{"./noexec"}, want: parts.ExitError{Code: -1}, is: syscall.ENOEXEC,
			text: "cannot run ./noexec: start " + dir + "/noexec: exec format error"},
		{argv: []string{dir}, want: parts.ExitError{Code: -1}, is: syscall.EISDIR,
			text: "cannot run " + dir + ": exec " + dir + ": is a directory"},
		{argv: []string{"true"}, dir: "gone", want: parts.ExitError{Code: -1}, is: fs.ErrNotExist,
			text: "cannot run true: enter directory: stat " + dir + "/gone: no such file or directory"},
		{argv: []string{"true"}, dir: "text", want: parts.ExitError{Code: -1}, is: syscall.ENOTDIR,
			text: "cannot run true: enter directory " + dir + "/text: not a directory"},
		{want: parts.ExitError{Code: -1}, text: "cannot run : the command is empty"},
		{argv: []string{"/bin/sh", "a\x00b"}, want: parts.ExitError{Code: -1}, is: syscall.EINVAL,
			text: "cannot run /bin/sh 'a\x00b': start /bin/sh: invalid argument"},
	} {
		err := r.Run(t.Context(), parts.Command{Argv: c.argv, Dir: c.dir, Step: "make"})
		var got *parts.ExitError
		if !errors.As(err, &got) {
			t.Errorf("%q: got %v, want an ExitError", c.argv, err)
			continue
		}
		c.want.Step, c.want.Command, c.want.Dir, c.want.Err = "make", Join(c.argv), filepath.Join(dir, c.dir), got.Err
		if *got != c.want || got.Error() != c.text || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%q: got %+v %q, want %+v %q", c.argv, *got, got.Error(), c.want, c.text)
		}
	}
}

func TestRunFailureShows(t *testing.T) {
	r, _ := runner(t)
	err := r.Run(t.Context(), parts.Command{Argv: []string{"false"}, Show: "./configure --x", Dir: "/"})
	var got *parts.ExitError
	if !errors.As(err, &got) || got.Command != "./configure --x" || got.Dir != "/" {
		t.Errorf("got %+v", got)
	}
}

func TestLookPath(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	for _, d := range []string{dir, filepath.Join(dir, "bin"), other} {
		if err := os.MkdirAll(filepath.Join(d, "folder"), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(d, "tool"), "", 0o755)
	}
	write(t, filepath.Join(dir, "bin", "plain"), "", 0o644)
	write(t, filepath.Join(other, "plain"), "", 0o755)
	write(t, filepath.Join(dir, "only"), "", 0o644)
	for _, c := range []struct {
		name, path, want string
		err              error
	}{
		{"tool", "/none:" + other + ":" + dir, other + "/tool", nil},
		{"tool", "bin:" + other, dir + "/bin/tool", nil},
		{"tool", ":" + other, dir + "/tool", nil},
		{"plain", "bin:" + other, other + "/plain", nil},
		{"folder", other, "", ErrNotFound},
		{"only", dir + ":" + other, "", fs.ErrPermission},
		{"bin/tool", other, dir + "/bin/tool", nil},
		{other + "/tool", "", other + "/tool", nil},
		{"none", other, "", ErrNotFound},
		{"", other, "", ErrNotFound},
	} {
		got, err := LookPath(c.name, dir, []string{"PATH=/bin", "PATH=" + c.path})
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%q in %q: got %q, %v, want %q, %v", c.name, c.path, got, err, c.want, c.err)
		}
	}
	if got, err := LookPath("sh", dir, nil); got != "/bin/sh" || err != nil {
		t.Errorf("no PATH: got %q, %v", got, err)
	}
}

// A program that is open for writing somewhere is tried again.
func TestRunBusyProgram(t *testing.T) {
	r, _ := runner(t)
	path := filepath.Join(r.config.Dir, "tool")
	write(t, path, "#!/bin/sh\n", 0o755)
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	if err := r.Run(ctx, parts.Command{Argv: []string{"./tool"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("busy and cancelled: got %v", err)
	}
	time.AfterFunc(10*time.Millisecond, func() { file.Close() })
	if err := r.Run(t.Context(), parts.Command{Argv: []string{"./tool"}}); err != nil {
		t.Errorf("busy for a moment: got %v", err)
	}
}

func TestSignalName(t *testing.T) {
	for s, want := range map[syscall.Signal]string{
		syscall.SIGSEGV: "SIGSEGV", syscall.SIGTERM: "SIGTERM", 40: "signal 40",
	} {
		if got := signalName(s); got != want {
			t.Errorf("%d: got %s, want %s", s, got, want)
		}
	}
}

func TestRunsAtOnce(t *testing.T) {
	r := New(Config{Dir: "/", Env: []string{"PATH=/bin:/usr/bin"}, Log: NewTail(5)})
	done := make(chan error)
	for range 8 {
		go func() { done <- r.Run(t.Context(), parts.Command{Argv: []string{"echo", "x"}}) }()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestGraceHasADefault(t *testing.T) {
	if got := New(Config{}).config.Grace; got != DefaultGrace {
		t.Errorf("got %v, want %v", got, DefaultGrace)
	}
}

func write(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}
