#!/bin/bash
# Run the programs of a built stack.
#
#   testdata/stack/check.sh STACK PARTS_DIR
#
# STACK is quick, small, medium or mariadb. PARTS_DIR holds one directory per part
# (PARTS_DIR/zlib), or shared parts (PARTS_DIR/zlib/HASH). Prints `ok NAME` for
# each check and `FAILED NAME` with the output for each that fails.
#
# The check `libraries` asks the dynamic loader what each needed library of
# each program and library resolves to: anything but the parts, glibc and the
# compiler's runtime is a failure, even if the program would run.
#
# Servers listen on 127.0.0.1 on a free port or on Unix sockets in a temporary
# directory. PostgreSQL refuses to run as root: as root its checks run as
# nobody, who must be able to reach PARTS_DIR.
#
# CHECK_EXCEPT in the environment names checks to be left out.
#
# Exit status: 0 all ok, 1 a check failed, 2 wrong arguments.
set -u

usage() {
	sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
	exit 2
}

[ $# -eq 2 ] && [ -d "$2" ] || usage
stack=$1
root=$(cd "$2" && pwd -P)
here=$(cd "$(dirname "$0")" && pwd -P)
[ -f "$here/$stack.cfg" ] || usage

# The parts must work by themselves.
unset LD_LIBRARY_PATH LD_PRELOAD PYTHONPATH PYTHONHOME TERMINFO TERMINFO_DIRS
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
# Port checks talk to 127.0.0.1, whatever proxy the caller uses.
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

tmp=$(mktemp -d "${TMPDIR:-/tmp}/stack-check.XXXXXX")
servers=()
failures=0

cleanup() {
	for pid in ${servers[@]+"${servers[@]}"}; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# part NAME prints the prefix of a part.
part() {
	local signature
	for signature in "$root/$1"/*/.buildout-shared.json; do
		if [ -f "$signature" ]; then
			dirname "$signature"
			return
		fi
	done
	echo "$root/$1"
}

# check NAME COMMAND... runs one check in a subshell that stops at the first error.
check() {
	local name=$1
	shift
	(
		trap - EXIT
		set -eo pipefail
		cd "$tmp"
		"$@"
	) >"$tmp/out" 2>&1
	if [ $? -eq 0 ]; then
		echo "ok $name"
	else
		echo "FAILED $name"
		sed 's/^/    /' "$tmp/out"
		failures=$((failures + 1))
	fi
}

# equal GOT WANT
equal() {
	[ "$1" = "$2" ] || {
		echo "got:  $1"
		echo "want: $2"
		return 1
	}
}

# prints TEXT COMMAND... succeeds when the output of COMMAND has TEXT in it.
prints() {
	local text=$1 got
	shift
	got=$("$@" 2>&1) || {
		echo "$got"
		echo "failed: $*"
		return 1
	}
	case $got in
	*"$text"*) ;;
	*)
		echo "$got"
		echo "want in it: $text"
		return 1
		;;
	esac
}

# until_ready COMMAND... repeats COMMAND until it succeeds, at most 20 seconds.
until_ready() {
	local i
	for i in $(seq 200); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	echo "not ready after 20 seconds: $*"
	return 1
}

# free_port prints a port of 127.0.0.1 where nobody answers.
free_port() {
	local port
	while port=$((20000 + RANDOM % 12000)); do
		(: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo "$port"
}

. "$here/check_programs.sh"
. "$here/check_servers.sh"
. "$here/check_mariadb.sh"

libraries() {
	bash "$here/check_libraries.sh" "$root"
}

for name in $("checks_of_$stack"); do
	case " ${CHECK_EXCEPT:-} " in *" $name "*) echo "left out $name" && continue ;; esac
	check "$name" "check_$name"
done
check libraries libraries

if [ "$failures" -gt 0 ]; then
	echo "$failures checks of $stack failed" >&2
	exit 1
fi
