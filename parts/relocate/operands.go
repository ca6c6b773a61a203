package relocate

import (
	"encoding/binary"
	"slices"
)

// machineX64 is the number of the processor whose instructions are known.
const machineX64 = 62

// maxApart is how many bytes may be between two instructions of one copy.
const maxApart = 64

// operands adds the pieces that are constants of instructions: of movabs, which
// loads a register with the 8 bytes behind its two. Compilers copy short
// strings, and the ends of long ones, in this way. Only these bytes change.
func (d *padding) operands(found []Site, content []byte, from, to int) []Site {
	first := len(found)
	for at := from; at+2+window <= to; at++ {
		if !isMovabs(content[at:]) {
			continue
		}
		operand := content[at+2 : at+2+window]
		if place, ok := d.windows[binary.LittleEndian.Uint64(operand)]; ok {
			found = append(found, d.site(at+2, at+2+window, place))
		} else if k := d.tail(operand); k > 0 {
			found = append(found, d.site(at+2, at+2+k, len(d.path)-k))
		}
	}
	for _, s := range slices.Clone(found[first:]) {
		if s.Width == window && len(d.path)-s.Skip >= window {
			found = d.chain(found, content, from, s)
		}
	}
	slices.SortFunc(found[first:], byOffset)
	return found
}

// chain adds the operands in front of a piece that hold what is in front of it
// in the path: the names of directories that may stand elsewhere, too.
func (d *padding) chain(found []Site, content []byte, from int, s Site) []Site {
	for s.Skip > 0 {
		width := min(window, s.Skip)
		want := d.path[s.Skip-width : s.Skip]
		start := -1
		for at := int(s.Offset) - 2 - window; at >= max(from+2, int(s.Offset)-maxApart) && start < 0; at-- {
			if isMovabs(content[at-2:]) && string(content[at+window-width:at+window]) == want {
				start = at + window - width
			}
		}
		if start < 0 || slices.ContainsFunc(found, func(o Site) bool { return o.Offset == int64(start) }) {
			return found
		}
		s = d.site(start, start+width, s.Skip-width)
		found = append(found, s)
	}
	return found
}

// isMovabs reports whether bytes begin with the instruction.
func isMovabs(code []byte) bool { return (code[0] == 0x48 || code[0] == 0x49) && code[1]&^7 == 0xb8 }
