package lsp

import (
	"path/filepath"
	"slices"
	"strings"

	"gobuild/buildout/profile"
)

// roots decides to which profile a document belongs.
type roots struct {
	configured []string          // paths, in the order of the settings
	chosen     map[string]string // by path of a document
}

// reset forgets the choices: what extends what may have changed.
func (r *roots) reset() { r.chosen = map[string]string{} }

// add adds the files that a pattern names.
func (r *roots) add(pattern string) {
	found, err := filepath.Glob(pattern)
	if err != nil {
		return
	}
	for _, path := range found {
		if !slices.Contains(r.configured, path) {
			r.configured = append(r.configured, path)
		}
	}
}

// root returns the profile that a document belongs to: the nearest of the
// configured ones that reaches it; else the document itself, when its name is
// that of a root profile; else the nearest root profile in its directory that
// reaches it; else itself.
func (s *server) root(path string) string {
	if root, known := s.roots.chosen[path]; known {
		return root
	}
	root := s.nearest(s.roots.configured, path)
	if root == "" && !isRootName(filepath.Base(path)) {
		root = s.nearest(rootsBeside(path), path)
	}
	if root == "" {
		root = path
	}
	s.roots.chosen[path] = root
	return root
}

// isRootName reports whether a file of this name is a root profile by custom.
func isRootName(name string) bool {
	return name == "buildout.cfg" || strings.HasPrefix(name, "software") && strings.HasSuffix(name, ".cfg")
}

// rootsBeside returns the root profiles in the directory of a document.
func rootsBeside(path string) []string {
	entries, err := filepath.Glob(filepath.Join(escapeGlob(filepath.Dir(path)), "*.cfg"))
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(entries, func(e string) bool { return !isRootName(filepath.Base(e)) })
}

func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}

// nearest returns the root from which the fewest steps of extends lead to a
// file, or "".
func (s *server) nearest(roots []string, path string) string {
	best, steps := "", -1
	for _, r := range roots {
		if n := s.distance(r, path); n >= 0 && (steps < 0 || n < steps) {
			best, steps = r, n
		}
	}
	return best
}

// distance returns how many steps of extends lead from one file to another, -1
// when none do. Conditions are not asked.
func (s *server) distance(from, to string) int {
	if from == "" || to == "" {
		return -1
	}
	seen := map[string]bool{from: true}
	for layer, n := []string{from}, 0; len(layer) > 0; n++ {
		if slices.Contains(layer, to) {
			return n
		}
		var next []string
		for _, path := range layer {
			for _, e := range s.extends(path) {
				if !seen[e] {
					seen[e] = true
					next = append(next, e)
				}
			}
		}
		layer = next
	}
	return -1
}

// extends returns the local files that a file extends.
func (s *server) extends(path string) []string {
	x, err := s.files.local(path)
	if err != nil {
		return nil
	}
	var list []string
	for _, r := range x.refs {
		if r.kind == toFile {
			if e := s.entryPath(path, r.text); e != "" {
				list = append(list, e)
			}
		}
	}
	return list
}

// entryPath returns the path of an entry of extends, "" for a remote one.
func (s *server) entryPath(file, entry string) string {
	return localPath(profile.Join(file, entry, s.config.Home))
}

// extendsText returns what a document extends, to see whether it has changed.
func extendsText(x *index) string {
	var b strings.Builder
	for _, r := range x.refs {
		if r.kind == toFile {
			b.WriteString(r.text + "\n")
		}
	}
	return b.String()
}
