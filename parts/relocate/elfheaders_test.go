package relocate

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestELFMovesHeaders gives a program no header to spare, so that its program
// headers move to the end of the file, and runs it.
func TestELFMovesHeaders(t *testing.T) {
	for _, options := range [][]string{nil, {"-no-pie"}, {"-Wl,-z,max-page-size=65536"}} {
		t.Run(strings.Join(options, " "), func(t *testing.T) {
			from := shortDirectory(t)
			stage(t, from, append(options, "-Wl,-rpath,"+from+"/lib42/lib")...)
			prog := from + "/prog/bin/prog"
			hideNotes(t, prog)
			to := filepath.Join(t.TempDir(), "elsewhere")
			move(t, from, to, "lib42", "prog")
			prog = to + "/prog/bin/prog"
			if got := output(t, prog); got != "forty-two\n" {
				t.Errorf("the moved program prints %q", got)
			}
			content, err := os.ReadFile(prog)
			if err != nil {
				t.Fatal(err)
			}
			e, err := parseELF(content)
			if err != nil {
				t.Fatal(err)
			}
			if e.phoff == 64 {
				t.Error("the program headers did not move")
			}
			checkELF(t, prog, "$ORIGIN/../../lib42/lib", ": section .dynstr lma ")
		})
	}
}

// hideNotes gives the notes of a program a type that nobody knows.
func hideNotes(t *testing.T, file string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	e, err := parseELF(content)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range e.segments {
		if s.kind == ptNote {
			s.kind = 0x6fffff00
			e.putSegment(int(e.phoff)+i*e.phentsize, s)
		}
	}
	if err := os.WriteFile(file, content, 0o755); err != nil {
		t.Fatal(err)
	}
}

