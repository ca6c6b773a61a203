// Package compare finds what differs between two trees that were built from the
// same sources in directories of different names.
//
// A name of a directory in the one tree stands for the name at the same place in
// the other: where files hold them, they count as equal. Names of equal length
// change nothing else in a binary file. What programs compute from the content
// of a file that holds such a name, differs of necessity: the build-id of an ELF
// file, the checksum of the source in a .pyc file, compressed text. Files that
// differ only in that are told apart (Result.Derived).
//
// Of a file that differs it is told where: in which section of an ELF file, member
// of an archive, or line of a text.
package compare
