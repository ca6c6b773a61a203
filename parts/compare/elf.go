package compare

import (
	"bytes"
	"debug/elf"
)

// Sections whose content is computed from the rest of the file.
const (
	buildIDSection = ".note.gnu.build-id"
	debugLink      = ".gnu_debuglink"
)

// elfPlaces compares two ELF files section by section.
func elfPlaces(a, b []byte) []Place {
	x, errX := elf.NewFile(bytes.NewReader(a))
	y, errY := elf.NewFile(bytes.NewReader(b))
	if errX != nil || errY != nil {
		return []Place{first("", a, b)}
	}
	var places []Place
	derived := false
	for i, s := range x.Sections {
		if i >= len(y.Sections) || y.Sections[i].Name != s.Name {
			places = append(places, Place{Where: "list of sections", Offset: int64(i), First: Bytes(s.Name), Second: Bytes(name(y, i))})
			break
		}
		p := differing("section "+s.Name, content(a, s), content(b, y.Sections[i]))
		if s.Name == buildIDSection || s.Name == debugLink {
			derived = derived || len(p) > 0
			continue
		}
		places = append(places, p...)
	}
	if len(x.Sections) < len(y.Sections) && len(places) == 0 {
		places = append(places, Place{Where: "list of sections", Offset: int64(len(x.Sections)), Second: Bytes(name(y, len(x.Sections)))})
	}
	if len(places) == 0 && !derived {
		places = append(places, first("outside of sections", a, b))
	}
	return places
}

func name(f *elf.File, i int) string {
	if i < len(f.Sections) {
		return f.Sections[i].Name
	}
	return ""
}

// content returns what a section takes in the file.
func content(file []byte, s *elf.Section) []byte {
	size := uint64(len(file))
	if s.Type == elf.SHT_NOBITS || s.Offset > size || s.FileSize > size-s.Offset {
		return nil
	}
	return file[s.Offset : s.Offset+s.FileSize]
}
