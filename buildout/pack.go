package buildout

import (
	"context"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
	"gobuild/parts/pack"
	"gobuild/parts/state"
)

// PackSource returns what is installed of the profile's parts, or of those that
// are named, and holds the directory until release is called. Start comes
// before it.
func (e *Engine) PackSource(ctx context.Context, named []string) (s *pack.Source, release func(), err error) {
	held, err := e.lock(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			held.Release()
		}
	}()
	db, err := e.state()
	if err != nil {
		return nil, nil, err
	}
	s = &pack.Source{Dir: e.Base.Directory, PartsDirectory: e.Base.PartsDirectory, StateDir: e.stateDir(), Records: records(db),
		Named: named, FileName: fileName}
	for i := range s.Records {
		r := &s.Records[i]
		r.Paths = slices.DeleteFunc(slices.Clone(r.Paths), func(p string) bool { return p == "" })
		for n, p := range r.Paths {
			r.Paths[n] = e.path(p)
		}
	}
	if named == nil {
		s.Named = strings.Fields(e.early("parts"))
	}
	return s, func() { held.Release() }, e.allInstalled(s)
}

// allInstalled returns an error that names the parts that are wanted and not
// installed.
func (e *Engine) allInstalled(s *pack.Source) error {
	var list diag.List
	var known []string
	for _, r := range s.Records {
		known = append(known, r.Part)
	}
	for _, name := range s.Named {
		if slices.Contains(known, name) {
			continue
		}
		d := diag.At(diag.Span{}, "pack-not-installed", "part %s is not installed", name).
			WithHint("run gobuild first: it installs what `parts` lists")
		if section := e.Profile.Sections[name]; section != nil {
			d.At = section.Header
		} else {
			d.Hint = diag.DidYouMean(name, known)
		}
		list.Add(d)
	}
	if len(s.Named) == 0 {
		list.Add(diag.At(diag.Span{}, "pack-not-installed", "the profile lists no parts").WithHint("name the parts to pack"))
	}
	return list.Err()
}

// PackTree is PackSource for a directory without a profile.
func PackTree(ctx context.Context, dir string, named []string, o state.LockOptions) (s *pack.Source, known *pack.Relocation, release func(), err error) {
	if s, known, err = pack.Open(dir, fileName); err != nil {
		return nil, nil, nil, err
	}
	if err := inPlace(dir, s, known); err != nil {
		return nil, nil, nil, err
	}
	s.At(dir)
	for _, name := range named {
		if !slices.ContainsFunc(s.Records, func(r partRecord) bool { return r.Part == name }) {
			return nil, nil, nil, diag.At(diag.Span{}, "pack-not-installed", "there is no part %s in %s", name, dir).
				WithHint("%s", diag.DidYouMean(name, s.Named))
		}
	}
	if named != nil {
		s.Named = named
	}
	held, err := state.Lock(ctx, dir, o)
	if err != nil && ctx.Err() == nil && isReadOnly(err) {
		return s, known, func() {}, nil // nobody changes it
	}
	if err != nil {
		return nil, nil, nil, &StateError{err}
	}
	return s, known, func() { held.Release() }, nil
}

// inPlace returns an error for a tree that was moved and does not know it.
func inPlace(dir string, s *pack.Source, known *pack.Relocation) error {
	old := pack.OldDirectory(dir, s.Records)
	if known != nil {
		old = known.Directory
	}
	if old == dir || old == "" {
		return nil
	}
	return diag.At(diag.Span{}, "relocate-first", "%s was moved: its files still name %s", dir, old).
		WithHint("run `gobuild relocate %s` first", dir)
}

// Relocate makes a tree right that was moved, or says what would be done.
func Relocate(ctx context.Context, m pack.MoveOptions, o state.LockOptions) (*pack.Moved, error) {
	if !m.Check {
		if _, _, err := pack.Open(m.Dir, fileName); err != nil {
			return nil, err // a lock would make it a directory of gobuild's
		}
		held, err := state.Lock(ctx, m.Dir, o)
		if err != nil {
			return nil, &StateError{err}
		}
		defer held.Release()
	}
	m.FileName, m.Padded = fileName, profile.PaddedParts
	return pack.Move(ctx, m)
}

// FileName is the name of a section as that of a file.
func FileName(section string) string { return fileName(section) }
