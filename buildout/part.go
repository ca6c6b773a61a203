package buildout

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/plan"
	"gobuild/parts"
	"gobuild/parts/bom"
	"gobuild/parts/disk"
	"gobuild/parts/fetch"
	"gobuild/parts/jobs"
	"gobuild/parts/manifest"
	"gobuild/parts/run"
	"gobuild/parts/store"
)

// job is one part in work: what it owns and where it logs.
type job struct {
	*Engine
	node  *plan.Node
	owned []string
	made  []string // owned, and not there before the recipe came
	gone  []string // of the installed part, and deleted by its update
	log   *partLog
	// changes undoes what the part does, when it fails; nil when nothing is
	// changed.
	changes *changes

	began    time.Time
	clock    time.Time   // of files, when it began
	proc     *run.Runner // nil before work
	share    *jobs.Share
	inputs   *manifest.Tracker
	notes    *bom.Notes // of its sources; nil before work
	recorder *commandRecorder
	left     *parts.Left // what a failed run leaves for a resume
}

func (e *Engine) job(n *plan.Node) *job {
	j := &job{Engine: e, node: n, log: newPartLog(e.logPath(n.Part))}
	j.log.secrets.secrets = e.secrets()
	return j
}

// stateDir is where gobuild keeps what .installed.cfg has no room for.
func (e *Engine) stateDir() string {
	if e.elsewhere != nil {
		return e.elsewhere.state
	}
	return filepath.Join(e.Base.Directory, e.stateName())
}

// logPath is the log file of a part.
func (e *Engine) logPath(part string) string { return e.stateDir() + "/log/" + fileName(part) + ".log" }

func (e *Engine) logPathIn(dir, part string) string {
	return dir + "/" + e.stateName() + "/log/" + fileName(part) + ".log"
}

// fileName is the name of a section as that of a file.
func fileName(section string) string {
	if strings.ContainsAny(section, "/%") {
		section = strings.NewReplacer("/", "%2F", "%", "%25").Replace(section)
	}
	if strings.HasPrefix(section, ".") {
		section = "%2E" + section[1:]
	}
	return section
}

// work makes what the action of the part may use.
func (j *job) work() *parts.Work {
	c := run.Config{Part: j.node.Part, Dir: j.Base.Directory, Log: j.log, Started: j.started}
	j.reproduce(&c)
	limit, own := jobsOf(j.node)
	if j.pool != nil && own == 0 {
		j.share = j.pool.Share(j.node.Part)
		j.share.Ninja, j.share.Most = runsNinja(j.node.Options), max(limit, 0)
		c.Jobs = j.share
	}
	j.purify(&c)
	j.proc = run.New(c)
	j.recorder = newRecorder(j.tracing(j.mapping(j.watching(j.discreetly(j.proc)))))
	w := &parts.Work{
		Part: j.node.Part, Dir: j.Base.Directory, Temp: j.temp(),
		Log: j.log, Events: j.log.watch(j.Events), Proc: j.recorder, Umask: j.umask(), Launcher: j.Launcher, Offline: j.Base.Offline,
		Jobserver: j.share != nil, Own: j.own, Disown: j.disown, Keep: j.keep, Stray: j.stray, HasSecret: j.hasSecret, NoSync: j.NoSync,
		Nested: j.nested, Session: j.session, Setenv: func(c parts.Environment) { j.environment.change(j.node.Rank, c) },
	}
	j.inputs = &manifest.Tracker{Known: j.node.Inputs()}
	w.Fetch = j.client.For(fetch.Part{Name: j.node.Part, Dir: j.Base.Directory, Temp: w.Temp, Log: j.log, Events: w.Events, Used: j.inputs.Used})
	w.Fetch = j.noting(w.Fetch)
	return w
}

// started notes a command in the journal while it runs.
func (j *job) started(o run.Orphan) (ended func()) {
	if j.changes == nil {
		return func() {}
	}
	return j.changes.started(o)
}

// temp is the scratch directory of the part.
func (j *job) temp() string { return j.stateDir() + "/tmp/" + fileName(j.node.Part) }

// own notes a path of the part. What was there before is not deleted when the
// part fails.
func (j *job) own(path string) {
	if slices.Contains(j.owned, path) {
		return
	}
	j.owned = append(j.owned, path)
	if j.makes(j.path(path)) {
		j.made = append(j.made, path)
	}
}

// disown notes that a path of the installed part is the part's no more.
func (j *job) disown(path string) { j.gone = append(j.gone, path) }

// makes reports whether the part is going to make a path.
func (j *job) makes(path string) bool {
	if j.changes != nil {
		return j.changes.owns(j.node.Part, path)
	}
	return !disk.Exists(path)
}

// keep notes a path that a failure leaves.
func (j *job) keep(path string) {
	if j.changes != nil {
		j.changes.keeps(j.node.Part, j.path(path))
	}
}

// perform brings one part to its planned state and returns its record.
func (j *job) perform(ctx context.Context) (parts.Record, error) {
	n := j.node
	if n.Decision == plan.Update {
		return j.update(ctx)
	}
	return j.install(ctx)
}

func (j *job) install(ctx context.Context) (parts.Record, error) {
	w := j.work()
	defer j.share.Close()
	defer store.Remove(w.Temp)
	before, err := j.run(ctx, w)
	if err == nil {
		err = j.audit(ctx, w)
	}
	if err == nil && j.changes != nil {
		err = j.changes.completed(j)
	}
	if err == nil {
		j.forgetFailure(j.node.Part, j.owned)
	} else {
		j.noteFailure(ctx, w, before, err)
		err = errors.Join(j.failure(ctx, err), j.discard(j.made), j.undo())
		j.noteTree()
	}
	j.noteSources(err)
	j.end("Installing", err)
	return j.record(j.owned), err
}

