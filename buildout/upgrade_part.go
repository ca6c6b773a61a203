package buildout

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/plan"
	"gobuild/parts"
	"gobuild/parts/disk"
	"gobuild/parts/state"
	"gobuild/parts/store"
)

// owns notes a path that belongs to a part. It reports whether the part makes
// it, which is then in the journal.
func (c *changes) owns(part, path string) (makes bool) {
	ch := c.change(part)
	c.mu.Lock()
	c.owner[path] = part
	makes = !disk.Exists(path) || ch.staged(path) != nil
	if makes {
		ch.made = append(ch.made, path)
	}
	c.mu.Unlock()
	if makes {
		_ = c.journal.note(line{"made", part, path}) // close tells of the error
	}
	return makes
}

// keeps notes a path that the part makes and that stays when it fails.
func (c *changes) keeps(part, path string) {
	ch := c.change(part)
	c.mu.Lock()
	c.owner[path] = part
	makes := !disk.Exists(path) || ch.staged(path) != nil || slices.Contains(c.failed[part], path)
	if makes && !slices.Contains(ch.kept, path) {
		ch.kept = append(ch.kept, path)
	}
	c.mu.Unlock()
	if makes {
		_ = c.journal.note(line{"keep", part, path})
	}
}

// staged returns the move whose new version is at path now.
func (ch *change) staged(path string) *move {
	for _, m := range ch.moves {
		if m.mounted && m.path == path {
			return m
		}
	}
	return nil
}

// completed puts staged directories in their places.
func (c *changes) completed(j *job) error {
	ch := c.change(j.node.Part)
	for _, m := range ch.moves {
		if !m.mounted {
			continue
		}
		err := disk.Unstage(m.path)
		if err == nil {
			m.mounted = false
			err = c.disk.Exchange(m.at, m.path)
		}
		if errors.Is(err, errors.ErrUnsupported) {
			err = c.exchangeByNames(ch, m)
		}
		if err != nil {
			return j.undeletable(m.path, err)
		}
	}
	return nil
}

// exchangeByNames is Exchange on a file system that lacks it.
func (c *changes) exchangeByNames(ch *change, m *move) error {
	from := m.at
	m.staged, m.at = false, sibling(m.path, ".gobuild-old")
	if err := c.journal.write(ch.moving(m)); err != nil {
		return err
	}
	if err := c.disk.Rename(m.path, m.at); err != nil {
		return err
	}
	return c.disk.Rename(from, m.path)
}

// finish notes what became of a part: it is recorded soon, or at once if there
// is nothing to sync. then, which may be nil, is called when it is recorded.
func (c *changes) finish(ctx context.Context, j *job, r parts.Record, err error, then func()) error {
	n := j.node
	switch {
	case err != nil && n.Decision == plan.Update && ctx.Err() == nil:
		return errors.Join(err, stateError(c.db.Drop(n.Part)))
	case err != nil:
		return err
	case n.Decision == plan.Update && slices.Equal(r.Paths, n.Old.Paths):
		err := c.db.Touch(n.Part)
		if err == nil && then != nil {
			then()
		}
		return stateError(err)
	}
	ch := c.change(n.Part)
	return c.commit.put(r, func() {
		c.mu.Lock()
		ch.settled = true
		c.mu.Unlock()
		if then != nil {
			then()
		}
		c.old <- ch
	})
}

// aboutToRecord notes the parts whose old version is obsolete once they are
// recorded, and where links led when they were installed.
func (c *changes) aboutToRecord(records []parts.Record) error {
	var lines []line
	for _, r := range records {
		if ch := c.known(r.Part); ch != nil && len(ch.moves)+len(ch.deletes) > 0 {
			lines = append(lines, line{"complete", r.Part, state.Digest(r)})
		}
	}
	if err := c.rememberLinks(records); err != nil {
		return unsynced(err)
	}
	if err := c.journal.begin(); err != nil {
		return err
	}
	return c.journal.write(lines...)
}

// cleanUp deletes what recorded parts do not need any more.
func (c *changes) cleanUp() {
	for ch := range c.old {
		c.settle(ch)
	}
}

