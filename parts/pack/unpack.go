package pack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gobuild/buildout/diag"
	"gobuild/parts/disk"
	"gobuild/parts/relocate"
)

// Destination says where a tree is made, and how.
type Destination struct {
	Dir     string // absolute and clean; it is empty or does not exist
	NoLinks bool   // no links to the programs of the named parts
	Umask   int
	Jobs    int
	Disk    *disk.Disk
	Gobuild string // version
	// FileName is the name of a part as that of a file.
	FileName func(part string) string
	// Wrap lets scripts stand for programs that cannot be moved otherwise.
	Wrap bool
}

// Unpacked is a tree that was made.
type Unpacked struct {
	*Manifest
	Dir      string
	Sum      string   // SHA-256 of the manifest
	Files    int      // links included
	Size     int64    // of all files
	Programs []string // links, relative to Dir
	Wrapped  []string // programs that have become scripts, relative to Dir
	Warnings diag.List
}

// Unpack makes a tree of an archive. sum is the SHA-256 that its manifest must
// have, "" for any. On failure nothing is left.
func Unpack(ctx context.Context, name, sum string, d Destination) (*Unpacked, error) {
	a, err := openArchive(ctx, name, sum, d.Jobs)
	if err != nil {
		return nil, archiveError(name, err)
	}
	defer a.close()
	s, err := d.stage(a.Manifest)
	if err != nil {
		return nil, err
	}
	defer s.discard()
	err = s.fill(ctx, true, func(emit func(*item) error) error { return a.items(s, emit) })
	if err != nil {
		return nil, s.failure(ctx, name, err)
	}
	u, err := s.finish()
	if err != nil {
		return nil, s.failure(ctx, name, err)
	}
	u.Sum = sumOf(a.text)
	return u, nil
}

// items emits the members of an archive with their content.
func (a *archive) items(s *stage, emit func(*item) error) error {
	known := sourcing{}
	return a.each(func(n int, f *File, content io.Reader) error {
		i := &item{File: *f, fact: s.factOf(f.Path)}
		if err := s.ready(i); err != nil {
			return err
		}
		if f.Type == TypeFile && f.Size >= large && i.fact == nil {
			i.written = true
			if err := s.placer.stream(f, content); err != nil {
				return err
			}
		} else if f.Type == TypeFile {
			var err error
			if i.data, err = readContent(content, f.Size); err != nil {
				return err
			}
		}
		known.note(i)
		known.find(i)
		return emit(i)
	})
}

// readContent reads the content of a file. What is said of its size takes no
// memory before it is there.
func readContent(content io.Reader, size int64) ([]byte, error) {
	if size > large {
		return io.ReadAll(content)
	}
	b := bufferOf(size)
	if _, err := io.ReadFull(content, b); err != nil {
		return nil, early(err)
	}
	return b, nil
}

// stage is a tree that is made beside its destination.
type stage struct {
	Destination
	manifest *Manifest
	dir      string // where it is made
	lock     *os.File
	placer   *placer
	moves    []relocate.Move
	mover    *relocate.Mover
	facts    map[string]*relocate.Fact // by place
	wrappers []relocate.Wrapper
	placed   []placed
	wrapped  []string
	problems []relocate.Problem
}

// stage checks all that can be checked before anything is written, and makes
// the directory.
func (d Destination) stage(m *Manifest) (*stage, error) {
	s := &stage{Destination: d, manifest: m, facts: map[string]*relocate.Fact{}}
	if err := d.check(); err != nil {
		return nil, err
	}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	return s, s.make()
}

// prepare makes the mover of the facts to the destination.
func (s *stage) prepare() error {
	r := s.manifest.Relocation
	for i := range r.Files {
		f := &r.Files[i]
		s.facts[placeOf(s.manifest.Roots[f.Root], f.Path)] = f
	}
	s.moves = movesTo(s.Dir, r, s.manifest.Roots)
	var err error
	if s.mover, err = relocate.NewMover(r, s.moves); err != nil {
		return moverError("the tree", s.Dir, err)
	}
	s.problems = s.mover.Check()
	if s.Wrap {
		s.wrappers, s.problems = s.mover.Wrappers()
	}
	for i := range s.problems {
		s.problems[i].File = s.inTree(s.problems[i].File)
	}
	return immovable("the tree", s.problems)
}

