package bom

import (
	"cmp"
	"crypto/sha1"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bill is a bill of materials of installed parts.
type Bill struct {
	Name    string // of what the parts are for: the profile
	Tool    string // version of gobuild
	Dir     string // the buildout directory: paths in it are shown relative to it
	Created time.Time
	// Wanted are the parts that were asked for; the others are there because
	// these need them.
	Wanted     []string
	Components []*Component // sorted by part
	shelf      *Shelf
}

// NewBill returns a bill of components from a shelf.
func NewBill(s *Shelf, components []*Component) *Bill {
	slices.SortFunc(components, func(a, b *Component) int { return strings.Compare(a.Part, b.Part) })
	return &Bill{Components: components, shelf: s}
}

// Formats are the names of the forms of a bill.
var Formats = []string{"cyclonedx", "spdx"}

// Write returns the bill in a form.
func (b *Bill) Write(format string) ([]byte, error) {
	if format == "spdx" {
		return b.spdx()
	}
	return b.cycloneDX()
}

// text returns the text of a licence file, or "" when it is lost.
func (b *Bill) text(l LicenseFile) string {
	text, err := ReadText(b.shelf.stateDir, l.SHA256)
	if err != nil {
		return ""
	}
	return strings.ToValidUTF8(string(text), "�")
}

// diff returns the text of a patch, or "" when it is not kept.
func (b *Bill) diff(s Source) string {
	if !s.Kept {
		return ""
	}
	text, err := ReadPatch(b.shelf.stateDir, s.SHA256)
	if err != nil {
		return ""
	}
	return strings.ToValidUTF8(string(text), "�")
}

// address returns what a bill says of where a source is: the URL, or for a
// local file its path in the buildout directory. Other directories of the
// machine that built the part mean nothing to others.
func (b *Bill) address(s Source) string {
	if !s.Local {
		return s.URL
	}
	name := strings.TrimPrefix(strings.TrimPrefix(s.URL, "file:"), "//")
	if rel, err := filepath.Rel(b.Dir, name); filepath.IsAbs(name) && err == nil {
		name = rel
	}
	if !filepath.IsLocal(name) {
		return path.Base(name)
	}
	return name
}

// url is the address of a source that others can open, or "".
func (b *Bill) url(s Source) string {
	if s.Local {
		return ""
	}
	return s.URL
}

// notIDs are characters that an identifier in a document cannot have.
var notIDs = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^A-Za-z0-9.-]+`) })

// identifiers returns an identifier for each part, of letters, digits, dots and
// dashes.
func (b *Bill) identifiers() map[string]string {
	ids, taken := map[string]string{}, map[string]bool{}
	for _, c := range b.Components {
		id := cmp.Or(notIDs().ReplaceAllString(c.Part, "-"), "-")
		for n := 2; taken[id]; n++ {
			id = fmt.Sprintf("%s-%d", strings.TrimSuffix(id, fmt.Sprintf("-%d", n-1)), n)
		}
		ids[c.Part], taken[id] = id, true
	}
	return ids
}

// uuidSpace is the name space of the identifiers of bills.
const uuidSpace = "\x0f\x2b\x9a\x64\x6b\x1e\x5d\x0c\x9f\x35\x67\x6f\x62\x75\x69\x6c"

// uuid returns the UUID of version 5 of a content: the same bill has the same.
func uuid(content []byte) string {
	sum := sha1.Sum(append([]byte(uuidSpace), content...))
	sum[6] = sum[6]&0x0f | 0x50
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
