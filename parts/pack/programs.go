package pack

import (
	"cmp"
	"os"
	"path"
	"path/filepath"
	"slices"

	"gobuild/buildout/diag"
)

// programsDir has the links to programs.
const programsDir = "bin"

// linkPrograms makes links to the programs of the named parts.
func (s *stage) linkPrograms(u *Unpacked) error {
	if s.NoLinks {
		return nil
	}
	var files []File
	for _, r := range s.placed {
		files = append(files, r.File)
	}
	links, taken := programLinks(files, s.manifest.Roots, s.manifest.Named)
	for _, name := range taken {
		u.Warnings.Add(takenWarning(name))
	}
	if len(links) == 0 {
		return nil
	}
	root, err := os.OpenRoot(s.dir) // bin may be a link that the archive has
	if err != nil {
		return err
	}
	defer root.Close()
	info, err := root.Lstat(programsDir)
	switch {
	case os.IsNotExist(err):
		if err := root.Mkdir(programsDir, 0o777); err != nil {
			return err
		}
	case err != nil:
		return err
	case !info.IsDir():
		return nil
	}
	for _, l := range links {
		if _, err := root.Lstat(l.name); err == nil {
			u.Warnings.Add(takenWarning(l.name))
			continue
		}
		if err := root.Symlink(l.target, l.name); err != nil {
			return err
		}
		u.Programs = append(u.Programs, l.name)
	}
	return nil
}

// takenWarning tells of a program that has no link.
func takenWarning(name string) *diag.Diagnostic {
	d := diag.At(diag.Span{}, "program-link", "%s is there already: another program of the name has no link", name).
		WithHint("start it by its path below parts")
	d.Severity = diag.Warning
	return d
}

// programLink is a link to a program.
type programLink struct{ name, target string }

// programLinks returns the links to the programs of parts, sorted, and the
// names that more than one part has.
func programLinks(files []File, roots []Root, named []string) (links []programLink, taken []string) {
	have := map[string]bool{}
	for _, part := range named {
		for _, place := range programs(files, roots, part) {
			name := programsDir + "/" + path.Base(place)
			if have[name] {
				taken = append(taken, name)
				continue
			}
			have[name] = true
			target, err := filepath.Rel(programsDir, place)
			if err != nil || target == path.Base(place) {
				continue // it is there
			}
			links = append(links, programLink{name, target})
		}
	}
	slices.SortFunc(links, func(a, b programLink) int { return cmp.Compare(a.name, b.name) })
	return links, taken
}
