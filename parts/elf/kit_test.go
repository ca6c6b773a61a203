package elf

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// made describes an ELF file that a test makes without a compiler.
type made struct {
	machine  elf.Machine // the one of this machine
	narrow   bool        // 32 bits
	big      bool
	kind     elf.Type // ET_DYN
	flags    uint32
	interp   string
	soname   string
	needed   []string
	optional []string
	filter   []string
	rpath    string
	runpath  string
	flags1   uint64
	imports  []imported
	noRelro  bool
	stack    elf.ProgFlag
	text     string // constants, in a segment that can only be read
}

// imported is a symbol with its version.
type imported struct{ name, library, version string }

// byteOrder writes numbers.
type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// builder puts an ELF file together.
type builder struct {
	made
	order   byteOrder
	out     []byte
	strings []byte
}

func (b *builder) str(text string) uint64 {
	at := len(b.strings)
	b.strings = append(append(b.strings, text...), 0)
	return uint64(at)
}

func (b *builder) u16(v int)    { b.out = b.order.AppendUint16(b.out, uint16(v)) }
func (b *builder) u32(v uint64) { b.out = b.order.AppendUint32(b.out, uint32(v)) }
func (b *builder) addr(v uint64) {
	if b.narrow {
		b.u32(v)
		return
	}
	b.out = b.order.AppendUint64(b.out, v)
}

// segmentAt is one program header.
type segmentAt struct {
	kind     elf.ProgType
	flags    elf.ProgFlag
	from, to int
}

// makeELF returns the bytes of an ELF file whose addresses are its offsets.
func makeELF(m made) []byte {
	b := &builder{made: m, order: binary.LittleEndian, strings: []byte{0}}
	n := native()
	if b.machine == 0 {
		b.machine, b.narrow, b.flags, b.big = n.machine, n.class == elf.ELFCLASS32, n.flags, !n.little
	}
	if b.kind == 0 {
		b.kind = elf.ET_DYN
	}
	if b.big {
		b.order = binary.BigEndian
	}
	return b.build()
}

func (b *builder) build() []byte {
	head, entry, count := 64, 56, 6
	if b.narrow {
		head, entry = 52, 32
	}
	var dynamic [][2]uint64
	name := func(tag elf.DynTag, texts ...string) {
		for _, text := range texts {
			if text != "" {
				dynamic = append(dynamic, [2]uint64{uint64(tag), b.str(text)})
			}
		}
	}
	name(elf.DT_NEEDED, b.needed...)
	name(elf.DT_FILTER, b.filter...)
	name(elf.DT_AUXILIARY, b.optional...)
	name(elf.DT_SONAME, b.soname)
	name(elf.DT_RPATH, b.rpath)
	name(elf.DT_RUNPATH, b.runpath)
	b.out = make([]byte, head+count*entry)
	interp := len(b.out)
	b.out = append(append(b.out, b.interp...), 0)
	text := len(b.out)
	b.out = append(b.out, b.text...)
	end := len(b.out)
	b.align()
	dynamic = append(dynamic, b.tables()...)
	if b.flags1 != 0 {
		dynamic = append(dynamic, [2]uint64{uint64(elf.DT_FLAGS_1), b.flags1})
	}
	from := len(b.out)
	for _, d := range append(dynamic, [2]uint64{}) {
		b.addr(d[0])
		b.addr(d[1])
	}
	segments := []segmentAt{{elf.PT_LOAD, elf.PF_R | elf.PF_W, 0, len(b.out)}, {elf.PT_DYNAMIC, elf.PF_R | elf.PF_W, from, len(b.out)},
		{elf.PT_GNU_STACK, elf.PF_R | elf.PF_W | b.stack, 0, 0}, {}, {}, {}}
	if b.interp != "" {
		segments[3] = segmentAt{elf.PT_INTERP, elf.PF_R, interp, interp + len(b.interp) + 1}
	}
	if !b.noRelro {
		segments[4] = segmentAt{elf.PT_GNU_RELRO, elf.PF_R, from, from}
	}
	if b.text != "" {
		segments[5] = segmentAt{elf.PT_LOAD, elf.PF_R, text, end}
	}
	return b.headers(head, entry, segments)
}

func (b *builder) align() { b.out = append(b.out, make([]byte, -len(b.out)&7)...) }

