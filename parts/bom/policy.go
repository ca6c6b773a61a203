package bom

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Policy says which licences parts may have. Identifiers are those of SPDX; a *
// in one stands for any text.
type Policy struct{ Allow, Deny []string }

// Check returns what is wrong with the policy itself.
func (p Policy) Check() error {
	for _, id := range slices.Concat(p.Allow, p.Deny) {
		if !identifierForm().MatchString(id) {
			return fmt.Errorf("%q is no identifier of SPDX, such as MIT or GPL-*", id)
		}
	}
	return nil
}

var identifierForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9.+*-]+$`) })

// Refuses says why the policy refuses the licence of a component, or "". What
// was made from nothing of others has none.
//
// Deny is for all that was found, bundled libraries included: it asks what may
// not be there. Allow is for the licence that holds: one that is not certain is
// not allowed.
func (p Policy) Refuses(c *Component) string {
	if !c.HasSources() {
		return ""
	}
	if id, where := p.denied(c.License); id != "" {
		return fmt.Sprintf("%s is denied: %s", id, where)
	}
	switch {
	case len(p.Allow) == 0:
		return ""
	case c.License.Expression == "":
		return "it is not certain which licence it has: " + c.License.Basis
	}
	for term := range strings.SplitSeq(strings.NewReplacer("(", " ", ")", " ").Replace(c.License.Expression), " AND ") {
		if !slices.ContainsFunc(strings.Split(term, " OR "), p.allows) {
			return fmt.Sprintf("%s is not allowed", strings.TrimSpace(term))
		}
	}
	return ""
}

// allows reports whether an identifier, with or without an exception, is one of
// those that are allowed.
func (p Policy) allows(id string) bool { return matchAny(p.Allow, id) }

// denied returns the first identifier that is denied, and where it was found.
func (p Policy) denied(l License) (id, where string) {
	for _, id := range strings.FieldsFunc(l.Expression, func(r rune) bool { return strings.ContainsRune("() ", r) }) {
		if matchAny(p.Deny, id) && id != "AND" && id != "OR" && id != "WITH" {
			return id, l.Basis
		}
	}
	for _, f := range l.Files {
		for _, id := range f.IDs {
			if matchAny(p.Deny, id) {
				return id, "the sources have it in " + f.Path
			}
		}
	}
	return "", ""
}

func matchAny(patterns []string, id string) bool {
	id, _, _ = strings.Cut(strings.TrimSpace(id), " ")
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(strings.ToLower(p), strings.ToLower(id))
		return ok && err == nil
	})
}
