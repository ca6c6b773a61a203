package elf

import (
	"encoding/binary"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// processor is what a loader makes of the processor of this machine.
type processor struct {
	levels      []string // names below glibc-hwcaps, best first
	platform    string   // $PLATFORM
	oldPlatform string   // $PLATFORM up to glibc 2.36, when it differs
	oldNames    []string // further directories up to glibc 2.36
}

// thisProcessor asks the kernel.
func thisProcessor(d *disk) processor {
	if d.processor == nil {
		p := processor{platform: platform()}
		switch runtime.GOARCH {
		case "amd64":
			p.levels, p.oldPlatform, p.oldNames = x86(cpuFlags())
		case "ppc64le":
			p.levels = below(p.platform, "power", 9, 11)
		case "s390x":
			p.levels = below(p.platform, "z", 13, 17)
		}
		d.processor = &p
	}
	return *d.processor
}

// x86Levels are the levels of x86-64 with the flags of /proc/cpuinfo that each
// adds.
var x86Levels = []struct{ name, flags string }{
	{"x86-64-v2", "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3"},
	{"x86-64-v3", "avx avx2 bmi1 bmi2 f16c fma abm movbe xsave"},
	{"x86-64-v4", "avx512f avx512bw avx512cd avx512dq avx512vl"},
}

func x86(flags []string) (levels []string, platform string, names []string) {
	has := func(wanted string) bool {
		return !slices.ContainsFunc(strings.Fields(wanted), func(f string) bool { return !slices.Contains(flags, f) })
	}
	for _, l := range x86Levels {
		if !has(l.flags) {
			break
		}
		levels = slices.Insert(levels, 0, l.name)
	}
	if has("avx2 bmi1 bmi2 abm movbe popcnt") {
		platform = "haswell"
	}
	if has("avx512cd avx512er avx512pf") {
		platform = "xeon_phi"
	} else if has("avx512cd avx512bw avx512dq avx512vl") {
		names = append(names, "avx512_1")
	}
	return levels, platform, append(names, "x86_64")
}

// below returns the names of a line of processors from the one that is a
// platform down to the oldest that has a directory.
func below(platform, line string, oldest, newest int) (names []string) {
	n, err := strconv.Atoi(strings.TrimPrefix(platform, line))
	if err != nil || !strings.HasPrefix(platform, line) {
		return nil
	}
	for n = min(n, newest); n >= oldest; n-- {
		names = append(names, line+strconv.Itoa(n))
	}
	return names
}

// cpuFlags returns the flags of the first processor.
func cpuFlags() []string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "flags" {
			return strings.Fields(value)
		}
	}
	return nil
}

// auxPlatform is AT_PLATFORM: the address of a text in the memory of this
// process.
const auxPlatform = 15

// platform returns how the kernel calls this processor.
func platform() string {
	vector, err := os.ReadFile("/proc/self/auxv")
	if err != nil {
		return ""
	}
	size := strconv.IntSize / 8
	word := func(at int) uint64 {
		if size == 8 {
			return binary.NativeEndian.Uint64(vector[at:])
		}
		return uint64(binary.NativeEndian.Uint32(vector[at:]))
	}
	for at := 0; at+2*size <= len(vector); at += 2 * size {
		if word(at) == auxPlatform {
			return ownText(int64(word(at + size)))
		}
	}
	return ""
}

// ownText reads a text from the memory of this process.
func ownText(address int64) string {
	f, err := os.Open("/proc/self/mem")
	if err != nil {
		return ""
	}
	defer f.Close()
	b := make([]byte, 64)
	n, _ := f.ReadAt(b, address)
	return cString(b[:n], 0)
}
