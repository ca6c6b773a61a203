package bom

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spdx/tools-golang/spdx/v2/common"
	"github.com/spdx/tools-golang/spdx/v2/v2_3"
)

// Values of SPDX for what is not known, and for what is not there.
const (
	noAssertion = "NOASSERTION"
	none        = "NONE"
)

// spdxDoc makes a document of SPDX 2.3.
type spdxDoc struct {
	*Bill
	ids       map[string]string
	doc       *v2_3.Document
	extracted map[string]bool
}

// spdx returns the bill in SPDX 2.3.
func (b *Bill) spdx() ([]byte, error) {
	created := b.Created
	if created.IsZero() {
		created = time.Unix(0, 0) // a document must have a time, and the same input gives the same document
	}
	d := &spdxDoc{Bill: b, ids: b.identifiers(), extracted: map[string]bool{}}
	d.doc = &v2_3.Document{SPDXVersion: v2_3.Version, DataLicense: v2_3.DataLicense, SPDXIdentifier: "DOCUMENT", DocumentName: b.Name,
		CreationInfo: &v2_3.CreationInfo{Creators: []common.Creator{{CreatorType: "Tool", Creator: "gobuild-" + b.Tool}}, Created: created.UTC().Format(time.RFC3339)}}
	for _, c := range b.Components {
		d.component(c)
	}
	for _, part := range b.Wanted {
		d.relate("DOCUMENT", common.TypeRelationshipDescribe, "Part-"+d.ids[part], "")
	}
	content, err := encodeSPDX(d.doc)
	if err != nil {
		return nil, err
	}
	d.doc.DocumentNamespace = "https://spdx.org/spdxdocs/" + cmp.Or(notIDs().ReplaceAllString(b.Name, "-"), "gobuild") + "-" + uuid(content)
	return encodeSPDX(d.doc)
}

func encodeSPDX(doc *v2_3.Document) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	err := e.Encode(doc)
	return out.Bytes(), err
}

func (d *spdxDoc) relate(from, kind, to, comment string) {
	d.doc.Relationships = append(d.doc.Relationships, &v2_3.Relationship{RefA: common.MakeDocElementID("", from),
		RefB: common.MakeDocElementID("", to), Relationship: kind, RelationshipComment: comment})
}

// component adds a package for a part, and one for each of its sources.
func (d *spdxDoc) component(c *Component) {
	id := "Part-" + d.ids[c.Part]
	p := &v2_3.Package{PackageName: c.Part, PackageSPDXIdentifier: common.ElementID(id), PackageVersion: c.Version,
		PackageDownloadLocation: none, PackageLicenseConcluded: cmp.Or(c.License.Expression, noAssertion),
		PackageLicenseDeclared: cmp.Or(c.License.Declared, noAssertion), PackageCopyrightText: noAssertion,
		PrimaryPackagePurpose: strings.ToUpper(string(c.Kind)), PackageLicenseComments: d.licenseComment(c.License)}
	if !c.HasSources() && c.License.Expression == "" {
		p.PackageLicenseConcluded, p.PackageLicenseDeclared = noAssertion, none
	}
	if c.HasSources() {
		p.PackageDownloadLocation, p.PackageSourceInfo = d.location(c), provenance(c)
	}
	if c.PURL != "" {
		p.PackageExternalReferences = []*v2_3.PackageExternalReference{{Category: common.CategoryPackageManager, RefType: "purl", Locator: c.PURL}}
	}
	d.doc.Packages = append(d.doc.Packages, p)
	for n, s := range c.Sources {
		d.source(id, n+1, s)
	}
	for _, need := range c.Needs {
		to, ok := d.ids[need.Part]
		switch {
		case !ok:
		case need.When == Build:
			d.relate("Part-"+to, common.TypeRelationshipBuildDependencyOf, id, "")
		default:
			d.relate(id, common.TypeRelationshipDependsOn, "Part-"+to, "")
		}
	}
	for _, f := range c.License.Files {
		d.extract(f)
	}
	d.extractNamed(c.License.Expression)
}

// location is where the sources of a part can be had.
func (d *spdxDoc) location(c *Component) string {
	switch s := c.primary(); {
	case s != nil:
		return cmp.Or(d.url(*s), noAssertion)
	case c.Git != nil && strings.Contains(c.Git.Repository, "://") && !isLocal(c.Git.Repository):
		return c.Git.address()
	}
	return noAssertion
}

// source adds a package for a file that a part was made from.
func (d *spdxDoc) source(part string, n int, s Source) {
	id := fmt.Sprintf("Source-%s-%d", strings.TrimPrefix(part, "Part-"), n)
	p := &v2_3.Package{PackageName: cmp.Or(fileOf(d.address(s)), id), PackageSPDXIdentifier: common.ElementID(id), PackageVersion: ParseURL(s.URL).Version,
		PackageFileName: d.address(s), PackageDownloadLocation: cmp.Or(d.url(s), noAssertion), PackageLicenseConcluded: noAssertion,
		PackageLicenseDeclared: noAssertion, PackageCopyrightText: noAssertion,
		PrimaryPackagePurpose: map[Role]string{Archive: "SOURCE", Patch: "SOURCE", File: "FILE"}[s.Role]}
	if !s.Local {
		p.PackageFileName = fileOf(s.URL)
	}
	for _, sum := range allSums(s) {
		p.PackageChecksums = append(p.PackageChecksums, common.Checksum{Algorithm: common.ChecksumAlgorithm(strings.ToUpper(sum.Algorithm)), Value: sum.Hex})
	}
	d.doc.Packages = append(d.doc.Packages, p)
	if s.Role == Patch {
		d.relate(id, common.TypeRelationshipPatchFor, part, "")
		p.PackageDescription = d.diff(s)
		return
	}
	d.relate(part, common.TypeRelationshipGeneratedFrom, id, "")
}

// licenseComment tells which files were found, and what they are.
func (d *spdxDoc) licenseComment(l License) string {
	lines := []string{l.Basis}
	for _, f := range l.Files {
		what := strings.Join(f.IDs, ", ")
		if !f.Whole {
			what = strings.TrimPrefix(what+", "+f.Name(), ", ")
		}
		if f.Bundled {
			what += " (in a sub-directory)"
		}
		lines = append(lines, f.Path+": "+what)
	}
	return strings.Join(lines, "\n")
}

// extract adds the text of a licence file that is none of SPDX, once.
func (d *spdxDoc) extract(f Found) {
	if f.Whole || d.extracted[f.Name()] {
		return
	}
	d.extracted[f.Name()] = true
	d.doc.OtherLicenses = append(d.doc.OtherLicenses, &v2_3.OtherLicense{LicenseIdentifier: f.Name(), LicenseName: f.Path,
		ExtractedText: cmp.Or(d.text(f.LicenseFile), "The text is lost: its sha256 is "+f.SHA256), LicenseComment: strings.Join(f.IDs, ", ")})
}

// extractNamed adds the licences of the profile's own that an expression names.
func (d *spdxDoc) extractNamed(expression string) {
	for _, word := range strings.FieldsFunc(expression, func(r rune) bool { return strings.ContainsRune("() ", r) }) {
		if strings.HasPrefix(word, licenseRef) && !d.extracted[word] {
			d.extracted[word] = true
			d.doc.OtherLicenses = append(d.doc.OtherLicenses, &v2_3.OtherLicense{LicenseIdentifier: word, LicenseName: word,
				ExtractedText: "The profile names this licence, without its text."})
		}
	}
}
