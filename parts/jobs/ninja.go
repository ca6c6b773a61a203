package jobs

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gobuild/parts/run"
)

// addShims puts a directory with a ninja of our own in front of PATH if the
// ninja there knows nothing of the jobserver: it would run as many jobs as
// there are processors. Where the shim cannot be made, that is what happens.
func (s *Share) addShims(env []string, dir string, style style, home paths) []string {
	launcher := s.pool.options.Launcher
	if !s.Ninja {
		return env
	}
	bin := filepath.Join(home.dir, "bin")
	text, ninja := s.pool.tools.version("ninja", env, dir)
	if s.Sees != nil && ninja != "" && !s.Sees(ninja) {
		return env
	}
	if launcher == "" || ninja == "" || strings.Contains(bin, ":") || !sharesNinja(text, style) {
		return env
	}
	words := []string{launcher, "ninja", home.fifo, strconv.Itoa(s.pool.total), ninja}
	script := "#!/bin/sh\nexec " + run.Join(words) + " \"$@\"\n"
	if s.writeShim(filepath.Join(bin, "ninja"), script) != nil {
		return env
	}
	path, ok := run.LookupEnv(env, "PATH")
	if ok {
		bin += ":" + path
	}
	return with(env, "PATH", bin)
}

func (s *Share) writeShim(path, script string) error {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	if s.shim == script {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	const mode = 0o700
	if err := os.WriteFile(path, []byte(script), mode); err != nil {
		return err
	}
	s.shim = script
	return os.Chmod(path, mode) // whatever the umask is
}

// Ninja runs the program argv, a ninja that is no client of a jobserver, with a
// share of the tokens in the fifo at path: it takes what it is given within a
// short time, at most total with the implicit one, and gives it back at the
// end. An argv that names its own number of jobs, or that builds nothing, is
// run as it is. The result is the status for the end of this process.
func Ninja(path string, total int, argv []string) (status int, err error) {
	if buildsNothing(argv[1:]) {
		return 0, syscall.Exec(argv[0], argv, os.Environ())
	}
	pool, err := openTokens(path)
	if err != nil { // the part is over: nobody counts
		return 0, syscall.Exec(argv[0], argv, os.Environ())
	}
	defer pool.close()
	got := gather(pool, total-1)
	defer pool.put(got)
	cmd := exec.Command(argv[0], slices.Concat([]string{"-j" + strconv.Itoa(got+1)}, argv[1:])...)
	cmd.Args[0] = argv[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return attend(cmd)
}

// gather takes up to n tokens. A part that reads all it has is given more at
// the next tick; when nothing came for three of them, that was all.
func gather(f *fifo, n int) int {
	got := 0
	for idle := 0; idle < 3 && got < n; idle++ {
		if k := f.take(n - got); k > 0 {
			got += k
			idle = 0
		}
		if got < n {
			time.Sleep(tick)
		}
	}
	return got
}

// attend runs cmd, hands signals on to it and returns how it ended.
func attend(cmd *exec.Cmd) (int, error) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			cmd.Process.Signal(s)
		case err := <-ended:
			if cmd.ProcessState == nil {
				return 0, err
			}
			status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
			if status.Signaled() {
				return 128 + int(status.Signal()), nil
			}
			return status.ExitStatus(), nil
		}
	}
}

// buildsNothing reports whether the arguments of a ninja make it run no jobs,
// or say how many.
func buildsNothing(args []string) bool {
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case slices.Contains([]string{"-C", "-f", "-k", "-l", "-d", "-w"}, arg):
			i++
		case slices.Contains([]string{"--version", "--help", "-h", "-n"}, arg),
			strings.HasPrefix(arg, "-j"), strings.HasPrefix(arg, "-t"):
			return true
		}
	}
	return false
}
