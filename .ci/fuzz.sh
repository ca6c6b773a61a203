#!/bin/sh
# Run every fuzz target of the module, each for some seconds, two at a time.
#
#   .ci/fuzz.sh [SECONDS [NAME]]     NAME: targets whose name has it
#
# Without SECONDS it is 30 for the targets of the profile language and 4 for the
# others.
#
# What is found is kept by go in testdata/fuzz of the package: commit it with
# the fix, so that every `go test` runs it. Exit status 1 when a target failed.
set -u
cd "$(dirname "$0")/.."
seconds=${1:-} name=${2:-}
export seconds
targets=$(git ls-files -co --exclude-standard '*_test.go' | xargs grep -Ho "^func Fuzz[A-Za-z0-9_]*$name[A-Za-z0-9_]*(" |
	sed 's|^\([^:]*\)/[^/]*:func \(.*\)($|\1 \2|' | sort)
[ -n "$targets" ] || { echo "no fuzz target has '$name' in its name" >&2; exit 2; }
printf '\n== fuzz: %s targets\n' "$(printf '%s\n' "$targets" | wc -l)"
printf '%s\n' "$targets" | xargs -P 2 -L 1 sh -c '
	case $1 in
	buildout/cfg | buildout/profile | buildout/condition) seconds=${seconds:-30} ;;
	*) seconds=${seconds:-4} ;;
	esac
	# Go ends some runs with "context deadline exceeded" although nothing was
	# found (a known fault of its fuzzing); a finding names its file.
	out=$(go test -run "^\$" -fuzz "^$2\$" -fuzztime "${seconds}s" -fuzzminimizetime 5x -parallel 1 "./$1" 2>&1) ||
	{ printf "%s" "$out" | grep -q "context deadline exceeded" && ! printf "%s" "$out" | grep -q "Failing input written"; } || {
		printf "%s\nFAILED %s of %s\n" "$out" "$2" "$1"
		exit 1
	}
	printf "%s of %s: %s\n" "$2" "$1" "$(printf "%s\n" "$out" | grep "^fuzz: elapsed" | tail -n 1)"
' sh
