package mariadb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Start prepares the start of the server and returns the words that start it, for
// a process that becomes it: the lock is open in that process and stays so.
//
// It waits until an earlier server has let go of its files. After an upgrade of
// the software the tables are upgraded, and SQL that is new is applied, before
// anybody can connect.
func (s *Server) Start(ctx context.Context) ([]string, error) {
	if err := s.CheckSocket(); err != nil {
		return nil, err
	}
	if err := makePrivate(filepath.Dir(s.Socket)); err != nil {
		return nil, err
	}
	lock, err := s.await(ctx)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if err := s.prepare(ctx, lock); err != nil {
		return nil, err
	}
	if err := s.noteStart(time.Now()); err != nil {
		return nil, err
	}
	// The copy is open in the program, too.
	if _, err := syscall.Dup(int(lock.Fd())); err != nil {
		return nil, err
	}
	return s.argv(s.Data)
}

// prepare checks the data directory and brings it up to date.
func (s *Server) prepare(ctx context.Context, lock *os.File) error {
	m, err := s.readMark()
	if err != nil {
		return err
	}
	if m == nil {
		return fail(codeRefused, "%s is not there", s.Data).WithHint("run gobuild in the directory of the instance: it makes it")
	}
	if err := s.check(m); err != nil {
		return err
	}
	version, err := s.version(ctx)
	if err != nil {
		return err
	}
	if err := s.checkVersion(m, version); err != nil {
		return err
	}
	jobs, err := s.pending(m)
	if err != nil {
		return err
	}
	if old, _ := ParseVersion(m.Version); version.newerThan(old, false) {
		return s.upgrade(ctx, lock, m, version, jobs)
	}
	return s.apply(ctx, lock, s.Data, m, jobs)
}

// upgrade upgrades the tables for a newer server, once.
func (s *Server) upgrade(ctx context.Context, lock *os.File, m *mark, version Version, jobs []job) error {
	program, err := s.program("mariadb-upgrade")
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Log, "The tables of %s are upgraded from MariaDB %s to %s.\n", s.Data, m.Version, version)
	return s.within(ctx, lock, s.Data, func(socket string) error {
		err := s.run(ctx, nil, []string{program, "--defaults-file=" + s.Admin, "--protocol=socket", "--socket=" + socket}, nil)
		if err != nil {
			return s.failed(ctx, "upgrade the tables", err)
		}
		m.Version = version.String()
		if err := m.write(s.Data); err != nil {
			return err
		}
		return s.applyAll(ctx, socket, m, jobs, s.Data)
	})
}

// noteStart adds a line to the file of starts, which keeps the last ones.
func (s *Server) noteStart(now time.Time) error {
	const kept = 100
	if s.Starts == "" {
		return nil
	}
	text, err := os.ReadFile(s.Starts)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	text = append(bytes.Join(lines[max(0, len(lines)-kept):], nil), fmt.Sprintf("%d\n", now.Unix())...)
	if err := os.WriteFile(s.Starts+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(s.Starts+".new", s.Starts)
}
