package elf

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// refText is a reference as tests write it.
func refText(r ref) string {
	name := [...]string{"dir", "include", "lib", "file", "package", "interpreter", "env", "broken"}[r.kind]
	return fmt.Sprintf("%d %s %s", r.line, name, r.value)
}

func TestText(t *testing.T) {
	for _, c := range []struct{ kind, content, want string }{
		{KindPkgConfig, "prefix=/p\nlibdir=${prefix}/lib\nName: x\nLibs: -L${libdir} \\\n -lz '-L/with space' # -lno\nCflags: -I ${prefix}/i -isystem /s -DX\n",
			"4 dir /p/lib, 4 lib z, 4 dir /with space, 6 include /p/i, 6 include /s"},
		{KindPkgConfig, "a=${b}x\nb=${a}${a}\nLibs: ${b} ${none} -lq\n", "3 lib q"},
		{KindPkgConfig, "Requires: a >= 1.2, b\nRequires.private: c = 3 d\nConflicts: e\n", "1 package a, 1 package b, 2 package c, 2 package d"},
		{KindPkgConfig, "Libs: -Wl,-rpath,/a:/b -Wl,-rpath=/c -R/d -Wl,-z,now /e/libf.so.2 /e/libg.a -framework X\n",
			"1 dir /a, 1 dir /b, 1 dir /c, 1 dir /d, 1 file /e/libf.so.2, 1 file /e/libg.a"},
		{KindLibtool, "# libdir='/no'\ndlname='liba.so.1'\ndependency_libs=' -L/x /p/liby.la -lm'\ninherited_linker_flags=' -pthread'\nlibdir='/p/lib'\n",
			"3 dir /x, 3 file /p/liby.la, 3 lib m, 5 dir /p/lib"},
		{KindConfigScript, "#!/bin/sh\nprefix=/usr\nexec_prefix=${prefix}\nlibdir=\"/usr/lib\"\nopt=/opt/x\n", "2 dir /usr, 4 dir /usr/lib"},
		{KindConfigScript, "echo \"-L/a -lb\" -L$x -l*; ls -l\n  -L/usr/lib) ;;\nif test x = -L/y; then\n[ \"$1\" = -lq ] || echo '-I/inc' /l/libz.so\nsed -e 's/-L/-l/'\n",
			"1 dir /a, 1 lib b"},
		{KindCmake, "# -lno\nset(X \"/usr/lib/libz.so;-L/usr/lib\")\nINTERFACE_LINK_LIBRARIES \"a::b;c;-ld;/l/libe.a;\\$<LINK_ONLY:f>\"\nINTERFACE_INCLUDE_DIRECTORIES \"${_IMPORT_PREFIX}/include;/usr/include\"\n",
			"2 file /usr/lib/libz.so, 2 dir /usr/lib, 3 lib c, 3 lib d, 3 file /l/libe.a, 3 lib f, 4 include /usr/include"},
		{KindLinkerScript, "/* a\n /usr/lib/no.so */\nOUTPUT_FORMAT(elf64-x86-64)\nGROUP ( /l/libc.so.6 /l/x_nonshared.a AS_NEEDED ( -lm ) )\nSEARCH_DIR(/usr/lib)\n",
			"4 file /l/libc.so.6, 4 file /l/x_nonshared.a, 4 lib m, 5 dir /usr/lib"},
		{KindLinkerScript, "just /usr/lib/libz.so\n", ""},
	} {
		var got []string
		for _, r := range parseText(c.kind, "/p/lib/pkgconfig/x", c.content) {
			got = append(got, refText(r))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s %q:\ngot  %s\nwant %s", c.kind, c.content, strings.Join(got, ", "), c.want)
		}
	}
}

func TestShebang(t *testing.T) {
	for line, want := range map[string]string{
		"#!/bin/sh\n": "", "#! /bin/sh -e\n": "", "#!/usr/bin/env sh\n": "", "#!/usr/bin/env -S sh -e\n": "", "#!/bin/bash": "1 interpreter /bin/bash",
		"#!/bin/env sh\n": "1 env sh", "#!/usr/bin/env -S A=1 python3 -u\n": "1 env python3", "#!/usr/bin/env -i /x/y\n": "1 interpreter /x/y",
		"#!/usr/bin/env\n": "1 interpreter /usr/bin/env", "#!\n": "1 broken its first line names no interpreter", "#!/usr/bin/env -Sperl\n": "1 env perl",
	} {
		var got []string
		for _, r := range shebang([]byte(line)) {
			got = append(got, refText(r))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}

func TestTextKind(t *testing.T) {
	for path, want := range map[string]string{
		"/l/x.pc": KindPkgConfig, "/l/x.la": KindLibtool, "/l/x.a": KindArchive, "/b/x-config": KindConfigScript, "/b/python3-config": KindConfigScript,
		"/l/cmake/x/x.cmake": KindCmake, "/share/cmake-3.25/Modules/FindX.cmake": "", "/share/cmake/Modules/FindX.cmake": "", "/l/libx.so": KindLinkerScript,
		"/l/libx.so.1.2": KindLinkerScript, "/x.py": "", "/x.c": "",
	} {
		if got := textKind(path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

func TestShellWords(t *testing.T) {
	for text, want := range map[string][]string{
		` a  "b c" 'd "e' f\ g `: {"a", "b c", `d "e`, "f g"}, `""`: {""}, `a"b`: {"ab"}, `\`: {`\`}, "": nil,
	} {
		if got := shellWords(text); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{{"", "", true}, {"*", "", true}, {"a*c", "abbc", true}, {"a*c", "abcd", false}, {"*.so.*", "libz.so.1", true}, {"a?c", "ac", false}, {"**a", "bca", true}, {"a", "", false}} {
		if got := match(c.pattern, c.text); got != c.want {
			t.Errorf("%q %q: got %v", c.pattern, c.text, got)
		}
	}
}

func TestNamesIn(t *testing.T) {
	found := map[string]bool{}
	namesIn([]byte("liba.so\x00x libb.so.1\x00/p/libc.so.1.2\x00lib%s.so\x00.so\x00libd.sox\x00libe.so.\x00libf.so.1"), true, found)
	if len(found) != 2 || !found["liba.so"] || !found["/p/libc.so.1.2"] {
		t.Errorf("got %v", found)
	}
}

// TestNamesAcrossChunks has a name where two chunks meet.
func TestNamesAcrossChunks(t *testing.T) {
	for _, at := range []int{chunk - 300, chunk - 256, chunk - 5, chunk, chunk + 3} {
		text := make([]byte, 2*chunk)
		copy(text[at:], "libseam.so.1")
		m := readBytes(makeELF(made{imports: []imported{{"dlopen", "", ""}}, text: string(text)}))
		if m.problem != "" || !slices.Equal(m.names, []string{"libseam.so.1"}) {
			t.Errorf("at %d: %q %s", at, m.names, m.problem)
		}
	}
}
