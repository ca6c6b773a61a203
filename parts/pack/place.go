package pack

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gobuild/parts/disk"
	"gobuild/parts/relocate"
)

// item is a member on its way into a directory.
type item struct {
	File
	data []byte
	fact *relocate.Fact
	size chan int64 // takes the size after the move; nil when nobody asks
	from *item      // of a .pyc file: its source, when its size may change
	// written says that the file was written as it came.
	written bool
}

// placed is what became of an item.
type placed struct {
	File     // after the move
	fact     *relocate.Fact
	problems []relocate.Problem
}

// placer writes members into a new directory. Nothing in it is reached through a
// link: links are made last.
type placer struct {
	dir   string
	time  int64
	umask int
	jobs  int
	disk  *disk.Disk
	mover *relocate.Mover // nil: the content is right as it is
	// verify says that the sums of items are those that their content must have.
	verify bool

	made []string // directories that no member is
}

// large is the size from which a file that needs no rewriting is written while
// it is read.
const large = 64 << 20

// place writes the items that source emits and returns what became of them.
func (p *placer) place(ctx context.Context, source func(emit func(*item) error) error) ([]placed, error) {
	var all []placed
	err := inBatches(ctx, p.jobs, func(i *item) int64 { return int64(len(i.data)) }, source,
		p.one,
		func(r placed) error {
			all = append(all, r)
			return nil
		})
	if err == nil {
		err = p.links(all)
	}
	if err == nil {
		err = p.modes(all)
	}
	return all, err
}

func (p *placer) path(place string) string { return p.dir + "/" + place }

// one writes one item, unless it is a link.
func (p *placer) one(ctx context.Context, i *item) (r placed, err error) {
	r.File = i.File
	switch {
	case i.Type == TypeLink && i.fact != nil && p.mover != nil:
		i.data = []byte(i.Target)
		err = p.rewrite(i, &r)
		r.Target = string(i.data)
	case i.Type == TypeFile && !i.written:
		err = p.file(ctx, i, &r)
	}
	if r.fact == nil && p.mover == nil && i.Type != TypeHard {
		r.fact = i.fact
	}
	return r, err
}

func (p *placer) rewrite(i *item, r *placed) error {
	moved, err := p.mover.Rewrite(i.fact, i.data)
	if err != nil {
		return damaged("%s cannot be moved: %w", i.Path, err)
	}
	i.data, r.problems = moved.Content, moved.Problems
	if moved.Fact.Kind != "" {
		fact := moved.Fact // a pointer to it would keep the content
		r.fact = &fact
	}
	return nil
}

func (p *placer) file(ctx context.Context, i *item, r *placed) error {
	if p.verify && sumOf(i.data) != i.Sum {
		return damaged("the content of %q is not what its manifest says", i.Path)
	}
	touched := false
	if i.fact != nil && p.mover != nil {
		touched = true
		if err := p.rewrite(i, r); err != nil {
			return err
		}
	}
	if i.from != nil {
		stamped, err := p.stamp(ctx, i)
		if err != nil {
			return err
		}
		touched = touched || stamped
	}
	if touched {
		r.Size, r.Sum = int64(len(i.data)), sumOf(i.data)
	}
	if err := p.write(i.Path, i.Mode, i.data); err != nil {
		return err
	}
	if i.size != nil {
		i.size <- r.Size
	}
	reuse(i.data)
	i.data = nil
	return nil
}

// stamp makes the header of a .pyc file fit its source, which was emitted
// before.
func (p *placer) stamp(ctx context.Context, i *item) (bool, error) {
	select {
	case size := <-i.from.size:
		i.from.size <- size // for others that are made from it
		return stampPyc(i.data, p.time, size, func() ([]byte, error) { return os.ReadFile(p.path(i.from.Path)) }), nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// write makes a file.
func (p *placer) write(place string, mode Mode, data []byte) error {
	f, err := p.create(place, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return p.close(f, mode, err)
}

func (p *placer) create(place string, mode Mode) (*os.File, error) {
	return p.disk.Open(p.path(place), os.O_WRONLY|os.O_CREATE|os.O_EXCL, fs.FileMode(mode)|0o200)
}

func (p *placer) close(f *os.File, mode Mode, err error) error {
	if err == nil && (int(mode)&p.umask != 0 || mode&0o200 == 0) {
		err = f.Chmod(fs.FileMode(mode))
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	at := time.Unix(p.time, 0)
	return os.Chtimes(f.Name(), at, at)
}

// stream writes a file while it is read.
func (p *placer) stream(f *File, content io.Reader) error {
	out, err := p.create(f.Path, f.Mode)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, sum), content)
	if err == nil && !sumIs(sum, f.Sum) {
		err = damaged("the content of %q is not what its manifest says", f.Path)
	}
	return p.close(out, f.Mode, err)
}

func sumIs(sum hash.Hash, want string) bool { return hexOf(sum.Sum(nil)) == want }

// directory makes a directory in which members are going to be.
func (p *placer) directory(place string) error {
	return p.disk.Mkdir(p.path(place), 0o777)
}

// parents makes the directories above a place that no member is.
func (p *placer) parents(place string) error {
	dir := filepath.Dir(p.path(place))
	if len(dir) <= len(p.dir) {
		return nil
	}
	if _, err := os.Lstat(dir); err == nil {
		return nil
	}
	if err := p.parents(filepath.Dir(place)); err != nil {
		return err
	}
	p.made = append(p.made, filepath.Dir(place))
	return p.disk.Mkdir(dir, 0o777)
}

// links makes the links, when there is nothing else to be made.
func (p *placer) links(all []placed) error {
	for _, r := range all {
		var err error
		switch r.Type {
		case TypeHard:
			err = os.Link(p.path(r.Target), p.path(r.Path))
		case TypeLink:
			err = os.Symlink(r.Target, p.path(r.Path))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// modes gives directories their modes and times, those within others first.
func (p *placer) modes(all []placed) error {
	at := time.Unix(p.time, 0)
	set := func(place string, mode Mode) error {
		err := os.Chtimes(p.path(place), at, at)
		if err == nil {
			err = os.Chmod(p.path(place), fs.FileMode(mode))
		}
		return err
	}
	for _, r := range slices.Backward(all) {
		if r.Type == TypeDir {
			if err := set(r.Path, r.Mode); err != nil {
				return err
			}
		}
	}
	for _, place := range slices.Backward(p.made) {
		if err := set(place, Mode(0o777&^p.umask)); err != nil {
			return err
		}
	}
	return nil
}

// sourcing links .pyc items with the items of their sources.
type sourcing map[string]*item

// note remembers a source whose size may change.
func (s sourcing) note(i *item) {
	if i.fact != nil && i.Type == TypeFile && strings.HasSuffix(i.Path, ".py") {
		i.size = make(chan int64, 1)
		s[i.Path] = i
	}
}

// find gives a .pyc file its source.
func (s sourcing) find(i *item) {
	if strings.HasSuffix(i.Path, ".pyc") {
		i.from = s[relocate.PycSource(i.Path)]
	}
}
