package pack

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts/disk"
	"gobuild/parts/relocate"
)

// StripOptions say how symbols and debug information are taken away.
type StripOptions struct {
	Objcopy string // the program of binutils
	Temp    string // an empty directory
	Time    int64
	Level   Level
	Disk    *disk.Disk
	Output  string // of the archive with the debug information
	// Run runs a program.
	Run func(ctx context.Context, argv ...string) error
}

// Stripped is what became of a tree.
type Stripped struct {
	Path    string `json:"path"` // of the archive with the debug information
	Files   int    `json:"files"`
	Removed int64  `json:"removed"` // bytes less
}

// Strip takes symbols and debug information away from the programs and
// libraries of the tree as it is packed, and writes them to an archive of their
// own, by build-id. The tree on disk stays as it is.
func (t *Tree) Strip(ctx context.Context, o StripOptions) (*Stripped, error) {
	s := &stripper{Tree: t, o: o, out: &Stripped{Path: o.Output}}
	if err := s.canonical(ctx); err != nil {
		return nil, err
	}
	for _, m := range s.list {
		if err := s.one(ctx, m); err != nil {
			return nil, err
		}
	}
	if err := s.rescan(ctx); err != nil {
		return nil, err
	}
	return s.out, s.archive()
}

type stripper struct {
	*Tree
	o     StripOptions
	out   *Stripped
	mover *relocate.Mover
	list  []*member
	debug []debugFile
}

// debugFile is a file with debug information.
type debugFile struct{ place, at string }

func (s *stripper) file(m *member) string {
	return filepath.Join(s.o.Temp, "tree", filepath.FromSlash(m.Path))
}

// canonical writes the files that can be stripped, as archives have them.
func (s *stripper) canonical(ctx context.Context) (err error) {
	if s.mover, err = relocate.NewMover(s.Facts, s.Facts.Canonical()); err != nil {
		return err
	}
	return s.produce(ctx, s.mover, s.o.Time, func(p *produced) error {
		if p.Type != TypeFile || !strippable(p.Data) {
			return nil
		}
		path := s.file(p.member)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		s.list = append(s.list, p.member)
		return os.WriteFile(path, p.Data, 0o644)
	})
}

// strippable reports whether content is a program or library with symbols or
// debug information.
func strippable(content []byte) bool {
	if !bytes.HasPrefix(content, []byte(elf.ELFMAG)) {
		return false
	}
	f, err := elf.NewFile(bytes.NewReader(content))
	if err != nil || f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
		return false
	}
	return slices.ContainsFunc(f.Sections, func(s *elf.Section) bool {
		return s.Type == elf.SHT_SYMTAB || strings.HasPrefix(s.Name, ".debug_") || strings.HasPrefix(s.Name, ".zdebug_")
	})
}

func (s *stripper) one(ctx context.Context, m *member) error {
	path := s.file(m)
	before, err := os.Stat(path)
	if err != nil {
		return err
	}
	debug := filepath.Join(s.o.Temp, fmt.Sprintf("debug-%d", len(s.debug)))
	for _, argv := range [][]string{
		{s.o.Objcopy, "--only-keep-debug", "--compress-debug-sections=none", path, debug},
		{s.o.Objcopy, "--strip-unneeded", path},
	} {
		if err := s.o.Run(ctx, argv...); err != nil {
			return diag.At(diag.Span{}, "strip", "cannot strip %s: %v", m.at, err).WithCause(err).
				WithHint("leave --strip out, or install another binutils")
		}
	}
	after, err := os.Stat(path)
	if err != nil {
		return err
	}
	s.out.Files++
	s.out.Removed += before.Size() - after.Size()
	s.debug = append(s.debug, debugFile{debugPlace(debug, m.Path), debug})
	return nil
}

// debugPlace is where debuggers look for debug information: by the build-id, if
// there is one.
func debugPlace(debug, place string) string {
	const header = 16 // of the note, the name GNU included
	if f, err := elf.Open(debug); err == nil {
		defer f.Close()
		if n := f.Section(".note.gnu.build-id"); n != nil && n.Type == elf.SHT_NOTE {
			if data, err := n.Data(); err == nil && len(data) > header+1 {
				id := hexOf(data[header:])
				return ".build-id/" + id[:2] + "/" + id[2:] + ".debug"
			}
		}
	}
	return place + ".debug"
}

// rescan finds where the stripped files name directories.
func (s *stripper) rescan(ctx context.Context) error {
	moved := s.mover.Prefixes()
	in := relocate.Input{Jobs: s.Tree.jobs}
	canonical := map[string]int{} // roots by where their stripped files are
	for i, o := range s.roots {
		at := filepath.Join(s.o.Temp, "tree", filepath.FromSlash(o.Place))
		if _, err := os.Lstat(at); err == nil {
			in.Roots = append(in.Roots, relocate.Root{Path: at, Name: moved[i].Name})
			canonical[at] = i
		}
	}
	in.Prefixes = moved
	facts, err := relocate.Scan(ctx, in)
	if err != nil {
		return err
	}
	facts = asBefore(facts, func(now string) string { return moved[canonical[now]].Path })
	to := make([]int, len(facts.Prefixes))
	for i, p := range facts.Prefixes {
		to[i] = slices.IndexFunc(moved, func(q relocate.Prefix) bool { return q.Path == p.Path })
	}
	known := map[string]*relocate.Fact{}
	for _, f := range facts.Files {
		f = reindexed(f, to)
		f.BuildID = false // it is that of the debug information
		known[placeOf(s.roots[f.Root].Root, f.Path)] = &f
	}
	for _, m := range s.list {
		m.stripped, m.strippedFact = s.file(m), known[m.Path]
	}
	return nil
}

// archive writes the debug information.
func (s *stripper) archive() error {
	out, err := os.CreateTemp(filepath.Dir(s.o.Output), ".gobuild-pack-*")
	if err != nil {
		return unwritten(s.o.Output, err)
	}
	defer os.Remove(out.Name())
	defer out.Close()
	enc := newEncoders(s.o.Level)
	c := &chunker{emit: func(c chunk) error {
		_, err := out.Write(enc.encode(c.data))
		return err
	}}
	slices.SortFunc(s.debug, func(a, b debugFile) int { return strings.Compare(a.place, b.place) })
	s.debug = slices.CompactFunc(s.debug, func(a, b debugFile) bool { return a.place == b.place })
	for _, d := range s.debug {
		data, err := os.ReadFile(d.at)
		if err == nil {
			err = writeMember(c, File{Path: d.place, Type: TypeFile, Mode: 0o644, Size: int64(len(data))}, s.o.Time, data)
		}
		if err != nil {
			return unwritten(s.o.Output, err)
		}
	}
	_, err = io.Copy(c, bytes.NewReader(make([]byte, tarEnd)))
	err = errors.Join(err, c.flush(), out.Chmod(fs.FileMode(0o644)), s.o.Disk.Sync(out), out.Close())
	if err == nil {
		err = s.o.Disk.Rename(out.Name(), s.o.Output)
	}
	if err != nil {
		return unwritten(s.o.Output, err)
	}
	return nil
}
