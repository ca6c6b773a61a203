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

# mariadb_in_emptyroot starts a server, asks it, makes it crash, and looks for the trace. Nothing but the tree and glibc is there:
# no shell, no account, no compiler's library.
mariadb_in_emptyroot() {
	local p=$tree/parts/mariadb
	says "10.11.18-MariaDB" $p/bin/mariadbd --version
	says "EditLine" $p/bin/mariadb --version
	says "10.42" $tree/parts/pcre2/bin/pcre2test -C
	says "OpenSSL 3.0.20" $tree/parts/openssl/bin/openssl version
	rm -f "$root"/usr/lib*/*/lib{gcc_s,stdc++}.so.* "$root"/lib*/*/lib{gcc_s,stdc++}.so.* "$root"/lib*/lib{gcc_s,stdc++}.so.*
	mkdir -p "$root/tmp/data/mysql"
	printf '%s\n' '[mariadbd]' 'datadir = /tmp/data' 'socket = /tmp/s' 'log-error = /tmp/error.log' 'pid-file = /tmp/pid' 'tmpdir = /tmp' \
		'skip-networking' 'user = root' '[client]' 'socket = /tmp/s' >"$root/tmp/my.cnf"
	bootstrap_sql "$root$p" | inroot $p/bin/mariadbd --defaults-file=/tmp/my.cnf --bootstrap --silent-startup --log-warnings=0 \
		--enforce-storage-engine= --max-allowed-packet=8M --net-buffer-length=16K >"$work/bootstrap.log" || failed "emptyroot: bootstrap: $(tail "$root/tmp/error.log")"
	mariadb_asked "create database d; create table d.t (v int); insert into d.t values (42); select v from d.t" 42
	mariadb_crashed
	mariadb_asked "select v + 1 from d.t" 43
}

# mariadb_start starts the server in the root; its process is in server.
mariadb_start() {
	inroot "$tree/parts/mariadb/bin/mariadbd" --defaults-file=/tmp/my.cnf >"$work/server.log" &
	starter=$!
	for _ in $(seq 200); do
		says_quietly "$tree/parts/mariadb/bin/mariadb-admin" --defaults-file=/tmp/my.cnf -uroot ping && break
		sleep 0.1
	done
	server=$(pgrep -P "$(pgrep -P $starter)" 2>/dev/null || pgrep -P $starter)
}

says_quietly() { inroot "$@" >/dev/null 2>&1; }

# mariadb_asked SQL TEXT starts a server, asks it, and stops it.
mariadb_asked() {
	mariadb_start
	says "$2" "$tree/parts/mariadb/bin/mariadb" --defaults-file=/tmp/my.cnf -uroot -N -B -e "$1"
	inroot "$tree/parts/mariadb/bin/mariadb-admin" --defaults-file=/tmp/my.cnf -uroot shutdown >/dev/null
	wait $starter
}

# mariadb_crashed makes the server crash; its log must have the names of functions.
mariadb_crashed() {
	mariadb_start
	kill -SEGV $server
	for _ in $(seq 100); do
		grep -q handle_connections_sockets "$root/tmp/error.log" && break
		sleep 0.1
	done
	sleep 0.5
	kill -KILL $server 2>/dev/null # the first process of a namespace does not die by a signal of its own
	wait $starter
	if grep -q handle_connections_sockets "$root/tmp/error.log"; then
		echo "ok trace" >>"$work/emptyroot.log"
	else
		failed "emptyroot: no trace of the crash: $(tail "$root/tmp/error.log")"
	fi
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
	mariadb) mariadb_in_emptyroot ;;
	small) small_in_emptyroot ;;
	*) says "Hello, world!" "$tree/parts/hello/bin/hello" ;;
	esac
	echo "emptyroot: $(grep -c '^ok ' "$work/emptyroot.log") checks ok with $(find "$root" \( -path "$root$1" -o -path "$root/tmp" \) -prune -o -type f -print | wc -l) files beside the tree"
}
