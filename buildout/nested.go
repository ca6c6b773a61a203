package buildout

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/plan"
	"gobuild/buildout/profile"
	"gobuild/parts"
	"gobuild/parts/jobs"
)

// nest is what a run has that a part of another run has started, in the same
// directory and in this process. It works under the lock of the outer run. All
// that gobuild notes of it lies in .gobuild/nested/NAME, so that the two runs
// may have parts of the same name.
type nest struct {
	name    string // of the part, as that of a file
	secrets []string
	pool    *jobs.Pool // of the outer run; nil when it has none
	lent    int        // jobs of pool that the part holds
}

// nestedDir is where the notes of nested runs are, in a buildout directory.
const nestedDir = ".gobuild/nested"

// stateName is stateDir below the buildout directory.
func (e *Engine) stateName() string {
	if e.nest != nil {
		return nestedDir + "/" + e.nest.name
	}
	return ".gobuild"
}

// nestedInstalled is the file that records the parts of a nested run. name is
// that of a file.
func nestedInstalled(name string) string { return ".installed-" + name + ".cfg" }

// supplier is a Lookup that knows options which profiles find in sections that
// others write for them.
type supplier interface {
	// Supply returns options by section. They count where the profile has none.
	Supply(profile string) map[string]map[string]string
}

// supply gives the profile the options that it may expect.
func (e *Engine) supply() {
	s, ok := e.Recipes.(supplier)
	if !ok {
		return
	}
	for section, options := range s.Supply(e.Profile.Root) {
		e.Profile = e.Profile.With(section, options)
	}
}

// shareSecrets makes a nested run keep the secrets of the outer one.
func (e *Engine) shareSecrets() {
	if e.nest == nil {
		return
	}
	for _, s := range e.nest.secrets {
		e.eval.Secret(s)
	}
}

// sharesPool reports whether the budget of jobs is that of an outer run.
func (e *Engine) sharesPool() bool { return e.nest != nil && e.pool != nil && e.pool == e.nest.pool }

// nested does what parts.Work.Nested promises.
func (j *job) nested(ctx context.Context, r parts.NestedRun) error {
	n := &nest{name: fileName(r.Name), secrets: j.Secrets(), pool: j.pool}
	if j.node.Decision != plan.Remove {
		n.lent = 1
	}
	if !r.Remove {
		return j.nestedError(ctx, r, j.runNested(ctx, n, r))
	}
	state := filepath.Join(j.Base.Directory, nestedDir, n.name)
	if !fileExists(filepath.Join(j.Base.Directory, nestedInstalled(n.name))) {
		return os.RemoveAll(state)
	}
	r.Profile = filepath.Join(state, "remove.cfg")
	r.Set = append(r.Set, parts.Assignment{Section: "buildout", Option: "parts"})
	err := os.MkdirAll(state, 0o777)
	if err == nil {
		err = os.WriteFile(r.Profile, []byte("[buildout]\n"), 0o666)
	}
	if err == nil {
		err = j.runNested(ctx, n, r)
	}
	if err != nil {
		return j.nestedError(ctx, r, err)
	}
	return os.RemoveAll(state)
}

// runNested is a run from the profile to the records.
func (j *job) runNested(ctx context.Context, n *nest, r parts.NestedRun) error {
	c := j.Config
	c.Profile, c.Assignments, c.Dialect = r.Profile, j.nestedAssignments(n, r), j.Profile.Dialect
	if !profile.IsURL(c.Profile) {
		c.Profile = j.path(c.Profile)
	}
	c.Environ = j.environment.before(j.Environ, j.node.Rank)
	c.Events = nestedSink{r.Name, n.secrets, j.Events}
	e, err := Open(ctx, c)
	if err != nil {
		return err
	}
	e.nest, e.pool, e.disk = n, n.pool, j.disk
	defer func() { e.session.Close() }()
	if err := e.Start(ctx, true, false); err != nil {
		return err
	}
	if err := os.MkdirAll(e.stateDir(), 0o777); err != nil {
		return err
	}
	return e.bring(ctx, InstallOptions{Planned: func(g *plan.Graph) { j.nestedWarnings(r, append(e.Profile.Warnings, g.Warnings...)) }}, nil)
}

// nestedOptions are the options of [buildout] that a nested run takes over.
var nestedOptions = []string{"directory", "eggs-directory", "develop-eggs-directory", "newest", "offline", "verbosity"}

