package eggs

import (
	"cmp"
	"net/url"
	"path"
	"slices"
	"strings"

	"gobuild/parts"
	"gobuild/parts/pep"
)

// artifact is an archive of a distribution.
type artifact struct {
	key, version string
	parsed       pep.Version
	file         string // name
	url          string // or a local path
	sums         []parts.Checksum
	wheel        bool
	binary       bool // it has compiled files
	rank         int  // of its tag among those of the Python, the best first
	python       string
	yanked       bool
	own          bool // FindLinks or the download cache have it
	blocked      bool // its host is not allowed
}

// sourceEndings are the endings of source distributions, the best first.
var sourceEndings = []string{".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".zip", ".tar"}

// parseArtifact reads the name of an archive of the project key.
func (w *workingSet) parseArtifact(name, key string) (artifact, bool) {
	a := artifact{key: key, file: name}
	if stem, ok := strings.CutSuffix(name, ".whl"); ok {
		return a, a.parseWheel(stem, w.python.Tags)
	}
	for i, ending := range sourceEndings {
		stem, ok := strings.CutSuffix(name, ending)
		if !ok {
			continue
		}
		a.rank = i
		for i := range len(stem) {
			if stem[i] != '-' || canonical(stem[:i]) != key {
				continue
			}
			if a.parsed, ok = pep.ParseVersion(stem[i+1:]); ok {
				a.version = stem[i+1:]
				return a, true
			}
		}
	}
	return a, false
}

// parseWheel reads NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM. A wheel that the
// Python cannot use is none.
func (a *artifact) parseWheel(stem string, tags []string) bool {
	fields := strings.Split(stem, "-")
	if len(fields) != 5 && len(fields) != 6 || a.key != "" && canonical(fields[0]) != a.key {
		return false
	}
	var ok bool
	a.key, a.version = canonical(fields[0]), strings.ReplaceAll(fields[1], "_", "-")
	if a.parsed, ok = pep.ParseVersion(a.version); !ok {
		return false
	}
	tag := fields[len(fields)-3:]
	a.wheel, a.binary, a.rank = true, tag[2] != "any", -1
	for _, python := range strings.Split(tag[0], ".") {
		for _, abi := range strings.Split(tag[1], ".") {
			for _, platform := range strings.Split(tag[2], ".") {
				rank := slices.Index(tags, python+"-"+abi+"-"+platform)
				if rank >= 0 && (a.rank < 0 || rank < a.rank) {
					a.rank = rank
				}
			}
		}
	}
	return a.rank >= 0
}

// setURL notes where the archive is, with the checksum behind its #.
func (a *artifact) setURL(address string) {
	address, fragment, _ := strings.Cut(address, "#")
	a.url = address
	for word := range strings.SplitSeq(fragment, "&") {
		algorithm, hex, ok := strings.Cut(word, "=")
		if ok && slices.Contains([]string{"sha256", "sha512", "sha1", "md5"}, algorithm) && hex != "" {
			a.sums = append(a.sums, parts.Checksum{Algorithm: algorithm, Hex: strings.ToLower(hex)})
		}
	}
}

// fileOf is the name of the file that a URL or path names.
func fileOf(address string) string {
	address, _, _ = strings.Cut(address, "#")
	if u, err := url.Parse(address); err == nil && u.Scheme != "" {
		return path.Base(u.Path)
	}
	return path.Base(address)
}

// isArchive reports whether a name is that of an archive.
func isArchive(name string) bool {
	return strings.HasSuffix(name, ".whl") || slices.ContainsFunc(sourceEndings, func(ending string) bool { return strings.HasSuffix(name, ending) })
}

// usable says which of what is on offer may be used for a requirement.
func (w *workingSet) usable(r wanted, source bool) func(a artifact) bool {
	_, exact := r.Specifiers.Exact()
	return func(a artifact) bool {
		version := a.version
		if patch := w.patchOf(a.key); patch != nil {
			if patched, err := patch.version(a.key, version); err == nil {
				version = patched
			}
		}
		requires, ok := pep.ParseSpecifiers(a.python)
		switch {
		case !r.Contains(version), a.blocked, a.yanked && !exact, ok && !requires.Contains(w.python.Full):
			return false
		case source && a.wheel, r.pin != nil && r.pin.wheel && !a.wheel:
			return false
		}
		return r.pin == nil || len(r.pin.sums) == 0 || !slices.ContainsFunc(a.sums, func(s parts.Checksum) bool {
			return s.Algorithm == "sha256" && !r.pin.accepts(s.Hex)
		})
	}
}

// pick returns the best of what is on offer: the newest version, final if there
// is one, as a wheel of the best tag, or as a source distribution.
func (w *workingSet) pick(r wanted, offers []artifact) *artifact {
	source := w.patchOf(r.Key()) != nil
	usable := w.usable(r, source)
	fits := slices.DeleteFunc(slices.Clone(offers), func(a artifact) bool { return !usable(a) })
	final := func(a artifact) bool { return !a.parsed.IsPrerelease() }
	if !w.Prereleases && slices.ContainsFunc(fits, final) {
		fits = slices.DeleteFunc(fits, func(a artifact) bool { return !final(a) })
	}
	if len(fits) == 0 {
		return nil
	}
	late := func(a artifact) bool { // what comes behind others of its version
		return w.SourceFirst && a.binary && (r.pin == nil || !r.pin.wheel) || !w.SourceFirst && !a.wheel
	}
	best := slices.MinFunc(fits, func(a, b artifact) int {
		return cmp.Or(b.parsed.Compare(a.parsed), boolOrder(late(a), late(b)), boolOrder(!a.wheel, !b.wheel),
			cmp.Compare(a.rank, b.rank), boolOrder(!a.own, !b.own), -cmp.Compare(a.file, b.file))
	})
	return &best
}

// boolOrder orders false before true.
func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
