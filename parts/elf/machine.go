package elf

import (
	"debug/elf"
	"runtime"
	"slices"
	"strings"
)

// machine is a kind of processor with its ABI, as far as glibc tells them
// apart.
type machine struct {
	arch    string // GOARCH
	loaders []string
	// cache is what the flags of an entry of ld.so.cache are.
	cache uint32
	// dirs are where libraries are by default, when the loader is not here to
	// tell.
	dirs []string
}

// Bits of e_flags.
const (
	armHardFloat     = 0x400
	mipsABI2         = 0x20
	mipsNaN2008      = 0x400
	riscvFloatABI    = 0x6
	riscvFloatDouble = 0x4
	loongFloatABI    = 0x7
	loongFloatDouble = 0x3
)

// defaultDirs are the directories of a machine: those of Debian, which puts
// them in a directory for each triplet, then those of all others.
func defaultDirs(triplet, lib string) []string {
	dirs := []string{"/lib/" + triplet, "/usr/lib/" + triplet}
	if lib != "lib" {
		dirs = append(dirs, "/"+lib, "/usr/"+lib)
	}
	return append(dirs, "/lib", "/usr/lib")
}

// machineOf returns what machine a file is for. ok is false when glibc does not
// know it.
func machineOf(m *image) (machine, bool) {
	wide := m.class == elf.ELFCLASS64
	pick := func(arch, loader string, cache uint32, triplet, lib string) (machine, bool) {
		return machine{arch: arch, loaders: []string{loader}, cache: cache, dirs: defaultDirs(triplet, lib)}, true
	}
	switch {
	case m.machine == elf.EM_X86_64 && wide:
		return pick("amd64", "/lib64/ld-linux-x86-64.so.2", 0x303, "x86_64-linux-gnu", "lib64")
	case m.machine == elf.EM_X86_64:
		return pick("x32", "/libx32/ld-linux-x32.so.2", 0x803, "x86_64-linux-gnux32", "libx32")
	case m.machine == elf.EM_386:
		return pick("386", "/lib/ld-linux.so.2", 0x3, "i386-linux-gnu", "lib")
	case m.machine == elf.EM_AARCH64 && wide && m.little:
		return pick("arm64", "/lib/ld-linux-aarch64.so.1", 0xa03, "aarch64-linux-gnu", "lib64")
	case m.machine == elf.EM_AARCH64 && wide:
		return pick("arm64be", "/lib/ld-linux-aarch64_be.so.1", 0xa03, "aarch64_be-linux-gnu", "lib64")
	case m.machine == elf.EM_ARM && m.flags&armHardFloat != 0:
		return pick("arm", "/lib/ld-linux-armhf.so.3", 0x903, "arm-linux-gnueabihf", "lib")
	case m.machine == elf.EM_ARM:
		return pick("arm", "/lib/ld-linux.so.3", 0xb03, "arm-linux-gnueabi", "lib")
	case m.machine == elf.EM_PPC64 && m.little:
		return pick("ppc64le", "/lib64/ld64.so.2", 0x503, "powerpc64le-linux-gnu", "lib64")
	case m.machine == elf.EM_PPC64:
		return pick("ppc64", "/lib64/ld64.so.1", 0x503, "powerpc64-linux-gnu", "lib64")
	case m.machine == elf.EM_S390 && wide:
		return pick("s390x", "/lib/ld64.so.1", 0x403, "s390x-linux-gnu", "lib64")
	case m.machine == elf.EM_RISCV && wide:
		return riscv(m)
	case m.machine == elf.EM_LOONGARCH && wide:
		return loong(m)
	case m.machine == elf.EM_MIPS:
		return mips(m, wide), true
	}
	return machine{}, false
}

func riscv(m *image) (machine, bool) {
	abi, cache := "lp64", uint32(0xf03)
	if m.flags&riscvFloatABI == riscvFloatDouble {
		abi, cache = "lp64d", 0x1003
	}
	return machine{arch: "riscv64", loaders: []string{"/lib/ld-linux-riscv64-" + abi + ".so.1"}, cache: cache,
		dirs: defaultDirs("riscv64-linux-gnu", "lib64/"+abi)}, true
}

func loong(m *image) (machine, bool) {
	abi, cache := "lp64s", uint32(0x1103)
	if m.flags&loongFloatABI == loongFloatDouble {
		abi, cache = "lp64d", 0x1203
	}
	return machine{arch: "loong64", loaders: []string{"/lib64/ld-linux-loongarch-" + abi + ".so.1", "/lib/ld-linux-loongarch-" + abi + ".so.1"},
		cache: cache, dirs: defaultDirs("loongarch64-linux-gnu", "lib64")}, true
}

// mips tells three ABIs, two byte orders and two ideas of a NaN apart.
func mips(m *image, wide bool) machine {
	abi, lib, triplet, cache := "mips", "lib", "linux-gnu", uint32(0x3)
	old, recent := uint32(0x3), uint32(0xc03)
	switch {
	case wide:
		abi, lib, triplet, old, recent = "mips64", "lib64", "linux-gnuabi64", 0x703, 0xe03
	case m.flags&mipsABI2 != 0:
		abi, lib, triplet, old, recent = "mips64", "lib32", "linux-gnuabin32", 0x603, 0xd03
	}
	name := "ld.so.1"
	cache = old
	if m.flags&mipsNaN2008 != 0 {
		name, cache = "ld-linux-mipsn8.so.1", recent
	}
	if m.little {
		abi += "el"
	}
	return machine{arch: strings.Replace(abi, "el", "le", 1), loaders: []string{"/" + lib + "/" + name}, cache: cache,
		dirs: defaultDirs(abi+"-"+triplet, lib)}
}

// standard reports whether a path is the one that programs name their loader by:
// every distribution has it there.
func (m machine) standard(interp string) bool { return slices.Contains(m.loaders, interp) }

// natives are files for the machines that Go and glibc both know, by GOARCH.
var natives = map[string]image{
	"386":      {class: elf.ELFCLASS32, machine: elf.EM_386, little: true},
	"amd64":    {class: elf.ELFCLASS64, machine: elf.EM_X86_64, little: true},
	"arm":      {class: elf.ELFCLASS32, machine: elf.EM_ARM, little: true, flags: armHardFloat},
	"arm64":    {class: elf.ELFCLASS64, machine: elf.EM_AARCH64, little: true},
	"loong64":  {class: elf.ELFCLASS64, machine: elf.EM_LOONGARCH, little: true, flags: loongFloatDouble},
	"mips":     {class: elf.ELFCLASS32, machine: elf.EM_MIPS},
	"mipsle":   {class: elf.ELFCLASS32, machine: elf.EM_MIPS, little: true},
	"mips64":   {class: elf.ELFCLASS64, machine: elf.EM_MIPS},
	"mips64le": {class: elf.ELFCLASS64, machine: elf.EM_MIPS, little: true},
	"ppc64":    {class: elf.ELFCLASS64, machine: elf.EM_PPC64},
	"ppc64le":  {class: elf.ELFCLASS64, machine: elf.EM_PPC64, little: true},
	"riscv64":  {class: elf.ELFCLASS64, machine: elf.EM_RISCV, little: true, flags: riscvFloatDouble},
	"s390x":    {class: elf.ELFCLASS64, machine: elf.EM_S390},
}

// native is a file for the machine that gobuild runs on.
func native() *image {
	m := natives[runtime.GOARCH]
	return &m
}
