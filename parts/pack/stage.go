package pack

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"gobuild/buildout/diag"
)

// stagePrefix begins the names of directories in which trees are made.
const stagePrefix = ".gobuild-unpack."

// stageName begins the name of the directory in which dir is made.
func stageName(dir string) string {
	base := filepath.Base(dir)
	const longest = maxName - len(stagePrefix) - 24 // for what MkdirTemp adds
	if len(base) > longest {
		base = base[:longest]
	}
	return stagePrefix + base + "."
}

// make makes the directory, after what killed runs have left.
func (s *stage) make() error {
	parent := filepath.Dir(s.Dir)
	s.sweep(parent)
	dir, err := os.MkdirTemp(parent, stageName(s.Dir)+"*")
	if err != nil {
		return diag.At(diag.Span{}, "unpack-destination", "cannot make %s: %s is not writable: %s", s.Dir, parent, reason(err)).WithCause(err).
			WithHint("name a directory elsewhere, or make this one writable")
	}
	s.dir = dir
	if s.lock, err = os.Open(dir); err == nil {
		err = syscall.Flock(int(s.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.ENOLCK) {
		err = nil
	}
	s.placer = &placer{dir: dir, time: s.manifest.Time, umask: s.Umask, jobs: max(s.Jobs, 1), disk: s.Disk}
	if err != nil {
		s.discard()
	}
	return err
}

// sweep deletes what killed runs have left of the same destination. Their locks
// went with them.
func (s *stage) sweep(parent string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), stageName(s.Dir)) {
			continue
		}
		dir := filepath.Join(parent, e.Name())
		f, err := os.Open(dir)
		if err != nil {
			continue
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = s.Disk.RemoveTree(dir) // it is in nobody's way
		}
		f.Close()
	}
}

// discard deletes the stage, unless it has become the destination.
func (s *stage) discard() {
	if s.dir != "" {
		_ = s.Disk.RemoveTree(s.dir)
		s.dir = ""
	}
	if s.lock != nil {
		s.lock.Close()
	}
}

// finish registers the parts and gives the directory its name.
func (s *stage) finish() (*Unpacked, error) {
	u := &Unpacked{Manifest: s.manifest, Dir: s.Dir, Warnings: Warnings(s.problems)}
	for _, r := range s.placed {
		if r.Type != TypeDir {
			u.Files++
		}
		u.Size += r.Size
	}
	if err := s.wrapAll(); err != nil {
		return nil, err
	}
	if err := s.linkPrograms(u); err != nil {
		return nil, err
	}
	u.Wrapped = s.wrapped
	if err := s.register(u); err != nil {
		return nil, err
	}
	return u, s.publish()
}

// publish gives the directory its name when all of it is on disk.
func (s *stage) publish() error {
	if err := os.Chmod(s.dir, os.FileMode(0o777&^s.Umask)); err != nil {
		return err
	}
	if err := s.Disk.SyncAll([]string{s.dir}); err != nil {
		return err
	}
	err := s.Disk.Rename(s.dir, s.Dir)
	if errors.Is(err, os.ErrExist) { // package os keeps the kernel from replacing an empty directory
		err = syscall.Rename(s.dir, s.Dir)
	}
	if err != nil {
		return diag.At(diag.Span{}, "unpack-destination", "cannot make %s: %s", s.Dir, linkReason(err)).WithCause(err).
			WithHint("name a directory that does not exist, or an empty one")
	}
	s.dir = ""
	return s.Disk.SyncDir(filepath.Dir(s.Dir))
}

func linkReason(err error) string {
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err.Error()
	}
	return err.Error()
}
