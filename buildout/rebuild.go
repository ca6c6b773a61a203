package buildout

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/history"
	"gobuild/buildout/plan"
	"gobuild/parts/compare"
	"gobuild/parts/disk"
	"gobuild/parts/fetch"
	"gobuild/parts/run"
	"gobuild/parts/state"
	"gobuild/parts/store"
)

// elsewhere is where a part is built that is to be compared.
type elsewhere struct {
	part     string
	root     string // holds the others
	location string
	state    string // takes the place of .gobuild
}

// RebuildOptions says what CheckRebuild does.
type RebuildOptions struct {
	Parts []string
	Keep  bool // the two builds stay
	// Compared is told of each part while its builds are there.
	Compared func(*Rebuilt) error
}

// Rebuilt is a part that was built twice.
type Rebuilt struct {
	Part   string
	Result *compare.Result // of the two builds
	// Installed compares what is installed with the first build; nil when the
	// part is not installed, or in a place of another kind.
	Installed *compare.Result
	Trees     [2]string // where the two builds are
	Logs      [2]string
}

// rebuild is the state of CheckRebuild.
type rebuild struct {
	*Engine
	db   *state.DB
	keep bool
}

// CheckRebuild builds each part twice, in two new directories and as two
// different users would, and compares the results. What is installed stays as
// it is, and the parts that are needed are used as they are. Start, with recipes,
// comes before it.
func (e *Engine) CheckRebuild(ctx context.Context, o RebuildOptions) error {
	held, err := e.lock(ctx)
	if err != nil {
		return err
	}
	defer held.Release()
	if err := history.Recover(e.Base.Directory); err != nil {
		return &StateError{err}
	}
	db, err := e.state()
	if err != nil {
		return err
	}
	g, err := e.DryRun(ctx, o.Parts)
	if err != nil {
		return err
	}
	r := &rebuild{e, db, o.Keep}
	if err := errors.Join(e.checkMemory(g), e.checkReproducible(g), r.checkAll(g)); err != nil {
		return err
	}
	if err := r.sweep(); err != nil {
		return &StateError{err}
	}
	start := time.Now()
	e.Events.Emit(event.Event{Kind: event.RunStarted, Time: start, Total: int64(len(g.Parts)) * 2})
	defer func() {
		e.Events.Emit(event.Event{Kind: event.RunDone, Time: time.Now(), Elapsed: time.Since(start)})
	}()
	for _, n := range g.Parts {
		if err := r.part(ctx, n, o.Compared); err != nil {
			return err
		}
	}
	return nil
}

// checkAll refuses parts that cannot be built elsewhere.
func (r *rebuild) checkAll(g *plan.Graph) error {
	var list diag.List
	for _, n := range g.Parts {
		if !n.Spec.Builds {
			list.Add(impossible(n, "recipe %s does not compile: there is nothing to build twice", n.Spec.Names[0]))
			continue
		}
		for _, need := range r.missingNeeds(n.Part) {
			list.Add(impossible(n, "%s, which it needs, is not installed", need).WithHint("gobuild install %s", need))
		}
	}
	return list.Err()
}

// impossible is the error for a part that cannot be built elsewhere.
func impossible(n *plan.Node, format string, args ...any) *diag.Diagnostic {
	return diag.At(n.At, "rebuild-impossible", format, args...).WithPath(n.Part)
}

// missingNeeds returns the parts that a part needs and that are not installed.
func (r *rebuild) missingNeeds(part string) []string {
	var missing []string
	seen := map[string]bool{part: true}
	var visit func(name string)
	visit = func(name string) {
		s := r.eval.Known(name)
		if s == nil {
			return
		}
		for _, need := range s.Needs() {
			if seen[need] {
				continue
			}
			seen[need] = true
			if k := r.eval.Known(need); k == nil || k.Action == nil {
				visit(need) // a section without a recipe
			} else if rec, ok := r.db.Get(need); !ok || slices.ContainsFunc(rec.Paths, func(p string) bool { return !r.exists(p) }) {
				missing = append(missing, need)
			}
		}
	}
	visit(part)
	return missing
}

// part builds one part twice and compares.
func (r *rebuild) part(ctx context.Context, n *plan.Node, compared func(*Rebuilt) error) (err error) {
	location := r.path(n.Options["location"])
	places, err := r.places(n.Part, location)
	if err != nil {
		return &StateError{err}
	}
	before := fingerprint(location)
	defer func() {
		var failure *FailedError
		if !r.keep && !errors.As(err, &failure) { // a failed build can be looked at
			err = errors.Join(err, r.discard(places))
		}
	}()
	for round, place := range places {
		if err := r.build(ctx, n, round, place, location); err != nil {
			return err
		}
	}
	if fingerprint(location) != before {
		return impossible(n, "its build elsewhere has changed files in %s", location).
			WithHint("an option or a script names that directory by other words than location; `gobuild rebuild %s` makes it whole again", n.Part)
	}
	result, err := r.compare(ctx, n, places, location)
	if err != nil {
		return err
	}
	return compared(result)
}

