package relocate

import (
	"iter"
	"maps"
	"path/filepath"
	"strings"
)

// components returns the names of an absolute clean path.
func components(path string) []string { return strings.Split(strings.Trim(path, "/"), "/") }

// parent returns the directory of an absolute clean path, "" for one of one component.
func parent(path string) string { return path[:strings.LastIndexByte(path, '/')] }

// within reports whether path is dir or below it.
func within(path, dir string) bool {
	return strings.HasPrefix(path, dir) && (len(path) == len(dir) || path[len(dir)] == '/')
}

// relative returns the path from a directory to a target, both absolute and clean.
func relative(dir, target string) string {
	rel, err := filepath.Rel(dir, target)
	if err != nil { // impossible between absolute paths
		return target
	}
	return rel
}

func mapKeys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }
