package buildout

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"

	"gobuild/parts/disk"
	"gobuild/parts/elf"
)

// usual tells who provides a library as a rule, and how software that can do
// without is told so.
type usual struct{ library, software, off string }

// usuals are libraries that programs find on machines of developers.
var usuals = []usual{
	{"libacl", "acl", "--disable-acl"},
	{"libattr", "attr", "--disable-xattr"},
	{"libaudit", "audit", "--without-audit"},
	{"libblkid", "util-linux", "--without-blkid"},
	{"libbrotlicommon", "brotli", "--without-brotli"},
	{"libbrotlidec", "brotli", "--without-brotli"},
	{"libbrotlienc", "brotli", "--without-brotli"},
	{"libbsd", "libbsd", ""},
	{"libbz2", "bzip2", "--without-bzip2"},
	{"libcap", "libcap", "--without-libcap"},
	{"libcom_err", "krb5", "--without-krb5"},
	{"libcrypt", "libxcrypt", ""},
	{"libcrypto", "openssl", "--without-ssl"},
	{"libcurl", "curl", "--without-curl"},
	{"libdb", "db", "--without-bdb"},
	{"libedit", "libedit", "--without-libedit"},
	{"libelf", "elfutils", ""},
	{"libevent", "libevent", ""},
	{"libexpat", "expat", "--without-expat"},
	{"libffi", "libffi", ""},
	{"libform", "ncurses", ""},
	{"libfreetype", "freetype", "--without-freetype"},
	{"libgcrypt", "libgcrypt", "--without-crypto"},
	{"libgdbm", "gdbm", "--without-gdbm"},
	{"libgdbm_compat", "gdbm", "--without-gdbm"},
	{"libglib-2.0", "glib", ""},
	{"libgmp", "gmp", "--without-gmp"},
	{"libgnutls", "gnutls", "--without-gnutls"},
	{"libgpg-error", "libgpg-error", ""},
	{"libgssapi_krb5", "krb5", "--without-gssapi"},
	{"libicudata", "icu", "--without-icu"},
	{"libicui18n", "icu", "--without-icu"},
	{"libicuuc", "icu", "--without-icu"},
	{"libidn", "libidn", "--without-libidn"},
	{"libidn2", "libidn2", "--without-libidn2"},
	{"libjpeg", "libjpeg-turbo", "--without-jpeg"},
	{"libk5crypto", "krb5", "--without-krb5"},
	{"libkeyutils", "keyutils", "--without-keyutils"},
	{"libkrb5", "krb5", "--without-krb5"},
	{"libkrb5support", "krb5", "--without-krb5"},
	{"liblber", "openldap", "--disable-ldap"},
	{"libldap", "openldap", "--disable-ldap"},
	{"libltdl", "libtool", ""},
	{"liblz4", "lz4", "--without-lz4"},
	{"liblzma", "xz-utils", "--without-lzma"},
	{"libmagic", "file", "--without-magic"},
	{"libmd", "libmd", ""},
	{"libmenu", "ncurses", ""},
	{"libmount", "util-linux", "--without-libmount"},
	{"libmpfr", "mpfr", ""},
	{"libncurses", "ncurses", "--without-ncurses"},
	{"libncursesw", "ncurses", "--without-ncurses"},
	{"libnghttp2", "nghttp2", "--without-nghttp2"},
	{"libnl-3", "libnl", ""},
	{"libnsl", "libnsl", ""},
	{"libnuma", "numactl", "--without-numa"},
	{"libp11-kit", "p11-kit", "--without-p11-kit"},
	{"libpam", "linux-pam", "--without-pam"},
	{"libpanel", "ncurses", ""},
	{"libpcre", "pcre", "--without-pcre"},
	{"libpcre2-8", "pcre2", "--without-pcre2"},
	{"libpng16", "libpng", "--without-png"},
	{"libpsl", "libpsl", "--without-libpsl"},
	{"libpython3", "python", "--without-python"},
	{"libreadline", "readline", "--without-readline"},
	{"librtmp", "rtmpdump", "--without-librtmp"},
	{"libsasl2", "cyrus-sasl", "--without-sasl"},
	{"libseccomp", "libseccomp", "--disable-seccomp"},
	{"libselinux", "libselinux", "--without-selinux"},
	{"libsmartcols", "util-linux", ""},
	{"libsqlite3", "sqlite3", "--without-sqlite3"},
	{"libssh", "libssh", "--without-libssh"},
	{"libssh2", "libssh2", "--without-libssh2"},
	{"libssl", "openssl", "--without-ssl"},
	{"libsystemd", "systemd", "--without-systemd"},
	{"libtcl8.6", "tcl8.6", "--without-tcl"},
	{"libtinfo", "ncurses", ""},
	{"libtinfow", "ncurses", ""},
	{"libtirpc", "libtirpc", ""},
	{"libudev", "systemd", "--disable-udev"},
	{"libunistring", "libunistring", ""},
	{"libuuid", "util-linux", "--without-uuid"},
	{"libuv", "libuv", ""},
	{"libX11", "libX11", "--without-x"},
	{"libxcb", "libxcb", "--without-x"},
	{"libxml2", "libxml2", "--without-xml2"},
	{"libxslt", "libxslt", "--without-libxslt"},
	{"libyaml-0", "libyaml", ""},
	{"libz", "zlib", "--without-zlib"},
	{"libzstd", "libzstd", "--without-zstd"},
}

