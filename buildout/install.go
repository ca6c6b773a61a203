package buildout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/plan"
	"gobuild/buildout/sched"
	"gobuild/parts"
	"gobuild/parts/fetch"
	"gobuild/parts/run"
	"gobuild/parts/state"
)

// FailedError says which parts failed; the profile itself was good.
type FailedError struct {
	Parts []string
	List  diag.List
	// Other parts of the run: those that need one of Parts, and those that were
	// not started because the run ended.
	Blocked, NotStarted []string
	Resumable           []string // of Parts, those that can go on at the step that failed
}

// Error is the text of the diagnostics.
func (e *FailedError) Error() string { return e.List.Error() }

// Unwrap returns the diagnostics.
func (e *FailedError) Unwrap() error { return e.List }

// StateError says that what is installed cannot be read or recorded.
type StateError struct{ Err error }

// Error names what could not be done.
func (e *StateError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *StateError) Unwrap() error { return e.Err }

// InstallOptions says what Install does.
type InstallOptions struct {
	Named []string // parts named by the user; nil means all, and removes others
	// Planned is told of the graph before anything happens. It may be nil.
	Planned func(*plan.Graph)
}

// Install brings the directory to the state that the profile describes
// (SPEC-engine 8). Start, with recipes, comes before it. What is done stays
// recorded when a later part fails.
func (e *Engine) Install(ctx context.Context, o InstallOptions) error {
	held, err := e.lock(ctx)
	if err != nil {
		return err
	}
	defer held.Release()
	db, err := e.state()
	if err != nil {
		return err
	}
	e.client = fetch.New(e.fetchConfig())
	g, err := e.Plan(ctx, plan.Input{Records: records(db), Named: o.Named})
	if err != nil {
		return err
	}
	if o.Planned != nil {
		o.Planned(g)
	}
	if err := e.directories(); err != nil {
		return err
	}
	err = e.carryOut(ctx, g, db)
	os.RemoveAll(filepath.Join(e.stateDir(), "tmp"))
	if err != nil && len(db.Parts()) == 0 {
		// The file goes when the last part is removed, not when it failed:
		// zc.buildout leaves it then, too.
		return err
	}
	if closing := db.Close(); closing != nil {
		err = errors.Join(err, &StateError{closing})
	}
	return err
}

func (e *Engine) lock(ctx context.Context) (*state.Held, error) {
	if err := os.MkdirAll(e.Base.Directory, 0o777); err != nil {
		return nil, &StateError{err}
	}
	held, err := state.Lock(ctx, e.Base.Directory, state.LockOptions{
		NoWait: e.NoWait, Command: e.Command,
		Waiting: func(owner state.Owner) {
			e.Events.Emit(event.Event{Kind: event.Message, Time: time.Now(), Level: event.Info,
				Text: fmt.Sprintf("waiting for another run in %s: %s", e.Base.Directory, owner)})
		},
	})
	if err != nil && ctx.Err() == nil {
		err = &StateError{err}
	}
	return held, err
}

func (e *Engine) state() (*state.DB, error) {
	db, err := state.Open(e.Base.Installed, state.Options{Disabled: e.Base.Installed == ""})
	if err != nil {
		return nil, &StateError{err}
	}
	return db, nil
}

func records(db *state.DB) []parts.Record {
	var list []parts.Record
	for _, name := range db.Parts() {
		if r, ok := db.Get(name); ok {
			list = append(list, r)
		}
	}
	return list
}

func (e *Engine) fetchConfig() fetch.Config {
	c := e.Fetch
	c.Offline = e.Base.Offline || e.early("install-from-cache") == "true"
	if e.Base.DownloadCache != "" {
		c.DownloadCache = e.path(e.Base.DownloadCache)
	}
	if e.Base.Timeout > 0 {
		c.StallTimeout = time.Duration(e.Base.Timeout) * time.Second
	}
	return c
}

// probe serves the Prepare of a section. Its output goes nowhere until there
// is some.
func (e *Engine) probe(part string) (parts.Runner, parts.Fetcher) {
	dir := e.early("directory")
	var log io.Writer = io.Discard
	if !e.Fetch.ReadOnly {
		file := newPartLog(e.logPathIn(dir, part))
		e.probes = append(e.probes, file)
		log = file
	}
	proc := run.New(run.Config{Part: part, Dir: dir, Env: e.environ(), Log: log})
	config := e.Fetch
	config.Offline = e.early("offline") == "true" || e.early("install-from-cache") == "true"
	if cache := e.early("download-cache"); cache != "" {
		config.DownloadCache = filepath.Join(dir, cache)
		if filepath.IsAbs(cache) {
			config.DownloadCache = cache
		}
		if !e.Fetch.ReadOnly {
			os.MkdirAll(config.DownloadCache, 0o777) // the fetcher tells when it is not there
		}
	}
	client := fetch.New(config)
	return proc, client.For(fetch.Part{Name: part, Dir: dir, Log: log, Events: event.Discard})
}

