package cli

import (
	"errors"
	"os"

	"gobuild/buildout"
	"gobuild/buildout/diag"
	"gobuild/buildout/history"
	"gobuild/buildout/ui"
)

// record is what is written down of a run: its entry of the history, and what
// --trace and --junit ask for.
type record struct {
	*history.Recorder
	app    *app
	screen ui.Screen
}

// newRecord returns a record whose sink passes all events on to the screen.
func (a *app) newRecord(screen ui.Screen) (*record, error) {
	s, err := a.settings()
	if err != nil {
		return nil, err
	}
	for _, name := range []string{a.flags.run.trace, a.flags.run.junit} {
		if err := a.checkWritable(name); err != nil {
			return nil, err
		}
	}
	c := history.Config{Command: shownCommand(a.Args), Version: version(), Profile: a.flags.config, Keep: s.History, Mask: a.conceal}
	return &record{history.NewRecorder(screen, c), a, screen}, nil
}

// checkWritable tells before hours of building that a file cannot be written.
func (a *app) checkWritable(name string) error {
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(a.path(name), os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return usage("%v", err)
	}
	return f.Close()
}

// ended completes the entry and writes the files that were asked for. What goes
// wrong with them is a warning: the run itself is over.
func (r *record) ended(err error) {
	run, problem := r.Finish(err)
	r.warn(problem)
	r.write(r.app.flags.run.trace, func(f *os.File) error { return history.WriteTrace(f, run) })
	r.write(r.app.flags.run.junit, func(f *os.File) error { return history.WriteJUnit(f, run) })
}

// write makes a file that was asked for.
func (r *record) write(name string, content func(*os.File) error) {
	if name == "" {
		return
	}
	f, err := os.Create(r.app.path(name))
	if err == nil {
		err = errors.Join(content(f), f.Close())
	}
	if err != nil {
		d := diag.At(diag.Span{}, "report-unwritten", "%v", err).WithCause(err)
		d.Severity = diag.Warning
		r.warn(d)
	}
}

func (r *record) warn(err error) {
	if err != nil {
		r.app.warn(r.screen, diag.All(err))
	}
}

// keep moves what is replaced or removed to where a rollback finds it.
func (r *record) keep(dir string) func(part string, old []buildout.SetAside) error {
	return func(part string, old []buildout.SetAside) error {
		trees := make([]history.Tree, len(old))
		for i, o := range old {
			trees[i] = history.Tree{Path: o.Path, At: o.At}
		}
		err := history.KeepTrees(dir, r.ID(), part, trees)
		if d := (*diag.Diagnostic)(nil); errors.As(err, &d) && d.Severity == diag.Warning {
			r.warn(err) // nothing is left to be deleted
			return nil
		}
		return err
	}
}
