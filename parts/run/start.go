package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"gobuild/parts"
)

// defaultPath is searched when an environment has no PATH, as execvp does.
const defaultPath = "/bin:/usr/bin"

// ErrNotFound says that no directory of PATH has the command.
var ErrNotFound = errors.New("command not found")

// errEmpty says that a command has no words.
var errEmpty = errors.New("the command is empty")

// longestBusy is the longest pause before a program that is busy is tried again:
// while a fork of another part holds the descriptor that it was written with,
// which ends with the exec of that fork. go.dev/issue/22315
const longestBusy = 256 * time.Millisecond

// start starts c, whose defaults are filled in. It inherits files.
func start(ctx context.Context, c parts.Command, files []*os.File, out *output, grace time.Duration) (*exec.Cmd, error) {
	if len(c.Argv) == 0 {
		return nil, errEmpty
	}
	// With SysProcAttr set, os/exec does not tell a missing directory from a
	// missing program.
	if info, err := os.Stat(c.Dir); err != nil {
		return nil, fmt.Errorf("enter directory: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("enter directory %s: %w", c.Dir, syscall.ENOTDIR)
	}
	path, err := LookPath(c.Argv[0], c.Dir, c.Env)
	if err != nil {
		return nil, err
	}
	for pause := time.Millisecond; ; pause *= 2 {
		cmd := command(path, c, files, out, grace)
		err := cmd.Start()
		if err == nil {
			return cmd, nil
		}
		if !errors.Is(err, syscall.ETXTBSY) || pause > longestBusy {
			return nil, explain(path, err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}

func command(path string, c parts.Command, files []*os.File, out *output, grace time.Duration) *exec.Cmd {
	return &exec.Cmd{
		Path: path, Args: c.Argv, Dir: c.Dir, Env: c.Env, Stdin: c.Stdin,
		Stdout: out.stdout, Stderr: out.log, ExtraFiles: files,
		SysProcAttr: attributes(), WaitDelay: grace,
	}
}

// explain says what the kernel's answer to the exec of path means.
func explain(path string, err error) error {
	var p *fs.PathError
	if !errors.As(err, &p) {
		return err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("start %s: its interpreter does not exist: %w", path, p.Err)
	}
	return fmt.Errorf("start %s: %w", path, p.Err)
}

// LookPath finds the program that name means to a process with environment env
// in the absolute directory dir: name itself when it has a slash, else the
// first executable file in PATH. An empty or relative element of PATH is
// relative to dir.
func LookPath(name, dir string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		path := under(dir, name)
		return path, executable(path)
	}
	list, ok := LookupEnv(env, "PATH")
	if !ok {
		list = defaultPath
	}
	var refused error
	for _, element := range filepath.SplitList(list) {
		path := filepath.Join(under(dir, element), name)
		err := executable(path)
		if err == nil {
			return path, nil
		}
		if errors.Is(err, fs.ErrPermission) {
			refused = err
		}
	}
	if refused != nil {
		return "", refused
	}
	return "", fmt.Errorf("%w in PATH %q", ErrNotFound, list)
}

func under(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

func executable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return &fs.PathError{Op: "exec", Path: path, Err: syscall.EISDIR}
	case info.Mode()&0o111 == 0:
		return &fs.PathError{Op: "exec", Path: path, Err: fs.ErrPermission}
	}
	return nil
}
