package pep

import (
	"cmp"
	"slices"
	"strings"
)

// Specifier is an operator of PEP 440 with its version.
type Specifier struct {
	op   string
	text string // of the version
	v    Version
	wild bool
}

// ParseSpecifier reads a specifier such as `>=3.8`.
func ParseSpecifier(s string) (Specifier, bool) {
	s = strings.TrimFunc(s, IsSpace)
	for _, op := range []string{"===", "~=", "==", "!=", "<=", ">=", "<", ">"} {
		text, ok := strings.CutPrefix(s, op)
		if !ok {
			continue
		}
		text = strings.TrimLeftFunc(text, IsSpace)
		if op == "===" {
			bad := strings.ContainsFunc(text, func(r rune) bool { return IsSpace(r) || r == ';' || r == ')' })
			return Specifier{op: op, text: text}, !bad
		}
		equality := op == "==" || op == "!="
		v, wild, ok := parseRelease(text, equality)
		ok = ok && (equality || v.local == nil) && (op != "~=" || len(v.release) > 1)
		return Specifier{op: op, text: text, v: v, wild: wild}, ok
	}
	return Specifier{}, false
}

// Contains reports whether the version text item fits, pre-releases included.
func (s Specifier) Contains(item string) bool {
	if s.op == "===" {
		return strings.EqualFold(item, s.text)
	}
	v, ok := ParseVersion(item)
	if !ok {
		return false
	}
	switch s.op {
	case "==":
		return s.equals(v)
	case "!=":
		return !s.equals(v)
	case "~=":
		return v.Compare(s.v) >= 0 && v.samePrefix(s.v, len(s.v.release)-1)
	case ">=":
		return v.Compare(s.v) >= 0
	case "<=":
		return v.comparePublic(s.v) <= 0
	case "<":
		return s.above(v)
	}
	if s.v.dev != "" || s.v.post != "" {
		return v.comparePublic(s.v) > 0
	}
	return v.Compare(s.v) > 0 && !v.sameBase(s.v)
}

func (s Specifier) equals(v Version) bool {
	switch {
	case s.wild:
		return v.samePrefix(s.v, len(s.v.release))
	case s.v.local == nil:
		return v.comparePublic(s.v) == 0
	}
	return v.Compare(s.v) == 0
}

// above is `<`: a final version also excludes its own pre-releases.
func (s Specifier) above(v Version) bool {
	limit := s.v
	if !limit.IsPrerelease() {
		limit.dev = "0"
	}
	return v.Compare(limit) < 0
}

// String is the operator with its version as it was written.
func (s Specifier) String() string { return s.op + s.text }

// Exact returns the version that `==` or `===` names, without wildcard.
func (s Specifier) Exact() (string, bool) {
	return s.text, (s.op == "==" || s.op == "===") && !s.wild
}

// Specifiers must all hold.
type Specifiers []Specifier

// ParseSpecifiers reads specifiers with commas between them. "" is none.
func ParseSpecifiers(text string) (Specifiers, bool) {
	var all Specifiers
	for _, word := range strings.Split(text, ",") {
		if word = strings.TrimFunc(word, IsSpace); word == "" {
			continue
		}
		s, ok := ParseSpecifier(word)
		if !ok {
			return nil, false
		}
		all = append(all, s)
	}
	return all, true
}

// Contains reports whether a version fits, pre-releases included.
func (all Specifiers) Contains(version string) bool {
	return !slices.ContainsFunc(all, func(s Specifier) bool { return !s.Contains(version) })
}

// WantsPrereleases reports whether a specifier names one.
func (all Specifiers) WantsPrereleases() bool {
	return slices.ContainsFunc(all, func(s Specifier) bool { return s.op != "!=" && s.v.IsPrerelease() })
}

// Exact returns the version that the specifiers fix.
func (all Specifiers) Exact() (string, bool) {
	for _, s := range all {
		if version, ok := s.Exact(); ok {
			return version, true
		}
	}
	return "", false
}

// String is the specifiers in order, with commas between them.
func (all Specifiers) String() string {
	words := make([]string, len(all))
	for i, s := range all {
		words[i] = s.String()
	}
	slices.SortFunc(words, func(a, b string) int { return cmp.Compare(a, b) })
	return strings.Join(slices.Compact(words), ",")
}
