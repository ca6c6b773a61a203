package profile

import (
	"path"
	"path/filepath"
	"strings"
)

// IsURL reports whether name is fetched rather than opened as a path: it begins
// with a scheme and `://`.
func IsURL(name string) bool {
	scheme, _, found := strings.Cut(name, "://")
	return found && scheme != "" && !strings.ContainsFunc(scheme, func(r rune) bool {
		return !(r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9' || r == '+' || r == '.' || r == '-')
	})
}

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

// cleanURL returns url with the path part clean.
func cleanURL(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	end := len(rest)
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		end = i
	}
	slash := strings.IndexByte(rest[:end], '/')
	if slash < 0 {
		return url
	}
	return scheme + "://" + rest[:slash] + path.Clean(rest[slash:end]) + rest[end:]
}
