package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts"
	"gobuild/parts/disk"
)

// Frame says how the location of a part is made.
type Frame struct {
	Location parts.Location
	// ParentOnly leaves the location itself to the recipe: a file, or a
	// directory that another program makes.
	ParentOnly bool
	// KeepOnError leaves what a failed recipe made, to be looked at. The next
	// Install deletes it.
	KeepOnError bool
}

// Install deletes the location, makes it anew, and lets build fill it. It fails
// when build left nothing there. A failure removes the location, unless the
// frame keeps it. See SPEC-recipes 1.3 and 1.4.
//
// A private location is given to w.Own: before it is created, or, when a
// failure keeps it, at the end, because what a failed part owns is deleted.
//
// A shared location is owned by nobody. It is built once among all processes:
// they wait for each other, and nothing is done when it is complete.
func Install(ctx context.Context, w *parts.Work, f Frame, build func(ctx context.Context) error) error {
	if err := refuse(w, f.Location.Path); err != nil {
		return err
	}
	if f.Location.Shared() {
		return installShared(ctx, w, f, build)
	}
	return installPrivate(ctx, w, f, build)
}

// Update builds a shared location anew when it has vanished, and is quiet
// otherwise. It does nothing for a private one.
func Update(ctx context.Context, w *parts.Work, f Frame, build func(ctx context.Context) error) error {
	if !f.Location.Shared() || isComplete(f.Location.Path) {
		return nil
	}
	if err := refuse(w, f.Location.Path); err != nil {
		return err
	}
	w.Say(event.Info, "shared part must be rebuilt")
	return buildOnce(ctx, w, f, build)
}

func installPrivate(ctx context.Context, w *parts.Work, f Frame, build func(ctx context.Context) error) error {
	if !f.KeepOnError {
		w.Own(f.Location.Path)
	} else if w.Keep != nil {
		w.Keep(f.Location.Path)
	}
	if err := fill(ctx, w, f, build); err != nil {
		return discard(f, err)
	}
	if f.KeepOnError {
		w.Own(f.Location.Path)
	}
	return nil
}

func installShared(ctx context.Context, w *parts.Work, f Frame, build func(ctx context.Context) error) error {
	if isComplete(f.Location.Path) {
		w.Say(event.Info, fmt.Sprintf("shared at %s (already built)", f.Location.Path))
		w.Say(event.Info, "shared part is already installed")
		return nil
	}
	w.Say(event.Info, fmt.Sprintf("will be shared at %s (needs to build)", f.Location.Path))
	return buildOnce(ctx, w, f, build)
}

// buildOnce builds a shared location under its lock, unless another process
// has done so meanwhile.
func buildOnce(ctx context.Context, w *parts.Work, f Frame, build func(ctx context.Context) error) error {
	unlock, err := Lock(ctx, w, lockPath(f.Location.Path), f.Location.Path)
	if err != nil {
		return err
	}
	defer unlock()
	if isComplete(f.Location.Path) {
		w.Say(event.Info, "shared part is already installed")
		return nil
	}
	if err := fill(ctx, w, f, build); err != nil {
		return discard(f, err)
	}
	if err := complete(w, f.Location); err != nil {
		return discard(f, err)
	}
	return nil
}

// fill makes the location, or its parent, and lets build fill it.
func fill(ctx context.Context, w *parts.Work, f Frame, build func(ctx context.Context) error) error {
	location := f.Location.Path
	if err := Remove(location); err != nil {
		return fmt.Errorf("delete the location of the part: %w", err)
	}
	directory := location
	if f.ParentOnly {
		directory = filepath.Dir(location)
	}
	if err := os.MkdirAll(directory, 0o777&^fs.FileMode(w.Umask)); err != nil {
		return fmt.Errorf("make the location of the part: %w", err)
	}
	if err := build(ctx); err != nil {
		return err
	}
	return checkMade(f.Location)
}

// refuse guards against a location whose removal would delete the buildout.
func refuse(w *parts.Work, location string) error {
	if !Holds(location, w.Dir) {
		return nil
	}
	return &diag.Diagnostic{
		Code: "unsafe-location", Path: []string{w.Part},
		Msg:  fmt.Sprintf("the location %q holds the buildout directory %q", location, w.Dir),
		Hint: "installing a part deletes its location: choose another one",
	}
}

// checkMade tells whether the recipe made the location.
func checkMade(location parts.Location) error {
	info, err := os.Stat(location.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &diag.Diagnostic{Code: "location-not-made", Msg: fmt.Sprintf("'%s' was not created", location.Path)}
	case err != nil:
		return err
	case location.Shared() && !info.IsDir():
		return &diag.Diagnostic{Code: "location-not-made", Msg: fmt.Sprintf("'%s' is not a directory", location.Path)}
	}
	return nil
}

// discard removes what a failed recipe made, unless the frame keeps it.
func discard(f Frame, err error) error {
	if f.KeepOnError {
		return err
	}
	if removed := Remove(f.Location.Path); removed != nil {
		return errors.Join(err, fmt.Errorf("remove the failed part: %w", removed))
	}
	return err
}

// complete writes the signature file, once the tree is on disk, and makes the
// tree read-only.
func complete(w *parts.Work, location parts.Location) error {
	d := &disk.Disk{NoSync: w.NoSync}
	if err := d.SyncAll([]string{location.Path}); err != nil {
		return fmt.Errorf("bring the shared part to disk: %w", err)
	}
	path := filepath.Join(location.Path, SignatureFile)
	temporary := path + ".tmp"
	if err := writeSynced(d, temporary, location.Signature); err != nil {
		return fmt.Errorf("write the signature of the shared part: %w", err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("write the signature of the shared part: %w", err)
	}
	if err := makeReadOnly(location.Path); err != nil {
		return fmt.Errorf("make the shared part read-only: %w", err)
	}
	return d.SyncDir(location.Path)
}

func writeSynced(d *disk.Disk, path, text string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, d.Sync(file), file.Close())
}
