package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"gobuild/buildout/diag"
	"gobuild/parts/manifest"
	"gobuild/parts/state"
)

// move is one rename of a rollback.
type move struct {
	Part string `json:"part"`
	From string `json:"from"`
	To   string `json:"to"`
}

// journal is what is going to be done. It is written before the first move and
// deleted after the last write, so that a rollback that was killed is undone or
// finished by the next run.
type journal struct {
	Version int    `json:"version"`
	Run     string `json:"run"` // the entry of the rollback
	Moves   []move `json:"moves"`
}

const journalVersion = 1

func journalPath(dir string) string { return filepath.Join(stateDir(dir), "rollback.json") }

// carryOut does what was planned. The warning tells of what is only history.
func (b *rollback) carryOut(keep int) (warning *diag.Diagnostic, err error) {
	b.run.Parts = b.parts()
	if err := b.run.begin(); err != nil {
		return nil, b.failed(err)
	}
	j := &journal{Version: journalVersion, Run: b.run.ID, Moves: slices.Concat(b.out, b.in)}
	if err := b.prepare(j); err != nil {
		return nil, b.failed(errors.Join(err, j.undo(b.dir)))
	}
	if err := j.carryOut(); err != nil {
		return nil, b.failed(errors.Join(err, j.undo(b.dir)))
	}
	if err := b.is.Restore(b.was); err != nil {
		return nil, b.failed(errors.Join(err, j.undo(b.dir)))
	}
	if err := j.finish(b.dir); err != nil {
		warning = diag.All(unwritten(b.dir, err))[0]
	}
	prune(b.dir, max(keep, 1))
	return warning, nil
}

// parts are the changes as parts of the run.
func (b *rollback) parts() []*Part {
	verbs := map[string]string{Restore: Restoring, Rerecord: Restoring, SetAside: SettingAside}
	var list []*Part
	for _, c := range b.changes {
		list = append(list, &Part{Part: c.Part, Verb: verbs[c.Action], Result: Done, From: c.From})
	}
	return list
}

// prepare writes the notes of what will be kept, and then the journal.
func (b *rollback) prepare(j *journal) error {
	for name, n := range b.kept {
		if err := n.write(keptDir(b.dir, b.run.ID, name)); err != nil {
			return err
		}
	}
	return j.write(b.dir)
}

func (b *rollback) failed(err error) error {
	return diag.At(diag.Span{}, "rollback-failed", "the state after run %s could not be brought back: %v", b.target.ID, err).WithCause(err).
		WithHint("nothing was changed; see the reason in the message")
}

func (j *journal) write(dir string) error {
	text, err := json.Marshal(j)
	if err != nil {
		return err
	}
	temp := journalPath(dir) + ".tmp"
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(temp, journalPath(dir))
	}
	if err != nil {
		os.Remove(temp)
		return err
	}
	return syncDir(stateDir(dir))
}

