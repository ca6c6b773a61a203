package supervise

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// supervisord is the supervisor of that name, by one server for each root.
type supervisord struct{ Config }

// How long calls may take: those that answer at once, and those that wait for
// programs to end.
const (
	callLimit = 20 * time.Second
	stopLimit = (stopSeconds + 30) * time.Second
)

// Check finds supervisord.
func (s *supervisord) Check() error {
	if err := checkPath(s.Root); err != nil {
		return err
	}
	if lookPath(s.Program, s.Environ) == "" {
		return fail("there is no program %s, which is to run the programs of instances", s.Program).
			WithHint("get it by `pip install supervisor` or `apt-get install supervisor`, and name it by the setting `supervisord` if it is not in PATH; runit and s6 do as well (setting `supervisor`)")
	}
	return nil
}

func (s *supervisord) client() *client { return newClient(s.socket()) }

// Apply writes the file of an instance and has supervisord read it.
func (s *supervisord) Apply(ctx context.Context, i Instance, started bool) error {
	if err := errors.Join(s.Check(), checkPath(i.Dir)); err != nil && started {
		return err
	}
	return s.locked(ctx, func() error {
		if err := s.makeState("conf.d"); err != nil {
			return err
		}
		if err := replaceFile(s.confOf(i.Name), instanceText(i, started), 0o600); err != nil {
			return err
		}
		if !started && !s.runs(ctx) {
			return nil
		}
		if err := s.launch(ctx); err != nil {
			return err
		}
		return s.bring(ctx, i, started)
	})
}

