package history

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/disk"
	"gobuild/parts/store"
)

// plan decides about each part and checks that all of it can be done.
func (b *rollback) plan() error {
	for _, name := range b.is.Parts() {
		if _, stays := b.was.Get(name); !stays {
			is, _ := b.is.Get(name)
			b.setAside(name, is.Paths)
			b.changes = append(b.changes, Change{Part: name, Action: SetAside})
		}
	}
	for _, name := range b.was.Parts() {
		b.planPart(name)
	}
	b.checkMoves()
	if len(b.problems) == 0 {
		return nil
	}
	return append(b.problems, diag.At(diag.Span{}, "rollback-impossible", "the state after run %s cannot be brought back; nothing was changed", b.target.ID).
		WithHint("`gobuild history` lists the runs; with --keep-previous a run keeps what it replaces"))
}

// planPart decides about a part that was installed then.
func (b *rollback) planPart(name string) {
	was, _ := b.was.Get(name)
	is, installed := b.is.Get(name)
	differs := !installed || !same(was, is)
	switch at := b.trees.at[name]; {
	case owned(was) && b.trees.unsure[name] != "":
		b.problem(name, "run %s did not end, and may have replaced the part", b.trees.unsure[name])
	case owned(was) && at != "":
		b.setAside(name, is.Paths)
		b.restore(name, at, was)
		b.changes = append(b.changes, Change{Part: name, Action: Restore, From: at})
	case !b.inPlace(name, was):
	case differs:
		b.setAside(name, slices.DeleteFunc(slices.Clone(is.Paths), func(p string) bool { return slices.Contains(was.Paths, p) }))
		b.changes = append(b.changes, Change{Part: name, Action: Rerecord})
	}
}

// owned reports whether a part has paths of its own.
func owned(r parts.Record) bool {
	return slices.ContainsFunc(r.Paths, func(p string) bool { return p != "" })
}

// inPlace checks that what the part needs is where it was.
func (b *rollback) inPlace(name string, was parts.Record) bool {
	paths := was.Paths
	if location := was.Options["location"]; isShared(location) {
		paths = append(slices.Clone(paths), location)
	}
	for _, path := range paths {
		if path == "" {
			continue
		}
		if _, err := os.Lstat(absolute(b.dir, path)); err != nil {
			b.problem(name, "%s is not there any more", absolute(b.dir, path))
			return false
		}
	}
	return true
}

// setAside plans to keep what the part owns now.
func (b *rollback) setAside(name string, paths []string) {
	n := &note{Version: noteVersion, Part: name}
	place := keptDir(b.dir, b.run.ID, name)
	for _, path := range outermost(b.dir, paths) {
		if _, err := os.Lstat(path); err != nil {
			continue
		}
		if store.Holds(path, b.dir) {
			b.problem(name, "%s holds the buildout directory", path)
			continue
		}
		if err := disk.CheckMounts(path); err != nil {
			b.problem(name, "%s cannot be moved: %v", path, err)
			continue
		}
		to := strconv.Itoa(len(n.Paths))
		n.Paths = append(n.Paths, keptPath{Path: path, Name: to})
		b.out = append(b.out, move{Part: name, From: path, To: filepath.Join(place, to)})
	}
	if len(n.Paths) > 0 {
		b.kept[name] = n
	}
}

// restore plans to put back what a run kept of the part.
func (b *rollback) restore(name, keeper string, was parts.Record) {
	place := keptDir(b.dir, keeper, name)
	n, err := readNote(place)
	if os.IsNotExist(err) {
		b.problem(name, "run %s replaced it and did not keep it", keeper)
		return
	}
	if err != nil {
		b.problem(name, "what run %s kept of it is not known: %v", keeper, reason(err))
		return
	}
	var back []string
	for _, p := range slices.Backward(n.Paths) { // what was moved last goes back first
		from := filepath.Join(place, p.Name)
		if _, err := os.Lstat(from); p.Name == "" || err != nil || !slices.Contains(absolutes(b.dir, was.Paths), p.Path) {
			continue
		}
		back = append(back, p.Path)
		b.in = append(b.in, move{Part: name, From: from, To: p.Path})
	}
	for _, path := range absolutes(b.dir, was.Paths) {
		if !slices.ContainsFunc(back, func(p string) bool { return isBelow(path, p) }) {
			b.problem(name, "%s is not among what run %s kept of it", path, keeper)
		}
	}
}

// absolutes makes recorded paths absolute.
func absolutes(dir string, paths []string) []string {
	var list []string
	for _, p := range paths {
		if p != "" {
			list = append(list, absolute(dir, p))
		}
	}
	return list
}

// checkMoves checks that each move will find its source, and its target free.
func (b *rollback) checkMoves() {
	leaving := make(map[string]bool, len(b.out))
	for _, m := range b.out {
		leaving[m.From] = true
		b.checkDevice(m.Part, m.From)
		b.checkLinks(b.last, m.Part, m.From)
	}
	for _, m := range b.in {
		b.checkDevice(m.Part, filepath.Dir(m.To))
		b.checkLinks(b.target, m.Part, m.To)
		if _, err := os.Lstat(m.To); err == nil && !below(leaving, m.To) {
			b.problem(m.Part, "%s is in the way: no part that is installed owns it", m.To)
		}
	}
	moved := map[string]bool{}
	for _, m := range slices.Concat(b.out, b.in) {
		moved[m.Part] = true
	}
	for _, name := range b.is.Parts() {
		is, _ := b.is.Get(name)
		for _, path := range absolutes(b.dir, is.Paths) {
			if !moved[name] && below(leaving, path) {
				b.problem(name, "%s would be moved away with another part", path)
			}
		}
	}
}

// below reports whether path or a directory above it is in the set.
func below(set map[string]bool, path string) bool {
	for ; ; path = filepath.Dir(path) {
		if set[path] {
			return true
		}
		if path == "/" || path == "." {
			return false
		}
	}
}

// checkLinks checks that a path is where it was after a run.
func (b *rollback) checkLinks(run *Run, part, path string) {
	if real, is := run.relinked(b.dir, path); is {
		b.problem(part, "%s leads to another place than after run %s: to %s", filepath.Dir(path), run.ID, real)
	}
}

// checkDevice checks that path, or what of it exists, is on the file system of
// the kept trees: only a rename is all or nothing.
func (b *rollback) checkDevice(part, path string) {
	var here, there syscall.Stat_t
	for ; ; path = filepath.Dir(path) {
		if err := syscall.Lstat(path, &there); err == nil || path == "/" {
			break
		}
	}
	if err := syscall.Lstat(stateDir(b.dir), &here); err != nil || here.Dev != there.Dev {
		b.problem(part, "%s is on another file system than %s", path, stateDir(b.dir))
	}
}
