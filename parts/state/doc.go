// Package state remembers what is installed in a buildout directory, in
// zc.buildout's own file (.installed.cfg), so that either tool can take over
// from the other; and it keeps the lock that admits one run at a time.
//
// # The file
//
// The canonical form is that of zc.buildout: a [buildout] block with
// installed_develop_eggs and parts, the installed parts in the order of their
// installation; then a block for each part. Options are sorted. A later block
// of a name is merged over an earlier one, and only the parts that the last
// `parts =` line names count: blocks of other names are left-overs.
//
// During a run the file grows, each time with one write and one fsync:
//
//	part installed   a comment line with the length and checksum of what
//	                 follows; the block of the part; a [buildout] block with
//	                 the new parts line
//	part removed     a [buildout] block with the new parts line
//	end of the run   if a part was installed, the file is written anew and
//	                 renamed into place; if no part is left it is deleted;
//	                 if only the order changed, a parts line is appended
//
// An append that a kill cut short leaves the state before it: its length or
// checksum does not fit, or its parts line has no line end. The next write
// removes it. zc.buildout reads every complete file, since the line with the
// checksum is a comment for it.
//
// A part is appended only where merging its block over an earlier one of the
// same name gives the part; else the file is written anew at once.
//
// # Values
//
// Values are written as zc.buildout writes them wherever it reads back the
// same value: blanks at the ends and around line ends become tokens such as
// %(__buildout_space__)s, and a line end becomes line end and tab. It loses
// tabs and other white space (U+00A0, ...) at the ends of lines, takes a
// carriage return within a line for a line end, takes the text of a token for
// the token, and cannot read a file that is not UTF-8. In these values a
// carriage return becomes its token everywhere, and any other such byte
// becomes %(__gobuild_HEX__)s with its value in hexadecimal. zc.buildout takes
// that token for plain text: it then finds the option changed and installs the
// part anew, as it does anyway with a value that it cannot read back.
package state
