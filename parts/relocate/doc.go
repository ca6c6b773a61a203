// Package relocate finds where the files of built trees name the directories
// that they were built in, and rewrites them for other directories.
//
// A root is a tree that moves as a whole: the location of a part. A prefix is
// a directory whose name may stand in files: every root, the directory of
// parts, the directory of the buildout, a store of shared parts. A site is a
// place in a file where a prefix stands. A fact is what Scan knows about one
// file: its kind and its sites. Facts are small, can be written as JSON, and
// are all that is needed to rewrite a file later: nothing is searched again.
//
// The way of a file is
//
//	Scan -> Facts -> Check(moves) -> Mover.Rewrite(fact, content) -> new content and its new fact
//
// The new fact describes the new content, so that files can be moved any
// number of times: first to the canonical directory of archives
// (Facts.Canonical), then from there to where they are unpacked, then on.
//
// # Same length
//
// In binary files a new prefix takes exactly as many bytes as the old one.
// What is left is filled by slashes in front of its last name:
//
//	/build/directory/parts/zlib/share/locale
//	/opt/parts/////////////zlib/share/locale
//
// so strings keep their length, tails of strings that the linker merged stay
// where they are, and formats that store lengths stay true. A site keeps its
// width, slashes included: a later move has the whole width again. A fresh
// scan finds it as well, as each slash of a prefix matches a run of slashes.
// The directory of parts itself is filled behind its end: up to the name of a
// part, all its paths then have the same text, so that pieces of a path that
// several strings share (pieces.go) are right for all of them. After a move
// pieces are known by their facts only, not by a fresh scan.
//
// A prefix that is longer than the site does not fit. Check says so before
// anything is touched.
//
// # What is not found
//
// A prefix that a compiler has cut into pieces is known where the directory of
// parts is padded; otherwise only in part. One that a program joins at run
// time, that is encrypted, or compressed in a format that is not listed in
// docs/relocation.md, is not seen.
package relocate
