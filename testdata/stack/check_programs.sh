# Checks of single programs, for check.sh: one function check_NAME each, and the
# lists of the checks of each stack. Sourced, not run.

checks_of_quick() {
	echo zlib bzip2 pkgconf hello libpng
}

checks_of_small() {
	echo zlib bzip2 xz lz4 m4 patch pkgconf ncurses readline gdbm pcre2 libffi hello less
}

checks_of_medium() {
	checks_of_small
	echo zstd autoconf automake libtool libxcrypt expat openssl certificate tclsh sqlite3 xmllint \
		libevent curl python python_modules python_curses nginx haproxy memcached redis postgresql
}

# compile_with CFILE FLAGS... builds and runs a C program against parts.
compile_with() {
	local source=$1
	shift
	"${CC:-cc}" -o "${source%.c}" "$source" "$@"
	"./${source%.c}"
}

# flags PART... puts the compiler flags that find these parts into the array
# flags.
flags() {
	local name prefix
	flags=()
	for name in "$@"; do
		prefix=$(part "$name")
		flags+=("-I$prefix/include" "-L$prefix/lib" "-Wl,-rpath,$prefix/lib")
	done
}

check_zlib() {
	cat >z.c <<-'EOF'
		#include <stdio.h>
		#include <string.h>
		#include <zlib.h>
		int main(void) {
			Bytef in[] = "hello hello hello", packed[100], out[100];
			uLongf n = sizeof packed, m = sizeof out;
			if (compress(packed, &n, in, sizeof in) != Z_OK) return 1;
			if (uncompress(out, &m, packed, n) != Z_OK) return 2;
			return strcmp((char *)in, (char *)out) || strcmp(zlibVersion(), ZLIB_VERSION);
		}
	EOF
	flags zlib
	compile_with z.c "${flags[@]}" -lz
}

check_bzip2() {
	local bin
	bin=$(part bzip2)/bin
	equal "$(echo packed | "$bin/bzip2" | "$bin/bunzip2")" packed
	echo needle | "$bin/bzip2" >b.bz2
	equal "$(PATH=$bin:$PATH "$bin/bzgrep" needle b.bz2)" needle
	[ "$(readlink "$bin/bzegrep")" = bzgrep ]
}

check_xz() {
	local bin
	bin=$(part xz-utils)/bin
	equal "$(echo packed | "$bin/xz" | "$bin/xz" -d)" packed
	equal "$(echo packed | "$bin/lzma" | "$bin/unxz")" packed
}

check_lz4() {
	local bin
	bin=$(part lz4)/bin
	equal "$(echo packed | "$bin/lz4" -c | "$bin/lz4" -dc)" packed
}

check_m4() {
	equal "$(echo 'define(`x'\'', `$1 and $1'\'')x(m4)' | "$(part m4)/bin/m4")" "m4 and m4"
}

check_patch() {
	printf 'one\ntwo\n' >p.txt
	printf -- '--- p.txt\n+++ p.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n' >p.diff
	"$(part patch)/bin/patch" -p0 <p.diff
	equal "$(cat p.txt)" $'one\nthree'
}

check_pkgconf() {
	local bin
	bin=$(part pkgconf)/bin
	equal "$("$bin/pkgconf" --version)" 1.8.1
	equal "$(PKG_CONFIG_PATH=$(part zlib)/lib/pkgconfig "$bin/pkg-config" --libs-only-l zlib | tr -d ' ')" -lz
}

check_ncurses() {
	local bin
	bin=$(part ncurses)/bin
	prints "xterm-256color" env TERM=xterm-256color "$bin/infocmp"
	equal "$(TERM=xterm "$bin/tput" colors)" 8
}

check_readline() {
	cat >rl.c <<-'EOF'
		#include <stdio.h>
		#include <string.h>
		#include <readline/readline.h>
		int main(void) {
			char *line = readline("");
			return line == NULL || strcmp(line, "typed") || strcmp(rl_library_version, "8.2");
		}
	EOF
	echo typed >rl.in
	flags readline ncurses
	"${CC:-cc}" -o rl rl.c "${flags[@]}" -lreadline -ltinfow
	TERM=dumb ./rl <rl.in
}

