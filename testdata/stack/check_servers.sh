# Checks of servers, for check.sh: each starts one on 127.0.0.1 or a Unix
# socket, asks it something and stops it. Sourced, not run.

# fetched URL prints what the stack's curl gets.
fetched() {
	"$(part curl)/bin/curl" -sS --max-time 10 "$@"
}

# stop PID ends a server and waits for it.
stop() {
	kill "$1"
	wait "$1" 2>/dev/null || true
}

check_nginx() {
	local port tls base pid
	base=$PWD/nginx
	port=$(free_port)
	tls=$(free_port)
	mkdir -p "$base/logs" "$base/html"
	[ -f cert.pem ] || check_certificate
	echo "served by nginx" >"$base/html/index.html"
	# crypt() of libxcrypt checks the password
	echo "user:$("$(part openssl)/bin/openssl" passwd -6 secret)" >"$base/passwords"
	chmod -R a+rX "$PWD"
	cat >"$base/nginx.conf" <<-EOF
		daemon off;
		pid $base/nginx.pid;
		error_log $base/logs/error.log;
		events { worker_connections 64; }
		http {
		  access_log off;
		  client_body_temp_path $base/body; proxy_temp_path $base/proxy; fastcgi_temp_path $base/fastcgi;
		  uwsgi_temp_path $base/uwsgi; scgi_temp_path $base/scgi;
		  gzip on; gzip_min_length 1;
		  server {
		    listen 127.0.0.1:$port;
		    listen 127.0.0.1:$tls ssl http2;
		    ssl_certificate $PWD/cert.pem;
		    ssl_certificate_key $PWD/key.pem;
		    root $base/html;
		    location /closed { alias $base/html/; auth_basic x; auth_basic_user_file $base/passwords; }
		    location ~ ^/(?<n>[0-9]+)\$ { return 200 "number \$n"; }
		  }
		}
	EOF
	"$(part nginx)/sbin/nginx" -p "$base" -c "$base/nginx.conf" &
	pid=$!
	trap 'stop $pid; cat "$base/logs/error.log"' EXIT
	until_ready fetched "http://127.0.0.1:$port/"
	equal "$(fetched "http://127.0.0.1:$port/index.html")" "served by nginx"
	equal "$(fetched --cacert cert.pem "https://localhost:$tls/index.html" --resolve "localhost:$tls:127.0.0.1")" "served by nginx"
	equal "$(fetched "http://127.0.0.1:$port/42")" "number 42"
	equal "$(fetched -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/closed/index.html")" 401
	equal "$(fetched -u user:secret "http://127.0.0.1:$port/closed/index.html")" "served by nginx"
	trap - EXIT
	stop $pid
}

check_haproxy() {
	local haproxy port pid
	haproxy=$(part haproxy)/sbin/haproxy
	prints "Built with OpenSSL version : OpenSSL 3.0.20" "$haproxy" -vv
	prints "Built with PCRE2 version : 10.42" "$haproxy" -vv
	port=$(free_port)
	cat >haproxy.cfg <<-EOF
		global
		  maxconn 50
		defaults
		  mode http
		  timeout connect 5s
		  timeout client 5s
		  timeout server 5s
		frontend f
		  bind 127.0.0.1:$port
		  http-request return status 200 content-type text/plain string "served by haproxy"
	EOF
	"$haproxy" -c -f haproxy.cfg
	"$haproxy" -db -f haproxy.cfg &
	pid=$!
	trap 'stop $pid' EXIT
	until_ready fetched "http://127.0.0.1:$port/"
	equal "$(fetched "http://127.0.0.1:$port/")" "served by haproxy"
	trap - EXIT
	stop $pid
}

# memcached_says PORT REQUEST prints the answer's lines without carriage returns.
memcached_says() {
	{
		printf '%b\r\nquit\r\n' "$2" >&3
		tr -d '\r' <&3
	} 3<>"/dev/tcp/127.0.0.1/$1"
}

check_memcached() {
	local port pid user=()
	port=$(free_port)
	[ "$(id -u)" -ne 0 ] || user=(-u root)
	"$(part memcached)/bin/memcached" -l 127.0.0.1 -p "$port" -U 0 ${user[@]+"${user[@]}"} &
	pid=$!
	trap 'stop $pid' EXIT
	until_ready memcached_says "$port" version
	equal "$(memcached_says "$port" version)" "VERSION 1.6.18"
	equal "$(memcached_says "$port" 'set k 0 0 5\r\nvalue')" STORED
	equal "$(memcached_says "$port" 'get k')" $'VALUE k 0 5\nvalue\nEND'
	trap - EXIT
	stop $pid
}

check_redis() {
	local bin socket port pid
	bin=$(part redis)/bin
	socket=$PWD/redis.sock
	port=$(free_port)
	mkdir -p redis
	[ -f cert.pem ] || check_certificate
	"$bin/redis-server" --port 0 --unixsocket "$socket" --dir "$PWD/redis" --save "" \
		--bind 127.0.0.1 --tls-port "$port" --tls-auth-clients no \
		--tls-cert-file "$PWD/cert.pem" --tls-key-file "$PWD/key.pem" --tls-ca-cert-file "$PWD/cert.pem" &
	pid=$!
	trap 'stop $pid' EXIT
	until_ready "$bin/redis-cli" -s "$socket" ping
	equal "$("$bin/redis-cli" -s "$socket" set key value)" OK
	equal "$("$bin/redis-cli" -s "$socket" get key)" value
	equal "$("$bin/redis-cli" -s "$socket" eval 'return 6 * 7' 0)" 42
	equal "$("$bin/redis-cli" -h 127.0.0.1 -p "$port" --tls --cacert cert.pem get key)" value
	trap - EXIT
	stop $pid
}

# as_user COMMAND... runs a command, as nobody if we are root.
as_user() {
	if [ "$(id -u)" -ne 0 ]; then
		"$@"
	else
		setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups env HOME="$PWD/pg" "$@"
	fi
}

check_postgresql() {
	local bin data socket
	bin=$(part postgresql-15)/bin
	data=$PWD/pg/data
	socket=$PWD/pg
	mkdir -p pg
	chmod a+rx "$PWD"
	[ "$(id -u)" -ne 0 ] || chown nobody pg
	as_user test -x "$bin/postgres" || {
		echo "nobody cannot reach $bin"
		return 1
	}
	cd pg
	as_user "$bin/initdb" -D "$data" -U tester -A trust --no-sync -E UTF8 --locale=C
	trap 'cat "$socket/log"; as_user "$bin/pg_ctl" -D "$data" -m immediate stop' EXIT
	as_user "$bin/pg_ctl" -D "$data" -w -t 60 -l "$socket/log" \
		-o "-c listen_addresses='' -c unix_socket_directories='$socket' -c fsync=off" start
	psql() { as_user "$bin/psql" -X -At -h "$socket" -U tester -d postgres -c "$1"; }
	prints "PostgreSQL 15.18" psql "select version()"
	equal "$(psql "select sum(i) from generate_series(1, 10) i")" 55
	equal "$(psql "select xpath('/a/b/text()', '<a><b>x</b></a>')")" "{x}"
	psql "create table t (a text compression lz4)"
	psql "create extension pgcrypto"
	equal "$(psql "select encode(digest('abc', 'sha256'), 'hex')" | cut -c1-16)" ba7816bf8f01cfea
	as_user "$bin/pg_dump" -h "$socket" -U tester postgres >dump.sql
	grep -q "CREATE TABLE public.t" dump.sql
	trap - EXIT
	as_user "$bin/pg_ctl" -D "$data" -m fast stop
}
