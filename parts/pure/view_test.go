package pure

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// machineOf makes a root directory: names that end with / are directories, a name
// with -> a link, one with ! a program.
func machineOf(t *testing.T, names ...string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	for _, name := range names {
		name, target, isLink := strings.Cut(name, " -> ")
		name, isProgram := strings.CutSuffix(name, "!")
		path := root + name
		must(t, os.MkdirAll(filepath.Dir(path), 0o777))
		switch {
		case isLink:
			must(t, os.Symlink(target, path))
		case strings.HasSuffix(name, "/"):
			must(t, os.MkdirAll(path, 0o777))
		default:
			mode := os.FileMode(0o644)
			if isProgram {
				mode = 0o755
			}
			must(t, os.WriteFile(path, nil, mode))
		}
	}
	return root
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// debian is a machine with multiarch directories and a merged /usr.
var debian = []string{
	"/lib -> usr/lib", "/bin -> usr/bin", "/sbin -> usr/sbin", "/lib64 -> usr/lib64",
	"/usr/include/features.h", "/usr/include/stdio.h", "/usr/include/zlib.h", "/usr/include/crypt.h", "/usr/include/linux/types.h",
	"/usr/include/openssl/ssl.h", "/usr/include/sys/capability.h", "/usr/include/netinet/in.h", "/usr/include/netinet/sctp.h", "/usr/include/c++/12/vector",
	"/usr/include/x86_64-linux-gnu/gnu/stubs.h", "/usr/include/x86_64-linux-gnu/zconf.h", "/usr/include/x86_64-linux-gnu/sys/types.h",
	"/usr/lib/x86_64-linux-gnu/crt1.o", "/usr/lib/x86_64-linux-gnu/libc.so", "/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libm.a",
	"/usr/lib/x86_64-linux-gnu/libz.so -> libz.so.1.2.13", "/usr/lib/x86_64-linux-gnu/libz.so.1 -> libz.so.1.2.13", "/usr/lib/x86_64-linux-gnu/libz.so.1.2.13",
	"/usr/lib/x86_64-linux-gnu/libz.a", "/usr/lib/x86_64-linux-gnu/libfoo.la", "/usr/lib/x86_64-linux-gnu/libcrypt.so -> libcrypt.so.1",
	"/usr/lib/x86_64-linux-gnu/libcrypt.so.1", "/usr/lib/x86_64-linux-gnu/libelf.so.1 -> libelf-0.188.so", "/usr/lib/x86_64-linux-gnu/libelf-0.188.so",
	"/usr/lib/x86_64-linux-gnu/libodd.so", "/usr/lib/x86_64-linux-gnu/pkgconfig/zlib.pc", "/usr/lib/x86_64-linux-gnu/gconv/",
	"/usr/lib/gcc/x86_64-linux-gnu/12/libgcc.a", "/usr/lib/cmake/x.cmake", "/usr/lib/tclConfig.sh", "/usr/lib/os-release",
	"/usr/lib64/ld-linux-x86-64.so.2",
	"/usr/bin/gcc -> gcc-12", "/usr/bin/gcc-12 -> x86_64-linux-gnu-gcc-12", "/usr/bin/x86_64-linux-gnu-gcc-12!", "/usr/bin/sh -> dash", "/usr/bin/dash!",
	"/usr/bin/awk -> /etc/alternatives/awk", "/etc/alternatives/awk -> /usr/bin/mawk", "/usr/bin/mawk!", "/usr/bin/perl!", "/usr/bin/curl-config!",
	"/usr/bin/pkg-config!", "/usr/bin/python3 -> python3.11", "/usr/bin/python3.11!", "/usr/sbin/ldconfig!", "/usr/bin/sed",
	"/usr/share/pkgconfig/x.pc", "/usr/share/aclocal/x.m4", "/usr/share/cmake-3.25/", "/usr/share/eigen3/cmake/", "/usr/share/doc/cmake/",
	"/usr/local/include/zlib.h", "/usr/local/bin/sed!", "/opt/x/", "/home/u/bin/sed!", "/home/u/bin/gcc!",
}

// shown lists what the layers of a view show, without what is only covered:
// PATH, or PATH -> TEXT for links that are not to .host.
func shown(v *View) []string {
	var list []string
	for _, l := range v.layers {
		list = append(list, l.dir+"/")
		for _, e := range l.entries {
			text := l.dir + "/" + e.path
			if e.kind == link && !strings.Contains(e.text, hostName+"/"+e.path) {
				text += " -> " + e.text
			}
			if e.kind != directory {
				list = append(list, text)
			}
		}
	}
	slices.Sort(list)
	return list
}

func look(t *testing.T, c Config) *View {
	t.Helper()
	v, err := Look(c)
	must(t, err)
	return v
}

// compare tells which lines are missing and which are too many.
func compare(t *testing.T, got, want []string) {
	t.Helper()
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("not shown: %s", line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("shown: %s", line)
		}
	}
}

