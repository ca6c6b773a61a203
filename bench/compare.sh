#!/bin/sh
# Compare gobuild with the reference engine in one run.
#
#   bench/compare.sh GOBUILD BUILDOUT BUILT_SMALL [options of compare.py]
#
# GOBUILD is the program, BUILDOUT the buildout program of a venv (see
# reference.sh), BUILT_SMALL a directory where the small stack is built, by
# either engine. Prints a table; see compare.py for what is measured.
exec python3 "$(dirname "$0")/compare.py" "$@"
