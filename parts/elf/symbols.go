package elf

import (
	"debug/elf"
	"errors"
	"slices"
	"strings"
)

// versionNeed is a version of another library that symbols of a file ask for.
type versionNeed struct {
	library string // as in DT_NEEDED
	name    string // GLIBC_2.34
	// symbols are some of those that ask for it, sorted, and count is how many
	// do. They are read for the newest glibc, and what is above the ceiling.
	symbols []string
	count   int
	index   uint16
}

// maxSymbols is how many symbols of a version are named.
const maxSymbols = 8

// maxVersions bounds what a hostile file can make of its version tables.
const maxVersions = 4096

// chunk is how much of a long table is in memory.
const chunk = 64 << 10

// symbols reads versions and imported symbols.
func (r *reader) symbols(m *image, sections []section, ceiling version) error {
	if err := r.needs(m); err != nil {
		return err
	}
	if r.table.symbols == 0 {
		return nil
	}
	at, ok := r.offset(r.table.symbols)
	if !ok {
		return errors.New("its symbol table is in no segment")
	}
	count, err := r.count(sections)
	if err != nil {
		return err
	}
	return r.imports(m, at, count, named(m.versions, ceiling))
}

// needs reads the versions that a file asks for (.gnu.version_r).
func (r *reader) needs(m *image) error {
	at, ok := r.offset(r.table.verneed)
	if r.table.verneed == 0 || !ok {
		return nil
	}
	for range min(r.table.verneedCount, maxVersions) {
		b, err := r.fill(&r.more, at, 16)
		if err != nil {
			return err
		}
		count, library := int(r.order.Uint16(b[2:])), cString(r.strings, uint64(r.order.Uint32(b[4:])))
		first, next := r.order.Uint32(b[8:]), r.order.Uint32(b[12:])
		if err := r.needsOf(m, library, at+uint64(first), count); err != nil {
			return err
		}
		if next == 0 {
			break
		}
		at += uint64(next)
	}
	return nil
}

// needsOf reads the versions of one library.
func (r *reader) needsOf(m *image, library string, at uint64, count int) error {
	for range count {
		if len(m.versions) == maxVersions {
			return errors.New("it asks for too many versions of symbols")
		}
		b, err := r.fill(&r.more, at, 16)
		if err != nil {
			return err
		}
		m.versions = append(m.versions, versionNeed{library: library, index: r.order.Uint16(b[6:]) & 0x7fff,
			name: cString(r.strings, uint64(r.order.Uint32(b[8:])))})
		next := r.order.Uint32(b[12:])
		if next == 0 {
			break
		}
		at += uint64(next)
	}
	return nil
}

// named returns the versions whose symbols are wanted, by their index: of glibc
// the newest, and all above the ceiling.
func named(all []versionNeed, ceiling version) map[uint16]*versionNeed {
	var newest version
	for _, n := range all {
		if v, ok := glibcVersion(n); ok && newest.less(v) {
			newest = v
		}
	}
	wanted := map[uint16]*versionNeed{}
	for i := range all {
		n := &all[i]
		v, ok := glibcVersion(*n)
		if ok && (v == newest || ceiling != version{} && ceiling.less(v)) || n.name == glibcPrivate {
			wanted[n.index] = n
		}
	}
	return wanted
}

// count returns how many symbols there are, or at least all that are imported.
func (r *reader) count(sections []section) (uint64, error) {
	for _, s := range sections {
		if s.kind == elf.SHT_DYNSYM && s.addr == r.table.symbols {
			return s.size / r.symbolSize(), nil
		}
	}
	if r.table.mipsSymbols != 0 {
		return r.table.mipsSymbols, nil
	}
	if at, ok := r.offset(r.table.hash); ok && r.table.hash != 0 {
		b, err := r.fill(&r.more, at, 8)
		if err != nil {
			return 0, err
		}
		return uint64(r.order.Uint32(b[4:])), nil
	}
	if at, ok := r.offset(r.table.gnu); ok && r.table.gnu != 0 {
		b, err := r.fill(&r.more, at, 8)
		if err != nil {
			return 0, err
		}
		// Imported symbols stand before those that are hashed. A table without
		// any is special: its offset is 1.
		if n := uint64(r.order.Uint32(b[4:])); n > 1 {
			return n, nil
		}
	}
	if r.table.strings > r.table.symbols { // where all linkers put it
		return (r.table.strings - r.table.symbols) / r.symbolSize(), nil
	}
	return 0, nil
}