func TestLookDebian(t *testing.T) {
	v := look(t, Config{Root: machineOf(t, debian...), Path: "/home/u/shims:/usr/local/bin:/usr/bin:/bin"})
	if v.Path != "/usr/bin:/bin:/usr/sbin:/sbin" {
		t.Errorf("PATH is %s", v.Path)
	}
	m := "/usr/lib/x86_64-linux-gnu/"
	compare(t, shown(v), []string{
		"/usr/include/", "/usr/include/features.h", "/usr/include/stdio.h", "/usr/include/linux", "/usr/include/netinet/in.h", "/usr/include/c++",
		"/usr/include/x86_64-linux-gnu/gnu", "/usr/include/x86_64-linux-gnu/sys/types.h",
		"/usr/lib/", m + "crt1.o", m + "libc.so", m + "libc.so.6", m + "libm.a", m + "libz.so.1 -> libz.so.1.2.13", m + "libz.so.1.2.13", m + "libcrypt.so.1",
		m + "libelf.so.1 -> libelf-0.188.so", m + "libelf-0.188.so", m + "gconv", "/usr/lib/gcc", "/usr/lib/os-release",
		"/usr/lib64/", "/usr/lib64/ld-linux-x86-64.so.2",
		"/usr/bin/", "/usr/bin/gcc -> gcc-12", "/usr/bin/gcc-12 -> x86_64-linux-gnu-gcc-12", "/usr/bin/x86_64-linux-gnu-gcc-12", "/usr/bin/sh -> dash",
		"/usr/bin/dash", "/usr/bin/awk -> /etc/alternatives/awk", "/usr/bin/mawk", "/usr/sbin/", "/usr/sbin/ldconfig",
		"/usr/share/pkgconfig/", "/usr/share/aclocal/", "/usr/share/cmake-3.25/", "/usr/share/eigen3/cmake/", "/usr/local/", "/opt/",
	})
}

// Tools that the profile names are there, with what their links lead to.
func TestLookTools(t *testing.T) {
	v := look(t, Config{Root: machineOf(t, debian...), Path: "/usr/bin", Tools: []string{"python3", "perl", "nosuch", "/usr/bin/curl-config", "/none/x"}})
	got := shown(v)
	for _, want := range []string{"/usr/bin/python3 -> python3.11", "/usr/bin/python3.11", "/usr/bin/perl", "/usr/bin/curl-config"} {
		if !slices.Contains(got, want) {
			t.Errorf("not shown: %s", want)
		}
	}
	if slices.Contains(got, "/usr/bin/pkg-config") {
		t.Error("pkg-config is shown")
	}
	if want := []string{"nosuch", "/none/x"}; !slices.Equal(v.Missing, want) {
		t.Errorf("missing are %v, want %v", v.Missing, want)
	}
}

// What is kept stays, wherever it is; a directory of PATH is not searched when it
// belongs to parts.
func TestLookKeep(t *testing.T) {
	root := machineOf(t, append([]string{"/usr/local/build/parts/x/bin/gcc!", "/usr/local/build/.gobuild/", "/opt/store/", "/usr/lib/me/", "/usr/local/bin/gobuild!"}, debian...)...)
	v := look(t, Config{Root: root, Path: "/usr/local/build/parts/x/bin:/usr/bin",
		Parts: []string{"/usr/local/build/parts"}, Keep: []string{"/usr/local/build/parts", "/usr/local/build", "/opt/store", "/usr/lib/me", "/usr/local/bin/gobuild", "/none", "/opt/link"}})
	if strings.Contains(v.Path, "build") {
		t.Errorf("PATH is %s", v.Path)
	}
	for _, want := range []string{"/usr/local/build", "/opt/store", "/usr/lib/me", "/usr/local/bin/gobuild"} {
		if !bindsPath(v, want) {
			t.Errorf("%s is not bound", want)
		}
	}
	if slices.Contains(shown(v), "/usr/local/include") {
		t.Error("/usr/local/include is shown")
	}
	v = look(t, Config{Root: root, Keep: []string{"/opt", "/usr/local"}})
	for _, line := range shown(v) {
		if strings.HasPrefix(line, "/opt/") || strings.HasPrefix(line, "/usr/local/") {
			t.Errorf("%s is covered although it is kept", line)
		}
	}
}

// bindsPath reports whether a path of the host is in the view as it is.
func bindsPath(v *View, path string) bool {
	for _, l := range v.layers {
		for _, e := range l.entries {
			if e.kind == bound && l.dir+"/"+e.path == path {
				return true
			}
		}
	}
	return false
}

