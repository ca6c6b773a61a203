package pack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts/disk"
	"gobuild/parts/manifest"
	"gobuild/parts/relocate"
)

// MoveOptions say how a tree is made right where it is now.
type MoveOptions struct {
	Dir   string // where it is
	From  string // where it was; "" lets the tree tell
	Check bool   // only say what would be done
	Umask int
	Jobs  int
	Disk  *disk.Disk
	// FileName is the name of a part as that of a file.
	FileName func(part string) string
	// Padded returns the padded directory of parts of a buildout directory.
	Padded func(dir string) (string, bool)
}

// Moved is what was done to a tree, or would be.
type Moved struct {
	From, To  string
	Parts     int
	Files     []string // that name the old place
	Completed bool     // only what a killed run had left was done
	Problems  []relocate.Problem
	Warnings  diag.List
}

// newSuffix ends the names of files that are going to replace others.
const newSuffix = ".gobuild-moved"

// Move makes a tree right that was moved as a whole. A kill leaves it as it
// was, or to be completed by the next run.
func Move(ctx context.Context, o MoveOptions) (*Moved, error) {
	done, err := resumeMove(o)
	if done != nil || err != nil {
		return done, err
	}
	s, known, err := Open(o.Dir, o.FileName)
	if err != nil {
		return nil, err
	}
	from, err := oldPlace(o, s, known)
	if err != nil {
		return nil, err
	}
	s.At(from)
	m := &mover{MoveOptions: o, source: s, known: known, from: from, temps: map[string]string{}, parts: o.Dir + strings.TrimPrefix(s.PartsDirectory, from)}
	if padded, ok := o.Padded(from); ok && padded == s.PartsDirectory {
		m.parts = padFor(o)
	}
	out := &Moved{From: from, To: o.Dir, Parts: len(s.Records), Files: []string{}}
	if from == o.Dir {
		return out, nil
	}
	err = m.run(ctx, out)
	if err != nil && s.Facts != nil && ctx.Err() == nil && m.stale(err) { // files were changed since: look at them
		s.Facts = nil
		m.undo()
		err = m.run(ctx, out)
	}
	if err != nil {
		m.undo()
		return nil, m.failure(ctx, err)
	}
	return out, nil
}

// padFor returns the padded directory of parts in the new place, or a short one
// when there is no room to pad.
func padFor(o MoveOptions) string {
	if padded, ok := o.Padded(o.Dir); ok {
		return padded
	}
	return o.Dir + "/parts/r"
}

// oldPlace tells where the tree was.
func oldPlace(o MoveOptions, s *Source, known *Relocation) (string, error) {
	switch {
	case o.From != "":
		return o.From, nil
	case known != nil:
		return known.Directory, nil
	}
	if old := OldDirectory(o.Dir, s.Records); old != "" {
		return old, nil
	}
	return "", diag.At(diag.Span{}, "relocate-unknown", "where %s was before cannot be told: its records name files that are not below it", o.Dir).
		WithHint("name the old directory by --from")
}

// mover moves one tree in place.
type mover struct {
	MoveOptions
	source *Source // as it was
	known  *Relocation
	from   string
	parts  string            // the directory of parts in the new place
	temps  map[string]string // new files by the path of what they replace, as it is now
	facts  *relocate.Facts   // with the directories before the move
	roots  []Root            // those of facts
	work   *relocate.Mover
	now    []relocate.Fact
	locked []string // directories that were made writable
}

// stale reports whether an error may come from facts that are not true any
// more.
func (m *mover) stale(err error) bool {
	var p relocate.Problem
	return errors.As(err, &p) && p.Code == relocate.CodeChanged
}

// here is where a path of the old tree is now, before directories are renamed.
func (m *mover) here(old string) string { return m.Dir + strings.TrimPrefix(old, m.from) }

// there is where it is at the end.
func (m *mover) there(old string) string {
	if within(old, m.source.PartsDirectory) {
		return m.parts + strings.TrimPrefix(old, m.source.PartsDirectory)
	}
	return m.here(old)
}

func (m *mover) run(ctx context.Context, out *Moved) error {
	if err := m.look(ctx); err != nil {
		return err
	}
	moves := make([]relocate.Move, len(m.facts.Prefixes))
	for i, p := range m.facts.Prefixes {
		moves[i] = relocate.Move{From: p.Path, To: p.Path}
		if within(p.Path, m.from) {
			moves[i].To = m.there(p.Path)
		}
	}
	var err error
	if m.work, err = relocate.NewMover(m.facts, moves); err != nil {
		return moverError("the tree", m.Dir, err)
	}
	out.Problems = m.work.Check()
	out.Warnings = Warnings(out.Problems)
	if err := immovable("the tree", out.Problems); err != nil {
		return err
	}
	if !m.Check {
		m.sweep()
	}
	m.now = []relocate.Fact{}
	if err := m.rewriteAll(ctx, out); err != nil {
		return err
	}
	if m.Check {
		return nil
	}
	return m.complete(ctx)
}

