# Checks of MariaDB and of the libraries that it runs with, for check.sh. They need only what `gobuild pack mariadb` takes, so
# that they run in a moved tree too. Sourced, not run.
#
# The checks of the server use one data directory, $tmp/my/data, which mariadb_bootstrap makes. No path of the installation
# is told to the server: the ones that were compiled in must be right.

checks_of_mariadb() {
	echo zlib bzip2 xz lz4 zstd ncurses pcre2 libxcrypt openssl certificate libedit libaio libgcc \
		mariadb_programs mariadb_bootstrap mariadb_server mariadb_perfschema mariadb_plugins mariadb_compression \
		mariadb_tls mariadb_recovery mariadb_trace mariadb_two
}

check_libedit() {
	cat >le.c <<-'EOF'
		#include <histedit.h>
		int main(void) {
			HistEvent event;
			History *h = history_init();
			return h == NULL || history(h, &event, H_SETSIZE, 10) < 0 || history(h, &event, H_ENTER, "typed") < 0 ||
				history(h, &event, H_GETSIZE) < 0 || event.num != 1;
		}
	EOF
	flags libedit ncurses
	compile_with le.c "${flags[@]}" -ledit -lncursesw -ltinfow
}

check_libaio() {
	cat >aio.c <<-'EOF'
		#include <libaio.h>
		int main(void) {
			io_context_t context = 0;
			return io_setup(4, &context) != 0 || io_destroy(context) != 0;
		}
	EOF
	flags libaio
	compile_with aio.c "${flags[@]}" -laio
}

# The library of the part is the one that backtrace() loads.
check_libgcc() {
	cat >bt.c <<-'EOF'
		#define _GNU_SOURCE
		#include <dlfcn.h>
		#include <execinfo.h>
		#include <link.h>
		#include <stdio.h>
		int main(void) {
			void *frames[10];
			struct link_map *map;
			void *lib = dlopen("libgcc_s.so.1", RTLD_NOW);
			if (lib == NULL || dlinfo(lib, RTLD_DI_LINKMAP, &map) != 0) return 1;
			puts(map->l_name);
			return backtrace(frames, 10) < 2;
		}
	EOF
	flags libgcc
	equal "$(compile_with bt.c "${flags[@]}")" "$(part libgcc)/lib/libgcc_s.so.1"
}

# maria PROGRAM runs a program of MariaDB with the configuration of these checks.
maria() {
	local program=$1
	shift
	"$(part mariadb)/bin/$program" --defaults-file="${instance:-$PWD/my}/my.cnf" "$@"
}

# sql STATEMENTS prints what the server answers to root.
sql() {
	maria mariadb -uroot -N -B -e "$1"
}

# write_instance DIR PORT makes the directories and the configuration of a server.
write_instance() {
	mkdir -p "$1/data/mysql" "$1/tmp"
	cat >"$1/my.cnf" <<-EOF
		[mariadbd]
		datadir = $1/data
		tmpdir = $1/tmp
		socket = $1/sock
		pid-file = $1/pid
		log-error = $1/error.log
		bind-address = 127.0.0.1
		port = $2
		skip-name-resolve
		performance-schema
		innodb-buffer-pool-size = 32M
		innodb-log-file-size = 16M
		character-set-server = utf8mb4
		$([ "$(id -u)" -ne 0 ] || echo user = root)
		[client]
		socket = $1/sock
	EOF
}

# bootstrap_sql prints what a new data directory begins with, without accounts of the name of this machine.
bootstrap_sql() {
	local name
	printf '%s\n' 'create database if not exists mysql;' 'use mysql;' 'set @auth_root_socket=NULL;'
	for name in mysql_system_tables mysql_performance_tables mysql_system_tables_data fill_help_tables \
		maria_add_gis_sp_bootstrap mysql_sys_schema; do
		grep -v '@current_hostname' "$1/share/$name.sql"
	done
}

# bootstrap fills the data directory of an instance.
bootstrap() {
	bootstrap_sql "$(part mariadb)" | maria mariadbd --bootstrap --silent-startup --log-warnings=0 \
		--enforce-storage-engine= --max-allowed-packet=8M --net-buffer-length=16K
}

