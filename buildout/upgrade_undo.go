package buildout

import (
	"errors"
	"os"
	"path/filepath"
	"slices"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts/disk"
	"gobuild/parts/store"
)

// undo removes what an installation that does not count has made, and puts the
// old version back. Each step may be repeated after a kill. live says that the
// run has not been killed: it knows what it leaves to be looked at.
func (c *changes) undo(ch *change, live bool) error {
	if ch.lost { // the old version is gone, only rubbish of it is left
		err := c.clear(ch, live)
		c.settle(ch)
		return err
	}
	if err := c.clear(ch, live); err != nil {
		return err
	}
	back, err := c.putBack(ch)
	if err != nil {
		return err
	}
	if live && back {
		c.say(event.Info, ch.part, "the version that was installed before is in its place again")
	}
	if ch.isEmpty() {
		return nil
	}
	return c.journal.note(line{"done", ch.part})
}

// clear removes what the part has made. What a failed part leaves is moved to a
// name of its own if the old version needs the place.
func (c *changes) clear(ch *change, live bool) error {
	if ch.cleared {
		return nil
	}
	if err := c.unstage(ch); err != nil {
		return err
	}
	for _, path := range slices.Backward(ch.made) {
		if c.mayDelete(ch, path) {
			if err := c.disk.RemoveTree(path); err != nil {
				return c.stuck(ch, path, err)
			}
		}
	}
	for _, m := range ch.moves {
		if err := c.clearMove(ch, m, live); err != nil {
			return c.stuck(ch, m.path, err)
		}
	}
	for _, path := range ch.kept {
		if err := c.clearKept(ch, path, live); err != nil {
			return c.stuck(ch, path, err)
		}
	}
	ch.cleared = true
	if len(ch.moves) == 0 {
		return nil
	}
	return c.journal.write(line{"cleared", ch.part})
}

// unstage gives staged directories their old names again.
func (c *changes) unstage(ch *change) error {
	for _, m := range ch.moves {
		if m.mounted {
			if err := disk.Unstage(m.path); err != nil {
				return c.stuck(ch, m.path, err)
			}
			m.mounted = false
		}
		if m.staged && m.isDone() {
			if err := c.disk.Exchange(m.at, m.path); err != nil {
				return c.stuck(ch, m.path, err)
			}
		}
	}
	return nil
}

// clearMove clears the place of an old path, or the directory that was made to
// be exchanged with it.
func (c *changes) clearMove(ch *change, m *move, live bool) error {
	if !m.staged {
		if !m.isDone() || !disk.Exists(m.path) || c.isForeign(ch, m.path) {
			return nil
		}
		return c.keepFailed(ch, m.path, m.path, live)
	}
	switch {
	case !disk.Exists(m.at):
		return nil
	case slices.Contains(ch.made, m.path):
		return c.disk.RemoveTree(m.at)
	}
	return c.keepFailed(ch, m.at, m.path, live)
}

// keepFailed moves a tree that was to be at location to a name for failed
// ones, or deletes it if nobody wants it.
func (c *changes) keepFailed(ch *change, tree, location string, live bool) error {
	if !c.isWanted(ch, location, live) || isEmptyDir(tree) {
		return c.disk.RemoveTree(tree)
	}
	to := sibling(location, ".gobuild-failed")
	if err := c.journal.note(line{"failed", ch.part, to}); err != nil {
		return err
	}
	if err := c.disk.Rename(tree, to); err != nil {
		return err
	}
	c.leave(ch.part, to)
	return nil
}

// isWanted reports whether the tree of a failed part may be of use: for the
// user after a failure, and after a kill for a resume. What a part has made
// without a word is kept.
func (c *changes) isWanted(ch *change, location string, live bool) bool {
	if live || !slices.Contains(ch.kept, location) {
		return true
	}
	f, err := c.Failure(ch.part)
	return err == nil && f != nil && f.Left != nil
}

func isEmptyDir(path string) bool {
	entries, err := os.ReadDir(path)
	return err == nil && len(entries) == 0
}

// clearKept deals with what a failure leaves in its place.
func (c *changes) clearKept(ch *change, path string, live bool) error {
	if slices.ContainsFunc(ch.moves, func(m *move) bool { return m.path == path }) || !disk.Exists(path) || !c.mayDelete(ch, path) {
		return nil
	}
	if !c.isWanted(ch, path, live) {
		return c.disk.RemoveTree(path)
	}
	c.leave(ch.part, path)
	return c.journal.note(line{"failed", ch.part, path})
}

