// Package pure makes views of the machine in which processes of parts find of
// the host only what every build needs: the C library and the kernel's headers,
// the compiler, and basic programs. What such a process links with, or runs
// otherwise, comes from parts.
//
// # Terms
//
//	view      what processes of a part see, as a list of layers
//	layer     a directory of the host that is covered by another one, which has
//	          some of its names
//	kept      a path that stays where it is although it lies in a layer
//	launcher  gobuild itself, started in a mount namespace of its own: it lays
//	          the layers, and becomes the command
//
// A layer is a file system in memory, read-only. Programs and directories of
// compilers are bind mounts in it, so that neither the links of a path nor `..`
// in it lead out. Libraries and headers are links to `.host` in the layer, where
// what it covers is mounted: one mount instead of a thousand.
//
// Where namespaces are not permitted, Environment gives commands a PATH of links
// to the same programs, and Trace tells what they found of the host all the same.
package pure
