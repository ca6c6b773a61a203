package manifest

import (
	"hash/crc32"
	"slices"
	"strconv"

	"gobuild/parts"
)

// Entry is what an installed part depended on beyond its options.
type Entry struct {
	Part string
	// Digest is that of the record it belongs to: an entry that is older than
	// the installation does not count.
	Digest string
	// Key identifies what is installed: the same key means the same result.
	Key       string
	Toolchain string // id of the toolchain, "" when it is not known or does not matter
	Needs     []Need // sorted by part
	Inputs    []Input
}

// Need is a part that another one needed.
type Need struct{ Part, Key string }

// Need returns the key that a needed part had.
func (e *Entry) Need(part string) (key string, ok bool) {
	i, ok := slices.BinarySearchFunc(e.Needs, part, func(n Need, part string) int {
		switch {
		case n.Part < part:
			return -1
		case n.Part > part:
			return 1
		}
		return 0
	})
	if !ok {
		return "", false
	}
	return e.Needs[i].Key, true
}

func (e *Entry) fields() []string {
	fields := make([]string, 0, 6+2*len(e.Needs)+5*len(e.Inputs))
	fields = append(fields, entryLine, e.Part, e.Digest, e.Key, e.Toolchain, strconv.Itoa(len(e.Needs)))
	for _, n := range e.Needs {
		fields = append(fields, n.Part, n.Key)
	}
	for _, i := range e.Inputs {
		fields = append(fields, i.Path, strconv.FormatInt(i.Size, 10), strconv.FormatInt(i.Time, 10),
			strconv.FormatUint(i.Inode, 10), i.Sum)
	}
	return fields
}

// readEntry reads an entry. One that is malformed is unknown.
func readEntry(part string, r *reader) (Entry, bool) {
	e := Entry{Part: part, Digest: r.text(), Key: r.text(), Toolchain: r.text()}
	n := r.number()
	if n < 0 || n > int64(len(r.rest)) {
		return Entry{}, false
	}
	if n > 0 {
		e.Needs = make([]Need, n)
	}
	for i := range e.Needs {
		e.Needs[i] = Need{r.text(), r.text()}
	}
	for !r.done && !r.bad {
		i := Input{Path: r.text()}
		i.Size, i.Time, i.Inode, i.Sum = r.number(), r.number(), uint64(r.number()), r.text()
		e.Inputs = append(e.Inputs, i)
	}
	if r.bad {
		return Entry{}, false
	}
	return e, true
}

// Digest returns what tells one record from another. It depends on neither the
// order of the options nor that of a map.
func Digest(r parts.Record) string {
	sum := pair("signature", r.Signature)
	for key, value := range r.Options {
		sum += pair(key, value)
	}
	for _, path := range r.Paths {
		if path != "" {
			sum = sum*31 + pair("path", path)
		}
	}
	return strconv.FormatUint(sum, 16)
}

// pair mixes a name and a value into one number.
func pair(name, value string) uint64 {
	low := crc32.Update(crc32.Checksum([]byte(name), castagnoli), castagnoli, []byte(value))
	high := crc32.Update(crc32.ChecksumIEEE([]byte(value)), crc32.IEEETable, []byte(name))
	n := uint64(high)<<32 | uint64(low)
	n = (n ^ n>>29) * 0xbf58476d1ce4e5b9
	return n ^ n>>32
}
