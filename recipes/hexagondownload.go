package recipes

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts"
	"gobuild/parts/store"
)

func hexagondownloadSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"hexagondownload", "hexagonit.recipe.download"},
		Doc: `Downloads a package and unpacks it into a directory.

The directory is owned by the part if the part made it, and so is each entry at
the top of it. Booleans are yes, true, 1 or on; anything else is false.

When an entry exists already, and must not be ignored, nothing is moved; the
Python recipe moves what comes before it. Links in an archive stay links; the
Python recipe makes files of those to files, and leaves out others.`,
		Open: true,
		Options: append([]parts.OptionSpec{
			{Name: "url", Required: true, Doc: "The URL or path of the package."},
			{Name: "destination", Default: "parts-directory/NAME", Computed: true, Doc: "The directory."},
			{Name: "location", Computed: true, Doc: "The same as destination."},
			{Name: "strip-top-level-dir", Default: "false", Computed: true, Doc: "Leave out the one top directory of the package."},
			{Name: "ignore-existing", Default: "false", Computed: true, Doc: "Keep entries of the directory that exist already, instead of failing."},
			{Name: "download-only", Default: "false", Computed: true, Doc: "Do not unpack."},
			{Name: "filename", Default: "that of the url", Computed: true, Doc: "With download-only, the name of the file."},
			{Name: "mode", Doc: "With download-only, the mode of the file in octal."},
			{Name: "excludes", Doc: "Lines with patterns of files that are left out; * matches slashes too."},
			{Name: "on-update", Default: "false", Computed: true, Doc: "Do the same again at each later run."},
			{Name: "hash-name", Default: "true", Computed: true, Doc: "Read by the Python recipe only, for its cache."},
		}, sumOptionSpecs()...),
		Recipe: hexagondownloadRecipe{},
	}
}

type hexagondownloadRecipe struct{}

// hexagondownloadWords are the words for true.
var hexagondownloadWords = []string{"yes", "true", "1", "on"}

// hexagondownloadAction gets one package.
type hexagondownloadAction struct {
	place       place // of url
	destination string
	request     parts.FetchRequest
	filename    string // with download-only, else ""
	mode        os.FileMode
	hasMode     bool
	strip       bool
	keep        bool // entries that exist already
	again       bool // at each run
	excludes    []hexagondownloadPattern
}

// Prepare reads the options and sets those that are missing. SPEC-recipes 12.
func (hexagondownloadRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	request, err := hexagondownloadRequest(o)
	if err != nil {
		return nil, err
	}
	a := &hexagondownloadAction{place: optionPlace(o, "url"), request: request}
	if err := hexagondownloadDefaults(o); err != nil {
		return nil, err
	}
	is := func(key string) bool {
		return slices.Contains(hexagondownloadWords, strings.ToLower(strings.TrimSpace(optionText(o, key))))
	}
	a.strip, a.keep, a.again = is("strip-top-level-dir"), is("ignore-existing"), is("on-update")
	for _, line := range optionLines(o, "excludes") {
		a.excludes = append(a.excludes, hexagondownloadCompile(line))
	}
	if a.destination, err = requirePath(o, "destination"); err != nil {
		return nil, err
	}
	if !is("download-only") {
		return a, nil
	}
	if a.mode, a.hasMode, err = optionMode(o, "mode"); err != nil {
		return nil, err
	}
	if a.filename, err = hexagondownloadName(o); err != nil {
		return nil, err
	}
	return a, nil
}

// hexagondownloadRequest reads the options that tell what to fetch.
func hexagondownloadRequest(o parts.Options) (r parts.FetchRequest, err error) {
	if r.URL, err = requirePath(o, "url"); err != nil {
		return r, err
	}
	r.At, r.Directory = optionPlace(o, "url").at, true
	r.Sums, err = optionSums(o)
	return r, err
}

