package buildout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gobuild/buildout/event"
	"gobuild/parts/disk"
	"gobuild/parts/manifest"
)

// Files that someone has put into the tree of a part, or has changed there, are
// not deleted with it: they are strays, and are moved to a directory beside it,
// NAME.kept-TIME. It takes the list of files that was written when the part was
// installed; without one, as with zc.buildout, everything goes.
//
// What was made while gobuild ran is no stray: parts write into each other. Nor
// is what programs leave behind: see isProduct.

// findStrays notes the strays of a part whose tree is about to be moved away.
func (c *changes) findStrays(ctx context.Context, j *job, ch *change) error {
	if len(ch.moves) == 0 || c.KeepPrevious {
		return nil
	}
	files, ok := manifest.LoadFiles(manifest.FilesPath(c.stateDir(), fileName(ch.part)))
	if !ok || files.Digest != "" && files.Digest != manifest.Digest(*j.node.Old) {
		return nil
	}
	found, err := files.Verify(ctx, false)
	if err != nil {
		return err
	}
	runs := readRuns(c.runsPath())
	kept := map[string]string{} // directories by the path of the part
	var lines []line
	for _, path := range slices.Concat(found.Changed, found.Added) {
		info, err := os.Lstat(path)
		if err != nil || info.IsDir() || isProduct(path, info) || runs.hold(disk.Changed(info)) {
			continue
		}
		if to := c.keepStray(ch, path, kept); to != "" {
			ch.strays = append(ch.strays, SetAside{path, to})
			lines = append(lines, line{"stray", ch.part, path, to})
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return c.journal.write(lines...)
}

// keepStray returns where a stray goes, and tells the user of the directory.
func (c *changes) keepStray(ch *change, path string, kept map[string]string) string {
	i := slices.IndexFunc(ch.moves, func(m *move) bool { return isIn(path, m.path) })
	if i < 0 {
		return ""
	}
	tree := ch.moves[i].path
	to, ok := kept[tree]
	if !ok {
		to = freeName(tree + ".kept-" + time.Now().Format("20060102-150405"))
		kept[tree] = to
		c.say(event.Warning, ch.part, fmt.Sprintf("what was added or changed in %s since it was installed goes to %s", tree, to))
	}
	return to + strings.TrimPrefix(path, tree)
}

// isProduct reports whether a file is of a kind that programs leave behind when
// they run.
func isProduct(path string, info fs.FileInfo) bool {
	if !info.Mode().IsRegular() && info.Mode()&fs.ModeSymlink == 0 {
		return true // sockets and the like
	}
	switch filepath.Ext(path) {
	case ".pyc", ".pyo", ".pid", ".lock", ".log", ".sock":
		return true
	}
	for name := range strings.SplitSeq(path, "/") {
		if name == "__pycache__" || name == ".cache" {
			return true
		}
	}
	return false
}

// saveStrays moves strays out of what was set aside.
func (c *changes) saveStrays(ch *change, old []SetAside) error {
	for _, stray := range ch.strays {
		i := slices.IndexFunc(old, func(s SetAside) bool { return isIn(stray.Path, s.Path) })
		if i < 0 {
			continue
		}
		from := old[i].At + strings.TrimPrefix(stray.Path, old[i].Path)
		if !disk.Exists(from) {
			continue // a run that was killed has moved it
		}
		if err := os.MkdirAll(filepath.Dir(stray.At), 0o777); err != nil {
			return err
		}
		if err := c.disk.Rename(from, stray.At); err != nil {
			return err
		}
	}
	return nil
}

// freeName returns path, or path with a number that makes it free.
func freeName(path string) string {
	free := path
	for n := 2; disk.Exists(free); n++ {
		free = fmt.Sprintf("%s-%d", path, n)
	}
	return free
}

// span is the time of a run.
type span struct{ from, to time.Time }

type spans []span

// clockLag is how far the time of a file may lie before that of the clock.
const clockLag = 20 * time.Millisecond

func (s spans) hold(t time.Time) bool {
	return slices.ContainsFunc(s, func(run span) bool { return !t.Before(run.from.Add(-clockLag)) && !t.After(run.to) })
}

// runsPath is the file that tells when parts were installed: lines with two
// times, in nanoseconds.
func (c *changes) runsPath() string { return filepath.Join(c.stateDir(), "runs") }

// maxRuns limits the size of the file of runs; the older half is forgotten.
const maxRuns = 64 << 10

func readRuns(path string) spans {
	text, _ := os.ReadFile(path)
	var all spans
	for text := range strings.Lines(string(text)) {
		var from, to int64
		if n, err := fmt.Sscanf(text, "%d %d\n", &from, &to); err == nil && n == 2 {
			all = append(all, span{time.Unix(0, from), time.Unix(0, to)})
		}
	}
	return all
}

// noteRun remembers when a run was.
func (c *changes) noteRun(run span) error {
	f, err := c.disk.Open(c.runsPath(), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	text, at := fmt.Sprintf("%d %d\n", run.from.UnixNano(), run.to.UnixNano()), info.Size()
	if at > maxRuns {
		old, err := os.ReadFile(c.runsPath())
		if err != nil {
			return err
		}
		half := string(old[len(old)/2:])
		text, at = half[strings.Index(half, "\n")+1:]+text, 0
		if err := c.disk.Truncate(f, 0); err != nil {
			return err
		}
	}
	return errors.Join(c.disk.WriteAt(f, text, at))
}