// Forget removes the file of an instance and stops what it speaks of.
func (s *supervisord) Forget(ctx context.Context, name string) error {
	return s.locked(ctx, func() error {
		if err := os.Remove(s.confOf(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if !s.runs(ctx) {
			return nil
		}
		if err := errors.Join(s.launch(ctx), s.reload(ctx, name)); err != nil {
			return err
		}
		if others, err := filepath.Glob(filepath.Join(s.state(), "conf.d", "*.conf")); err != nil || len(others) > 0 {
			return err
		}
		return s.shutdown(ctx)
	})
}

// shutdown ends a supervisord that has nothing to run any more.
func (s *supervisord) shutdown(ctx context.Context) error {
	answer, err := s.client().call(ctx, callLimit, "supervisor.getPID")
	if err == nil {
		_, err = s.client().call(ctx, callLimit, "supervisor.shutdown")
	}
	if isCut(err) {
		err = nil // it may be gone before it has answered
	}
	if err != nil {
		return s.explain(err)
	}
	pid, _ := answer.(int64)
	return gone(ctx, []int{int(pid)}, stopLimit)
}

// bring has supervisord do what its files say of an instance.
func (s *supervisord) bring(ctx context.Context, i Instance, started bool) error {
	if err := s.reload(ctx, i.Name); err != nil {
		return err
	}
	for _, u := range i.Units {
		name := id(i.Name, u.Name)
		info, err := s.info(ctx, name)
		if err != nil {
			return err
		}
		switch state := stateOf(info, u.Daemon); {
		case started && (state == Stopped || state == Failed || state == Done && u.Daemon):
			err = s.start(ctx, name)
		case !started && state != Stopped:
			err = s.stop(ctx, name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// reload has supervisord read its files, and stops, replaces and adds what has
// changed of an instance.
func (s *supervisord) reload(ctx context.Context, instance string) error {
	answer, err := s.client().call(ctx, callLimit, "supervisor.reloadConfig")
	if err != nil {
		return s.explain(err)
	}
	added, changed, removed, err := changesOf(answer)
	if err != nil {
		return err
	}
	own := func(names []string) []string {
		return slices.DeleteFunc(names, func(name string) bool {
			at := strings.LastIndexByte(name, '.') // encoded names of programs have none
			return at < 0 || name[:at] != instance
		})
	}
	added, changed, removed = own(added), own(changed), own(removed)
	for _, name := range slices.Concat(removed, changed) {
		if err := s.drop(ctx, name); err != nil {
			return err
		}
	}
	for _, name := range slices.Concat(changed, added) {
		if _, err := s.client().call(ctx, callLimit, "supervisor.addProcessGroup", name); err != nil && !isFault(err, faultAlreadyAdded) {
			return s.explain(err)
		}
	}
	return nil
}

// changesOf reads the answer of reloadConfig: [[added, changed, removed]].
func changesOf(answer any) (added, changed, removed []string, err error) {
	outer, _ := answer.([]any)
	var lists [3][]string
	if len(outer) == 1 {
		inner, _ := outer[0].([]any)
		if len(inner) == len(lists) {
			for i, list := range inner {
				names, _ := list.([]any)
				for _, name := range names {
					text, _ := name.(string)
					lists[i] = append(lists[i], text)
				}
			}
			return lists[0], lists[1], lists[2], nil
		}
	}
	return nil, nil, nil, fail("supervisord does not tell what has changed: %v", answer)
}

// drop stops a group, which is one program, and has supervisord forget it.
func (s *supervisord) drop(ctx context.Context, name string) error {
	if err := s.stop(ctx, name); err != nil {
		return err
	}
	_, err := s.client().call(ctx, callLimit, "supervisor.removeProcessGroup", name)
	if isFault(err, faultBadName) {
		return nil
	}
	return s.explain(err)
}

// stop stops a program and waits until nothing is left of it.
func (s *supervisord) stop(ctx context.Context, name string) error {
	info, err := s.info(ctx, name)
	if err != nil {
		return err
	}
	_, err = s.client().call(ctx, stopLimit, "supervisor.stopProcessGroup", name, true)
	if err != nil && !isFault(err, faultBadName, faultNotRunning) {
		return s.explain(err)
	}
	pid, _ := info["pid"].(int64)
	return gone(ctx, []int{int(pid)}, callLimit)
}

func (s *supervisord) start(ctx context.Context, name string) error {
	_, err := s.client().call(ctx, callLimit, "supervisor.startProcess", name, false)
	if err == nil || isFault(err, faultAlreadyStarted) {
		return nil
	}
	return s.explain(fmt.Errorf("start %s: %w", name, err))
}

// info is what supervisord knows of a program; nil is nothing.
func (s *supervisord) info(ctx context.Context, name string) (map[string]any, error) {
	answer, err := s.client().call(ctx, callLimit, "supervisor.getProcessInfo", name)
	if isFault(err, faultBadName) {
		return nil, nil
	}
	fields, _ := answer.(map[string]any)
	return fields, s.explain(err)
}

// Restart stops and starts programs.
func (s *supervisord) Restart(ctx context.Context, i Instance, units []string) error {
	return s.locked(ctx, func() error {
		for _, unit := range units {
			name := id(i.Name, unit)
			if err := s.stop(ctx, name); err != nil {
				return err
			}
			if err := s.start(ctx, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// Status asks supervisord. One that is not there runs nothing.
func (s *supervisord) Status(ctx context.Context, i Instance) ([]Process, error) {
	if !s.exists() {
		return stopped(i), nil
	}
	if err := s.ping(ctx); isDead(err) {
		return stopped(i), nil
	}
	var list []Process
	for _, u := range i.Units {
		info, err := s.info(ctx, id(i.Name, u.Name))
		if err != nil {
			return nil, err
		}
		list = append(list, processOf(i, u, info))
	}
	return list, nil
}

// processOf is a program as getProcessInfo tells it.
func processOf(i Instance, u Unit, info map[string]any) Process {
	p := Process{Unit: u.Name, Daemon: u.Daemon, State: stateOf(info, u.Daemon), Log: LogOf(i.Dir, u.Name)}
	number := func(name string) int64 {
		n, _ := info[name].(int64)
		return n
	}
	if p.State == Running || p.State == Starting || p.State == Stopping {
		p.PID, p.Since = int(number("pid")), time.Unix(number("start"), 0).UTC()
	} else if at := number("stop"); at > 0 {
		p.Since = time.Unix(at, 0).UTC()
	}
	if p.State == Failed || p.State == Retrying {
		p.Detail, _ = info["spawnerr"].(string)
		if code := number("exitstatus"); p.Detail == "" && code != 0 {
			p.Detail = fmt.Sprintf("exit status %d", code)
		}
	}
	return p
}

// The states of supervisord.
const (
	sdStopped  = 0
	sdStarting = 10
	sdRunning  = 20
	sdBackoff  = 30
	sdStopping = 40
	sdExited   = 100
	sdFatal    = 200
)

func stateOf(info map[string]any, daemon bool) State {
	code, known := info["state"].(int64)
	exit, _ := info["exitstatus"].(int64)
	switch {
	case !known:
		return Unknown
	case code == sdStopped:
		return Stopped
	case code == sdStarting:
		return Starting
	case code == sdRunning:
		return Running
	case code == sdBackoff || code == sdExited && exit != 0:
		return Retrying
	case code == sdStopping:
		return Stopping
	case code == sdExited && daemon:
		return Retrying
	case code == sdExited:
		return Done
	case code == sdFatal:
		return Failed
	}
	return Unknown
}

// logPath is the log of supervisord itself.
func (s *supervisord) logPath() string { return filepath.Join(s.state(), "supervisord.log") }

// explain makes an error one that names supervisord.
func (s *supervisord) explain(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return fail("supervisord: %v", err).WithCause(err).WithHint("its log is %s", s.logPath())
}
