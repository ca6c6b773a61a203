// Package elf tells what the files of parts need from the machine: it reads
// ELF files as the loader of glibc does, finds what each needed name would
// resolve to, and looks for other files that lead out of the parts.
//
// # Terms
//
// The closure of a part is the part itself and the parts that it needs. A leak
// is a file of a part that works by something of the host that is neither in
// the closure nor in glibc. A program is an ELF file with an interpreter, or a
// static one.
//
// # Reading
//
// Only heads of files are read, and of ELF files only program headers, the
// dynamic section and what it points to. The sections that debug/elf would
// read are not needed by a loader, so a file without them is understood, and
// nothing of a file is believed: a length beyond the end of the file is a
// finding and not an allocation.
//
// # Resolving
//
// Each program is followed breadth first as ld.so does it, and each library as
// if a program without search paths had loaded it. What a library alone would
// not find, but finds in each program of its part that can load it, is a note.
package elf
