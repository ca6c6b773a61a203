package store

import (
	"context"
	"fmt"
	"io/fs"
	"os"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
	"gobuild/parts"
)

// Resume is Install for a location that a failed build has left as it was: it
// is not deleted, and build goes on in it. A shared location that another
// process has completed meanwhile is taken as it is.
func Resume(ctx context.Context, w *parts.Work, f Frame, build func(ctx context.Context) error) error {
	if err := refuse(w, f.Location.Path); err != nil {
		return err
	}
	if f.Location.Shared() {
		return resumeShared(ctx, w, f, build)
	}
	if f.KeepOnError && w.Keep != nil {
		w.Keep(f.Location.Path)
	}
	if err := goOn(ctx, w, f, build); err != nil {
		return discard(f, err)
	}
	w.Own(f.Location.Path)
	return nil
}

func resumeShared(ctx context.Context, w *parts.Work, f Frame, build func(ctx context.Context) error) error {
	unlock, err := Lock(ctx, w, lockPath(f.Location.Path), f.Location.Path)
	if err != nil {
		return err
	}
	defer unlock()
	if isComplete(f.Location.Path) {
		w.Say(event.Info, "shared part is already installed")
		return nil
	}
	if err := goOn(ctx, w, f, build); err != nil {
		return discard(f, err)
	}
	if err := complete(w, f.Location); err != nil {
		return discard(f, err)
	}
	return nil
}

// goOn lets build go on in the location. Without one there is nothing to go on
// with.
func goOn(ctx context.Context, w *parts.Work, f Frame, build func(ctx context.Context) error) error {
	info, err := os.Lstat(f.Location.Path)
	switch {
	case isMissing(err), err == nil && info.Mode()&fs.ModeSymlink != 0:
		return &diag.Diagnostic{
			Code: "resume-gone", Path: []string{w.Part},
			Msg:  fmt.Sprintf("cannot go on where the build stopped: %s is gone", f.Location.Path),
			Hint: fmt.Sprintf("`gobuild install %s` builds the part from its beginning", w.Part),
		}
	case err != nil:
		return err
	}
	if err := build(ctx); err != nil {
		return err
	}
	return checkMade(f.Location)
}
