package relocate

import (
	"bytes"
	"strings"
)

// filledBehind reports whether a prefix is filled behind its end. So are the
// directories of parts: up to the name of a part, what stands for one part is
// then what stands for all, which keeps pieces right that strings share.
func (p Prefix) filledBehind() bool { return p.Role == RoleParts }

// fill returns path as text of a width: slashes stand in front of its last
// component. Paths of one component get "/.///" in front, so that they do not
// begin with slashes that belong to something else. The path must not be
// longer than the width.
func fill(path string, width int) string {
	extra := width - len(path)
	i := strings.LastIndexByte(path, '/')
	switch {
	case extra <= 0:
		return path
	case i > 0:
		return path[:i] + strings.Repeat("/", extra) + path[i:]
	case extra == 1:
		return "/" + path
	}
	return "/." + strings.Repeat("/", extra-2) + path
}

// fits reports whether a path can stand at a site.
func (s Site) fits(path string) bool { return len(path) <= max(s.Width, s.Whole) || isCanonical(path) }

// text returns what stands at a site when its prefix has a path.
func (s Site) text(p Prefix, path string) string {
	width := max(s.Width, s.Whole)
	var whole string
	switch {
	case len(path) > width: // the start of a canonical path
		whole = path[:width]
	case p.filledBehind():
		whole = path + strings.Repeat("/", width-len(path))
	default:
		whole = fill(path, width)
	}
	if s.Whole == 0 {
		return whole
	}
	return whole[s.Skip : s.Skip+s.Width]
}

// stands reports whether text is what a site must have when its prefix has a path.
func (s Site) stands(text []byte, p Prefix) bool {
	if string(text) == s.text(p, p.Path) {
		return true
	}
	if p.filledBehind() {
		text = bytes.TrimRight(text, "/")
	}
	return s.Whole == 0 && reads(text, p.Path)
}
