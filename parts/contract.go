// Package parts is the contract between the engine and the recipes: what a
// recipe is asked, what it may use while it works, and what is remembered of a
// part. It holds what is true of a part whatever its recipe.
package parts

import (
	"context"
	"io"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
)

// Recipe makes actions from options. A Recipe is a shared value without state.
type Recipe interface {
	// Prepare reads and checks the options of one section and sets computed
	// ones, as the constructor of a zc.buildout recipe does. It has no effect
	// on disk. Errors are diagnostics that point to the option at fault.
	Prepare(ctx context.Context, o Options) (Action, error)
}

// Options is one section of a profile as a recipe sees it: macros expanded,
// values substituted. It is used by one goroutine.
type Options interface {
	// Name returns the name of the section.
	Name() string
	// Keys returns the names of all options, sorted.
	Keys() []string
	// Lookup returns the value of an option and where it was set. ok is false
	// when it is missing. Reading marks the option as used. A value that
	// cannot be substituted was reported before the recipe was asked.
	Lookup(key string) (value string, at diag.Span, ok bool)
	// Set sets a computed option; others see it as ${name:key}.
	Set(key, value string)
	// Substitute expands the ${section:option} references of a text that does
	// not come from the profile (a template), as if it stood in this section.
	// Text is what zc.buildout's Options._sub sees: `$$` has no meaning here.
	Substitute(ctx context.Context, text string, at diag.Span) (string, error)
	// Section returns another section, evaluated; reading it means depending
	// on it. It is an error after Location.
	Section(ctx context.Context, name string) (Options, error)
	// Has reports whether a section exists, without evaluating it.
	Has(section string) bool
	// Location computes where the part lives and freezes its dependencies.
	// With shared false, or when [buildout] names no usable shared-part-list,
	// it is parts-directory/NAME. SPEC-recipes 1.3.
	Location(shared bool) (Location, error)
	// Header is the place of the section's header.
	Header() diag.Span
}

// Location is where a part lives.
type Location struct {
	Path string // absolute
	// Signature is the JSON text of a shared part, whose md5 is the last
	// element of Path. It is empty when the part is not shared.
	Signature string
}

// Shared reports whether the part lives in a shared directory.
func (l Location) Shared() bool { return l.Signature != "" }

// Action is prepared work: a recipe with the options of one part.
type Action interface {
	// Run installs the part. Every path that belongs to the part is given to
	// w.Own before it is created. Run may be repeated after a crash.
	Run(ctx context.Context, w *Work) error
}

// Updater is an Action that does something when an installed part is kept.
// Without it nothing is done.
type Updater interface {
	Update(ctx context.Context, w *Work) error
}

// Remover is a Recipe with work to do before the files of a part are deleted.
// keep lists owned paths that must not be deleted.
type Remover interface {
	Remove(ctx context.Context, w *Work, old Record) (keep []string, err error)
}

// Sourcer is an Action that can say beforehand what its Run will fetch, so that
// it is fetched while other parts are built.
type Sourcer interface {
	// Sources returns the requests that Run is going to make, as it makes them.
	Sources() []FetchRequest
}

// Resumer is an Action that can go on at a step of a failed Run.
type Resumer interface {
	// Resume is Run from the step w.From on. What the steps before it made is
	// in place.
	Resume(ctx context.Context, w *Work) error
}

// Refresher is an Updater that may make the part anew from its sources: when
// they change, it does not have to be installed again, and its files may differ
// from what was installed.
type Refresher interface {
	Refreshes() bool
}

// Reinstaller is an Updater that may find, at update time, that the installed
// part must be installed anew. SPEC-recipes 6: "if location is missing".
type Reinstaller interface {
	MustReinstall(old Record) bool
}

// Work is all that an Action may use. It belongs to one run of one part.
type Work struct {
	Part   string
	Dir    string // the buildout directory: where commands run by default
	Temp   string // for scratch files: made by whoever needs it first, removed after the run
	Log    io.Writer
	Events event.Sink
	Proc   Runner
	Fetch  Fetcher
	// Own records a path as belonging to the part: uninstall deletes it, and
	// so does a failed install. Relative paths are relative to Dir.
	Own func(path string)
	// Disown ends that a path of the installed part belongs to it. An Update
	// calls it for what it has deleted.
	Disown func(path string)
	// Stray tells of a file or directory that the part has made and that nobody
	// owns: the user is warned. nil: nobody asks for it.
	Stray func(path string)
	// HasSecret reports whether a text has a secret in it, so that only its owner
	// may read the file that it is written to. nil: none has.
	HasSecret func(text string) bool
	// Keep records a path that the part is going to make and that stays when
	// it fails, to be looked at: the next installation of the part deletes it.
	// nil: nobody asks for it.
	Keep func(path string)
	// NoSync says that nothing waits for the disk.
	NoSync bool
	// Umask of the process, for files that are created with an exact mode.
	Umask int
	// Launcher is the path of the gobuild binary, for scripts that need it to
	// start their program (gobuild exec).
	Launcher string
	// Jobserver says that makes of the part get their jobs from one: a number of
	// jobs of their own would take them out of the budget.
	Jobserver bool
	// Offline is the value of [buildout] offline.
	Offline bool
	// Session is what recipes have in common, and Setenv changes the environment
	// of all parts that come later. They may be nil.
	Session *Session
	Setenv  func(Environment)
	// From is the step that a Resumer goes on at, by its name in Step; "" in
	// any other run.
	From string
	// Leave tells what a Resume of this run needs, should it fail. It is called
	// before the failure. nil: nobody will resume.
	Leave func(Left)
	// Left is what the failed run has told by Leave, for a Resume; else nil.
	Left *Left
	// Nested runs another buildout in the same directory and waits for it. Its
	// recipe must be InOrder: a nested run changes what it likes.
	Nested func(ctx context.Context, r NestedRun) error
	// Again says to a Remover that the part is going to be installed anew.
	Again bool
}

