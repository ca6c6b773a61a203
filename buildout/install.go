package buildout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/history"
	"gobuild/buildout/plan"
	"gobuild/parts"
	"gobuild/parts/fetch"
	"gobuild/parts/jobs"
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
	Anew  []string // parts that are installed although nothing has changed
	// Resume maps parts that failed to the step that they go on at; "" is the
	// step that failed.
	Resume map[string]string
	// Planned is told of the graph before anything happens, and Ended of the end
	// of the run while the directory is still locked. They may be nil.
	Planned func(*plan.Graph)
	Ended   func(error)
	// Replaced takes what parts had that were replaced or removed. nil: it is
	// deleted.
	Replaced func(part string, old []SetAside) error
}

// Install brings the directory to the state that the profile describes
// (SPEC-engine 8). Start, with recipes, comes before it. What is done stays
// recorded when a later part fails.
func (e *Engine) Install(ctx context.Context, o InstallOptions) error {
	if err := e.rebootstrap(ctx); err != nil {
		return err
	}
	held, err := e.lock(ctx)
	if err != nil {
		return err
	}
	defer held.Release()
	defer e.session.Close()
	if err := history.Recover(e.Base.Directory); err != nil {
		return &StateError{err}
	}
	if err := e.recoverNested(); err != nil {
		return err
	}
	if err := e.bring(ctx, o, held); err != nil {
		return err
	}
	return e.markShared()
}

// bring is Install in a directory that is locked.
func (e *Engine) bring(ctx context.Context, o InstallOptions, held *state.Held) error {
	db, err := e.state()
	if err != nil {
		return err
	}
	c, err := e.beginChanges(db)
	if err != nil {
		return err
	}
	e.client = fetch.New(e.fetchConfig())
	if o.Replaced != nil {
		c.dispose = o.Replaced
	}
	e.ledger = e.openLedger()
	if err := e.ledger.doubt(c.unsure, db); err != nil {
		return &StateError{err}
	}
	if err := e.develop(ctx, db); err != nil {
		return err
	}
	in := e.planInput(ctx, db, o.Named)
	in.Anew = o.Anew
	g, err := e.Plan(ctx, in)
	if err != nil {
		return err
	}
	if err := errors.Join(e.checkMemory(g), e.checkReproducible(g)); err != nil {
		return err
	}
	g.Warnings = slices.Concat(g.Warnings, e.missingMirrors(g), e.ownJobsWarnings(g), e.relocatableWarnings(g))
	if err := e.enterNamespace(g, held); err != nil {
		return err
	}
	if err := e.beginAudits(ctx, g, records(db)); err != nil {
		return err
	}
	if err := e.beginPurity(ctx, g); err != nil {
		return err
	}
	if err := e.recall(g, o); err != nil {
		return err
	}
	return e.follow(ctx, g, c, o)
}

// follow does what is planned.
func (e *Engine) follow(ctx context.Context, g *plan.Graph, c *changes, o InstallOptions) (err error) {
	if o.Planned != nil {
		o.Planned(g)
	}
	if o.Ended != nil {
		defer func() { o.Ended(err) }()
	}
	if err := e.directories(); err != nil {
		return err
	}
	defer os.RemoveAll(filepath.Join(e.stateDir(), "tmp"))
	return e.carryOut(ctx, g, c, o.Named == nil)
}

// planInput is what a plan of the directory depends on.
func (e *Engine) planInput(ctx context.Context, db *state.DB, named []string) plan.Input {
	in := plan.Input{Records: records(db), Named: named, Manifest: e.ledger.manifest}
	if e.Check {
		in.Verify = e.ledger.verify(ctx)
	}
	return in
}

// checkMemory refuses options `memory` of parts that are compiled that are no
// sizes. Other recipes may have such an option of their own.
func (e *Engine) checkMemory(g *plan.Graph) error {
	var list diag.List
	for _, n := range g.Parts {
		text := n.Options["memory"]
		if !n.Spec.Builds || text == "" {
			continue
		}
		if _, err := parts.ParseSize(text); err != nil {
			list.Add(diag.At(e.At(n.Part, "memory"), "bad-memory", "%v", err).WithPath(n.Part, "memory").
				WithHint("memory is the most that the part takes while it is built; without it the peak of the last run counts"))
		}
	}
	return list.Err()
}

// jobsOptions are the options in which a part may ask for a number of jobs.
var jobsOptions = []string{"make-options", "make-targets", "make-binary", "environment"}

// ownJobsWarnings warns of options that give parts which are going to be built a
// number of jobs of their own: of an option that many parts have from a macro,
// once.
func (e *Engine) ownJobsWarnings(g *plan.Graph) diag.List {
	var list diag.List
	seen := map[diag.Span]bool{}
	for _, n := range g.Parts {
		if e.Jobs < 2 || n.Decision == plan.Update {
			continue
		}
		limit, own := jobsOf(n)
		asked := cmp.Or(own, limit)
		at := e.ownJobsAt(n)
		if asked == 0 || asked == 1 || seen[at] {
			continue
		}
		seen[at] = true
		list.Add(e.ownJobsWarning(n.Part, at, asked, own == 0))
	}
	return list
}

func (e *Engine) ownJobsWarning(part string, at diag.Span, asked int, leftOut bool) *diag.Diagnostic {
	number, most := "-j"+strconv.Itoa(asked), min(asked, e.Jobs)
	if asked == jobs.Unlimited {
		number, most = "-j without a number", e.Jobs
	}
	d := diag.At(at, "own-jobs", "%s is not passed to make: its jobs come out of the budget of %d, at most %d of them", number, e.Jobs, most).
		WithHint("leave it out, or run with -j1, where it counts as in zc.buildout")
	if !leftOut {
		d = diag.At(at, "own-jobs", "%s takes the part out of the budget of %d jobs: it counts as %d of them", number, e.Jobs, most).
			WithHint("leave it out: make gets its jobs from gobuild")
	}
	d.Severity = diag.Warning
	return d.WithPath(part)
}

// ownJobsAt is the place of the option that asks for jobs.
func (e *Engine) ownJobsAt(n *plan.Node) diag.Span {
	for _, option := range jobsOptions {
		if own := jobs.OwnJobs(n.Options[option]); own != 0 && own != 1 {
			return e.At(n.Part, option)
		}
	}
	return n.At
}

func (e *Engine) lock(ctx context.Context) (*state.Held, error) {
	if err := os.MkdirAll(e.Base.Directory, 0o777); err != nil {
		return nil, &StateError{err}
	}
	held, err := state.Lock(ctx, e.Base.Directory, state.LockOptions{
		NoWait: e.NoWait, Command: e.Command, Inherited: e.Inherited,
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
	db, err := state.Open(e.Base.Installed, state.Options{Disabled: e.Base.Installed == "", Disk: e.layer()})
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
	c.Threads = e.Jobs
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
	proc := run.New(run.Config{Part: part, Dir: dir, Env: e.environment.before(e.Environ, 0), Log: log})
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
	client := e.probing.client(config)
	return proc, client.For(fetch.Part{Name: part, Dir: dir, Log: log, Events: event.Discard})
}

// closeProbes closes the logs of what probe has served.
func (e *Engine) closeProbes() {
	for _, log := range e.probes {
		log.Close()
	}
	e.probes = nil
	e.probing.close()
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
