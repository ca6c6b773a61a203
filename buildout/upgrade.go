package buildout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/plan"
	"gobuild/parts"
	"gobuild/parts/disk"
	"gobuild/parts/run"
	"gobuild/parts/state"
)

// changes is what a run changes on disk, in a way that can be undone.
//
// A part that is installed anew keeps its old version until the new one is
// recorded. The old paths are moved aside when zc.buildout would delete them;
// or, where the run has a mount namespace of its own, the new location is made
// beside the old one and exchanged with it (stage). When the part is recorded
// the old version is deleted, and when it fails, it is put back. A part that is
// removed is moved aside, dropped from the record, and then deleted. All this
// is in the journal before it happens.
type changes struct {
	*Engine
	db      *state.DB
	disk    *disk.Disk
	journal *journal
	commit  *committer
	// dispose deletes what a part does not need any more, or keeps it
	// elsewhere. It may be replaced before the run starts.
	dispose func(part string, old []SetAside) error

	mu       sync.Mutex
	parts    map[string]*change
	order    []*change
	owner    map[string]string   // paths that parts own by now
	failed   map[string][]string // what failed installations have left
	cleanup  sync.WaitGroup
	undone   []string          // paths that were put back
	unsure   []string          // parts that were recorded, perhaps before it was noted what they were made from
	links    map[string]string // nil before the file is read
	hasLinks bool              // there is such a file
	mounts   []string          // nil before they are looked for
	index    ownedPaths        // during recovery, when nothing is recorded
	// recovering says that the run has not begun.
	recovering  bool
	killed      time.Time // when it began
	begun       time.Time
	last        func()             // called by close before the journal is closed
	interrupted bool               // the run before was
	orphans     map[int]run.Orphan // commands that run, by session
	old         chan *change       // recorded parts whose old version is to be deleted
}

// SetAside is something that a part had at Path and that is now At.
type SetAside struct{ Path, At string }

// change is what a run does to one part.
type change struct {
	part     string
	digest   string // of the old record; "" when there is none
	moves    []*move
	deletes  []string   // paths that could not be moved
	made     []string   // paths that were not there before
	kept     []string   // the same, left by a failure
	strays   []SetAside // files in moves that the part did not make, and where they go
	complete string     // digest of the record that is about to be written
	cleared  bool       // only moves are left to be undone
	lost     bool       // the old version is gone
	settled  bool       // nothing is open
}

// move is one path of the old version.
type move struct {
	path, at string
	staged   bool   // at holds the new version, until the exchange
	inode    uint64 // of the old version, if staged
	mounted  bool   // at is mounted on path
}

// isDone reports whether at holds the old version.
func (m *move) isDone() bool {
	if m.staged {
		return disk.Inode(m.at) == m.inode
	}
	return disk.Exists(m.at)
}

// beginChanges opens the journal and makes good what was interrupted. It is
// called with the lock held, before the run is planned.
func (e *Engine) beginChanges(db *state.DB) (*changes, error) {
	c := &changes{
		Engine: e, db: db, disk: e.layer(), parts: map[string]*change{},
		owner: map[string]string{}, failed: map[string][]string{}, orphans: map[int]run.Orphan{}, old: make(chan *change, 64),
	}
	c.dispose = c.deleteOld
	c.journal = &journal{path: filepath.Join(e.stateDir(), "journal"), state: c.Base.Installed, disk: c.disk}
	return c, c.recover()
}

// layer is what files are changed through.
func (e *Engine) layer() *disk.Disk {
	if e.disk != nil {
		return e.disk
	}
	return &disk.Disk{NoSync: e.NoSync}
}

// start makes ready for the first change. stop is called when nothing can be
// recorded any more.
func (c *changes) start(g *plan.Graph, stop func(error)) error {
	c.begun = time.Now()
	c.commit = &committer{db: c.db, disk: c.disk, prepare: c.aboutToRecord, paths: c.pathsOf, stop: stop}
	c.commit.start()
	c.cleanup.Go(c.cleanUp)
	return c.announce(g)
}

// pathsOf returns what must be on disk before a part is recorded.
func (c *changes) pathsOf(r parts.Record) []string {
	paths := []string{c.Base.Directory}
	for _, p := range r.Paths {
		paths = append(paths, c.path(p))
	}
	return paths
}

