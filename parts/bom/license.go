package bom

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// License is what is known of the licence of a part.
type License struct {
	// Expression is the SPDX expression that holds for the part, or "" when
	// that is not certain.
	Expression string `json:"expression,omitempty"`
	// Declared is the expression that the sources themselves give, or "".
	Declared string `json:"declared,omitempty"`
	// Basis says where the expression is from, or why there is none.
	Basis string `json:"basis"`
	// Files are the licence files of the sources, with what they were found to
	// be.
	Files []Found `json:"files,omitempty"`
}

// Found is a licence file with what it is.
type Found struct {
	LicenseFile
	Identity
}

// Name is what to call the licence of a file that has no SPDX identifier.
func (f Found) Name() string { return licenseRef + f.SHA256[:min(len(f.SHA256), 12)] }

// IDs returns the identifiers that were found in any file, bundled ones
// included, sorted.
func (l License) IDs() []string {
	var ids []string
	for _, f := range l.Files {
		ids = append(ids, f.IDs...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// LicenseOption is the option of a part by which a profile says what its
// licence is.
const LicenseOption = "license"

// expressionForm is what an SPDX expression consists of.
var expressionForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\(*[A-Za-z0-9][A-Za-z0-9.+-]*\)*( (AND|OR|WITH) \(*[A-Za-z0-9][A-Za-z0-9.+-]*\)*)*$`)
})

// conclude decides about the licence of a part. said is the option of the
// profile, headers are those of Provenance.
func conclude(said string, files []Found, headers map[string]int) License {
	l := License{Files: files}
	l.Declared, l.Basis = declared(files, slices.Sorted(maps.Keys(headers)))
	l.Expression = l.Declared
	switch said = strings.Join(strings.Fields(said), " "); {
	case said == "":
	case expressionForm().MatchString(said) && strings.Count(said, "(") == strings.Count(said, ")"):
		l.Expression, l.Basis = said, "option license of the profile"
	default:
		l.Basis = fmt.Sprintf("option license of the profile is no SPDX expression: %q; %s", said, l.Basis)
	}
	return l
}

// declared returns what the licence files say together, or "", and why.
func declared(files []Found, headers []string) (expression, basis string) {
	sets := map[string][]string{} // file names by the identifiers in them
	for _, f := range files {
		if f.Bundled {
			continue
		}
		if !f.Whole {
			if isNotice(f.Path) && len(f.IDs) == 0 {
				continue
			}
			return "", notKnown(f)
		}
		if f.Choice && len(f.IDs) > 1 {
			return "", fmt.Sprintf("%s speaks of a choice between %s", f.Path, strings.Join(f.IDs, ", "))
		}
		ids := slices.Clone(f.IDs)
		for i := range ids {
			ids[i] = settle(ids[i], headers)
		}
		key := strings.Join(ids, " AND ")
		sets[key] = append(sets[key], f.Path)
	}
	basis = "licence files"
	if withoutGPL(sets, headers) {
		basis = "licence files and notices in the sources"
	}
	keys := slices.Sorted(maps.Keys(sets))
	switch {
	case len(keys) == 0:
		return "", "no licence file was found"
	case len(keys) > 1:
		return "", "how these go together is not known: " + describeSets(sets, keys)
	}
	for id := range strings.SplitSeq(keys[0], " AND ") {
		if isOpen(id) {
			return "", fmt.Sprintf("%s does not say whether a later version than %s may be chosen, and the sources do not say it", sets[keys[0]][0], id)
		}
		if !slices.ContainsFunc(files, func(f Found) bool { return slices.Contains(f.IDs, id) }) {
			basis = "licence files and notices in the sources"
		}
	}
	return keys[0], basis
}

// notKnown says why a file does not tell the licence.
func notKnown(f Found) string {
	if len(f.IDs) == 0 {
		return f.Path + " is no licence that is known"
	}
	return f.Path + " says more than " + strings.Join(f.IDs, ", ")
}

// isNotice reports whether a file adds to a licence without being one.
func isNotice(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "notice") || strings.HasPrefix(name, "patents")
}

// withoutGPL drops the text of the GPL 3 beside that of the LGPL 3, which is an
// addition to it, when no source file is under the GPL itself.
func withoutGPL(sets map[string][]string, headers []string) bool {
	const gpl, lgpl = "GPL-3.0", "LGPL-3.0"
	has := func(begin string) bool {
		return slices.ContainsFunc(headers, func(h string) bool { return strings.HasPrefix(h, begin) })
	}
	key := settle(lgpl, headers)
	if len(sets) != 2 || sets[gpl] == nil || sets[key] == nil || has(gpl) || !has(lgpl) {
		return false
	}
	delete(sets, gpl)
	return true
}

func describeSets(sets map[string][]string, keys []string) string {
	var list []string
	for _, key := range keys {
		list = append(list, fmt.Sprintf("%s (%s)", key, strings.Join(sets[key], ", ")))
	}
	return strings.Join(list, "; ")
}
