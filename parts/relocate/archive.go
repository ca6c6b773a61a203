package relocate

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// members marks the sites of a static library that are in sections that are
// not loaded, and adds the pieces in those that are.
func (s *scanner) members(content []byte, sites []Site) []Site {
	const header = 60
	var found []Site
	i := 0
	for at := 8; at+header <= len(content); {
		size, err := strconv.Atoi(strings.TrimSpace(string(content[at+48 : at+58])))
		if err != nil || size < 0 || size > len(content)-at-header {
			return merged(sites, found)
		}
		start := at + header
		end := start + size
		for i < len(sites) && sites[i].Offset < int64(start) {
			i++
		}
		first := i
		for i < len(sites) && sites[i].Offset < int64(end) {
			i++
		}
		found = append(found, s.object(content[:end:end], start, sites[first:i])...)
		at = end + size%2
	}
	return merged(sites, found)
}

// object marks the sites of an object file that starts at a place and ends
// with content, and returns its pieces.
func (s *scanner) object(content []byte, start int, sites []Site) []Site {
	if !isELF(content[start:]) {
		return nil
	}
	e, err := parseELF(content[start:])
	if err != nil {
		return nil
	}
	ranges := e.ranges()
	for i := range sites {
		r := rangeAt(ranges, uint64(sites[i].Offset)-uint64(start))
		sites[i].Quiet = sites[i].Quiet || r != nil && r.quiet
	}
	return s.pieces(sites, content, start, e)
}

// isTar reports whether content is a tar archive, whose headers have checksums.
func isTar(content []byte) bool {
	return len(content) > 512 && bytes.Equal(content[257:262], []byte("ustar"))
}

// zipSuffixes are the names of files that are zip archives.
var zipSuffixes = []string{".zip", ".jar", ".war", ".whl", ".egg", ".pyz"}

func isZip(name string, content []byte) bool {
	if bytes.HasPrefix(content, []byte("PK\x03\x04")) {
		return true
	}
	return slices.ContainsFunc(zipSuffixes, func(s string) bool { return strings.HasSuffix(name, s) }) && bytes.Contains(content, []byte("PK\x05\x06"))
}
