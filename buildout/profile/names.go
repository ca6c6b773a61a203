package profile

import (
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	urlStart = regexp.MustCompile(`^[a-zA-Z0-9+.-]+://`)
	urlParts = regexp.MustCompile(`^([^:/]+://[^/?#]*)(/[^?#]*)?((?s).*)$`)
)

// IsURL reports whether name is fetched rather than opened as a path.
func IsURL(name string) bool { return urlStart.MatchString(name) }

// baseOf returns the directory or URL that relative names in the file called
// name start from.
func baseOf(name string) string {
	if i := strings.LastIndexByte(name, '/'); i > 0 || i == 0 && len(name) > 1 {
		return name[:max(i, 1)]
	}
	return ""
}

// treeName joins an extends entry to the base as zc.buildout does: the text is
// kept as it is.
func treeName(base, name string) string {
	switch {
	case IsURL(name), filepath.IsAbs(name), base == "":
		return name
	}
	return strings.TrimSuffix(base, "/") + "/" + name
}

// linearName gives an extends entry the name that identifies its file in the
// SlapOS dialect: `~/` expanded, joined to the base, without `.`, `..` and
// `//`. Symbolic links are not resolved.
func linearName(base, name, home string) string {
	if IsURL(name) {
		return cleanURL(name)
	}
	if rest, ok := strings.CutPrefix(name, "~/"); ok {
		name = home + "/" + rest
	}
	switch {
	case filepath.IsAbs(name):
		return path.Clean(name)
	case IsURL(base):
		return cleanURL(base + "/" + name)
	}
	return path.Join(base, name)
}

func cleanURL(url string) string {
	m := urlParts.FindStringSubmatch(url)
	if m == nil || m[2] == "" {
		return url
	}
	return m[1] + path.Clean(m[2]) + m[3]
}
