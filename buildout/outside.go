package buildout

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/plan"
	"gobuild/parts"
	"gobuild/parts/disk"
)

// Files that a part writes outside of what it owns stay when the part is removed.
// Recipes tell of those that they see; the files of programs are looked for at the
// end of a run, where nobody but parts has files: in parts-directory, in
// bin-directory and in staticDirs. Who wrote one is told by its time: the parts of
// which a program ran then, unless another part that was at work owns it.
//
// It costs a note for each program, and one look at those directories if a program
// ran while a part was installed.

// staticDirs are directories of a buildout that no service writes to.
var staticDirs = []string{"etc", "include", "lib", "lib64", "libexec", "sbin", "share"}

const (
	maxOutsideDirs  = 2000  // that are looked at
	maxOutsideFiles = 20000 // whose times are looked at
	outsideDepth    = 3     // of directories below those above
	maxOutsideShown = 3     // paths of one warning
)

// shift is a time in which a part was at work, or a program of it ran.
type shift struct {
	part     string
	from, to time.Time
}

func (s shift) holds(t time.Time) bool { return !t.Before(s.from) && !t.After(s.to) }

// outside knows who was at work when.
type outside struct {
	mu       sync.Mutex
	works    []shift             // of parts
	programs []shift             // of programs of parts that are installed
	homes    map[string][]string // by part: what it owns
	told     map[string][]string // by part: what its recipe has told
}

// watched is a Runner that notes when programs run.
type watched struct {
	parts.Runner
	job *job
}

// watching returns the runner of a part for which r does the work.
func (j *job) watching(r parts.Runner) parts.Runner {
	if j.node.Decision == plan.Update {
		return r
	}
	return watched{r, j}
}

// Run runs c.
func (w watched) Run(ctx context.Context, c parts.Command) error {
	from := disk.Clock()
	err := w.Runner.Run(ctx, c)
	o := &w.job.Engine.outside
	o.mu.Lock()
	defer o.mu.Unlock()
	o.programs = append(o.programs, shift{w.job.node.Part, from, time.Now()})
	return err
}

// stray notes a file outside of the part that the recipe knows of.
func (j *job) stray(path string) {
	o := &j.Engine.outside
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.told == nil {
		o.told = map[string][]string{}
	}
	o.told[j.node.Part] = append(o.told[j.node.Part], path)
}

// worked notes that the part was at work, and what it owns.
func (j *job) worked() {
	homes := []string{filepath.Join(j.Base.PartsDirectory, j.node.Part), j.temp()}
	paths := slices.Clone(j.owned)
	if j.node.Old != nil {
		paths = append(paths, j.node.Old.Paths...)
	}
	for _, path := range append(paths, j.node.Options["location"], j.node.Options["compile-directory"]) {
		if path != "" {
			homes = append(homes, j.path(path))
		}
	}
	o := &j.Engine.outside
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.homes == nil {
		o.homes = map[string][]string{}
	}
	o.homes[j.node.Part] = append(o.homes[j.node.Part], homes...)
	o.works = append(o.works, shift{j.node.Part, j.clock, time.Now()})
}

// warnOutside warns of files that parts have written outside of what they own.
func (x *execution) warnOutside(failed error) {
	o := &x.outside
	if x.Warn == nil || len(o.programs) == 0 && len(o.told) == 0 {
		return
	}
	found := maps.Clone(o.told)
	if found == nil {
		found = map[string][]string{}
	}
	if failed == nil && len(o.programs) > 0 {
		s := outsideSearch{Engine: x.Engine, graph: x.graph, found: found}
		s.all()
	}
	var list diag.List
	for _, who := range slices.Sorted(maps.Keys(found)) {
		list.Add(x.outsideWarning(who, found[who]))
	}
	if len(list) > 0 {
		x.Warn(list)
	}
}

