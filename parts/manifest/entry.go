package manifest

import (
	"math/bits"
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
func pair(name, value string) uint64 { return mix(mix(0, name), value) }

// mix mixes a text into a number, eight bytes at once. It is no match for
// somebody who looks for two texts with the same number.
func mix(n uint64, text string) uint64 {
	const odd, other = 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93
	fold := func(word uint64) {
		high, low := bits.Mul64(n^word^odd, other)
		n = high ^ low
	}
	length := uint64(len(text))
	for ; len(text) >= 8; text = text[8:] {
		fold(uint64(text[0]) | uint64(text[1])<<8 | uint64(text[2])<<16 | uint64(text[3])<<24 |
			uint64(text[4])<<32 | uint64(text[5])<<40 | uint64(text[6])<<48 | uint64(text[7])<<56)
	}
	var rest uint64
	for i := range len(text) {
		rest |= uint64(text[i]) << (8 * i)
	}
	fold(rest)
	fold(length)
	return n
}