// inTree is the path of a file before the move, as a place in the tree.
func (s *stage) inTree(file string) string {
	for _, p := range s.manifest.Relocation.Prefixes {
		if p.Role == relocate.RoleBuildout && within(file, p.Path) && file != p.Path {
			return file[len(p.Path)+1:]
		}
	}
	return file
}

// movesTo returns the moves of all prefixes to an unpacked tree.
func movesTo(dir string, r *relocate.Facts, roots []Root) []relocate.Move {
	moves := make([]relocate.Move, len(r.Prefixes))
	for i, p := range r.Prefixes {
		to := dir
		switch {
		case i < r.Roots:
			to = dir + "/" + roots[i].Place
		case p.Role == relocate.RolePart && validPlace("parts/"+p.Name):
			to = dir + "/parts/" + p.Name
		case p.Role != relocate.RoleBuildout:
			to = dir + "/parts"
		}
		moves[i] = relocate.Move{From: p.Path, To: to}
	}
	return moves
}

func (s *stage) factOf(place string) *relocate.Fact { return s.facts[place] }

// ready makes the directories that an item needs. It is called in the order of
// the archive.
func (s *stage) ready(i *item) error {
	if err := s.placer.parents(i.Path); err != nil {
		return err
	}
	if i.Type == TypeDir {
		return s.placer.directory(i.Path)
	}
	return nil
}

// fill writes all items. With moved they are moved on their way, and their sums
// are compared.
func (s *stage) fill(ctx context.Context, moved bool, source func(emit func(*item) error) error) error {
	s.placer.verify = moved
	if moved {
		s.placer.mover = s.mover
	}
	placed, err := s.placer.place(ctx, source)
	s.placed = placed
	for _, r := range placed {
		s.problems = append(s.problems, r.problems...)
	}
	return err
}

// check looks at the destination.
func (d Destination) check() error {
	refuse := func(why, hint string) error {
		return diag.At(diag.Span{}, "unpack-destination", "cannot make %s: %s", d.Dir, why).WithHint("%s", hint)
	}
	info, err := os.Lstat(d.Dir)
	switch {
	case err == nil && info.Mode()&os.ModeSymlink != 0:
		return refuse("it is a symbolic link", "name the directory itself")
	case err == nil && !info.IsDir():
		return refuse("it is a file", "name a directory that does not exist")
	case err == nil:
		entries, err := os.ReadDir(d.Dir)
		if err != nil {
			return refuse(reason(err), "name a directory that does not exist")
		}
		if len(entries) > 0 {
			return refuse("it is not empty", "name a directory that does not exist, or an empty one")
		}
		return nil
	case !errors.Is(err, os.ErrNotExist):
		return refuse(reason(err), "name a directory that can be made")
	}
	if info, err := os.Stat(filepath.Dir(d.Dir)); err != nil || !info.IsDir() {
		return refuse("there is no directory "+filepath.Dir(d.Dir), "make it first")
	}
	return nil
}

// reason is an error without the path that the message names already.
func reason(err error) string {
	var file *os.PathError
	if errors.As(err, &file) {
		return file.Err.Error()
	}
	return err.Error()
}

// failure is the error of a tree that was not made.
func (s *stage) failure(ctx context.Context, name string, err error) error {
	var (
		known *diag.Diagnostic
		file  *os.PathError
		link  *os.LinkError
	)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &known):
		return err
	case errors.As(err, &file):
		err = fmt.Errorf("%s: %w", s.shown(file.Path), file.Err)
	case errors.As(err, &link):
		err = fmt.Errorf("%s: %w", s.shown(link.New), link.Err)
	}
	return archiveError(name, err)
}

// shown is a path in the stage as that in the destination.
func (s *stage) shown(path string) string {
	if within(path, s.dir) {
		return s.Dir + path[len(s.dir):]
	}
	return path
}
