package relocate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
)

// Version is the version of the facts that Scan makes.
const Version = 1

// Role says what a prefix is.
type Role string

// The roles of prefixes.
const (
	RolePart     Role = "part"     // the location of a part
	RoleParts    Role = "parts"    // the directory of parts
	RoleBuildout Role = "buildout" // the directory of the buildout
	RoleStore    Role = "store"    // a directory of shared parts
)

// Prefix is a directory that files may name. Path is absolute and clean. Name
// is that of the part, or what to call the directory.
type Prefix struct {
	Path string `json:"path"`
	Role Role   `json:"role"`
	Name string `json:"name"`
}

// Root is a tree that moves. Path is absolute and clean; it may also be a
// single file. Every root is a prefix of RolePart.
type Root struct {
	Path string
	Name string
}

// Move says that what was at From is at To. Both are absolute and clean.
type Move struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Kind says in which way a file is rewritten.
type Kind string

// The kinds of files.
const (
	KindELF        Kind = "elf"        // RUNPATH relative, sites at the same length
	KindBinary     Kind = "binary"     // sites at the same length
	KindPyc        Kind = "pyc"        // as KindBinary, or with longer strings; the header has time and size of the source (see StampPyc)
	KindText       Kind = "text"       // sites are replaced exactly
	KindPkgConfig  Kind = "pkgconfig"  // prefixes become relative to ${pcfiledir}
	KindLibtool    Kind = "libtool"    // a .la file: text
	KindGzip       Kind = "gzip"       // a compressed text: sites are those of its content
	KindSymlink    Kind = "symlink"    // content is the target; relative within the roots
	KindCompressed Kind = "compressed" // names a prefix within; is not rewritten
)

// Fact is what is known about one file that names a prefix, or that must be
// touched for another reason (build-id, header of a .pyc).
type Fact struct {
	// Root is the index of the root in Facts.Prefixes, Path the path below it
	// with slashes; "" if the root is the file itself.
	Root int    `json:"root"`
	Path string `json:"path"`
	Kind Kind   `json:"kind"`
	// Sites are sorted by offset and do not overlap.
	Sites []Site `json:"sites,omitempty"`
	// Needs are the indices of the prefixes that the file names in any way,
	// relative ones included; sorted, without the file's own root.
	Needs []int `json:"needs,omitempty"`
	// RunPath has the entries of DT_RPATH and DT_RUNPATH.
	RunPath []string `json:"runpath,omitempty"`
	// Rigid says why an ELF file or a .pyc cannot grow; "" if it can. Room is
	// how many bytes the search path of an ELF file has without growing.
	Rigid string `json:"rigid,omitempty"`
	Room  int    `json:"room,omitempty"`
	// BuildID is whether an ELF file has a build-id that is a hash.
	BuildID bool `json:"buildid,omitempty"`
	// Script is the first line of a script without "#!".
	Script string `json:"script,omitempty"`
	// Strict is whether the script is one that cannot be started through sh.
	Strict bool `json:"strict,omitempty"`
	// Link is the target of a symlink.
	Link string `json:"link,omitempty"`
	// Notes are what Scan found that a rewrite does not mend.
	Notes []Note `json:"notes,omitempty"`
}

