package pack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/disk"
	"gobuild/parts/manifest"
	"gobuild/parts/relocate"
	"gobuild/parts/state"
)

const (
	moveFormat  = "gobuild-move"
	moveVersion = 1
	moveName    = "relocating.json"
)

// pendingMove is the note of a move whose new files are all written
// (.gobuild/relocating.json).
type pendingMove struct {
	Format   string   `json:"format"`
	Version  int      `json:"version"`
	From     string   `json:"from"`
	To       string   `json:"to"`
	Parts    int      `json:"parts"`
	Replaced []string `json:"replaced"` // relative to the tree; the new file has newSuffix
	// Renamed are directories, relative to the tree, that get another name when
	// all files are replaced.
	Renamed [][2]string `json:"renamed,omitempty"`
}

// replaceLater writes a new file or link beside the one that it replaces, with
// its mode and time.
func (m *mover) replaceLater(path string, info fs.FileInfo, content []byte, links map[inode]string) error {
	temp := path + newSuffix
	m.temps[path] = temp
	if err := m.unlock(filepath.Dir(path)); err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		return os.Symlink(string(content), temp)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Nlink > 1 {
		id := inode{uint64(stat.Dev), stat.Ino}
		if first, again := links[id]; again {
			return os.Link(first, temp)
		}
		links[id] = temp
	}
	f, err := m.Disk.Open(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(info.Mode().Perm())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		_ = os.Lchown(temp, int(stat.Uid), int(stat.Gid)) // as far as it is permitted
	}
	return os.Chtimes(temp, info.ModTime(), info.ModTime())
}

// unlock makes a directory writable, if need be, until undo or the end.
func (m *mover) unlock(dir string) error {
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm()&0o200 != 0 {
		return err
	}
	m.locked = append(m.locked, dir)
	return os.Chmod(dir, info.Mode().Perm()|0o200)
}

func (m *mover) relock() {
	for _, dir := range m.locked {
		if info, err := os.Stat(dir); err == nil {
			_ = os.Chmod(dir, info.Mode().Perm()&^0o200)
		}
	}
	m.locked = nil
}

// undo deletes what was written beside the files of the tree.
func (m *mover) undo() {
	for _, temp := range m.temps {
		_ = m.Disk.Remove(temp)
	}
	clear(m.temps)
	m.relock()
}

// sweep deletes what a run that was killed before its note has left.
func (m *mover) sweep() {
	delete := func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(p, newSuffix) {
			_ = m.Disk.Remove(p)
		}
		return nil
	}
	for _, root := range m.facts.Prefixes[:m.facts.Roots] {
		_ = filepath.WalkDir(m.here(root.Path), delete)
	}
	_ = filepath.WalkDir(filepath.Join(m.Dir, stateName), delete)
	_ = m.Disk.Remove(filepath.Join(m.Dir, installedName+newSuffix))
}