# server_up OPTIONS... starts the server; its process is in pid.
server_up() {
	"$(part mariadb)/bin/mariadbd" --defaults-file="${instance:-$PWD/my}/my.cnf" "$@" &
	pid=$!
	trap 'kill $pid; wait $pid; tail -n 50 "${instance:-$PWD/my}/error.log"' EXIT
	until_ready maria mariadb-admin -uroot ping
}

server_down() {
	maria mariadb-admin -uroot shutdown
	wait "$pid"
	trap - EXIT
}

check_mariadb_programs() {
	local bin
	bin=$(part mariadb)/bin
	prints "10.11.18-MariaDB" "$bin/mariadbd" --no-defaults --version
	prints "EditLine" "$bin/mariadb" --no-defaults --version
	prints "10.11.18-MariaDB" "$bin/mariadb-dump" --no-defaults --version
	prints "Permission denied" "$bin/perror" 13
	# A moved tree has room in its paths, which is filled with slashes.
	equal "$("$bin/mariadb_config" --plugindir | tr -s /)" "$(part mariadb)/lib/plugin"
	# The machine's own /etc/my.cnf is nobody's business.
	equal "$("$bin/my_print_defaults" --help | sed -n '/^Default options are read/{n;p}' | tr -s /)" "$(part mariadb)/etc/my.cnf ~/.my.cnf "
}

check_mariadb_bootstrap() {
	write_instance "$PWD/my" "$(free_port)"
	bootstrap
	test -f my/data/ibdata1
	test -f my/data/mysql/global_priv.MAI
}

check_mariadb_server() {
	local port
	server_up
	sql "create database d; create table d.t (id int primary key, v varchar(100)) engine = innodb"
	sql "use d; insert into t select seq, md5(seq) from seq_1_to_10000"
	sql "create user u@'127.0.0.1' identified by 'secret'; grant select on d.* to u@'127.0.0.1'"
	port=$(sql "select @@port")
	equal "$("$(part mariadb)/bin/mariadb" --no-defaults --protocol=tcp --host=127.0.0.1 --port="$port" --user=u --password=secret -N -B \
		-e "select count(*), sum(id), max(v = md5(id)) from d.t")" $'10000\t50005000\t1'
	prints "Access denied" sh -c '! "$@"' sh "$(part mariadb)/bin/mariadb" --no-defaults --protocol=tcp --host=127.0.0.1 --port="$port" \
		--user=u --password=wrong -e "select 1"
	# crypt() is that of libxcrypt
	equal "$(sql "select left(encrypt('secret', '\$6\$saltstring'), 14)")" '$6$saltstring$'
	maria mariadb-dump -uroot d >dump.sql
	grep -q "CREATE TABLE .t." dump.sql
	equal "$(sql "select @@basedir" | tr -s /)" "$(part mariadb)/"
	server_down
}

check_mariadb_perfschema() {
	server_up
	equal "$(sql "select @@performance_schema")" 1
	equal "$(sql "select count(*) > 500 from performance_schema.setup_instruments")" 1
	equal "$(sql "select count(*) > 0 from performance_schema.threads where name = 'thread/sql/main'")" 1
	equal "$(sql "select count(*) > 0 from sys.memory_global_total")" 1
	server_down
}

check_mariadb_plugins() {
	server_up
	sql "install soname 'auth_ed25519'; create user e@localhost identified via ed25519 using password('secret')"
	equal "$(maria mariadb -ue -psecret -N -B -e "select current_user()")" "e@localhost"
	sql "install soname 'server_audit'; install soname 'simple_password_check'"
	prints "Your password does not satisfy" sh -c '! "$@"' sh "$(part mariadb)/bin/mariadb" --defaults-file="$PWD/my/my.cnf" -uroot \
		-e "create user weak@localhost identified by 'a'"
	sql "uninstall soname 'simple_password_check'; uninstall soname 'server_audit'"
	equal "$(sql "select group_concat(engine order by engine) from information_schema.engines where support in ('YES', 'DEFAULT')
		and engine in ('InnoDB', 'Aria', 'MyISAM', 'MEMORY', 'CSV', 'SEQUENCE')")" "Aria,CSV,InnoDB,MEMORY,MyISAM,SEQUENCE"
	server_down
}

