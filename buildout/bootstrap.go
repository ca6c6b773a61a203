package buildout

import (
	"os"
)

// Bootstrap makes the standard directories and returns those that it made.
func (e *Engine) Bootstrap() (made []string, err error) {
	for _, dir := range e.standardDirectories() {
		if fileExists(dir) {
			continue
		}
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return made, &StateError{err}
		}
		made = append(made, dir)
	}
	return made, nil
}

// standardDirectories are those that every run needs.
func (e *Engine) standardDirectories() []string {
	dirs := []string{e.Base.BinDirectory, e.Base.PartsDirectory, e.Base.DevelopEggs}
	if e.Base.DownloadCache != "" {
		// dist is where zc.buildout keeps the archives of eggs.
		dirs = append(dirs, e.path(e.Base.DownloadCache), e.path(e.Base.DownloadCache)+"/dist")
	}
	return dirs
}
