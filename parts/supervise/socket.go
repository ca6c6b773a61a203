package supervise

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// MaxSocket is how long the path of a socket may be; the kernel has room for one
// byte more, which ends it.
const MaxSocket = 107

// roomForBind is what supervisord adds to the path of its socket while it binds
// it: a dot and a process id.
const roomForBind = 8

// socket is where supervisord listens: beside its files, or in a directory with a
// short name if that path is too long.
func (s *supervisord) socket() string {
	path := filepath.Join(s.state(), "socket")
	if len(path) <= MaxSocket-roomForBind {
		return path
	}
	return filepath.Join(s.shortDir(), "socket")
}

// shortDir is the same for the same root at all times.
func (s *supervisord) shortDir() string {
	sum := sha256.Sum256([]byte(s.Root))
	return filepath.Join("/tmp", fmt.Sprintf("gobuild-%d-%s", os.Getuid(), hex.EncodeToString(sum[:6])))
}

// makeSocketDir makes the directory of the socket. Where others may write, it has
// to be our own.
func (s *supervisord) makeSocketDir() error {
	dir := filepath.Dir(s.socket())
	if dir == s.state() {
		return nil
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || int(stat.Uid) != os.Getuid() || info.Mode().Perm()&0o077 != 0 {
		return fail("%s is not a private directory of this user", dir).WithHint("remove it: the socket of supervisord is to be there, as the path below %s is too long", s.Root)
	}
	return nil
}
