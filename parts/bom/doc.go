// Package bom knows where installed parts come from: which files they were made
// from, with addresses and sums, which patches were applied, which licences lay
// in the sources. It is noted while a part is installed (Notes), kept beside the
// records (Save, Load), and told as a bill of materials (Shelf, Bill) in the forms
// of CycloneDX and SPDX.
//
// Nothing here decides about an installation. What is lost, damaged or of an
// older installation is unknown, never an error: a component then says what the
// options of the record say (url, md5sum, version), and that nothing else is
// known.
//
// # For others
//
//	shelf := bom.Open(stateDir)
//	c, err := shelf.Component(record)   // c.Version, c.License.Expression, c.License.Files, c.Sources, c.PURL
//	p := bom.Load(stateDir, part, manifest.Digest(record))
//	if p.Known { … p.Sources … p.Licenses … }
//	text, err := bom.ReadText(stateDir, p.Licenses[0].SHA256)
//
// # The form of the files
//
//	.gobuild/provenance/PART.json           a Provenance
//	.gobuild/provenance/pending/PART.json   the same of a part that failed, for a resume
//	.gobuild/licenses/SHA256                the text of a licence file
//	.gobuild/patches/SHA256                 a patch
//
// A / of a part's name is %2F in the name of its file, a % is %25, and a leading
// dot %2E. The field version is 1; a file of another version is unknown. Texts
// are shared by all parts that have them.
package bom
