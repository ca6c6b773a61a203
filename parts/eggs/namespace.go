package eggs

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// needsPkgResources reports whether an __init__.py of a namespace package needs
// pkg_resources.
func (d *Dist) needsPkgResources() bool {
	for _, name := range d.namespaces {
		path := filepath.Join(append(append([]string{d.Location}, strings.Split(name, ".")...), "__init__.py")...)
		text, err := readLimited(path)
		if err == nil && bytes.Contains(text, []byte("pkg_resources")) && !bytes.Contains(text, []byte("pkgutil")) {
			return true
		}
	}
	return false
}

// dropNamespaceFiles removes the __init__.py that do nothing but to declare a
// namespace package: without them Python finds the package in all eggs.
func dropNamespaceFiles(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return err
		}
		files := 0
		for _, e := range entries {
			if !e.IsDir() {
				files++
			}
		}
		init := filepath.Join(path, "__init__.py")
		if files != 1 || path == dir || !declaresNamespace(init) {
			return nil
		}
		return os.Remove(init)
	})
}

// declaresNamespace reports whether a file declares a namespace package, by
// pkg_resources or pkgutil, and does nothing else.
func declaresNamespace(path string) bool {
	text, err := readLimited(path)
	if err != nil {
		return false
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	const most = 6
	if len(lines) == 0 || len(lines) > most {
		return false
	}
	all := strings.Join(lines, "\n")
	for _, pair := range [][2]string{{"pkg_resources", "declare_namespace"}, {"pkgutil", "extend_path"}} {
		if i := strings.Index(all, pair[0]); i >= 0 && strings.Contains(all[i:], pair[1]) {
			return true
		}
	}
	return false
}
