package elf

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// smallFiles are ELF files to begin with.
func smallFiles(t testing.TB) (all [][]byte) {
	full := made{interp: "/lib64/ld.so", soname: "libx.so.1", needed: []string{"liby.so"}, runpath: "$ORIGIN", text: "\x00libz.so.1\x00",
		imports: []imported{{"dlopen", "libc.so.6", "GLIBC_2.34"}, {"read", "", ""}}}
	all = append(all, makeELF(made{}), makeELF(full))
	full.machine, full.narrow = elf.EM_386, true
	all = append(all, makeELF(full))
	full.machine, full.big = elf.EM_MIPS, true
	all = append(all, makeELF(full))
	if cc, err := exec.LookPath("cc"); err == nil {
		dir := t.TempDir()
		put(t, dir+"/x.c", sources["dlopen.c"], 0o644)
		c := exec.Command(cc, "-DNAME=libz.so.1", "-s", "-nostartfiles", "-Wl,-e,main", "-o", dir+"/x", dir+"/x.c", "-ldl")
		c.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + dir}
		if c.Run() == nil {
			if b, err := os.ReadFile(filepath.Join(dir, "x")); err == nil {
				all = append(all, b)
			}
		}
	}
	return all
}

// FuzzRead: no file makes the reader panic, or believe in something that is not
// in the file.
func FuzzRead(f *testing.F) {
	for _, b := range smallFiles(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m := readBytes(b)
		for _, text := range append(append([]string{m.soname, m.interp, m.runpath, m.rpath}, m.needed...), m.names...) {
			if len(text) > len(b) || !strings.Contains(string(b), text) {
				t.Fatalf("%q is not in the file", text)
			}
		}
		if len(m.versions) > maxVersions || len(m.names) > maxNames {
			t.Fatalf("%d versions, %d names", len(m.versions), len(m.names))
		}
		machineOf(m)
	})
}

// FuzzCache: no cache makes its reader panic.
func FuzzCache(f *testing.F) {
	entries := [][4]string{{"own", "libz.so.1", "/lib/libz.so.1", ""}, {"own", "libz.so.1", "/v2/libz.so.1", "v2"}}
	f.Add(cacheText(false, entries, "v2"))
	f.Add(cacheText(true, entries))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, ok := parseCache(b, 0x303)
		for name := range c.entries {
			if path := c.lookup(name, []string{"glibc-hwcaps/v2"}); !ok || !strings.Contains(string(b), path) {
				t.Fatalf("%s leads to %q", name, path)
			}
		}
	})
}

// FuzzText: no text makes a parser panic, and each reference has a line of the
// text.
func FuzzText(f *testing.F) {
	kinds := []string{KindPkgConfig, KindLibtool, KindConfigScript, KindCmake, KindLinkerScript}
	f.Add("prefix=/usr\nLibs: -L${prefix}/lib -lz\nRequires: a >= 1\n")
	f.Add("dependency_libs=' -L/x /p/liby.la'\nlibdir='/p'\n")
	f.Add("echo \"-L/a -lb\"\nGROUP ( /l/libc.so.6 )\nINTERFACE_LINK_LIBRARIES \"a;b\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range kinds {
			for _, r := range parseText(kind, "/p/x", text) {
				if r.line < 1 || r.line > strings.Count(text, "\n")+1 {
					t.Fatalf("%s: %+v", kind, r)
				}
			}
		}
		shebang([]byte("#!" + text))
	})
}

// TestTruncated reads every beginning of some files.
func TestTruncated(t *testing.T) {
	for i, b := range smallFiles(t) {
		if len(b) > 1<<14 {
			b = b[:1<<14]
		}
		for n := range b {
			if m := readBytes(b[:n]); m.problem == "" {
				t.Fatalf("file %d of %d bytes: cut to %d bytes it makes sense", i, len(b), n)
			}
		}
	}
}
