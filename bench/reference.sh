#!/bin/sh
# Build a stack with the reference engine (zc.buildout with slapos.recipe.cmmi).
#
#   BUILDOUT=venv/bin/buildout bench/reference.sh STACK SOURCES DIR [buildout arguments]
#
# STACK is quick, small or medium; SOURCES what testdata/sources/fetch_sources.py
# made; DIR the buildout directory, made if missing. Nothing is downloaded: the
# URLs are answered from a download cache in DIR. BUILDOUT is made by
#   python3 -m venv venv
#   venv/bin/pip install zc.buildout==6.0.1 slapos.recipe.cmmi==0.23 slapos.recipe.build==0.66 slapos.recipe.template==5.1
set -eu

if [ $# -lt 3 ]; then
	sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
	exit 2
fi
stack=$1 sources=$(cd "$2" && pwd) dir=$3
shift 3
here=$(cd "$(dirname "$0")/.." && pwd)
buildout=$(realpath "${BUILDOUT:?set BUILDOUT to the buildout program of a venv}")

mkdir -p "$dir"
cd "$dir"
[ -e mirror ] || ln -s "$sources/mirror" mirror
python3 "$here/bench/fill_download_cache.py" --partial "$here/testdata/stack" "$sources" download-cache
[ -e buildout.cfg ] || printf '[buildout]\nextends = %s\ndownload-cache = ${buildout:directory}/download-cache\n' \
	"$here/testdata/stack/$stack.cfg" >buildout.cfg
exec "$buildout" -N -o "$@"
