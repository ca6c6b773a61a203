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
// directory, it is reached over a link that was not there when the part was
// installed, or something is mounted in it.
func (c *changes) untouchable(j *job, path string) error {
	if store.Holds(path, c.Base.Directory) {
		return j.refused(path)
	}
	if c.isTooWide(path) {
		return diag.At(diag.Span{}, "uninstall-refused", "%s is not deleted: it belongs to more than one part", path).WithPath(j.node.Part).
			WithHint("take it out of __buildout_installed__ in section [%s] of %s", j.node.Part, c.Base.Installed)
	}
	if !disk.Exists(path) {
		return nil
	}
	link := c.linkTo(path)
	if link != "" && c.realParent(path) != c.remembered()[path] && !c.isTrusted(j, path) {
		return diag.At(diag.Span{}, "uninstall-link", "%s is not deleted: %s has become a symbolic link since the part was installed", path, link).
			WithPath(j.node.Part).WithHint("what is there now may belong to someone else: delete the link, or put the directory back, and run again")
	}
	if mounted := (*disk.MountError)(nil); errors.As(disk.CheckMounts(path), &mounted) {
		return diag.At(diag.Span{}, "uninstall-mount", "%s is not deleted: a file system is mounted on %s", path, mounted.Path).
			WithPath(j.node.Part).WithHint("unmount it and run again")
	}
	return nil
}

// isTrusted reports whether links to a path outside of the directory are taken
// as they are: another program has recorded it, which does not remember them.
func (c *changes) isTrusted(j *job, path string) bool {
	return !strings.HasPrefix(j.node.Old.Signature, "gobuild:") && c.anchor(path) == "/"
}

// anchor is the directory that links may lead to: the nearest of those that
// [buildout] names, or the root.
func (c *changes) anchor(path string) string {
	anchor := "/"
	for _, dir := range []string{c.Base.Directory, c.Base.BinDirectory, c.Base.PartsDirectory, c.Base.EggsDirectory, c.Base.DevelopEggs} {
		if dir != "" && dir != path && isIn(path, dir) && len(dir) > len(anchor) {
			anchor = dir
		}
	}
	return anchor
}

// linkTo returns the first directory of path below its anchor that is a
// symbolic link, or "".
func (c *changes) linkTo(path string) string {
	at := c.anchor(path)
	below, err := filepath.Rel(at, filepath.Dir(path))
	if err != nil || below == "." {
		return ""
	}
	for name := range strings.SplitSeq(below, "/") {
		at = filepath.Join(at, name)
		info, err := os.Lstat(at)
		if err == nil && info.Mode()&fs.ModeSymlink != 0 {
			return at
		}
	}
	return ""
}

// realParent is the directory of path with all links followed.
func (c *changes) realParent(path string) string {
	real, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return ""
	}
	return real
}

// linksPath is the file that tells where links led when parts were installed:
// lines `link PATH DIRECTORY` in the form of the journal.
func (c *changes) linksPath() string { return filepath.Join(c.stateDir(), "links") }

// remembered returns the directories of paths that were reached over links. A
// file that is damaged tells of none: then nothing is deleted over a link.
func (c *changes) remembered() map[string]string {
	if c.links != nil {
		return c.links
	}
	c.links = map[string]string{}
	text, _ := os.ReadFile(c.linksPath())
	for text := range strings.SplitSeq(string(text), "\n") {
		if l, ok := parseLine(text); ok && len(l) == 3 && l[0] == "link" {
			c.links[l[1]] = l[2]
		}
	}
	return c.links
}

// rememberLinks notes how the paths of parts are reached that are about to be
// recorded.
func (c *changes) rememberLinks(records []parts.Record) error {
	changed := false
	for _, r := range records {
		for _, p := range r.Paths {
			if p == "" || c.linkTo(c.path(p)) == "" {
				continue
			}
			if p = c.path(p); c.remembered()[p] != c.realParent(p) {
				c.remembered()[p], changed = c.realParent(p), true
			}
		}
	}
	if !changed {
		return nil
	}
	return c.writeLinks()
}

func (c *changes) writeLinks() error {
	var lines []string
	for path, dir := range c.remembered() {
		lines = append(lines, line{"link", path, dir}.text())
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
