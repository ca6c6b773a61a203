package profile

import (
	"fmt"
	"path/filepath"
	"strings"

	"gobuild/buildout/diag"
)

const (
	// PaddedLength is the length, in bytes, of the path of a padded directory of
	// parts. A path of this length and the name of a part fit into the first
	// line of a script, and leave room for any directory that parts are moved to.
	PaddedLength = 220
	// paddedName begins the name that fills the path up. It is no word that a
	// program may compare with, such as `relocatable`: its stretches of 8 bytes
	// tell pieces of the path from other constants.
	paddedName = "re10catable"
	// paddedNumbers is how many numbers fill up the shortest path.
	paddedNumbers = 70
)

// PaddedParts returns the padded directory of parts of a buildout directory:
// DIR/parts/re10catable…_68_69, PaddedLength bytes in all, so that any directory of
// that length or less can take its place in the files of the parts. ok is false
// when dir leaves no room for it.
//
// No stretch of the filling occurs twice: compilers copy a string of known length
// in pieces of 16 bytes, and linkers keep equal pieces once, which would tear the
// path apart. It ends in the same way for each directory, as a last piece may hold
// only that end.
func PaddedParts(dir string) (path string, ok bool) {
	path = strings.TrimRight(dir, "/") + "/parts/" + paddedName
	if len(path) > PaddedLength {
		return "", false
	}
	filling := ""
	for n := range paddedNumbers {
		filling += fmt.Sprintf("_%02d", n)
	}
	return path + filling[len(filling)-(PaddedLength-len(path)):], true
}

// relocatable gives [buildout] a padded parts-directory when it says
// `relocatable = true`.
func (l *loader) relocatable(b *Section) error {
	on, err := l.profile.Bool("relocatable")
	if err != nil || !on {
		return err
	}
	set, dir := b.Options["relocatable"], b.Options["directory"].Text
	if given := b.Options["parts-directory"]; given.Source() != SourceDefault {
		l.unpadded(given, dir)
		return nil
	}
	if !filepath.IsAbs(dir) && !strings.Contains(dir, "${") {
		dir = filepath.Join(l.Dir, dir)
	}
	padded, ok := PaddedParts(dir)
	switch most := PaddedLength - len("/parts/"+paddedName); {
	case strings.Contains(dir, "${"):
		return diag.List{diag.At(set.At(), "relocatable-length", "relocatable needs to know how long the path of the directory is before anything is evaluated: %s", dir).
			WithPath("buildout", "relocatable").WithHint("write `directory` without references, or set parts-directory to a path of %d bytes", PaddedLength)}
	case !ok:
		return diag.List{diag.At(set.At(), "relocatable-length", "the path of the directory has %d bytes, and relocatable leaves room for %d: %s", len(dir), most, dir).
			WithPath("buildout", "relocatable").WithHint("build in a directory with a shorter path: parts can be moved to a longer one afterwards")}
	}
	b.Options["parts-directory"] = newValue(padded, SourceComputed, set.At(), set.KeyAt())
	return nil
}

// unpadded warns of a parts-directory of the profile's own that leaves little
// room.
func (l *loader) unpadded(given *Value, dir string) {
	path := joined(dir, given.Text)
	if len(path) >= PaddedLength {
		return
	}
	d := diag.At(given.At(), "relocatable-unpadded", "parts-directory is used as it is set: with %d bytes, its parts can be moved to paths of at most that length", len(path)).
		WithPath("buildout", "parts-directory").WithHint("leave parts-directory out, and relocatable makes it %d bytes long", PaddedLength)
	d.Severity = diag.Warning
	l.profile.Warnings.Add(d)
}