// TestELFGrowsTwice moves a program that has grown to where it must grow again.
func TestELFGrowsTwice(t *testing.T) {
	from := shortDirectory(t)
	stage(t, from, "-Wl,-rpath,"+from+"/lib42/lib")
	file := from + "/prog/bin/prog"
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"$ORIGIN/../../lib42/lib", "$ORIGIN/../../lib42/../lib42/../lib42/lib", "$ORIGIN/" + strings.Repeat("../prog/", 40) + "../lib42/lib"} {
		if content, _, err = setRunPaths(content, func(string) string { return path }); err != nil {
			t.Fatal(err)
		}
		content = slices.Clone(content)
		if err := os.WriteFile(file, content, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	e, err := parseELF(content)
	if err != nil {
		t.Fatal(err)
	}
	loads := 0
	for _, s := range e.segments {
		if s.kind == ptLoad {
			loads++
		}
	}
	if loads != 5 {
		t.Errorf("%d loaded segments: growing again should make the last one longer", loads)
	}
}

// TestELFSharedStrings moves a library whose search path ends with the name of
// a symbol that the linker has merged with it.
func TestELFSharedStrings(t *testing.T) {
	dir := t.TempDir() + "/long_enough_to_have_room"
	lib := dir + "/lib42/lib"
	if err := os.MkdirAll(lib, 0o755); err != nil {
		t.Fatal(err)
	}
	file := lib + "/lib42.so"
	compile(t, t.TempDir(), `const char *answer_42(void) { return "forty-two"; }`, "-shared", "-fPIC", "-Wl,-rpath,"+dir+"/other/answer_42", "-o", file)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	e, err := parseELF(content)
	if err != nil {
		t.Fatal(err)
	}
	d, err := e.dynamic()
	if err != nil {
		t.Fatal(err)
	}
	references, known := e.references(d)
	path := d.runPaths()[0].value
	old := stringAt(d.strings, path)
	tail := path + uint64(len(old)-len("answer_42"))
	if !known || !slices.Contains(references, tail) {
		t.Skip("this linker does not merge tails")
	}
	content, _, err = setRunPaths(content, func(string) string { return old[:len(old)-1] })
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	symbols, err := f.DynamicSymbols()
	if err != nil || !slices.ContainsFunc(symbols, func(s elf.Symbol) bool { return s.Name == "answer_42" }) {
		t.Errorf("the symbol has lost its name: %v %v", symbols, err)
	}
	if got, _ := f.DynString(elf.DT_RUNPATH); got[0] != old[:len(old)-1] {
		t.Errorf("search path %q", got)
	}
}

// elfModel is a small ELF file of any class and byte order: a header, four
// segments, .dynstr and .dynamic, and sections if wanted.
type elfModel struct {
	wide     bool
	order    binary.ByteOrder
	spare    uint32 // type of the fourth segment
	sections bool
	path     string
}

func (m elfModel) bytes() []byte {
	content := make([]byte, 0x400)
	copy(content, "\x7fELF\x01\x01\x01")
	if m.wide {
		content[4] = 2
	}
	if m.order == binary.BigEndian {
		content[5] = 2
	}
	e := &elfFile{content: content, order: m.order, wide: m.wide}
	m.order.PutUint16(content[16:], 3)
	m.order.PutUint32(content[20:], 1)
	e.phentsize, e.shentsize = e.pick(32, 56), e.pick(40, 64)
	e.phoff = uint64(e.pick(52, 64))
	e.putWord(e.pick(28, 32), e.phoff)
	for at, v := range map[int]int{e.pick(40, 52): int(e.phoff), e.pick(42, 54): e.phentsize, e.pick(44, 56): 4, e.pick(46, 58): e.shentsize} {
		m.order.PutUint16(content[at:], uint16(v))
	}
	e.writeSegments(int(e.phoff), []segment{
		{kind: ptLoad, flags: 5, filesz: 0x400, memsz: 0x400, aligns: 0x1000},
		{kind: ptLoad, flags: 6, off: 0x300, vaddr: 0x1300, filesz: 0x100, memsz: 0x9000, aligns: 0x1000},
		{kind: ptDynamic, flags: 6, off: 0x300, vaddr: 0x1300, filesz: 0x100, memsz: 0x100, aligns: 8},
		{kind: m.spare, off: 0x1f0, vaddr: 0x1f0, filesz: 12, memsz: 12, aligns: 4},
	})
	strings := "\x00lib.so\x00" + m.path + "\x00"
	copy(content[0x200:], strings)
	w := e.pick(4, 8)
	for i, v := range []uint64{dtNeeded, 1, dtRunpath, 8, dtStrtab, 0x200, dtStrsz, uint64(len(strings)), dtNull, 0} {
		e.putWord(0x300+i*w, v)
	}
	if m.sections {
		m.addSections(e, len(strings))
	}
	return e.content
}

func (m elfModel) addSections(e *elfFile, size int) {
	at := len(e.content)
	e.content = append(e.content, make([]byte, 3*e.shentsize)...)
	e.putWord(e.pick(32, 40), uint64(at))
	m.order.PutUint16(e.content[e.pick(48, 60):], 3)
	w := e.pick(4, 8)
	section := func(i int, kind uint32, addr, size uint64, link uint32) {
		start := at + i*e.shentsize
		m.order.PutUint32(e.content[start+4:], kind)
		for j, v := range []uint64{shfAlloc, addr, addr & 0xfff, size} {
			e.putWord(start+8+j*w, v)
		}
		m.order.PutUint32(e.content[start+8+4*w:], link)
	}
	section(1, shtStrtab, 0x200, uint64(size), 0)
	section(2, shtDynamic, 0x1300, 0x100, 1)
}

// TestELFModels edits files of all classes and byte orders.
func TestELFModels(t *testing.T) {
	const long = "$ORIGIN/../../a/much/longer/search/path/than/before"
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, wide := range []bool{false, true} {
			for _, spare := range []uint32{ptNull, ptNote, 0x6fffff00} {
				for _, sections := range []bool{false, true} {
					m := elfModel{wide: wide, order: order, spare: spare, sections: sections, path: "/b/parts/zlib/lib"}
					for _, path := range []string{"$ORIGIN/lib", long} {
						content, moved, err := setRunPaths(m.bytes(), func(string) string { return path })
						if err != nil {
							t.Fatalf("%+v: %v", m, err)
						}
						if (moved.by != 0) != (path == long) {
							t.Errorf("%+v: moved %+v for %s", m, moved, path)
						}
						checkModel(t, m, content, path)
					}
				}
			}
		}
	}
}

func checkModel(t *testing.T, m elfModel, content []byte, path string) {
	t.Helper()
	if bytes.Contains(content, []byte(m.path)) {
		t.Errorf("%+v: the old path is still there", m)
	}
	f, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		t.Fatalf("%+v: %v", m, err)
	}
	e, err := parseELF(content)
	if err != nil {
		t.Fatalf("%+v: %v", m, err)
	}
	d, err := e.dynamic()
	if err != nil {
		t.Fatalf("%+v: %v", m, err)
	}
	if got := d.searchPath(); !slices.Equal(got, []string{path}) || stringAt(d.strings, 1) != "lib.so" {
		t.Errorf("%+v: search path %q, library %q", m, got, stringAt(d.strings, 1))
	}
	if _, _, _, err := e.loads(); err != nil {
		t.Errorf("%+v: %v", m, err)
	}
	if !m.sections {
		return
	}
	if got, err := f.DynString(elf.DT_RUNPATH); err != nil || !slices.Equal(got, []string{path}) {
		t.Errorf("%+v: debug/elf reads %q, %v", m, got, err)
	}
}
