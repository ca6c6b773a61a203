package elf

import (
	"bytes"
	"debug/elf"
	"errors"
	"maps"
	"slices"
)

// longestName is the longest name of a library that is looked for among
// constants.
const longestName = 255

// maxNames is how many names of libraries a file can have.
const maxNames = 1000

// constants collects texts that look like names of libraries from the sections
// that hold constants. A file without sections has them in segments that can
// only be read.
func (r *reader) constants(m *image, sections []section) error {
	found := map[string]bool{}
	left := uint64(r.size) // a file whose sections overlap is not read twice
	look := func(offset, size uint64) error {
		if size > left {
			return errOverlap
		}
		left -= size
		return r.libraryNames(offset, size, found)
	}
	for _, s := range sections {
		if s.kind == elf.SHT_PROGBITS && s.flags&(elf.SHF_ALLOC|elf.SHF_WRITE|elf.SHF_EXECINSTR) == elf.SHF_ALLOC {
			if err := look(s.offset, s.size); err != nil {
				return err
			}
		}
	}
	for _, s := range r.loads {
		if len(sections) == 0 && s.flags == elf.PF_R {
			if err := look(s.offset, s.size); err != nil {
				return err
			}
		}
	}
	m.names = slices.Sorted(maps.Keys(found))
	return nil
}

var errOverlap = errors.New("its sections are larger than the file")

// libraryNames looks through a stretch of the file. Chunks overlap by the
// longest name, so that none is cut.
func (r *reader) libraryNames(offset, size uint64, found map[string]bool) error {
	for at := uint64(0); at < size; at += chunk {
		from := at - min(at, longestName+1)
		b, err := r.fill(&r.more, offset+from, min(chunk+longestName+1, size-from))
		if err != nil {
			return err
		}
		namesIn(b, at == 0, found)
	}
	return nil
}

var dotSo = []byte(".so")

// namesIn collects the texts of b that end with a zero byte and look like names
// of libraries. first says that a text can begin where b begins.
func namesIn(b []byte, first bool, found map[string]bool) {
	for at := 0; len(found) < maxNames; {
		i := bytes.Index(b[at:], dotSo)
		if i < 0 {
			return
		}
		i += at
		at = i + len(dotSo)
		end := at
		for end < len(b) && (b[end] == '.' || b[end] >= '0' && b[end] <= '9') {
			end++
		}
		if end == len(b) || b[end] != 0 || end > at && b[at] != '.' || b[end-1] == '.' {
			continue
		}
		start := i
		for start > 0 && inName(b[start-1]) {
			start--
		}
		if (start > 0 && b[start-1] == 0 || start == 0 && first) && goodName(b[start:i]) {
			found[string(b[start:end])] = true
		}
	}
}

// inName reports whether a byte can be part of a path of a library.
func inName(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	return bytes.IndexByte([]byte("_./+-${}"), c) >= 0
}

// goodName reports whether what stands before .so is more than a suffix.
func goodName(stem []byte) bool {
	base := stem[bytes.LastIndexByte(stem, '/')+1:]
	return len(base) > 0 && base[0] != '.' && base[0] != '-' && len(stem) < longestName
}
