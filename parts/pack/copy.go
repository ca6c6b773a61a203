package pack

import "context"

// CopyOptions say what is known of a tree that is copied.
type CopyOptions struct {
	Gobuild      string
	Architecture string
	Time         int64
	Describe     func(*Part)
	Extra        []ExtraFile
}

// Copy makes a tree of a tree, in another directory. On failure nothing is left
// of it.
func (t *Tree) Copy(ctx context.Context, o CopyOptions, d Destination) (*Unpacked, error) {
	m := &Manifest{Format: manifestFormat, Version: manifestVersion, Gobuild: o.Gobuild, Architecture: o.Architecture, Time: o.Time,
		Named: t.Source.Named, Parts: t.Parts, Roots: t.Roots(), Relocation: t.Facts}
	for i := range m.Parts {
		if o.Describe != nil {
			o.Describe(&m.Parts[i])
		}
	}
	s, err := d.stage(m)
	if err != nil {
		return nil, err
	}
	defer s.discard()
	err = s.fill(ctx, false, func(emit func(*item) error) error {
		return t.produce(ctx, s.mover, o.Time, func(p *produced) error {
			i := &item{File: p.File, data: p.Data, fact: p.Fact}
			if err := s.ready(i); err != nil {
				return err
			}
			s.problems = append(s.problems, p.Problems...)
			return emit(i)
		})
	})
	for _, x := range o.Extra {
		if err == nil {
			err = s.extra(x)
		}
	}
	if err != nil {
		return nil, s.copyFailure(ctx, err)
	}
	u, err := s.finish()
	if err != nil {
		return nil, s.copyFailure(ctx, err)
	}
	return u, nil
}

// copyFailure is the error of a tree that was not copied.
func (s *stage) copyFailure(ctx context.Context, err error) error {
	return s.failure(ctx, s.Dir, err)
}

// extra writes a file of gobuild itself.
func (s *stage) extra(x ExtraFile) error {
	i := &item{File: File{Path: x.Place, Type: TypeFile}}
	if err := s.ready(i); err != nil {
		return err
	}
	return s.placer.write(x.Place, 0o644, x.Data)
}
