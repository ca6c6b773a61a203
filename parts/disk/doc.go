// Package disk changes files and directories so that a kill at any moment can
// be made good: it holds what the kernel offers for that beyond package os, and
// it is the one layer through which such changes go, so that tests can stop
// them at any call.
//
// # Syncing
//
// SyncAll makes everything durable that was written to the file systems of some
// paths, with one call for each file system (syncfs). Measured on ext4, that
// is faster than fsync of two files and their directories, and does not grow
// with the number of files.
//
// # Removal
//
// RemoveTree follows no symbolic link and never enters another mount: a bind
// mount or file system below the tree is an error before anything is deleted.
//
// # Staging
//
// Where a process may have a mount namespace of its own (Enter), a directory
// can be built in a place beside its real one: it is mounted over the real one
// (Stage) for this process and those that it starts, while all others see what
// was there. Unstage ends that, and Exchange puts the new directory in place of
// the old one in one step.
package disk
