package buildout

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/plan"
	"gobuild/parts"
	"gobuild/parts/disk"
	"gobuild/parts/eggs"
	"gobuild/parts/state"
)

// extension reports whether [buildout] extensions has one that is built in.
func (e *Engine) extension(name string) bool {
	return slices.Contains(cfg.Fields(e.early("extensions")), name)
}

// rebootstrap is what slapos.rebootstrap does for a profile: the Python that
// [buildout] python names is built, with all that it needs, before anything uses
// it. It comes before the plan of the run.
func (e *Engine) rebootstrap(ctx context.Context) error {
	name := strings.TrimSpace(e.early("python"))
	if e.nest != nil || name == "" || name == "buildout" || !e.extension(plan.Rebootstrap) {
		return nil
	}
	missing, first, err := e.unbuilt(ctx, append([]string{name}, cfg.Fields(e.early("rebootstrap-prepend-paths"))...))
	if err != nil || !missing {
		return nil // what is wrong is told with all that is wrong
	}
	e.tell(event.Info, fmt.Sprintf("The Python of the profile, [%s], is built first.", name))
	config := e.Config
	config.Inherited = nil
	engine, err := Open(ctx, config)
	if err != nil {
		return err
	}
	if err := engine.Start(ctx, true, false); err != nil {
		return err
	}
	err = engine.Install(withoutRebootstrap(ctx), InstallOptions{Named: first})
	e.known = nil // more is installed now
	return err
}

// onlyPython marks the context of a run that builds the Python of a profile.
type onlyPython struct{}

func withoutRebootstrap(ctx context.Context) context.Context {
	return context.WithValue(ctx, onlyPython{}, true)
}

// unbuilt reports whether the executable of the first section is missing, and
// returns the parts that must be installed to have all of the sections.
func (e *Engine) unbuilt(ctx context.Context, sections []string) (missing bool, first []string, err error) {
	if ctx.Value(onlyPython{}) != nil {
		return false, nil, nil
	}
	fresh, err := Open(ctx, e.Config)
	if err != nil {
		return false, nil, err
	}
	if err := fresh.Start(ctx, true, false); err != nil {
		return false, nil, err
	}
	defer fresh.closeProbes()
	defer fresh.session.Close()
	for i, name := range sections {
		s, err := fresh.eval.Section(ctx, name, diag.Span{})
		if err != nil {
			return false, nil, err
		}
		executable, _, err := s.Get(ctx, "executable")
		if err != nil {
			return false, nil, err
		}
		missing = missing || i == 0 && executable != "" && !disk.Exists(executable)
	}
	return missing, fresh.eval.Order(), nil
}

// tell shows a message of the run.
func (e *Engine) tell(level event.Level, text string) {
	e.Events.Emit(event.Event{Kind: event.Message, Time: time.Now(), Level: level, Text: text})
}

// markShared is what slapos.extension.shared does: a file tells that parts of the
// directory lie in shared ones.
func (e *Engine) markShared() error {
	if !e.extension(plan.SharedExtension) || e.early("shared-parts")+e.early("shared-part-list") == "" {
		return nil
	}
	path := filepath.Join(e.Base.Directory, ".shared")
	if disk.Exists(path) {
		return nil
	}
	return stateError(os.WriteFile(path, nil, 0o666))
}

// develop makes the links of the projects that [buildout] develop lists, and
// removes those of projects that it lists no more.
func (e *Engine) develop(ctx context.Context, db *state.DB) error {
	old := db.Develop()
	value := e.early("develop")
	if value == "" && len(old) == 0 {
		return nil
	}
	var made []string
	for _, project := range e.projects(value) {
		paths, err := e.developOne(ctx, project)
		if err != nil {
			return e.developError(err)
		}
		made = append(made, paths...)
	}
	slices.Sort(made)
	made = slices.Compact(made)
	for _, path := range old {
		if !slices.Contains(made, path) && filepath.Dir(path) == e.Base.DevelopEggs {
			if err := os.RemoveAll(path); err != nil {
				return &StateError{err}
			}
		}
	}
	return stateError(db.SetDevelop(made))
}