// hexagondownloadDefaults sets the options that are missing.
func hexagondownloadDefaults(o parts.Options) error {
	if _, _, ok := o.Lookup("destination"); !ok {
		location, err := o.Location(false)
		if err != nil {
			return err
		}
		o.Set("destination", location.Path)
	}
	o.Set("location", optionText(o, "destination"))
	for _, d := range [][2]string{
		{"strip-top-level-dir", "false"}, {"ignore-existing", "false"},
		{"download-only", "false"}, {"hash-name", "true"}, {"on-update", "false"},
	} {
		if _, _, ok := o.Lookup(d[0]); !ok {
			o.Set(d[0], d[1])
		}
	}
	o.Set("filename", strings.TrimSpace(optionText(o, "filename")))
	if mode := optionText(o, "mode"); mode != "" {
		o.Set("mode", strings.TrimSpace(mode))
	}
	return nil
}

// hexagondownloadName returns the name of a file that is not unpacked.
func hexagondownloadName(o parts.Options) (string, error) {
	if name := optionText(o, "filename"); name != "" {
		return name, nil
	}
	name := optionText(o, "url")
	if u, err := url.Parse(name); err == nil {
		name = u.Path
	}
	if strings.HasSuffix(name, "/") || path.Base(name) == "." || path.Base(name) == ".." {
		return "", optionError(o, "filename", codeMissingOption, "'%s' does not name a file: set filename", optionText(o, "url"))
	}
	return path.Base(name), nil
}

// Run gets the package and puts it in its place. The directory that it makes
// is owned once something comes into it: a package of no use leaves it empty.
func (a *hexagondownloadAction) Run(ctx context.Context, w *parts.Work) error {
	w = ownAs(w, a.destination)
	w.Step("fetch")
	got, err := w.Fetch.Fetch(ctx, a.request)
	if err != nil {
		return a.place.wrap(err)
	}
	if got.Temp {
		defer os.Remove(got.Path)
	}
	destination, made := workPath(w, a.destination), false
	err = makeDirs(w, destination, func(dir string) { made = made || dir == destination })
	if err != nil {
		return a.place.wrap(err)
	}
	if a.filename != "" {
		return a.place.wrap(a.copy(ctx, w, got, made))
	}
	return a.place.wrap(a.unpack(ctx, w, got.Path, made))
}

// Update gets the package again if on-update is set.
func (a *hexagondownloadAction) Update(ctx context.Context, w *parts.Work) error {
	if !a.again {
		return nil
	}
	// What the part owns stays as it is, as with the Python recipe.
	unowned := *w
	unowned.Own = func(string) {}
	return a.Run(ctx, &unowned)
}

// Refreshes reports whether Update gets the package again.
func (a *hexagondownloadAction) Refreshes() bool { return a.again }

// copy puts the file itself in the directory. It is owned unless the whole
// directory is, because it was made for it.
func (a *hexagondownloadAction) copy(ctx context.Context, w *parts.Work, got parts.Fetched, made bool) error {
	target := workPath(w, filepath.Join(a.destination, a.filename))
	info, err := os.Stat(got.Path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return a.place.fail(codeBadValue, "'%s' is a directory", a.request.URL)
	}
	mode := os.FileMode(0o600)
	if got.Local {
		mode = info.Mode().Perm()
	}
	if a.hasMode {
		mode = a.mode
	}
	if made {
		w.Own(workPath(w, a.destination))
	} else {
		w.Own(target)
	}
	return copyFile(ctx, got.Path, target, mode)
}