// nestedAssignments are the options that are laid over the profile of a nested
// run. Their places are in a text of their own.
func (j *job) nestedAssignments(n *nest, r parts.NestedRun) []profile.Assignment {
	set := []parts.Assignment{{Section: "buildout", Option: "installed", Value: nestedInstalled(n.name)}}
	for _, option := range nestedOptions {
		if value, ok := j.base(option); ok {
			set = append(set, parts.Assignment{Section: "buildout", Option: option, Value: value})
		}
	}
	// What follows eggs-directory is in it already.
	set = append(set, parts.Assignment{Section: "buildout", Option: "eggs-directory-version"},
		parts.Assignment{Section: "buildout", Option: "abi-tag-eggs", Value: "false"})
	set = append(set, r.Set...)
	var text strings.Builder
	var at [][2]int
	for _, a := range set {
		text.WriteString(a.Section + ":" + a.Option + "=")
		from := text.Len()
		text.WriteString(a.Value)
		at = append(at, [2]int{from, text.Len()})
		text.WriteString("\n")
	}
	source := diag.NewSource("<["+r.Name+"]>", []byte(text.String()))
	list := make([]profile.Assignment, len(set))
	for i, a := range set {
		list[i] = profile.Assignment{Section: a.Section, Option: a.Option, Value: a.Value, At: diag.SpanOf(source, at[i][0], at[i][1])}
	}
	return list
}

// base is an option of [buildout] as it was evaluated.
func (e *Engine) base(option string) (string, bool) {
	value, ok, err := e.eval.Known("buildout").Text(context.Background(), option)
	return value, ok && err == nil
}

// nestedFailure says what was wrong in a nested run.
type nestedFailure struct{ diag.List }

// nestedError gives the diagnostics of a nested run the name of the part that
// has started it.
func (j *job) nestedError(ctx context.Context, r parts.NestedRun, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	if failed := (*FailedError)(nil); errors.As(err, &failed) {
		err = failed.List
	}
	list := diag.All(err)
	for i, d := range list {
		d = nestedDiagnostic(r.Name, d)
		redactDiagnostic(j.secrets(), d)
		list[i] = d
	}
	return &nestedFailure{list}
}

func nestedDiagnostic(name string, d *diag.Diagnostic) *diag.Diagnostic {
	copied := *d
	copied.Path = []string{name}
	if len(d.Path) > 0 {
		copied.Path = append([]string{name + "/" + d.Path[0]}, d.Path[1:]...)
	}
	return &copied
}

// nestedWarnings shows the warnings of a nested run.
func (j *job) nestedWarnings(r parts.NestedRun, list diag.List) {
	if j.Warn == nil || len(list) == 0 {
		return
	}
	named := make(diag.List, len(list))
	for i, d := range list {
		named[i] = nestedDiagnostic(r.Name, d)
	}
	j.Warn(named)
}

// nestedSink passes on the events of a nested run as those of parts of a part.
type nestedSink struct {
	name    string
	secrets []string
	to      event.Sink
}

// Emit passes e on, unless it is about the run as a whole.
func (s nestedSink) Emit(e event.Event) {
	if e.Kind == event.RunStarted || e.Kind == event.RunDone {
		return
	}
	switch {
	case e.Part != "":
		e.Part = s.name + "/" + e.Part
	case e.Kind == event.Message:
		e.Part = s.name
	}
	s.to.Emit(redactEvent(s.secrets, e))
}

// recoverNested makes good what nested runs have left that were killed with
// their outer run. It is called with the lock held.
func (e *Engine) recoverNested() error {
	if e.nest != nil {
		return nil
	}
	entries, err := os.ReadDir(filepath.Join(e.Base.Directory, nestedDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{stateError(err)}
	for _, entry := range entries {
		errs = append(errs, e.recoverOne(entry.Name()))
	}
	return errors.Join(errs...)
}

func (e *Engine) recoverOne(name string) error {
	base := *e.Base
	base.Installed = filepath.Join(base.Directory, nestedInstalled(name))
	c := e.Config
	c.Events = nestedSink{name, nil, e.Events}
	n := &Engine{Config: c, Profile: e.Profile, Base: &base, disk: e.disk, nest: &nest{name: name}}
	db, err := n.state()
	if err != nil {
		return err
	}
	left, err := n.beginChanges(db)
	if err != nil || !left.interrupted {
		return err
	}
	if err := n.openLedger().doubt(left.unsure, db); err != nil {
		return &StateError{err}
	}
	return left.closeJournal()
}

// sweepNested removes what nested runs have installed whose part is gone
// without a record: it was never finished.
func (e *Engine) sweepNested(ctx context.Context, g *plan.Graph) error {
	entries, err := os.ReadDir(filepath.Join(e.Base.Directory, nestedDir))
	if errors.Is(err, fs.ErrNotExist) || e.nest != nil {
		return nil
	}
	errs := []error{stateError(err)}
	for _, entry := range entries {
		name := strings.NewReplacer("%2F", "/", "%2E", ".", "%25", "%").Replace(entry.Name())
		if slices.ContainsFunc(g.Parts, func(n *plan.Node) bool { return n.Part == name }) {
			continue
		}
		j := e.job(&plan.Node{Part: name, Decision: plan.Remove})
		errs = append(errs, j.nested(ctx, parts.NestedRun{Name: name, Remove: true}))
	}
	return errors.Join(errs...)
}
