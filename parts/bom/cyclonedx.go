package bom

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// propertyPrefix begins the names of properties of our own.
const propertyPrefix = "gobuild:"

// cycloneDX returns the bill in CycloneDX 1.6.
func (b *Bill) cycloneDX() ([]byte, error) {
	ids := b.identifiers()
	doc := cdx.NewBOM()
	doc.SpecVersion, doc.JSONSchema = cdx.SpecVersion1_6, "http://cyclonedx.org/schema/bom-1.6.schema.json"
	root := cdx.Component{BOMRef: rootID, Type: cdx.ComponentTypeApplication, Name: b.Name}
	tool := cdx.Component{Type: cdx.ComponentTypeApplication, Name: "gobuild", Version: b.Tool}
	doc.Metadata = &cdx.Metadata{Component: &root, Tools: &cdx.ToolsChoice{Components: &[]cdx.Component{tool}},
		Lifecycles: &[]cdx.Lifecycle{{Phase: cdx.LifecyclePhasePostBuild}}}
	if !b.Created.IsZero() {
		doc.Metadata.Timestamp = b.Created.UTC().Format(time.RFC3339)
	}
	components := []cdx.Component{}
	var wanted []string
	for _, part := range b.Wanted {
		wanted = append(wanted, partRef+ids[part])
	}
	dependencies := []cdx.Dependency{dependsOn(rootID, wanted)}
	for _, c := range b.Components {
		components = append(components, b.cdxComponent(c, ids))
		var needs []string
		for _, n := range c.Needs {
			if id, ok := ids[n.Part]; ok {
				needs = append(needs, partRef+id)
			}
		}
		dependencies = append(dependencies, dependsOn(partRef+ids[c.Part], needs))
	}
	doc.Components, doc.Dependencies = &components, &dependencies
	content, err := encodeCDX(doc)
	if err != nil {
		return nil, err
	}
	doc.SerialNumber = "urn:uuid:" + uuid(content)
	return encodeCDX(doc)
}

// References within a document.
const (
	rootID  = "profile"
	partRef = "part:"
)

func dependsOn(ref string, needs []string) cdx.Dependency {
	d := cdx.Dependency{Ref: ref}
	if len(needs) > 0 {
		d.Dependencies = &needs
	}
	return d
}

func encodeCDX(doc *cdx.BOM) ([]byte, error) {
	var out bytes.Buffer
	e := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false)
	err := e.Encode(doc)
	return out.Bytes(), err
}

func (b *Bill) cdxComponent(c *Component, ids map[string]string) cdx.Component {
	out := cdx.Component{BOMRef: partRef + ids[c.Part], Type: cdx.ComponentType(c.Kind), Name: c.Part, Version: c.Version,
		PackageURL: c.PURL, Licenses: cdxLicenses(c.License)}
	if s := c.primary(); s != nil {
		out.Hashes = hashes(*s)
	}
	out.ExternalReferences = b.references(c)
	if patches := b.patches(c); len(patches) > 0 {
		out.Pedigree = &cdx.Pedigree{Patches: &patches}
	}
	if found := b.evidence(c.License); len(found) > 0 {
		out.Evidence = &cdx.Evidence{Licenses: &found}
	}
	properties := []cdx.Property{}
	add := func(name, value string) {
		if value != "" {
			properties = append(properties, cdx.Property{Name: propertyPrefix + name, Value: value})
		}
	}
	add("recipe", c.Recipe)
	add("provenance", provenance(c))
	add("license-basis", c.License.Basis)
	if c.Truncated {
		add("license-files", "there are more than these")
	}
	for _, n := range c.Needs {
		if id, ok := ids[n.Part]; ok {
			add("needs:"+id, string(n.When))
		}
	}
	for _, s := range c.Sources {
		if s.Local {
			add("local-source", b.address(s)+" sha256:"+s.SHA256)
		}
	}
	out.Properties = &properties
	return out
}

// provenance says how the sources are known, or "" when there are none.
func provenance(c *Component) string {
	switch {
	case !c.HasSources():
		return ""
	case c.Known:
		return "noted while the part was installed"
	}
	return "options only"
}

