package recipes

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"gobuild/parts"
	"gobuild/parts/store"
)

// sourceArchive is the archive that a part is built from.
type sourceArchive struct {
	request parts.FetchRequest
	strip   parts.Strip
	place   place
}

// archiveOption reads the options of an archive to build from: those of a
// download, and strip-top-level-dir.
func archiveOption(o parts.Options) (sourceArchive, error) {
	a := sourceArchive{strip: parts.StripNever, place: optionPlace(o, "url")}
	strip, _, stripErr := optionBoolGiven(o, "strip-top-level-dir")
	if strip {
		a.strip = parts.StripAlways
	}
	var err error
	a.request, err = downloadRequest(o)
	return a, errors.Join(err, stripErr)
}

// optionBoolGiven reads a boolean that may be blank, which is false. given says
// that it is not.
func optionBoolGiven(o parts.Options, key string) (value, given bool, err error) {
	if strings.TrimSpace(optionText(o, key)) == "" {
		return false, false, nil
	}
	value, err = optionBool(o, key, false)
	return value, true, err
}

// unpack fetches the archive and unpacks it into a new directory, which a
// failure removes.
func (a sourceArchive) unpack(ctx context.Context, w *parts.Work, dir string) error {
	if err := a.fill(ctx, w, dir); err != nil {
		if removed := store.Remove(dir); removed != nil {
			return errors.Join(a.place.wrap(err), removed)
		}
		return a.place.wrap(err)
	}
	return nil
}

func (a sourceArchive) fill(ctx context.Context, w *parts.Work, dir string) error {
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	w.Step("fetch")
	got, err := w.Fetch.Fetch(ctx, a.request)
	if err != nil {
		return err
	}
	if got.Temp {
		defer os.Remove(got.Path)
	}
	w.Step("unpack")
	return w.Fetch.Unpack(ctx, got.Path, dir, a.strip)
}

// singleDirectory returns the only entry of dir, when that is a directory, else
// dir. A link counts as what it leads to when links is set.
func singleDirectory(dir string, links bool) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		return dir, err
	}
	inner := filepath.Join(dir, entries[0].Name())
	if entries[0].IsDir() {
		return inner, nil
	}
	if info, err := os.Stat(inner); links && err == nil && info.IsDir() {
		return inner, nil
	}
	return dir, nil
}

// isMissing reports whether there is nothing at path.
func isMissing(path string) bool {
	_, err := os.Stat(path)
	return os.IsNotExist(err)
}
