package elf

import (
	"path/filepath"
	"strings"
)

// match compares a text with a pattern in which * is any text and ? is one
// byte.
func match(pattern, text string) bool {
	p, t, star, back := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, back = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			back++
			p, t = star+1, back
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// allow makes a finding a note when the policy of its part names it.
func (p *Part) allow(f *Finding) {
	if f.Level == Note {
		return
	}
	for _, a := range p.Policy.Allow {
		if (a.Kind == f.Kind || a.Kind == "*") && p.covers(a.Pattern, f) {
			f.Level, f.Allowed = Note, a.Reason
			return
		}
	}
}

// covers reports whether a pattern names a finding.
func (p *Part) covers(pattern string, f *Finding) bool {
	for _, text := range []string{f.Subject, f.Resolved, f.File, filepath.Base(f.File)} {
		if text != "" && match(pattern, text) {
			return true
		}
	}
	for _, root := range p.Roots {
		if below, ok := strings.CutPrefix(f.File, strings.TrimRight(root, "/")+"/"); ok && match(pattern, below) {
			return true
		}
	}
	return false
}
