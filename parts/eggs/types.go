package eggs

import (
	"context"
	"io"

	"gobuild/parts"
)

// Request says which distributions are wanted, and where they come from.
type Request struct {
	// Requirements as PEP 508 writes them: `name[extra]>=1; marker`.
	Requirements []string
	// Versions are the pins of a profile, by name: a version, or specifiers such
	// as `<2`. Names may be written in any way that means the same project. What
	// may stand behind a version is described in pin.
	Versions map[string]string
	// Python is the interpreter that is to import them: a path, or a name to
	// look up in PATH. "" is python3.
	Python string
	// EggsDirectory is where eggs are installed; DevelopEggs has the links to
	// projects and what was built for this buildout alone. Both are absolute.
	EggsDirectory, DevelopEggs string
	// FindLinks are local directories and files, file: URLs and pages with
	// links. Relative paths count from Dir.
	FindLinks []string
	// Index is the index to ask; "" is that of pip's configuration.
	Index string
	// AllowHosts are patterns of hosts that may be asked; none means all.
	AllowHosts []string
	// DownloadCache is [buildout] download-cache: its directory dist has the
	// archives. "" is none.
	DownloadCache string
	// CacheOnly: archives come from DownloadCache alone (install-from-cache).
	CacheOnly bool
	// Offline: only develop-eggs and the eggs directory are looked at.
	Offline bool
	// Newest asks the index even when what is there would do.
	Newest bool
	// Prereleases may be chosen where a final release would do.
	Prereleases bool
	// PinnedOnly refuses a version that Versions does not fix (allow-picked-versions
	// = false).
	PinnedOnly bool
	// AnyExtras ignores extras that a distribution does not have.
	AnyExtras bool
	// SourceFirst prefers a source distribution to a wheel with compiled files,
	// unless the pin says :whl.
	SourceFirst bool
	// Picked hears of versions that were chosen without a pin; nil for nobody.
	Picked func(Pick)
	// Patches are applied to distributions before they are built, by name.
	Patches map[string]Patch
	// Dir is the buildout directory; State is where checksums are recorded, in
	// eggs.json; Temp is for scratch files.
	Dir, State, Temp string
	// Proc runs Python, Fetch gets pages and archives, Log gets their output.
	Proc  parts.Runner
	Fetch parts.Fetcher
	Log   io.Writer
	// Making hears of each path in DevelopEggs before it is made; nil for nobody.
	Making func(path string)
	// Say is told what is going on, in zc.buildout's words; nil for nobody.
	Say func(text string)
	// Path are directories that builds may import from as well.
	Path []string
	// Lent are projects that distributions require and that are not looked for:
	// something else stands for them.
	Lent []string

	building int         // how many builds are waiting for this one
	outer    *workingSet // of the build that waits for this one
}

// Pick is a version that no pin has fixed.
type Pick struct{ Name, Version, RequiredBy string }

// Patch changes a distribution before it is built.
type Patch struct {
	Files    []string // local files, in order
	Options  []string // of the patch program
	Binary   string   // the patch program; "" is patch
	Revision int      // ends the version: VERSION+SlapOSPatchedREVISION
}

// Dist is a distribution that can be imported.
type Dist struct {
	Name     string // as its metadata writes it
	Version  string
	Location string // what goes into sys.path
	// Develop says that it is a link of develop-eggs; its directory is the
	// user's own.
	Develop bool
	// EntryPoints by group, in the order of the metadata.
	EntryPoints map[string][]EntryPoint
	// Requires are its requirements, all of them; those of extras have a marker.
	Requires []string
	// Extras are the names of its extras.
	Extras []string
	// Scripts are the paths of the scripts of the distribution itself, by name.
	Scripts map[string]string

	namespaces []string // packages that it declares in the old way
	own        bool     // it is part of the Python
}

// EntryPoint is an object that a distribution offers by name.
type EntryPoint struct{ Name, Module, Attr string }

// Key is the name in the form in which all its spellings are equal.
func (d Dist) Key() string { return canonical(d.Name) }

// String is the name with the version.
func (d Dist) String() string { return d.Name + " " + d.Version }

// Ensure returns the distributions that the requirements need, dependencies
// included, in the order in which their locations belong into sys.path. What is
// missing is installed, unless Request.Offline.
func Ensure(ctx context.Context, r Request) ([]Dist, error) {
	w, err := newWorkingSet(ctx, r)
	if err != nil {
		return nil, err
	}
	return w.resolve(ctx)
}