// projects are the directories that match the words of develop.
func (e *Engine) projects(value string) []string {
	var list []string
	for _, word := range cfg.Fields(value) {
		pattern := e.path(word)
		found, err := filepath.Glob(pattern)
		if err == nil && len(found) == 0 && disk.Exists(pattern) {
			found = []string{pattern}
		}
		if len(found) == 0 {
			e.tell(event.Warning, fmt.Sprintf("Couldn't develop '%s' (not found)", pattern))
		}
		slices.Sort(found)
		list = append(list, found...)
	}
	return list
}

// developOne develops one project, unless nothing in it has changed.
func (e *Engine) developOne(ctx context.Context, project string) ([]string, error) {
	if paths := eggs.Linked(project, e.Base.DevelopEggs); len(paths) > 0 && eggs.Unchanged(project, e.Base.DevelopEggs) {
		return paths, nil
	}
	e.tell(event.Info, fmt.Sprintf("Develop: '%s'", project))
	r, err := e.eggRequest(ctx)
	if err != nil {
		return nil, err
	}
	return eggs.Develop(ctx, r, project, eggs.BuildOptions{})
}

func (e *Engine) developError(err error) error {
	var d *diag.Diagnostic
	if errors.As(err, &d) && !d.At.IsValid() {
		d.At = e.At("buildout", "develop")
		d.WithPath("buildout", "develop")
		if x := (*parts.ExitError)(nil); errors.As(err, &x) {
			d.WithHint("the log is %s", e.logPath("buildout"))
		}
	}
	return err
}

// eggRequest is what the run says of eggs, whatever the part.
func (e *Engine) eggRequest(ctx context.Context) (eggs.Request, error) {
	proc, fetcher := e.probe("buildout")
	r := eggs.Request{
		EggsDirectory: e.path(e.Base.EggsDirectory), DevelopEggs: e.path(e.Base.DevelopEggs), Python: e.pythonNow(ctx),
		FindLinks: cfg.Fields(e.early("find-links")), Index: e.early("index"), Offline: e.Base.Offline,
		Dir: e.Base.Directory, State: e.stateDir(), Temp: filepath.Join(e.stateDir(), "tmp", "develop"), Proc: proc, Fetch: fetcher,
		Versions: map[string]string{},
		Say:      func(text string) { e.tell(event.Info, text) },
	}
	if hosts := cfg.Fields(e.early("allow-hosts")); !slices.Contains(hosts, "*") {
		r.AllowHosts = hosts
	}
	if e.Base.DownloadCache != "" {
		r.DownloadCache = e.path(e.Base.DownloadCache)
	}
	name := e.early("versions")
	if name == "" {
		return r, nil
	}
	pins, err := e.eval.Section(ctx, name, diag.Span{})
	if err != nil {
		return r, err
	}
	for _, key := range pins.Keys() {
		r.Versions[key], _, err = pins.Get(ctx, key)
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

// pythonNow is the interpreter of the profile as far as it is there: its own
// Python is built by a part.
func (e *Engine) pythonNow(ctx context.Context) string {
	name := strings.TrimSpace(e.early("python"))
	if name != "" && name != "buildout" && e.Profile.Sections[name] != nil {
		if s, err := e.eval.Section(ctx, name, diag.Span{}); err == nil {
			if path, _, err := s.Get(ctx, "executable"); err == nil && path != "" && disk.Exists(path) {
				return path
			}
		}
	}
	return e.early("executable")
}

// Interpreter is the Python that is to run bin/buildout: with slapos.rebootstrap
// that of the profile, once it is there (own tells that), else that of [buildout].
func (e *Engine) Interpreter(ctx context.Context) (path string, own bool) {
	path = e.early("executable")
	if !e.extension(plan.Rebootstrap) {
		return path, false
	}
	now := e.pythonNow(ctx)
	return now, now != path
}
