package recipes

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"gobuild/parts"
	"gobuild/parts/store"
)

func downloadSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"download", "slapos.recipe.build:download"},
		Doc: `Downloads one file.

The file is parts-directory/NAME/NAME, or has another name or place by filename
or destination. A file from the network has mode 0600; a local one is copied
with its mode, never linked. Without a checksum it is fetched again at each run,
and written when it differs.

Checksums other than md5sum are checked too; any of them counts as one where
slapos.recipe.build asks for md5sum.`,
		Open:    true,
		Options: append(downloadOptionSpecs(), downloadOwnOptionSpecs()...),
		Plain:   true,
		Recipe:  downloadRecipe{},
	}
}

// downloadOptionSpecs are the options that download and unpacked share.
func downloadOptionSpecs() []parts.OptionSpec {
	return append([]parts.OptionSpec{
		{Name: "url", Required: true, Doc: "The URL or path of the file."},
		{Name: "alternate-url", Doc: "A URL to try when url fails."},
		{Name: "offline", Default: "that of [buildout]", Doc: "true forbids the network, false allows it."},
		{Name: "shared", Default: "false", Doc: "true puts the result in a directory of shared-part-list, where other buildouts find it."},
	}, sumOptionSpecs()...)
}

func downloadOwnOptionSpecs() []parts.OptionSpec {
	return []parts.OptionSpec{
		{Name: "filename", Default: "NAME", Doc: "The name of the file; only what follows the last slash counts."},
		{Name: "destination", Doc: "The path of the file, instead of one in the part's directory."},
		{Name: "location", Computed: true, Doc: "The directory of the file, unless destination is set."},
		{Name: "target", Computed: true, Doc: "The path of the file."},
	}
}

type downloadRecipe struct{}

// downloadAction gets one file.
type downloadAction struct {
	place   place // of url
	frame   store.Frame
	target  string
	request parts.FetchRequest
}

// Prepare reads the options and sets where the file will be. SPEC-recipes 3.
func (downloadRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	request, err := downloadRequest(o)
	if err != nil {
		return nil, err
	}
	if _, _, ok := o.Lookup("mode"); ok {
		return nil, optionError(o, "mode", codeConflict, "option 'mode' not supported")
	}
	shared, err := optionBool(o, "shared", false)
	if err == nil && shared && len(request.Sums) == 0 {
		err = optionError(o, "md5sum", codeMissingOption, "When shared=true, option 'md5sum' must be set")
	}
	if err == nil {
		shared, err = downloadShared(o, "destination")
	}
	if err != nil {
		return nil, err
	}
	a := &downloadAction{place: optionPlace(o, "url"), request: request}
	if a.frame.Location, err = o.Location(shared); err != nil {
		return nil, err
	}
	if a.target = optionText(o, "destination"); strings.HasSuffix(a.target, "/") {
		return nil, optionError(o, "destination", codeBadValue, "'%s' is the name of a directory, not of a file", a.target)
	}
	if a.target != "" {
		a.frame = store.Frame{Location: parts.Location{Path: a.target}, ParentOnly: true}
	} else {
		a.target = filepath.Join(a.frame.Location.Path, downloadName(o))
		o.Set("location", a.frame.Location.Path)
	}
	o.Set("target", a.target)
	return a, nil
}

// downloadName returns the name of the file in the part's directory.
func downloadName(o parts.Options) string {
	if _, name := filepath.Split(optionText(o, "filename")); name != "" && name != "." && name != ".." {
		return name
	}
	return o.Name()
}

// downloadShared reads shared; with it, the option named other cannot be set.
func downloadShared(o parts.Options, other string) (bool, error) {
	shared, err := optionBool(o, "shared", false)
	if err != nil || !shared || optionText(o, other) == "" {
		return shared, err
	}
	return false, optionError(o, other, codeConflict, "When shared=true, option '%s' can't be set", other)
}