check_gdbm() {
	local bin
	bin=$(part gdbm)/bin
	"$bin/gdbmtool" g.db store key value
	equal "$("$bin/gdbmtool" g.db fetch key)" value
}

check_pcre2() {
	local bin
	bin=$(part pcre2)/bin
	equal "$(printf 'ab12\ncd\n' | "$bin/pcre2grep" -o '(?<=b)\d+')" 12
	prints 10.42 "$bin/pcre2-config" --version
	prints "Just-in-time compiler support:" "$bin/pcre2test" -C
}

check_libffi() {
	cat >ffi.c <<-'EOF'
		#include <ffi.h>
		static int add(int a, int b) { return a + b; }
		int main(void) {
			ffi_cif cif; ffi_type *types[] = {&ffi_type_sint, &ffi_type_sint};
			int a = 40, b = 2; void *values[] = {&a, &b}; ffi_arg sum;
			if (ffi_prep_cif(&cif, FFI_DEFAULT_ABI, 2, &ffi_type_sint, types) != FFI_OK) return 1;
			ffi_call(&cif, FFI_FN(add), &sum, values);
			return (int)sum != 42;
		}
	EOF
	flags libffi
	compile_with ffi.c "${flags[@]}" -lffi
}

check_hello() {
	equal "$("$(part hello)/bin/hello")" "Hello, world!"
}

check_less() {
	prints "less 590" "$(part less)/bin/less" --version
	prints "PCRE2" "$(part less)/bin/less" --version
	echo paged >less.txt
	equal "$("$(part less)/bin/less" less.txt)" paged
}

check_libpng() {
	local bin
	bin=$(part libpng)/bin
	equal "$("$bin/libpng-config" --version)" 1.6.39
	# one black pixel
	base64 -d >dot.png <<-'EOF'
		iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==
	EOF
	"$bin/pngfix" --out=fixed.png dot.png
	[ -s fixed.png ]
}

check_zstd() {
	local bin
	bin=$(part libzstd)/bin
	equal "$(echo packed | "$bin/zstd" -c | "$bin/zstd" -dc)" packed
	equal "$(echo packed | "$bin/zstd" --format=xz -c | "$(part xz-utils)/bin/xz" -dc)" packed
	equal "$(echo packed | "$bin/zstd" --format=lz4 -c | "$(part lz4)/bin/lz4" -dc)" packed
	equal "$(echo packed | "$bin/zstd" --format=gzip -c | gzip -dc)" packed
}

# tools_path prints the PATH that finds the build tools of the stack.
tools_path() {
	echo "$(part autoconf)/bin:$(part automake-1.16)/bin:$(part libtool)/bin:$(part m4)/bin:$PATH"
}

check_autoconf() {
	mkdir -p ac
	cd ac
	printf 'AC_INIT([probe], [1.5])\nAC_OUTPUT\n' >configure.ac
	PATH=$(tools_path) autoconf
	prints "probe configure 1.5" ./configure --version
}

check_automake() {
	mkdir -p am
	cd am
	printf 'AC_INIT([probe], [1.5])\nAM_INIT_AUTOMAKE([foreign])\nAC_PROG_CC\nAC_CONFIG_FILES([Makefile])\nAC_OUTPUT\n' >configure.ac
	printf 'bin_PROGRAMS = probe\n' >Makefile.am
	printf 'int main(void) { return 0; }\n' >probe.c
	PATH=$(tools_path) autoreconf -i
	./configure
	make
	./probe
}

check_libtool() {
	prints 2.4.7 "$(part libtool)/bin/libtool" --version
	printf 'int f(void) { return 42; }\n' >lt.c
	"$(part libtool)/bin/libtool" --tag=CC --mode=compile "${CC:-cc}" -c lt.c
}

check_libxcrypt() {
	cat >cr.c <<-'EOF'
		#include <crypt.h>
		#include <string.h>
		int main(void) {
			char *h = crypt("secret", "$6$saltstring");
			return h == NULL || strncmp(h, "$6$saltstring$", 14);
		}
	EOF
	flags libxcrypt
	compile_with cr.c "${flags[@]}" -lcrypt
}

