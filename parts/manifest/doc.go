// Package manifest remembers what installed parts depended on beyond their
// options: the parts that they needed, the local files that they used and the
// compilers of the system; how long parts took and how much memory; and what
// was in the files that they installed.
//
// Nothing here decides about an installation: that is .installed.cfg alone. A
// file that is missing, damaged or of another version tells nothing, and the
// parts are then compared by their options only.
//
// # The form of the files
//
// The first line names the kind of file and its version. Every other line is a
// list of fields separated by tabs; a backslash, tab or line end in a field is
// written as \\, \t, \n. The last field is the CRC-32C of what stands before it,
// in hexadecimal. A last line without line end was cut short by a kill and does
// not count; any other damage makes the whole file unknown, since an older
// line would count in place of a damaged one.
//
// The manifest (File) is appended to; the newest line of a name counts:
//
//	p PART DIGEST KEY TOOLCHAIN N (NEED KEY)... (PATH SIZE TIME INODE SHA256)...
//	d PART                          the part is not installed any more
//	c PROGRAM SIZE TIME TEXT        what a program of the toolchain says it is
//	v ID TEXT                       a toolchain
//
// The list of what a part has installed (Files) is written whole:
//
//	digest DIGEST                   that of the record
//	r PATH                          a path that the part owns
//	f PATH MODE SIZE TIME SHA256    a file; likewise d, l (where it leads), o
//	end
//
// And so are the times (Times): PART RECIPE WALL CPU BYTES, in nanoseconds.
package manifest