// look finds the facts, as they were before the move.
func (m *mover) look(ctx context.Context) error {
	var all []owned
	for _, r := range m.source.Records {
		for _, p := range r.Paths {
			if p = filepath.Clean(p); !within(p, m.from) || p == m.from {
				return unsupported(r.Part, p, "it is not in the tree that was moved")
			}
			if _, err := os.Lstat(m.here(p)); err != nil {
				continue
			}
			all = append(all, owned{Root{r.Part, p[len(m.from)+1:]}, p})
		}
	}
	slices.SortStableFunc(all, func(a, b owned) int { return strings.Compare(a.path, b.path) })
	in := relocate.Input{Jobs: max(m.Jobs, 1)}
	var outer []owned
	for _, o := range all {
		if n := len(outer) - 1; n >= 0 && within(o.path, outer[n].path) {
			continue
		}
		outer = append(outer, o)
		in.Roots = append(in.Roots, relocate.Root{Path: m.here(o.path), Name: o.Place})
	}
	if m.facts = m.source.Facts; m.facts != nil && m.untouched() {
		m.roots = m.known.Roots
		return nil
	}
	m.roots = nil
	for _, o := range outer {
		m.roots = append(m.roots, Root{o.Part, strings.TrimPrefix(m.there(o.path), m.Dir+"/")})
	}
	in.Prefixes = m.source.prefixes(outer)
	in.Skip = func(_ relocate.Root, path string) bool { return strings.HasSuffix(path, newSuffix) }
	facts, err := relocate.Scan(ctx, in)
	if err != nil {
		return err
	}
	m.facts = asBefore(facts, func(now string) string { return m.from + strings.TrimPrefix(now, m.Dir) })
	return nil
}

// untouched reports whether all files look as they did when the facts were noted.
func (m *mover) untouched() bool {
	for _, r := range m.source.Records {
		f := m.source.filesOf(r)
		if f == nil {
			return false
		}
		for _, i := range f.All {
			info, err := os.Lstat(m.here(i.Path))
			if err != nil || i.Kind == manifest.KindFile && (info.Size() != i.Size || info.ModTime().UnixNano() != i.Time) {
				return false
			}
		}
	}
	return true
}

// asBefore turns the facts of a tree that was moved into those that it had in
// its old place: each root gets the path that its files name, which is a prefix
// of its own. What names the new place is right as it is.
func asBefore(facts *relocate.Facts, before func(now string) string) *relocate.Facts {
	old := map[string]int{}
	for i, p := range facts.Prefixes {
		old[p.Path] = i
	}
	out := &relocate.Facts{Version: facts.Version, Roots: facts.Roots}
	to := make([]int, len(facts.Prefixes))
	for i, p := range facts.Prefixes[:facts.Roots] {
		now := p.Path
		p.Path = before(now)
		out.Prefixes = append(out.Prefixes, p)
		if n, ok := old[p.Path]; ok && n != i {
			to[n] = i
			to[i] = -1 - i // a file that names the new place
		} else {
			to[i] = i
		}
	}
	for i, p := range facts.Prefixes[facts.Roots:] {
		i += facts.Roots
		if n := slices.IndexFunc(out.Prefixes[:facts.Roots], func(q relocate.Prefix) bool { return q.Path == p.Path }); n >= 0 {
			to[i] = n
			continue
		}
		to[i] = len(out.Prefixes)
		out.Prefixes = append(out.Prefixes, p)
	}
	for _, f := range facts.Files {
		out.Files = append(out.Files, swapped(f, to))
	}
	return out
}

// swapped is a fact of a moved tree with the prefixes of its old place.
func swapped(f relocate.Fact, to []int) relocate.Fact {
	var sites []relocate.Site
	for _, s := range f.Sites {
		if s.Prefix = to[s.Prefix]; s.Prefix >= 0 {
			sites = append(sites, s)
		}
	}
	f.Sites = sites
	var needs []int
	for _, n := range f.Needs {
		if n = to[n]; n < 0 {
			n = -1 - n
		}
		if n != f.Root {
			needs = append(needs, n)
		}
	}
	slices.Sort(needs)
	f.Needs = slices.Compact(needs)
	return f
}

// rewriteAll writes the new files beside those that they replace.
func (m *mover) rewriteAll(ctx context.Context, out *Moved) error {
	sizes := map[string]int64{} // of .py files that have another size
	links := map[inode]string{}
	for i := range m.facts.Files {
		f := &m.facts.Files[i]
		if err := ctx.Err(); err != nil {
			return err
		}
		path := m.here(m.facts.File(f))
		changed, size, err := m.rewriteOne(f, path, links)
		if err != nil {
			return err
		}
		if changed {
			out.Files = append(out.Files, path)
		}
		if size >= 0 && strings.HasSuffix(path, ".py") {
			sizes[path] = size
		}
	}
	return m.stampAll(sizes)
}

// rewriteOne writes one file. size is that of a file whose size changes, else
// negative.
func (m *mover) rewriteOne(f *relocate.Fact, path string, links map[inode]string) (changed bool, size int64, err error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, -1, nil // deleted since
	}
	var content []byte
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		var target string
		target, err = os.Readlink(path)
		content = []byte(target)
	} else if err == nil {
		content, err = os.ReadFile(path)
	}
	if err != nil {
		return false, -1, err
	}
	before := bytes.Clone(content)
	r, err := m.work.Rewrite(f, content)
	if err != nil {
		return false, -1, fmt.Errorf("move %s: %w", path, err)
	}
	if r.Fact.Kind != "" {
		m.now = append(m.now, r.Fact)
	}
	if bytes.Equal(before, r.Content) {
		return false, -1, nil
	}
	if size = -1; len(before) != len(r.Content) {
		size = int64(len(r.Content))
	}
	if m.Check {
		return true, size, nil
	}
	return true, size, m.replaceLater(path, info, r.Content, links)
}

// failure words an error of a move.
func (m *mover) failure(ctx context.Context, err error) error {
	var known *diag.Diagnostic
	if err = rewriteError("the tree", err); ctx.Err() != nil || errors.As(err, &known) {
		return err
	}
	return diag.At(diag.Span{}, "relocate-failed", "cannot relocate %s: %v", m.Dir, err).WithCause(err).
		WithHint("the tree is as it was; make it writable, or make room, and run again")
}
