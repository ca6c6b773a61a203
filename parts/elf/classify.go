package elf

import "strings"

// Class is where a library belongs by its name alone.
type Class int

// The classes.
const (
	ClassOther   Class = iota // must come from the closure
	ClassGlibc                // glibc's own set
	ClassRuntime              // a compiler runtime
)

// Named is a library with the reason why it is in a table.
type Named struct {
	Soname string // * stands for any text
	Class  Class
	Reason string
}

// Sonames is the table behind Classify. The first entry that fits counts.
var Sonames = []Named{
	{"libc.so.6", ClassGlibc, "the C library itself"},
	{"libm.so.6", ClassGlibc, "mathematics; built and released with libc"},
	{"libpthread.so.0", ClassGlibc, "threads; empty since 2.34, when they became part of libc"},
	{"libdl.so.2", ClassGlibc, "dlopen; empty since 2.34"},
	{"librt.so.1", ClassGlibc, "timers, shared memory, message queues; empty since 2.34"},
	{"libresolv.so.2", ClassGlibc, "DNS; built and released with libc"},
	{"libutil.so.1", ClassGlibc, "pseudo terminals; empty since 2.34"},
	{"libanl.so.1", ClassGlibc, "names looked up in the background; empty since 2.34"},
	{"libBrokenLocale.so.1", ClassGlibc, "for programs that handle characters of more than one byte wrongly"},
	{"libmvec.so.1", ClassGlibc, "vector mathematics of x86-64 and AArch64; compilers ask for it with -ffast-math"},
	{"libthread_db.so.1", ClassGlibc, "what debuggers need to know of threads; fits one build of libc only"},
	{"libc_malloc_debug.so.0", ClassGlibc, "checks of malloc, since 2.34"},
	{"libmemusage.so", ClassGlibc, "preloaded by glibc's memusage"},
	{"libpcprofile.so", ClassGlibc, "preloaded by glibc's xtrace"},
	{"libnss_files.so.2", ClassGlibc, "names from /etc; part of libc since 2.34"},
	{"libnss_dns.so.2", ClassGlibc, "names by DNS; part of libc since 2.34"},
	{"libnss_compat.so.2", ClassGlibc, "the older form of /etc/passwd"},
	{"libnss_db.so.2", ClassGlibc, "names from databases"},
	{"libnss_hesiod.so.2", ClassGlibc, "names by Hesiod"},
	{"ld-linux.so.2", ClassGlibc, "the loader: 386"},
	{"ld-linux-x86-64.so.2", ClassGlibc, "the loader: amd64"},
	{"ld-linux-x32.so.2", ClassGlibc, "the loader: amd64 with pointers of 32 bits"},
	{"ld-linux.so.3", ClassGlibc, "the loader: arm without floating point registers"},
	{"ld-linux-armhf.so.3", ClassGlibc, "the loader: arm with floating point registers"},
	{"ld-linux-aarch64.so.1", ClassGlibc, "the loader: arm64"},
	{"ld-linux-aarch64_be.so.1", ClassGlibc, "the loader: arm64, big-endian"},
	{"ld-linux-loongarch-*.so.1", ClassGlibc, "the loader: loong64"},
	{"ld-linux-riscv64-*.so.1", ClassGlibc, "the loader: riscv64"},
	{"ld-linux-mipsn8.so.1", ClassGlibc, "the loader: mips, mipsle, mips64 and mips64le with IEEE 754-2008 NaN"},
	{"ld.so.1", ClassGlibc, "the loader: mips, mipsle, mips64 and mips64le"},
	{"ld64.so.1", ClassGlibc, "the loader: ppc64 and s390x"},
	{"ld64.so.2", ClassGlibc, "the loader: ppc64le"},

	{"libgcc_s.so.1", ClassRuntime, "unwinding of the stack and arithmetic that the processor lacks (GCC)"},
	{"libgcc_s.so.2", ClassRuntime, "the same with another way to unwind"},
	{"libgcc_s.so.4", ClassRuntime, "the same with another way to unwind"},
	{"libstdc++.so.6", ClassRuntime, "C++ (GCC)"},
	{"libatomic.so.1", ClassRuntime, "atomic operations that the processor lacks (GCC)"},
	{"libgomp.so.1", ClassRuntime, "OpenMP and OpenACC (GCC)"},
	{"libquadmath.so.0", ClassRuntime, "numbers of 128 bits (GCC)"},
	{"libgfortran.so.*", ClassRuntime, "Fortran (GCC)"},
	{"libgnat-*.so*", ClassRuntime, "Ada (GCC)"},
	{"libgnarl-*.so*", ClassRuntime, "tasks of Ada (GCC)"},
	{"libgo.so.*", ClassRuntime, "Go (GCC)"},
	{"libgphobos.so.*", ClassRuntime, "D (GCC)"},
	{"libgdruntime.so.*", ClassRuntime, "D (GCC)"},
	{"libobjc.so.*", ClassRuntime, "Objective-C (GCC)"},
	{"libitm.so.1", ClassRuntime, "transactional memory (GCC)"},
	{"libssp.so.0", ClassRuntime, "stack protector where libc has none (GCC)"},
	{"libcc1.so.0", ClassRuntime, "GCC as a part of gdb"},
	{"libasan.so.*", ClassRuntime, "address sanitizer (GCC)"},
	{"libhwasan.so.*", ClassRuntime, "address sanitizer by tagged pointers (GCC)"},
	{"liblsan.so.*", ClassRuntime, "leak sanitizer (GCC)"},
	{"libtsan.so.*", ClassRuntime, "thread sanitizer (GCC)"},
	{"libubsan.so.*", ClassRuntime, "sanitizer of undefined behaviour (GCC)"},
	{"libc++.so.1", ClassRuntime, "C++ (LLVM)"},
	{"libc++abi.so.1", ClassRuntime, "C++ (LLVM)"},
	{"libunwind.so.1", ClassRuntime, "unwinding of the stack (LLVM; libunwind.so.8 is another project)"},
	{"libomp.so*", ClassRuntime, "OpenMP (LLVM)"},
	{"libiomp5.so", ClassRuntime, "OpenMP (Intel)"},
	{"libclang_rt.*.so*", ClassRuntime, "builtins and sanitizers (LLVM)"},

	{"libcrypt.so.1", ClassOther, "left glibc in 2.38; distributions take it from libxcrypt"},
	{"libnsl.so.1", ClassOther, "NIS: since 2.26 only for old programs, and many distributions leave it out"},
	{"libnss_nis.so.2", ClassOther, "NIS: no longer part of glibc since 2.26"},
	{"libnss_nisplus.so.2", ClassOther, "NIS+: no longer part of glibc since 2.26"},
	{"libSegFault.so", ClassOther, "no longer part of glibc since 2.35"},
}

// Classify says where a soname belongs, and why. The reason of ClassOther is
// empty, but for libraries that are taken for a part of glibc.
func Classify(soname string) (Class, string) {
	if !strings.HasPrefix(soname, "lib") && !strings.HasPrefix(soname, "ld") {
		return ClassOther, ""
	}
	for i := range Sonames {
		if n := &Sonames[i]; n.Soname == soname || strings.Contains(n.Soname, "*") && match(n.Soname, soname) {
			return n.Class, n.Reason
		}
	}
	return ClassOther, ""
}
