package supervise

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// scanned is a supervisor with a process for each program, whose directories are
// found in a scan folder: ROOT/.supervisor/KIND/INSTANCE.PROGRAM.
type scanned struct {
	Config
	tool tool
}

// tool is what differs between runit and s6.
type tool interface {
	// name is that of the kind, and programs are those that have to be there.
	name() string
	programs() []string
	// scanner is the command that looks after a scan folder, and scanning
	// reports whether it runs.
	scanner(folder string) []string
	scanning(folder string) bool
	// rescan tells the scanner that the folder has changed.
	rescan(ctx context.Context, t *scanned) error
	// end ends the scanner, which has nothing to look after any more.
	end(ctx context.Context, t *scanned) error
	// finish is the script that is run after the program has ended, for those
	// that are to run once.
	finish() string
	// supervised reports whether a process looks after a directory.
	supervised(dir string) bool
	// control tells that process to bring the program up or down, or to leave.
	control(ctx context.Context, t *scanned, dir string, c control) error
	// status reads how the program is.
	status(ctx context.Context, t *scanned, dir string) (unitStatus, error)
}

type control int

const (
	bringUp control = iota
	bringDown
	leave
)

// unitStatus is how a program is.
type unitStatus struct {
	up, wanted bool
	ending     bool
	pid        int
	since      time.Time
	exit       int // -1: not known
}

// Check finds the programs of the supervisor.
func (s *scanned) Check() error {
	for _, name := range s.tool.programs() {
		if lookPath(name, s.Environ) == "" {
			return fail("there is no program %s in PATH, which %s needs to run the programs of instances", name, s.tool.name()).
				WithHint("get it by `apt-get install %s`, or choose another supervisor by the setting `supervisor`", s.tool.name())
		}
	}
	return nil
}

// folder is the scan folder.
func (s *scanned) folder() string { return filepath.Join(s.state(), s.tool.name()) }

func (s *scanned) dirOf(instance, unit string) string {
	return filepath.Join(s.folder(), id(instance, unit))
}

// Apply writes the directories of an instance and has them looked after.
func (s *scanned) Apply(ctx context.Context, i Instance, started bool) error {
	if err := s.Check(); err != nil && started {
		return err
	}
	return s.locked(ctx, func() error {
		if err := s.makeState(s.tool.name()); err != nil {
			return err
		}
		if err := s.dropOthers(ctx, i); err != nil {
			return err
		}
		for _, u := range i.Units {
			if err := s.write(ctx, i, u, started); err != nil {
				return err
			}
		}
		if started {
			if err := s.launch(ctx); err != nil {
				return err
			}
		}
		if !started && !s.tool.scanning(s.folder()) {
			return nil
		}
		for _, u := range i.Units {
			if err := s.bring(ctx, s.dirOf(i.Name, u.Name), started); err != nil {
				return err
			}
		}
		return nil
	})
}

// Forget removes the directories of an instance.
func (s *scanned) Forget(ctx context.Context, name string) error {
	return s.locked(ctx, func() error {
		if err := s.dropOthers(ctx, Instance{Name: name}); err != nil {
			return err
		}
		left, err := os.ReadDir(s.folder())
		left = slices.DeleteFunc(left, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), ".") })
		if err != nil && !errors.Is(err, fs.ErrNotExist) || len(left) > 0 || !s.tool.scanning(s.folder()) {
			return err
		}
		return s.tool.end(ctx, s)
	})
}

