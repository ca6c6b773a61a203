package elf

// The kinds of findings. The words are stable: they stand in profiles.
const (
	KindNeededHost     = "needed-host"
	KindNeededMissing  = "needed-missing"
	KindNeededLoaded   = "needed-loaded"
	KindRuntime        = "runtime"
	KindInterpreter    = "interpreter"
	KindGlibcVersion   = "glibc-version"
	KindGlibcPrivate   = "glibc-private"
	KindRunpathHost    = "runpath-host"
	KindRunpathUnsafe  = "runpath-unsafe"
	KindUndeclared     = "undeclared"
	KindDlopen         = "dlopen"
	KindShebang        = "shebang"
	KindPkgConfig      = "pkgconfig"
	KindLibtool        = "libtool"
	KindConfigScript   = "config-script"
	KindCmake          = "cmake"
	KindLinkerScript   = "linker-script"
	KindArchive        = "archive"
	KindSymlink        = "symlink"
	KindWorldWritable  = "world-writable"
	KindSetuid         = "setuid"
	KindTextrel        = "textrel"
	KindRelro          = "relro"
	KindPIE            = "pie"
	KindExecStack      = "exec-stack"
	KindStackProtector = "stack-protector"
	KindUnreadable     = "unreadable"
	KindMalformed      = "malformed"
	KindForeign        = "foreign"
)

// KindInfo describes a kind.
type KindInfo struct {
	Kind  string
	Level Level // by default: its worst case
	Text  string
}

// Kinds is all kinds, as the documentation lists them.
var Kinds = []KindInfo{
	{KindNeededHost, Error, "a needed library resolves to one of the host that is not glibc's"},
	{KindNeededMissing, Error, "a needed library is not found at all"},
	{KindNeededLoaded, Note, "a library finds what it needs only by the program that loads it"},
	{KindRuntime, Error, "a compiler runtime that the policy `runtime` excludes"},
	{KindInterpreter, Error, "the interpreter of a program is not the loader of glibc, or is not there"},
	{KindGlibcVersion, Error, "symbols of a glibc newer than `max-glibc`"},
	{KindGlibcPrivate, Error, "symbols that glibc keeps for itself, which hold for one build of it only"},
	{KindRunpathHost, Error, "a RUNPATH or RPATH that names a directory of the host"},
	{KindRunpathUnsafe, Error, "a RUNPATH or RPATH with an empty or relative directory, or one that anybody may write to"},
	{KindUndeclared, Warning, "a library of a part that the part does not depend on"},
	{KindDlopen, Warning, "a name of a library in a file that calls dlopen"},
	{KindShebang, Warning, "a script whose interpreter is a program of the host"},
	{KindPkgConfig, Warning, "a .pc file that names directories or libraries of the host"},
	{KindLibtool, Warning, "a .la file that names directories or libraries of the host"},
	{KindConfigScript, Warning, "a -config script that names directories or libraries of the host"},
	{KindCmake, Warning, "a cmake package file that names directories or libraries of the host"},
	{KindLinkerScript, Warning, "a linker script that names files of the host"},
	{KindArchive, Note, "static libraries: what they need is only known where they are linked"},
	{KindSymlink, Warning, "a symbolic link that leads out of the closure or to nothing"},
	{KindWorldWritable, Error, "a file or directory that anybody may write to"},
	{KindSetuid, Error, "a file that runs with the rights of its owner or group"},
	{KindTextrel, Warning, "code that is changed when it is loaded"},
	{KindRelro, Warning, "the tables of the loader stay writable"},
	{KindPIE, Warning, "a program with fixed addresses"},
	{KindExecStack, Warning, "a stack whose content may be executed"},
	{KindStackProtector, Warning, "no stack protector"},
	{KindUnreadable, Warning, "a file that cannot be read"},
	{KindMalformed, Warning, "an ELF file that is truncated or contradicts itself"},
	{KindForeign, Note, "an ELF file for another kind of machine"},
}
