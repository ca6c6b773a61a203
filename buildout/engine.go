// Package buildout is the engine: it opens a profile, plans what is to be
// done, and does it. It is the only place that joins the stages.
package buildout

import (
	"context"
	"os"
	"path/filepath"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/buildout/plan"
	"gobuild/buildout/profile"
	"gobuild/parts"
	"gobuild/parts/disk"
	"gobuild/parts/fetch"
	"gobuild/parts/jobs"
	"gobuild/parts/manifest"
	"gobuild/parts/state"
	"gobuild/parts/store"
)

// Lookup finds recipes; main passes the table of the built-in ones.
type Lookup interface {
	// Find returns the recipe that profiles call name.
	Find(name string) (parts.Spec, bool)
	// Suggest returns a hint for an unknown name, or "".
	Suggest(name string) string
}

// Config says which profile is opened, and how.
type Config struct {
	Profile      string // path or URL
	Dir          string // the current directory, absolute
	Home         string
	UserDefaults string // path of default.cfg, "" for none
	Assignments  []profile.Assignment
	Dialect      profile.Dialect
	Condition    cfg.Condition
	Executable   string // the default of [buildout] executable
	ABITag       string // ends eggs-directory when abi-tag-eggs is true
	Environ      []string
	Umask        int
	Launcher     string // path of the gobuild binary, for scripts that run it
	Recipes      Lookup
	SecretName   func(option string) bool // options of such names hold secrets; nil: none
	Events       event.Sink
	Fetch        fetch.Config
	Jobs         int       // the budget of parts and what they compile; 1 is the order of zc.buildout
	OwnJobs      bool      // the budget does not come from a make above
	Memory       int64     // bytes that parts may take together; 0 is no limit
	KeepGoing    bool      // after a failure go on with what does not depend on it
	NoSync       bool      // do not wait for the disk
	Namespaces   bool      // mount namespaces may be used for upgrades
	Check        bool      // read all installed files
	KeepPrevious bool      // keep what is replaced or removed
	AuditMode    AuditMode // of profiles that do not say
	NoWait       bool      // fail at once when another run holds the directory
	Inherited    *os.File  // what Inherit returned
	Command      string    // shown to those who wait for this run
	// Warn shows the warnings of a run that a part starts. It may be nil.
	Warn func(diag.List)
}

// Engine is an opened profile.
type Engine struct {
	Config
	Profile *profile.Profile
	Base    *profile.Base
	eval    *profile.Evaluator
	planner *plan.Planner
	build   func(context.Context, plan.Input) (*plan.Graph, error)
	client  *fetch.Client
	// problems are what Inspect tolerates.
	problems diag.List
	probes   []*partLog // of sections that were prepared
	probing  probing
	resuming resuming
	pure     *purity   // nil before a run
	known    *state.DB // as Prepare sees it
	ledger   *ledger
	audits   *audits    // of the run; nil before it
	pool     *jobs.Pool // nil with one job, and before there is work
	disk     *disk.Disk // nil for a plain one; tests let it fail
	// compilers are those that parts were seen to use.
	compilers compilers
	elsewhere *elsewhere // where one part is built instead; nil for none
	// session is what recipes have in common; nil when none is run.
	session     *parts.Session
	environment environment // of the processes of parts
	nest        *nest       // of a run within another one; else nil
	hiding      hiding
	outside     outside
}

// Open reads and merges the profile. Nothing is evaluated yet.
func Open(ctx context.Context, c Config) (*Engine, error) {
	p, err := profile.Load(ctx, c.Loading())
	if err != nil {
		return nil, err
	}
	return &Engine{Config: c, Profile: p}, nil
}

// Loading is the part of c that says how the profile is read.
func (c Config) Loading() profile.Config {
	return profile.Config{
		Root: c.Profile, Dir: c.Dir, Home: c.Home, UserDefaults: c.UserDefaults, Assignments: c.Assignments,
		Dialect: c.Dialect, Executable: c.Executable, ABITag: c.ABITag, Condition: c.Condition, Open: &opener{Config: c},
	}
}

// Start evaluates [buildout]. Without recipes every recipe is null.
func (e *Engine) Start(ctx context.Context, withRecipes, lenient bool) error {
	return e.start(ctx, withRecipes, lenient, nil)
}

// start is Start; tolerate is plan.Planner's.
func (e *Engine) start(ctx context.Context, withRecipes, lenient bool, tolerate func(string, error)) error {
	if withRecipes {
		e.supply()
	}
	e.eval = &profile.Evaluator{Profile: e.Profile, Lenient: lenient}
	e.shareSecrets()
	e.Events = concealing{e, e.Events}
	e.planner = &plan.Planner{}
	if withRecipes {
		e.planner = &plan.Planner{Evaluator: e.eval, Recipe: e.Recipes.Find, Suggest: e.Recipes.Suggest,
			Exists: e.exists, Locate: e.locate, Probe: e.probe, Recall: e.recorded, Tolerate: tolerate,
			Stat: manifest.StatFile, Sum: manifest.SumFile,
			Toolchain: func() manifest.Toolchain { return e.ledger.manifest.Toolchain(ctx, e.Environ) }}
		if tolerate == nil {
			e.serveForeign()
		}
		e.build = e.planner.Attach()
	}
	base, err := e.eval.Start(ctx)
	e.Base = base
	if err != nil {
		return e.furtherErrors(ctx, err)
	}
	e.Profile = e.eval.Profile
	return nil
}

