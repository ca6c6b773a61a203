package lsp

import (
	"net/url"
	"path/filepath"
	"strings"

	"gobuild/buildout/profile"
)

// pathOf returns the path that a document's URI stands for. A document that is
// no file (a new one that was never saved) gets a path in dir that no file has.
func pathOf(uri, dir string) string {
	u, err := url.Parse(uri)
	if err == nil && u.Scheme == "file" && filepath.IsAbs(u.Path) {
		return filepath.Clean(u.Path)
	}
	return filepath.Join(dir, strings.NewReplacer("/", "%2F", "\x00", "%00").Replace(uri))
}

// uriOf returns the URI of a source of a profile: a path or a URL.
func uriOf(name string) string {
	if profile.IsURL(name) {
		return name
	}
	return (&url.URL{Scheme: "file", Path: name}).String()
}

// localPath returns the path of a source of a profile, or "" when it is remote.
func localPath(name string) string {
	if strings.HasPrefix(name, "file://") {
		if u, err := url.Parse(name); err == nil {
			name = u.Path
		}
	}
	if !filepath.IsAbs(name) {
		return ""
	}
	return filepath.Clean(name)
}
