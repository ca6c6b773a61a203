package bom

// recordVersion is that of the form of provenance files.
const recordVersion = 1

// Provenance is what was noted while a part was installed.
type Provenance struct {
	Version int    `json:"version"`
	Part    string `json:"part"`
	// Digest is that of the record it belongs to: what is older than the
	// installation does not count.
	Digest string `json:"digest"`
	// Known says that the notes are there and belong to the record.
	Known    bool          `json:"-"`
	Sources  []Source      `json:"sources,omitempty"`
	Git      *Git          `json:"git,omitempty"`
	Licenses []LicenseFile `json:"licenses,omitempty"`
	// Headers are the identifiers that the sources themselves name, by how many
	// of the files that were looked at.
	Headers map[string]int `json:"headers,omitempty"`
	// Truncated says that more licence files were found than are kept.
	Truncated bool `json:"truncated,omitempty"`
}

// Role is what a part did with a file.
type Role string

// The roles.
const (
	Archive Role = "archive" // unpacked
	Patch   Role = "patch"   // applied to what was unpacked
	File    Role = "file"    // anything else: a download, a template, a hook
)

// Source is a file that a part was made from.
type Source struct {
	Role Role `json:"role"`
	// URL is the one that the part asked for, without secrets; a path if it is
	// a local file.
	URL string `json:"url"`
	// From is the URL or path that gave the file, when that is known and is
	// another one.
	From   string `json:"from,omitempty"`
	Sums   []Sum  `json:"sums,omitempty"` // those that were asked for
	SHA256 string `json:"sha256,omitempty"`
	Size   int64  `json:"size,omitempty"`
	// Local says that the URL names a file of the machine that built the part.
	Local bool `json:"local,omitempty"`
	// Kept says that the text is at patches/SHA256.
	Kept bool `json:"kept,omitempty"`
}

// Sum is a digest that was asked for and held.
type Sum struct {
	Algorithm string `json:"algorithm"` // md5, sha1, sha256 or sha512
	Hex       string `json:"hex"`
}

// Git is a clone.
type Git struct {
	Repository string `json:"repository"`
	Revision   string `json:"revision,omitempty"`
}

// LicenseFile is a licence file of the sources.
type LicenseFile struct {
	Path   string `json:"path"`   // in the unpacked source
	SHA256 string `json:"sha256"` // of its text, at licenses/SHA256
	Size   int64  `json:"size"`
	// Bundled says that it lies in a sub-directory, with what may be a bundled
	// library or a part of the sources under other terms.
	Bundled bool `json:"bundled,omitempty"`
}
