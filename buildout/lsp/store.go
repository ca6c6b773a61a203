package lsp

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
)

// document is a text that is open in the editor.
type document struct {
	uri     string // as the client writes it
	path    string
	version *int
	*index
	found *found // what is wrong in it, for the last view of it
	told  string // what the client was told last
}

// entry is a file on disk, read.
type entry struct {
	*index
	err     error
	size    int64
	time    time.Time
	checked int // the epoch in which it was compared with the disk
}

// store is all files: those open in the editor as they are there, the others as
// they are on disk. A file is read and indexed again only when it has changed.
type store struct {
	documents map[string]*document // by path
	files     map[string]*entry    // by path
	remote    map[string]*entry    // by URL; kept until forget
	epoch     int                  // the disk is looked at once in each
}

// maxFile is the size above which a file is no profile.
const maxFile = 16 << 20

func newStore() *store {
	return &store{documents: map[string]*document{}, files: map[string]*entry{}, remote: map[string]*entry{}}
}

// refresh makes the next read of each file look at the disk.
func (s *store) refresh() { s.epoch++ }

// forget drops what was read from elsewhere.
func (s *store) forget() { clear(s.remote) }

// open makes a text that of the document, which it returns.
func (s *store) open(uri, path, text string, version *int) *document {
	d := &document{uri: uri, path: path, version: version, index: newIndex(diag.NewSource(path, []byte(text)))}
	if old := s.documents[path]; old != nil {
		d.found, d.told = old.found, old.told
	}
	s.documents[path] = d
	return d
}

// local returns the file of a path.
func (s *store) local(path string) (*index, error) {
	if d := s.documents[path]; d != nil {
		return d.index, nil
	}
	e := s.files[path]
	if e != nil && e.checked == s.epoch {
		return e.index, e.err
	}
	info, err := os.Stat(path)
	if e == nil || err != nil || e.err != nil || info.Size() != e.size || !info.ModTime().Equal(e.time) {
		e = readEntry(path, info, err)
		s.files[path] = e
	}
	e.checked = s.epoch
	return e.index, e.err
}

func readEntry(path string, info fs.FileInfo, err error) *entry {
	switch {
	case err != nil:
		return &entry{err: err}
	case !info.Mode().IsRegular():
		return &entry{err: &fs.PathError{Op: "read", Path: path, Err: errors.New("it is not a regular file")}}
	case info.Size() > maxFile:
		return &entry{err: &fs.PathError{Op: "read", Path: path, Err: errors.New("it is too large for a profile")}}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return &entry{err: err}
	}
	return &entry{index: newIndex(diag.NewSource(path, text)), size: info.Size(), time: info.ModTime()}
}

// opener is an Opener for what is not local: by default only caches are asked.
type opener struct {
	profile.Opener
	online bool
}

// Open implements profile.Opener.
func (o opener) Open(ctx context.Context, name string, option func(string) string) (*diag.Source, error) {
	return o.Opener.Open(ctx, name, func(key string) string {
		if key == "offline" && !o.online {
			return "true"
		}
		return option(key)
	})
}

// overlay is the Opener of one load: it notes what the load depends on.
type overlay struct {
	*store
	base   profile.Opener
	opened map[string]*index // by name; nil for what could not be read
	exists map[string]bool
}

func (s *store) overlay(base profile.Opener) *overlay {
	return &overlay{store: s, base: base, opened: map[string]*index{}, exists: map[string]bool{}}
}

// Open implements profile.Opener.
func (o *overlay) Open(ctx context.Context, name string, option func(string) string) (*diag.Source, error) {
	x, err := o.read(ctx, name, option)
	o.opened[name] = x
	if err != nil {
		return nil, err
	}
	return x.src, nil
}

func (o *overlay) read(ctx context.Context, name string, option func(string) string) (*index, error) {
	if path := localPath(name); path != "" {
		return o.local(path)
	}
	if e := o.remote[name]; e != nil {
		return e.index, e.err
	}
	e := &entry{}
	src, err := o.base.Open(ctx, name, option)
	if e.err = err; err == nil {
		e.index = newIndex(src)
	}
	if ctx.Err() == nil {
		o.remote[name] = e
	}
	return e.index, e.err
}

// Exists implements profile.Opener.
func (o *overlay) Exists(name string) bool {
	exists := o.has(name)
	o.exists[name] = exists
	return exists
}

func (s *store) has(path string) bool {
	_, err := s.local(path)
	return err == nil
}

// current reports whether a load would read the same again.
func (o *overlay) current() bool {
	for name, x := range o.opened {
		path := localPath(name)
		if path == "" {
			if e := o.remote[name]; e == nil || e.index != x {
				return false
			}
			continue
		}
		if now, _ := o.local(path); now != x {
			return false
		}
	}
	for name, existed := range o.exists {
		if o.has(name) != existed {
			return false
		}
	}
	return true
}
