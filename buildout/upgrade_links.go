package buildout

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/disk"
	"gobuild/parts/store"
)

// untouchable tells why a recorded path is not deleted: it holds the buildout
// directory, gobuild has not installed it, it is reached over a link or mount
// that was not there then, or something is mounted in it.
func (c *changes) untouchable(j *job, path string) error {
	if store.Holds(path, c.Base.Directory) {
		return j.refused(path, "it holds the buildout directory")
	}
	for _, dir := range []string{c.Base.PartsDirectory, c.Base.BinDirectory, c.Base.EggsDirectory, c.Base.DevelopEggs} {
		if dir != "" && store.Holds(path, dir) {
			return j.refused(path, "it holds "+dir+", which is for all parts")
		}
	}
	if !disk.Exists(path) {
		return nil
	}
	known, remembers := c.remembered()
	trusted := !remembers || !strings.HasPrefix(j.node.Old.Signature, "gobuild:")
	way := c.detour(path, trusted)
	switch id, ok := known[path]; {
	case trusted && way == "", !trusted && ok && id == c.identity(path), !trusted && way == "" && isIn(path, c.Base.Directory):
	case way == "":
		return j.refused(path, "gobuild has not installed it")
	default:
		return c.detoured(j, path, way)
	}
	if mounted := (*disk.MountError)(nil); errors.As(disk.CheckMounts(path), &mounted) {
		return diag.At(diag.Span{}, "uninstall-mount", "%s is not deleted: a file system is mounted on %s", path, mounted.Path).
			WithPath(j.node.Part).WithHint("unmount it and run again")
	}
	return nil
}

// detoured is the error for a path that leads elsewhere by now.
func (c *changes) detoured(j *job, path, way string) error {
	if slices.Contains(c.mounts, way) {
		return diag.At(diag.Span{}, "uninstall-mount", "%s is not deleted: a file system is mounted on %s since the part was installed", path, way).
			WithPath(j.node.Part).WithHint("unmount it, or delete %s by hand, and run again", path)
	}
	return diag.At(diag.Span{}, "uninstall-link", "%s is not deleted: %s has become a symbolic link since the part was installed", path, way).
		WithPath(j.node.Part).WithHint("what is there now may belong to someone else: delete the link, or put the directory back, and run again")
}

// anchor is the directory up to which links and mounts do not matter: that of
// the buildout, or the root for what lies outside. When it is not known how
// paths were reached before, the directories that [buildout] names count, too.
func (c *changes) anchor(path string, trusted bool) string {
	dirs := []string{c.Base.Directory}
	if trusted {
		dirs = append(dirs, c.Base.BinDirectory, c.Base.PartsDirectory, c.Base.EggsDirectory, c.Base.DevelopEggs)
	}
	anchor := "/"
	for _, dir := range dirs {
		if dir != "" && dir != path && isIn(path, dir) && len(dir) > len(anchor) {
			anchor = dir
		}
	}
	return anchor
}

// detour returns the first directory above path, and below its anchor, that is
// a symbolic link, or a mount point in the buildout directory; "" if none is.
func (c *changes) detour(path string, trusted bool) string {
	at := c.anchor(path, trusted)
	if at == "/" && trusted {
		return ""
	}
	below, err := filepath.Rel(at, filepath.Dir(path))
	if err != nil || below == "." {
		return ""
	}
	mounts := at != "/" && !trusted
	for name := range strings.SplitSeq(below, "/") {
		at = filepath.Join(at, name)
		info, err := os.Lstat(at)
		if err == nil && info.Mode()&fs.ModeSymlink != 0 || mounts && slices.Contains(c.mountPoints(), at) {
			return at
		}
	}
	return ""
}

// mountPoints returns the mount points in the buildout directory, as they were
// when this was asked first.
func (c *changes) mountPoints() []string {
	if c.mounts == nil {
		c.mounts = disk.MountPoints(c.Base.Directory)
	}
	return c.mounts
}

// identity tells how a path is reached: the directory that it is in, links
// followed, and a mount point on the way.
func (c *changes) identity(path string) string {
	if way := c.detour(path, false); slices.Contains(c.mounts, way) {
		return c.realParent(path) + " mounted on " + way
	}
	return c.realParent(path)
}

// realParent is the directory of path with all links followed.
func (c *changes) realParent(path string) string {
	real, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return ""
	}
	return real
}

// linksPath is the file that tells how the paths of parts were reached when
// they were installed, if they lie outside of the directory or behind links or
// mounts: lines `link PATH IDENTITY` in the form of the journal.
func (c *changes) linksPath() string { return filepath.Join(c.stateDir(), "links") }

// remembered returns the identities of paths. ok is false when there is no file
// that tells them. A damaged line tells nothing: the path is then not deleted.
func (c *changes) remembered() (known map[string]string, ok bool) {
	if c.links != nil {
		return c.links, c.hasLinks
	}
	c.links = map[string]string{}
	text, err := os.ReadFile(c.linksPath())
	c.hasLinks = err == nil
	for text := range strings.SplitSeq(string(text), "\n") {
		if l, ok := parseLine(text); ok && len(l) == 3 && l[0] == "link" {
			c.links[l[1]] = l[2]
		}
	}
	return c.links, c.hasLinks
}

// rememberLinks notes how the paths of parts are reached that are about to be
// recorded.
func (c *changes) rememberLinks(records []parts.Record) error {
	known, ok := c.remembered()
	changed := !ok
	for _, r := range records {
		for _, p := range r.Paths {
			if p == "" {
				continue
			}
			p = c.owned(p)
			if isIn(p, c.Base.Directory) && c.detour(p, false) == "" {
				continue
			}
			if id := c.identity(p); known[p] != id {
				known[p], changed = id, true
			}
		}
	}
	if !changed {
		return nil
	}
	if err := c.writeLinks(); err != nil {
		return err
	}
	c.hasLinks = true
	return nil
}

func (c *changes) writeLinks() error {
	var lines []string
	for path, id := range c.links {
		lines = append(lines, line{"link", path, id}.text())
	}
	slices.Sort(lines)
	next := c.linksPath() + ".new"
	f, err := c.disk.Open(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o666)
	if err != nil {
		return err
	}
	err = c.disk.WriteAt(f, strings.Join(lines, ""), 0)
	if err == nil {
		err = c.disk.Sync(f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return c.disk.Rename(next, c.linksPath())
}