// outsideWarning tells of the files of one part, or of one of several.
func (x *execution) outsideWarning(who string, paths []string) *diag.Diagnostic {
	names := strings.Split(who, "\n")
	shown, more := outermost(paths), ""
	if n := len(shown) - maxOutsideShown; n > 0 {
		shown, more = shown[:maxOutsideShown], fmt.Sprintf(" and %d more", n)
	}
	text := "the part writes outside of what it owns"
	if len(names) > 1 {
		text = "one of the parts " + strings.Join(names, ", ") + " writes outside of what it owns"
	}
	d := diag.At(x.At(names[0], ""), "written-outside", "%s: %s%s", text, strings.Join(shown, ", "), more).WithPath(names[0]).
		WithHint("nothing removes that with the part, and another part may overwrite it: let it write below its location")
	d.Severity = diag.Warning
	return d
}

// outermost sorts paths and leaves out those that lie in others.
func outermost(paths []string) []string {
	var list []string
	for _, path := range slices.Sorted(slices.Values(paths)) {
		if !slices.ContainsFunc(list, func(dir string) bool { return isIn(path, dir) }) {
			list = append(list, path)
		}
	}
	return list
}

// outsideSearch looks for files that belong to no part that was at work.
type outsideSearch struct {
	*Engine
	graph       *plan.Graph
	found       map[string][]string // by the names of parts, a line each
	from        time.Time           // of the first program
	dirs, files int
}

func (s *outsideSearch) all() {
	s.from = slices.MinFunc(s.outside.programs, func(a, b shift) int { return a.from.Compare(b.from) }).from
	roots := []string{s.Base.PartsDirectory, s.Base.BinDirectory}
	for _, name := range staticDirs {
		roots = append(roots, filepath.Join(s.Base.Directory, name))
	}
	for _, root := range outermost(roots) {
		s.dir(root, outsideDepth)
	}
}

// dir looks at a directory. Each new or replaced file changes the time of its
// directory, but not those of the directories above.
func (s *outsideSearch) dir(path string, depth int) {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() || s.dirs >= maxOutsideDirs || s.isHomeOfAll(path) {
		return
	}
	s.dirs++
	entries, _ := os.ReadDir(path)
	for _, entry := range entries {
		if entry.IsDir() && depth > 0 {
			s.dir(filepath.Join(path, entry.Name()), depth-1)
		}
	}
	if disk.Changed(info).Before(s.from) {
		return
	}
	for _, entry := range entries {
		if entry.IsDir() || s.files >= maxOutsideFiles {
			continue
		}
		s.files++
		if info, err := entry.Info(); err == nil {
			s.file(filepath.Join(path, entry.Name()), info)
		}
	}
}

// isHomeOfAll reports whether a directory belongs to the only part that has run
// programs.
func (s *outsideSearch) isHomeOfAll(path string) bool {
	part := s.outside.programs[0].part
	return s.isHome(part, path) && !slices.ContainsFunc(s.outside.programs, func(p shift) bool { return p.part != part })
}

// isHome reports whether a path belongs to a part.
func (s *outsideSearch) isHome(part, path string) bool {
	return slices.ContainsFunc(s.outside.homes[part], func(home string) bool { return isIn(path, home) })
}

// file asks who wrote a file.
func (s *outsideSearch) file(path string, info fs.FileInfo) {
	t := disk.Changed(info)
	if t.Before(s.from) || isProduct(path, info) {
		return
	}
	for _, w := range s.outside.works {
		if w.holds(t) && (s.isHome(w.part, path) || s.names(w.part, path)) {
			return
		}
	}
	var who []string
	for _, p := range s.outside.programs {
		if p.holds(t) && !slices.Contains(who, p.part) {
			who = append(who, p.part)
		}
	}
	if len(who) > 0 {
		slices.Sort(who)
		key := strings.Join(who, "\n")
		s.found[key] = append(s.found[key], path)
	}
}

// names reports whether a part without programs has an option that names a path:
// its recipe may write there without owning it.
func (s *outsideSearch) names(part, path string) bool {
	if slices.ContainsFunc(s.outside.programs, func(p shift) bool { return p.part == part }) {
		return false
	}
	i := slices.IndexFunc(s.graph.Parts, func(n *plan.Node) bool { return n.Part == part })
	if i < 0 {
		return true // it is removed, and nobody knows what that does
	}
	for _, value := range s.graph.Parts[i].Options {
		if slices.ContainsFunc(strings.Fields(value), func(word string) bool { return s.path(word) == path }) {
			return true
		}
	}
	return false
}
