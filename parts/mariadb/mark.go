package mariadb

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// markName is the name of the mark in a data directory.
const markName = "gobuild.json"

// mark is what a data directory says of itself.
type mark struct {
	Instance string   `json:"instance"`
	Version  string   `json:"version"`
	Accounts string   `json:"accounts"`      // digest of the SQL of the accounts
	SQL      []string `json:"sql,omitempty"` // digests of the SQL that was applied once
}

// readMark reads the mark of Data; nil when there is no data directory yet.
func (s *Server) readMark() (*mark, error) {
	text, err := os.ReadFile(filepath.Join(s.Data, markName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, s.unmarked()
	}
	if err != nil {
		return nil, err
	}
	m := &mark{}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fail(codeRefused, "%s is damaged: %v", filepath.Join(s.Data, markName), err)
	}
	return m, nil
}

// unmarked refuses a data directory without a mark, unless it is empty or
// missing.
func (s *Server) unmarked() error {
	entries, err := os.ReadDir(s.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(entries) > 0:
		return fail(codeRefused, "%s was not made by this instance: it has no %s", s.Data, markName).
			WithHint("move it away; nothing in it was changed")
	}
	return nil
}

// check refuses the data of another instance.
func (s *Server) check(m *mark) error {
	if m == nil || m.Instance == s.Instance {
		return nil
	}
	return fail(codeRefused, "%s belongs to the instance %s, and this is %s", s.Data, m.Instance, s.Instance).
		WithHint("move it away, or back to where it belongs; nothing in it was changed")
}

// checkVersion refuses the data of a server of a newer series.
func (s *Server) checkVersion(m *mark, server Version) error {
	if m == nil {
		return nil
	}
	wrote, err := ParseVersion(m.Version)
	if err != nil {
		return fail(codeRefused, "%s is damaged: version %q", filepath.Join(s.Data, markName), m.Version)
	}
	if wrote.newerThan(server, true) {
		return fail(codeRefused, "%s was written by MariaDB %s, and this server is %s: an older server cannot read it", s.Data, wrote, server).
			WithHint("use a server of that series or a newer one; nothing was changed")
	}
	return nil
}

// CheckData refuses, before anything is changed, a data directory that is not for
// this server. version is asked for when there is a directory.
func (s *Server) CheckData(version func() (Version, error)) error {
	m, err := s.readMark()
	if err == nil {
		err = s.check(m)
	}
	if err != nil || m == nil {
		return err
	}
	v, err := version()
	if err != nil {
		return err
	}
	return s.checkVersion(m, v)
}

// Pending reports whether Setup has something to do.
func (s *Server) Pending() (bool, error) {
	m, err := s.readMark()
	if err != nil || m == nil {
		return m == nil, err
	}
	if err := s.check(m); err != nil {
		return false, err
	}
	p, err := s.pending(m)
	return len(p) > 0, err
}

// job is SQL that has to be applied.
type job struct {
	path   string
	digest string
	// accounts says that it is the SQL of the accounts, in which passwords are.
	accounts bool
}

// pending returns what of the SQL a data directory has not seen.
func (s *Server) pending(m *mark) ([]job, error) {
	var jobs []job
	for i, path := range append([]string{s.Accounts}, s.SQL...) {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		j := job{path, hex.EncodeToString(sum[:]), i == 0}
		seen := slices.Contains(m.SQL, j.digest) || len(bytes.TrimSpace(text)) == 0
		if j.accounts {
			seen = m.Accounts == j.digest
		}
		if !seen {
			jobs = append(jobs, j)
		}
	}
	return jobs, nil
}

// done notes that a job was done.
func (m *mark) done(j job) {
	if j.accounts {
		m.Accounts = j.digest
		return
	}
	m.SQL = append(m.SQL, j.digest)
}

// write replaces the mark of a data directory.
func (m *mark) write(data string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(data, markName)
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