// A compiler that PATH names first is used, with its own headers and libraries.
func TestLookOtherCompiler(t *testing.T) {
	gcc := []string{"/opt/gcc-14/bin/gcc!", "/opt/gcc-14/bin/sed!", "/opt/gcc-14/lib/gcc/", "/usr/local/bin/g++!", "/usr/local/lib/gcc/", "/usr/local/libexec/gcc/",
		"/usr/local/lib64/libstdc++.so", "/usr/local/lib64/libz.so", "/usr/local/include/c++/", "/usr/local/share/x"}
	v := look(t, Config{Root: machineOf(t, append(gcc, debian...)...), Path: "/opt/gcc-14/bin:/usr/local/bin:/usr/bin"})
	if v.Programs["gcc"] != "/opt/gcc-14/bin/gcc" || v.Programs["g++"] != "/usr/local/bin/g++" || v.Programs["sed"] != "" {
		t.Errorf("gcc is %s, g++ is %s, sed is %s", v.Programs["gcc"], v.Programs["g++"], v.Programs["sed"])
	}
	if want := "/opt/gcc-14/bin:/usr/local/bin:/usr/bin:/usr/sbin:/sbin:/bin"; v.Path != want {
		t.Errorf("PATH is %s, want %s", v.Path, want)
	}
	got := shown(v)
	for _, want := range []string{"/opt/gcc-14", "/opt/gcc-14/bin/gcc", "/usr/local/lib/gcc", "/usr/local/libexec", "/usr/local/lib64/libstdc++.so", "/usr/local/include/c++"} {
		if !slices.Contains(got, want) {
			t.Errorf("not shown: %s", want)
		}
	}
	for _, bad := range []string{"/usr/local/lib64/libz.so", "/usr/local/include/zlib.h", "/usr/local/share", "/opt/gcc-14/bin/sed"} {
		if slices.Contains(got, bad) {
			t.Errorf("shown: %s", bad)
		}
	}
}

// Machines with lib64 and one include directory, with /usr not merged.
func TestLookUnmerged(t *testing.T) {
	v := look(t, Config{Path: "/usr/bin:/bin", Root: machineOf(t, "/usr/include/features.h", "/usr/include/gnu/stubs.h", "/usr/include/zlib.h", "/usr/include/sys/acl.h",
		"/usr/include/sys/stat.h", "/usr/lib64/libc.so", "/usr/lib64/libz.so", "/lib64/libz.so.1", "/lib64/libc.so.6", "/lib64/libc-2.31.so",
		"/bin/sh!", "/usr/bin/x86_64-redhat-linux-gcc!", "/usr/lib/gcc/")})
	compare(t, shown(v), []string{"/usr/include/", "/usr/include/features.h", "/usr/include/gnu", "/usr/include/sys/stat.h", "/usr/lib64/", "/usr/lib64/libc.so",
		"/lib64/", "/lib64/libz.so.1", "/lib64/libc.so.6", "/bin/", "/bin/sh", "/usr/bin/", "/usr/bin/x86_64-redhat-linux-gcc", "/usr/lib/", "/usr/lib/gcc"})
}

func TestLookOddMachine(t *testing.T) {
	for name, files := range map[string][]string{
		"musl": {"/usr/include/features.h", "/usr/include/stdio.h", "/bin/busybox!"}, "no headers": {"/bin/sh!"},
	} {
		if _, err := Look(Config{Root: machineOf(t, files...)}); err == nil {
			t.Errorf("%s: a view is made", name)
		}
	}
}

func TestIsCompiler(t *testing.T) {
	for name, want := range map[string]bool{"gcc": true, "gcc-12": true, "x86_64-linux-gnu-g++-12": true, "aarch64-redhat-linux-gcc": true, "ld.bfd": true,
		"x86_64-pc-linux-gnu-ar": true, "c++filt": true, "perl": false, "gccgo": false, "curl-config": false, "m4": false, "gfortran": false, "": false} {
		if got := isCompiler(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestModes(t *testing.T) {
	for _, c := range []struct {
		text, want string
		ok         bool
	}{{"", "true", true}, {"false it needs Java", "", true}, {"false", "true", false}, {"true", "true", false}, {"no", "true", false}} {
		got, err := ParsePart(c.text, Namespaces)
		if string(got) != c.want || (err == nil) != c.ok {
			t.Errorf("%q: %q, %v", c.text, got, err)
		}
	}
	for text, ok := range map[string]bool{"": true, "true": true, "false": true, "environment": true, "yes": false} {
		if _, err := ParseMode(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestEnviron(t *testing.T) {
	got := Environ([]string{"A=1", "PATH=/x", "HOME=/h", "CPATH=/c", "LD_LIBRARY_PATH=/l", "CFLAGS=-O"}, "/bin", "/home")
	if want := []string{"A=1", "CFLAGS=-O", "HOME=/home", "PATH=/bin"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestFileOfView(t *testing.T) {
	v := look(t, Config{Root: machineOf(t, debian...), Path: "/usr/bin"})
	dir := t.TempDir()
	must(t, v.Save(dir))
	layers, err := load(dir)
	must(t, err)
	if len(layers) != len(v.layers) {
		t.Fatalf("%d layers, want %d", len(layers), len(v.layers))
	}
	for i, l := range layers {
		if l.dir != v.layers[i].dir || l.host != v.layers[i].host {
			t.Errorf("layer %d is %s", i, l.dir)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("H/usr/lib\x00bgcc\x00L/opt\x00"))
	f.Add([]byte("bgcc\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		layers, err := decode(text)
		if err != nil {
			return
		}
		if again := (&View{layers: layers}).encode(); string(again) != string(text) {
			t.Errorf("%q is read as %q", text, again)
		}
	})
}
