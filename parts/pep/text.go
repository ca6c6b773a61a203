package pep

import (
	"strings"
	"unicode"
)

// IsSpace is Python's str.isspace for one character.
func IsSpace(c rune) bool {
	return unicode.IsSpace(c) || c >= 0x1c && c <= 0x1f
}

// Canonical is the form of a name in which all its spellings are equal (PEP 503).
func Canonical(s string) string {
	s = strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(s))
	for strings.Contains(s, "--") {
		s = strings.ReplaceAll(s, "--", "-")
	}
	return s
}
