package recipes

import (
	"context"

	"gobuild/parts"
	"gobuild/parts/store"
)

func unpackedSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"unpacked", "download-unpacked", "slapos.recipe.build:download-unpacked"},
		Doc: `Downloads an archive and unpacks it into the part's directory.

Zip and tar archives are known by their content, whatever their compression; a
local directory is copied. An archive with one top directory, and nothing
beside it, is unpacked without that directory.

Checksums other than md5sum are checked too.`,
		Open: true,
		Options: append(downloadOptionSpecs(),
			parts.OptionSpec{Name: "strip-top-level-dir", Default: "automatic", Doc: "true: the archive must have exactly one top directory, which is left out. false: nothing is left out."},
			parts.OptionSpec{Name: "destination", Doc: "The directory, instead of that of the part. What is there is deleted."},
			parts.OptionSpec{Name: "environment", Doc: "Lines NAME=VALUE, or the name of a section. Programs that unpacked archives used it; its form is checked, and no more."},
			parts.OptionSpec{Name: "location", Computed: true, Doc: "The directory."},
			parts.OptionSpec{Name: "target", Computed: true, Doc: "The directory."}),
		Mountable: true,
		Recipe:    unpackedRecipe{},
	}
}

type unpackedRecipe struct{}

// unpackedAction unpacks one archive.
type unpackedAction struct {
	place     place // of url
	frame     store.Frame
	request   parts.FetchRequest
	strip     parts.Strip
	elsewhere bool // destination is set
}

// Prepare reads the options and sets where the directory will be. SPEC-recipes 5.
func (unpackedRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	strip, err := unpackedStrip(o)
	if err != nil {
		return nil, err
	}
	request, err := downloadRequest(o)
	if err != nil {
		return nil, err
	}
	if _, err := environmentOption(ctx, o, "environment"); err != nil {
		return nil, err
	}
	shared, err := downloadShared(o, "destination")
	if err != nil {
		return nil, err
	}
	a := &unpackedAction{place: optionPlace(o, "url"), request: request, strip: strip}
	if a.frame.Location, err = o.Location(shared); err != nil {
		return nil, err
	}
	if destination := optionText(o, "destination"); destination != "" {
		a.frame.Location, a.elsewhere = parts.Location{Path: destination}, true
	}
	o.Set("location", a.frame.Location.Path)
	o.Set("target", a.frame.Location.Path)
	return a, nil
}

// unpackedStrip reads strip-top-level-dir.
func unpackedStrip(o parts.Options) (parts.Strip, error) {
	if _, _, ok := o.Lookup("strip-top-level-dir"); !ok {
		return parts.StripAuto, nil
	}
	always, err := optionBool(o, "strip-top-level-dir", false)
	if always {
		return parts.StripAlways, err
	}
	return parts.StripNever, err
}

// Run unpacks the archive into a new location. An archive that cannot be
// fetched does not cost what the user has at destination.
func (a *unpackedAction) Run(ctx context.Context, w *parts.Work) error {
	if !a.elsewhere {
		return a.place.wrap(store.Install(ctx, w, a.absolute(w), a.unpack(w)))
	}
	w = ownAs(w, a.frame.Location.Path)
	return a.place.wrap(fetched(ctx, w, a.request, func(got parts.Fetched) error {
		return store.Install(ctx, w, a.absolute(w), func(ctx context.Context) error { return a.put(ctx, w, got) })
	}))
}

// Update unpacks a shared part again that has vanished.
func (a *unpackedAction) Update(ctx context.Context, w *parts.Work) error {
	return a.place.wrap(store.Update(ctx, w, a.absolute(w), a.unpack(w)))
}

// absolute returns the frame with an absolute path.
func (a *unpackedAction) absolute(w *parts.Work) store.Frame {
	frame := a.frame
	frame.Location.Path = workPath(w, frame.Location.Path)
	return frame
}

// unpack returns what fills the location.
func (a *unpackedAction) unpack(w *parts.Work) func(context.Context) error {
	return func(ctx context.Context) error {
		return fetched(ctx, w, a.request, func(got parts.Fetched) error { return a.put(ctx, w, got) })
	}
}

// put unpacks what was fetched.
func (a *unpackedAction) put(ctx context.Context, w *parts.Work, got parts.Fetched) error {
	w.Step("unpack")
	return w.Fetch.Unpack(ctx, got.Path, workPath(w, a.frame.Location.Path), a.strip)
}