// undo puts back what was installed before.
func (j *job) undo() error {
	if j.changes == nil {
		return nil
	}
	ch := j.changes.change(j.node.Part)
	err := j.changes.undo(ch, true)
	ch.settled = err == nil // else it is tried again at the end
	return err
}

// update refreshes an installed part. When that fails its files, new ones
// included, are removed and it counts as not installed, as in zc.buildout. An
// interruption removes new ones only.
func (j *job) update(ctx context.Context) (parts.Record, error) {
	old := j.node.Old.Paths
	updater, ok := j.node.Action.(parts.Updater)
	if !ok {
		j.end("Updating", nil)
		return j.record(old), nil
	}
	w := j.work()
	defer j.share.Close()
	defer store.Remove(w.Temp)
	err := updater.Update(ctx, w)
	if err != nil {
		lost := j.made
		if ctx.Err() == nil {
			lost = slices.Concat(old, j.made)
		}
		err = errors.Join(j.failure(ctx, err), j.discard(lost))
	}
	j.end("Updating", err)
	paths := slices.DeleteFunc(slices.Clone(old), func(p string) bool { return slices.Contains(j.gone, p) })
	for _, p := range j.owned {
		if !slices.Contains(paths, p) {
			paths = append(paths, p)
		}
	}
	if err == nil {
		j.noteUpdate(j.record(paths))
	}
	return j.record(paths), err
}

func (j *job) record(paths []string) parts.Record {
	return parts.Record{Part: j.node.Part, Options: j.node.Options, Paths: paths, Signature: j.node.Signature}
}

// begin tells that the part starts.
func (j *job) begin(verb string) {
	j.began, j.clock = time.Now(), disk.Clock()
	j.Events.Emit(event.Event{Kind: event.PartStarted, Time: j.began, Part: j.node.Part, Verb: verb, Log: j.log.path})
}

// end tells that the part ended.
func (j *job) end(verb string, err error) {
	j.log.Close()
	j.worked()
	done := event.Event{Kind: event.PartDone, Time: time.Now(), Part: j.node.Part, Verb: verb, Err: err, Elapsed: time.Since(j.began)}
	done.CPU, done.Memory = j.usage()
	if err != nil {
		done.Error = err.Error()
	}
	j.Events.Emit(done)
}

// usage is what the processes of the part took so far.
func (j *job) usage() (cpu time.Duration, peak int64) {
	if j.proc == nil {
		return 0, 0
	}
	return j.proc.Usage()
}

// remove uninstalls the part: the recipe's own work first, then its paths are
// moved out of the way.
func (j *job) remove(ctx context.Context) error {
	j.begin("Uninstalling")
	var keep []string
	if r, ok := j.node.Spec.Recipe.(parts.Remover); ok {
		var err error
		w := j.work()
		w.Again = j.node.Decision == plan.Reinstall
		if keep, err = r.Remove(ctx, w, *j.node.Old); err != nil {
			err = j.failure(ctx, err)
			j.end("Uninstalling", err)
			return err
		}
	}
	err := j.changes.displace(ctx, j, slices.Clone(keep))
	j.end("Uninstalling", err)
	return err
}

// discard deletes paths that belong to a part. A path that holds the buildout
// directory is refused: no recipe can have made it.
func (j *job) discard(paths []string) error {
	var errs diag.List
	for _, p := range paths {
		if p == "" {
			continue
		}
		p = j.path(p)
		if store.Holds(p, j.Base.Directory) {
			errs.Add(j.refused(p, "it holds the buildout directory"))
			continue
		}
		if err := store.Remove(p); err != nil {
			errs.Add(j.undeletable(p, err))
		}
	}
	return errs.Err()
}

// refused is the error for a recorded path that no recipe can have made.
func (j *job) refused(path, why string) *diag.Diagnostic {
	return diag.At(diag.Span{}, "uninstall-refused", "%s is not deleted: %s", path, why).
		WithPath(j.node.Part).WithHint("take it out of __buildout_installed__ in section [%s] of %s", j.node.Part, j.Base.Installed)
}

func (j *job) undeletable(path string, err error) *diag.Diagnostic {
	reason := err
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		path, reason = e.Path, e.Err
	} else if e := (*os.LinkError)(nil); errors.As(err, &e) {
		reason = e.Err
	}
	return diag.At(diag.Span{}, "uninstall-failed", "cannot delete %s: %v", path, reason).WithPath(j.node.Part).WithCause(err).
		WithHint("make it deletable, or delete it by hand, and run again")
}

// failure turns the error of a recipe into a diagnostic that names the part,
// its step, and its log with its last lines.
func (j *job) failure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if audited := (*auditFailure)(nil); errors.As(err, &audited) {
		return audited.List
	}
	if nested := (*nestedFailure)(nil); errors.As(err, &nested) {
		return nested.List
	}
	var d *diag.Diagnostic
	if !errors.As(err, &d) {
		d = diag.At(diag.Span{}, "part-failed", "%v", err).WithCause(err)
	}
	if !d.At.IsValid() {
		d.At = j.node.At
	}
	if len(d.Path) == 0 {
		d.Path = []string{j.node.Part}
		if step := j.log.step(); step != "" {
			d.Path = append(d.Path, step)
		}
	}
	// The log of a fetch says what the message says.
	if text := j.log.excerpt(); d.Excerpt == "" && !strings.HasPrefix(d.Code, "fetch-") {
		d.Excerpt = text
	}
	redactDiagnostic(j.secrets(), d)
	return d
}
