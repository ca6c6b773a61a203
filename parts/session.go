package parts

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"sync"
)

// Session is one run of gobuild: what its recipes have in common while it
// lasts.
type Session struct {
	// ReadOnly says that the run changes nothing on disk but caches.
	ReadOnly bool
	// SlapOS says that the profile is in the dialect of SlapOS.
	SlapOS bool
	// Buildout returns the section [buildout]. The engine sets it.
	Buildout func(ctx context.Context) (Host, error)

	mu   sync.Mutex
	held map[string]io.Closer
}

// Hold returns what is held under a name; make makes it when it is first asked
// for. Close closes it.
func (s *Session) Hold(name string, make func() io.Closer) io.Closer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held == nil {
		s.held = map[string]io.Closer{}
	}
	if s.held[name] == nil {
		s.held[name] = make()
	}
	return s.held[name]
}

// Close ends the run. It may be called more than once.
func (s *Session) Close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	held := s.held
	s.held = nil
	s.mu.Unlock()
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(held)) {
		errs = append(errs, held[name].Close())
	}
	return errors.Join(errs...)
}
