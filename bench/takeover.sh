#!/bin/sh
# Show that each engine can take over a directory that the other one built.
#
#   GOBUILD=./gobuild VENV=venv bench/takeover.sh STACK SOURCES WORK
#
# Builds STACK (quick, small or medium) with both engines in WORK/gobuild and
# WORK/reference, unless they are built there already, and then checks
#  1. the trees have the same names, types, modes and symlinks (same_tree.py);
#  2. gobuild in a copy of the reference's directory changes no part;
#  3. `gobuild handover`, then the reference, in a copy of gobuild's directory
#     changes no part.
# "Changes no part" is taken from the file system: no entry below parts is newer
# than the copy. VENV has zc.buildout and the slapos recipes (see reference.sh).
# Exit status 0 when all three hold.
set -eu

if [ $# -ne 3 ]; then
	sed -n '2,15s/^# \{0,1\}//p' "$0" >&2
	exit 2
fi
stack=$1 sources=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
gobuild=$(realpath "${GOBUILD:?set GOBUILD to the gobuild program}")
venv=$(cd "${VENV:?set VENV to a venv with zc.buildout}" && pwd)
mkdir -p "$3"
work=$(cd "$3" && pwd)
failures=0

# give_up LOG: a build failed.
give_up() {
	tail -n 20 "$1"
	echo "the build failed, log in $1"
	exit 1
}

# untouched NAME DIR: no entry of DIR/parts is newer than DIR/stamp.
untouched() {
	changed=$(find "$2/parts" -cnewer "$2/stamp" | head -n 5)
	if [ -n "$changed" ] || [ "$(count "$2")" -ne "$(cat "$2/stamp")" ]; then
		echo "FAILED $1: parts were changed"
		echo "$changed"
		tail -n 20 "$2/run.log"
		failures=$((failures + 1))
	else
		echo "ok $1"
	fi
}

# count DIR prints how many entries the parts have.
count() {
	find "$1/parts" | wc -l
}

# copy FROM TO: a copy that counts as built, with a stamp that is younger.
copy() {
	rm -rf "$2"
	python3 "$here/clone_built.py" "$1" "$2"
	sleep 0.1 # the clock of file times is coarse
	count "$2" >"$2/stamp"
	sleep 0.1
}

if [ ! -f "$work/reference/.installed.cfg" ]; then
	echo "building $stack with the reference, log in $work/reference.log"
	BUILDOUT=$venv/bin/buildout sh "$here/reference.sh" "$stack" "$sources" "$work/reference" >"$work/reference.log" 2>&1 ||
		give_up "$work/reference.log"
fi
if [ ! -f "$work/gobuild/.installed.cfg" ]; then
	echo "building $stack with gobuild, log in $work/gobuild.log"
	mkdir -p "$work/gobuild"
	cp "$work/reference/buildout.cfg" "$work/gobuild/buildout.cfg"
	cp -P "$work/reference/mirror" "$work/gobuild/mirror"
	cp -PR "$work/reference/download-cache" "$work/gobuild/download-cache"
	(cd "$work/gobuild" && "$gobuild" -N -o) >"$work/gobuild.log" 2>&1 || give_up "$work/gobuild.log"
fi

if python3 "$here/same_tree.py" "$work/reference/parts" "$work/gobuild/parts" >"$work/same_tree.log"; then
	echo "ok same tree: $(tail -n 1 "$work/same_tree.log")"
else
	echo "FAILED same tree"
	cat "$work/same_tree.log"
	failures=$((failures + 1))
fi

copy "$work/reference" "$work/gobuild-takes"
(cd "$work/gobuild-takes" && "$gobuild" -N -o) >"$work/gobuild-takes/run.log" 2>&1 || failures=$((failures + 1))
untouched "gobuild takes over" "$work/gobuild-takes"

copy "$work/gobuild" "$work/reference-takes"
(
	cd "$work/reference-takes"
	"$gobuild" handover --python "$venv/bin/python"
	"$venv/bin/buildout" -N -o
) >"$work/reference-takes/run.log" 2>&1 || failures=$((failures + 1))
untouched "reference takes over" "$work/reference-takes"

[ "$failures" -eq 0 ]