// unpack moves the entries of the archive to the directory.
func (a *hexagondownloadAction) unpack(ctx context.Context, w *parts.Work, archive string, made bool) error {
	w.Step("unpack")
	base := filepath.Join(w.Temp, "unpack")
	if err := errors.Join(store.Remove(base), os.MkdirAll(base, 0o777)); err != nil {
		return err
	}
	if err := w.Fetch.Unpack(ctx, archive, base, parts.StripNever); err != nil {
		if d := (*diag.Diagnostic)(nil); errors.As(err, &d) {
			d.Msg = "Package extraction error: " + d.Msg
		}
		return err
	}
	if err := a.exclude(w, base); err != nil {
		return err
	}
	entries, err := os.ReadDir(base)
	if err == nil && a.strip {
		base, entries, err = a.top(w, base, entries)
	}
	if err != nil {
		return err
	}
	w.Say(event.Info, "Extracting package to "+a.destination)
	entries, err = a.free(w, entries)
	if err != nil {
		return err
	}
	if made {
		w.Own(workPath(w, a.destination))
	}
	for _, entry := range entries {
		target := filepath.Join(workPath(w, a.destination), entry.Name())
		w.Own(target)
		if err := hexagondownloadMove(ctx, w, filepath.Join(base, entry.Name()), target); err != nil {
			return err
		}
	}
	return nil
}

// top returns the one directory of a package and what is in it.
func (a *hexagondownloadAction) top(w *parts.Work, base string, entries []fs.DirEntry) (string, []fs.DirEntry, error) {
	if len(entries) != 1 || !entries[0].IsDir() {
		w.Say(event.Warning, "Unable to strip top level directory because there are more than one element in the root of the package.")
		return "", nil, a.place.fail(codeBadValue, "Invalid package contents")
	}
	base = filepath.Join(base, entries[0].Name())
	entries, err := os.ReadDir(base)
	return base, entries, err
}

// free returns the entries whose place is free. One that is taken is an error
// before anything is moved, unless it is to be kept.
func (a *hexagondownloadAction) free(w *parts.Work, entries []fs.DirEntry) ([]fs.DirEntry, error) {
	var free []fs.DirEntry
	for _, entry := range entries {
		target := filepath.Join(workPath(w, a.destination), entry.Name())
		_, err := os.Lstat(target)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			free = append(free, entry)
		case err != nil:
			return nil, err
		case a.keep:
			w.Say(event.Info, "Ignoring existing target: "+target)
		default:
			w.Say(event.Warning, fmt.Sprintf("Target %s already exists. Either remove it or set ``ignore-existing = true`` in your buildout.cfg to ignore existing files and directories.", target))
			return nil, a.place.fail(codeFile, "File or directory already exists.").
				WithHint("remove '%s', or set ignore-existing = true", target)
		}
	}
	return free, nil
}

// hexagondownloadMove moves a file or tree, also to another file system.
func hexagondownloadMove(ctx context.Context, w *parts.Work, from, to string) error {
	err := os.Rename(from, to)
	if errors.Is(err, syscall.EXDEV) {
		return hexagondownloadCopy(ctx, w, from, to)
	}
	return err
}

// hexagondownloadCopy copies a file, link or tree.
func hexagondownloadCopy(ctx context.Context, w *parts.Work, from, to string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	switch info.Mode().Type() {
	case fs.ModeDir:
		if err := downloadTree(ctx, w, from, to); err != nil {
			return err
		}
		return os.Chmod(to, info.Mode().Perm())
	case fs.ModeSymlink:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	}
	return copyFile(ctx, from, to, info.Mode().Perm())
}

// exclude removes the unpacked files that a pattern matches. A directory that
// matches goes if nothing is left in it.
func (a *hexagondownloadAction) exclude(w *parts.Work, base string) error {
	if len(a.excludes) == 0 {
		return nil
	}
	var matched []string
	err := filepath.WalkDir(base, func(p string, _ fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(base, p)
		if rel != "." && slices.ContainsFunc(a.excludes, func(x hexagondownloadPattern) bool { return x.matches(rel) }) {
			matched = append(matched, p)
		}
		return err
	})
	if err != nil || len(matched) == 0 {
		return err
	}
	w.Say(event.Info, fmt.Sprintf("Excluding %d file(s) matching the exclusion pattern.", len(matched)))
	for _, p := range slices.Backward(matched) {
		if err := os.Remove(p); err != nil && !errors.Is(err, syscall.ENOTEMPTY) && !errors.Is(err, syscall.EEXIST) {
			return err
		}
	}
	return nil
}
