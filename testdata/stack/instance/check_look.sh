# What the steps of check.sh look at. Sourced, not run.

# fails COMMAND... succeeds when the command fails.
fails() { if "$@"; then echo "should have failed: $*"; return 1; fi; }

# until_ready COMMAND... repeats a command until it succeeds, at most 30 seconds.
until_ready() {
	local i
	for i in $(seq 300); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	echo "not ready after 30 seconds: $*"
	return 1
}

# free_range prints a port where nobody answers on it and the next fifty.
free_range() {
	local port at
	while port=$((20000 + RANDOM % 12000)); do
		for at in $(seq "$port" $((port + 50))); do
			if (: <"/dev/tcp/127.0.0.1/$at") 2>/dev/null; then continue 2; fi
		done
		echo "$port"
		return
	done
}

chown_to_user() { [ "$(id -u)" -ne 0 ] || chown nobody "$@"; }

# published PARTITION NAME prints what a partition has published.
published() {
	local value
	value=$(sed -n "s/^    \"$2\": \"\(.*\)\",\{0,1\}\$/\1/p" "slap/$1/published.json")
	[ -n "$value" ] && echo "$value"
}

password() { published "main.$1" password; }

redis_bin() { bin_of redis; }
postgresql_bin() { bin_of postgresql-15; }
bin_of() { if [ "$profile" = given ]; then echo "$parts/$1/bin"; else echo "$PWD/software/parts/$1/bin"; fi; }

# ask_redis NAME COMMAND... and ask_postgresql NAME STATEMENT use the instance's
# own client.
ask_redis() {
	local name=$1
	shift
	as_user "$name/bin/redis-cli" "$@"
}
ask_postgresql() { as_user "$1/bin/psql" -X -At -v ON_ERROR_STOP=1 -c "$2"; }

# redis_client NAME COMMAND... and psql_client NAME use the client of the software.
redis_client() {
	local name=$1
	shift
	"$(redis_bin)/redis-cli" -h 127.0.0.1 -p "$(published "main.$name" port)" "$@"
}
psql_client() { "$(postgresql_bin)/psql" -X -At -w -h 127.0.0.1 -p "$(published "main.$1" port)" -U owner -d db -c 'select 1'; }

# answers NAME succeeds when the server of an instance answers.
answers() {
	case $1 in
	cache-*) [ "$(ask_redis "$1" ping)" = PONG ] ;;
	db-*) [ "$(ask_postgresql "$1" "select 1")" = 1 ] ;;
	esac
}

# server NAME prints the process id of the server of an instance.
server() { cut -d' ' -f1 "$1"/var/service/*; }

# gone NAME succeeds when no process of an instance is left.
gone() { ! pgrep -f -- "$PWD/$1/" >/dev/null; }

# processes FILE [INSTANCE...] notes which process serves each instance, since when.
processes() {
	local name file=$tmp/processes.$1
	shift
	for name in ${*:-$instances}; do
		echo "$name $(server "$name") $(cut -d' ' -f22 "/proc/$(server "$name")/stat")"
	done >"$file"
}

# look FILE PATH... notes all files but those that servers write: name, kind,
# mode, owner, inode, times, content.
look() {
	local name file=$tmp/look.$1
	shift
	local not=(\( -path '*/srv/postgresql/*' -o -path '*/srv/redis/*' -o -path '*/var/*' -o -path '*/.gobuild/*' -o -name .lock \) -prune -o)
	{
		find "$@" "${not[@]}" -type f -printf '%p %y %m %U %i %T@\n' -o ! -type f -printf '%p %y %m %U %i %l\n'
		find "$@" "${not[@]}" -type f -print0 | xargs -0 sha256sum
	} | sort >"$file"
	for name in "$@"; do
		[ ! -d "$name/srv/postgresql" ] || stat -c '%n %a %i %y' "$name"/srv/postgresql/*.conf "$name"/srv/postgresql/PG_VERSION >>"$file"
	done
	[ -s "$file" ]
}

same() { diff "$tmp/look.$1" "$tmp/look.$2"; }

data_is_there() {
	[ "$(ask_redis cache-1 get greeting)" = "from cache-1" ]
	[ "$(ask_redis cache-2 get greeting)" = "from cache-2" ]
	[ "$(ask_postgresql db-1 "select text from greeting")" = "from db-1" ]
	[ "$(ask_postgresql db-2 "select text from greeting")" = "from db-2" ]
}

# everything_is_their_own: ports, passwords, directories, configuration and
# clients of all instances differ; the first time it notes the passwords.
everything_is_their_own() {
	local name key
	for key in port password url; do
		[ "$(for name in $instances; do published "main.$name" $key; done | sort -u | wc -l)" = 4 ]
	done
	for name in $instances; do echo "$name $(password $name)"; done >"$tmp/passwords"
	grep -qE '^cache-1 [a-zA-Z0-9]{16}$' "$tmp/passwords"
	for name in $instances; do
		grep -rqs "^port.*$(published "main.$name" port)\|_port.*$(published "main.$name" port)" $name/etc $name/srv/postgresql/postgresql.conf
		[ "$(stat -c %a $name/srv/.password)" = 600 ]
	done
	fails cmp -s cache-1/etc/redis.conf cache-2/etc/redis.conf
}

passwords_are_the_same() {
	local name now
	for name in ${*:-$instances}; do # no password may be an argument of a program
		now=$(password "$name")
		[ "$(sed -n "s/^$name //p" "$tmp/passwords")" = "$now" ]
	done
}

# watch_processes notes the arguments of all processes until it is ended.
watch_processes() {
	trap - EXIT
	trap 'exit 0' TERM
	while :; do
		{ cat /proc/[0-9]*/cmdline 2>/dev/null || true; } | tr '\0' ' ' # some end meanwhile
		sleep 0.05
	done >"$work/processes"
}

# secrets_are_kept looks for passwords and keys in all that there is: records,
# logs, outputs, arguments of processes.
secrets_are_kept() {
	local found
	cut -d' ' -f2 "$tmp/passwords" >"$tmp/secrets"
	find . -name '*.key' -type f -exec sed -n 2p {} \; >>"$tmp/secrets"
	[ "$(wc -l <"$tmp/secrets")" -ge 4 ]
	grep -q redis-server "$work/processes"
	grep -q 'bin/psql' "$work/processes"
	(cd "$work" && grep -rlF -f "$tmp/secrets" . | sort) >"$tmp/found"
	cat "$tmp/found"
	grep -vxE '\./at/(cache-1|db-[12])/srv/\.password|\./at/db-[12]/etc/pgpass|\./at/cache-1/(etc/redis\.conf|bin/redis-cli|srv/ssl/private/[^/]*)' "$tmp/found" |
		fails grep -vxE '\./at/slap/main(\.cache-1|\.db-[12])?/published\.json'
	[ "$(wc -l <"$tmp/found")" -ge 11 ]
	while read -r found; do
		case $(stat -c %a "$work/$found") in ?00) ;; *) echo "others can read $found"; return 1 ;; esac
	done <"$tmp/found"
}
