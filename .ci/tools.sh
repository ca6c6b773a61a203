# Sourced by the scripts beside it; the current directory is the project.

# say TEXT: tell what comes next.
say() { printf '\n== %s\n' "$*"; }

# need COMMAND PACKAGE: install Debian's PACKAGE when COMMAND is missing.
need() {
	command -v "$1" >/dev/null 2>&1 && return
	if ! command -v apt-get >/dev/null 2>&1; then
		echo "$1 is missing: install it (Debian's package is $2)" >&2
		exit 1
	fi
	say "installing $2"
	[ -n "${apt_updated:-}" ] || { apt-get -qq update && apt_updated=yes; }
	DEBIAN_FRONTEND=noninteractive apt-get -qq install -y "$2" >/dev/null
}

# build_gobuild FILE: the release form, static and the same for every path.
build_gobuild() { CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$1" .; }
