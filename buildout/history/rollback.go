package history

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"

	"gobuild/buildout/diag"
	"gobuild/parts/state"
)

// RollbackOptions say how RollBack works.
type RollbackOptions struct {
	Config
	ID     string // the run whose state comes back; "" is the one before the last change
	DryRun bool   // only say what would be done; the directory is not locked
	NoWait bool   // fail when another run holds the directory
	// Waiting is told who holds the directory. It may be nil.
	Waiting func(owner string)
}

// Rollback is what RollBack did, or would do.
type Rollback struct {
	ID       string    `json:"id,omitempty"` // of the rollback in the history
	Target   string    `json:"target"`
	Changes  []Change  `json:"changes"`
	Warnings diag.List `json:"-"`
}

// Change is what happens to a part in a rollback.
type Change struct {
	Part   string `json:"part"`
	Action string `json:"action"`
	From   string `json:"from,omitempty"` // run that kept the tree
}

// The actions of a Change.
const (
	Restore  = "restore"   // the kept tree is put back; a newer one becomes a kept one
	SetAside = "set-aside" // the part was not installed then
	Rerecord = "record"    // only the record differs: a shared part, or one without files
)

// RollBack brings a buildout directory back to the state after a run: the trees
// that were kept are put back in place, and .installed.cfg tells what it told
// then. Either all of it is done, or nothing: the error then tells what stands
// against it.
func RollBack(ctx context.Context, dir string, o RollbackOptions) (*Rollback, error) {
	o.Config = o.Config.filled()
	if !o.DryRun {
		held, err := state.Lock(ctx, dir, o.locking())
		if err != nil {
			return nil, err
		}
		defer held.Release()
		if err := Recover(dir); err != nil {
			return nil, err
		}
	}
	b, err := newRollback(dir, o)
	if err == nil {
		err = b.plan()
	}
	if err != nil {
		return nil, err
	}
	result := &Rollback{Target: b.target.ID, Changes: b.changes, Warnings: b.warnings}
	if o.DryRun || len(b.changes) == 0 {
		return result, nil
	}
	result.ID = b.run.ID
	warning, err := b.carryOut(o.Keep)
	if warning != nil {
		result.Warnings.Add(warning)
	}
	return result, err
}

// locking says how the directory is locked.
func (o RollbackOptions) locking() state.LockOptions {
	l := state.LockOptions{NoWait: o.NoWait, Command: o.Command}
	if o.Waiting != nil {
		l.Waiting = func(owner state.Owner) { o.Waiting(owner.String()) }
	}
	return l
}

// rollback is a rollback in work.
type rollback struct {
	dir      string
	run      *Run // its own entry
	target   *Run
	last     *Run            // the newest run
	known    map[string]bool // runs that can be read
	trees    *trees
	was, is  *state.DB // installed after target, and now
	changes  []Change
	out, in  []move
	kept     map[string]*note // what this rollback keeps, by part
	problems diag.List
	warnings diag.List
}

// newRollback finds the runs and reads what was installed after them.
func newRollback(dir string, o RollbackOptions) (*rollback, error) {
	runs, warnings := List(dir)
	target, err := chooseTarget(dir, runs, o.ID)
	if err != nil {
		return nil, err
	}
	b := &rollback{dir: dir, target: target, last: runs[len(runs)-1], warnings: warnings, kept: map[string]*note{}}
	b.known = map[string]bool{}
	for _, run := range runs {
		b.known[run.ID] = true
	}
	b.run = newRun(o.Config)
	b.run.Directory, b.run.Installed, b.run.Profile, b.run.Target = dir, b.last.Installed, target.Profile, target.ID
	if err := b.settled(); err != nil {
		return nil, err
	}
	if b.was, err = target.after(); err != nil {
		return nil, b.impossible("the entry of run %s cannot be used: %v", target.ID, reason(err))
	}
	at := slices.Index(runs, target)
	if b.trees, err = follow(b.was.All(), runs[at+1:]); err != nil {
		return nil, b.impossible("what happened since run %s is not known: %v", target.ID, reason(err))
	}
	return b, nil
}

// chooseTarget finds the run to go back to.
func chooseTarget(dir string, runs []*Run, id string) (*Run, error) {
	names := make([]string, len(runs))
	for i, run := range runs {
		names[i] = run.ID
	}
	if id != "" || len(runs) == 0 {
		name, err := choose(dir, names, id)
		if err != nil {
			return nil, err
		}
		return runs[slices.Index(names, name)], nil
	}
	for i := len(runs) - 1; i > 0; i-- {
		if runs[i].altered() {
			return runs[i-1], nil
		}
	}
	return nil, diag.At(diag.Span{}, "history-unknown", "there is no run before %s to go back to", names[0]).
		WithHint("`gobuild history` lists the runs")
}

// settled checks that the history tells all that happened since the target.
func (b *rollback) settled() error {
	names, err := ids(entriesDir(b.dir))
	if err != nil {
		return b.impossible("%v", err)
	}
	for _, id := range names {
		// An entry that cannot be read may be of a run that replaced a part.
		if id > b.target.ID && !b.known[id] {
			return b.impossible("the entry of run %s cannot be read, so what it replaced is not known", id)
		}
	}
	if b.target.Result == Running {
		return b.impossible("run %s did not end: the state after it is not known", b.target.ID)
	}
	if b.last.Result == Running {
		return b.impossible("the last run, %s, did not end", b.last.ID).
			WithHint("run gobuild once: it brings the directory to a known state")
	}
	if interrupted(b.dir) {
		return b.impossible("a run in %s did not end", b.dir).WithHint("run gobuild once: it brings the directory to a known state")
	}
	after, err := b.last.after()
	if err == nil {
		b.is, err = state.Open(b.last.Installed, state.Options{Disabled: b.last.Installed == ""})
	}
	if err != nil {
		return b.impossible("what is installed cannot be read: %v", reason(err)).WithCause(err)
	}
	if b.last.Installed == "" || b.target.Installed != b.last.Installed {
		return b.impossible("run %s recorded its parts in %q, the last run in %q", b.target.ID, b.target.Installed, b.last.Installed)
	}
	if part := difference(after.All(), b.is.All()); part != "" {
		return b.impossible("%s has changed since the last run that the history knows: part %s", b.last.Installed, part).
			WithHint("run gobuild once: it brings the directory to a known state")
	}
	return nil
}

// openRun matches the line of the journal of changes that tells of a run which
// has not ended.
var openRun = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^[0-9a-f]+ state `) })

// interrupted reports whether a run was killed whose changes the next run is
// going to undo or finish.
func interrupted(dir string) bool {
	text, err := os.ReadFile(filepath.Join(stateDir(dir), "journal"))
	return err == nil && openRun().Match(text)
}

// difference returns the first part whose records differ; "" when none do.
func difference(a, b records) string {
	var names []string
	for name, record := range a {
		if other, ok := b[name]; !ok || !same(record, other) {
			names = append(names, name)
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return slices.Min(names)
}

func (b *rollback) impossible(format string, args ...any) *diag.Diagnostic {
	return diag.At(diag.Span{}, "rollback-impossible", "%s", fmt.Sprintf(format, args...))
}

// problem notes why a part cannot be brought back.
func (b *rollback) problem(part, format string, args ...any) {
	b.problems.Add(b.impossible(format, args...).WithPath(part))
}