// announce notes in the journal what will be moved.
func (c *changes) announce(g *plan.Graph) error {
	var lines []line
	staged := false
	for _, n := range g.Removed {
		ch := c.change(n.Part)
		ch.digest = state.Digest(*n.Old)
		for _, path := range c.ownPaths(n) {
			m := &move{path: path}
			if m.staged = c.isInside() && c.canStage(n); m.staged {
				m.at, m.inode, staged = sibling(path, disk.StageMark), disk.Inode(path), true
			} else {
				m.at = sibling(path, ".gobuild-old")
			}
			ch.moves = append(ch.moves, m)
			lines = append(lines, ch.moving(m))
		}
	}
	if staged {
		c.Events.Emit(event.Event{Kind: event.Message, Time: time.Now(), Level: event.Debug,
			Text: "new versions are built in a mount namespace, beside the old ones"})
	}
	return c.journal.write(lines...)
}

// moving is the line of a move.
func (ch *change) moving(m *move) line {
	if m.staged {
		return line{"stage", ch.part, m.path, m.at, ch.digest, strconv.FormatUint(m.inode, 10)}
	}
	return line{"aside", ch.part, m.path, m.at, ch.digest}
}

// ownPaths returns the recorded paths of a part that can be moved: those that
// are there, but none that lies in another one.
func (c *changes) ownPaths(n *plan.Node) []string {
	var own []string
	for _, p := range n.Old.Paths {
		if p == "" {
			continue
		}
		p = c.owned(p)
		if disk.Exists(p) && !slices.Contains(own, p) {
			own = append(own, p)
		}
	}
	return slices.DeleteFunc(slices.Clone(own), func(p string) bool {
		return slices.ContainsFunc(own, func(other string) bool { return other != p && isIn(p, other) })
	})
}

// owned is a recorded path as an absolute one without dots.
func (c *changes) owned(path string) string {
	path = c.path(strings.TrimRight(path, "/"))
	clean := filepath.Clean(path)
	if clean == path {
		return path
	}
	// A link before `..` leads to the parent of its target.
	real, err := filepath.EvalSymlinks(filepath.Dir(path))
	if last := filepath.Base(path); err == nil && last != ".." && last != "." && strings.Contains(path, "/../") {
		return filepath.Join(real, last)
	}
	return clean
}

// isIn reports whether a path is dir or lies in it, by name.
func isIn(path, dir string) bool {
	rest, ok := strings.CutPrefix(path, dir)
	return ok && (rest == "" || rest[0] == '/' || strings.HasSuffix(dir, "/"))
}

// longestName is the length of a name that every file system takes.
const longestName = 255

// sibling returns a name beside path that is free: .NAME and the ending.
func sibling(path, ending string) string {
	dir, name := filepath.Split(path)
	for n := 1; ; n++ {
		tail := ending
		if n > 1 {
			tail += "-" + strconv.Itoa(n)
		}
		at := dir + "." + name[:min(len(name), longestName-len(tail)-1)] + tail
		if !disk.Exists(at) {
			return at
		}
	}
}

// change returns the change of a part.
func (c *changes) change(part string) *change {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := c.parts[part]
	if ch == nil {
		ch = &change{part: part}
		c.parts[part] = ch
		c.order = append(c.order, ch)
	}
	return ch
}

// known returns the change of a part, nil if there is none.
func (c *changes) known(part string) *change {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.parts[part]
}

// isEmpty reports whether the journal says nothing of a part.
func (ch *change) isEmpty() bool {
	return len(ch.moves)+len(ch.deletes)+len(ch.made)+len(ch.kept) == 0
}

// job is Engine.job, for a part whose changes can be undone.
func (c *changes) job(n *plan.Node) *job {
	j := c.Engine.job(n)
	j.changes = c
	return j
}

// removeAll uninstalls what the graph removes, in its order. Parts that are not
// wanted any more are dropped from the record together.
func (c *changes) removeAll(ctx context.Context, nodes []*plan.Node) error {
	var gone []*change
	var err error
	for _, n := range nodes {
		if err = ctx.Err(); err != nil {
			break
		}
		if err = c.job(n).remove(ctx); err != nil {
			var lost *StateError
			if !errors.As(err, &lost) {
				err = failed(ctx, n.Part, err)
			}
			break
		}
		if n.Decision == plan.Remove {
			gone = append(gone, c.change(n.Part))
		}
	}
	return errors.Join(err, c.drop(gone))
}