// stampAll makes .pyc files fit sources that have another size now.
func (m *mover) stampAll(sizes map[string]int64) error {
	if len(sizes) == 0 || m.MoveOptions.Check {
		return nil
	}
	for _, root := range m.facts.Prefixes[:m.facts.Roots] {
		err := filepath.WalkDir(m.here(root.Path), func(p string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(p, ".pyc") {
				return err
			}
			if size, ok := sizes[relocate.PycSource(p)]; ok {
				return m.stampOne(p, size)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *mover) stampOne(pyc string, size int64) error {
	source := relocate.PycSource(pyc)
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	at, written := pyc, false
	if temp, ok := m.temps[pyc]; ok {
		at, written = temp, true
	}
	content, err := os.ReadFile(at)
	if err != nil {
		return err
	}
	if !stampPyc(content, info.ModTime().Unix(), size, func() ([]byte, error) { return os.ReadFile(source + newSuffix) }) {
		return nil
	}
	was, err := os.Lstat(pyc)
	if err != nil {
		return err
	}
	if written {
		if err := m.Disk.Remove(at); err != nil {
			return err
		}
	}
	return m.replaceLater(pyc, was, content, map[inode]string{})
}

// complete writes the new records, then the note, then replaces all.
func (m *mover) complete(ctx context.Context) error {
	if err := m.rerecord(ctx); err != nil {
		return err
	}
	p := &pendingMove{Format: moveFormat, Version: moveVersion, From: m.from, To: m.Dir, Parts: len(m.source.Records)}
	for path := range m.temps {
		p.Replaced = append(p.Replaced, strings.TrimPrefix(path, m.Dir+"/"))
	}
	slices.Sort(p.Replaced)
	if now := m.here(m.source.PartsDirectory); now != m.parts {
		p.Renamed = append(p.Renamed, [2]string{strings.TrimPrefix(now, m.Dir+"/"), strings.TrimPrefix(m.parts, m.Dir+"/")})
	}
	if err := m.Disk.SyncAll([]string{m.Dir}); err != nil {
		return err
	}
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := replaceFile(m.note(), append(text, '\n'), m.Disk); err != nil {
		_ = m.Disk.Remove(m.note())
		return err
	}
	clear(m.temps) // from here on the move is completed, by this run or another
	if err = p.carryOut(m.Dir, m.Disk); err == nil {
		m.relock()
		return nil
	}
	return diag.At(diag.Span{}, "relocate-failed", "cannot complete the move of %s: %v", m.Dir, err).WithCause(err).
		WithHint("run `gobuild relocate` again: it goes on where it stopped")
}

func (m *mover) note() string { return filepath.Join(m.Dir, stateName, moveName) }

// carryOut replaces all files. It may be repeated.
func (p *pendingMove) carryOut(dir string, d *disk.Disk) error {
	for _, name := range p.Replaced {
		path := filepath.Join(dir, filepath.FromSlash(name))
		err := d.Rename(path+newSuffix, path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, r := range p.Renamed {
		from, to := filepath.Join(dir, r[0]), filepath.Join(dir, r[1])
		if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := d.Rename(from, to); err != nil {
			return err
		}
	}
	if err := d.SyncAll([]string{dir}); err != nil {
		return err
	}
	return d.Remove(filepath.Join(dir, stateName, moveName))
}

// resumeMove completes the move of a killed run; nil when there is none.
func resumeMove(o MoveOptions) (*Moved, error) {
	name := filepath.Join(o.Dir, stateName, moveName)
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, nil // look tells what is wrong
	}
	p := &pendingMove{}
	if err = json.Unmarshal(text, p); err == nil {
		err = p.check()
	}
	if err != nil {
		return nil, diag.At(diag.Span{}, "relocate-unknown", "cannot read %s: %v", name, err).WithCause(err).
			WithHint("it notes a move that was not completed: restore the tree from its archive")
	}
	done := &Moved{From: p.From, To: p.To, Parts: p.Parts, Files: p.Replaced, Completed: true}
	if o.Check {
		return done, nil
	}
	if err := p.carryOut(o.Dir, o.Disk); err != nil {
		return nil, diag.At(diag.Span{}, "relocate-failed", "cannot complete the move of %s: %v", o.Dir, err).WithCause(err).
			WithHint("run `gobuild relocate` again: it goes on where it stopped")
	}
	if p.To != o.Dir { // moved once more since
		return nil, nil
	}
	return done, nil
}

func (p *pendingMove) check() error {
	if p.Format != moveFormat || p.Version != moveVersion {
		return fmt.Errorf("it has format %q, version %d", p.Format, p.Version)
	}
	names := slices.Clone(p.Replaced)
	for _, r := range p.Renamed {
		names = append(names, r[0], r[1])
	}
	for _, name := range names {
		if !validPlace(name) {
			return fmt.Errorf("it names %q", name)
		}
	}
	return nil
}

// rerecord writes the new versions of what gobuild knows of the tree.
func (m *mover) rerecord(ctx context.Context) error {
	replace := newReplacer(m.facts.Prefixes, m.work.Prefixes())
	db, err := state.Open(m.Dir+"/"+installedName, state.Options{})
	if err != nil {
		return err
	}
	target := m.Dir + "/" + installedName
	m.temps[target] = target + newSuffix
	fresh, err := state.Open(target+newSuffix, state.Options{Disk: &disk.Disk{NoSync: true}})
	if err != nil {
		return err
	}
	var records []parts.Record
	for _, name := range db.Parts() {
		r, _ := db.Get(name)
		r.Options = replace.options(r.Options)
		paths := make([]string, len(r.Paths))
		for i, p := range r.Paths {
			paths[i] = m.there(p)
		}
		r.Paths = paths
		records = append(records, r)
	}
	if err := errors.Join(fresh.PutAll(records), fresh.Close()); err != nil {
		return err
	}
	digests := map[string]string{}
	for i, r := range records {
		digests[r.Part] = manifest.Digest(r)
		if err := m.relist(ctx, m.source.Records[i], r); err != nil {
			return err
		}
	}
	return m.reknow(digests)
}

// relist writes the new list of the files of a part, and its provenance.
func (m *mover) relist(ctx context.Context, old, r parts.Record) error {
	name := m.FileName(r.Part)
	list := manifest.FilesPath(m.source.StateDir, name)
	if f, ok := manifest.LoadFiles(list); ok && f.Digest == manifest.Digest(old) {
		f.Digest = manifest.Digest(r)
		for i := range f.Roots {
			f.Roots[i] = m.there(f.Roots[i])
		}
		for i := range f.All {
			if err := m.renote(&f.All[i]); err != nil {
				return err
			}
		}
		m.temps[list] = list + newSuffix
		if err := f.Save(list + newSuffix); err != nil {
			return err
		}
	}
	provenance := filepath.Join(m.Dir, filepath.FromSlash(provenanceName), name+".json")
	text, err := os.ReadFile(provenance)
	if err != nil {
		return nil // none was noted
	}
	if text, err = WithDigest(text, manifest.Digest(r)); err != nil {
		return nil // it tells nothing, now as before
	}
	m.temps[provenance] = provenance + newSuffix
	return os.WriteFile(provenance+newSuffix, append(text, '\n'), 0o666)
}

// renote changes what is noted of one file.
func (m *mover) renote(i *manifest.Installed) error {
	temp, replaced := m.temps[m.here(i.Path)]
	i.Path = m.there(i.Path)
	if !replaced {
		return nil
	}
	info, err := os.Lstat(temp)
	if err != nil {
		return err
	}
	if i.Kind == manifest.KindLink {
		i.Value, err = os.Readlink(temp)
		return err
	}
	data, err := os.ReadFile(temp)
	i.Size, i.Time, i.Value = info.Size(), info.ModTime().UnixNano(), sumOf(data)
	return err
}

// reknow writes what an unpacked tree knows about itself.
func (m *mover) reknow(digests map[string]string) error {
	if m.known == nil {
		return nil
	}
	r := *m.known
	r.Directory, r.Digests, r.Roots = m.Dir, digests, m.roots
	sortFacts(m.now)
	r.Facts = &relocate.Facts{Version: m.facts.Version, Prefixes: m.work.Prefixes(), Roots: m.facts.Roots, Files: m.now}
	target := filepath.Join(m.source.StateDir, relocationName)
	m.temps[target] = target + newSuffix
	text, err := json.Marshal(&r)
	if err != nil {
		return err
	}
	return os.WriteFile(target+newSuffix, append(text, '\n'), 0o666)
}
