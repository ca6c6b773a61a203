// Package pack makes archives of installed parts, unpacks them in any
// directory, moves trees, and writes them as images of the Open Container
// Initiative.
//
// # Terms
//
// A tree is a directory with installed parts: one that gobuild has built, or
// one that was unpacked. A root is a path that a part owns; its place is
// where it is in an unpacked tree, such as parts/zlib. A member is a file,
// directory or link of a root. Content is canonical when its prefixes are those of
// relocate.Facts.Canonical: two trees in different directories then have the
// same content.
//
// # The archive
//
// An archive is a tar file in frames of zstd, which zstd and tar unpack, too.
// Its first member is the manifest (ManifestName); the others are those that
// the manifest lists, in this order, with canonical content. Each frame holds at
// most frameSize bytes and tells its size and checksum, so that frames are
// packed and unpacked in parallel, and a hostile one takes no more memory than
// that. A new part begins a new frame. The last frame is a skippable one: it
// has the SHA-256 of the SHA-256 of all frames before it, so that any change of
// the file is noticed.
//
// The manifest has the SHA-256 of each file, and each header of the tar file
// must say what the manifest says. So the SHA-256 of the manifest stands for the
// content of the whole archive: whoever signs it signs all.
//
// # Unpacking
//
// Frames are decompressed, each file is compared with its sum, rewritten and
// written, in one pass, into a directory beside the destination (stagePrefix). Links
// are made when all files are there, so nothing is ever written through one.
// The directory gets its name, in one step, when the whole archive was read and
// everything is on disk.
//
// # Moving
//
// A tree knows where it is (Relocation). A move in place writes each new file
// beside the old one, then a note of what is to be done, and only then
// renames: a kill before the note leaves the old tree, and after it a tree
// that the next run completes.
package pack
