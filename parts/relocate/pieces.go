package relocate

import (
	"cmp"
	"encoding/binary"
	"path"
	"slices"
	"strings"
)

// Compilers copy strings of known length in pieces of 16 bytes or more, which
// they take from tables of constants; linkers keep equal constants once. Of
// two strings that begin with the same directory of parts, only one has it
// whole: the other has its own last pieces alone.
//
// A padded directory of parts (docs/reproducibility.md) makes its pieces known:
// no stretch of 8 bytes occurs twice in its last name, and it always ends in
// the same way. Of others, only last pieces with the name of a part are known.

const (
	leastPadded = 64 // bytes of the last name of a padded directory
	window      = 8  // bytes that tell a place of the path
	pieceSize   = 16 // bytes of a piece, and its alignment
	leastTail   = 5  // bytes of the end of the path that are known without a name
)

// padding knows the pieces of a directory of parts.
type padding struct {
	prefix  int
	path    string
	inside  []bool         // by prefix: whether it is in the directory
	windows map[uint64]int // if it is padded: the windows of its last name to their place in the path
	names   []string       // of the roots in the directory
}

// paddings returns what is known of the directories of parts.
func paddings(prefixes []Prefix, roots int) []padding {
	var all []padding
	for i, p := range prefixes {
		if p.Role != RoleParts {
			continue
		}
		d := padding{prefix: i, path: p.Path, windows: windowsOf(p.Path)}
		for j, r := range prefixes {
			d.inside = append(d.inside, within(r.Path, p.Path))
			if j < roots && parent(r.Path) == p.Path {
				d.names = append(d.names, path.Base(r.Path))
			}
		}
		all = append(all, d)
	}
	return all
}

// windowsOf returns the windows of the last name of a path, nil if it is short
// or has one twice.
func windowsOf(path string) map[uint64]int {
	start := len(parent(path)) + 1
	if len(path)-start < leastPadded {
		return nil
	}
	all := map[uint64]int{}
	for at := start; at+window <= len(path); at++ {
		key := binary.LittleEndian.Uint64([]byte(path[at:]))
		if _, twice := all[key]; twice {
			return nil
		}
		all[key] = at
	}
	return all
}

// pieces returns the pieces of paths in an ELF file that starts at a place of
// content. Places within known sites are left out.
func (s *scanner) pieces(known []Site, content []byte, start int, e *elfFile) []Site {
	var all []Site
	for i := range s.paddings {
		d := &s.paddings[i]
		var found []Site
		for _, r := range e.ranges() {
			if !r.data || r.quiet || r.end > uint64(len(content)-start) || r.start > r.end {
				continue
			}
			from, to := start+int(r.start), start+int(r.end)
			switch {
			case !r.code:
				found = d.find(found, known, content, from, to)
			case e.machine() == machineX64:
				found = d.operands(found, content, from, to)
			}
		}
		if d.windows == nil {
			found = d.likely(found, known)
		}
		all = append(all, found...)
	}
	slices.SortFunc(all, byOffset)
	return all
}

// likely returns the pieces of a directory that is not padded, if there are
// last pieces among them, and either first ones or the whole.
func (d *padding) likely(found, known []Site) []Site {
	first := slices.ContainsFunc(found, func(s Site) bool { return s.Skip == 0 })
	last := slices.ContainsFunc(found, func(s Site) bool { return s.Skip > 0 })
	whole := slices.ContainsFunc(known, func(s Site) bool { return d.inside[s.Prefix] && !s.Quiet })
	if last && (first || whole) {
		return found
	}
	return nil
}

func byOffset(a, b Site) int { return cmp.Compare(a.Offset, b.Offset) }

// merged returns all sites in order.
func merged(sites, more []Site) []Site {
	if len(more) == 0 {
		return sites
	}
	sites = append(sites, more...)
	slices.SortFunc(sites, byOffset)
	return sites
}

// find adds the pieces between two places that are in no known site.
func (d *padding) find(found, known []Site, content []byte, from, to int) []Site {
	for at := from; at+window <= to; at += window {
		s, ok := d.at(content[:to], at, from)
		if !ok || covered(known, s) || covered(found, s) {
			continue
		}
		found = append(found, s)
		at = max(at, from+(int(s.end())-1-from)/window*window)
	}
	return found
}

// covered reports whether a site overlaps one of others, which are sorted.
func covered(others []Site, s Site) bool {
	i, _ := slices.BinarySearchFunc(others, s.Offset, func(o Site, at int64) int { return cmp.Compare(o.end(), at+1) })
	return i < len(others) && others[i].Offset < s.end()
}

// at returns the piece at an aligned place: all around a window, or the end of
// the path with the name of a root.
func (d *padding) at(content []byte, at, from int) (Site, bool) {
	if place, ok := d.windows[binary.LittleEndian.Uint64(content[at:])]; ok {
		return d.around(content, at, from, place), true
	}
	if (at-from)%pieceSize != 0 || at+pieceSize > len(content) {
		return Site{}, false
	}
	if k := d.tail(content[at : at+pieceSize]); k > 0 {
		return d.site(at, at+k, len(d.path)-k), true
	}
	if k := d.head(content[at:]); k > 0 && d.windows == nil {
		return d.site(at, at+k, 0), true
	}
	return Site{}, false
}

// around returns the piece around a window. It begins and ends where the path
// does, or at an aligned place: what is next to it may go on in the same way by
// chance for some bytes.
func (d *padding) around(content []byte, at, from, place int) Site {
	start, first := at, place
	for start > from && first > 0 && content[start-1] == d.path[first-1] {
		start, first = start-1, first-1
	}
	if first > 0 {
		n := (window - (start-from)%window) % window
		start, first = start+n, first+n
	}
	end, last := at+window, place+window
	for end < len(content) && last < len(d.path) && content[end] == d.path[last] {
		end, last = end+1, last+1
	}
	if last < len(d.path) {
		end -= (end - from) % window
	}
	return d.site(start, end, first)
}

func (d *padding) site(start, end, place int) Site {
	return Site{Offset: int64(start), Prefix: d.prefix, Width: end - start, Skip: place, Whole: len(d.path)}
}

// head returns how many bytes of the start of the path text begins with, in
// whole pieces.
func (d *padding) head(text []byte) int {
	k := 0
	for k < min(len(text), len(d.path)) && text[k] == d.path[k] {
		k++
	}
	return k / pieceSize * pieceSize
}

// tail returns how many bytes of a piece are the end of the path, if the name
// of a root follows, or the end of the string.
func (d *padding) tail(piece []byte) int {
	for k := min(len(piece)-1, len(d.path)); k > 0; k-- {
		if (piece[k] == '/' || piece[k] == 0) && string(piece[:k]) == d.path[len(d.path)-k:] && d.followed(piece, k) {
			return k
		}
	}
	return 0
}

// followed reports whether what is behind the end of the path in a piece tells
// that it is that end.
func (d *padding) followed(piece []byte, k int) bool {
	if piece[k] == 0 {
		return d.windows != nil && k >= leastTail && (k+1 == len(piece) || len(piece) > window)
	}
	rest := string(piece[k+1:])
	return slices.ContainsFunc(d.names, func(name string) bool {
		if len(name) >= len(rest) {
			return strings.HasPrefix(name, rest)
		}
		after, ok := strings.CutPrefix(rest, name)
		return ok && (after[0] == '/' || after[0] == 0)
	})
}
