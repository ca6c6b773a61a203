# The steps of check.sh. Sourced, not run. Each is a function that stops at the
# first command that fails, in the directory of the instances.

# prepare makes the place: the program, the profiles (which a step changes) and
# a first port.
prepare() {
	mkdir -p "$work/bin" "$work/profile" "$work/at/slap" "$work/log"
	cp "$gobuild" "$work/bin/gobuild"
	cp -r "$here" "$here/../component" "$here/../common.cfg" "$work/profile"
	stack=$work/profile/instance
	port=$(free_range)
	[ "$(id -u)" -ne 0 ] || chown nobody "$work/at"
	cd "$work/at"
	as_user test -x "$work/bin/gobuild" || { echo "nobody cannot reach $work" >&2; exit 1; }
	export stack profile port HOME=$work/at GOBUILD_CACHE=
	export PATH=$work/bin:/usr/sbin:/usr/bin:/sbin:/bin
}

# as_user COMMAND... runs a command, as nobody if we are root.
as_user() {
	if [ "$(id -u)" -ne 0 ]; then "$@"; else setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$@"; fi
}

# block NAME prints the commands of the page that have this name.
block() { awk -v begin="\`\`\`sh $1" '$0 == begin { on = 1; found = 1; next } $0 == "```" { on = 0 } on; END { exit !found }' "$page"; }

# walk NAME runs the commands of the page that have this name.
walk() {
	local commands
	commands=$(block "$1")
	as_user bash -eu -c "$commands"
}

# step NAME COMMAND... runs a step and tells how it ended and what it took.
step() {
	local name=$1 begun=${EPOCHREALTIME/./} status=0
	shift
	# not in a condition: there bash would go on after a command that fails
	set +e
	(
		trap - EXIT
		set -e
		"$@"
	) >"$work/log/$name" 2>&1
	status=$?
	set -e
	if [ $status -ne 0 ]; then
		echo "FAILED $name"
		sed 's/^/    /' "$work/log/$name"
		exit 1
	fi
	printf 'ok %s (%d ms)\n' "$name" $(((${EPOCHREALTIME/./} - begun) / 1000))
	sed -n 's/^note: /    /p' "$work/log/$name"
}

# finish ends all that was started.
finish() {
	local name
	[ -z "${watcher:-}" ] || kill "$watcher" 2>/dev/null || true
	for name in $instances; do
		[ ! -d "$work/at/$name" ] || as_user "$here/supervise" "$work/at/$name" stop || true
	done
	rm -rf "$tmp"
}

install_software() {
	if [ "$profile" = given ]; then
		gobuild -c "$stack/given.cfg" buildout:directory="$PWD/software" buildout:given="$parts"
	else
		mkdir software
		walk_as_root software
	fi
	test -s software/instance.cfg
}

# walk_as_root is walk for the software: it belongs to who builds it.
walk_as_root() {
	local commands
	commands=$(block "$1")
	bash -eu -c "$commands"
}

ask() {
	local name
	chown_to_user slap
	walk ask 2>&1 | tee "$tmp/out"
	for name in $instances; do
		grep -q "request-$name: Connection parameter url not found" "$tmp/out"
		test -s "slap/main.$name/parameters.json"
	done
}

make_instances() {
	local name
	walk make
	local url
	for name in $instances; do
		url=$(published "main.$name" url)
		[ "$(published main "$name")" = "$url" ]
	done
}

start_instances() {
	local name
	walk start
	for name in $instances; do until_ready answers "$name"; done
}

# use_instances writes and reads something else in each.
use_instances() {
	walk use
	[ "$(ask_redis cache-1 get greeting)" = "from cache-1" ]
	[ "$(ask_redis cache-2 get greeting)" = "" ]
	[ "$(ask_redis cache-2 set greeting "from cache-2")" = OK ]
	[ "$(ask_redis cache-1 get greeting)" = "from cache-1" ]
	[ "$(ask_postgresql db-1 "select text from greeting")" = "from db-1" ]
	fails ask_postgresql db-2 "select text from greeting"
	ask_postgresql db-2 "create table greeting as select 'from db-2'::text as text"
	data_is_there
}

