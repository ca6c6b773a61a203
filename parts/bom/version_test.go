package bom

import "testing"

func TestParseURL(t *testing.T) {
	for url, want := range map[string]Upstream{
		"https://zlib.example/zlib-1.3.1.tar.gz":                                      {"zlib", "1.3.1"},
		"https://x.example/openssl-3.0.20.tar.gz?mirror=1#top":                        {"openssl", "3.0.20"},
		"https://x.example/openssl-1.1.1w.tar.gz":                                     {"openssl", "1.1.1w"},
		"mirror/redis_7.0.15.orig.tar.gz":                                             {"redis", "7.0.15"},
		"mirror/libxml2_2.9.14+dfsg.orig.tar.xz":                                      {"libxml2", "2.9.14"},
		"mirror/libzstd_1.5.4+dfsg2.orig.tar.xz":                                      {"libzstd", "1.5.4"},
		"mirror/zlib_1.2.13.dfsg.orig.tar.bz2":                                        {"zlib", "1.2.13"},
		"mirror/tcl8.6_8.6.13+dfsg.orig.tar.gz":                                       {"tcl8.6", "8.6.13"},
		"mirror/sqlite3_3.40.1.orig-www.tar.xz":                                       {"sqlite3", "3.40.1"},
		"mirror/postgresql-15_15.18.orig.tar.bz2":                                     {"postgresql-15", "15.18"},
		"mirror/libevent_2.1.12-stable.orig.tar.gz":                                   {"libevent", "2.1.12-stable"},
		"mirror/automake-1.16_1.16.5.orig.tar.xz":                                     {"automake-1.16", "1.16.5"},
		"https://x.example/libevent-2.1.12-stable.tar.gz":                             {"libevent", "2.1.12-stable"},
		"https://x.example/boost_1_84_0.tar.bz2":                                      {"boost", "1.84.0"},
		"https://x.example/Python-3.11.2.tgz":                                         {"Python", "3.11.2"},
		"https://x.example/tcl8.6.13-src.tar.gz":                                      {"tcl", "8.6.13"},
		"https://x.example/node-v18.19.0-linux-x64.tar.xz":                            {"node", "18.19.0"},
		"https://x.example/jpegsrc.v9e.tar.gz":                                        {"jpegsrc", "9e"},
		"https://x.example/sqlite-autoconf-3400100.tar.gz":                            {"sqlite-autoconf", "3400100"},
		"https://x.example/ncurses-6.4-20230107.tgz":                                  {"ncurses", "6.4-20230107"},
		"https://x.example/foo-1.0rc1.tar.xz":                                         {"foo", "1.0rc1"},
		"https://x.example/foo-1.0-beta.2.zip":                                        {"foo", "1.0-beta.2"},
		"https://files.example/six-1.16.0-py2.py3-none-any.whl":                       {"six", "1.16.0"},
		"https://sourceforge.example/projects/x/files/expect5.45.4.tar.gz/download":   {"expect", "5.45.4"},
		"https://github.com/madler/zlib/archive/refs/tags/v1.3.1.tar.gz":              {"zlib", "1.3.1"},
		"https://github.com/unicode-org/icu/archive/release-74-2.tar.gz":              {"icu", "74-2"},
		"https://github.com/o/r/archive/0123456789abcdef0123456789abcdef01234567.zip": {"r", "0123456789abcdef0123456789abcdef01234567"},
		"https://github.com/libexpat/libexpat/archive/refs/tags/R_2_5_0.tar.gz":       {"libexpat", "2.5.0"},
		"https://codeload.github.com/jemalloc/jemalloc/tar.gz/5.3.0":                  {"jemalloc", "5.3.0"},
		"https://github.com/o/lib/releases/download/v2.0/lib-2.0.tar.gz":              {"lib", "2.0"},
		"https://gitlab.example/g/tool/-/archive/v0.9/v0.9.tar.gz":                    {"tool", "0.9"},
		"https://x.example/v1.2.3.tar.gz":                                             {"", "1.2.3"},
		"https://x.example/latest.tar.gz":                                             {"latest", ""},
		"https://x.example/foo-master.tar.gz":                                         {"foo-master", ""},
		"https://x.example/unzip60.tar.gz":                                            {"unzip60", ""},
		"https://x.example/tool-2fast2furious.tar.gz":                                 {"tool-2fast2furious", ""},
		"https://x.example/install.sh":                                                {"install.sh", ""},
		"https://x.example/":                                                          {"", ""},
		"":                                                                            {"", ""},
		"://\x7f":                                                                     {"\x7f", ""},
	} {
		if got := ParseURL(url); got != want {
			t.Errorf("%s: got %+v, want %+v", url, got, want)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	for _, s := range []string{"https://github.com/a/b/archive/v1.tar.gz", "x_1.orig.tar.gz", "a-1_2.tgz"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if u := ParseURL(text); u.Version != "" && len(u.Version) > len(text) {
			t.Errorf("%q: version %q", text, u.Version)
		}
	})
}