// mayDelete reports whether nothing at path or below it belongs to another
// part, or is an old version.
func (c *changes) mayDelete(ch *change, path string) bool {
	if store.Holds(path, c.Base.Directory) || c.isForeign(ch, path) {
		return false
	}
	for _, other := range c.all() {
		for _, m := range other.moves {
			if isIn(m.at, path) && disk.Exists(m.at) {
				return false
			}
		}
	}
	if r, ok := c.db.Get(ch.part); ok {
		for _, p := range r.Paths {
			if p = c.path(p); isIn(p, path) && !ch.isAway(p) {
				return false
			}
		}
	}
	return true
}

// isAway reports whether the old version of a path is set aside.
func (ch *change) isAway(path string) bool {
	return slices.ContainsFunc(ch.moves, func(m *move) bool { return isIn(path, m.path) && m.isDone() })
}

// all returns the changes so far.
func (c *changes) all() []*change {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.order)
}

// isForeign reports whether something at path or below it belongs to another
// part.
func (c *changes) isForeign(ch *change, path string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for owned, part := range c.owner {
		if part != ch.part && isIn(owned, path) {
			return true
		}
	}
	return c.recorded().below(path, ch.part)
}

// isRecorded reports whether something at path or below it belongs to an
// installed part.
func (c *changes) isRecorded(path string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.recorded().below(path, "")
}

// ownedPaths are the paths of all records, sorted, with their parts.
type ownedPaths []SetAside

// recorded returns what installed parts own. During recovery, when nothing is
// recorded, it is computed once.
func (c *changes) recorded() ownedPaths {
	if c.index != nil {
		return c.index
	}
	var list ownedPaths
	for part, r := range c.db.All() {
		for _, p := range r.Paths {
			if p != "" {
				list = append(list, SetAside{c.path(p), part})
			}
		}
	}
	slices.SortFunc(list, comparePaths)
	if c.recovering {
		c.index = list
	}
	return list
}

// below reports whether path or something below it belongs to a part other
// than except.
func (o ownedPaths) below(path, except string) bool {
	i, _ := slices.BinarySearchFunc(o, SetAside{Path: path}, comparePaths)
	for ; i < len(o) && isIn(o[i].Path, path); i++ {
		if o[i].At != except {
			return true
		}
	}
	return false
}

// putBack moves old paths back. A path that another part has taken meanwhile
// stays aside.
func (c *changes) putBack(ch *change) (back bool, err error) {
	var taken []string
	for _, m := range slices.Backward(ch.moves) {
		switch {
		case m.staged:
			back = true
			continue
		case !disk.Exists(m.at):
			continue // it was never moved, or is back already
		case disk.Exists(m.path):
			taken = append(taken, m.path)
			if err := c.leaveAside(ch, m); err != nil {
				return back, err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(m.path), 0o777); err != nil {
			return back, c.stuck(ch, m.path, err)
		}
		if err := c.disk.Rename(m.at, m.path); err != nil {
			return back, c.stuck(ch, m.path, err)
		}
		back, c.undone = true, append(c.undone, m.path)
	}
	return back && len(taken) == 0, c.disown(ch, taken)
}

// leaveAside leaves an old path aside until the part is installed again.
func (c *changes) leaveAside(ch *change, m *move) error {
	c.say(event.Warning, ch.part, "the old "+m.path+" stays in "+m.at+": another part has installed that path since")
	c.leave(ch.part, m.at)
	return c.journal.note(line{"failed", ch.part, m.at})
}

// disown takes paths that belong to other parts by now out of the record of
// the old version.
func (c *changes) disown(ch *change, taken []string) error {
	r, ok := c.db.Get(ch.part)
	if len(taken) == 0 || !ok {
		return nil
	}
	r.Paths = slices.DeleteFunc(slices.Clone(r.Paths), func(p string) bool { return slices.Contains(taken, c.path(p)) })
	return stateError(c.db.Put(r))
}

// stuck is the error for something that cannot be undone now.
func (c *changes) stuck(ch *change, path string, err error) error {
	if known := (*StateError)(nil); errors.As(err, &known) {
		return err
	}
	return &StateError{diag.At(diag.Span{}, "undo-failed", "cannot put back what the part was before: %s: %v", path, plainReason(err)).WithPath(ch.part).
		WithCause(err).WithHint("the next run tries again, once that is possible")}
}
