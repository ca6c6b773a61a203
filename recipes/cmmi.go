package recipes

import (
	"context"
	"path/filepath"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/store"
)

// cmmiLocationMark stands in options for the location, which is not known when
// they are read.
const cmmiLocationMark = "@@LOCATION@@"

// cmmiBuildDirectory is where the sources are unpacked, in the location.
const cmmiBuildDirectory = ".build"

// cmmiHooks are the options that hold hooks.
var cmmiHooks = []string{"pre-configure-hook", "pre-make-hook", "post-make-hook"}

func cmmiSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"cmmi", "slapos.recipe.cmmi"},
		Doc: `Builds software from source: configure, make, make install.

The archive of url is unpacked into LOCATION/.build and built there; path names
a directory that is built in place instead. The steps run in the top directory
of the sources, each by /bin/sh under set -e, in this order: patches,
pre-configure-hook, pre-configure, configure, pre-make-hook, pre-build, make,
pre-install, make install, post-make-hook, post-install. The build directory is
removed afterwards. A failed build stays as it is, with a script
slapos.recipe.build.env.sh that sets its environment; the next run starts anew,
and gobuild resume goes on at the step that failed.
Booleans, hooks and other options with a bad form are refused before anything is
built; command lines when the build starts; scripts and environment when they
are needed.

In command lines and scripts %(option)s is the value of an option of the part,
so a percent sign is written as %%. In all options @@LOCATION@@ is the location.

Hooks are Python functions: they are called with the options, the sections of
the profile and the environment, and need a Python 3 on the machine. They see
[buildout] and the sections that a local hook file names as buildout['NAME'].`,
		Options:   append(cmmiSourceOptions(), cmmiBuildOptions()...),
		Open:      true,
		Builds:    true,
		Mountable: true,
		Version:   1,
		Recipe:    cmmi{},
	}
}

func cmmiSourceOptions() []parts.OptionSpec {
	return append([]parts.OptionSpec{
		{Name: "url", Doc: "URL or path of the source archive. Exactly one of url and path is needed."},
		{Name: "alternate-url", Doc: "Other URLs of the archive, tried when url fails."},
		{Name: "path", Doc: "Directory with the sources, which is built in place and never removed."},
		{Name: "offline", Default: "${buildout:offline}", Doc: "true or false: whether the archive may not be downloaded."},
		{Name: "strip-top-level-dir", Default: "false", Doc: "true or false: whether the single top directory of the archive is left out."},
		{Name: "patches", Doc: "Patches to apply, separated by blanks: URL-or-path#MD5, where #MD5 may be missing. A relative path is one in the sources."},
		{Name: "patch-binary", Default: "patch", Doc: "Command that applies a patch from its input."},
		{Name: "patch-options", Default: "-p0", Doc: "Options of patch-binary."},
	}, sumOptionSpecs()...)
}

func cmmiBuildOptions() []parts.OptionSpec {
	const hookDoc = "Python hook, FILE.py#MD5:FUNCTION, called "
	return []parts.OptionSpec{
		{Name: "shared", Default: "false", Doc: "true or false: whether the result is shared through a directory of [buildout] shared-part-list."},
		{Name: "environment", Doc: "Lines NAME=value, or the name of a section with an option for each variable. %(NAME)s is a variable of the process environment."},
		{Name: "configure-command", Default: "./configure", Doc: "Command that configures. With a command of your own, no --prefix is added."},
		{Name: "configure-options", Doc: `Options of configure-command. Without --prefix in it, --prefix="PREFIX" is put first.`},
		{Name: "make-binary", Default: "make", Doc: "Command that builds. When it is blank, there is no make step and make-targets is the command that installs."},
		{Name: "make-options", Doc: "Options of make-binary."},
		{Name: "make-targets", Default: "install", Doc: `Targets of the install step. With a configure-command, make and install, prefix="PREFIX" is added.`},
		{Name: "pre-configure-hook", Doc: hookDoc + "before pre-configure."},
		{Name: "pre-configure", Doc: "Shell script before configure."},
		{Name: "pre-make-hook", Doc: hookDoc + "before pre-build."},
		{Name: "pre-build", Doc: "Shell script before make."},
		{Name: "pre-install", Doc: "Shell script before make install."},
		{Name: "post-make-hook", Doc: hookDoc + "after make install."},
		{Name: "post-install", Doc: "Shell script at the end."},
		{Name: "promises", Doc: "Paths, one in a line, that must exist afterwards; a missing one is a warning."},
		{Name: "keep-compile-dir", Default: "${buildout:keep-compile-dir}", Doc: "true or false: whether the build directory is kept."},
		{Name: "prefix", Default: "${:location}", Doc: "Where the software is told to be installed. It lies in the location if the part is shared."},
		{Name: "location", Computed: true, Doc: "Where the part lives. If the profile sets it, it must be this value, or @@LOCATION@@."},
		{Name: "compile-directory", Computed: true, Doc: "Where the sources are: LOCATION/.build or path."},
	}
}

// cmmi is the recipe.
type cmmi struct{}

// cmmiAction is a part that is ready to be built.
type cmmiAction struct {
	options  optionSnapshot
	frame    store.Frame
	archive  *sourceArchive // nil when path is used
	env      environment
	patches  []sourceFile
	hooks    map[string]hook
	sections map[string]map[string]string // what hooks may read
	keep     bool                         // the build directory stays
}

// cmmiPrepare collects what is wrong with the options of one part.
type cmmiPrepare struct {
	o        parts.Options
	action   *cmmiAction
	root     string // the buildout directory
	problems diag.List
}