// dropOthers removes the directories of an instance that are not of its units.
func (s *scanned) dropOthers(ctx context.Context, i Instance) error {
	entries, err := os.ReadDir(s.folder())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		at := strings.LastIndexByte(e.Name(), '.')
		if at < 0 || e.Name()[:at] != i.Name ||
			slices.ContainsFunc(i.Units, func(u Unit) bool { return id(i.Name, u.Name) == e.Name() }) {
			continue
		}
		if err := s.drop(ctx, filepath.Join(s.folder(), e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// drop stops a program and removes its directory. It is renamed first: the
// scanner would look after it again.
func (s *scanned) drop(ctx context.Context, dir string) error {
	if err := s.down(ctx, dir); err != nil {
		return err
	}
	aside := filepath.Join(s.folder(), ".old-"+filepath.Base(dir))
	if err := errors.Join(os.RemoveAll(aside), os.Rename(dir, aside)); err != nil {
		return err
	}
	if s.tool.supervised(aside) {
		if err := errors.Join(s.tool.control(ctx, s, aside, leave), s.tool.rescan(ctx, s)); err != nil {
			return err
		}
	}
	for end := time.Now().Add(callLimit); s.tool.supervised(aside) && time.Now().Before(end); {
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
	return os.RemoveAll(aside)
}

// script is what starts a program.
func script(i Instance, u Unit) string {
	return fmt.Sprintf("#!/bin/sh\n# Written by gobuild instance. %s\numask 027\ncd %s || exit 1\nexec %s >>%s 2>&1 </dev/null\n",
		u.Sum, quote(i.Dir), quote(u.Path), quote(LogOf(i.Dir, u.Name)))
}

// write makes the directory of a program in one step. One that is there and has
// another script is stopped first.
func (s *scanned) write(ctx context.Context, i Instance, u Unit, started bool) error {
	dir := s.dirOf(i.Name, u.Name)
	text := script(i, u)
	if has, err := os.ReadFile(filepath.Join(dir, "run")); err == nil && string(has) != text {
		if err := s.drop(ctx, dir); err != nil {
			return err
		}
	}
	if _, err := os.Stat(dir); err == nil {
		return s.markDown(dir, !started)
	}
	fresh := filepath.Join(s.folder(), ".new-"+filepath.Base(dir))
	if err := errors.Join(os.RemoveAll(fresh), os.Mkdir(fresh, 0o700)); err != nil {
		return err
	}
	files := map[string]string{"run": text}
	if !u.Daemon {
		files["finish"] = "#!/bin/sh\n# Written by gobuild instance.\n" + s.tool.finish()
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(fresh, name), []byte(text), 0o700); err != nil {
			return err
		}
	}
	if err := s.markDown(fresh, !started); err != nil {
		return err
	}
	return os.Rename(fresh, dir)
}

// markDown says whether the program is started when the supervisor starts.
func (s *scanned) markDown(dir string, down bool) error {
	path := filepath.Join(dir, "down")
	if down {
		return os.WriteFile(path, nil, 0o600)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// launch starts the scanner unless it runs.
func (s *scanned) launch(ctx context.Context) error {
	if s.tool.scanning(s.folder()) {
		return s.tool.rescan(ctx, s)
	}
	log, err := os.OpenFile(filepath.Join(s.state(), s.tool.name()+".log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	argv := s.tool.scanner(s.folder())
	cmd := exec.Command(lookPath(argv[0], s.Environ), argv[1:]...)
	cmd.Env = s.environment()
	for _, e := range s.Environ { // scanners look their own programs up
		if strings.HasPrefix(e, "PATH=") {
			cmd.Env[0] = e + ":" + strings.TrimPrefix(cmd.Env[0], "PATH=")
		}
	}
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.Root, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fail("%s does not start: %v", argv[0], err)
	}
	return cmd.Process.Release()
}

// bring brings a program up or down as soon as it is looked after.
func (s *scanned) bring(ctx context.Context, dir string, started bool) error {
	for end := time.Now().Add(launchLimit); !s.tool.supervised(dir); {
		if time.Now().After(end) {
			return fail("%s does not look after %s", s.tool.name(), dir).WithHint("its log is %s", filepath.Join(s.state(), s.tool.name()+".log"))
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
	if !started {
		return s.down(ctx, dir)
	}
	status, err := s.tool.status(ctx, s, dir)
	if err != nil || status.up || done(dir, status) {
		return err
	}
	return s.tool.control(ctx, s, dir, bringUp)
}

// done reports whether a program that is to run once has run to its end.
func done(dir string, status unitStatus) bool {
	_, err := os.Stat(filepath.Join(dir, "finish"))
	return err == nil && !status.up && exists(filepath.Join(dir, "done"))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// down stops a program and waits until nothing is left of it.
func (s *scanned) down(ctx context.Context, dir string) error {
	os.Remove(filepath.Join(dir, "done"))
	if !s.tool.supervised(dir) {
		return nil
	}
	before, err := s.tool.status(ctx, s, dir)
	if err != nil {
		return err
	}
	if err := s.tool.control(ctx, s, dir, bringDown); err != nil {
		return err
	}
	if before.up && before.pid > 0 {
		if err := gone(ctx, []int{before.pid}, stopSeconds*time.Second); err != nil {
			return err
		}
	}
	for end := time.Now().Add(callLimit); time.Now().Before(end); {
		now, err := s.tool.status(ctx, s, dir)
		if err != nil || !now.up {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
	return fail("%s does not stop", filepath.Base(dir))
}

// Restart stops and starts programs.
func (s *scanned) Restart(ctx context.Context, i Instance, units []string) error {
	return s.locked(ctx, func() error {
		for _, unit := range units {
			dir := s.dirOf(i.Name, unit)
			if err := s.down(ctx, dir); err != nil {
				return err
			}
			if err := s.bring(ctx, dir, true); err != nil {
				return err
			}
		}
		return nil
	})
}

// Status reads how programs are.
func (s *scanned) Status(ctx context.Context, i Instance) ([]Process, error) {
	list := stopped(i)
	for n, u := range i.Units {
		dir := s.dirOf(i.Name, u.Name)
		if !s.tool.supervised(dir) {
			continue
		}
		status, err := s.tool.status(ctx, s, dir)
		if err != nil {
			return nil, err
		}
		p := &list[n]
		p.Since, p.PID = status.since, status.pid
		switch {
		case status.up && status.ending:
			p.State = Stopping
		case status.up && time.Since(status.since) < upSeconds*time.Second && u.Daemon:
			p.State = Starting
		case status.up:
			p.State = Running
		case done(dir, status):
			p.State = Done
		case status.wanted:
			p.State = Retrying
		}
	}
	return list, nil
}
