// Package state remembers what is installed in a buildout directory, in
// zc.buildout's own file (.installed.cfg), so that either tool can take over
// from the other.
//
// A run appends to the file, each time with one write and one fsync:
//
//	part installed    block of the part, then `[buildout] parts = …` with it
//	part removed      `[buildout] parts = …` without it
//	end of the run    if a part was installed, the file is written anew and
//	                  renamed into place; if no part is left, it is deleted
//
// Only the parts that the last `parts =` line names count, and a line without
// its line end does not: a kill at any moment leaves the state before or after
// an append. Later blocks of a name are merged over earlier ones.
package state
