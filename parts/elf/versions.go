package elf

import (
	"fmt"
	"slices"
	"strings"
)

// judgeVersions looks at the versions of symbols that a file asks for.
func (a *audit) judgeVersions(s *subject) {
	report := &a.reports[s.part]
	ceiling, limited := parseVersion(a.parts[s.part].Policy.MaxGlibc)
	var above []versionNeed
	for _, n := range s.image.versions {
		if a.ownLibrary(s, n.library) {
			continue
		}
		v, ok := glibcVersion(n)
		switch {
		case n.name == glibcPrivate:
			a.judgePrivate(s, n)
		case !ok:
			a.runtimeVersion(s, n)
		default:
			if newest, _ := parseVersion(report.Glibc); newest.less(v) {
				report.Glibc, report.GlibcFile, report.GlibcSymbol = v.String(), s.path, ""
				if len(n.symbols) > 0 {
					report.GlibcSymbol = n.symbols[0]
				}
			}
			if limited && ceiling.less(v) {
				above = append(above, n)
			}
		}
	}
	if len(above) > 0 {
		a.judgeCeiling(s, above)
	}
}

// ownLibrary reports whether a file finds a library in a part.
func (a *audit) ownLibrary(s *subject, name string) bool {
	return slices.ContainsFunc(s.proc.list[0].finds, func(f found) bool { return f.name == name && f.to != nil && f.to.part >= 0 })
}

// judgePrivate is a finding on symbols that glibc keeps for itself.
func (a *audit) judgePrivate(s *subject, n versionNeed) {
	if class, _ := Classify(s.image.soname); class == ClassGlibc {
		return
	}
	a.add(s.part, Finding{File: s.path, Kind: KindGlibcPrivate, Level: Error, Subject: n.library,
		Message: fmt.Sprintf("it uses symbols of %s that are for glibc itself: %s", n.library, symbolList(n)),
		Hint:    "it runs only with the build of glibc that it was linked with; take these calls out"})
}

// judgeCeiling is a finding on symbols newer than the ceiling.
func (a *audit) judgeCeiling(s *subject, above []versionNeed) {
	slices.SortFunc(above, func(x, y versionNeed) int {
		v, _ := glibcVersion(x)
		w, _ := glibcVersion(y)
		switch {
		case w.less(v):
			return -1
		case v.less(w):
			return 1
		}
		return strings.Compare(x.library, y.library)
	})
	var each []string
	for _, n := range above {
		each = append(each, fmt.Sprintf("%s for %s", n.name, symbolList(n)))
	}
	a.add(s.part, Finding{File: s.path, Kind: KindGlibcVersion, Level: Error, Subject: above[0].name,
		Message: fmt.Sprintf("it needs a glibc newer than %s: %s", a.parts[s.part].Policy.MaxGlibc, strings.Join(each, "; ")),
		Hint:    "build on a system whose glibc is not newer than max-glibc"})
}

// symbolList names the symbols of a version.
func symbolList(n versionNeed) string {
	if n.count == 0 {
		return "no symbol by name"
	}
	text := strings.Join(n.symbols, ", ")
	if more := n.count - len(n.symbols); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// runtimeVersion notes the newest version of each kind that compiler runtimes
// have.
func (a *audit) runtimeVersion(s *subject, n versionNeed) {
	if class, _ := Classify(n.library); class != ClassRuntime {
		return
	}
	kind, number, ok := strings.Cut(n.name, "_")
	v, valid := parseVersion(number)
	if !ok || !valid {
		return
	}
	list := a.reports[s.part].RuntimeVersions
	for i, known := range list {
		old, _ := parseVersion(strings.TrimPrefix(known, kind+"_"))
		if strings.HasPrefix(known, kind+"_") {
			if old.less(v) {
				list[i] = n.name
			}
			return
		}
	}
	a.reports[s.part].RuntimeVersions = insert(list, n.name)
}
