package pure

import (
	"path"
	"regexp"
	"strings"
	"sync"
)

// linkable are the libraries of glibc and of compilers that -lNAME may find in
// the directories of the linker. libcrypt and libnsl are none: they are packages
// of their own on most machines.
const linkable = "c c_nonshared g m m-* mvec pthread pthread_nonshared dl rt util resolv anl BrokenLocale mcheck nss_* thread_db " +
	"c_malloc_debug memusage pcprofile SegFault " + // glibc
	"gcc gcc_eh gcc_s stdc++ stdc++exp stdc++fs stdc++_libbacktrace supc++ atomic gomp itm quadmath ssp ssp_nonshared " +
	"asan hwasan lsan tsan ubsan cc1 cp1 backtrace gcov gfortran caf_single objc" // gcc

// startFiles are the object files that the compiler links with every program.
const startFiles = "*crt0.o *crt1.o crti.o crtn.o crtbegin*.o crtend*.o crtfastmath.o crtprec*.o crtoffload*.o lib*_preinit.o libgomp.spec " +
	"libitm.spec libsanitizer.spec libgfortran.spec"

// developing are directories in those of libraries by which packages are found.
const developing = "pkgconfig cmake girepository-1.0 tcl* tk* itcl*"

// compiling are directories in those of libraries that belong to compilers.
const compiling = "gcc gcc-cross llvm llvm-* clang clang-* ldscripts bfd-plugins"

var (
	machine   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9_]+-linux-gnu[a-z0-9_]*$`) })
	versioned = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\.so\.[0-9]`) })
)

// isMachine reports whether a directory is named after a machine, as the
// libraries and headers of Debian are kept.
func isMachine(name string) bool { return machine().MatchString(name) }

// matches reports whether name matches one of the patterns.
func matches(patterns, name string) bool {
	for _, p := range strings.Fields(patterns) {
		if ok, _ := path.Match(p, name); ok {
			return true
		}
	}
	return false
}

// IsLibrary reports whether -lNAME may find a library of the host.
func IsLibrary(name string) bool { return matches(linkable, name) }

// showsFile reports whether a view has the file in a directory of libraries.
func showsFile(name string) bool {
	if versioned().MatchString(name) { // programs of the host need it
		return true
	}
	switch path.Ext(name) {
	case ".so", ".a", ".la":
		lib, ok := strings.CutPrefix(strings.TrimSuffix(name, path.Ext(name)), "lib")
		return strings.HasPrefix(name, "ld-") || ok && IsLibrary(lib)
	case ".o", ".spec":
		return matches(startFiles, name)
	case ".pc", ".cmake", ".sh":
		return false
	}
	return true
}

// showsDirectory reports whether a view has the directory in one of libraries.
func showsDirectory(name string) bool { return !matches(developing, name) }