// hashes are the sums of a source.
func hashes(s Source) *[]cdx.Hash {
	list := []cdx.Hash{}
	for _, sum := range allSums(s) {
		name := map[string]cdx.HashAlgorithm{"md5": cdx.HashAlgoMD5, "sha1": cdx.HashAlgoSHA1, "sha256": cdx.HashAlgoSHA256, "sha512": cdx.HashAlgoSHA512}[sum.Algorithm]
		list = append(list, cdx.Hash{Algorithm: name, Value: sum.Hex})
	}
	if len(list) == 0 {
		return nil
	}
	return &list
}

// digits are the lengths of sums in hexadecimal.
var digits = map[string]int{"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}

// allSums returns the sums of a source that have the right form, the SHA-256
// first.
func allSums(s Source) []Sum {
	list := []Sum{}
	for _, sum := range append([]Sum{{"sha256", s.SHA256}}, s.Sums...) {
		if len(sum.Hex) == digits[sum.Algorithm] && strings.Trim(sum.Hex, "0123456789abcdef") == "" && sum.Hex != "" && !(len(list) > 0 && sum.Algorithm == "sha256") {
			list = append(list, sum)
		}
	}
	return list
}

// references are the addresses of the sources.
func (b *Bill) references(c *Component) *[]cdx.ExternalReference {
	list := []cdx.ExternalReference{}
	for _, s := range c.Sources {
		address := b.url(s)
		if address == "" || s.Role == Patch {
			continue
		}
		kind := cdx.ERTypeDistribution
		if s.Role == Archive {
			kind = cdx.ERTypeSourceDistribution
		}
		list = append(list, cdx.ExternalReference{Type: kind, URL: address, Hashes: hashes(s)})
	}
	if c.Git != nil && strings.Contains(c.Git.Repository, "://") && !isLocal(c.Git.Repository) {
		list = append(list, cdx.ExternalReference{Type: cdx.ERTypeVCS, URL: c.Git.Repository, Comment: c.Git.Revision})
	}
	if len(list) == 0 {
		return nil
	}
	return &list
}

// patches are those that were applied.
func (b *Bill) patches(c *Component) []cdx.Patch {
	var list []cdx.Patch
	for _, s := range c.Sources {
		if s.Role != Patch {
			continue
		}
		diff := &cdx.Diff{URL: b.url(s)}
		if text := b.diff(s); text != "" {
			diff.Text = &cdx.AttachedText{ContentType: "text/x-diff", Content: text}
		}
		if diff.URL == "" && diff.Text == nil {
			diff.Text = &cdx.AttachedText{ContentType: "text/plain", Content: "not kept: " + b.address(s)}
		}
		list = append(list, cdx.Patch{Type: cdx.PatchTypeUnofficial, Diff: diff})
	}
	return list
}

// cdxLicenses is the licence that is certain, or nil.
func cdxLicenses(l License) *cdx.Licenses {
	if l.Expression == "" {
		return nil
	}
	how := cdx.LicenseAcknowledgementConcluded
	if l.Expression == l.Declared {
		how = cdx.LicenseAcknowledgementDeclared
	}
	if !strings.Contains(l.Expression, " ") && !strings.HasPrefix(l.Expression, licenseRef) {
		return &cdx.Licenses{{License: &cdx.License{ID: l.Expression, Acknowledgement: how}}}
	}
	return &cdx.Licenses{{Expression: l.Expression, Acknowledgement: &how}}
}

// evidence are the licences of all files that were found: by identifier, or
// with their text.
func (b *Bill) evidence(l License) cdx.Licenses {
	var list cdx.Licenses
	for _, f := range l.Files {
		properties := &[]cdx.Property{{Name: propertyPrefix + "file", Value: f.Path}, {Name: propertyPrefix + "sha256", Value: f.SHA256}}
		if f.Bundled {
			*properties = append(*properties, cdx.Property{Name: propertyPrefix + "bundled", Value: strconv.FormatBool(true)})
		}
		for _, id := range f.IDs {
			license := &cdx.License{Properties: properties}
			if license.ID = id; strings.Contains(id, " ") {
				license.ID, license.Name = "", id
			}
			list = append(list, cdx.LicenseChoice{License: license})
		}
		if !f.Whole {
			license := &cdx.License{Name: f.Path, Properties: properties}
			if text := b.text(f.LicenseFile); text != "" {
				license.Text = &cdx.AttachedText{ContentType: "text/plain", Content: text}
			}
			list = append(list, cdx.LicenseChoice{License: license})
		}
	}
	return list
}
