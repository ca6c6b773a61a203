package supervise

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Supervisor runs the programs of the instances below one root. Its methods may
// be called by several processes at once.
type Supervisor interface {
	// Check returns why nothing can be run. It changes nothing.
	Check() error
	// Apply has exactly the units of an instance run, or none of them. A unit
	// whose file has changed is restarted, others are not touched. The stopped
	// ones are gone when it returns.
	Apply(ctx context.Context, i Instance, started bool) error
	// Restart restarts units of an instance.
	Restart(ctx context.Context, i Instance, units []string) error
	// Forget stops all that the supervisor knows of an instance.
	Forget(ctx context.Context, name string) error
	// Status returns a process for each unit. No supervisor is no error: then
	// everything is stopped.
	Status(ctx context.Context, i Instance) ([]Process, error)
}

// The kinds of supervisors.
const (
	KindSupervisord = "supervisord"
	KindRunit       = "runit"
	KindS6          = "s6"
	KindNone        = "none"
)

// Config says which supervisor runs instances.
type Config struct {
	Kind    string
	Root    string   // the directory of the instances
	Program string   // supervisord: a path, or a name to look up
	Environ []string // of gobuild
	// Warn takes what was found wrong and healed. It may be nil.
	Warn func(text string)
}

// New returns a supervisor. Nothing is started or asked yet.
func New(c Config) Supervisor {
	if c.Warn == nil {
		c.Warn = func(string) {}
	}
	switch c.Kind {
	case KindRunit:
		return &scanned{Config: c, tool: runit{}}
	case KindS6:
		return &scanned{Config: c, tool: s6{}}
	case KindNone:
		return none{}
	}
	return &supervisord{Config: c}
}

// state is the directory with the files of the supervisor itself.
func (c Config) state() string { return filepath.Join(c.Root, ".supervisor") }

// makeState makes that directory.
func (c Config) makeState(below ...string) error {
	return os.MkdirAll(filepath.Join(append([]string{c.state()}, below...)...), 0o700)
}

// pause is how often is looked again while something is waited for.
const pause = 50 * time.Millisecond

// locked calls f while no other process changes what the supervisor of this root
// runs.
func (c Config) locked(ctx context.Context, f func() error) error {
	if err := c.makeState(); err != nil {
		return err
	}
	release, err := lockFile(ctx, filepath.Join(c.state(), "lock"))
	if err != nil {
		return err
	}
	defer release()
	return f()
}

// lockFile waits for the lock of a file, which is made if need be. The kernel
// frees the lock of a process that is dead.
func lockFile(ctx context.Context, path string) (release func(), err error) {
	lock, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { lock.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			lock.Close()
			return nil, err
		}
		if err := sleep(ctx, pause); err != nil {
			lock.Close()
			return nil, err
		}
	}
}

// sleep waits, or returns why it should not.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// lookPath finds a program: by its path, or in the PATH of an environment.
func lookPath(name string, environ []string) string {
	dirs := []string{""}
	if !strings.Contains(name, "/") {
		path := ""
		for _, e := range environ {
			if value, ok := strings.CutPrefix(e, "PATH="); ok {
				path = value
			}
		}
		dirs = filepath.SplitList(path)
	}
	for _, dir := range dirs {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}

// environment is that of a supervisor, and so of what it runs.
func (c Config) environment() []string {
	env := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	for _, e := range c.Environ {
		name, _, _ := strings.Cut(e, "=")
		if slices.Contains([]string{"HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ"}, name) {
			env = append(env, e)
		}
	}
	return env
}

// replaceFile writes a file in one step. One that has the text already stays.
func replaceFile(path, text string, mode fs.FileMode) error {
	if has, err := os.ReadFile(path); err == nil && string(has) == text {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// none runs nothing.
type none struct{}

func (none) Check() error {
	return fail("there is no supervisor: the setting `supervisor` is `none`").
		WithHint("set it to supervisord, runit or s6 (gobuild.ini, GOBUILD_SUPERVISOR), or start the programs of etc/service by hand")
}
func (n none) Apply(_ context.Context, _ Instance, started bool) error {
	if started {
		return n.Check()
	}
	return nil
}
func (n none) Restart(context.Context, Instance, []string) error { return n.Check() }
func (none) Forget(context.Context, string) error                { return nil }
func (none) Status(_ context.Context, i Instance) ([]Process, error) {
	return stopped(i), nil
}

// stopped says that nothing of an instance runs.
func stopped(i Instance) []Process {
	var list []Process
	for _, u := range i.Units {
		list = append(list, Process{Unit: u.Name, Daemon: u.Daemon, State: Stopped, Log: LogOf(i.Dir, u.Name)})
	}
	return list
}
