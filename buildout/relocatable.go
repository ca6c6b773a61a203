package buildout

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/plan"
	"gobuild/buildout/profile"
	"gobuild/parts/disk"
)

// relocatableLink beside a padded directory of parts leads to it.
const relocatableLink = "current"

// isPadded reports whether the directory of parts is the padded one.
func (e *Engine) isPadded() bool {
	padded, ok := profile.PaddedParts(e.Base.Directory)
	return ok && e.Base.PartsDirectory == padded
}

// linkRelocatable makes parts/current, for people: a padded name is nothing to
// type. What else has that name stays.
func (e *Engine) linkRelocatable() error {
	dir, name := filepath.Split(e.Base.PartsDirectory)
	link := filepath.Join(dir, relocatableLink)
	if !e.isPadded() || disk.Exists(link) {
		return nil
	}
	if err := os.Symlink(name, link); err != nil {
		return &StateError{notMade(link, err)}
	}
	return nil
}

// relocatableWarnings warns of compiled parts outside of the padded directory.
func (e *Engine) relocatableWarnings(g *plan.Graph) diag.List {
	var list diag.List
	var outside []string
	at, shortest := diag.Span{}, ""
	for _, n := range g.Parts {
		location := n.Options["location"]
		if !e.isPadded() || !n.Spec.Builds || location == "" || isIn(location, e.Base.PartsDirectory) {
			continue
		}
		if dir := filepath.Dir(location); shortest == "" || len(dir) < len(shortest) {
			at, shortest = n.At, dir
		}
		outside = append(outside, n.Part)
	}
	if len(outside) == 0 {
		return nil
	}
	const named = 3
	text := strings.Join(outside[:min(named, len(outside))], ", ")
	if len(outside) > named {
		text += ", …"
	}
	what := "1 compiled part lives"
	if n := len(outside); n > 1 {
		what = strconv.Itoa(n) + " compiled parts live"
	}
	d := diag.At(at, "relocatable-unpadded", "%s outside of the padded directory, for example in %s: %s", what, shortest, text).
		WithHint("shared parts can be moved to paths that are not longer than their own; leave shared-part-list empty to have them padded")
	d.Severity = diag.Warning
	list.Add(d)
	return list
}
