package elf

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// audit is one run of Audit.
type audit struct {
	*world
	in      Input
	audited int // the first parts of the world are audited
	seen    []*seen
	reports []PartReport
	list    []Finding
	// subjects are the ELF files that a loader can do something with.
	subjects []*subject
	// users are the processes in which others have loaded an image.
	users map[*image][]*process
	// settled are the names that a library does not find alone, but by those
	// that load it, or that it has a finding for.
	settled  map[*image]map[string]settlement
	programs [][]*process // of each part, when they were asked for; nil: not yet
	linkDirs []string     // where hostLibrary looks
}

// seen is a file that there may be something to say about.
type seen struct {
	path  string
	part  int
	mode  fs.FileMode
	id    fileID
	image *image
	text  *text
	link  string // where a symbolic link leads
	err   error
}

// Audit looks at all files of the parts of in. Whatever is wrong with them is
// in the report; the error is that of ctx, or a wrong policy.
func Audit(ctx context.Context, in Input) (*Report, error) {
	for _, p := range in.Parts {
		if err := p.Policy.Check(); err != nil {
			return nil, fmt.Errorf("part %s: %w", p.Name, err)
		}
	}
	a := &audit{world: newWorld(&in), in: in, audited: len(in.Parts), reports: make([]PartReport, len(in.Parts)),
		users: map[*image][]*process{}, settled: map[*image]map[string]settlement{}}
	a.programs = make([][]*process, len(a.parts))
	for i := range in.Parts {
		a.reports[i].Part = in.Parts[i].Name
	}
	if err := a.collect(ctx); err != nil {
		return nil, err
	}
	return a.judge(ctx)
}

// judge makes the report of what was seen.
func (a *audit) judge(ctx context.Context) (*Report, error) {
	if err := a.judgeObjects(ctx); err != nil {
		return nil, err
	}
	for _, s := range a.seen {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		a.judgeFile(s)
	}
	r := &Report{Parts: a.reports, Findings: a.finish()}
	var newest version
	for i := range a.reports {
		if v, ok := parseVersion(a.reports[i].Glibc); ok && newest.less(v) {
			newest, r.Glibc = v, a.reports[i].Glibc
		}
	}
	r.HostGlibc = a.hostGlibc()
	return r, nil
}

// hostGlibc asks the loader of the machine that most programs are for.
func (a *audit) hostGlibc() string {
	for _, key := range slices.Sorted(maps.Keys(a.loaders)) {
		if l := a.loaders[key]; l.release != (version{}) && a.owner(l.path) < 0 {
			return l.release.String()
		}
	}
	return ""
}

// add takes a finding.
func (a *audit) add(part int, f Finding) {
	f.Part = a.parts[part].Name
	a.parts[part].allow(&f)
	a.list = append(a.list, f)
}

// walker passes files on to workers.
type walker struct {
	a     *audit
	todo  chan *seen
	kept  []*seen // what needs no reading
	again []*seen // further names of files that are read
	read  map[fileID]bool
	roots map[string]bool
}

// collect reads all files of the parts that are audited.
func (a *audit) collect(ctx context.Context) error {
	w := &walker{a: a, todo: make(chan *seen, 256), read: map[fileID]bool{}, roots: map[string]bool{}}
	jobs := a.in.Jobs
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	results := make([][]*seen, jobs)
	var done sync.WaitGroup
	for i := range results {
		done.Go(func() { results[i] = a.work(ctx, w.todo) })
	}
	err := w.walk(ctx)
	close(w.todo)
	done.Wait()
	if err != nil {
		return err
	}
	a.seen = append(w.kept, slices.Concat(results...)...)
	a.share(w.again)
	slices.SortFunc(a.seen, func(x, y *seen) int {
		return cmp.Or(cmp.Compare(x.part, y.part), strings.Compare(x.path, y.path))
	})
	return ctx.Err()
}

// share gives ELF files with several names to each part that has one of them.
func (a *audit) share(again []*seen) {
	known := map[fileID]map[int]bool{}
	images := map[fileID]*image{}
	for _, s := range a.seen {
		if s.image != nil {
			images[s.id] = s.image
			known[s.id] = map[int]bool{s.part: true}
		}
	}
	for _, s := range again {
		if m := images[s.id]; m != nil && !known[s.id][s.part] {
			known[s.id][s.part] = true
			s.image = m
			a.seen = append(a.seen, s)
		}
	}
}

// walk goes through the roots of all parts.
func (w *walker) walk(ctx context.Context) error {
	for i := range w.a.audited {
		for _, root := range w.a.parts[i].Roots {
			root = filepath.Clean(root)
			if w.roots[root] || w.a.owner(filepath.Dir(root)) == i {
				continue // or in another root of the part
			}
			w.roots[root] = true
			if err := w.walkRoot(ctx, i, root); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *walker) walkRoot(ctx context.Context, part int, root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			if !os.IsNotExist(err) {
				w.kept = append(w.kept, &seen{path: path, part: part, err: err})
			}
			return nil
		case d.IsDir() && path != root && w.a.owner(path) != part:
			return filepath.SkipDir // a part in a part
		}
		info, err := d.Info()
		if err == nil {
			w.take(part, path, info)
		}
		return nil
	})
}

// take takes one file.
func (w *walker) take(part int, path string, info fs.FileInfo) {
	s := &seen{path: path, part: part, mode: info.Mode()}
	if s.mode&fs.ModeSymlink != 0 {
		s.link, s.err = os.Readlink(path)
		w.kept = append(w.kept, s)
		return
	}
	w.a.judgeMode(s)
	if !s.mode.IsRegular() {
		return
	}
	w.a.reports[part].Files++
	if info.Size() == 0 {
		return
	}
	id, links := identity(info)
	s.id = id
	if links > 1 {
		if w.read[id] {
			w.again = append(w.again, s)
			return
		}
		w.read[id] = true
	}
	w.todo <- s
}

// headSize is how much is read of files that are nothing special: the kernel
// looks at 256 bytes of a script.
const headSize = 512

// work reads files until there are no more, and returns those that there may
// be something to say about.
func (a *audit) work(ctx context.Context, todo <-chan *seen) (kept []*seen) {
	var r reader
	head := make([]byte, headSize)
	ceilings := make([]version, a.audited)
	for i := range ceilings {
		ceilings[i], _ = parseVersion(a.parts[i].Policy.MaxGlibc)
	}
	for s := range todo {
		if ctx.Err() == nil && s.look(&r, head, ceilings[s.part]) {
			kept = append(kept, s)
		}
	}
	return kept
}

// look reads what is needed of a file, and reports whether it matters.
func (s *seen) look(r *reader, head []byte, ceiling version) bool {
	f, err := os.OpenFile(s.path, os.O_RDONLY|noWait, 0)
	if err != nil {
		s.err = err
		return !os.IsNotExist(err)
	}
	defer f.Close()
	n, err := f.Read(head)
	if err != nil {
		s.err = err
		return true
	}
	if head = head[:n]; isELF(head) {
		info, err := f.Stat()
		if err != nil {
			s.err = err
			return true
		}
		s.image = r.read(f, info.Size(), true, ceiling)
		return true
	}
	s.text, s.err = r.readText(f, s.path, s.mode, head)
	return s.text != nil || s.err != nil
}
