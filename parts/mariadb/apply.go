package mariadb

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// apply applies SQL in a server that is started for that on the directory data.
func (s *Server) apply(ctx context.Context, lock *os.File, data string, m *mark, jobs []job) error {
	if len(jobs) == 0 {
		return nil
	}
	marked := data
	if data == s.unfinished() {
		marked = "" // it gets its mark when all is complete
	}
	return s.within(ctx, lock, data, func(socket string) error { return s.applyAll(ctx, socket, m, jobs, marked) })
}

// applyAll applies SQL in a server and notes each in the mark; that is written
// into the directory marked, if there is one.
func (s *Server) applyAll(ctx context.Context, socket string, m *mark, jobs []job, marked string) error {
	for _, j := range jobs {
		if err := s.applyOne(ctx, socket, j); err != nil {
			return err
		}
		m.done(j)
		if marked == "" {
			continue
		}
		if err := m.write(marked); err != nil {
			return err
		}
	}
	return nil
}

// applyOne applies the SQL of one file.
func (s *Server) applyOne(ctx context.Context, socket string, j job) error {
	client, err := s.program("mariadb")
	if err != nil {
		return err
	}
	argv := []string{client, "--defaults-file=" + s.Admin, "--protocol=socket", "--socket=" + socket, "--batch"}
	if !j.accounts && s.Database != "" {
		argv = append(argv, "--database="+s.Database)
	}
	f, err := os.Open(j.path)
	if err != nil {
		return err
	}
	defer f.Close()
	quiet := *s
	if j.accounts {
		quiet.Log = discard{} // an error quotes what it stumbles over
	}
	err = quiet.run(ctx, nil, argv, f)
	if p, ok := err.(*programError); ok && j.accounts {
		p.said, _, _ = strings.Cut(p.said, ": ")
	}
	if err != nil {
		return s.failed(ctx, "apply "+j.path, err)
	}
	return nil
}

// discard takes what nobody may read.
type discard struct{}

// Write drops it.
func (discard) Write(p []byte) (int, error) { return len(p), nil }

// within runs a server that nobody else can reach while work is done.
func (s *Server) within(ctx context.Context, lock *os.File, data string, work func(socket string) error) error {
	socket := filepath.Join(filepath.Dir(s.Socket), "setup.sock")
	if err := makePrivate(filepath.Dir(socket)); err != nil {
		return err
	}
	os.Remove(socket)
	argv, err := s.argv(data, "--skip-networking", "--socket="+socket, "--pid-file="+data+".pid", "--skip-log-bin", "--skip-slave-start")
	if err != nil {
		return err
	}
	c := exec.Command(argv[0], argv[1:]...)
	c.Env, c.Stdout, c.Stderr, c.SysProcAttr, c.ExtraFiles = s.Environ, s.Log, s.Log, attributes(), []*os.File{lock}
	if err := c.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait(); close(ended) }()
	err = s.followed(ctx, ended, socket, work)
	return s.end(c, ended, err)
}

// followed does work once the server answers.
func (s *Server) followed(ctx context.Context, ended <-chan error, socket string, work func(string) error) error {
	err := poll(ctx, func() (bool, error) {
		select {
		case err := <-ended:
			return false, s.failed(ctx, "start the server for its setup", err)
		default:
			return answers(socket), nil
		}
	})
	if err != nil {
		return err
	}
	return work(socket)
}

// end stops the server and waits until it has let go of its files. err is what
// went wrong before.
func (s *Server) end(c *exec.Cmd, ended <-chan error, err error) error {
	c.Process.Signal(syscall.SIGTERM)
	select {
	case stopped := <-ended:
		if err == nil && stopped != nil {
			return fail(codeFailed, "the server that was started for its setup did not end well: %v", stopped)
		}
	case <-time.After(patience):
		c.Process.Kill()
		<-ended
		if err == nil {
			return fail(codeFailed, "the server that was started for its setup does not end")
		}
	}
	return err
}

// answers reports whether a server greets whoever connects to a socket.
func answers(socket string) bool {
	const limit = time.Second
	c, err := net.DialTimeout("unix", socket, limit)
	if err != nil {
		return false
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(limit))
	greeting := make([]byte, 5) // length, number, version of the protocol
	n, err := c.Read(greeting)
	const failure = 0xff
	return err == nil && n == len(greeting) && greeting[4] != failure
}

// makePrivate makes the directory of a socket, if it is missing.
func makePrivate(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return CheckPrivate(dir)
}

// CheckPrivate refuses a directory in which other users could put files.
func CheckPrivate(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	const others = 0o002
	if !info.IsDir() || ok && int(stat.Uid) != os.Geteuid() || info.Mode().Perm()&others != 0 {
		return fail(codeRefused, "%s is no directory that only its user can change", dir)
	}
	return nil
}