check_expat() {
	local bin
	bin=$(part expat)/bin
	echo '<a><b/></a>' >e.xml
	equal "$("$bin/xmlwf" e.xml)" ""
	echo '<a><b></a>' >bad.xml
	prints "mismatched tag" sh -c '"$1" bad.xml || true' sh "$bin/xmlwf"
}

check_openssl() {
	local bin
	bin=$(part openssl)/bin
	prints "OpenSSL 3.0.20" "$bin/openssl" version
	equal "$(printf abc | "$bin/openssl" sha256 -r | cut -c1-16)" ba7816bf8f01cfea
	equal "$("$bin/openssl" list -disabled | grep -c ZLIB || true)" 0
}

check_certificate() {
	local ssl
	ssl=$(part openssl)/bin/openssl
	"$ssl" req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 \
		-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1
	equal "$("$ssl" verify -CAfile cert.pem cert.pem)" "cert.pem: OK"
}

check_tclsh() {
	equal "$(echo 'puts [expr {6 * 7}]' | "$(part tcl8.6)/bin/tclsh")" 42
	equal "$(echo 'puts [zlib inflate [zlib deflate packed]]' | "$(part tcl8.6)/bin/tclsh8.6")" packed
}

check_sqlite3() {
	local sql
	sql=$(part sqlite3)/bin/sqlite3
	equal "$("$sql" :memory: "create table t(a); insert into t values (1), (2); select sum(a) from t")" 3
	equal "$("$sql" :memory: "create virtual table f using fts5(x); insert into f values ('some words'); select x from f('words')")" "some words"
}

check_xmllint() {
	echo '<a><b>text</b></a>' >x.xml
	equal "$("$(part libxml2)/bin/xmllint" --xpath 'string(/a/b)' x.xml)" text
}

check_libevent() {
	cat >ev.c <<-'EOF'
		#include <event2/event.h>
		static void fired(evutil_socket_t fd, short what, void *arg) { *(int *)arg = 1; }
		int main(void) {
			int done = 0; struct timeval soon = {0, 1000};
			struct event_base *base = event_base_new();
			struct event *ev = event_new(base, -1, 0, fired, &done);
			event_add(ev, &soon);
			event_base_dispatch(base);
			return !done;
		}
	EOF
	flags libevent
	compile_with ev.c "${flags[@]}" -levent
}

check_curl() {
	local curl
	curl=$(part curl)/bin/curl
	echo content >c.txt
	equal "$("$curl" -s "file://$PWD/c.txt")" content
	prints "zstd" "$curl" --version
	prints "OpenSSL/3.0.20" "$curl" --version
}

check_python() {
	equal "$("$(part python3.11)/bin/python3.11" -c 'import sys; print(sys.version_info[:3], sys.prefix)')" \
		"(3, 11, 2) $(part python3.11)"
}

check_python_modules() {
	"$(part python3.11)/bin/python3.11" -c '
import bz2, crypt, ctypes, dbm.gnu, hashlib, lzma, pyexpat, readline, sqlite3, ssl, zlib
for m in bz2, lzma, zlib:
    assert m.decompress(m.compress(b"packed")) == b"packed", m
assert ssl.OPENSSL_VERSION.startswith("OpenSSL 3.0.20"), ssl.OPENSSL_VERSION
assert sqlite3.connect(":memory:").execute("select 6 * 7").fetchone() == (42,)
assert sqlite3.sqlite_version == "3.40.1", sqlite3.sqlite_version
assert ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x: x + 1)(41) == 42
assert crypt.crypt("secret", "$6$saltstring").startswith("$6$saltstring$")
assert hashlib.new("sha3_256", b"").hexdigest().startswith("a7ffc6f8")
with dbm.gnu.open("py.db", "c") as d:
    d["key"] = "value"
assert pyexpat.EXPAT_VERSION == "expat_2.5.0", pyexpat.EXPAT_VERSION
'
}

check_python_curses() {
	TERM=xterm "$(part python3.11)/bin/python3.11" -c '
import curses, curses.panel
curses.setupterm()
assert curses.tigetnum("colors") == 8'
}
