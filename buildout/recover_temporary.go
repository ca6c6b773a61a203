package buildout

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gobuild/parts/disk"
)

// removeTemporaries deletes what a run that was killed has written and not yet
// renamed: files beside those of parts, and in .gobuild.
func (c *changes) removeTemporaries() error {
	errs := []error{c.removeListsOf(c.db.Parts())}
	names := map[string]map[string]bool{} // of files that parts write, by directory
	note := func(path string) {
		dir := filepath.Dir(path)
		if names[dir] == nil {
			names[dir] = map[string]bool{}
		}
		names[dir][filepath.Base(path)] = true
	}
	for _, p := range c.recorded() {
		note(p.Path)
	}
	for _, ch := range c.all() {
		for _, path := range slices.Concat(ch.made, ch.kept) {
			note(path)
		}
	}
	for dir, known := range names {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if path := filepath.Join(dir, e.Name()); isTemporary(e.Name(), known) && c.isOfKilledRun(path, e) {
				errs = append(errs, c.disk.RemoveTree(path))
			}
		}
	}
	return errors.Join(errs...)
}

// isTemporary reports whether a name is that of an unfinished one of known
// names: a dot before it, and a number behind it.
func isTemporary(name string, known map[string]bool) bool {
	const shortest = 6 // digits
	rest, ok := strings.CutPrefix(name, ".")
	base := strings.TrimRight(rest, "0123456789")
	// The name may end with digits itself.
	for n := len(base); ok && n <= len(rest)-shortest; n++ {
		if known[rest[:n]] {
			return true
		}
	}
	return false
}

// isOfKilledRun reports whether a file was written since the killed run began;
// a directory holds nothing but an unfinished link.
func (c *changes) isOfKilledRun(path string, e fs.DirEntry) bool {
	info, err := e.Info()
	if err != nil || disk.Changed(info).Before(c.killed.Add(-clockLag)) {
		return false
	}
	if !info.IsDir() {
		return info.Mode().IsRegular()
	}
	entries, err := os.ReadDir(path)
	return err == nil && (len(entries) == 0 || len(entries) == 1 && entries[0].Type()&fs.ModeSymlink != 0)
}

// removeListsOf deletes in .gobuild unfinished files, and lists of files of
// parts that are none of these.
func (c *changes) removeListsOf(installed []string) error {
	known := map[string]bool{}
	for _, part := range installed {
		known[fileName(part)] = true
	}
	var errs []error
	lists, _ := os.ReadDir(filepath.Join(c.stateDir(), "files"))
	for _, e := range lists {
		if !known[e.Name()] {
			errs = append(errs, c.disk.Remove(filepath.Join(c.stateDir(), "files", e.Name())))
		}
	}
	entries, _ := os.ReadDir(c.stateDir())
	for _, e := range entries {
		if e.Type().IsRegular() && (strings.HasSuffix(e.Name(), ".tmp") || strings.HasSuffix(e.Name(), ".new")) {
			errs = append(errs, c.disk.Remove(filepath.Join(c.stateDir(), e.Name())))
		}
	}
	return errors.Join(errs...)
}

// startText is the time of the start of a run, as the journal has it.
func startText(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
