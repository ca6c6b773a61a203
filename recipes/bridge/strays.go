package bridge

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gobuild/parts"
)

// reportStrays tells of files that a recipe has written and that nobody owns.
// What programs write that it runs is not seen.
func reportStrays(ctx context.Context, w *parts.Work, h parts.Host, owned, wrote []string) {
	if len(wrote) == 0 {
		return
	}
	homes := homesOf(ctx, w, h, owned)
	var strays []string
	for _, path := range wrote {
		if !within(path, homes) && !within(path, strays) && !strings.Contains(path, "/__pycache__") {
			strays = append(strays, path)
		}
	}
	if w.Stray == nil {
		return
	}
	for _, path := range strays {
		w.Stray(path)
	}
}

// homesOf are the paths where a recipe may write: those of the part, scratch
// files, and caches.
func homesOf(ctx context.Context, w *parts.Work, h parts.Host, owned []string) []string {
	var list []string
	if temp := os.TempDir(); !within(w.Dir, []string{temp}) { // else all of the buildout would be scratch
		list = append(list, temp)
	}
	list = append(list, owned...)
	list = append(list, "/dev", "/proc", filepath.Join(w.Dir, ".gobuild"), w.Temp, option(ctx, h, "location"))
	if buildout, err := h.Other(ctx, "buildout"); err == nil {
		for _, key := range []string{"eggs-directory", "develop-eggs-directory", "download-cache"} {
			list = append(list, option(ctx, buildout, key))
		}
		list = append(list, filepath.Join(option(ctx, buildout, "parts-directory"), w.Part))
	}
	for i, path := range list {
		if path != "" && !filepath.IsAbs(path) {
			list[i] = filepath.Join(w.Dir, path)
		}
	}
	return slices.DeleteFunc(list, func(path string) bool { return path == "" })
}

// within reports whether a path is one of dirs, or below one.
func within(path string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool {
		return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
	})
}