// carryOut makes all moves, and waits until they are on disk.
func (j *journal) carryOut() error {
	touched := map[string]bool{}
	for _, m := range j.Moves {
		if err := os.MkdirAll(filepath.Dir(m.To), 0o777); err != nil {
			return err
		}
		if _, err := os.Lstat(m.To); err == nil {
			return fmt.Errorf("%s is in the way", m.To)
		}
		if err := os.Rename(m.From, m.To); err != nil {
			return err
		}
		touched[filepath.Dir(m.From)], touched[filepath.Dir(m.To)] = true, true
	}
	for dir := range touched {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

// syncDir makes renames in a directory durable, where the file system knows
// such a thing.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	d.Sync()
	return d.Close()
}

// undo takes back what was done, and forgets the rollback.
func (j *journal) undo(dir string) error {
	for _, m := range slices.Backward(j.Moves) {
		if exists(m.From) || !exists(m.To) {
			continue
		}
		if err := os.Rename(m.To, m.From); err != nil {
			return err
		}
	}
	if err := os.Remove(journalPath(dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	os.RemoveAll(filepath.Join(previousDir(dir), j.Run)) // only notes are left
	return os.RemoveAll(filepath.Join(entriesDir(dir), j.Run))
}

// done reports whether all moves were made. A place that was left may be taken
// again by a later move.
func (j *journal) done() bool {
	taken := map[string]bool{}
	for _, m := range j.Moves {
		taken[m.To] = true
	}
	return !slices.ContainsFunc(j.Moves, func(m move) bool { return !exists(m.To) || exists(m.From) && !taken[m.From] })
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// finish completes the history of a rollback whose parts and record are in
// place, and forgets the journal.
func (j *journal) finish(dir string) error {
	run, err := read(dir, j.Run)
	if err == nil {
		err = run.close(dir)
	}
	for _, m := range j.Moves {
		if place := filepath.Dir(m.From); filepath.Dir(filepath.Dir(place)) == previousDir(dir) {
			removeEmpty(place)
		}
	}
	return errors.Join(err, os.Remove(journalPath(dir)))
}

// removeEmpty deletes a directory of kept trees in which only the note is left.
func removeEmpty(place string) {
	list, err := os.ReadDir(place)
	if err != nil || len(list) > 1 || len(list) == 1 && list[0].Name() != noteName {
		return
	}
	os.Remove(filepath.Join(place, noteName))
	os.Remove(place)
	os.Remove(filepath.Dir(place)) // fails when another part is left there
}

// close ends the entry of a rollback. What the manifest of the parts says must
// fit to them; what is not known of a part does no harm.
func (r *Run) close(dir string) error {
	path := manifest.Path(stateDir(dir))
	text, err := keptText(filepath.Join(entriesDir(dir), r.Target, manifestName))
	if err == nil {
		err = replace(path, text)
	}
	if err != nil {
		os.Remove(path)
	}
	for _, p := range r.Parts {
		os.Remove(manifest.FilesPath(stateDir(dir), fileName(p.Part)))
	}
	r.Result, r.End = Done, time.Now().UTC()
	r.Counts = r.count(0)
	return r.complete()
}

// Recover finishes or undoes a rollback that was killed. It is called while the
// directory is locked, before what is installed is read, and costs one look for
// a file when there is nothing to do.
func Recover(dir string) error {
	text, err := os.ReadFile(journalPath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	j := &journal{}
	if err == nil {
		err = json.Unmarshal(text, j)
	}
	if err == nil && (j.Version != journalVersion || !idForm().MatchString(j.Run)) {
		err = errors.New("it is damaged, or of another version")
	}
	if err == nil && j.done() && restored(dir, j.Run) {
		j.finish(dir) // only the history can be short of something
		return nil
	}
	if err == nil && overtaken(dir, j.Run) {
		return os.Remove(journalPath(dir))
	}
	if err == nil {
		err = j.undo(dir)
	}
	if err != nil {
		return diag.At(diag.Span{}, "rollback-failed", "a rollback was killed and cannot be undone: %s: %v", journalPath(dir), reason(err)).
			WithCause(err).WithHint("undo the moves that the file lists by hand, the last one first, and delete it")
	}
	return nil
}

// overtaken reports whether a run has begun after another one: what that had
// moved is not as it left it.
func overtaken(dir, id string) bool {
	names, err := ids(entriesDir(dir))
	return err == nil && len(names) > 0 && names[len(names)-1] > id
}

// restored reports whether what is installed is recorded as a rollback was to
// record it.
func restored(dir, id string) bool {
	run, err := read(dir, id)
	if err != nil {
		return false
	}
	target, err := read(dir, run.Target)
	if err != nil {
		return false
	}
	want, err := target.after()
	if err != nil {
		return false
	}
	is, err := state.Open(run.Installed, state.Options{})
	return err == nil && difference(want.All(), is.All()) == ""
}