// add notes an error, which may hold several.
func (p *cmmiPrepare) add(err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			p.add(e)
		}
		return
	}
	p.problems = append(p.problems, diag.All(err)...)
}

// Prepare reads and checks the options, and sets location, prefix and
// compile-directory.
func (cmmi) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	p := &cmmiPrepare{o: o, action: &cmmiAction{}}
	shared, err := optionBool(o, "shared", false)
	p.add(err)
	if err := p.sections(ctx); err != nil {
		return nil, err
	}
	// From here on the dependencies are fixed.
	location, err := o.Location(shared)
	if err != nil {
		return nil, err
	}
	p.action.frame = store.Frame{Location: location, KeepOnError: true}
	p.location(location.Path, shared)
	p.source(location.Path)
	p.substitute(location.Path)
	p.steps(ctx)
	p.action.options = snapshotOptions(o)
	if err := p.problems.Err(); err != nil {
		return nil, err
	}
	return p.action, nil
}

// sections reads the other sections that the part needs.
func (p *cmmiPrepare) sections(ctx context.Context) error {
	buildout, err := p.o.Section(ctx, "buildout")
	if err != nil {
		return err
	}
	p.root = optionText(buildout, "directory")
	keep, given, err := optionBoolGiven(p.o, "keep-compile-dir")
	p.add(err)
	if !given {
		keep, _, err = optionBoolGiven(buildout, "keep-compile-dir")
		p.add(err)
	}
	p.action.keep = keep
	if text := optionText(p.o, "environment"); !strings.Contains(text, "=") {
		p.action.env, err = environmentOption(ctx, p.o, "environment")
		p.add(err)
	}
	hooks, err := hookOptions(p.o, cmmiHooks...)
	p.add(err)
	p.action.sections = hookSections(ctx, p.o, hooks)
	return nil
}

// location checks location and prefix, and sets them.
func (p *cmmiPrepare) location(location string, shared bool) {
	given, _, ok := p.o.Lookup("location")
	if ok && strings.ReplaceAll(given, cmmiLocationMark, location) != location {
		p.problems.Add(optionError(p.o, "location", codeBadLocation, "invalid 'location' value").
			WithHint("the location is %s: leave the option out, or write @@LOCATION@@", location))
	}
	p.o.Set("location", location)
	prefix := strings.ReplaceAll(optionText(p.o, "prefix"), cmmiLocationMark, location)
	if prefix == "" {
		p.o.Set("prefix", location)
	} else if shared && !isWithin(p.real(prefix), p.real(location)) {
		p.problems.Add(optionError(p.o, "prefix", codeBadLocation, "When shared=true, 'prefix' can't be outside location").
			WithHint("the location is %s, written as @@LOCATION@@", location))
	}
}

// real returns path without links, as far as it exists.
func (p *cmmiPrepare) real(path string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(p.root, path)
	}
	path = filepath.Clean(path)
	if real, err := filepath.EvalSymlinks(path); err == nil || path == "/" {
		return real
	}
	return filepath.Join(p.real(filepath.Dir(path)), filepath.Base(path))
}

// source reads where the sources are, and sets compile-directory.
func (p *cmmiPrepare) source(location string) {
	url, path := optionText(p.o, "url"), optionText(p.o, "path")
	switch {
	case url != "" && path != "":
		p.problems.Add(optionError(p.o, "path", codeConflict, `You must use either "url" or "path", not both!`).
			WithRelated(optionPlace(p.o, "url").at, "url is set here"))
	case url != "":
		p.o.Set("compile-directory", filepath.Join(location, cmmiBuildDirectory))
	case path != "":
		p.o.Set("compile-directory", path)
		// The location is deleted before the sources would be read.
		path = strings.ReplaceAll(path, cmmiLocationMark, location)
		if isWithin(p.real(path), p.real(location)) {
			p.problems.Add(optionError(p.o, "path", codeConflict, "the sources in '%s' lie in the location of the part, which is deleted before it is built", path))
		}
	default:
		d := &diag.Diagnostic{Code: codeMissingOption, At: p.o.Header(), Path: []string{p.o.Name()}}
		d.Msg, d.Hint = `You must provide either "url" or "path".`, diag.DidYouMean("url", p.o.Keys())
		p.problems.Add(d)
	}
}

// substitute puts the location into all options.
func (p *cmmiPrepare) substitute(location string) {
	for _, key := range p.o.Keys() {
		if value := optionText(p.o, key); strings.Contains(value, cmmiLocationMark) {
			p.o.Set(key, strings.ReplaceAll(value, cmmiLocationMark, location))
		}
	}
}

// steps reads the options of the steps, which hold the location by now.
func (p *cmmiPrepare) steps(ctx context.Context) {
	a, err := p.action, error(nil)
	if optionText(p.o, "url") != "" {
		archive, err := archiveOption(p.o)
		p.add(err)
		a.archive = &archive
	}
	if a.env == nil && strings.Contains(optionText(p.o, "environment"), "=") {
		a.env, err = environmentOption(ctx, p.o, "environment")
		p.add(err)
	}
	a.patches, err = patchOption(p.o, "patches")
	p.add(err)
	// What is wrong with hooks was noted when the sections were read.
	a.hooks, _ = hookOptions(p.o, cmmiHooks...)
}

// Update builds a shared part anew that has vanished.
func (a *cmmiAction) Update(ctx context.Context, w *parts.Work) error {
	return store.Update(ctx, w, a.frame, func(ctx context.Context) error { return a.build(ctx, w) })
}

// Run builds the part.
func (a *cmmiAction) Run(ctx context.Context, w *parts.Work) error {
	return store.Install(ctx, w, a.frame, func(ctx context.Context) error { return a.build(ctx, w) })
}
