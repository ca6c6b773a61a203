package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"gobuild/buildout"
	"gobuild/buildout/condition"
	"gobuild/buildout/event"
	"gobuild/buildout/profile"
	"gobuild/buildout/settings"
	"gobuild/buildout/ui"
	"gobuild/parts/fetch"
	"gobuild/parts/run"
)

// open opens the profile that the flags name.
func (a *app) open(ctx context.Context, sink event.Sink) (*buildout.Engine, error) {
	s, err := a.settings()
	if err != nil {
		return nil, err
	}
	c, err := a.config(s, sink)
	if err != nil {
		return nil, err
	}
	e, err := buildout.Open(ctx, c)
	a.engine = e
	return e, withStatus(StatusProfile, err)
}

// settings reads gobuild's own settings, once.
func (a *app) settings() (*settings.Settings, error) {
	if a.read != nil {
		return a.read, nil
	}
	path := ""
	if !profile.IsURL(a.flags.config) {
		path = a.path(a.flags.config)
	}
	s, err := settings.Load(a.settingsPlaces(path))
	if err != nil {
		return nil, withStatus(StatusUsage, err)
	}
	a.read = s
	return s, nil
}

// settingsPlaces tells where the settings of a profile are.
func (a *app) settingsPlaces(path string) settings.Where {
	w := settings.Places(path, a.Environ)
	w.CheckSilence = checkSilence
	return w
}

// path makes a path of the command line absolute.
func (a *app) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(a.Dir, name)
}

func (a *app) config(s *settings.Settings, sink event.Sink) (buildout.Config, error) {
	dialect := profile.Dialect(s.Dialect)
	if a.flags.dialect != "" {
		dialect = profile.Dialect(a.flags.dialect)
	}
	python, err := a.python(s.PythonVersion)
	if err != nil {
		return buildout.Config{}, err
	}
	home := a.lookup("HOME")
	c := buildout.Config{
		Profile: a.flags.config, Dir: a.Dir, Home: home, UserDefaults: a.userDefaults(home), Assignments: a.line.assignments,
		Dialect: dialect, Condition: condition.New(python).Eval, Executable: a.pythonPath(s.Python), ABITag: abiTag(python), Environ: a.Environ,
		Umask: umask(), Launcher: a.Executable, Recipes: a.Recipes, SecretName: ui.IsSecret, Events: sink, NoWait: a.flags.noWait, Inherited: a.inherited,
		Command: shownCommand(a.Args), AuditMode: buildout.AuditMode(s.Audit),
		Fetch: fetch.Config{Cache: s.Cache, Mirrors: s.Mirrors, Tries: s.Tries,
			StallTimeout: s.Timeout, UserAgent: "gobuild/" + version()},
	}
	return c, a.runConfig(&c, s)
}

// shownCommand is the command line as other runs are shown it: without the
// secrets that its words hold.
func shownCommand(args []string) string {
	words := []string{"gobuild"}
	for _, word := range args {
		words = append(words, ui.Mask(word))
	}
	return strings.Join(words, " ")
}

// userDefaults returns the user's default.cfg if it exists and is wanted.
func (a *app) userDefaults(home string) string {
	dir := a.lookup("BUILDOUT_HOME")
	if dir == "" {
		dir = filepath.Join(home, ".buildout")
	}
	path := a.path(filepath.Join(dir, "default.cfg"))
	if _, err := os.Stat(path); a.flags.noUser || errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return ""
	}
	return path
}

// python describes the Python that conditions of section headers speak of.
func (a *app) python(version string) (condition.Python, error) {
	p := condition.Python{Env: a.Environ}
	for i, field := range strings.SplitN(version, ".", 3) {
		n, err := strconv.Atoi(field)
		if err != nil {
			return p, usage("python-version %q is not of the form 3.11 or 3.11.7", version)
		}
		p.Version[i] = n
	}
	return p, nil
}

// abiTag is the ABI tag of CPython.
func abiTag(p condition.Python) string {
	tag := fmt.Sprintf("cp%d%d", p.Version[0], p.Version[1])
	switch {
	case p.Version[0] == 2:
		return tag + "mu"
	case p.Version[1] < 8:
		return tag + "m"
	}
	return tag
}

// pythonPath is the default of [buildout] executable: the program called name.
func (a *app) pythonPath(name string) string {
	path, err := run.LookPath(name, a.Dir, a.Environ)
	if err != nil {
		return name
	}
	return path
}

// umask returns the umask of the process without changing it.
func umask() int {
	text, _ := os.ReadFile("/proc/self/status")
	_, rest, found := strings.Cut(string(text), "\nUmask:\t")
	if mask, err := strconv.ParseInt(strings.TrimSpace(strings.SplitN(rest, "\n", 2)[0]), 8, 32); found && err == nil {
		return int(mask)
	}
	return 0o022
}
