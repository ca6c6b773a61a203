#!/bin/sh
# Run every fuzz target of the module, each for some seconds.
#
#   .ci/fuzz.sh [SECONDS [NAME]]     30 seconds; NAME: targets whose name has it
#
# What is found is kept by go in testdata/fuzz of the package: commit it with
# the fix, so that every `go test` runs it. Exit status 1 when a target failed.
set -u
cd "$(dirname "$0")/.."
seconds=${1:-30} name=${2:-}
failed=
targets=$(git ls-files -co --exclude-standard '*_test.go' | xargs grep -Ho "^func Fuzz[A-Za-z0-9_]*$name[A-Za-z0-9_]*(" |
	sed 's|^\([^:]*\)/[^/]*:func \(.*\)($|\1 \2|' | sort)
[ -n "$targets" ] || { echo "no fuzz target has '$name' in its name" >&2; exit 2; }
while read -r package target; do
	printf '\n== fuzz %s of %s, %s s\n' "$target" "$package" "$seconds"
	go test -run '^$' -fuzz "^$target\$" -fuzztime "${seconds}s" "./$package" || failed="$failed $target"
done <<END
$targets
END
[ -z "$failed" ] || { printf '\nfailed:%s\n' "$failed"; exit 1; }