// usualOf returns what is known of a library.
func usualOf(soname string) (usual, bool) {
	name, _, _ := strings.Cut(soname, ".so")
	for _, u := range usuals {
		if u.library == name {
			return u, true
		}
	}
	return usual{}, false
}

// hint tells what to do about a group.
func (r grouper) hint(g *AuditGroup) string {
	switch g.Kind {
	case elf.KindNeededHost, elf.KindNeededMissing:
		return r.libraryHint(g) + r.allowHint(g)
	case elf.KindUndeclared:
		return r.undeclaredHint(g)
	}
	if text := kindHints[g.Kind]; text != "" {
		return text + r.allowHint(g)
	}
	return cmp.Or(g.Hint, "look at "+g.Where()) + r.allowHint(g)
}

// kindHints tell what to do about kinds of findings.
var kindHints = map[string]string{
	elf.KindRuntime:        "with runtime = static, add -static-libgcc -static-libstdc++ to LDFLAGS; with own, build gcc as a part and name its lib64 by -Wl,-rpath=…",
	elf.KindRunpathHost:    "name directories of parts in -Wl,-rpath=… of LDFLAGS, and in what pkg-config and -config scripts print",
	elf.KindRunpathUnsafe:  "name absolute directories in -Wl,-rpath=… of LDFLAGS: an empty word in it means the current directory",
	elf.KindInterpreter:    "link with the loader that the compiler chooses: leave --dynamic-linker out of LDFLAGS",
	elf.KindGlibcVersion:   "build on a system with that glibc (a container of an older distribution), or raise max-glibc",
	elf.KindWorldWritable:  "chmod o-w in post-install",
	elf.KindSetuid:         "chmod u-s,g-s in post-install",
	elf.KindTextrel:        "compile with -fPIC in CFLAGS",
	elf.KindRelro:          "link with -Wl,-z,relro -Wl,-z,now in LDFLAGS",
	elf.KindPIE:            "compile with -fPIE in CFLAGS and link with -pie in LDFLAGS",
	elf.KindExecStack:      "link with -Wl,-z,noexecstack in LDFLAGS",
	elf.KindStackProtector: "compile with -fstack-protector-strong in CFLAGS",
	elf.KindShebang:        "build the interpreter as a part and put its bin first in the PATH of environment",
	elf.KindSymlink:        "make it a relative link to what is there, in post-install",
}

// allowHint is the line of audit-allow that makes a note of the group.
func (r grouper) allowHint(g *AuditGroup) string {
	pattern := cmp.Or(g.Subject, g.Resolved)
	if g.Kind == elf.KindWorldWritable || g.Kind == elf.KindSetuid { // the subject is the mode
		pattern = ""
	}
	switch {
	case pattern == "" && len(g.Files) == 1:
		pattern, _, _ = strings.Cut(g.Files[0], ":")
	case pattern == "":
		pattern = "*"
	}
	return fmt.Sprintf("; if it must be so: audit-allow = %s %s REASON", g.Kind, strings.ReplaceAll(pattern, " ", "?"))
}

// libraryHint tells where a library can come from.
func (r grouper) libraryHint(g *AuditGroup) string {
	for _, part := range g.Providers {
		if part != g.Part {
			return fmt.Sprintf("%s provides it: add to the environment of [%s]: %s", part, g.Part, r.flags(part, g.Subject))
		}
	}
	if len(g.Providers) > 0 {
		return fmt.Sprintf("the part has it in %s: add %s", r.directory(g.Part, g.Subject), r.flags(g.Part, g.Subject))
	}
	u, ok := usualOf(g.Subject)
	if !ok {
		return "no part of the profile provides it: build it as a part, or configure without it"
	}
	text := fmt.Sprintf("no part of the profile provides it: build %s as a part and add %s", u.software, r.flags(u.software, g.Subject))
	if u.off != "" {
		text += ", or configure without it (as a rule " + u.off + ")"
	}
	return text
}

// flags are the options of the linker for a library of a part.
func (r grouper) flags(part, soname string) string {
	dir := r.directory(part, soname)
	return fmt.Sprintf("LDFLAGS=-L%s -Wl,-rpath=%[1]s", dir)
}

// libraryDirectories are the directories of a part that may hold libraries.
var libraryDirectories = []string{"lib", "lib64", "usr/lib", "."}

// directory is the directory of a part that holds a library, as a profile
// writes it.
func (r grouper) directory(part, soname string) string {
	location := "${" + part + ":location}"
	if r.location != nil && len(r.roots[part]) > 0 {
		location = r.location(part)
	}
	for _, root := range r.roots[part] {
		for _, dir := range libraryDirectories {
			if disk.Exists(filepath.Join(root, dir, soname)) {
				return filepath.Join(cmp.Or(location, root), dir)
			}
		}
	}
	return cmp.Or(location, "${"+part+":location}") + "/lib"
}

// undeclaredHint tells how a part that is used becomes one that is needed.
func (r grouper) undeclaredHint(g *AuditGroup) string {
	part := ""
	for name, roots := range r.roots {
		for _, root := range roots {
			if isIn(g.Resolved, root) && name != g.Part && (part == "" || name < part) {
				part = name
			}
		}
	}
	if part == "" {
		return cmp.Or(g.Hint, "refer to its part")
	}
	return fmt.Sprintf("refer to ${%s:location} in [%s], or write `=> %[1]s` in it, so that a change of %[1]s builds it anew", part, g.Part)
}
