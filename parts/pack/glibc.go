package pack

import (
	"bytes"
	"debug/elf"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// linkage is what ELF files of a tree ask of the machine.
type linkage struct {
	mu     sync.Mutex
	glibc  string          // the newest version of glibc that a symbol is of
	needed map[string]bool // libraries by name
	loader map[string]bool
}

// look notes what one file asks for.
func (l *linkage) look(content []byte) {
	if !bytes.HasPrefix(content, []byte(elf.ELFMAG)) {
		return
	}
	f, err := elf.NewFile(bytes.NewReader(content))
	if err != nil || f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
		return
	}
	versions, _ := f.DynamicVersionNeeds()
	needed, _ := f.DynString(elf.DT_NEEDED)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.needed == nil {
		l.needed, l.loader = map[string]bool{}, map[string]bool{}
	}
	for _, name := range needed {
		l.needed[name] = true
	}
	for _, v := range versions {
		for _, need := range v.Needs {
			if text, ok := strings.CutPrefix(need.Dep, "GLIBC_"); ok && newer(text, l.glibc) {
				l.glibc = text
			}
		}
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP && p.Filesz < maxPath {
			text := make([]byte, p.Filesz)
			if _, err := p.ReadAt(text, 0); err == nil {
				l.loader[strings.TrimRight(string(text), "\x00")] = true
			}
		}
	}
}

// newer reports whether version a is newer than b. What is no version, as
// GLIBC_PRIVATE, is not.
func newer(a, b string) bool {
	x, ok := versionNumbers(a)
	y, _ := versionNumbers(b)
	return ok && slices.Compare(x, y) > 0
}

func versionNumbers(text string) ([]int, bool) {
	var list []int
	for field := range strings.SplitSeq(text, ".") {
		n, err := strconv.Atoi(field)
		if err != nil {
			return nil, false
		}
		list = append(list, n)
	}
	return list, true
}

// Machine returns the ELF loaders and the names of the libraries that the files
// of the tree ask for.
func (t *Tree) Machine() (loaders, needed []string) {
	l := &linkage{}
	for i := range t.members {
		if m := &t.members[i]; m.Type == TypeFile {
			if data, err := readELF(m.at); err == nil {
				l.look(data)
			}
		}
	}
	for name := range l.loader {
		loaders = append(loaders, name)
	}
	for name := range l.needed {
		needed = append(needed, name)
	}
	slices.Sort(loaders)
	slices.Sort(needed)
	return loaders, needed
}

// readELF reads an ELF file, and no other.
func readELF(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, len(elf.ELFMAG))
	if _, err := f.ReadAt(head, 0); err != nil || string(head) != elf.ELFMAG {
		return nil, err
	}
	return os.ReadFile(path)
}
