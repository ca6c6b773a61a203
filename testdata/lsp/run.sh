#!/bin/sh
# Tests `gobuild lsp` with a client of the protocol from a registry: pytest-lsp.
#
#   testdata/lsp/run.sh [pytest options]
#
# The program is built from this tree, unless GOBUILD names one. The virtual
# environment of the client is kept in GOBUILD_LSP_VENV, by default below the
# user's cache directory.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
venv=${GOBUILD_LSP_VENV:-${XDG_CACHE_HOME:-$HOME/.cache}/gobuild-lsp-venv}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! "$venv/bin/python" -c 'import pytest_lsp; assert pytest_lsp.__version__ == "1.0.1"' 2>"$work/why"; then
	python3 -m venv --clear "$venv"
	"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
fi
if [ -z "${GOBUILD:-}" ]; then
	GOBUILD=$work/gobuild
	(cd "$here/../.." && CGO_ENABLED=0 go build -o "$GOBUILD" .)
fi
export GOBUILD
PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" -m pytest -p no:cacheprovider -o asyncio_mode=auto -o asyncio_default_fixture_loop_scope=function -q "$@" "$here/test_lsp.py"
