package elf

import (
	"context"
	"debug/elf"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// seed is a part with leaks. In its texts @ is the directory of the part, and %
// that of all parts.
type seed struct {
	name string
	// cc are command lines for the compiler, which runs in the directory of the
	// part. They need one; without, the part is left out.
	cc     []string
	files  map[string]string // scripts when they begin with #!
	links  map[string]string
	modes  map[string]fs.FileMode
	elves  map[string]made
	needs  []string
	policy Policy
	want   []string // summaries, sorted
}

// Options that leave nothing to say about a file.
const (
	good    = "-fstack-protector-strong -fPIE -pie -Wl,-z,relro,-z,noexecstack "
	library = "-fstack-protector-strong -fPIC -shared -Wl,-z,relro,-z,noexecstack "
	leak    = "-L%/../host/opt/host/lib -Wl,--no-as-needed -l:libleak.so.1 "
)

var compiled = []seed{
	{name: "clean", cc: []string{good + "main.c -o bin/prog -lm -Wl,-rpath,%/zlib/lib -L%/zlib/lib -Wl,--no-as-needed -l:libown.so.1"}, needs: []string{"zlib"}},
	{name: "program", cc: []string{good + "main.c -o bin/prog " + leak}, want: []string{"error needed-host libleak.so.1"}},
	{name: "library", cc: []string{library + "f.c -o lib/libf.so " + leak}, want: []string{"error needed-host libleak.so.1"}},
	{name: "static-pie", cc: []string{good + "main.c -o bin/prog"}},
	{name: "runpath-host", cc: []string{good + "main.c -o bin/prog -Wl,-rpath,/opt/host/lib"}, want: []string{"error runpath-host /opt/host/lib"}},
	{name: "rpath-host", cc: []string{good + "main.c -o bin/prog -Wl,--disable-new-dtags,-rpath,/opt/host/lib"}, want: []string{"error runpath-host /opt/host/lib"}},
	{name: "runpath-gone", cc: []string{good + "main.c -o bin/prog -Wl,-rpath,/builder/tmp/lib"}, want: []string{"error runpath-host /builder/tmp/lib"}},
	{name: "runpath-default", cc: []string{good + "main.c -o bin/prog -Wl,-rpath,/usr/lib"}, want: []string{"warning runpath-host /usr/lib"}},
	{name: "runpath-origin", cc: []string{good + "main.c -o bin/prog -Wl,-rpath,$ORIGIN/../../../host/lib"}, want: []string{"error runpath-host $ORIGIN/../../../host/lib"}},
	{name: "runpath-empty", cc: []string{good + "main.c -o bin/prog -Wl,-rpath,@/lib::@/more"}, want: []string{"error runpath-unsafe"}},
	{name: "runpath-relative", cc: []string{good + "main.c -o bin/prog -Wl,-rpath,lib"}, want: []string{"error runpath-unsafe lib"}},
	{name: "runpath-public", cc: []string{good + "main.c -o bin/prog -Wl,-rpath,/opt/public/lib"}, want: []string{"error runpath-unsafe /opt/public/lib"}},
	{name: "musl", cc: []string{good + "main.c -o bin/prog -Wl,--dynamic-linker,/lib/ld-musl-x86_64.so.1"}, want: []string{"error interpreter /lib/ld-musl-x86_64.so.1"}},
	{name: "interpreter-host", cc: []string{good + "main.c -o bin/prog -Wl,--dynamic-linker,/opt/host/ld.so"}, want: []string{"error interpreter /opt/host/ld.so"}},
	{name: "interpreter-gone", cc: []string{good + "main.c -o bin/prog -Wl,--dynamic-linker,@/lib/ld.so"}, want: []string{"error interpreter @/lib/ld.so"}},
	{name: "undeclared", cc: []string{good + "main.c -o bin/prog -Wl,-rpath,%/zlib/lib -L%/zlib/lib -Wl,--no-as-needed -l:libown.so.1"}, want: []string{"warning undeclared libown.so.1"}},
	{name: "runtime-own", cc: []string{good + "main.c -o bin/prog -Wl,--no-as-needed -lgcc_s"}, policy: Policy{Runtime: RuntimeOwn}, want: []string{"error runtime libgcc_s.so.1"}},
	{name: "runtime-static", cc: []string{good + "main.c -o bin/prog -Wl,--no-as-needed -lgcc_s"}, policy: Policy{Runtime: RuntimeStatic}, want: []string{"error runtime libgcc_s.so.1"}},
	{name: "runtime-allow", cc: []string{good + "main.c -o bin/prog -Wl,--no-as-needed -lgcc_s"}},
	{name: "glibc-version", cc: []string{good + "main.c -o bin/prog"}, policy: Policy{MaxGlibc: "2.0"}, want: []string{"error glibc-version *"}},
	{name: "dlopen-host", cc: []string{good + "dlopen.c -o bin/prog -ldl -DNAME=libleak.so.1"}, want: []string{"warning dlopen libleak.so.1"}},
	{name: "dlopen-path", cc: []string{good + "dlopen.c -o bin/prog -ldl -DNAME=/opt/host/lib/libleak.so.1"}, want: []string{"warning dlopen /opt/host/lib/libleak.so.1"}},
	{name: "dlopen-nothing", cc: []string{good + "dlopen.c -o bin/prog -ldl -DNAME=libnothing.so.7"}, want: []string{"note dlopen libnothing.so.7"}},
	{name: "dlopen-own", cc: []string{good + "dlopen.c -o bin/prog -ldl -DNAME=libplug.so", library + "f.c -o lib/libplug.so"}},
	{name: "textrel", cc: []string{"-fno-pic -mcmodel=large -fstack-protector-strong -shared -Wl,-z,notext text.c -o lib/libf.so"}, want: []string{"warning textrel"}},
	{name: "relro", cc: []string{library + "-Wl,-z,norelro f.c -o lib/libf.so"}, want: []string{"warning relro"}},
	{name: "pie", cc: []string{"-fno-pie -no-pie -fstack-protector-strong -Wl,-z,relro main.c -o bin/prog"}, want: []string{"warning pie"}},
	{name: "exec-stack", cc: []string{strings.Replace(library, "noexecstack", "execstack", 1) + "f.c -o lib/libf.so"}, want: []string{"warning exec-stack"}},
	{name: "stack-protector", cc: []string{"-fno-stack-protector -fPIC -shared -Wl,-z,relro buffer.c -o lib/libf.so"}, want: []string{"warning stack-protector"}},
	{name: "protected", cc: []string{library + "buffer.c -o lib/libf.so"}},
	{name: "archive", cc: []string{"-c f.c -o lib/f.o"}, files: map[string]string{"lib/libf.a": "!<arch>\n"}, want: []string{"note archive"}},
}

var sources = map[string]string{
	"main.c":   "int main(void) { return 0; }\n",
	"f.c":      "int f(void) { return 1; }\n",
	"text.c":   "int g(int); int (*p(void))(int) { return g; } int g(int a) { return a; } void *q = (void *)g; void *r(void) { return &q; }\n",
	"buffer.c": "#include <string.h>\nint f(char *s) { char b[99]; strcpy(b, s); return b[1]; }\n",
	"dlopen.c": "#include <dlfcn.h>\n#define S2(x) #x\n#define S(x) S2(x)\nint main(void) { return dlopen(S(NAME), RTLD_LAZY) == 0; }\n",
}

var handmade = []seed{
	{name: "zlib", elves: map[string]made{"lib/libown.so.1": {soname: "libown.so.1"}}, links: map[string]string{"lib/libown.so": "libown.so.1"},
		files: map[string]string{"lib/pkgconfig/own.pc": "Libs: -lown\n", "bin/tool": "#!/bin/sh\n"}},
	{name: "missing", elves: map[string]made{"bin/prog": {interp: "LD", needed: []string{"libnowhere.so.3"}}}, want: []string{"error needed-missing libnowhere.so.3"}},
	{name: "by-path", elves: map[string]made{"lib/f.so": {needed: []string{"/opt/host/lib/libleak.so.1"}}}, want: []string{"error needed-host /opt/host/lib/libleak.so.1"}},
	{name: "relative", elves: map[string]made{"lib/f.so": {needed: []string{"lib/libleak.so.1"}}}, want: []string{"error needed-missing lib/libleak.so.1"}},
	{name: "linked", elves: map[string]made{"lib/f.so": {needed: []string{"libleak.so.1"}, runpath: "$ORIGIN"}}, links: map[string]string{"lib/libleak.so.1": "%/../host/opt/host/lib/libleak.so.1"},
		want: []string{"error needed-host libleak.so.1", "warning symlink %/../host/opt/host/lib/libleak.so.1"}},
	{name: "no-library", elves: map[string]made{"lib/f.so": {needed: []string{"libtext.so.1"}, runpath: "$ORIGIN"}}, files: map[string]string{"lib/libtext.so.1": "GROUP ( libown.so.1 )\n"},
		want: []string{"error needed-missing libtext.so.1"}},
	{name: "filter", elves: map[string]made{"lib/f.so": {filter: []string{"libleak.so.1"}}}, want: []string{"error needed-host libleak.so.1"}},
	{name: "auxiliary", elves: map[string]made{"lib/f.so": {optional: []string{"libnowhere.so.1", "libleak.so.1"}}}, want: []string{"error needed-host libleak.so.1"}},
	{name: "libcrypt", elves: map[string]made{"lib/f.so": {needed: []string{"libcrypt.so.1"}}}, want: []string{"error needed-missing libcrypt.so.1"}},
	{name: "private", elves: map[string]made{"lib/f.so": {needed: []string{"libc.so.6"}, imports: []imported{{"__secret", "libc.so.6", "GLIBC_PRIVATE"}}}}, want: []string{"error glibc-private libc.so.6"}},
	{name: "ceiling", elves: map[string]made{"lib/f.so": {needed: []string{"libc.so.6"}, imports: []imported{{"old", "libc.so.6", "GLIBC_2.17"}, {"new", "libc.so.6", "GLIBC_2.30"}, {"dt", "libc.so.6", "GLIBC_ABI_DT_RELR"}}}},
		policy: Policy{MaxGlibc: "2.17"}, want: []string{"error glibc-version GLIBC_ABI_DT_RELR"}},
	{name: "loaded", elves: map[string]made{"bin/prog": {interp: "LD", rpath: "%/zlib/lib", needed: []string{"libown.so.1"}, imports: []imported{{"dlopen", "", ""}}}, "lib/plugin.so": {needed: []string{"libown.so.1"}}},
		needs: []string{"zlib"}, want: []string{"note needed-loaded libown.so.1"}},
	{name: "not-loaded", elves: map[string]made{"bin/prog": {interp: "LD", runpath: "%/zlib/lib", needed: []string{"libown.so.1"}}, "lib/plugin.so": {needed: []string{"libown.so.1"}}},
		needs: []string{"zlib"}, want: []string{"error needed-missing libown.so.1"}},
	{name: "chain", elves: map[string]made{"bin/prog": {interp: "LD", rpath: "%/zlib/lib:$ORIGIN/../lib", needed: []string{"libmid.so"}}, "lib/libmid.so": {needed: []string{"libown.so.1"}}},
		needs: []string{"zlib"}, want: []string{"note needed-loaded libown.so.1"}},
	{name: "foreign", elves: map[string]made{"bin/prog": {machine: elf.EM_ALPHA, interp: "/lib/ld-linux.so.2"}}, want: []string{"error interpreter /lib/ld-linux.so.2", "note foreign EM_ALPHA"}},
	{name: "truncated", files: map[string]string{"lib/f.so": "\x7fELF\x02\x01\x01"}, want: []string{"warning malformed"}},
	{name: "cut", files: map[string]string{"lib/f.so": string(makeELF(made{soname: "f.so"})[:500])}, want: []string{"warning malformed"}},

	{name: "shebang", files: map[string]string{"bin/a": "#!/usr/bin/perl -w\n", "bin/b": "#! /usr/bin/perl -w\n", "bin/sh": "#!/bin/sh\n", "bin/env": "#!/usr/bin/env sh\n"}, want: []string{"warning shebang /usr/bin/perl"}},
	{name: "env", files: map[string]string{"bin/a": "#!/usr/bin/env perl\n", "bin/b": "#!/usr/bin/env -S perl -w\n"}, want: []string{"warning shebang env perl"}},
	{name: "env-own", files: map[string]string{"bin/a": "#!/usr/bin/env tool\n"}, needs: []string{"zlib"}, want: []string{"note shebang env tool"}},
	{name: "own-interpreter", files: map[string]string{"bin/a": "#!%/zlib/bin/tool\n"}, needs: []string{"zlib"}},
	{name: "shebang-undeclared", files: map[string]string{"bin/a": "#!%/zlib/bin/tool\n"}, want: []string{"warning undeclared %/zlib/bin/tool"}},
	{name: "shebang-gone", files: map[string]string{"bin/a": "#!@/bin/python\n"}, want: []string{"warning shebang @/bin/python"}},
	{name: "shebang-long", files: map[string]string{"bin/a": "#!/" + strings.Repeat("x", 300) + "\n"}, want: []string{"warning shebang"}},
	{name: "shebang-relative", files: map[string]string{"bin/a": "#!bin/sh\n"}, want: []string{"warning shebang"}},
	{name: "shebang-return", files: map[string]string{"bin/a": "#!/bin/sh\r\n"}, want: []string{"warning shebang"}},

	{name: "pc-dir", files: map[string]string{"lib/pkgconfig/a.pc": "prefix=/usr\nLibs: -L${prefix}/lib -lm\n"}, want: []string{"warning pkgconfig /usr/lib"}},
	{name: "pc-include", files: map[string]string{"lib/pkgconfig/a.pc": "Cflags: -I/usr/include/x -I${pcfiledir}/../../include\n"}, want: []string{"warning pkgconfig /usr/include/x"}},
	{name: "pc-file", files: map[string]string{"lib/pkgconfig/a.pc": "Libs.private: /opt/host/lib/libleak.so.1\n"}, want: []string{"warning pkgconfig /opt/host/lib/libleak.so.1"}},
	{name: "pc-library", files: map[string]string{"lib/pkgconfig/a.pc": "Libs: -lleak -lown -lpthread\n"}, needs: []string{"zlib"}, want: []string{"warning pkgconfig -lleak"}},
	{name: "pc-requires", files: map[string]string{"lib/pkgconfig/a.pc": "Requires: own >= 1, other\n"}, needs: []string{"zlib"}, want: []string{"warning pkgconfig other"}},
	{name: "la-library", files: map[string]string{"lib/a.la": "dependency_libs=' -L@/lib -lleak -lm'\nlibdir='@/lib'\n"}, want: []string{"warning libtool -lleak"}},
	{name: "la-dir", files: map[string]string{"lib/a.la": "dependency_libs=''\nlibdir='/usr/local/lib'\n"}, want: []string{"warning libtool /usr/local/lib"}},
	{name: "config", files: map[string]string{"bin/a-config": "#!/bin/sh\nif test $d != /usr/lib; then echo -L/usr/lib -lleak -lm; fi\n# -L/opt\necho -L/usr/lib -lleak -lown -long\n"},
		want: []string{"warning config-script -lleak", "warning config-script -lown", "warning config-script /usr/lib"}},
	{name: "cmake", files: map[string]string{"lib/cmake/a/aTargets.cmake": "set_target_properties(a PROPERTIES\n  INTERFACE_LINK_LIBRARIES \"/opt/host/lib/libleak.so.1;m;\\$<LINK_ONLY:leak>;own::own\"\n  INTERFACE_INCLUDE_DIRECTORIES \"/usr/include\")\n"},
		want: []string{"warning cmake -lleak", "warning cmake /opt/host/lib/libleak.so.1", "warning cmake /usr/include"}},
	{name: "linker-script", files: map[string]string{"lib/liba.so": "/* GNU ld script */\nGROUP ( /opt/host/lib/libleak.so.1 AS_NEEDED ( -lown ) )\n"}, needs: []string{"zlib"},
		want: []string{"warning linker-script /opt/host/lib/libleak.so.1"}},

	{name: "link-host", links: map[string]string{"share/zone": "%/../host/usr/bin/perl", "null": "/dev/null", "self": "share"}, want: []string{"warning symlink %/../host/usr/bin/perl"}},
	{name: "link-dangling", links: map[string]string{"lib/a": "nothing"}, want: []string{"warning symlink nothing"}},
	{name: "link-loop", links: map[string]string{"lib/a": "b", "lib/b": "a"}, want: []string{"warning symlink a", "warning symlink b"}},
	{name: "link-undeclared", links: map[string]string{"bin/a": "%/zlib/bin/tool"}, want: []string{"warning undeclared %/zlib/bin/tool"}},
	{name: "writable", files: map[string]string{"etc/a": "x"}, modes: map[string]fs.FileMode{"etc/a": 0o666}, want: []string{"error world-writable -rw-rw-rw-"}},
	{name: "writable-dir", files: map[string]string{"var/a": "x"}, modes: map[string]fs.FileMode{"var": 0o777}, want: []string{"error world-writable drwxrwxrwx"}},
	{name: "sticky", files: map[string]string{"tmp/a": "x"}, modes: map[string]fs.FileMode{"tmp": 0o777 | fs.ModeSticky}, want: []string{"warning world-writable dtrwxrwxrwx"}},
	{name: "setuid", files: map[string]string{"bin/a": "x"}, modes: map[string]fs.FileMode{"bin/a": 0o755 | fs.ModeSetuid}, want: []string{"error setuid urwxr-xr-x"}},
	{name: "setgid", files: map[string]string{"bin/a": "x"}, modes: map[string]fs.FileMode{"bin/a": 0o755 | fs.ModeSetgid}, want: []string{"error setuid grwxr-xr-x"}},
	{name: "allowed", elves: map[string]made{"bin/prog": {interp: "LD", needed: []string{"libleak.so.1"}}}, policy: Policy{Allow: []Allow{{KindNeededHost, "libleak.*", "it is on all our machines"}}},
		want: []string{"note needed-host libleak.so.1"}},
}

// TestSeeded finds each leak that is put into a part, and nothing else.
func TestSeeded(t *testing.T) {
	base := t.TempDir()
	if err := os.Rename(hostRoot(t), base+"/host"); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(base+"/host/opt/public/lib", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(base+"/host/opt/public/lib", 0o777); err != nil {
		t.Fatal(err)
	}
	seeds := slices.Clone(handmade)
	cc, err := exec.LookPath("cc")
	if err == nil && runtime.GOARCH == "amd64" {
		seeds = append(seeds, compiled...)
	}
	in := Input{Root: base + "/host"}
	for _, s := range seeds {
		s.plant(t, base, cc)
		in.Parts = append(in.Parts, Part{Name: s.name, Roots: []string{base + "/parts/" + s.name}, Needs: s.needs, Policy: s.policy})
	}
	r, err := Audit(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Parts {
		if slices.Contains(p.Dlopen, loaderPath()) {
			t.Errorf("part %s: an interpreter counts as a name for dlopen", p.Part)
		}
	}
	got := map[string][]string{}
	for _, f := range r.Findings {
		got[f.Part] = append(got[f.Part], summary(f))
		if f.Message == "" || !strings.HasPrefix(f.File, base+"/parts/"+f.Part+"/") || f.Level == Error && f.Hint == "" {
			t.Errorf("%+v has no message, hint or file of its part", f)
		}
	}
	for _, s := range seeds {
		s.compare(t, base, got[s.name])
	}
}

// fill puts the directories of a test into a text.
func (s *seed) fill(base, text string) string {
	text = strings.ReplaceAll(text, "@", base+"/parts/"+s.name)
	return strings.ReplaceAll(text, "%", base+"/parts")
}

// compare compares the findings of a part with what was put into it.
func (s *seed) compare(t *testing.T, base string, got []string) {
	t.Helper()
	var want []string
	for _, w := range s.want {
		want = append(want, s.fill(base, w))
	}
	slices.Sort(got)
	slices.Sort(want)
	same := len(got) == len(want)
	for i := range want {
		same = same && match(want[i], got[i])
	}
	if !same {
		t.Errorf("part %s:\ngot  %q\nwant %q", s.name, got, want)
	}
}

// plant makes the files of a part.
func (s *seed) plant(t *testing.T, base, cc string) {
	t.Helper()
	dir := base + "/parts/" + s.name + "/"
	for _, d := range []string{"bin", "lib"} {
		if err := os.MkdirAll(dir+d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range s.files {
		mode := fs.FileMode(0o644)
		if strings.HasPrefix(text, "#!") {
			mode = 0o755
		}
		put(t, dir+name, s.fill(base, text), mode)
	}
	for name, m := range s.elves {
		m.rpath, m.runpath = s.fill(base, m.rpath), s.fill(base, m.runpath)
		if kind, _ := machineOf(native()); m.interp == "LD" {
			m.interp = kind.loaders[0]
		}
		putELF(t, dir+name, m)
	}
	for name, to := range s.links {
		link(t, s.fill(base, to), dir+name)
	}
	s.compile(t, base, dir, cc)
	for name, mode := range s.modes {
		if err := os.Chmod(dir+name, mode); err != nil {
			t.Fatal(err)
		}
	}
}

// compile runs the compiler. Its sources go away: they are no files of a part.
func (s *seed) compile(t *testing.T, base, dir, cc string) {
	t.Helper()
	for _, line := range s.cc {
		work := t.TempDir()
		for name, text := range sources {
			put(t, filepath.Join(work, name), text, 0o644)
		}
		words := strings.Fields(s.fill(base, line))
		for i, word := range words {
			if word == "-o" {
				words[i+1] = dir + words[i+1]
			}
		}
		c := exec.Command(cc, words...)
		c.Dir = work
		c.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TMPDIR=" + work}
		if text, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", c.Args, err, text)
		}
	}
}
