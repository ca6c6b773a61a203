package pack

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"

	"gobuild/parts/relocate"
)

// ManifestName is the first member of an archive.
const ManifestName = "gobuild-manifest.json"

const (
	manifestFormat  = "gobuild-archive"
	manifestVersion = 1
)

// Manifest says what is in an archive.
type Manifest struct {
	Format       string `json:"format"`
	Version      int    `json:"version"`
	Gobuild      string `json:"gobuild"`         // version of the packer
	Architecture string `json:"architecture"`    // as uname has it
	Glibc        string `json:"glibc,omitempty"` // the lowest that the tree runs on, when it is known
	// Time is that of all files, in seconds since 1970.
	Time  int64    `json:"time"`
	Named []string `json:"named"` // parts that the archive is for; others are needed by them
	Parts []Part   `json:"parts"` // in the order of their installation
	Roots []Root   `json:"roots"` // those of Relocation, in the same order
	Files []File   `json:"files"` // members, in the order of the archive
	// Relocation says where the files name directories.
	Relocation *relocate.Facts `json:"relocation"`
}

// Part is an installed part of a tree.
type Part struct {
	Name      string            `json:"name"`
	Recipe    string            `json:"recipe"`
	Release   string            `json:"version,omitempty"` // of the software
	Options   map[string]string `json:"options"`           // as recorded, with canonical directories
	Signature string            `json:"signature"`
	Paths     []string          `json:"paths"` // places of what it owns
	Needs     []string          `json:"needs,omitempty"`
	Files     int               `json:"files"`
	Size      int64             `json:"size"`   // of its files
	Packed    int64             `json:"packed"` // of its frames
	Licenses  []string          `json:"licenses,omitempty"`
	// Provenance is what was noted when the part was built.
	Provenance json.RawMessage `json:"provenance,omitempty"`
}

// Root is where a root of Relocation is in a tree.
type Root struct {
	Part  string `json:"part"`
	Place string `json:"place"`
}

// Type says what a member is.
type Type string

// The types of members.
const (
	TypeFile Type = "file"
	TypeDir  Type = "dir"
	TypeLink Type = "link" // a symbolic one
	TypeHard Type = "hard" // another name of a file that came before
)

// File is a member.
type File struct {
	Path   string `json:"path"` // its place
	Type   Type   `json:"type,omitempty"`
	Mode   Mode   `json:"mode,omitempty"`
	Size   int64  `json:"size,omitempty"`
	Sum    string `json:"sha256,omitempty"` // of canonical content
	Target string `json:"target,omitempty"` // of links; that of a hard one is a place
}

// Mode is the permissions of a member. In JSON it is text of octal digits.
type Mode fs.FileMode

// MarshalText writes octal digits.
func (m Mode) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%04o", uint32(m)), nil }

// UnmarshalText reads octal digits.
func (m *Mode) UnmarshalText(text []byte) error {
	var n uint32
	for _, c := range text {
		if c < '0' || c > '7' || n > 0o7777 {
			return fmt.Errorf("mode %q is no octal number of permissions", text)
		}
		n = n<<3 | uint32(c-'0')
	}
	*m = Mode(n)
	return nil
}

// Encode returns the text of a manifest. The same manifest has the same text.
func (m *Manifest) Encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(m)
	return b.Bytes(), err
}

// decodeManifest reads a manifest and checks all that can be checked without
// the files.
func decodeManifest(text []byte) (*Manifest, error) {
	var head struct {
		Format  string
		Version int
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, fmt.Errorf("%w: its manifest: %w", errDamaged, err)
	}
	if head.Format != manifestFormat {
		return nil, fmt.Errorf("%w: its manifest says format %q", errNotArchive, head.Format)
	}
	if head.Version != manifestVersion {
		return nil, fmt.Errorf("%w: it has version %d of the format, this gobuild knows version %d", errNotArchive, head.Version, manifestVersion)
	}
	m := &Manifest{}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("%w: its manifest: %w", errDamaged, err)
	}
	return m, m.check()
}

// sumOf is the SHA-256 of data in hexadecimal.
func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
