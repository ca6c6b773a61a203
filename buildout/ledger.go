package buildout

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gobuild/buildout/plan"
	"gobuild/parts"
	"gobuild/parts/bom"
	"gobuild/parts/manifest"
	"gobuild/parts/state"
	"gobuild/parts/store"
)

// ledger is what gobuild remembers of parts beyond .installed.cfg: what they
// depended on, what they cost, and which files they have. Losing it loses no
// installation.
type ledger struct {
	dir      string // .gobuild
	manifest *manifest.File
	times    *manifest.Times // nil before anything is installed
	hashing  chan parts.Record
	hashed   chan error
	problem  error // what could not be written down; it belongs to the committer
	sources  sources
}

// openLedger reads what every run needs.
func (e *Engine) openLedger() *ledger {
	l := &ledger{dir: e.stateDir(), manifest: manifest.Load(manifest.Path(e.stateDir()))}
	l.manifest.NoSync = e.NoSync
	return l
}

// begin makes ready for installing parts. One goroutine reads their files, so
// that nobody waits for it before the end of the run.
func (l *ledger) begin(ctx context.Context, path func(string) string) {
	l.times = manifest.LoadTimes(manifest.TimesPath(l.dir))
	l.hashing, l.hashed = make(chan parts.Record, 1<<10), make(chan error, 1)
	go func() {
		var errs []error
		texts := bom.Open(l.dir)
		for r := range l.hashing {
			errs = append(errs, l.hash(ctx, r, path), texts.Learn(r.Part, manifest.Digest(r)))
		}
		l.hashed <- errors.Join(append(errs, texts.Save())...)
	}()
}

// hash notes the sources and the files of a part. What is cancelled leaves no list: the part is
// then not checked.
func (l *ledger) hash(ctx context.Context, r parts.Record, path func(string) string) error {
	noted := l.sources.save(l.dir, r)
	roots := make([]string, 0, len(r.Paths))
	for _, p := range r.Paths {
		// No recipe makes what holds the directory: there is no end to it.
		if p = path(p); !store.Holds(p, filepath.Dir(l.dir)) {
			roots = append(roots, p)
		}
	}
	err := manifest.Note(ctx, l.filesPath(r.Part), r, roots)
	if ctx.Err() != nil {
		return noted
	}
	return errors.Join(noted, err)
}

func (l *ledger) filesPath(part string) string { return manifest.FilesPath(l.dir, fileName(part)) }

// installed notes what a part cost, and returns what it was made from. Parts
// that need it have not begun.
func (l *ledger) installed(j *job, r parts.Record) manifest.Entry {
	cpu, peak := j.usage()
	l.times.Put(r.Part, manifest.Time{Recipe: r.Options["recipe"], Wall: time.Since(j.began), CPU: cpu, Peak: peak})
	own := []string{j.temp()}
	for _, p := range r.Paths {
		own = append(own, j.path(p))
	}
	// The list of files is of the version before. hash writes the new one.
	os.Remove(l.filesPath(r.Part))
	return j.node.Entry(r, j.inputs.Inputs(own...))
}

// recorded is called when a part counts as installed, and not before: what it
// was made from must not stand for an older version.
func (l *ledger) recorded(r parts.Record, e manifest.Entry) {
	l.manifest.Put(e)
	if err := l.manifest.Flush(); err != nil {
		l.problem = err
	}
	l.hashing <- r
}

// doubt gives parts a key that no other part knows, so that parts which need
// them are built anew: a kill came between their record and the note of what they
// were made from.
func (l *ledger) doubt(unsure []string, db *state.DB) error {
	for _, part := range unsure {
		if r, ok := db.Get(part); ok {
			l.manifest.Put(manifest.Entry{Part: part, Digest: manifest.Digest(r), Key: strings.ToLower(rand.Text())})
		}
	}
	return l.manifest.Flush()
}

// removed forgets the files of a part. What the manifest has of it is dropped
// by close, when nothing else is left of it.
func (l *ledger) removed(part string) {
	os.Remove(l.filesPath(part))
	os.Remove(auditPath(l.dir, part))
}

// forget deletes what is left of parts that are not installed any more, those
// of a run that was killed too: the manifest has them until all else is gone.
func (l *ledger) forget(db *state.DB) error {
	var gone []string
	for _, part := range l.manifest.Parts() {
		if _, ok := db.Get(part); !ok {
			gone = append(gone, part)
		}
	}
	if l.times == nil && len(gone) == 0 {
		return nil
	}
	audited := func(part string) string { return auditPath(l.dir, part) }
	err := errors.Join(sweepFiles(l.filesPath, db.Parts()), sweepFiles(audited, db.Parts()), sweepSources(l.dir, db.Parts()))
	for _, part := range gone {
		if err == nil {
			l.manifest.Drop(part)
		}
	}
	return err
}

// close writes down what is new about kept parts, and waits for all.
func (l *ledger) close(db *state.DB, g *plan.Graph) error {
	for _, n := range g.Parts {
		r, ok := db.Get(n.Part)
		if ok && n.Decision == plan.Update && (n.Stale || len(r.Paths) != len(n.Old.Paths)) {
			l.manifest.Put(n.Entry(r, nil))
		}
	}
	errs := []error{l.problem}
	if l.times != nil {
		close(l.hashing)
		errs = append(errs, <-l.hashed, l.times.Save())
	}
	return errors.Join(append(errs, l.forget(db), l.manifest.Close())...)
}

// sweepFiles deletes what stands beside the files of installed parts.
func sweepFiles(path func(part string) string, installed []string) error {
	dir := filepath.Dir(path("-"))
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	known := map[string]bool{}
	for _, part := range installed {
		known[filepath.Base(path(part))] = true
	}
	for _, e := range entries {
		if !known[e.Name()] {
			err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// verify returns what is wrong with the files of an installed part, as far as
// it is known what they were.
func (l *ledger) verify(ctx context.Context) func(part string, r parts.Record) []string {
	return func(part string, r parts.Record) []string {
		return manifest.Check(ctx, l.filesPath(part), r)
	}
}

// isWork reports whether a graph installs or removes something.
func isWork(g *plan.Graph) bool {
	return len(g.Removed) > 0 || slices.ContainsFunc(g.Parts, func(n *plan.Node) bool { return n.Decision != plan.Update })
}