refuse_wrong_passwords() {
	local name other
	for name in cache-1 cache-2; do
		for other in wrong "$(password cache-1)" "$(password cache-2)" "$(password db-1)"; do
			[ "$other" != "$(password $name)" ] || continue
			REDISCLI_AUTH=$other redis_client $name ping 2>&1 | tee "$tmp/out"
			grep -q 'WRONGPASS\|NOAUTH' "$tmp/out"
			! grep -q PONG "$tmp/out"
		done
		redis_client $name ping 2>&1 | grep -q NOAUTH
	done
	for name in db-1 db-2; do
		for other in wrong "$(password db-1)" "$(password db-2)" "$(password cache-1)"; do
			[ "$other" != "$(password $name)" ] || continue
			PGPASSWORD=$other fails psql_client $name 2>&1 | tee "$tmp/out"
			grep -q 'password authentication failed' "$tmp/out"
		done
		fails psql_client $name 2>&1 | grep -q 'no password supplied'
		PGPASSWORD=$(password $name) psql_client $name
	done
}

promises_hold() {
	walk promises | tee "$tmp/out"
	! grep -q FAILED "$tmp/out"
	[ "$(grep -c '^OK' "$tmp/out")" -ge 12 ]
}

# back_up runs the command of each entry of cron, and of the page.
back_up() {
	local name
	walk backup
	for name in $instances; do
		read -r minute hour day month weekday command <$name/etc/cron.d/backup
		[ "$minute $hour $day $month $weekday" = "0 0 * * *" ]
		as_user sh -c "$command"
	done
	head -c 5 cache-1/srv/backup/dump.rdb | grep -q REDIS
	grep -q "from db-1" db-1/srv/backup/dump.sql
	grep -q "from db-2" db-2/srv/backup/dump.sql
	grep -q "$PWD/cache-1/var/log/redis.log {" cache-1/etc/logrotate.d/redis
	test -s cache-1/var/log/redis.log
}

use_certificate() {
	local tls=$(published main.cache-1 tls-port) ca=cache-1/srv/ssl/cacert.pem
	[ "$(REDISCLI_AUTH=$(password cache-1) "$(redis_bin)/redis-cli" -h 127.0.0.1 -p "$tls" --tls --cacert $ca get greeting)" = "from cache-1" ]
	fails published main.cache-2 tls-port
}

# run_again runs each profile twice more: nothing may change.
run_again() {
	local name begun
	for name in main $instances; do as_user gobuild -c $name/buildout.cfg; done
	look before main $instances slap software
	processes before
	begun=${EPOCHREALTIME/./}
	for name in main $instances; do
		as_user gobuild -c $name/buildout.cfg
	done
	echo "note: five runs that change nothing: $(((${EPOCHREALTIME/./} - begun) / 1000)) ms"
	gobuild_software
	look after main $instances slap software
	same before after
	processes after
	cmp "$tmp/processes.before" "$tmp/processes.after"
	data_is_there
}

# kill_and_start NAME PROGRAM kills the server of one instance.
kill_and_start() {
	local name=$1 pid others
	others=$(echo $instances | tr ' ' '\n' | grep -vx "$name")
	processes before $others
	pid=$(server $name)
	[ "$(cat /proc/$pid/comm)" = "$2" ] || grep -q "$2" /proc/$pid/cmdline
	kill -9 "$pid"
	until_ready gone "$name"
	fails as_user gobuild promise run "$name" 2>&1 | tee "$tmp/out"
	grep -q "^FAILED.*promise-listens.*127.0.0.1:$(published main.$name port) isn't listening" "$tmp/out"
	grep -q "^FAILED.*promise-answers" "$tmp/out"
	as_user gobuild promise run $others
	processes after $others
	cmp "$tmp/processes.before" "$tmp/processes.after"
	until_ready started_again "$name"
	data_is_there
	as_user gobuild promise run $instances
}

started_again() { as_user "$stack/supervise" "$1" && answers "$1"; }

change_parameter() {
	look before cache-2 db-1 db-2 software slap/main.cache-2 slap/main.db-1 slap/main.db-2
	processes before cache-2 db-1 db-2
	[ "$(ask_redis cache-1 config get maxmemory)" = $'maxmemory\n67108864' ]
	walk change
	until_ready answers cache-1
	[ "$(ask_redis cache-1 config get maxmemory)" = $'maxmemory\n33554432' ]
	look after cache-2 db-1 db-2 software slap/main.cache-2 slap/main.db-1 slap/main.db-2
	same before after
	processes after cache-2 db-1 db-2
	cmp "$tmp/processes.before" "$tmp/processes.after"
	[ "$(ls cache-1/etc/service | wc -l)" = 1 ]
	passwords_are_the_same
	data_is_there
}

