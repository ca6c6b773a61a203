#!/bin/bash
# Tell which needed libraries of built parts come from outside.
#
#   testdata/stack/check_libraries.sh PARTS_DIR
#
# Asks the dynamic loader about each program and shared library below
# PARTS_DIR. Allowed are files below PARTS_DIR, glibc and the compiler's
# runtime (libgcc_s, libstdc++). Anything else, and what is not found, is
# printed as `FILE: LIBRARY => PATH`. Exit status 1 when something was printed.
set -u
root=$(cd "$1" && pwd -P)

# The names of glibc's and the compiler's own libraries.
allowed='^(linux-vdso|ld-linux[^ ]*|libc|libm|libdl|libpthread|librt|libresolv|libutil|libanl|libgcc_s|libstdc\+\+)\.so'

# elf_files prints the dynamic ELF files below the root.
elf_files() {
	find "$root" -type f \( -perm -u+x -o -name '*.so' -o -name '*.so.*' \) -print0 |
		while IFS= read -r -d '' file; do
			LC_ALL=C read -r -N 4 magic <"$file" 2>/dev/null
			[ "$magic" = $'\x7fELF' ] && printf '%s\n' "$file"
		done 2>/dev/null
}

# outside FILE prints what FILE loads from elsewhere.
outside() {
	ldd "$1" 2>/dev/null | while read -r name arrow path; do
		[ "$arrow" = "=>" ] || continue
		path=${path% (0x*)}
		case $path in
		"$root"/*) continue ;;
		esac
		[[ $name =~ $allowed && $path != not ]] && continue
		echo "${1#"$root"/}: $name => $path"
	done
}

count=0 found=0
while IFS= read -r file; do
	count=$((count + 1))
	lines=$(outside "$file")
	if [ -n "$lines" ]; then
		echo "$lines"
		found=1
	fi
done < <(elf_files)
if [ "$count" -eq 0 ]; then
	echo "no program or library below $root"
	exit 1
fi
exit "$found"
