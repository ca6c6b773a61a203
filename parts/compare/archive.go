package compare

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// member is one of an archive of ar.
type member struct {
	name    string
	head    []byte
	content []byte
}

const (
	arMagic = 8
	arHead  = 60
)

// members reads an archive of ar. ok is false when it is none.
func members(archive []byte) (list []member, ok bool) {
	var long []byte
	for at := arMagic; at < len(archive); {
		if at+arHead > len(archive) {
			return nil, false
		}
		head := archive[at : at+arHead]
		size, err := strconv.Atoi(strings.TrimSpace(string(head[48:58])))
		at += arHead
		if err != nil || size < 0 || size > len(archive)-at {
			return nil, false
		}
		m := member{strings.TrimRight(string(head[:16]), " "), head, archive[at : at+size]}
		at += size + size%2
		switch {
		case m.name == "//":
			long = m.content
		case m.name == "/":
			m.name = "index of symbols"
		case strings.HasPrefix(m.name, "/"):
			m.name = longName(long, m.name[1:])
		default:
			m.name = strings.TrimSuffix(m.name, "/")
		}
		list = append(list, m)
	}
	return list, true
}

// longName reads a name from the table of names.
func longName(table []byte, offset string) string {
	at, err := strconv.Atoi(offset)
	if err != nil || at < 0 || at > len(table) {
		return "?"
	}
	name, _, _ := bytes.Cut(table[at:], []byte("/\n"))
	return string(name)
}

// archivePlaces compares two archives of ar member by member.
func (c *comparison) archivePlaces(a, b []byte) []Place {
	x, okX := members(a)
	y, okY := members(b)
	if !okX || !okY {
		return []Place{first("", a, b)}
	}
	var places []Place
	for i, m := range x {
		if i >= len(y) || y[i].name != m.name {
			other := ""
			if i < len(y) {
				other = y[i].name
			}
			return append(places, Place{Where: "list of members", Offset: int64(i), First: Bytes(m.name), Second: Bytes(other)})
		}
		// time, owner, group and mode; the size follows from the content
		places = append(places, differing("member "+m.name+", time, owner and mode", m.head[16:48], y[i].head[16:48])...)
		if !bytes.Equal(m.content, y[i].content) {
			places = append(places, inside("member "+m.name, c.places(m.name, m.content, y[i].content))...)
		}
	}
	if len(y) > len(x) {
		places = append(places, Place{Where: "list of members", Offset: int64(len(x)), Second: Bytes(y[len(x)].name)})
	}
	return places
}

// mostUnpacked is how much of a compressed file is looked at.
const mostUnpacked = 256 << 20

// gzipPlaces compares two compressed files by what is in them.
func (c *comparison) gzipPlaces(path string, a, b []byte) []Place {
	const headTime, headEnd = 4, 8
	x, errX := gunzip(a)
	y, errY := gunzip(b)
	if errX != nil || errY != nil {
		return []Place{first("", a, b)}
	}
	places := differing("time in the head", a[headTime:headEnd], b[headTime:headEnd])
	raw := y
	if y = c.named(y); !bytes.Equal(x, y) {
		return append(places, inside("unpacked", c.places(strings.TrimSuffix(path, ".gz"), x, y))...)
	}
	if len(places) == 0 && bytes.Equal(raw, y) { // the same text, packed in another way
		return []Place{first("", a, b)}
	}
	return places
}

func gunzip(packed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(r, mostUnpacked+1))
	if err == nil && len(text) > mostUnpacked {
		err = fmt.Errorf("more than %d bytes", mostUnpacked)
	}
	return text, err
}

// zipPlaces compares two zip files member by member.
func (c *comparison) zipPlaces(a, b []byte) []Place {
	x, errX := zip.NewReader(bytes.NewReader(a), int64(len(a)))
	y, errY := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if errX != nil || errY != nil {
		return []Place{first("", a, b)}
	}
	var places []Place
	derived := false
	for i, m := range x.File {
		if i >= len(y.File) || y.File[i].Name != m.Name {
			other := ""
			if i < len(y.File) {
				other = y.File[i].Name
			}
			return append(places, Place{Where: "list of members", Offset: int64(i), First: Bytes(m.Name), Second: Bytes(other)})
		}
		n := y.File[i]
		if !m.Modified.Equal(n.Modified) {
			const layout = "2006-01-02 15:04:05"
			places = append(places, Place{Where: "member " + m.Name + ", time", First: Bytes(m.Modified.Format(layout)), Second: Bytes(n.Modified.Format(layout))})
		}
		p, same := c.zipMember(m, n)
		places, derived = append(places, p...), derived || !same
	}
	if len(places) == 0 && !derived {
		return []Place{first("", a, b)}
	}
	return places
}

// zipMember compares the content of two members; same says that it is equal
// byte by byte.
func (c *comparison) zipMember(m, n *zip.File) (places []Place, same bool) {
	x, errX := unzip(m)
	y, errY := unzip(n)
	if errX != nil || errY != nil {
		return []Place{{Where: "member " + m.Name + ", which cannot be read"}}, false
	}
	if bytes.Equal(x, y) {
		return nil, true
	}
	if y = c.named(y); bytes.Equal(x, y) {
		return nil, false
	}
	return inside("member "+m.Name, c.places(m.Name, x, y)), false
}

func unzip(f *zip.File) ([]byte, error) {
	if f.UncompressedSize64 > mostUnpacked {
		return nil, fmt.Errorf("more than %d bytes", mostUnpacked)
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, mostUnpacked))
}
