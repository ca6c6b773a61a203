package elf

import (
	"encoding/binary"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// cacheText puts an ld.so.cache together.
func cacheText(old bool, entries [][4]string, levels ...string) []byte {
	const header, size = 48, 24
	le := binary.LittleEndian
	strings := []byte{0}
	str := func(s string) uint32 {
		at := len(strings)
		strings = append(append(strings, s...), 0)
		return uint32(header + len(entries)*size + at)
	}
	var table []byte
	for _, e := range entries {
		table = le.AppendUint32(table, map[string]uint32{"own": 0x303, "386": 0x803, "any": 3}[e[0]])
		table = le.AppendUint32(table, str(e[1]))
		table = le.AppendUint32(table, str(e[2]))
		table = le.AppendUint32(table, 0)
		hwcap := uint64(0)
		if i := slices.Index(levels, e[3]); i >= 0 {
			hwcap = hwcapExtension<<32 | uint64(i)
		}
		table = le.AppendUint64(table, hwcap)
	}
	var names []byte
	for _, l := range levels {
		names = le.AppendUint32(names, str(l))
	}
	b := append([]byte(cacheMagic), make([]byte, 28)...)
	le.PutUint32(b[20:], uint32(len(entries)))
	le.PutUint32(b[24:], uint32(len(strings)))
	b[28] = 2
	b = append(append(b, table...), strings...)
	if len(levels) > 0 {
		at := uint32(len(b))
		le.PutUint32(b[32:], at)
		for _, v := range []uint32{extensionMagic, 1, extensionHwcaps, 0, at + 24, uint32(len(names))} {
			b = le.AppendUint32(b, v)
		}
		b = append(b, names...)
	}
	if old {
		head := append([]byte(oldCacheMagic), 0)
		head = le.AppendUint32(head, 1)
		head = append(head, make([]byte, 12+4)...) // one entry, aligned
		b = append(head, b...)
	}
	return b
}

func TestCache(t *testing.T) {
	entries := [][4]string{{"386", "libz.so.1", "/386/libz.so.1", ""}, {"any", "libz.so.1", "/any/libz.so.1", ""}, {"own", "libz.so.1", "/own/libz.so.1", ""},
		{"own", "libz.so.1", "/v2/libz.so.1", "v2"}, {"own", "libz.so.1", "/v3/libz.so.1", "v3"}, {"any", "liby.so.1", "/any/liby.so.1", ""}, {"own", "libv.so.1", "/v9/libv.so.1", "v9"}}
	for _, old := range []bool{false, true} {
		c, ok := parseCache(cacheText(old, entries, "v2", "v3", "v9"), 0x303)
		if !ok {
			t.Fatal("not understood")
		}
		for _, want := range []struct{ name, before, path string }{
			{"libz.so.1", "", "/own/libz.so.1"}, {"libz.so.1", "glibc-hwcaps/v2", "/v2/libz.so.1"},
			{"libz.so.1", "glibc-hwcaps/v3 glibc-hwcaps/v2", "/v3/libz.so.1"}, {"liby.so.1", "", "/any/liby.so.1"}, {"libv.so.1", "glibc-hwcaps/v2", ""},
			{"libx.so.1", "", ""},
		} {
			if got := c.lookup(want.name, strings.Fields(want.before)); got != want.path {
				t.Errorf("%s with %s: got %q, want %q", want.name, want.before, got, want.path)
			}
		}
	}
}

func TestBadCaches(t *testing.T) {
	good := cacheText(false, [][4]string{{"own", "a", "/a", "v2"}}, "v2")
	for n := range good {
		parseCache(good[:n], 0x303) // no panic
	}
	for _, bad := range []string{"", cacheMagic, oldCacheMagic + "\x00\xff\xff\xff\xff" + strings.Repeat("\x00", 99), strings.Repeat("x", 200)} {
		if _, ok := parseCache([]byte(bad), 0x303); ok {
			t.Errorf("%q was understood", bad)
		}
	}
}

// TestConf is a host without ld.so.cache.
func TestConf(t *testing.T) {
	root := hostRoot(t)
	put(t, root+"/etc/ld.so.conf.d/loop.conf", "include /etc/ld.so.conf\n/a:/b, /c/ # and\nrelative\nhwcap 1 nosegneg\n", 0o644)
	c := cacheOfConf(newDisk(root, nil), "/etc/ld.so.conf")
	if !slices.Equal(c.dirs, []string{"/a", "/b", "/c", "/opt/host/lib"}) {
		t.Errorf("got %q", c.dirs)
	}
}

// TestDiagnostics compares what is found in the loader of this machine with
// what it says of itself.
func TestDiagnostics(t *testing.T) {
	path := loaderPath()
	text, err := exec.Command(path, "--list-diagnostics").Output()
	if err != nil {
		t.Skip("the loader of this machine does not tell")
	}
	l := newWorld(&Input{}).loaderOf(native())
	want := map[string]string{}
	var dirs []string
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		want[key] = strings.Trim(value, `"`)
		if strings.HasPrefix(key, "path.system_dirs[") {
			dirs = append(dirs, strings.TrimSuffix(want[key], "/"))
		}
	}
	if !slices.Equal(l.dirs, dirs) {
		t.Errorf("directories: got %q, want %q", l.dirs, dirs)
	}
	for _, c := range []struct{ key, got string }{{"dl_dst_lib", l.lib}, {"dl_platform", l.platform}, {"version.version", l.release.String()}} {
		if want[c.key] != c.got {
			t.Errorf("%s: got %q, want %q", c.key, c.got, want[c.key])
		}
	}
	active := 0
	for _, b := range l.before {
		if name, ok := strings.CutPrefix(b, "glibc-hwcaps/"); ok {
			active++
			if !strings.Contains(want["dl_hwcaps_subdirs"], name) {
				t.Errorf("%s is not among %s", name, want["dl_hwcaps_subdirs"])
			}
		}
	}
	if mask := map[string]int{"0x0": 0, "0x1": 1, "0x3": 2, "0x7": 3, "0x4": 1, "0x6": 2}; active != mask[want["dl_hwcaps_subdirs_active"]] {
		t.Errorf("%d levels, and the mask is %s", active, want["dl_hwcaps_subdirs_active"])
	}
}