// NestedRun is a buildout in the directory of another one, with a record of its
// own: .installed-NAME.cfg. It gets the directory, the eggs and the mode of the
// outer run (offline, newest, verbosity), and takes its jobs from the same
// budget. What the command line assigns counts for the outer run alone.
type NestedRun struct {
	Name    string // of the part that runs it
	Profile string // path or URL
	Set     []Assignment
	// Remove removes all parts that the nested run has installed. Profile is
	// not read.
	Remove bool
}

// Assignment is an option that is laid over a profile.
type Assignment struct{ Section, Option, Value string }

// Step tells that the part goes on to the step called name.
func (w *Work) Step(name string) {
	io.WriteString(w.Log, "==> "+w.Part+": "+name+"\n")
	w.Events.Emit(event.Event{Kind: event.StepStarted, Part: w.Part, Step: name})
}

// Say shows text to the user as `part: text` and puts it in the log.
func (w *Work) Say(level event.Level, text string) {
	io.WriteString(w.Log, w.Part+": "+text+"\n")
	w.Events.Emit(event.Event{Kind: event.Message, Part: w.Part, Level: level, Text: text})
}

// Command is a process to run: argv, directory, complete environment.
type Command struct {
	Argv   []string  // Argv[0] is looked up in the PATH of Env
	Dir    string    // "" means Work.Dir
	Env    []string  // complete; nil means Runner.Environ()
	Stdin  io.Reader // nil means /dev/null
	Stdout io.Writer // nil means the part's log, to which stderr always goes
	Step   string    // named in errors: configure, make, ...
	Show   string    // how the command is shown; "" means quoted Argv
}

// Runner runs processes for one part.
type Runner interface {
	// Run waits for the process. All of its output goes to the part's log. On
	// cancellation its whole process group ends, SIGTERM first. A non-zero
	// end is an *ExitError.
	Run(ctx context.Context, c Command) error
	// Environ returns the environment that the processes of this run start
	// with, as NAME=value, sorted by name.
	Environ() []string
}

// ExitError says that a process ended badly.
type ExitError struct {
	Step    string
	Command string // as it can be pasted into a shell
	Dir     string
	Code    int    // exit status; -1 when killed by a signal
	Signal  string // name of the signal, or ""
	Err     error  // why the process could not be started, or nil
}

// Checksum is a digest that a file must have.
type Checksum struct {
	Algorithm string // md5, sha1, sha256 or sha512
	Hex       string // lower case
	At        diag.Span
}

// FetchRequest names a file to get.
type FetchRequest struct {
	URL        string // http, https, ftp or file URL, or a path relative to Work.Dir
	Alternates []string
	Sums       []Checksum // all must hold; none means unverified
	At         diag.Span  // the option that holds the URL
	Offline    *bool      // the part's own setting; nil means that of [buildout]
	Directory  bool       // a local directory is a legal answer
	// CacheFolder is the folder of the download-cache that has the file; ""
	// is the download-cache itself.
	CacheFolder string
	// Fresh says that the download-cache does not have the file: it changes, or
	// is kept in another way.
	Fresh bool
}

// Fetched is a local file that holds the answer. It must not be changed: it is
// the user's own file, or one of a cache.
type Fetched struct {
	Path  string
	Local bool // the URL named a local path; its mode counts
	Temp  bool // the caller removes it when done
	// From is the URL or path that gave the file, without secrets; "" when it
	// came from a cache and that is not known.
	From string
}

// Fetcher gets files for one part.
type Fetcher interface {
	Fetch(ctx context.Context, r FetchRequest) (Fetched, error)
	// Unpack puts the content of an archive (or a copy of a directory) into
	// the existing directory dest. SPEC-recipes 5.
	Unpack(ctx context.Context, archive, dest string, strip Strip) error
}

// Strip says what to do with the single top directory of an archive.
type Strip int

// The ways to strip.
const (
	StripAuto   Strip = iota // if there is exactly one entry and it is a directory
	StripAlways              // anything else is an error
	StripNever
)

// Record is what is remembered of an installed part.
type Record struct {
	Part    string
	Options map[string]string // all options with their final values, recipe included
	Paths   []string          // owned paths, in the order of installation
	// Signature identifies the behaviour of the recipe that installed it
	// (zc.buildout: the eggs of the recipe). Text of __buildout_signature__.
	Signature string
}
