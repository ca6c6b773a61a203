package relocate

import (
	"bytes"
	"crypto/sha256"
)

// ntGNUBuildID is the type of the note with the build-id.
const ntGNUBuildID = 3

// buildID returns the bytes of the build-id, a part of the file, or nil.
func (e *elfFile) buildID() []byte {
	for _, s := range e.sections {
		if s.kind != shtNote {
			continue
		}
		if notes, ok := e.slice(s.off, s.len); ok {
			if id := e.buildIDIn(notes, 4); id != nil {
				return id
			}
		}
	}
	for _, s := range e.segments {
		if s.kind != ptNote {
			continue
		}
		if notes, ok := e.slice(s.off, s.filesz); ok {
			if id := e.buildIDIn(notes, s.aligns); id != nil {
				return id
			}
		}
	}
	return nil
}

// buildIDIn finds the build-id in notes.
func (e *elfFile) buildIDIn(notes []byte, align uint64) []byte {
	if align != 8 {
		align = 4
	}
	for len(notes) >= 12 {
		name, size := uint64(e.order.Uint32(notes)), uint64(e.order.Uint32(notes[4:]))
		start := alignUp(12+name, align)
		end := start + size
		if end > uint64(len(notes)) {
			return nil
		}
		if e.order.Uint32(notes[8:]) == ntGNUBuildID && bytes.Equal(notes[12:12+name], []byte("GNU\x00")) {
			return notes[start:end]
		}
		notes = notes[min(alignUp(end, align), uint64(len(notes))):]
	}
	return nil
}

// hashesContent reports whether the build-id is a hash that can be made again:
// that of a file that is whole. Where debug information is in another file,
// both have the build-id of the whole, and neither is it.
func (e *elfFile) hashesContent() bool {
	id := e.buildID()
	if len(id) < 8 || len(id) > sha256.Size {
		return false
	}
	for _, s := range e.sections {
		if s.name == ".gnu_debuglink" || s.name == ".text" && s.kind == shtNobits {
			return false
		}
	}
	return true
}

// setBuildID makes the build-id a hash of the content: the start of the
// SHA-256 of the file with a build-id of zeros.
func setBuildID(content []byte) {
	e, err := parseELF(content)
	if err != nil {
		return
	}
	id := e.buildID()
	clear(id)
	sum := sha256.Sum256(content)
	copy(id, sum[:])
}