func (r *reader) symbolSize() uint64 {
	if r.wide {
		return 24
	}
	return 16
}

// imports looks at the symbols that the file does not define itself.
func (r *reader) imports(m *image, at, count uint64, wanted map[uint16]*versionNeed) error {
	size := r.symbolSize()
	versym, hasVersions := r.offset(r.table.versym)
	hasVersions = hasVersions && r.table.versym != 0
	if at > uint64(r.size) || count > (uint64(r.size)-at)/size {
		return errTruncated
	}
	for first := uint64(0); first < count; first += chunk / size {
		n := min(chunk/size, count-first)
		symbols, err := r.fill(&r.head, at+first*size, n*size)
		if err != nil {
			return err
		}
		var versions []byte
		if hasVersions {
			if versions, err = r.fill(&r.more, versym+first*2, n*2); err != nil {
				return err
			}
		}
		r.importsOf(m, symbols, versions, wanted)
	}
	for _, n := range wanted {
		slices.Sort(n.symbols)
	}
	return nil
}

// importsOf looks at one chunk of symbols.
func (r *reader) importsOf(m *image, symbols, versions []byte, wanted map[uint16]*versionNeed) {
	size, index := int(r.symbolSize()), 14
	if r.wide {
		index = 6
	}
	for i := 0; i*size < len(symbols); i++ {
		s := symbols[i*size:]
		if elf.SectionIndex(r.order.Uint16(s[index:])) != elf.SHN_UNDEF {
			continue
		}
		name := cBytes(r.strings, uint64(r.order.Uint32(s)))
		if len(name) == 0 {
			continue
		}
		switch meaning[string(name)] {
		case meansDlopen:
			m.dlopen = true
		case meansProtected:
			m.protects = true
		case meansBuffers:
			m.buffers = true
		}
		if versions == nil {
			continue
		}
		if n := wanted[r.order.Uint16(versions[2*i:])&0x7fff]; n != nil {
			n.add(string(name))
		}
	}
}

// add notes a symbol. The first ones by name are kept.
func (n *versionNeed) add(symbol string) {
	n.count++
	i, _ := slices.BinarySearch(n.symbols, symbol)
	if i < maxSymbols {
		n.symbols = slices.Insert(n.symbols, i, symbol)[:min(len(n.symbols)+1, maxSymbols)]
	}
}

// What an imported symbol can mean.
const (
	meansDlopen = iota + 1
	meansProtected
	meansBuffers
)

var meaning = map[string]int{
	"dlopen": meansDlopen, "dlmopen": meansDlopen,
	"__stack_chk_fail": meansProtected, "__stack_chk_guard": meansProtected,
	"fgets": meansBuffers, "fread": meansBuffers, "getcwd": meansBuffers, "memcpy": meansBuffers, "memmove": meansBuffers,
	"read": meansBuffers, "readlink": meansBuffers, "recv": meansBuffers, "recvfrom": meansBuffers, "snprintf": meansBuffers,
	"sprintf": meansBuffers, "sscanf": meansBuffers, "stpcpy": meansBuffers, "strcat": meansBuffers, "strcpy": meansBuffers,
	"strncat": meansBuffers, "strncpy": meansBuffers, "vsnprintf": meansBuffers, "vsprintf": meansBuffers,
}

// glibcPrivate is the version of symbols that are for glibc itself.
const glibcPrivate = "GLIBC_PRIVATE"

// abiVersions are marks of glibc that say since when the loader knows
// something.
var abiVersions = map[string]version{
	"GLIBC_ABI_DT_RELR":  {2, 36},
	"GLIBC_ABI_GNU_TLS":  {2, 42},
	"GLIBC_ABI_GNU2_TLS": {2, 42},
}

// glibcVersion returns which glibc a version asks for.
func glibcVersion(n versionNeed) (version, bool) {
	number, ok := strings.CutPrefix(n.name, "GLIBC_")
	if !ok {
		return version{}, false
	}
	if class, _ := Classify(n.library); class != ClassGlibc {
		return version{}, false
	}
	if v, ok := abiVersions[n.name]; ok {
		return v, true
	}
	return parseVersion(number)
}
