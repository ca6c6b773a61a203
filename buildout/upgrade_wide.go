package buildout

import (
	"path/filepath"
	"slices"
	"strings"
)

// isTooWide reports whether no recipe can have made a path: it leads upwards,
// it is a directory at the top of the file system, the home of the user, or one
// of the directories that [buildout] names for all parts.
func (c *changes) isTooWide(path string) bool {
	if slices.Contains(strings.Split(path, "/"), "..") {
		return true
	}
	path = filepath.Clean(path)
	if strings.Count(path, "/") < 2 {
		return true
	}
	everybodys := []string{c.Base.BinDirectory, c.Base.PartsDirectory, c.Base.EggsDirectory, c.Base.DevelopEggs}
	if c.Home != "" {
		everybodys = append(everybodys, filepath.Clean(c.Home))
	}
	return slices.Contains(everybodys, path)
}