// settle closes the change of a part that is recorded, or dropped.
func (c *changes) settle(ch *change) {
	var old []SetAside
	for _, m := range ch.moves {
		if m.isDone() {
			old = append(old, SetAside{m.path, m.at})
		} else if m.staged && disk.Exists(m.at) && disk.Exists(m.path) {
			old = append(old, SetAside{m.path, m.at}) // another program has installed the part
		}
	}
	errs := []error{c.saveStrays(ch, old)}
	if len(old) > 0 && errs[0] == nil {
		errs = append(errs, c.dispose(ch.part, old))
	}
	for _, path := range ch.deletes {
		if !c.isRecorded(path) {
			errs = append(errs, c.disk.RemoveTree(path))
		}
	}
	errs = append(errs, c.sweep(ch.part))
	if ch.isEmpty() {
		return
	}
	lines := []line{{"done", ch.part}}
	for _, s := range old {
		if disk.Exists(s.At) { // another try when the part changes next
			c.leave(ch.part, s.At)
			lines = append(lines, line{"failed", ch.part, s.At})
		}
	}
	_ = c.journal.note(lines...)
	if err := errors.Join(errs...); err != nil {
		c.say(event.Warning, ch.part, "what the part does not need any more is not deleted: "+plainReason(err))
	}
}

// deleteOld deletes what was set aside.
func (c *changes) deleteOld(_ string, old []SetAside) error {
	var errs []error
	for _, s := range old {
		errs = append(errs, c.disk.RemoveTree(s.At))
	}
	return errors.Join(errs...)
}

// leave remembers a path as what a failed part has left.
func (c *changes) leave(part, path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.failed[part], path) {
		c.failed[part] = append(c.failed[part], path)
	}
}

// sweep deletes what failed installations of a part have left, unless it
// belongs to a part by now.
func (c *changes) sweep(part string) error {
	c.mu.Lock()
	left := c.failed[part]
	delete(c.failed, part)
	c.mu.Unlock()
	if len(left) == 0 {
		return nil
	}
	var errs []error
	for _, path := range left {
		if c.isRecorded(path) || store.Holds(path, c.Base.Directory) {
			continue
		}
		if err := c.disk.RemoveTree(path); err != nil {
			errs = append(errs, err)
			c.leave(part, path)
		}
	}
	if len(errs) == 0 {
		_ = c.journal.note(line{"swept", part})
	}
	return errors.Join(errs...)
}

// failedTree returns where the tree of the part is whose installation failed;
// "" when there is none.
func (j *job) failedTree() string {
	if j.changes == nil {
		return ""
	}
	j.changes.mu.Lock()
	defer j.changes.mu.Unlock()
	for _, path := range slices.Backward(j.changes.failed[j.node.Part]) {
		if !strings.Contains(filepath.Base(path), ".gobuild-old") && disk.Exists(path) {
			return path
		}
	}
	return ""
}

// restoreFailed moves the failed tree to the location of the part, for a
// resume.
func (j *job) restoreFailed() error {
	tree := j.failedTree()
	location := j.node.Options["location"]
	if tree == "" || location == "" || tree == j.path(location) {
		return nil
	}
	location = j.path(location)
	c, ch := j.changes, j.changes.change(j.node.Part)
	to := location
	m := ch.staged(location)
	switch {
	case m != nil:
		if err := errors.Join(disk.Unstage(location), c.disk.RemoveTree(m.at)); err != nil {
			return err
		}
		m.mounted, to = false, m.at
	case disk.Exists(location):
		return diag.At(diag.Span{}, "resume-gone", "cannot go on where the build stopped: something else is at %s", location).WithPath(j.node.Part).
			WithHint("`gobuild install %s` builds the part from its beginning", j.node.Part)
	}
	c.keeps(j.node.Part, location)
	if err := c.disk.Rename(tree, to); err != nil {
		return err
	}
	if m != nil {
		if err := disk.Stage(m.at, location); err != nil {
			return err
		}
		m.mounted = true
	}
	c.mu.Lock()
	c.failed[j.node.Part] = slices.DeleteFunc(c.failed[j.node.Part], func(p string) bool { return p == tree })
	c.mu.Unlock()
	return nil
}
