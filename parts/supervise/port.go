package supervise

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Taken tells who listens at a port of an address; "" is nobody.
func Taken(address string, port int) string {
	l, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
	if err == nil {
		l.Close()
		return ""
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return holder(port)
	case errors.Is(err, fs.ErrPermission):
		return "the system, which keeps ports below 1024 to itself"
	}
	return "" // the machine has no such address: it is the server that will say so
}

// holder names the process that listens at a port.
func holder(port int) string {
	inodes := map[string]bool{}
	for _, table := range []string{"net/tcp", "net/tcp6"} {
		text, _ := os.ReadFile(filepath.Join(proc, table))
		for line := range strings.Lines(string(text)) {
			if inode := listening(line, port); inode != "" {
				inodes["socket:["+inode+"]"] = true
			}
		}
	}
	entries, _ := os.ReadDir(proc)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		files, _ := os.ReadDir(filepath.Join(proc, e.Name(), "fd"))
		for _, f := range files {
			if target, _ := os.Readlink(filepath.Join(proc, e.Name(), "fd", f.Name())); inodes[target] {
				return fmt.Sprintf("process %d (%s)", pid, nameOf(pid))
			}
		}
	}
	return "a process of another user"
}

// listening returns the inode of a line of /proc/net/tcp, if it is that of a
// socket that listens at the port.
func listening(line string, port int) string {
	const local, state, inode, listen = 1, 3, 9, "0A"
	fields := strings.Fields(line)
	if len(fields) <= inode || fields[state] != listen {
		return ""
	}
	_, number, _ := strings.Cut(fields[local], ":")
	raw, err := hex.DecodeString(number)
	if err != nil || len(raw) != 2 || int(raw[0])<<8|int(raw[1]) != port {
		return ""
	}
	return fields[inode]
}

// nameOf is the name of the program of a process.
func nameOf(pid int) string {
	text, _ := os.ReadFile(filepath.Join(proc, strconv.Itoa(pid), "comm"))
	return strings.TrimSpace(string(text))
}

// Left waits until no process of this user works in a directory, and returns one
// that does not end; 0 is none.
func Left(ctx context.Context, dir string) (pid int, name string) {
	for range int(callLimit/pause) / 2 {
		if pid = worksIn(dir); pid == 0 || sleep(ctx, pause) != nil {
			break
		}
	}
	return pid, nameOf(pid)
}

// worksIn returns a process without a terminal whose current directory is in a
// directory: the shell of somebody who looks around there is none of an instance.
func worksIn(dir string) int {
	entries, _ := os.ReadDir(proc)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() || pid == os.Getppid() {
			continue
		}
		cwd, _ := os.Readlink(filepath.Join(proc, e.Name(), "cwd"))
		if cwd == dir || strings.HasPrefix(cwd, dir+"/") {
			if state, tty := stateAndTerminal(pid); state != "Z" && tty == "0" {
				return pid
			}
		}
	}
	return 0
}

// stateAndTerminal reads the letter of the state of a process, and the number of
// its terminal, which is 0 for none.
func stateAndTerminal(pid int) (state, terminal string) {
	const at = 4 // behind the name
	text, _ := os.ReadFile(filepath.Join(proc, strconv.Itoa(pid), "stat"))
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) <= at {
		return "Z", "0"
	}
	return fields[0], fields[at]
}

// LockInstance takes the lock of an instance: one command changes it at a time.
func LockInstance(ctx context.Context, root, name string) (release func(), err error) {
	c := Config{Root: root}
	if err := c.makeState("locks"); err != nil {
		return nil, err
	}
	return lockFile(ctx, filepath.Join(c.state(), "locks", name))
}