// closeProbes closes the logs of what probe has served.
func (e *Engine) closeProbes() {
	for _, log := range e.probes {
		log.Close()
	}
	e.probes = nil
}

// early returns an option of [buildout], which may still be under evaluation:
// it can refer to parts.
func (e *Engine) early(option string) string {
	if b := e.eval.Known("buildout"); b != nil {
		if v, ok, err := b.Get(context.Background(), option); ok && err == nil {
			return v
		}
	}
	if v := e.Profile.Value("buildout", option); v != nil {
		return v.Text
	}
	return ""
}

// directories makes the standard directories.
func (e *Engine) directories() error {
	made, err := e.Bootstrap()
	for _, dir := range made {
		e.Events.Emit(event.Event{Kind: event.Message, Time: time.Now(), Level: event.Info,
			Text: fmt.Sprintf("Creating directory '%s'.", dir)})
	}
	return err
}

// carryOut removes, then installs and updates. Order: SPEC-engine 8, 6 and 7.
func (e *Engine) carryOut(ctx context.Context, g *plan.Graph, db *state.DB) error {
	start := time.Now()
	e.Events.Emit(event.Event{Kind: event.RunStarted, Time: start, Total: int64(len(g.Removed) + len(g.Parts))})
	err := e.removeAll(ctx, g, db)
	if err == nil {
		err = e.installAll(ctx, g, db)
	}
	e.Events.Emit(event.Event{Kind: event.RunDone, Time: time.Now(), Elapsed: time.Since(start)})
	return err
}

func (e *Engine) removeAll(ctx context.Context, g *plan.Graph, db *state.DB) error {
	for _, n := range g.Removed {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := e.job(n).remove(ctx); err != nil {
			return failed(ctx, n.Part, err)
		}
		if err := db.Drop(n.Part); err != nil {
			return &StateError{err}
		}
	}
	return nil
}

// installAll runs the parts in order, one at a time.
func (e *Engine) installAll(ctx context.Context, g *plan.Graph, db *state.DB) error {
	var mu sync.Mutex // guards db
	tasks := make([]sched.Task, 0, len(g.Parts))
	for _, n := range g.Parts {
		tasks = append(tasks, sched.Task{Name: n.Part, Needs: n.Needs, Run: func(ctx context.Context) error {
			r, err := e.job(n).perform(ctx)
			mu.Lock()
			defer mu.Unlock()
			return e.recordResult(ctx, n, db, r, err)
		}})
	}
	result, err := sched.Run(ctx, tasks, sched.Options{Slots: 1})
	if err != nil {
		return err
	}
	return runError(ctx, result)
}

// recordResult notes in the state what became of a part.
func (e *Engine) recordResult(ctx context.Context, n *plan.Node, db *state.DB, r parts.Record, err error) error {
	switch {
	case err != nil && n.Decision == plan.Update && ctx.Err() == nil:
		return errors.Join(err, stateError(db.Drop(n.Part)))
	case err != nil:
		return err
	case n.Decision == plan.Update && len(r.Paths) == len(n.Old.Paths):
		return stateError(db.Touch(n.Part))
	}
	return stateError(db.Put(r))
}

func stateError(err error) error {
	if err == nil {
		return nil
	}
	return &StateError{err}
}

func failed(ctx context.Context, part string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &FailedError{Parts: []string{part}, List: diag.All(err)}
}

// runError is the error of a run: cancelled, state lost, or parts failed.
func runError(ctx context.Context, r sched.Result) error {
	if ctx.Err() != nil && len(r.Stopped)+len(r.NotStarted) > 0 {
		return ctx.Err()
	}
	if len(r.Failed) == 0 {
		return nil
	}
	f := &FailedError{}
	for _, failure := range r.Failed {
		var lost *StateError
		if errors.As(failure.Err, &lost) {
			return failure.Err
		}
		f.Parts = append(f.Parts, failure.Name)
		f.List = append(f.List, diag.All(failure.Err)...)
	}
	return f
}
