#!/bin/bash
# Unpack a packed stack in other places and run all of its programs there.
#
#   testdata/stack/moved.sh GOBUILD STACK PACK ORIGINAL WORK [PLACE...]
#
# STACK is quick, small, medium or mariadb, PACK the archive that `gobuild pack` made of
# it, ORIGINAL the buildout directory in which it was built, WORK a directory for
# scratch. PLACE is one or more of
#
#   short      a path that is shorter than the original one
#   long       a path of 200 characters
#   space      a path with a blank in it
#   letters    a path with characters that are not ASCII
#   again      the tree of `short`, moved by mv and `gobuild relocate`
#   emptyroot  a root directory that holds only the tree and glibc
#
# All but the last run testdata/stack/check.sh with the original hidden behind an
# empty file system, under strace: a path of the original that is asked for is a
# failure, and so is a library of the machine that belongs neither to glibc nor
# to the compiler. Exit status: 0 all ok, 1 a failure, 2 wrong arguments.
set -u

usage() {
	sed -n '2,20s/^# \{0,1\}//p' "$0" >&2
	exit 2
}

[ $# -ge 5 ] || usage
gobuild=$1 stack=$2 pack=$3 original=$(cd "$4" && pwd -P) || usage
mkdir -p "$5" && work=$(cd "$5" && pwd -P) || usage
shift 5
here=$(cd "$(dirname "$0")" && pwd -P)
places=${*:-short long space letters again emptyroot}
failures=0

unset OLDPWD # bash looks for that directory when it starts

# Mounts need a namespace: as root one of mounts, else one of users as well.
namespace="unshare --mount"
[ "$(id -u)" -eq 0 ] || namespace="unshare --map-root-user --mount"

failed() {
	echo "FAILED $*"
	failures=$((failures + 1))
}

# place NAME prints the directory of a place.
place() {
	local dir=$work
	case $1 in
	short | again) echo "$work/$1" ;;
	long)
		dir=$work/
		while [ ${#dir} -lt 200 ]; do dir=${dir}l; done
		echo "$dir"
		;;
	space) echo "$work/a b" ;;
	letters) echo "$work/döner-日本" ;;
	emptyroot) echo "$work/emptyroot" ;;
	*) return 1 ;;
	esac
}

# run_checks NAME DIR runs the programs of the tree in DIR with the original hidden.
run_checks() {
	local trace=$work/$1.trace status except=
	# autoconf and automake run m4 and each other through a shell without quotes.
	[ "$1" != space ] || except="autoconf automake"
	$namespace sh -c '
		mount -t tmpfs none "$1" && shift && exec "$@"' sh "$original" \
		env CHECK_EXCEPT="$except" strace -f -qq -e trace=%file,%process -o "$trace" \
		bash "$here/check.sh" "$stack" "$2/parts" >"$work/$1.log" 2>&1
	status=$?
	grep -v -e '^ok ' -e '^left out ' "$work/$1.log"
	[ $status -eq 0 ] || failed "$1: programs"
	python3 "$here/opened.py" "$trace" "$2" "$original" "${TMPDIR:-/tmp}" || failed "$1: opened outside of the tree"
	rm -f "$trace"
	echo "$1: $(grep -c '^ok ' "$work/$1.log") checks ok in $2"
}

unpack() {
	rm -rf "$2"
	"$gobuild" unpack "$pack" --to "$2" >"$work/$1.unpack" 2>&1 || {
		cat "$work/$1.unpack"
		failed "$1: unpack"
		return 1
	}
}

. "$here/check_mariadb.sh"
. "$here/moved_emptyroot.sh"

for name in $places; do
	dir=$(place "$name") || usage
	case $name in
	again)
		[ -d "$(place short)" ] || unpack short "$(place short)" || continue
		rm -rf "$dir"
		mv "$(place short)" "$dir"
		"$gobuild" relocate "$dir" >"$work/$name.relocate" 2>&1 || {
			cat "$work/$name.relocate"
			failed "$name: relocate"
			continue
		}
		run_checks "$name" "$dir"
		;;
	emptyroot)
		rm -rf "$work/root"
		unpack "$name" "$dir" && check_emptyroot "$dir"
		;;
	*) unpack "$name" "$dir" && run_checks "$name" "$dir" ;;
	esac
done
[ "$failures" -eq 0 ] || {
	echo "$failures failures" >&2
	exit 1
}