func TestExpand(t *testing.T) {
	l := &loader{lib: "lib64", platform: "haswell"}
	for text, want := range map[string]string{
		"$ORIGIN/../lib": "/o/../lib", "${ORIGIN}x": "/ox", "$ORIGINx": "$ORIGINx", "$ORIGIN_": "$ORIGIN_", "/usr/$LIB/${PLATFORM}": "/usr/lib64/haswell",
		"$": "$", "$$LIB": "$lib64", "${LIB": "${LIB", "$HOME/lib": "$HOME/lib", "plain": "plain", "${ORIGIN": "${ORIGIN",
	} {
		if got := expand(text, "/o", l); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestBuiltinDirs(t *testing.T) {
	text := []byte("\x00/one/\x00not a dir/\x00/lib64/\x00/usr/lib64/\x00x\x00/proc/\x00/opt/etc/ld.so.cache\x00version 1 release version 2.31.\n")
	if got := builtinDirs(text); !slices.Equal(got, []string{"/lib64", "/usr/lib64"}) {
		t.Errorf("got %q", got)
	}
	if got := builtinCache(text); got != "/opt/etc/ld.so.cache" {
		t.Errorf("got %q", got)
	}
	if got := builtinRelease(text).String(); got != "2.31" {
		t.Errorf("got %q", got)
	}
}

// TestOwnLoader is a program with a glibc of its own: its loader looks in other
// places.
func TestOwnLoader(t *testing.T) {
	dir, root := t.TempDir(), hostRoot(t)
	put(t, dir+"/glibc/lib/ld.so", string(makeELF(made{}))+"\x00"+dir+"/glibc/lib/\x00"+dir+"/glibc/usr/lib/\x00"+dir+"/glibc/etc/ld.so.cache\x00", 0o755)
	putELF(t, dir+"/glibc/usr/lib/libc.so.6", made{soname: "libc.so.6"})
	putELF(t, dir+"/p/prog", made{interp: dir + "/glibc/lib/ld.so", needed: []string{"libc.so.6", "libleak.so.1"}, imports: []imported{{"f", "libc.so.6", "GLIBC_2.99"}}})
	r := run(t, Input{Parts: []Part{{Name: "p", Roots: []string{dir + "/p"}, Needs: []string{"glibc"}, Policy: Policy{MaxGlibc: "2.17"}}},
		Known: []Part{{Name: "glibc", Roots: []string{dir + "/glibc"}}}, Root: root})
	expect(t, r, "p: error needed-missing libleak.so.1")
	if r.Parts[0].Glibc != "" {
		t.Errorf("glibc of a part counts: %s", r.Parts[0].Glibc)
	}
	if err := os.Remove(dir + "/glibc/usr/lib/libc.so.6"); err != nil {
		t.Fatal(err)
	}
}