// downloadRequest reads the options that tell what to fetch.
func downloadRequest(o parts.Options) (r parts.FetchRequest, err error) {
	if r.URL, err = requirePath(o, "url"); err != nil {
		return r, err
	}
	r.At, r.Directory = optionPlace(o, "url").at, true
	if alternate := optionText(o, "alternate-url"); alternate != "" {
		r.Alternates = []string{alternate}
	}
	if optionText(o, "offline") != "" {
		offline, err := optionBool(o, "offline", false)
		if err != nil {
			return r, err
		}
		r.Offline = &offline
	}
	r.Sums, err = optionSums(o)
	return r, err
}

// Run fetches the file into a new location. A file that cannot be fetched does
// not cost what the user has at destination.
func (a *downloadAction) Run(ctx context.Context, w *parts.Work) error {
	if !a.frame.ParentOnly {
		return a.place.wrap(store.Install(ctx, w, a.absolute(w), a.fetch(w)))
	}
	w = ownAs(w, a.target)
	return a.place.wrap(fetched(ctx, w, a.request, func(got parts.Fetched) error {
		return store.Install(ctx, w, a.absolute(w), func(ctx context.Context) error { return a.put(ctx, w, got) })
	}))
}

// fetched calls use with what a request gives, in a step of its own.
func fetched(ctx context.Context, w *parts.Work, r parts.FetchRequest, use func(parts.Fetched) error) error {
	w.Step("fetch")
	got, err := w.Fetch.Fetch(ctx, r)
	if err != nil {
		return err
	}
	if got.Temp {
		defer os.Remove(got.Path)
	}
	return use(got)
}

// Update fetches a file without checksum again, and builds a shared part that
// has vanished.
func (a *downloadAction) Update(ctx context.Context, w *parts.Work) error {
	if len(a.request.Sums) == 0 {
		return a.place.wrap(a.fetch(w)(ctx))
	}
	return a.place.wrap(store.Update(ctx, w, a.absolute(w), a.fetch(w)))
}

// Refreshes reports whether Update fetches the file again.
func (a *downloadAction) Refreshes() bool { return len(a.request.Sums) == 0 }

// absolute returns the frame with an absolute path.
func (a *downloadAction) absolute(w *parts.Work) store.Frame {
	frame := a.frame
	frame.Location.Path = workPath(w, frame.Location.Path)
	return frame
}

// fetch returns what puts the file in its place.
func (a *downloadAction) fetch(w *parts.Work) func(context.Context) error {
	return func(ctx context.Context) error {
		return fetched(ctx, w, a.request, func(got parts.Fetched) error { return a.put(ctx, w, got) })
	}
}

// put copies what was fetched to the target.
func (a *downloadAction) put(ctx context.Context, w *parts.Work, got parts.Fetched) error {
	target := workPath(w, a.target)
	if err := makeDirs(w, filepath.Dir(target), nil); err != nil {
		return err
	}
	return downloadPlace(ctx, w, got, target)
}

// downloadPlace copies what was fetched to target, unless that is the same. The
// mode of a local file counts; any other is private, as it was when it was fetched.
func downloadPlace(ctx context.Context, w *parts.Work, got parts.Fetched, target string) error {
	info, err := os.Stat(got.Path)
	if err != nil {
		return err
	}
	mode := os.FileMode(0o600)
	switch {
	case info.IsDir():
		return downloadTree(ctx, w, got.Path, target)
	case got.Local:
		mode = info.Mode().Perm()
	}
	if sameFile(ctx, got.Path, target, mode) {
		return nil
	}
	return copyFile(ctx, got.Path, target, mode)
}

// downloadTree makes target a copy of a local directory.
func downloadTree(ctx context.Context, w *parts.Work, from, target string) error {
	if err := store.Remove(target); err != nil {
		return err
	}
	if err := makeDirs(w, target, nil); err != nil {
		return err
	}
	return w.Fetch.Unpack(ctx, from, target, parts.StripNever)
}
