package history

import (
	"os"
	"path/filepath"
)

// linksTo returns the directories of the paths of parts that are reached over
// symbolic links, with their real names.
func linksTo(dir string, list records) map[string]string {
	links, seen := map[string]string{}, map[string]bool{}
	for _, record := range list {
		for _, path := range absolutes(dir, record.Paths) {
			parent := filepath.Dir(path)
			if seen[parent] {
				continue
			}
			seen[parent] = true
			if real, err := filepath.EvalSymlinks(parent); err == nil && real != direct(dir, parent) {
				links[parent] = real
			}
		}
	}
	return links
}

// direct is the real name of a path over which no link leads, but for those to
// the buildout directory itself.
func direct(dir, path string) string {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		real = dir
	}
	if relative, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(relative) {
		return filepath.Join(real, relative)
	}
	return path
}

// relinked returns the real name of the directory of a path when it is not the
// one that a run has noted: what is there may belong to someone else.
func (r *Run) relinked(dir, path string) (real string, is bool) {
	parent := filepath.Dir(path)
	want, linked := r.Links[parent]
	for !linked { // the nearest directory that exists
		if _, err := os.Lstat(parent); err == nil || parent == "/" {
			break
		}
		parent = filepath.Dir(parent)
	}
	if !linked {
		want = direct(dir, parent)
	}
	real, err := filepath.EvalSymlinks(parent)
	if err != nil {
		real = parent
	}
	return real, real != want
}
