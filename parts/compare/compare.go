package compare

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Tree is one of two trees that are compared.
type Tree struct {
	Root string // a directory, or a file
	// Names are paths that may stand in files, the longest first.
	Names []string
}

// Kind says what differs.
type Kind string

// The kinds.
const (
	OnlyFirst  Kind = "only-first"
	OnlySecond Kind = "only-second"
	Type       Kind = "type" // file, directory, link
	Mode       Kind = "mode"
	Target     Kind = "target" // of a link
	Content    Kind = "content"
)

// Difference is a path that differs.
type Difference struct {
	Path   string  `json:"path"` // relative to the roots; "." is the root
	Kind   Kind    `json:"kind"`
	First  string  `json:"first,omitempty"`  // type, mode or target
	Second string  `json:"second,omitempty"` // the same in the second tree
	Places []Place `json:"places,omitempty"` // where the content differs
	More   int     `json:"more,omitempty"`   // further places
}

// Place is one stretch that differs.
type Place struct {
	// Where says which section, member or line it is; "" is the file itself.
	Where string `json:"where,omitempty"`
	// Offset is that of the first byte that differs, from the start of Where.
	Offset int64 `json:"offset"`
	// First and Second are what is there, cut off after some bytes.
	First  Bytes `json:"first"`
	Second Bytes `json:"second"`
	// Sizes of Where, if they differ.
	Sizes []int64 `json:"sizes,omitempty"`
}

// Bytes is written in hexadecimal.
type Bytes []byte

// MarshalText returns the bytes in hexadecimal.
func (b Bytes) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%x", []byte(b)), nil }

// Result is what differs between two trees.
type Result struct {
	Files       int          `json:"files"` // files that both have
	Differences []Difference `json:"differences"`
	// Derived are files that differ only in what is computed from names.
	Derived []string `json:"derived"`
}

// Equal reports whether nothing differs.
func (r *Result) Equal() bool { return len(r.Differences) == 0 }

// comparison is the state of Trees.
type comparison struct {
	a, b   Tree
	result *Result
	depth  int // of archives in each other
}

// Trees compares two trees. Times and owners do not count, nor does the mode of
// the roots.
func Trees(ctx context.Context, a, b Tree) (*Result, error) {
	c := &comparison{a: a, b: b, result: &Result{Differences: []Difference{}, Derived: []string{}}}
	first, err := list(ctx, a.Root)
	if err != nil {
		return nil, err
	}
	second, err := list(ctx, b.Root)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(first)
	maps.Copy(all, second)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := c.path(path, first[path], second[path]); err != nil {
			return nil, err
		}
	}
	return c.result, nil
}

// list returns what is in a tree, by relative path.
func list(ctx context.Context, root string) (map[string]fs.FileInfo, error) {
	all := map[string]fs.FileInfo{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return cancelledOr(ctx, err)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		all[rel] = info
		return err
	})
	return all, err
}

// cancelledOr returns err, or why it does not matter any more.
func cancelledOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (c *comparison) differs(path string, kind Kind, first, second string) {
	c.result.Differences = append(c.result.Differences, Difference{Path: path, Kind: kind, First: first, Second: second})
}

// path compares one path, which may be missing in one tree.
func (c *comparison) path(path string, a, b fs.FileInfo) error {
	switch {
	case b == nil:
		c.differs(path, OnlyFirst, typeOf(a), "")
		return nil
	case a == nil:
		c.differs(path, OnlySecond, "", typeOf(b))
		return nil
	case a.Mode().Type() != b.Mode().Type():
		c.differs(path, Type, typeOf(a), typeOf(b))
		return nil
	case a.Mode().Type() == fs.ModeSymlink:
		return c.link(path)
	}
	if a.Mode() != b.Mode() && path != "." {
		c.differs(path, Mode, modeText(a.Mode()), modeText(b.Mode()))
	}
	if a.Mode().IsRegular() {
		c.result.Files++
		return c.file(path)
	}
	return nil
}

// typeOf says what a path is.
func typeOf(info fs.FileInfo) string {
	switch t := info.Mode().Type(); t {
	case 0:
		return "file"
	case fs.ModeDir:
		return "directory"
	case fs.ModeSymlink:
		return "link"
	}
	return "special file"
}

// modeText writes a mode as chmod takes it.
func modeText(m fs.FileMode) string {
	n := uint32(m.Perm())
	for bit, value := range map[fs.FileMode]uint32{fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000} {
		if m&bit != 0 {
			n |= value
		}
	}
	return fmt.Sprintf("%04o", n)
}

func (c *comparison) link(path string) error {
	a, err := os.Readlink(filepath.Join(c.a.Root, path))
	if err != nil {
		return err
	}
	b, err := os.Readlink(filepath.Join(c.b.Root, path))
	if err == nil && a != string(c.named([]byte(b))) {
		c.differs(path, Target, a, b)
	}
	return err
}

// named returns text of the second tree with the names of the first.
func (c *comparison) named(text []byte) []byte {
	for i, name := range c.b.Names {
		if i < len(c.a.Names) && bytes.Contains(text, []byte(name)) {
			text = bytes.ReplaceAll(text, []byte(name), []byte(c.a.Names[i]))
		}
	}
	return text
}

// file compares the content of a file.
func (c *comparison) file(path string) error {
	a, err := os.ReadFile(filepath.Join(c.a.Root, path))
	if err != nil {
		return err
	}
	b, err := os.ReadFile(filepath.Join(c.b.Root, path))
	if err != nil {
		return err
	}
	b = c.named(b)
	if bytes.Equal(a, b) {
		return nil
	}
	places := c.places(path, a, b)
	if len(places) == 0 {
		c.result.Derived = append(c.result.Derived, path)
		return nil
	}
	d := Difference{Path: path, Kind: Content, Places: places}
	if len(places) > mostPlaces {
		d.Places, d.More = places[:mostPlaces], len(places)-mostPlaces
	}
	c.result.Differences = append(c.result.Differences, d)
	return nil
}

// mostPlaces is how many places of one file are told.
const mostPlaces = 8

// inside puts the name of a member in front of the places in it.
func inside(member string, places []Place) []Place {
	for i, p := range places {
		places[i].Where = strings.TrimSuffix(member+", "+p.Where, ", ")
	}
	return places
}