// Note is a fact about a file that cannot be mended by rewriting.
type Note struct {
	Code    string `json:"code"`
	Level   Level  `json:"level"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// Site is a place where a prefix stands: Width bytes at Offset, slash runs
// included. Quiet is whether only a reader of debug information and the like
// sees it: such a site may keep an old name. In JSON it is
// [offset, prefix, width], with a fourth number 1 if it is quiet.
//
// A piece is a site that holds only some of a prefix: the compiler has cut the
// text. It has Width bytes of it from Skip on; the whole has Whole bytes. In
// JSON these are a fifth and a sixth number. Whole is 0 for other sites.
type Site struct {
	Offset int64
	Prefix int
	Width  int
	Quiet  bool
	Skip   int
	Whole  int
}

// MarshalJSON writes a site as an array.
func (s Site) MarshalJSON() ([]byte, error) {
	quiet := 0
	if s.Quiet {
		quiet = 1
	}
	switch {
	case s.Whole > 0:
		return fmt.Appendf(nil, "[%d,%d,%d,%d,%d,%d]", s.Offset, s.Prefix, s.Width, quiet, s.Skip, s.Whole), nil
	case s.Quiet:
		return fmt.Appendf(nil, "[%d,%d,%d,1]", s.Offset, s.Prefix, s.Width), nil
	}
	return fmt.Appendf(nil, "[%d,%d,%d]", s.Offset, s.Prefix, s.Width), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Site) UnmarshalJSON(text []byte) error {
	var v []int64
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	n := len(v)
	if n != 3 && n != 4 && n != 6 {
		return fmt.Errorf("site %s is not [offset, prefix, width]", text)
	}
	v = append(v, 0, 0, 0)[:6]
	if n == 6 && (v[4] < 0 || v[5] < 1 || v[5] > maxWidth || v[4] > v[5]-v[2]) {
		return fmt.Errorf("site %s is no piece of a path", text)
	}
	if v[0] < 0 || v[1] < 0 || v[2] < 1 || v[1] > maxPrefixes || v[2] > maxWidth {
		return fmt.Errorf("site %s is not [offset, prefix, width]", text)
	}
	*s = Site{Offset: v[0], Prefix: int(v[1]), Width: int(v[2]), Quiet: v[3] == 1, Skip: int(v[4]), Whole: int(v[5])}
	return nil
}

// Limits of facts that come from outside.
const (
	maxPrefixes = 1 << 20
	maxWidth    = 1 << 16
)

// Facts is what Scan knows about trees.
type Facts struct {
	Version int `json:"version"`
	// Prefixes has the roots first, in the order of the input.
	Prefixes []Prefix `json:"prefixes"`
	// Roots is how many of the prefixes are roots.
	Roots int `json:"roots"`
	// Files are sorted by root and path.
	Files []Fact `json:"files"`
}

// Level says how bad a problem is.
type Level string

// The levels of problems. An error means that something does not work after
// the move; a warning that it may not; a note that an old name is still there
// where nothing but a reader sees it.
const (
	Error   Level = "error"
	Warning Level = "warning"
	Hint    Level = "note"
)

// Problem is a file that cannot be moved as it should.
type Problem struct {
	Part    string `json:"part"`    // name of the root
	File    string `json:"file"`    // absolute path before the move
	Code    string `json:"code"`    // one of the Code constants
	Level   Level  `json:"level"`   // how bad it is
	Message string `json:"message"` // what does not work and why
	Hint    string `json:"hint,omitempty"`
}

// The codes of problems.
const (
	CodeWidth      = "width"      // the new prefix is longer than the site
	CodeCharacter  = "character"  // the new prefix has a character that the format cannot hold
	CodeShebang    = "shebang"    // the first line cannot name its interpreter
	CodeCompressed = "compressed" // a prefix within compressed data
	CodeEncoding   = "encoding"   // a prefix in UTF-16 or UTF-32
	CodeText       = "code"       // a prefix within instructions
	CodeSection    = "section"    // a prefix in a part of an ELF file that is not known to be data
	CodePieces     = "pieces"     // paths that the compiler has cut, in a tree that is not padded
	CodeRunPath    = "runpath"    // an entry of a RUNPATH outside of the roots
	CodeSymlink    = "symlink"    // a link that leaves the roots
	CodeOutside    = "outside"    // a prefix that does not move
	CodeELF        = "elf"        // an ELF file that cannot be edited
	CodeMove       = "move"       // the moves themselves are wrong
	CodeChanged    = "changed"    // the content is not what Scan saw
	CodeUnreadable = "unreadable" // a file that cannot be read
)

// Part returns the name of the root of a file.
func (fs *Facts) Part(f *Fact) string { return fs.Prefixes[f.Root].Name }

// File returns the path of a file before the move.
func (fs *Facts) File(f *Fact) string { return join(fs.Prefixes[f.Root].Path, f.Path) }

// Find returns the fact of a file of a root, or nil.
func (fs *Facts) Find(root int, path string) *Fact {
	i, ok := slices.BinarySearchFunc(fs.Files, Fact{Root: root, Path: path}, compareFacts)
	if !ok {
		return nil
	}
	return &fs.Files[i]
}

// References returns for the root of an index the indices of the other
// prefixes that its files name: its run-time needs.
func (fs *Facts) References(root int) []int {
	var all []int
	for i := range fs.Files {
		if fs.Files[i].Root == root {
			all = append(all, fs.Files[i].Needs...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func compareFacts(a, b Fact) int {
	return cmp.Or(cmp.Compare(a.Root, b.Root), cmp.Compare(a.Path, b.Path))
}

func join(root, path string) string {
	if path == "" {
		return root
	}
	return root + "/" + path
}
