package pure

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// traced returns what a Trace tells of a file in a build, without where it stands.
func traced(t *testing.T, name, text string, more ...string) []string {
	t.Helper()
	v := look(t, Config{Root: machineOf(t, append(more, debian...)...), Path: "/usr/bin", Tools: []string{"perl"}})
	dir := t.TempDir()
	must(t, os.MkdirAll(dir+"/sub", 0o777))
	path := dir + "/sub/" + name
	must(t, os.WriteFile(path, []byte(text), 0o666))
	trace := NewTrace(v)
	var list []string
	for _, line := range trace.Look(dir) {
		line, ok := strings.CutSuffix(line, ": "+path+" notes it")
		if !ok {
			t.Errorf("%q does not name the file", line)
		}
		list = append(list, line)
	}
	if again := trace.Look(dir); len(again) > 0 {
		t.Errorf("told again: %q", again)
	}
	return list
}

func TestTraceConfigure(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"program":                  {"ac_cv_path_PYTHON=/usr/bin/python3\n", []string{"found the program /usr/bin/python3 of this machine"}},
		"program with words":       {"ac_cv_path_PYTHON='/usr/bin/python3 -s'\n", []string{"found the program /usr/bin/python3 of this machine"}},
		"program of the view":      {"ac_cv_path_PERL=/usr/bin/perl\nac_cv_path_SED=/usr/bin/awk\n", nil},
		"program of a part":        {"ac_cv_path_M4=/b/parts/m4/bin/m4\n", nil},
		"not found":                {"ac_cv_header_zlib_h=no\nac_cv_lib_z_inflate=no\nac_cv_path_X=\n", nil},
		"header":                   {"ac_cv_header_zlib_h=yes\n", []string{"found the header <zlib.h> of this machine"}},
		"header in a directory":    {"ac_cv_header_openssl_ssl_h=yes\n", []string{"found the header <openssl/ssl.h> of this machine"}},
		"header of the machine":    {"ac_cv_header_zconf_h=yes\n", []string{"found the header <zconf.h> of this machine"}},
		"header of glibc":          {"ac_cv_header_stdio_h=yes\nac_cv_header_sys_types_h=yes\nac_cv_header_linux_types_h=yes\n", nil},
		"shared directory":         {"ac_cv_header_netinet_sctp_h=yes\nac_cv_header_netinet_in_h=yes\n", []string{"found the header <netinet/sctp.h> of this machine"}},
		"library":                  {"ac_cv_lib_z_inflate_init=yes\n", []string{"found the library /usr/lib/x86_64-linux-gnu/libz.a of this machine"}},
		"library of glibc":         {"ac_cv_lib_m_cos=yes\n", nil},
		"searched":                 {"ac_cv_search_crypt=-lcrypt\n", []string{"found the library /usr/lib/x86_64-linux-gnu/libcrypt.so of this machine"}},
		"none required":            {"ac_cv_search_dlopen='none required'\n", nil},
		"pkg-config":               {"pkg_cv_Z_LIBS=-lz\n", []string{"found the library /usr/lib/x86_64-linux-gnu/libz.a of this machine"}},
		"no notes":                 {"this file is no config.log\n", nil},
		"header of a part as well": {"ac_cv_header_zlib_h=yes\nCPPFLAGS='-I/part/include'\n", nil},
		"library of a part":        {"ac_cv_lib_z_inflate=yes\nLDFLAGS='-L/part/lib'\n", nil},
	} {
		got := traced(t, "config.log", c.text, "/part/include/zlib.h", "/part/lib/libz.so")
		for i := range got { // either file is right
			got[i] = strings.Replace(got[i], "libz.so", "libz.a", 1)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestTraceCMake(t *testing.T) {
	text := "ZLIB_LIBRARY:FILEPATH=/usr/lib/x86_64-linux-gnu/libz.so\nZLIB_INCLUDE_DIR:PATH=/usr/include\nSSL_DIR:PATH=/usr/include/openssl\n" +
		"M:FILEPATH=/usr/lib/x86_64-linux-gnu/libm.so\nPYTHON:FILEPATH=/usr/bin/python3\nOWN:FILEPATH=/b/lib/libz.so\nX:BOOL=ON\n"
	want := []string{"found the headers /usr/include/openssl of this machine", "found the library /usr/lib/x86_64-linux-gnu/libz.so of this machine",
		"found the program /usr/bin/python3 of this machine"}
	if got := traced(t, "CMakeCache.txt", text); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func FuzzTrace(f *testing.F) {
	f.Add("ac_cv_lib_z_inflate=yes\nA:FILEPATH=/usr/bin/x\n")
	trace := NewTrace(&View{Programs: map[string]string{}, root: f.TempDir()})
	f.Fuzz(func(t *testing.T, text string) {
		trace.configure([]byte(text))
		trace.cmake([]byte(text))
	})
}