# change_database changes a database while it runs: it is started again by hand.
change_database() {
	look before cache-1 cache-2 db-2 software
	[ "$(ask_postgresql db-1 "show max_connections")" = 20 ]
	sed -i 's/"db-1": {/&"max-connections": 33, /' slap/main/parameters.json
	as_user gobuild -c main/buildout.cfg
	as_user gobuild -c db-1/buildout.cfg
	as_user "$stack/supervise" db-1 stop
	as_user "$stack/supervise" db-1
	until_ready answers db-1
	[ "$(ask_postgresql db-1 "show max_connections")" = 33 ]
	look after cache-1 cache-2 db-2 software
	same before after
	passwords_are_the_same
	data_is_there
}

# gobuild_software runs the profile of the software again.
gobuild_software() {
	if [ "$profile" = given ]; then
		gobuild -c "$stack/given.cfg" buildout:directory="$PWD/software" buildout:given="$parts"
	else
		walk_as_root software
	fi
}

# upgrade_software changes templates of the software and what each instance runs.
upgrade_software() {
	local name before=$(server db-1)
	stat -c '%i %Y %n' "$(redis_bin)/redis-server" "$(postgresql_bin)/postgres" >"$tmp/programs"
	echo "tcp-keepalive 61" >>"$stack/redis.conf.in"
	sed -i 's/^time = daily/time = weekly/' "$stack/instance-common.cfg.in"
	sed -i 's/^# The profile of every instance\./# The next profile of every instance./' "$stack/instance.cfg.in"
	gobuild_software
	for name in main $instances; do
		as_user gobuild -c $name/buildout.cfg
		[ $name = main ] || as_user "$stack/supervise" $name
	done
	grep -q "^# The next profile" software/instance.cfg
	for name in $instances; do
		until_ready answers $name
		grep -q '^0 0 \* \* 0' $name/etc/cron.d/backup
	done
	for name in cache-1 cache-2; do [ "$(ask_redis $name config get tcp-keepalive)" = $'tcp-keepalive\n61' ]; done
	[ "$(server db-1)" = "$before" ] # nothing of it has changed but the entry of cron
	stat -c '%i %Y %n' "$(redis_bin)/redis-server" "$(postgresql_bin)/postgres" | cmp - "$tmp/programs"
	passwords_are_the_same
	data_is_there
	as_user gobuild promise run $instances
}

# remove_and_return removes what an instance is made of, and brings it back with
# its data and its password.
remove_and_return() {
	as_user "$stack/supervise" db-2 stop
	as_user gobuild -c db-2/buildout.cfg buildout:parts=
	for path in etc/service/postgres-start etc/cron.d/backup etc/logrotate.d/postgresql etc/pgpass bin/psql etc/promise/port \
		etc/plugin/promise-answers.py .installed-switch-softwaretype.cfg; do
		fails test -e db-2/$path
	done
	test -d db-2/srv/postgresql/base
	as_user gobuild -c db-2/buildout.cfg
	as_user "$stack/supervise" db-2
	until_ready answers db-2
	passwords_are_the_same db-1 db-2 cache-1
	[ "$(ask_postgresql db-2 "select text from greeting")" = "from db-2" ]
}

remove_instance() {
	look before cache-1 db-1 db-2 software slap/main.cache-1 slap/main.db-1 slap/main.db-2
	processes before cache-1 db-1 db-2
	walk remove
	fails test -e cache-2
	fails published main cache-2
	[ -n "$(published main cache-1)" ]
	look after cache-1 db-1 db-2 software slap/main.cache-1 slap/main.db-1 slap/main.db-2
	same before after
	processes after cache-1 db-1 db-2
	cmp "$tmp/processes.before" "$tmp/processes.after"
	as_user gobuild promise run cache-1 db-1 db-2
	[ "$(ask_redis cache-1 get greeting)" = "from cache-1" ]
}

stop_all() {
	local name
	for name in cache-1 db-1 db-2; do
		as_user "$stack/supervise" $name stop
		gone $name
	done
}
