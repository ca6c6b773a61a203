package bom

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func bill(t *testing.T) *Bill {
	t.Helper()
	components := []*Component{
		{Part: "b c", Kind: Application, Version: "2", Needs: []Need{{"a", Run}, {"b/c", Build}, {"gone", Run}}, Sources: []Source{
			{Role: Archive, URL: "https://x.example/b-2.tar.gz", SHA256: strings.Repeat("b", 64), Sums: []Sum{{"md5", strings.Repeat("1", 32)}, {"sha1", "short"}}},
			{Role: Patch, URL: "/dir/patches/x.patch", Local: true}, {Role: Patch, URL: "file:///etc/y.patch", Local: true}},
			License: License{Expression: "MIT OR ISC", Basis: "option license of the profile", Files: []Found{found("COPYING", false, "MIT")}}},
		{Part: "b/c", Kind: Data},
		{Part: "a", Kind: Library, Known: true, Git: &Git{Repository: "https://git.example/a.git", Revision: "abc"}, License: License{Expression: "MIT", Declared: "MIT"}},
	}
	b := NewBill(Open(t.TempDir()), components)
	b.Name, b.Dir, b.Tool, b.Wanted = "profile", "/dir", "1.0", []string{"a", "b c"}
	return b
}

func TestBillIdentifiers(t *testing.T) {
	ids := bill(t).identifiers()
	if ids["a"] != "a" || ids["b c"] != "b-c" || ids["b/c"] != "b-c-2" {
		t.Errorf("got %v", ids)
	}
}

func TestBillAddress(t *testing.T) {
	b := bill(t)
	for url, want := range map[string]string{"/dir/patches/x": "patches/x", "file:///dir/y": "y", "/etc/secret/z": "z", "../up/w": "w", "sub/v": "sub/v", "file:u": "u"} {
		if got := b.address(Source{URL: url, Local: true}); got != want {
			t.Errorf("%s: got %s, want %s", url, got, want)
		}
	}
}

// TestBillBytes checks that a bill depends on its content only, and that its
// identifier changes with it.
func TestBillBytes(t *testing.T) {
	id := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)
	for _, format := range Formats {
		one, err := bill(t).Write(format)
		if err != nil {
			t.Fatal(err)
		}
		two, _ := bill(t).Write(format)
		if !bytes.Equal(one, two) {
			t.Errorf("%s: two bills of one content differ", format)
		}
		other := bill(t)
		other.Components[0].Version = "3"
		three, _ := other.Write(format)
		if a, b := id.Find(one), id.Find(three); a == nil || bytes.Equal(a, b) {
			t.Errorf("%s: identifiers %s and %s", format, a, b)
		}
		if !json.Valid(one) || bytes.Contains(one, []byte("/dir")) || bytes.Contains(one, []byte("/etc")) {
			t.Errorf("%s: %s", format, one)
		}
		other.Created = time.Unix(1700000000, 0)
		if four, _ := other.Write(format); !bytes.Contains(four, []byte("2023-11-14T22:13:20Z")) {
			t.Errorf("%s has no time", format)
		}
	}
}

func TestCycloneDX(t *testing.T) {
	text, err := bill(t).Write("cyclonedx")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Components []struct {
			Ref        string `json:"bom-ref"`
			Name       string
			Hashes     []struct{ Alg, Content string }
			Licenses   []struct{ Expression, Acknowledgement string }
			Pedigree   struct{ Patches []json.RawMessage }
			Properties []struct{ Name, Value string }
		}
		Dependencies []struct {
			Ref       string
			DependsOn []string
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Components) != 3 || len(doc.Dependencies) != 4 {
		t.Fatalf("%s", text)
	}
	c := doc.Components[1]
	if c.Name != "b c" || len(c.Hashes) != 2 || c.Hashes[0].Alg != "SHA-256" || c.Hashes[1].Alg != "MD5" || len(c.Pedigree.Patches) != 2 ||
		len(c.Licenses) != 1 || c.Licenses[0].Expression != "MIT OR ISC" || c.Licenses[0].Acknowledgement != "concluded" {
		t.Errorf("got %+v", c)
	}
	if d := doc.Dependencies[2]; d.Ref != "part:b-c" || !slices.Equal(d.DependsOn, []string{"part:a", "part:b-c-2"}) {
		t.Errorf("got %+v", d)
	}
}

func TestSPDX(t *testing.T) {
	text, err := bill(t).Write("spdx")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Packages      []struct{ SPDXID, DownloadLocation, LicenseConcluded, LicenseDeclared string }
		Relationships []struct{ SPDXElementID, RelatedSPDXElement, RelationshipType string }
		Extracted     []struct{ LicenseID, ExtractedText string } `json:"hasExtractedLicensingInfos"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	var relations []string
	for _, r := range doc.Relationships {
		relations = append(relations, strings.ReplaceAll(r.SPDXElementID+" "+r.RelationshipType+" "+r.RelatedSPDXElement, "SPDXRef-", ""))
	}
	want := []string{"Part-b-c GENERATED_FROM Source-b-c-1", "Source-b-c-2 PATCH_FOR Part-b-c", "Source-b-c-3 PATCH_FOR Part-b-c",
		"Part-b-c DEPENDS_ON Part-a", "Part-b-c-2 BUILD_DEPENDENCY_OF Part-b-c", "DOCUMENT DESCRIBES Part-a", "DOCUMENT DESCRIBES Part-b-c"}
	if !slices.Equal(relations, want) {
		t.Errorf("got  %q\nwant %q", relations, want)
	}
	if p := doc.Packages[0]; p.DownloadLocation != "git+https://git.example/a.git@abc" || p.LicenseConcluded != "MIT" || p.LicenseDeclared != "MIT" {
		t.Errorf("got %+v", p)
	}
	if p := doc.Packages[1]; p.LicenseConcluded != "MIT OR ISC" || p.LicenseDeclared != "NOASSERTION" {
		t.Errorf("got %+v", p)
	}
	if len(doc.Extracted) != 1 || !strings.HasPrefix(doc.Extracted[0].LicenseID, "LicenseRef-") {
		t.Errorf("got %+v", doc.Extracted)
	}
}

func TestTexts(t *testing.T) {
	b := bill(t)
	b.Components[0].License.Files = []Found{found("COPYING", true, "MIT"), found("other", true, "ISC")}
	texts := b.Texts()
	if len(texts) != 2 || len(texts[0].Users) != 2 || !strings.Contains(texts[0].Text, "lost") {
		t.Errorf("got %+v", texts)
	}
}
