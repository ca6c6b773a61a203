package buildout

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"gobuild/parts"
	"gobuild/parts/bom"
	"gobuild/parts/manifest"
)

// noting makes the Fetcher of the part note what it gets. A part that goes on
// after a failure goes on with what the failed run has noted.
func (j *job) noting(f parts.Fetcher) parts.Fetcher {
	j.notes = bom.NewNotes(j.node.Part, j.node.Options)
	j.notes.Conceal = j.Conceal
	if r := j.resuming.parts[j.node.Part]; r != nil && r.from != "" {
		j.notes.Resume(j.stateDir())
	}
	return j.notes.Fetcher(f)
}

// noteSources ends the notes of an installation. They are kept when the part is
// recorded, and until a resume when it has failed; losing them loses no
// installation.
func (j *job) noteSources(failed error) {
	if failed != nil {
		if !j.notes.IsEmpty() {
			_ = j.notes.Suspend(j.stateDir())
		}
		return
	}
	j.notes.Done(j.node.Options["repository"], j.path(j.node.Options["location"]))
	if j.ledger != nil {
		j.ledger.sources.put(j.node.Part, j.notes)
	}
}

// noteUpdate keeps what an update has fetched for a part that stays installed.
func (j *job) noteUpdate(r parts.Record) {
	j.notes.Done(j.node.Options["repository"], j.path(j.node.Options["location"]))
	if !j.notes.IsEmpty() {
		_ = j.notes.Save(j.stateDir(), manifest.Digest(r))
	}
}

// sources are the notes of parts that are finished and not recorded yet.
type sources struct {
	mu    sync.Mutex
	notes map[string]*bom.Notes
}

func (s *sources) put(part string, n *bom.Notes) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.notes == nil {
		s.notes = map[string]*bom.Notes{}
	}
	s.notes[part] = n
}

// save writes the notes of a part that is recorded.
func (s *sources) save(stateDir string, r parts.Record) error {
	s.mu.Lock()
	n := s.notes[r.Part]
	delete(s.notes, r.Part)
	s.mu.Unlock()
	if n == nil || n.IsEmpty() {
		return nil
	}
	return n.Save(stateDir, manifest.Digest(r))
}

// sweepSources forgets the sources of parts that are not installed, but for
// those that can be resumed.
func sweepSources(stateDir string, installed []string) error {
	entries, err := os.ReadDir(filepath.Join(stateDir, "failed"))
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	var failed []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".json"); ok {
			failed = append(failed, sectionName(name))
		}
	}
	return errors.Join(err, bom.Sweep(stateDir, installed, slices.Clip(failed)))
}
