package recipes

import (
	"context"
	"strings"

	"gobuild/parts"
	"gobuild/parts/store"
	"gobuild/recipes/bridge"
)

func buildSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"build", "slapos.recipe.build"},
		Doc: `Runs Python that stands in the section: scripts init, install and update.

init runs while the profile is read: it may set options, read other sections by
self.buildout, and add sections by self.buildout.parse. install makes what is at
location, a file or a directory; only its parent is there. update runs when the
part is kept; without install it runs at the installation too.

The scripts have the names self, options, location, call, guessworkdir and is_true.
self has download, extract, copyTree, applyPatchList, pipeCommand, environ, logger,
buildout, name, options and cleanup_list. They run in the interpreter of the section
that [buildout] python names, or else python3, without any egg: see docs/bridge.md.
Downloads go through the caches and mirrors of gobuild, and archives of all kinds
are unpacked by it.

The sections [gcc] and [python] of SlapOS are done without Python.

A change of os.environ holds for parts that come later. A part whose scripts speak
of environ runs after all parts before it and before all behind it.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "init", Doc: "Python that runs while the profile is read."},
			{Name: "install", Doc: "Python that makes the location."},
			{Name: "update", Doc: "Python that runs when the part is kept, and without install at its installation."},
			{Name: "location", Doc: "Where the part lives, by default parts-directory/NAME. Computed when install is set."},
			{Name: "environment", Doc: "Variables of self.environ: lines NAME=value, or the name of a section."},
			{Name: "url", Doc: "What self.download() fetches."},
			{Name: "md5sum", Doc: "The checksum of url."},
			{Name: "slapos_promise", Doc: "What install must have made, a line each: file:PATH, statlib:PATH, directory:PATH, or dynlib:PATH linked:LIBRARIES rpath:DIRECTORIES."},
			{Name: "keep-on-error", Default: "false", Doc: "true leaves what a failed installation made."},
			{Name: "shared", Default: "false", Doc: "true puts the result in a directory of shared-part-list, where other buildouts find it."},
			{Name: "setup-eggs", Doc: "Distributions that the scripts can import, a requirement on each line. Computed: their versions."},
			{Name: "recipe-timeout", Doc: "How many seconds a script may take."},
		},
		Recipe: buildRecipe{},
	}
}

type buildRecipe struct{}

// buildAction runs scripts.
type buildAction struct {
	places  map[string]place // of the scripts
	frame   store.Frame
	script  *bridge.Script
	install bool // there is an install script
	made    bool // it makes a location
	update  bool
	ordered bool
}

// Prepare runs the init script. SPEC-recipes 7.
func (buildRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	if action, err, ok := buildNative(ctx, o); ok {
		return action, err
	}
	init, install, update := optionText(o, "init"), optionText(o, "install"), optionText(o, "update")
	if init+install+update == "" {
		return nil, place{o.Header(), []string{o.Name()}}.fail(codeMissingOption, "at least one of the following option is required: init, install, update")
	}
	a := &buildAction{places: map[string]place{"install": optionPlace(o, "install"), "update": optionPlace(o, "update")}, install: install != "", update: update != ""}
	a.ordered = strings.Contains(install+update, "environ")
	shared, err := a.read(ctx, o)
	if err != nil {
		return nil, err
	}
	if a.frame.Location, err = o.Location(shared); err != nil {
		return nil, err
	}
	if a.install && optionText(o, "location") == "" {
		o.Set("location", a.frame.Location.Path)
	}
	if a.script, err = bridge.NewScript(ctx, o); err != nil || !a.install {
		return a, err
	}
	return a, a.locate(o, shared)
}

// read reads the options that are no scripts.
func (a *buildAction) read(ctx context.Context, o parts.Options) (shared bool, err error) {
	if a.frame.KeepOnError, err = optionBool(o, "keep-on-error", false); err != nil {
		return false, err
	}
	a.frame.ParentOnly = true
	if _, err = environmentOption(ctx, o, "environment"); err != nil {
		return false, err
	}
	if shared, err = optionBool(o, "shared", false); err != nil || !shared {
		return false, err
	}
	switch {
	case a.update:
		err = optionError(o, "update", codeConflict, "When shared=true, option 'update' can't be set")
	case !a.install:
		err = optionError(o, "shared", codeConflict, "When shared=true, option 'install' must be set")
	}
	return true, err
}

// locate takes the location that the profile or the init script has set.
func (a *buildAction) locate(o parts.Options, shared bool) error {
	location := optionText(o, "location")
	if location != a.frame.Location.Path {
		if shared {
			return optionError(o, "location", codeConflict, "When shared=true, option 'location' can't be set")
		}
		a.frame.Location = parts.Location{Path: location}
	}
	a.made = location != ""
	return nil
}

// InOrder reports whether the scripts may change the environment of later parts.
func (a *buildAction) InOrder() bool { return a.ordered }

// Excludes says that scripts share their process with the recipes of the bridge.
func (a *buildAction) Excludes() string { return bridge.Excluding }

// Run makes the location by the install script.
func (a *buildAction) Run(ctx context.Context, w *parts.Work) error {
	switch {
	case !a.install:
		return a.run(ctx, w, "update")
	case !a.made:
		return a.run(ctx, w, "install")
	}
	w = ownAs(w, a.frame.Location.Path)
	return a.places["install"].wrap(store.Install(ctx, w, a.absolute(w), func(ctx context.Context) error { return a.run(ctx, w, "install") }))
}

// Update runs the update script, or makes a shared part again that has vanished.
func (a *buildAction) Update(ctx context.Context, w *parts.Work) error {
	if a.frame.Location.Shared() {
		return store.Update(ctx, w, a.absolute(w), func(ctx context.Context) error { return a.run(ctx, w, "install") })
	}
	if !a.update {
		return nil
	}
	return a.run(ctx, w, "update")
}

func (a *buildAction) absolute(w *parts.Work) store.Frame {
	frame := a.frame
	frame.Location.Path = workPath(w, frame.Location.Path)
	return frame
}

func (a *buildAction) run(ctx context.Context, w *parts.Work, script string) error {
	w.Step(script)
	return a.places[script].wrap(a.script.Run(ctx, w, script, a.frame.Location.Path, []string{a.frame.Location.Path}))
}