// drop forgets parts whose paths are moved aside, and deletes these.
func (c *changes) drop(gone []*change) error {
	if len(gone) == 0 {
		return nil
	}
	var names, dirs []string
	for _, ch := range gone {
		names = append(names, ch.part)
		for _, m := range ch.moves {
			dirs = append(dirs, filepath.Dir(m.path))
		}
	}
	slices.Sort(dirs)
	for _, dir := range slices.Compact(dirs) {
		if err := c.disk.SyncDir(dir); err != nil && !disk.IsMissing(err) {
			return unsynced(err)
		}
	}
	if err := c.db.Drop(names...); err != nil {
		return stateError(err)
	}
	for _, ch := range gone {
		ch.settled = true
		c.old <- ch
	}
	return nil
}

// displace moves the old version of a part out of the way, but for what keep
// lists. Nothing is moved when a path must not be touched.
func (c *changes) displace(ctx context.Context, j *job, keep []string) error {
	ch := c.change(j.node.Part)
	for i, p := range keep {
		keep[i] = c.owned(p)
	}
	ch.moves = slices.DeleteFunc(ch.moves, func(m *move) bool { return slices.Contains(keep, m.path) })
	var errs diag.List
	for _, p := range j.node.Old.Paths {
		if p != "" && !slices.Contains(keep, c.owned(p)) {
			errs = append(errs, diag.All(c.untouchable(j, c.owned(p)))...)
		}
	}
	if err := errs.Err(); err != nil {
		return err
	}
	if err := c.findStrays(ctx, j, ch); err != nil {
		return err
	}
	for _, m := range ch.moves {
		if err := c.move(j, ch, m); err != nil {
			return err
		}
	}
	return nil
}

// move makes one move.
func (c *changes) move(j *job, ch *change, m *move) error {
	if !disk.Exists(m.path) {
		return nil // the recipe has deleted it
	}
	if m.staged {
		err := c.stage(j, m)
		if err == nil {
			return nil
		}
		fmt.Fprintf(j.log, "%s: the old version is set aside: %v\n", ch.part, err)
		m.staged, m.at = false, sibling(m.path, ".gobuild-old")
		if err := c.journal.write(ch.moving(m)); err != nil {
			return err
		}
	}
	err := c.disk.Rename(m.path, m.at)
	if errors.Is(err, syscall.EXDEV) {
		return c.delete(j, ch, m)
	}
	if err != nil {
		return j.undeletable(m.path, err)
	}
	return nil
}

// stage mounts a new directory over the old one.
func (c *changes) stage(j *job, m *move) error {
	if err := c.disk.Mkdir(m.at, 0o777&^fs.FileMode(j.umask())); err != nil {
		return err
	}
	if err := disk.Stage(m.at, m.path); err != nil {
		return errors.Join(err, c.disk.Remove(m.at))
	}
	m.mounted = true
	return nil
}

// delete deletes a path that the kernel does not move within its directory, as
// some layers of containers. A part that is installed anew then loses its old
// version, as in zc.buildout.
func (c *changes) delete(j *job, ch *change, m *move) error {
	ch.moves = slices.DeleteFunc(slices.Clone(ch.moves), func(other *move) bool { return other == m })
	ch.deletes = append(ch.deletes, m.path)
	if err := c.journal.write(line{"delete", ch.part, m.path, ch.digest}); err != nil {
		return err
	}
	if j.node.Decision == plan.Remove {
		return nil // after its record
	}
	c.say(event.Info, ch.part, m.path+" cannot be set aside: it is deleted before the part is installed anew")
	if err := c.db.Drop(ch.part); err != nil {
		return stateError(err)
	}
	ch.lost = true
	if err := c.disk.RemoveTree(m.path); err != nil {
		return j.undeletable(m.path, err)
	}
	return nil
}

// say tells the user something of a part.
func (c *changes) say(level event.Level, part, text string) {
	c.Events.Emit(event.Event{Kind: event.Message, Time: time.Now(), Part: part, Level: level, Text: text})
}