check_mariadb_compression() {
	local name
	server_up
	sql "create database c; install soname 'provider_bzip2'; install soname 'provider_lz4'; install soname 'provider_lzma'"
	for name in zlib bzip2 lz4 lzma; do
		sql "set global innodb_compression_algorithm = $name; create table c.$name (v varchar(1000)) page_compressed = 1"
		sql "insert into c.$name select repeat(seq, 100) from c.$name right join mysql.seq_1_to_2000 on true"
		sql "set global innodb_max_dirty_pages_pct = 0, innodb_max_dirty_pages_pct_lwm = 0"
		sql "flush tables c.$name for export; unlock tables"
	done
	equal "$(sql "select variable_value > 0 from information_schema.global_status where variable_name = 'innodb_num_pages_page_compressed'")" 1
	server_down
	server_up
	for name in zlib bzip2 lz4 lzma; do
		equal "$(sql "select count(*), sum(length(v)) > 300000 from c.$name")" $'2000\t1'
		prints OK sql "check table c.$name"
	done
	server_down
}

check_mariadb_tls() {
	local client port
	[ -f cert.pem ] || check_certificate
	server_up --ssl-cert="$PWD/cert.pem" --ssl-key="$PWD/key.pem" --require-secure-transport
	sql "create user s@'%' identified by 'secret'"
	port=$(sql "select @@port")
	client="$(part mariadb)/bin/mariadb --no-defaults --protocol=tcp --host=localhost --port=$port --user=s --password=secret -N -B"
	prints "TLS_AES_256_GCM_SHA384" $client --ssl-ca="$PWD/cert.pem" --ssl-verify-server-cert -e "show status like 'ssl_cipher'"
	prints "Access denied" sh -c '! "$@"' sh $client --skip-ssl -e "select 1"
	server_down
}

# A killed server loses nothing that it has acknowledged, and takes back what was not committed.
check_mariadb_recovery() {
	server_up
	sql "create database r; create table r.t (id int primary key)"
	sql "use r; insert into t select seq from seq_1_to_300"
	sql "use r; begin; insert into t select seq from seq_301_to_400; do sleep(60)" &
	until_ready sh -c '[ "$("$@")" -gt 0 ]' sh "$(part mariadb)/bin/mariadb" --defaults-file="$PWD/my/my.cnf" -uroot -N -B \
		-e "select count(*) from information_schema.innodb_trx where trx_rows_modified > 0"
	kill -9 "$pid"
	wait "$pid" || true
	server_up
	equal "$(sql "select count(*), max(id) from r.t")" $'300\t300'
	prints OK sql "check table r.t"
	server_down
}

# The trace of a crash names functions; glibc unwinds with libgcc_s.
check_mariadb_trace() {
	server_up
	kill -SEGV "$pid"
	wait "$pid" || true
	trap - EXIT
	prints "my_print_stacktrace" cat my/error.log
	prints "handle_connections_sockets" cat my/error.log
	server_up
	server_down
}

# Two servers of one installation at the same time.
check_mariadb_two() {
	local instance first second
	for instance in "$PWD/one" "$PWD/two"; do
		write_instance "$instance" "$(free_port)"
		bootstrap
	done
	instance=$PWD/one
	server_up
	first=$pid
	instance=$PWD/two
	server_up
	second=$pid
	trap 'kill $first $second; wait' EXIT
	instance=$PWD/one
	equal "$(sql "select 1")" 1
	equal "$(sql "select @@datadir")" "$PWD/one/data/"
	sql "create database only_here"
	instance=$PWD/two
	equal "$(sql "select 1")" 1
	equal "$(sql "show databases like 'only_here'")" ""
	server_down
	instance=$PWD/one pid=$first
	server_down
}
