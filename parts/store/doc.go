// Package store makes the directories that parts live in: private ones below
// parts-directory, and shared ones whose name is the digest of their options,
// built once among all processes that use them.
//
// A shared directory is DIR/NAME/DIGEST. It is complete when it holds the
// signature file, which is written last:
//
//	absent -> made by Install, under the lock -> complete, read-only
//	             | failure or kill: no signature file; the next Install
//	             v deletes it and starts over
//	         incomplete
//
// The lock of a shared directory is a file below DIR/NAME's parent, in
// .gobuild/locks, so that the tree of shared parts holds nothing but parts.
package store
