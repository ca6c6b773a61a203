package buildout

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/plan"
	"gobuild/parts/disk"
	"gobuild/parts/run"
	"gobuild/parts/state"
)

// recover makes good what a killed run has left: parts that were recorded lose
// their old version, all others get it back. It may be killed itself.
func (c *changes) recover() error {
	if err := c.db.Tidy(); err != nil {
		return stateError(err)
	}
	lines, err := readJournal(c.journal.path)
	if err != nil || len(lines) == 0 {
		return err
	}
	file, interrupted := c.load(lines)
	var done []string
	if interrupted {
		if err := c.endOrphans(); err != nil {
			return err
		}
		done, err = c.in(file, c.recoverAll)
	}
	if err != nil {
		return err
	}
	if len(done) > 0 {
		c.Events.Emit(event.Event{Kind: event.Message, Time: time.Now(), Level: event.Info,
			Text: "the last run was interrupted: " + strings.Join(done, "; ")})
	}
	c.parts, c.order, c.index, c.recovering = map[string]*change{}, nil, nil, false
	// The journal goes at the end of this run: should it be killed before the
	// record has its final form, the next run must know.
	c.interrupted = interrupted
	return nil
}

// in runs f with the records of another file, when the killed run had another
// one.
func (c *changes) in(file string, f func() ([]string, error)) ([]string, error) {
	if file == "" || file == c.Base.Installed {
		return f()
	}
	other, err := state.Open(file, state.Options{Disk: c.disk})
	if err != nil {
		return nil, stateError(err)
	}
	mine := c.db
	c.db = other
	defer func() { c.db = mine }()
	return f()
}

// load reads what is open. It returns the file of the records of a run that
// was interrupted; otherwise the journal only tells what failed parts have left.
func (c *changes) load(lines []line) (file string, interrupted bool) {
	c.recovering = true
	for _, l := range lines {
		if len(l) < 2 {
			continue
		}
		switch l[0] {
		case "state":
			file, interrupted = l[1], true
			if at, err := time.Parse(time.RFC3339Nano, slices.Concat(l, line{""})[2]); err == nil && c.killed.IsZero() {
				c.killed = at
			}
		case "command", "ended":
			c.loadCommand(l)
		default:
			c.loadLine(l)
		}
	}
	return file, interrupted
}

// loadCommand takes up a line about a command.
func (c *changes) loadCommand(l line) {
	session, err := strconv.Atoi(l[1])
	if err != nil {
		return
	}
	if l[0] == "command" && len(l) == 3 {
		c.orphans[session] = run.Orphan{Session: session, Start: l[2]}
	} else {
		delete(c.orphans, session)
	}
}

// started notes a command, so that what is left of it after a kill is ended
// before the next run changes anything.
func (c *changes) started(o run.Orphan) (ended func()) {
	session := strconv.Itoa(o.Session)
	_ = c.journal.note(line{"command", session, o.Start})
	return func() { _ = c.journal.note(line{"ended", session}) }
}

// endOrphans ends what is left of the commands of a killed run.
func (c *changes) endOrphans() error {
	for session, o := range c.orphans {
		if !o.End() {
			return &StateError{diag.At(diag.Span{}, "undo-failed", "processes of the interrupted run do not end: session %d", session).
				WithHint("`ps -s %d` shows them: end them, and run again", session)}
		}
	}
	c.orphans = map[int]run.Orphan{}
	return nil
}

// loadLine takes up a line about a part. A line with too few texts is passed
// over.
func (c *changes) loadLine(l line) {
	part, args := l[1], append(slices.Clone(l[2:]), make([]string, 4)...)
	switch l[0] {
	case "failed":
		c.leave(part, args[0])
		return
	case "swept":
		delete(c.failed, part)
		return
	case "done":
		if ch := c.known(part); ch != nil {
			*ch = change{part: part, settled: true}
		}
		return
	}
	ch := c.change(part)
	ch.settled = false
	switch l[0] {
	case "aside":
		ch.moves, ch.digest = append(ch.moves, &move{path: args[0], at: args[1]}), args[2]
	case "stage":
		inode, _ := strconv.ParseUint(args[3], 10, 64)
		ch.moves, ch.digest = append(ch.moves, &move{path: args[0], at: args[1], staged: true, inode: inode}), args[2]
	case "delete":
		ch.deletes, ch.digest = append(ch.deletes, args[0]), args[1]
	case "made":
		ch.made = append(ch.made, args[0])
	case "keep":
		ch.kept = append(ch.kept, args[0])
	case "stray":
		ch.strays = append(ch.strays, SetAside{args[0], args[1]})
	case "complete":
		ch.complete = args[0]
	case "cleared":
		ch.cleared = true
	}
}