// build builds a part in a place, as the user of that round.
func (r *rebuild) build(ctx context.Context, n *plan.Node, round int, place elsewhere, installed string) error {
	c := r.Config
	defer vary(&c, round)()
	e, err := Open(ctx, c)
	if err != nil {
		return err
	}
	e.elsewhere = &place
	if err := e.Start(ctx, true, false); err != nil {
		return err
	}
	g, err := e.Plan(ctx, plan.Input{Named: []string{n.Part}})
	if err != nil {
		return err
	}
	node := g.Parts[0]
	if err := stays(node, place, installed); err != nil {
		return err
	}
	if err := e.beginPurity(ctx, g); err != nil {
		return err
	}
	e.client = fetch.New(e.fetchConfig())
	if err := e.openPool(); err != nil {
		return err
	}
	if e.pool != nil {
		defer e.pool.Close()
	}
	j := e.job(node)
	j.begin("Compiling")
	w := j.work()
	defer func() { j.share.Close() }()
	_, err = j.run(ctx, w)
	if err == nil && !disk.Exists(place.location) {
		err = impossible(n, "it has not made %s", place.location)
	}
	if err != nil {
		err = j.failure(ctx, err)
	}
	err = errors.Join(err, store.Remove(w.Temp))
	j.end("Compiling", err)
	if err != nil {
		return failed(ctx, n.Part, err)
	}
	return nil
}

// stays refuses a part that would be built into what is installed.
func stays(n *plan.Node, place elsewhere, installed string) error {
	if n.Options["location"] != place.location {
		return impossible(n, "it says by itself where it lives: %s", n.Options["location"])
	}
	for key, value := range n.Options {
		if installed != "" && namesPath(value, installed) {
			return impossible(n, "option %s names the directory that is installed, which a build elsewhere must not touch: %s", key, installed).
				WithHint("write ${:location}, or @@LOCATION@@, instead")
		}
	}
	return nil
}

// namesPath reports whether text holds a path, and not only a longer name.
func namesPath(text, path string) bool {
	for {
		_, rest, found := strings.Cut(text, path)
		if !found {
			return false
		}
		if rest == "" || !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+", rune(rest[0])) {
			return true
		}
		text = rest
	}
}

// vary makes c that of another user for the second round. The function returned
// ends that.
func vary(c *Config, round int) (restore func()) {
	if round == 0 {
		return func() {}
	}
	locale := "C.UTF-8"
	if now, _ := run.LookupEnv(c.Environ, "LC_ALL"); now == locale {
		locale = "POSIX"
	}
	c.Environ = run.MergeEnv(c.Environ, map[string]string{
		"LC_ALL": locale, "TZ": "XYZ-5:30", "USER": "gobuild-rebuild", "LOGNAME": "gobuild-rebuild"})
	if c.Jobs = c.Jobs / 2; c.Jobs == 0 {
		c.Jobs = 2
	}
	const other = 0o027
	if c.Umask == other {
		c.Umask = 0o022
	} else {
		c.Umask = other
	}
	// Programs that write down the time write another one.
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
	old := syscall.Umask(c.Umask)
	return func() { syscall.Umask(old) }
}

// compare compares two builds with each other and with what is installed.
func (r *rebuild) compare(ctx context.Context, n *plan.Node, places [2]elsewhere, installed string) (*Rebuilt, error) {
	b := &Rebuilt{Part: n.Part}
	var trees [2]compare.Tree
	for i, p := range places {
		b.Trees[i], b.Logs[i] = p.location, filepath.Join(p.state, "log", fileName(n.Part)+".log")
		trees[i] = compare.Tree{Root: p.location, Names: names(p.root)}
	}
	var err error
	if b.Result, err = compare.Trees(ctx, trees[0], trees[1]); err != nil {
		return nil, fmt.Errorf("compare the builds of %s: %w", n.Part, err)
	}
	if _, ok := r.db.Get(n.Part); !ok || len(installed) != len(places[0].location) || !disk.Exists(installed) {
		return b, nil
	}
	was := compare.Tree{Root: installed, Names: append(names(installed), names(filepath.Join(r.Base.Directory, ".gobuild"))...)}
	now := compare.Tree{Root: places[0].location, Names: append(names(places[0].location), names(places[0].state)...)}
	if b.Installed, err = compare.Trees(ctx, now, was); err != nil {
		return nil, fmt.Errorf("compare the build of %s with what is installed: %w", n.Part, err)
	}
	return b, nil
}

// names are the ways in which files name a directory.
func names(dir string) []string {
	real := resolved(dir)
	if real == dir {
		return []string{dir, dir}
	}
	return []string{dir, real}
}

// fingerprint stands for the files of a tree: names, sizes, times.
func fingerprint(root string) string {
	var b strings.Builder
	filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := d.Info(); err == nil {
			fmt.Fprintln(&b, path, info.Mode(), info.Size(), info.ModTime().UnixNano())
		}
		return nil
	})
	return b.String()
}
