package relocate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Input is what Scan looks at.
type Input struct {
	// Roots are the trees to scan. None is within another.
	Roots []Root
	// Prefixes are further directories that files may name: the directory of
	// parts, the buildout, stores, parts that do not move.
	Prefixes []Prefix
	// Jobs is how many files are read at a time; 0 means 2.
	Jobs int
	// Skip, if set, says which files and directories are left out.
	Skip func(root Root, path string) bool
}

// Scan reads all files of the roots once.
func Scan(ctx context.Context, in Input) (*Facts, error) {
	prefixes, err := in.prefixes()
	if err != nil {
		return nil, err
	}
	s := &scanner{facts: &Facts{Version: Version, Prefixes: prefixes, Roots: len(in.Roots)}, matcher: newMatcher(prefixes), paddings: paddings(prefixes, len(in.Roots))}
	if err := s.run(ctx, in); err != nil {
		return nil, err
	}
	slices.SortFunc(s.facts.Files, compareFacts)
	s.facts.noteLinkedLibraries()
	return s.facts, nil
}

// prefixes returns the roots and the other prefixes, each path once.
func (in Input) prefixes() ([]Prefix, error) {
	var all []Prefix
	for _, r := range in.Roots {
		all = append(all, Prefix{Path: r.Path, Role: RolePart, Name: r.Name})
	}
	for _, p := range in.Prefixes {
		if !slices.ContainsFunc(all, func(q Prefix) bool { return q.Path == p.Path }) {
			all = append(all, p)
		}
	}
	for i, p := range all {
		if err := checkPath(p.Path); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all[:min(i, len(in.Roots))], func(q Prefix) bool { return i < len(in.Roots) && (within(p.Path, q.Path) || within(q.Path, p.Path)) }) {
			return nil, fmt.Errorf("root %s is in another root, or given twice", p.Path)
		}
	}
	return all, nil
}

// checkPath refuses paths that cannot stand in files.
func checkPath(path string) error {
	switch {
	case !filepath.IsAbs(path) || filepath.Clean(path) != path:
		return fmt.Errorf("%q is not an absolute path without `.`, `..` and double slashes", path)
	case path == "/":
		return errors.New("the root directory of the system cannot be moved, nor be moved to")
	case strings.ContainsAny(path, "\x00\n\r"):
		return fmt.Errorf("%q has a line break or a NUL in it", path)
	case len(path) > maxWidth:
		return errors.New("a path is longer than 65536 bytes")
	}
	return nil
}

// A scanner fills facts.
type scanner struct {
	facts    *Facts
	matcher  *matcher
	paddings []padding
	mu       sync.Mutex
	err      error
}

// A found file is one that the walk has met.
type found struct {
	root int
	path string // below the root
	full string
	mode fs.FileMode
}

func (s *scanner) run(ctx context.Context, in Input) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	files := make(chan found, 64)
	var workers sync.WaitGroup
	for range cmp.Or(in.Jobs, 2) {
		workers.Go(func() {
			if err := s.work(files); err != nil {
				s.fail(err)
				cancel()
			}
		})
	}
	var err error
	for i, r := range in.Roots {
		if err = walk(ctx, in, i, r, files); err != nil {
			break
		}
	}
	close(files)
	workers.Wait()
	if s.err != nil {
		return s.err
	}
	return err
}

func (s *scanner) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
}

// walk sends all files and links of a root.
func walk(ctx context.Context, in Input, index int, root Root, files chan<- found) error {
	return filepath.WalkDir(root.Path, func(full string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("look at %s: %w", root.Path, err)
		}
		path := strings.TrimPrefix(strings.TrimPrefix(full, root.Path), "/")
		if in.Skip != nil && path != "" && in.Skip(root, path) {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() && d.Type() != fs.ModeSymlink {
			return nil
		}
		select {
		case files <- found{root: index, path: path, full: full, mode: d.Type()}:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

// work scans files until there are no more. It goes on taking files after an
// error, so that the walk ends.
func (s *scanner) work(files <-chan found) error {
	var buffer []byte
	var failed error
	for f := range files {
		if failed != nil {
			continue
		}
		fact, again, err := s.file(f, buffer)
		buffer = again
		if err != nil {
			failed = err
			s.fail(err)
			continue
		}
		if fact != nil {
			s.mu.Lock()
			s.facts.Files = append(s.facts.Files, *fact)
			s.mu.Unlock()
		}
	}
	return failed
}

// file returns what is known about a file, nil if it need not be touched, and
// the buffer to use again.
func (s *scanner) file(f found, buffer []byte) (*Fact, []byte, error) {
	fact := &Fact{Root: f.root, Path: f.path}
	if f.mode == fs.ModeSymlink {
		target, err := os.Readlink(f.full)
		if err != nil {
			return nil, buffer, fmt.Errorf("read link: %w", err)
		}
		return s.link(fact, target), buffer, nil
	}
	content, mode, err := readFile(f.full, buffer)
	if err != nil {
		return nil, buffer, fmt.Errorf("read for relocation: %w", err)
	}
	return s.content(fact, content, mode), content[:0], nil
}

// readFile reads a file into a buffer that is made larger where needed.
func readFile(path string, buffer []byte) ([]byte, fs.FileMode, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s is no file any more", path)
	}
	if int64(cap(buffer)) < info.Size() {
		buffer = make([]byte, max(info.Size(), int64(2*cap(buffer)), 1<<16))
	}
	buffer = buffer[:info.Size()]
	n, err := io.ReadFull(f, buffer)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, 0, err
	}
	return buffer[:n], info.Mode(), nil
}

// ScanContent does for one content what Scan does for files. It returns nil if
// the file need not be touched. The content of a symlink is its target, with
// fs.ModeSymlink in mode. Content is not kept.
func (facts *Facts) ScanContent(root int, path string, content []byte, mode fs.FileMode) *Fact {
	s := &scanner{facts: facts, matcher: newMatcher(facts.Prefixes), paddings: paddings(facts.Prefixes, facts.Roots)}
	fact := &Fact{Root: root, Path: path}
	if mode.Type() != 0 {
		return s.link(fact, string(content))
	}
	return s.content(fact, content, mode)
}
