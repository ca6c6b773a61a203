# The place `emptyroot` of moved.sh: sourced, not run. Uses its variables.

# glibc_files prints the loader and the libraries of glibc that programs load.
glibc_files() {
	local file name
	file=$(readlink -f /proc/self/exe)
	name=$(ldd "$file" | sed -n 's/.*=> \(.*\/libc\.so[^ ]*\) .*/\1/p')
	ldd "$file" | sed -n 's/^\t\(\/[^ ]*ld-[^ ]*\) .*/\1/p'
	ls "$(dirname "$name")"/lib{c,m,dl,pthread,rt,resolv,util,nss_files,nss_dns}.so.[0-9] 2>/dev/null
	ls "$(dirname "$name")"/lib{gcc_s,stdc++}.so.[0-9] 2>/dev/null
}

# inroot COMMAND... runs a program with $root as its root directory, where there
# is nothing but the tree, glibc, an empty /tmp, /dev/null, and /proc: the loader
# asks /proc/self/exe what $ORIGIN is.
inroot() {
	env -i PATH=/nowhere HOME=/tmp TERM=xterm "$(command -v unshare)" --map-root-user --mount --pid --fork --mount-proc=/proc --root="$root" --wd=/tmp -- "$@" 2>&1
}

# says TEXT COMMAND... is one check: the output of COMMAND has TEXT in it.
says() {
	local text=$1 got
	shift
	got=$(inroot "$@")
	case $got in
	*"$text"*) echo "ok $*" >>"$work/emptyroot.log" ;;
	*) failed "emptyroot: $*: $got" ;;
	esac
}

small_in_emptyroot() {
	local p=$tree/parts
	says "GNU M4" $p/m4/bin/m4 --version
	says "GNU patch" $p/patch/bin/patch --version
	says "less 590" $p/less/bin/less --version
	says "Hello, world!" $p/hello/bin/hello
	says "xz (XZ Utils)" $p/xz-utils/bin/xz --version
	says "LZ4" $p/lz4/bin/lz4 --version
	says "bzip2" $p/bzip2/bin/bzip2 --help
	says "1.8.1" $p/pkgconf/bin/pkgconf --version
	says "8" $p/ncurses/bin/tput colors
	says "gdbmtool (gdbm)" $p/gdbm/bin/gdbmtool --version
	says "10.42" $p/pcre2/bin/pcre2test -C
}

medium_in_emptyroot() {
	local p=$tree/parts pid
	small_in_emptyroot
	says "OpenSSL 3.0.20" $p/openssl/bin/openssl version
	says "True" $p/python3.11/bin/python3.11 -c 'import ssl, sqlite3, lzma, bz2, zlib, ctypes, readline; print(True)'
	says "curl 7" $p/curl/bin/curl --version
	says "nginx version" $p/nginx/sbin/nginx -v
	says "HAProxy version" $p/haproxy/sbin/haproxy -v
	says "psql (PostgreSQL)" $p/postgresql-15/bin/psql --version
	says "postgres (PostgreSQL)" $p/postgresql-15/bin/postgres --version
	says "xmllint" $p/libxml2/bin/xmllint --version
	says "memcached" $p/memcached/bin/memcached --version
	says "42" $p/sqlite3/bin/sqlite3 :memory: "select 6 * 7"
	inroot $p/redis/bin/redis-server --port 0 --unixsocket /tmp/s --save "" --daemonize no >"$work/redis.log" &
	pid=$!
	for _ in $(seq 100); do
		[ -S "$root/tmp/s" ] && break
		sleep 0.1
	done
	says "PONG" $p/redis/bin/redis-cli -s /tmp/s ping
	inroot $p/redis/bin/redis-cli -s /tmp/s shutdown nosave >/dev/null
	wait $pid
}

# check_emptyroot DIR moves the tree in DIR into a root directory in which it has
# the same path, and runs programs there.
check_emptyroot() {
	local file
	root=$work/root tree=$1
	mkdir -p "$root$work" "$root/tmp" "$root/dev" "$root/proc"
	mv "$1" "$root$1"
	: >"$root/dev/null"
	for file in $(glibc_files); do
		mkdir -p "$root$(dirname "$file")"
		cp -L "$file" "$root$file"
	done
	: >"$work/emptyroot.log"
	case $stack in
	medium) medium_in_emptyroot ;;
	small) small_in_emptyroot ;;
	*) says "Hello, world!" "$tree/parts/hello/bin/hello" ;;
	esac
	echo "emptyroot: $(grep -c '^ok ' "$work/emptyroot.log") checks ok with $(find "$root" -path "$root$1" -prune -o -type f -print | wc -l) files beside the tree"
}
