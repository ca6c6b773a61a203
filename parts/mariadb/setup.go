package mariadb

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// bootstrapScripts are the SQL files of the software that make the system tables,
// in their order.
var bootstrapScripts = []string{"mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql",
	"fill_help_tables.sql", "maria_add_gis_sp_bootstrap.sql", "mysql_sys_schema.sql"}

// unfinished is where the data directory is made.
func (s *Server) unfinished() string { return s.Data + ".unfinished" }

// CheckSocket refuses a path that the kernel does not take.
func (s *Server) CheckSocket() error {
	if len(s.Socket) <= MaxSocket {
		return nil
	}
	return fail(codeRefused, "the path of the socket has %d bytes, and at most %d are possible: %s", len(s.Socket), MaxSocket, s.Socket).
		WithHint("put it into a shorter directory, as the recipe socket-path does")
}

// Setup makes the data directory, if there is none, and applies SQL that it has
// not seen: in the running server, if there is one.
func (s *Server) Setup(ctx context.Context) error {
	if err := s.CheckSocket(); err != nil {
		return err
	}
	m, err := s.readMark()
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeoutCause(ctx, patience, fail(codeFailed,
		"%s is in use: another process works on it, and does not end", s.Data))
	defer stop()
	if m == nil {
		err = s.createOnce(ctx)
	} else {
		err = s.catchUp(ctx, m)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return context.Cause(ctx)
	}
	return err
}

// createOnce makes the data directory unless somebody else has done so by the
// time that the lock is free.
func (s *Server) createOnce(ctx context.Context) error {
	lock, err := s.await(ctx)
	if err != nil {
		return err
	}
	defer lock.Close()
	m, err := s.readMark()
	if err != nil {
		return err
	}
	if m != nil {
		return s.catchUpLocked(ctx, lock, m)
	}
	return s.create(ctx, lock)
}

// create makes the data directory beside its place.
func (s *Server) create(ctx context.Context, lock *os.File) error {
	version, err := s.version(ctx)
	if err != nil {
		return err
	}
	m := &mark{Instance: s.Instance, Version: version.String()}
	jobs, err := s.pending(m)
	if err != nil {
		return err
	}
	dir := s.unfinished()
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := s.bootstrap(ctx, lock, dir); err != nil {
		return err
	}
	m.done(jobs[0]) // the accounts
	if err := s.apply(ctx, lock, dir, m, jobs[1:]); err != nil {
		return err
	}
	if err := m.write(dir); err != nil {
		return err
	}
	if err := syncTree(dir); err != nil {
		return err
	}
	if err := os.Rename(dir, s.Data); err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(s.Data))
}

// bootstrap makes the system tables and the accounts in dir.
func (s *Server) bootstrap(ctx context.Context, lock *os.File, dir string) error {
	for _, d := range []string{dir, filepath.Join(dir, "mysql")} {
		if err := os.Mkdir(d, 0o700); err != nil {
			return err
		}
	}
	text, err := s.bootstrapText()
	if err != nil {
		return err
	}
	argv, err := s.argv(dir, "--bootstrap", "--silent-startup", "--log-warnings=0", "--enforce-storage-engine=",
		"--max-allowed-packet=8M", "--net-buffer-length=16K")
	if err != nil {
		return err
	}
	if err := s.run(ctx, lock, argv, bytes.NewReader(text)); err != nil {
		return s.failed(ctx, "make the system tables", err)
	}
	return nil
}

// failed says what could not be done.
func (s *Server) failed(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return err
	}
	return fail(codeFailed, "could not %s: %v", what, err).WithHint("the log of the server may tell more; the next run tries again").WithCause(err)
}

// bootstrapText is what the server is told to make its tables. It makes no
// account for the name of the host, and none without a password is left.
func (s *Server) bootstrapText() ([]byte, error) {
	dir, err := s.scripts()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("create database if not exists mysql;\nuse mysql;\nSET @auth_root_socket=NULL;\n")
	for _, name := range bootstrapScripts {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		lines := bufio.NewScanner(bytes.NewReader(text))
		lines.Buffer(nil, len(text)+1)
		for lines.Scan() {
			if !strings.Contains(lines.Text(), "@current_hostname") {
				fmt.Fprintf(&b, "%s\n", lines.Text())
			}
		}
	}
	accounts, err := os.ReadFile(s.Accounts)
	if err != nil {
		return nil, err
	}
	b.Write(bytes.TrimRight(accounts, "\n"))
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// catchUp applies SQL that the data directory has not seen: in the server that
// runs on it, or in one that is started for that.
func (s *Server) catchUp(ctx context.Context, m *mark) error {
	if err := s.check(m); err != nil {
		return err
	}
	jobs, err := s.pending(m)
	if err != nil || len(jobs) == 0 {
		return err
	}
	return poll(ctx, func() (bool, error) {
		lock, err := s.lock()
		switch {
		case err == nil:
			lock.Close()
			return true, s.createOnce(ctx)
		case !errors.Is(err, errHeld):
			return false, err
		case !answers(s.Socket):
			return false, nil // it starts, or ends
		}
		return true, s.applyAll(ctx, s.Socket, m, jobs, s.Data)
	})
}

// catchUpLocked does the same when no server runs.
func (s *Server) catchUpLocked(ctx context.Context, lock *os.File, m *mark) error {
	if err := s.check(m); err != nil {
		return err
	}
	jobs, err := s.pending(m)
	if err != nil {
		return err
	}
	return s.apply(ctx, lock, s.Data, m, jobs)
}