// tables writes symbols, hash, versions and strings.
func (b *builder) tables() (dynamic [][2]uint64) {
	add := func(tag elf.DynTag) { dynamic = append(dynamic, [2]uint64{uint64(tag), uint64(len(b.out))}) }
	verneed, versions, count := b.versions()
	var symbols []uint64
	for _, i := range b.imports {
		symbols = append(symbols, b.str(i.name))
	}
	add(elf.DT_HASH)
	b.u32(1)
	b.u32(uint64(len(symbols) + 1))
	for range len(symbols) + 2 {
		b.u32(0)
	}
	b.align()
	add(elf.DT_SYMTAB)
	size := 24
	if b.narrow {
		size = 16
	}
	b.out = append(b.out, make([]byte, size)...)
	for _, s := range symbols {
		at := len(b.out)
		b.out = append(b.out, make([]byte, size)...)
		b.order.PutUint32(b.out[at:], uint32(s))
	}
	if count > 0 {
		add(elf.DT_VERSYM)
		b.u16(0)
		for _, v := range versions {
			b.u16(v)
		}
		b.align()
		add(elf.DT_VERNEED)
		b.out = append(b.out, verneed...)
		dynamic = append(dynamic, [2]uint64{uint64(elf.DT_VERNEEDNUM), uint64(count)})
	}
	add(elf.DT_STRTAB)
	dynamic = append(dynamic, [2]uint64{uint64(elf.DT_STRSZ), uint64(len(b.strings))})
	b.out = append(b.out, b.strings...)
	b.align()
	return dynamic
}

// versions makes a table with one library for each imported symbol.
func (b *builder) versions() (table []byte, index []int, count int) {
	for _, i := range b.imports {
		if i.version == "" {
			index = append(index, 1)
			continue
		}
		count++
		index = append(index, count+1)
	}
	n := 0
	for _, i := range b.imports {
		if i.version == "" {
			continue
		}
		n++
		next := uint32(32)
		if n == count {
			next = 0
		}
		table = b.order.AppendUint16(table, 1)
		table = b.order.AppendUint16(table, 1)
		table = b.order.AppendUint32(table, uint32(b.str(i.library)))
		table = b.order.AppendUint32(table, 16)
		table = b.order.AppendUint32(table, next)
		table = b.order.AppendUint32(table, 0)
		table = b.order.AppendUint16(table, 0)
		table = b.order.AppendUint16(table, uint16(n+1))
		table = b.order.AppendUint32(table, uint32(b.str(i.version)))
		table = b.order.AppendUint32(table, 0)
	}
	return table, index, count
}

// headers writes the header and the program headers in front.
func (b *builder) headers(head, entry int, segments []segmentAt) []byte {
	body := b.out
	b.out = append([]byte(elf.ELFMAG), byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	if b.narrow {
		b.out[4] = byte(elf.ELFCLASS32)
	}
	if b.big {
		b.out[5] = byte(elf.ELFDATA2MSB)
	}
	b.u16(int(b.kind))
	b.u16(int(b.machine))
	b.u32(1)
	b.addr(0)
	b.addr(uint64(head))
	b.addr(0)
	b.u32(uint64(b.flags))
	for _, v := range []int{head, entry, len(segments), 0, 0, 0} {
		b.u16(v)
	}
	for _, s := range segments {
		b.u32(uint64(s.kind))
		if !b.narrow {
			b.u32(uint64(s.flags))
		}
		for _, v := range []int{s.from, s.from, s.from, s.to - s.from, s.to - s.from} {
			b.addr(uint64(v))
		}
		if b.narrow {
			b.u32(uint64(s.flags))
		}
		b.addr(0x1000)
	}
	return append(b.out, body[len(b.out):]...)
}

// readBytes reads an ELF file from memory.
func readBytes(b []byte) *image {
	var r reader
	return r.read(bytes.NewReader(b), int64(len(b)), true, version{})
}

// put writes a file of a test, with the directories above it.
func put(t testing.TB, path, content string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func putELF(t testing.TB, path string, m made) {
	t.Helper()
	put(t, path, string(makeELF(m)), 0o755)
}

func link(t testing.TB, to, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
}

// hostRoot makes a root with the loader and the C library of this machine, and
// one library of the host: libleak.so.1 in /opt/host/lib.
func hostRoot(t testing.TB) string {
	t.Helper()
	root := t.TempDir()
	put(t, root+"/etc/ld.so.conf", "# where the host has its own\ninclude /etc/ld.so.conf.d/*.conf\n", 0o644)
	put(t, root+"/etc/ld.so.conf.d/own.conf", "/opt/host/lib\n", 0o644)
	m, _ := machineOf(native())
	if text, err := os.ReadFile(m.loaders[0]); err == nil {
		put(t, root+m.loaders[0], string(text), 0o755)
	}
	for _, name := range []string{"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "libgcc_s.so.1", "libstdc++.so.6"} {
		putELF(t, root+m.dirs[0]+"/"+name, made{soname: name})
	}
	if dirs := builtinDirs(readLoader(m.loaders[0])); dirs != nil && dirs[0] != m.dirs[0] {
		if err := os.MkdirAll(filepath.Dir(root+dirs[0]), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(root+m.dirs[0], root+dirs[0]); err != nil {
			t.Fatal(err)
		}
	}
	putELF(t, root+"/opt/host/lib/libleak.so.1", made{soname: "libleak.so.1"})
	put(t, root+"/usr/bin/perl", "", 0o755)
	return root
}

// summary is what tests compare of a finding.
func summary(f Finding) string {
	return strings.TrimRight(f.Level.String()+" "+f.Kind+" "+f.Subject, " ")
}