// furtherErrors adds to what is wrong in [buildout] what is wrong in the parts.
// Recipes are not prepared: they may rely on [buildout].
func (e *Engine) furtherErrors(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	e.planner.CheckOnly, e.eval.Lenient = true, true
	defer e.eval.Doing("Installing.", "", "")()
	_, more := plan.Evaluate(ctx, e.eval, nil)
	return append(diag.All(err), diag.All(more)...).Sorted()
}

// exists reports whether an installed path is still there.
func (e *Engine) exists(path string) bool { return fileExists(e.path(path)) }

// recorded returns what an earlier run has recorded of a part. It may be asked
// before the directory is locked; what cannot be read tells nothing here, and is
// an error later.
func (e *Engine) recorded(part string) (parts.Record, bool) {
	if e.known == nil {
		installed := e.early("installed")
		path := installed
		if !filepath.IsAbs(path) {
			path = filepath.Join(e.early("directory"), path)
		}
		db, err := state.Open(path, state.Options{Disabled: installed == ""})
		if err != nil {
			return parts.Record{}, false
		}
		e.known = db
	}
	return e.known.Get(part)
}

// path makes an installed path absolute.
func (e *Engine) path(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(e.Base.Directory, path)
}

// locate says where a part with these options lives. It may be asked while
// [buildout] itself is evaluated, when its own options are not final yet.
func (e *Engine) locate(part string, options map[string]string, shared bool) parts.Location {
	if e.elsewhere != nil && part == e.elsewhere.part {
		return parts.Location{Path: e.elsewhere.location}
	}
	buildout := e.eval.Known("buildout")
	ctx := context.Background()
	directory, _, _ := buildout.Get(ctx, "parts-directory")
	if !shared {
		return store.Locate(nil, directory, part, "")
	}
	list, _, _ := buildout.Get(ctx, "shared-part-list")
	signature := store.Signature(options, options["_profile_base_location_"])
	return store.Locate(lines(list), directory, part, signature)
}

// Plan decides what is to be done. named are parts named by the user; nil
// means all that the profile lists.
func (e *Engine) Plan(ctx context.Context, in plan.Input) (*plan.Graph, error) {
	defer e.eval.Doing("Installing.", "", "")()
	defer e.closeProbes() // nothing is prepared after a plan
	return e.build(ctx, in)
}

// Resolved is a profile after substitution.
type Resolved struct {
	Parts    []string                     `json:"parts"`
	Sections map[string]map[string]string `json:"resolved"`
	Holes    []string                     `json:"holes"`
}

// Resolve evaluates the parts (named ones, or all) and returns the sections
// that were touched. Start comes before it.
func (e *Engine) Resolve(ctx context.Context, named []string) (*Resolved, error) {
	done := e.eval.Doing("Installing.", "", "")
	order, err := plan.Evaluate(ctx, e.eval, named)
	done()
	if err != nil {
		return nil, err
	}
	r := &Resolved{Parts: order, Sections: map[string]map[string]string{}, Holes: e.eval.Holes()}
	if r.Parts == nil {
		r.Parts = []string{}
	}
	if r.Holes == nil {
		r.Holes = []string{}
	}
	var errs diag.List
	for _, name := range e.eval.Touched() {
		r.Sections[name], err = e.values(ctx, name)
		errs = append(errs, diag.All(err)...)
	}
	if len(errs) > 0 {
		return nil, append(errs, e.eval.Further()...).Sorted()
	}
	return r, nil
}

// values returns the final values of an evaluated section.
func (e *Engine) values(ctx context.Context, name string) (map[string]string, error) {
	s := e.eval.Known(name)
	values := map[string]string{}
	var errs diag.List
	for _, key := range s.Keys() {
		v, _, err := s.Get(ctx, key)
		errs = append(errs, diag.All(err)...)
		values[key] = v
	}
	return values, errs.Err()
}

// Evaluated returns the evaluated sections with their saved options, by name.
func (e *Engine) Evaluated() map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, name := range e.eval.Touched() {
		all[name] = e.eval.Known(name).Saved()
	}
	return all
}

// At is the place of an option's value, or of the section's header.
func (e *Engine) At(section, option string) diag.Span {
	if s := e.eval.Known(section); s != nil {
		return s.At(option)
	}
	return diag.Span{}
}
