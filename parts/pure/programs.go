package pure

import (
	"regexp"
	"strings"
	"sync"
)

// group is programs of the host that every build may use.
type group struct {
	reason string
	names  string
}

// basic is the table of the programs that a view has. What is not in it comes
// from a part, or is named by the option host-tools.
var basic = []group{
	{"the shell that make and configure run",
		"sh bash dash"},
	{"coreutils: what scripts of builds are made of, with one behaviour on all machines",
		"[ arch b2sum base32 base64 basename basenc cat chcon chgrp chmod chown cksum comm cp csplit cut date dd df dir dircolors dirname du " +
			"echo env expand expr factor false fmt fold groups head hostid id install join link ln logname ls md5sum mkdir mkfifo mknod mktemp " +
			"mv nice nl nohup nproc numfmt od paste pathchk pr printenv printf ptx pwd readlink realpath rm rmdir seq sha1sum sha224sum " +
			"sha256sum sha384sum sha512sum shred shuf sleep sort split stat stdbuf stty sum sync tac tail tee test timeout touch tr true " +
			"truncate tsort tty uname unexpand uniq unlink vdir wc who whoami yes"},
	{"several programs in one file, to which links of the others lead",
		"busybox coreutils toybox"},
	{"text and files: used by every configure",
		"sed grep egrep fgrep awk gawk mawk nawk original-awk find xargs diff diff3 sdiff cmp patch file which hostname kill getopt"},
	{"make: what a build is run by",
		"make gmake"},
	{"archives and what compresses them: how sources come",
		"tar gzip gunzip zcat bzip2 bunzip2 bzcat xz unxz xzcat lzma unlzma lzcat zstd unzstd zstdcat"},
	{"programs of the C library",
		"getconf getent iconv ldconfig ldd locale localedef"},
}

// compilers are the programs of the compiler and of binutils, which may have the
// name of a machine before them and a version behind.
const compilers = "cc c89 c99 gcc g++ c++ cpp gcc-ar gcc-nm gcc-ranlib gcov gcov-tool gcov-dump lto-dump clang clang++ " +
	"as ld ld.bfd ld.gold ld.lld lld gold gprof ar ranlib nm strip objcopy objdump readelf size strings addr2line c++filt elfedit " +
	"llvm-ar llvm-ranlib llvm-nm llvm-strip llvm-objcopy llvm-objdump llvm-readelf llvm-symbolizer"

// machineOrVersion is what may stand around the name of a compiler.
var machineOrVersion = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:[a-z0-9_]+-(?:[a-z0-9_]+-)?linux(?:-gnu[a-z0-9_]*)?-)?(.*?)(?:-[0-9]+(?:\.[0-9]+)*)?$`)
})

var (
	basicNames    = sync.OnceValue(func() map[string]bool { return nameSet(basic) })
	compilerNames = sync.OnceValue(func() map[string]bool { return nameSet([]group{{names: compilers}}) })
)

func nameSet(groups []group) map[string]bool {
	set := map[string]bool{}
	for _, g := range groups {
		for _, name := range strings.Fields(g.names) {
			set[name] = true
		}
	}
	return set
}

// isBasic reports whether every view has the program.
func isBasic(name string) bool { return basicNames()[name] }

// isCompiler reports whether the program belongs to a compiler.
func isCompiler(name string) bool {
	if compilerNames()[name] {
		return true
	}
	m := machineOrVersion().FindStringSubmatch(name)
	return m != nil && compilerNames()[m[1]]
}
