#!/bin/bash
# Make, use, change and remove the instances of docs/instances-by-hand.md: the
# commands are those of the page.
#
#   testdata/stack/instance/check.sh GOBUILD PROFILE WORK [PARTS]
#
# PROFILE is software, short or given; given takes the servers from PARTS. WORK
# is made anew. Servers listen on 127.0.0.1. PostgreSQL refuses to run as root: as
# root the instances belong to nobody, who must be able to reach WORK.
#
# Prints `ok NAME` for each step and stops at the first that fails. Exit status 0
# when all held.
set -eu -o pipefail
[ $# -ge 3 ] || { sed -n '5s/^# *//p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd -P)
page=$here/../../../docs/instances-by-hand.md
gobuild=$(realpath "$1") profile=$2
rm -rf "$3"
mkdir -p "$3"
work=$(cd "$3" && pwd -P)
[ "$profile" != given ] || parts=$(realpath "$4")
tmp=$(mktemp -d)
instances="cache-1 cache-2 db-1 db-2"
export LC_ALL=C
unset LD_LIBRARY_PATH LD_PRELOAD PGPASSWORD PGPASSFILE PGHOST PGPORT PGUSER PGDATABASE REDISCLI_AUTH
. "$here/check_steps.sh"
. "$here/check_look.sh"
trap finish EXIT
trap 'exit 130' INT TERM

prepare
step software install_software
watch_processes &
watcher=$!
step ask ask
step make make_instances
step start start_instances
step own everything_is_their_own
step use use_instances
step passwords refuse_wrong_passwords
step promises promises_hold
step backup back_up
[ "$profile" = short ] || step certificate use_certificate
step again run_again
step kill kill_and_start cache-1 redis
step kill-database kill_and_start db-2 postgres
step change change_parameter
step change-database change_database
step upgrade upgrade_software
step remove remove_instance
step return remove_and_return
step stop stop_all
kill "$watcher"
wait "$watcher" 2>/dev/null || true
watcher=
step secrets secrets_are_kept