// recoverAll finishes or undoes all that is open, and tells what it did.
func (c *changes) recoverAll() (done []string, err error) {
	var back, removed []string
	for _, ch := range c.all() {
		if ch.settled || ch.isEmpty() {
			continue
		}
		_, recorded := c.db.Get(ch.part)
		switch {
		case c.isCommitted(ch) && recorded:
			c.unsure = append(c.unsure, ch.part)
			c.settle(ch)
			continue
		case c.isCommitted(ch):
			if err := c.clear(ch, false); err != nil {
				return nil, err
			}
			c.settle(ch)
		case len(ch.moves) > 0:
			back = append(back, ch.part)
			err = c.undo(ch, false)
		default:
			if slices.ContainsFunc(slices.Concat(ch.made, ch.kept), func(p string) bool { return disk.Exists(p) && c.mayDelete(ch, p) }) {
				removed = append(removed, ch.part)
			}
			err = c.undo(ch, false)
		}
		if err != nil {
			return nil, err
		}
		ch.settled = true
	}
	if err := c.removeTemporaries(); err != nil {
		return nil, &StateError{fmt.Errorf("delete what an interrupted run has not finished: %w", err)}
	}
	slices.Sort(back)
	slices.Sort(removed)
	if err := c.db.Compact(); err != nil {
		return nil, stateError(err)
	}
	if len(back) > 0 {
		done = append(done, "parts are as they were before it: "+strings.Join(back, ", "))
	}
	if len(removed) > 0 {
		done = append(done, "what it had not finished is removed: "+strings.Join(removed, ", "))
	}
	return done, nil
}

// isCommitted reports whether the record tells of the new version: or of no
// version any more, or of one that another program has installed since.
func (c *changes) isCommitted(ch *change) bool {
	if len(ch.moves)+len(ch.deletes) == 0 {
		return false
	}
	r, ok := c.db.Get(ch.part)
	if !ok {
		return true
	}
	digest := state.Digest(r)
	return digest == ch.complete || digest != ch.digest
}

// ending is how a run ended.
type ending struct {
	graph *plan.Graph
	whole bool  // it was for all parts of the profile
	err   error // of the run
}

// close records what is finished, puts back what did not become installed,
// brings the record into the order of the graph and closes it.
func (c *changes) close(end ending) error {
	var errs []error
	if c.commit != nil {
		errs = append(errs, c.commit.close())
	}
	for _, ch := range c.all() {
		if ch.settled || ch.isEmpty() {
			continue
		}
		errs = append(errs, c.undo(ch, true))
	}
	close(c.old)
	c.cleanup.Wait()
	if c.last != nil {
		c.last()
	}
	if end.err == nil && errors.Join(errs...) == nil {
		errs = append(errs, c.sweepAll(end))
	}
	order := make([]string, len(end.graph.Parts))
	for i, n := range end.graph.Parts {
		order[i] = n.Part
	}
	c.db.SetOrder(order)
	if end.err == nil || len(c.db.Parts()) > 0 {
		// The file goes when the last part is removed, not when it failed:
		// zc.buildout leaves it then, too.
		errs = append(errs, stateError(c.db.Close()))
	}
	if err := errors.Join(errs...); err != nil {
		c.journal.close()
		return err
	}
	if c.journal.file == nil && !c.interrupted {
		return c.journal.err
	}
	if !c.begun.IsZero() {
		_ = c.noteRun(span{c.begun, time.Now()}) // without it, more counts as the user's
	}
	return c.closeJournal()
}

// sweepAll deletes, after a good run, what failed installations of its parts
// have left, and of parts that the profile does not have any more.
func (c *changes) sweepAll(end ending) error {
	var errs []error
	for part := range maps.Clone(c.failed) {
		if end.whole || slices.ContainsFunc(end.graph.Parts, func(n *plan.Node) bool { return n.Part == part }) {
			errs = append(errs, c.sweep(part))
			c.forgetFailure(part, nil)
		}
	}
	return errors.Join(errs...)
}

// closeJournal leaves in the journal what failed parts have left. What was put
// back is on disk before.
func (c *changes) closeJournal() error {
	if err := c.disk.SyncAll(c.undone); err != nil {
		return unsynced(err)
	}
	var lines []line
	for _, part := range slices.Sorted(maps.Keys(c.failed)) {
		for _, path := range c.failed[part] {
			if disk.Exists(path) {
				lines = append(lines, line{"failed", part, path})
			}
		}
	}
	return c.journal.replace(lines)
}

// comparePaths sorts by path so that what lies in a directory follows it.
func comparePaths(a, b SetAside) int {
	return cmp.Compare(strings.ReplaceAll(a.Path, "/", "\x00"), strings.ReplaceAll(b.Path, "/", "\x00"))
}

// plainReason is an error without the name of the operation.
func plainReason(err error) string {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return fmt.Sprintf("%s: %v", path.Path, path.Err)
	case errors.As(err, &link):
		return fmt.Sprintf("%s: %v", link.Old, link.Err)
	}
	return err.Error()
}
